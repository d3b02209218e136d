//! One cockpit with every source at once, each behind a proxy of its own: whatever breaks is said to be down since
//! when, all others go on, every key works at once, and it heals by itself.
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::common::fault::{Fault, Proxy};
use crate::common::terminal::Cockpit;
use crate::docker::ENGINE;
use crate::redis::server::Server;
use crate::suite::{self, As, kubeconfig_through, on_world, server_stays_up, setting};

/// Only the help says this.
const HELP: &str = "mark this row for an action on many";
/// A key is answered within this, at its median, by a box that has nothing else to do.
const AT_ONCE: Duration = Duration::from_millis(100);

/// A source: the key of its pane, and the proxy before it.
struct Source {
    name: &'static str,
    key: &'static str,
    proxy: Proxy,
}

struct Desk {
    cockpit: Cockpit,
    sources: Vec<Source>,
    _homes: [tempfile::TempDir; 2],
    _redis: Server,
}

/// What stands before the host and port of an address, the two, and what stands behind them.
fn parts(url: &str) -> (&str, SocketAddr, &str) {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let from = url[scheme..].find('@').map_or(scheme, |at| scheme + at + 1);
    let to = url[from..].find(['/', '?']).map_or(url.len(), |at| from + at);
    (&url[..from], url[from..to].parse().expect("an address"), &url[to..])
}

/// A proxy before the server of this address, and the address through it.
async fn before(url: &str) -> (Proxy, String) {
    let (front, server, back) = parts(url);
    let proxy = Proxy::before(server).await;
    let through = format!("{front}{}{back}", proxy.address());
    (proxy, through)
}

impl Desk {
    async fn open() -> Desk {
        let config_home = tempfile::tempdir().expect("a directory");
        // One that nobody else breaks, and that has no replica to be reached by.
        let own = Server::start("7.0", &[]).await;
        let cluster = suite::proxy(As::Admin).await;
        let config = config_home.path().join("kubeconfig");
        std::fs::write(&config, kubeconfig_through(&cluster, As::Admin)).expect("written");
        let mut sources = vec![Source { name: "pods", key: "1", proxy: cluster }];
        let mut arguments = vec![
            "--kubeconfig".to_owned(),
            config.to_string_lossy().into_owned(),
            "--namespace".into(),
            "billing".into(),
        ];
        let all = [
            ("db", "5", "--postgres", setting("POSTGRES_COMMON").replace(":suite@", "@")),
            ("redis", "6", "--redis", own.url()),
            ("containers", "3", "--docker", format!("{}/client", setting("DOCKER_TLS"))),
            ("alertmanager", "4", "--alertmanager", format!("http://{}", setting("ALERTMANAGER_B"))),
            ("prometheus", "4", "--prometheus", format!("http://{}", setting("PROMETHEUS"))),
        ];
        // The world's engine is a socket, before which no proxy stands.
        for (name, key, flag, url) in all.into_iter().filter(|one| !on_world() || one.0 != "containers") {
            let (proxy, through) = before(&url).await;
            arguments.extend([flag.to_owned(), through]);
            sources.push(Source { name, key, proxy });
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (cockpit, home) = suite::cockpit(&arguments);
        Desk { cockpit, sources, _homes: [home, config_home], _redis: own }
    }
}

/// The line of the pane with its state.
fn title(text: &str) -> &str {
    text.lines().nth(3).unwrap_or_default().trim_end()
}

/// `down 12s: timed out`: that it is, since when, and why.
fn says_since_when(title: &str) -> bool {
    let since = title.split("down ").nth(1).and_then(|rest| rest.split_once(": "));
    since.is_some_and(|(age, why)| age.starts_with(|c: char| c.is_ascii_digit()) && !why.is_empty())
}

impl Desk {
    /// Goes to the pane of a source, and waits until its title is as it should be.
    fn sees(&self, source: &Source, what: &str, is: impl Fn(&str) -> bool) {
        self.cockpit.press(source.key);
        self.cockpit.wait_until(&format!("{} {what}", source.name), |screen| is(title(&screen.contents())));
    }

    fn live(&self, source: &Source) {
        self.sees(source, "live", |title| title.ends_with(" live"));
    }

    /// How long the keys take to be seen, at the median of twenty.
    fn median(&self) -> Duration {
        let mut took: Vec<Duration> = (0..20)
            .map(|_| {
                let pressed = Instant::now();
                self.cockpit.press("?");
                self.cockpit.wait_for(HELP);
                let took = pressed.elapsed();
                self.cockpit.press("\x1b");
                self.cockpit.wait_until("the help gone", |screen| !screen.contents().contains(HELP));
                took
            })
            .collect();
        took.sort_unstable();
        took[took.len() / 2]
    }

    /// Twenty keys are answered at once, or as fast as they are while all is well: the box has other things to do as
    /// well. A slow round is tried again; a cockpit that waits for what is broken is slow in all of them.
    fn answers_at_once(&self, source: &Source, well: Duration) {
        let mut medians = Vec::new();
        while medians.len() < 6 {
            let median = self.median();
            if median < AT_ONCE.max(well * 3) {
                return;
            }
            medians.push(median);
        }
        panic!("keys are slow while {} is broken: {medians:?}, and {well:?} while it is not", source.name);
    }
}

async fn each_in_turn(fault: Fault) {
    let _up = server_stays_up().await;
    let _engine = ENGINE.read().await;
    let desk = Desk::open().await;
    for source in &desk.sources {
        desk.live(source);
    }
    for source in &desk.sources {
        let well = desk.median();
        source.proxy.set(fault).await;
        // Before anybody knows of it, and after.
        desk.answers_at_once(source, well);
        desk.sees(source, "down", says_since_when);
        let text = desk.cockpit.screen();
        assert!(!title(&text).ends_with(" live"), "{text}");
        desk.answers_at_once(source, well);
        for other in desk.sources.iter().filter(|other| other.key != source.key) {
            desk.live(other);
        }
        desk.sees(source, "still down", says_since_when);
        source.proxy.set(Fault::Pass).await;
        desk.live(source);
    }
    let mut cockpit = desk.cockpit;
    cockpit.press("\x03");
    assert!(cockpit.exits().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_hangs_is_said_to_and_no_other_notices() {
    each_in_turn(Fault::BlackHole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_connections_are_reset_is_said_to_be_down_and_no_other_notices() {
    each_in_turn(Fault::Reset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_talks_nonsense_is_said_to_be_down_and_no_other_notices() {
    each_in_turn(Fault::Garbage).await;
}
