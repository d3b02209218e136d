//! What every service test needs: where the backends are, clients for them, and waiting for a state.
use std::future::Future;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use firedeck::domain::action::Findings;
use firedeck::domain::approval::READING;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::common::fault::Proxy;
use crate::common::fault::tls::{Identity, Tls};
use crate::common::terminal::{Cockpit, Start};

/// The longest that any state may take to come: a bound for a test that fails, not a measure.
const LONGEST: Duration = Duration::from_mins(3);

/// Breaking the API server breaks it for every test in this binary.
static SERVER: RwLock<()> = RwLock::const_new(());
/// So does taking the kind of certificates away, for those who look at them.
static CERTIFICATES: RwLock<()> = RwLock::const_new(());

/// One node more is seen by those who count them.
static NODES: RwLock<()> = RwLock::const_new(());

/// Held by a test that counts nodes.
pub(crate) async fn nodes_stay() -> RwLockReadGuard<'static, ()> {
    NODES.read().await
}

/// Held by a test that makes one of its own.
pub(crate) async fn nodes_are_mine() -> RwLockWriteGuard<'static, ()> {
    alone(&NODES).await
}

/// Held by a test that needs the API server well.
pub(crate) async fn server_stays_up() -> RwLockReadGuard<'static, ()> {
    SERVER.read().await
}

/// Held by a test that breaks the API server; it heals it before letting go.
pub(crate) async fn server_is_mine() -> RwLockWriteGuard<'static, ()> {
    alone(&SERVER).await
}

/// Waits until nobody else needs something, and meanwhile holds nobody up.
pub(crate) async fn alone(lock: &'static RwLock<()>) -> RwLockWriteGuard<'static, ()> {
    loop {
        if let Ok(alone) = lock.try_write() {
            return alone;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Held by a test that looks at certificates.
pub(crate) async fn certificates_stay() -> RwLockReadGuard<'static, ()> {
    CERTIFICATES.read().await
}

/// Held by a test that takes certificates away for a while.
pub(crate) async fn certificates_are_mine() -> RwLockWriteGuard<'static, ()> {
    CERTIFICATES.write().await
}

/// The databases: one test counts the sessions of a server, another fills it, a third restarts it.
static POSTGRES: [RwLock<()>; 3] = [const { RwLock::const_new(()) }; 3];
const POSTGRES_VERSIONS: [&str; 3] = ["12", "15", "18"];

/// Those that there are: the world's is one alone.
pub(crate) fn postgres_versions() -> impl Iterator<Item = &'static str> {
    POSTGRES_VERSIONS.into_iter().filter(|version| !on_world() || *version == "15")
}

fn postgres(version: &str) -> &'static RwLock<()> {
    let at = POSTGRES_VERSIONS.iter().position(|one| *one == version).expect("one of them");
    &POSTGRES[at]
}

/// Held by a test that needs a database well, and is not the only one that looks at it.
pub(crate) async fn postgres_stays(version: &str) -> RwLockReadGuard<'static, ()> {
    postgres(version).read().await
}

/// Held by a test that counts or fills the slots of a database, or restarts it.
pub(crate) async fn postgres_is_mine(version: &str) -> RwLockWriteGuard<'static, ()> {
    postgres(version).write().await
}

/// A setting that `tests/services/run` made.
pub(crate) fn setting(name: &str) -> String {
    let name = format!("FIREDECK_TEST_{name}");
    match std::env::var(&name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("`{name}` is not set: start these tests with `tests/services/run`"),
    }
}

/// Whether the embedded world stands in the place of the real backends.
pub(crate) fn on_world() -> bool {
    std::env::var_os("FIREDECK_TEST_WORLD").is_some()
}

/// The users of the suite, by what they may do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum As {
    Admin,
    View,
    Operator,
    /// One namespace of four, no nodes, no metrics.
    Partial,
    /// A service account whose token lives for twenty seconds, from an exec plugin.
    Token,
}

pub(crate) fn kubeconfig(who: As) -> PathBuf {
    PathBuf::from(setting(match who {
        As::Admin => "KUBECONFIG",
        As::View => "KUBECONFIG_VIEW",
        As::Operator => "KUBECONFIG_OPERATOR",
        As::Partial => "PARTIAL",
        As::Token => "TOKEN_KUBECONFIG",
    }))
}

pub(crate) async fn client(who: As) -> kube::Client {
    client_of(Kubeconfig::read_from(kubeconfig(who)).expect("the suite's kubeconfig is good")).await
}

pub(crate) async fn client_through(proxy: &Proxy, who: As) -> kube::Client {
    client_of(Kubeconfig::from_yaml(&kubeconfig_through(proxy, who)).expect("still good")).await
}

async fn client_of(file: Kubeconfig) -> kube::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    let mut config = config.expect("the suite's kubeconfig is complete");
    // What the server says first is what a test wants to see.
    config.default_retry = false;
    kube::Client::try_from(config).expect("a client")
}

/// A proxy before the API server that ends TLS with the suite's authority, where there is TLS. A client that shows a certificate
/// is the administrator behind it; one with a token is whoever the token says.
pub(crate) async fn proxy(who: As) -> Proxy {
    let backend = setting("SERVER").parse().expect("an address");
    if on_world() {
        return Proxy::before(backend).await;
    }
    let read = |name: &str| std::fs::read_to_string(setting(name)).expect("a file of the suite");
    let server = Identity { certificate: read("PROXY_CERT"), key: read("PROXY_KEY") };
    let client = Identity { certificate: read("CLIENT_CERT"), key: read("CLIENT_KEY") };
    let client = (!matches!(who, As::Token)).then_some(&client);
    Proxy::ending_tls(backend, Tls::new(&server, &read("CA"), client)).await
}

/// The text of a kubeconfig whose server is the proxy.
pub(crate) fn kubeconfig_through(proxy: &Proxy, who: As) -> String {
    let text = std::fs::read_to_string(kubeconfig(who)).expect("the suite's kubeconfig");
    text.replace(&setting("SERVER"), &proxy.address().to_string())
}

/// What `kubectl` printed, or what it complained of.
pub(crate) async fn kubectl_through(proxy: &Proxy, who: As, arguments: &[&str]) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), kubeconfig_through(proxy, who)).expect("written");
    let mut command = tokio::process::Command::new("kubectl");
    command.arg("--kubeconfig").arg(file.path()).args(arguments).kill_on_drop(true);
    let output = command.output().await.expect("kubectl runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

pub(crate) fn kubectl(who: As, arguments: &[&str]) -> Output {
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig(who)).args(arguments);
    command.output().expect("kubectl runs")
}

/// What it printed; anything but success is a failure of the test.
pub(crate) fn kubectl_says(who: As, arguments: &[&str]) -> String {
    let output = kubectl(who, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {arguments:?} as {who:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Breaks or heals the API server: stop, start, restart, freeze, thaw. Hold [`server_is_mine`].
pub(crate) fn api(what: &str) {
    let output = Command::new(setting("API")).arg(what).output().expect("the script runs");
    assert!(output.status.success(), "api {what}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits for a state: asks until the answer is something.
pub(crate) async fn eventually<T, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    eventually_within(LONGEST, what, ask).await
}

/// The same where the product itself takes its time.
pub(crate) async fn eventually_within<T, F>(longest: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + longest;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A look that found everything out. Each has two seconds, which a busy box may need for less than that.
pub(crate) async fn looked<F: Future<Output = Findings>>(mut look: impl FnMut() -> F) -> Findings {
    let deadline = Instant::now() + LONGEST;
    loop {
        let found = look().await;
        if found.unchecked.is_empty() {
            return found;
        }
        assert!(Instant::now() < deadline, "a look that never finds everything out: {found:#?}");
    }
}

/// The real program in a pseudo-terminal, with a home of its own, for as long as both are held.
pub(crate) fn cockpit(arguments: &[&str]) -> (Cockpit, tempfile::TempDir) {
    let (start, home) = start(arguments);
    (start.run(), home)
}

/// The same, not yet begun.
pub(crate) fn start(arguments: &[&str]) -> (Start, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a home");
    let mut start = Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.path().to_string_lossy())
        .env("LANG", "C.UTF-8")
        .env("PGPASSWORD", "suite")
        .log(home.path().join(".local/state/firedeck/firedeck.log"))
        .size(150, 40);
    // A partition shows after at most 45 s, and what was down long is tried every half minute.
    start.patience = Duration::from_secs(150);
    for argument in arguments {
        start = start.arg(*argument);
    }
    (start, home)
}

/// Asks with this key until a question stands whose look found everything out; what it says.
#[track_caller]
pub(crate) fn asks(screen: &Cockpit, key: &str) -> String {
    asks_by(screen, || screen.press(key))
}

/// The same where more than a key is needed. What was not found out in two seconds makes it a harder question than
/// the one that is meant.
#[track_caller]
pub(crate) fn asks_by(screen: &Cockpit, ask: impl Fn()) -> String {
    let deadline = Instant::now() + LONGEST * 2;
    while Instant::now() < deadline {
        ask();
        let text = screen.wait_until("a question whole", |screen| {
            let text = screen.contents();
            text.contains("may I") || text.contains("not checked")
        });
        if !text.contains("not checked") {
            return text;
        }
        screen.press("\x1b");
        screen.wait_until("the question gone", |screen| !screen.contents().contains("leave it"));
    }
    panic!("a question whose look never finds everything out:\n{}", screen.screen());
}

/// Answers a dangerous question: types what it asks for, and gives no reason.
#[track_caller]
pub(crate) fn types_name(screen: &Cockpit, name: &str) {
    for _ in 0..10 {
        // What is typed before it could be read does not count.
        std::thread::sleep(READING);
        screen.press("\x15");
        screen.press(name);
        screen.wait_until("the name typed", |screen| {
            let text = screen.contents();
            text.contains(&format!("{name}▏")) || text.contains("read it first")
        });
        if screen.screen().contains(&format!("{name}▏")) {
            break;
        }
    }
    // On to the reason, and from there on; an Enter that came too early does not count.
    let reason = |text: &str| text.contains("your reason (may be empty): ▏");
    let answered = |text: &str| !text.contains("leave it");
    let done = enters_until(screen, reason) && enters_until(screen, answered);
    assert!(done, "a question that takes no answer:\n{}", screen.screen());
}

/// Presses Enter, and again where nothing came of it for long.
fn enters_until(screen: &Cockpit, heard: impl Fn(&str) -> bool) -> bool {
    for _ in 0..10 {
        std::thread::sleep(READING);
        screen.press("\r");
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if heard(&screen.screen()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    false
}

/// Answers a question as a person does: reads it, says yes, and reads it once more where that was too early.
#[track_caller]
pub(crate) fn says_yes(screen: &Cockpit) {
    let stands = || screen.screen().contains("leave it");
    for _ in 0..10 {
        // This pause is itself under test: an answer before it does not count.
        std::thread::sleep(READING);
        let too_early = || screen.screen().contains("read it first");
        // Left from the time before, it says nothing of this one.
        let old = too_early();
        screen.press("y");
        let heard = Instant::now() + Duration::from_secs(10);
        while Instant::now() < heard && (old || !too_early()) {
            std::thread::sleep(Duration::from_millis(10));
            // A second look, because the first may have met a screen half drawn.
            if !stands() {
                std::thread::sleep(Duration::from_millis(50));
                if !stands() {
                    return;
                }
            }
        }
    }
    panic!("a question that takes no answer:\n{}", screen.screen());
}
