//! A server of a test's own, to be filled, broken and stopped; and what a cockpit knows of it.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use firedeck::domain::feed::FeedState;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::redis::{RedisFacts, RedisNode};
use firedeck::domain::settings::endpoint::SecretRef;
use firedeck::domain::settings::{Backend as Wanted, Endpoint};
use firedeck::sources::backend::{Access, Backend};
use firedeck::sources::redis;
use firedeck::sources::supervise::Signals;
use secrecy::SecretString;

use crate::suite::{eventually, on_world, setting};

/// Every version that the script installs, with the beginning of its title; the world's is one alone.
pub(super) fn versions() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = [("6.2", "Redis 6.2"), ("7.0", "Redis 7."), ("8.0", "Redis 8.0"), ("valkey", "Valkey 9.")];
    all.into_iter().filter(|(version, _)| !on_world() || *version == "7.0")
}

pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) port: u16,
    version: &'static str,
    directory: tempfile::TempDir,
    file: Option<PathBuf>,
    arguments: Vec<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    pub(crate) async fn start(version: &'static str, arguments: &[&str]) -> Server {
        Server::start_with(version, None, arguments).await
    }

    /// With a file of settings, which a sentinel has to have.
    pub(super) async fn start_with(version: &'static str, file: Option<&Path>, arguments: &[&str]) -> Server {
        let mut server = Server {
            file: file.map(Path::to_owned),
            child: None,
            port: free_port(),
            version,
            directory: tempfile::tempdir().expect("a directory"),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        };
        server.run();
        server.wait().await;
        server
    }

    /// As it was started before, on the same port.
    pub(super) fn run(&mut self) {
        let program = PathBuf::from(setting("REDIS_SERVERS")).join(self.version).join("redis-server");
        let mut command = Command::new(program);
        command
            .args(&self.file)
            .arg("--port")
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(self.directory.path());
        if self.file.is_none() {
            command.args(["--save", ""]);
        }
        command.args(["--bind", "127.0.0.1"]).args(&self.arguments);
        // A group of its own, by which the script ends what a killed test leaves behind.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().expect("the server starts");
        let pid = child.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let born = stat.split(' ').nth(21).expect("when it began");
        let file = pid_file(pid);
        std::fs::write(file, format!("{pid} {born}\n")).expect("its pid is written");
        self.child = Some(child);
    }

    /// Until it answers, be it with a no.
    async fn wait(&self) {
        eventually("a server that answers", || async {
            let said = self.try_cli(&["ping"]);
            (!said.contains("Could not connect") && !said.is_empty()).then_some(())
        })
        .await;
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = std::fs::remove_file(pid_file(child.id()));
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Nothing can be saved any more.
    pub(super) fn lose_directory(&self) {
        std::fs::remove_dir_all(self.directory.path()).expect("it was there");
    }

    /// `STOP` and `CONT`: the connections stand, and nothing answers.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(done.is_ok_and(|status| status.success()), "kill -{name} {pid}");
    }

    pub(crate) fn try_cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).args(words);
        let output = command.output().expect("redis-cli runs");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
            .trim()
            .into()
    }

    /// So many bytes at a key; what was answered.
    pub(super) fn put(&self, key: &str, bytes: usize) -> String {
        self.fed(&["-x", "set", key], &"x".repeat(bytes))
    }

    /// What `redis-cli` prints that is given this to read.
    pub(super) fn fed(&self, words: &[&str], input: &str) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("redis-cli runs");
        let mut pipe = child.stdin.take().expect("it is piped");
        let input = input.to_owned();
        let writes = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("its end");
        writes.join().expect("no panic").expect("taken");
        String::from_utf8_lossy(&output.stdout).trim().into()
    }

    pub(crate) fn cli(&self, words: &[&str]) -> String {
        let said = self.try_cli(words);
        let refused = ["ERR", "NOAUTH", "NOPERM", "WRONGPASS", "Could not connect", "(error)"];
        assert!(!refused.iter().any(|word| said.starts_with(word)), "{words:?}: {said}");
        said
    }

    /// A client that stays until it is dropped, or until the server ends it.
    pub(crate) fn client(&self, words: &[&str]) -> Client {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-cli runs");
        let mut input = child.stdin.take().expect("it is piped");
        for word in words {
            let _ = writeln!(input, "{word}");
        }
        Client { child, _input: input }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

pub(crate) struct Client {
    child: Child,
    _input: std::process::ChildStdin,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid_file(pid: u32) -> PathBuf {
    PathBuf::from(setting("DIR")).join("run").join(format!("redis-{pid}.pid"))
}

/// Where a test may listen: what `tests/services/run` takes its rows from, so that neither takes the other's and
/// no connection is given one of them as its own end.
const PORTS: std::ops::Range<u16> = 10_000..22_700;

/// Free, and never given to another test, with the one 10,000 above, where cluster nodes listen as well.
pub(crate) fn free_port() -> u16 {
    static ROWS: Mutex<Option<Row>> = Mutex::new(None);
    let mut rows = ROWS.lock().expect("no test panics while it holds this");
    loop {
        let row = rows.get_or_insert_with(Row::take);
        match row.left.next() {
            Some(port) if is_free(port) && is_free(port + 10_000) => return port,
            Some(_) => {}
            // Its locks stay with the process, as its ports stay with the tests.
            None => std::mem::forget(rows.take()),
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Ten ports in a row, and those 10,000 above.
struct Row {
    left: std::ops::Range<u16>,
    _locks: [File; 2],
}

impl Row {
    fn take() -> Row {
        // As the script names it.
        let user = rustix::process::getuid().as_raw();
        let locks = std::env::temp_dir().join(format!("firedeck-ports-{user}"));
        std::fs::create_dir_all(&locks).expect("a directory");
        let lock = |row: u16| {
            let file = File::create(locks.join(row.to_string())).expect("a lock");
            file.try_lock().is_ok().then_some(file)
        };
        // Runs beside this one begin elsewhere.
        let rows = (PORTS.end - PORTS.start) / 10;
        let begin = u16::try_from(std::process::id() * 37 % u32::from(rows)).expect("small");
        for nth in 0..rows {
            let row = PORTS.start + (begin + nth) % rows * 10;
            if let Some(locks) = lock(row).and_then(|low| Some([low, lock(row + 10_000)?])) {
                return Row { left: row..row + 10, _locks: locks };
            }
        }
        panic!("every row of ports is taken");
    }
}

/// What a cockpit would know.
#[derive(Default)]
pub(super) struct Known {
    rows: BTreeMap<ObjectRef, Object>,
    fresh: BTreeMap<Kind, Vec<ObjectRef>>,
    pub(super) state: Option<FeedState>,
    pub(super) place: Option<PlaceFacts>,
}

impl Known {
    fn take(&mut self, news: News) {
        match news {
            News::Feed(_, state) => self.state = Some(state),
            News::Place(_, place) => self.place = Some(place),
            News::Rows(_, kind, batch) => {
                for seen in batch {
                    self.seen(kind, seen);
                }
            }
            other => panic!("nobody asked for {other:?}"),
        }
    }

    fn seen(&mut self, kind: Kind, seen: Seen<Object>) {
        match seen {
            Seen::Begin => _ = self.fresh.insert(kind, Vec::new()),
            Seen::Is(object) => {
                if let Some(fresh) = self.fresh.get_mut(&kind) {
                    fresh.push(object.id.clone());
                }
                self.rows.insert(object.id.clone(), object);
            }
            Seen::Gone(id) => _ = self.rows.remove(&id),
            Seen::End => {
                let fresh = self.fresh.remove(&kind).expect("it was begun");
                self.rows.retain(|id, _| id.kind != kind || fresh.contains(id));
            }
        }
    }

    pub(super) fn of(&self, kind: Kind) -> Vec<Object> {
        self.rows.values().filter(|object| object.id.kind == kind).cloned().collect()
    }

    pub(super) fn node(&self, name: &str) -> Option<(RedisNode, Object)> {
        let object = self.of(Kind::RedisNode).into_iter().find(|object| &*object.id.name == name)?;
        match &object.facts {
            Facts::Redis(RedisFacts::Node(node)) => Some(((**node).clone(), object)),
            _ => None,
        }
    }
}

pub(crate) struct Cockpit {
    pub(super) backend: Arc<dyn Backend>,
    known: Arc<Mutex<Known>>,
    signals: Signals,
}

impl Drop for Cockpit {
    fn drop(&mut self) {
        self.signals.cancel.cancel();
    }
}

impl Cockpit {
    pub(crate) fn of(url: &str) -> Cockpit {
        Cockpit::known_as(url, None)
    }

    /// `login`: a user and their password.
    pub(super) fn known_as(url: &str, login: Option<(&str, &str)>) -> Cockpit {
        Cockpit::over(&[("cache", url)], login)
    }

    /// Several endpoints, by name and address.
    pub(super) fn over(endpoints: &[(&str, &str)], login: Option<(&str, &str)>) -> Cockpit {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let password = login.map(|(_, password)| password.to_owned());
        let endpoint = |(name, url): &(&str, &str)| Endpoint {
            username: login.map(|(user, _)| user.to_owned()),
            password: login.map(|_| SecretRef::Env("unused".into())),
            ..Endpoint::new(Wanted::Redis, *name, *url)
        };
        let secrets: firedeck::sources::backend::Secrets = Arc::new(move |_| {
            let password = SecretString::from(password.clone().unwrap_or_default());
            Box::pin(async move { Ok(password) })
        });
        let (out, mut heard) = tokio::sync::mpsc::channel(64);
        let signals = Signals::default();
        let access = |one| Access { endpoint: endpoint(one), secrets: secrets.clone() };
        let backend = redis::start(endpoints.iter().map(access).collect(), &out, &signals);
        backend.watch(&[Kind::RedisNode]);
        let known = Arc::new(Mutex::new(Known::default()));
        let keeps = known.clone();
        tokio::spawn(async move {
            while let Some(batch) = heard.recv().await {
                let mut known = keeps.lock().expect("no test panics while it holds this");
                for news in batch {
                    known.take(news);
                }
            }
        });
        Cockpit { backend, known, signals }
    }

    pub(super) fn look<T>(&self, at: impl FnOnce(&Known) -> T) -> T {
        at(&self.known.lock().expect("no test panics while it holds this"))
    }

    pub(super) async fn until<T>(&self, what: &str, at: impl Fn(&Known) -> Option<T>) -> T {
        eventually(what, || async { self.look(&at) }).await
    }

    pub(super) async fn live(&self) {
        self.until("a feed that is live", |known| (known.state == Some(FeedState::Live)).then_some(())).await;
    }

    /// Until a node says this of itself.
    pub(super) async fn says(&self, server: &Server, words: &str) -> Object {
        let name = server.name();
        self.until(&format!("`{words}` of {name}"), |known| {
            known.node(&name).map(|(_, object)| object).filter(|object| object.status().contains(words))
        })
        .await
    }

    /// Until the feed says that it is down, with these words.
    pub(crate) async fn down(&self, words: &str) {
        self.until(&format!("a feed that is down: {words}"), |known| match &known.state {
            Some(FeedState::Down { why, .. }) if why.contains(words) => Some(()),
            _ => None,
        })
        .await;
    }
}
