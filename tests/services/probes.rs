//! The questions of a profile, put to real servers: what they answer, and what not answering is called.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::level::Level;
use firedeck::domain::news::News;
use firedeck::domain::news::Seen;
use firedeck::domain::object::{Facts, ObjectRef};
use firedeck::domain::settings::Endpoint;
use firedeck::domain::settings::endpoint::Backend as Kind;
use firedeck::domain::settings::limit::{Bound, Fact, FactSource};
use firedeck::domain::vital::{Answer, Vital};
use firedeck::sources::backend::{Access, Backend, Secrets};
use firedeck::sources::probes;
use firedeck::sources::supervise::Signals;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::common::fault::{Fault, Proxy};

/// The longest that any answer may take to come.
const LONGEST: Duration = Duration::from_mins(3);

/// Where a backend is, which `tests/services/run` started.
pub(crate) fn address(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("`{name}` is not set: start these tests with `tests/services/run`"),
    }
}

pub(crate) fn fact(name: &str, source: FactSource, query: &str, bounds: [&str; 3]) -> Fact {
    let [ok, warning, critical] = bounds.map(|text| Bound::parse(text).ok());
    Fact {
        name: name.into(),
        source,
        query: query.into(),
        on: None,
        unit: None,
        pick: None,
        every: Duration::from_secs(1),
        ok,
        warning,
        critical,
    }
}

pub(crate) fn access(backend: Kind, url: &str) -> Access {
    let endpoint = Endpoint::new(backend, backend.name(), url);
    Access { endpoint, secrets: no_secrets() }
}

fn no_secrets() -> Secrets {
    Arc::new(|_| Box::pin(async { Err("there are no secrets here".into()) }))
}

/// The source at work, and every row as it was last told.
pub(crate) struct Asking {
    backend: Arc<dyn Backend>,
    rows: BTreeMap<String, (ObjectRef, Vital)>,
    /// How often each row was told.
    told: BTreeMap<String, u32>,
    inbox: mpsc::Receiver<Vec<News>>,
    signals: Signals,
}

impl Asking {
    pub(crate) fn start(facts: Vec<Fact>, access: Vec<Access>) -> Asking {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (out, inbox) = mpsc::channel(64);
        let signals = Signals::default();
        let reach = probes::Reach { access, sites: Vec::new(), secrets: no_secrets(), counts: None };
        let backend = probes::start(facts, Vec::new(), reach, out, &signals);
        Asking { backend, rows: BTreeMap::new(), told: BTreeMap::new(), inbox, signals }
    }

    async fn until(&mut self, what: &str, mut holds: impl FnMut(&Asking) -> bool) {
        let deadline = Instant::now() + LONGEST;
        while !holds(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            let news = timeout(left, self.inbox.recv()).await;
            let Ok(Some(batch)) = news else { panic!("waited in vain for {what}: {:#?}", self.rows) };
            for news in batch {
                let News::Rows(_, _, rows) = news else { continue };
                for row in rows {
                    let Seen::Is(object) = row else { continue };
                    let Facts::Vital(vital) = object.facts else { panic!("a vital") };
                    *self.told.entry(vital.name.to_string()).or_default() += 1;
                    self.rows.insert(vital.name.to_string(), (object.id, *vital));
                }
            }
        }
    }

    pub(crate) async fn answered(&mut self) {
        let waits = |(_, vital): &(ObjectRef, Vital)| vital.answer == Answer::Waiting;
        self.until("every answer", |asking| !asking.rows.is_empty() && !asking.rows.values().any(waits))
            .await;
    }

    pub(crate) fn vital(&self, name: &str) -> &Vital {
        &self.rows.get(name).unwrap_or_else(|| panic!("there is no `{name}`")).1
    }

    pub(crate) fn verdict(&self, name: &str) -> (String, Level, String) {
        let vital = self.vital(name);
        let why = match &vital.answer {
            Answer::Error { why, .. } => why.to_string(),
            _ => vital.says.to_string(),
        };
        (vital.shown().into_owned(), vital.level, why)
    }

    async fn inspected(&self, name: &str) -> String {
        let id = &self.rows.get(name).expect("a row").0;
        format!("{:#?}", self.backend.inspect(id).await)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.signals.cancel.cancel();
    }
}

/// A server that gives every client the same answer; its port.
async fn answering(answer: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answer = answer.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}

pub(crate) async fn page(status: &str, body: &str) -> String {
    let length = body.len();
    let head = "content-type: application/json\r\nset-cookie: session=hunter2\r\nconnection: close";
    let port =
        answering(&format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}")).await;
    format!("http://127.0.0.1:{port}/health")
}

/// A server that takes every connection and never says anything.
async fn mute() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut held: Vec<TcpStream> = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    format!("http://127.0.0.1:{port}/health")
}

/// A port on which nobody listens.
async fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A TLS server with this chain; its port.
async fn showing(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> u16 {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("certificate and key fit");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let _ = acceptor.accept(stream).await;
            });
        }
    });
    port
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).expect("a name")
}

const HEALTHY: [&str; 3] = ["= healthy", "", "!= healthy"];

#[tokio::test]
async fn a_health_check_is_compared_as_json_and_its_secrets_stay_out() {
    let http = |name: &str, url: &str, bounds| fact(name, FactSource::Http, url, bounds);
    let targets = r#"{"data":{"activeTargets":[{"health":"up"},{"health":"down"}]}}"#;
    let good = page("200 OK", r#"{"status":"healthy","password":"hunter2"}"#).await;
    let facts = vec![
        http("good", &good, HEALTHY),
        http("ill", &page("200 OK", r#"{"status":"unhealthy"}"#).await, HEALTHY),
        http("lying", &page("503 Service Unavailable", r#"{"status":"healthy"}"#).await, HEALTHY),
        http("moved", &page("302 Found", "").await, ["= 200", "", "!= 200"]),
        http("refused", &format!("http://127.0.0.1:{}/", nobody().await), HEALTHY),
        http("unknown", "http://no-such-host.invalid/", HEALTHY),
        Fact {
            pick: Some(".data.activeTargets[].health".into()),
            ..http("targets", &page("200 OK", targets).await, ["= up", "", "!= up"])
        },
        Fact { unit: Some("ms".into()), ..http("fast", &good, ["< 5000", "", ""]) },
    ];
    let mut asking = Asking::start(facts, Vec::new());
    asking.answered().await;
    assert_eq!(asking.verdict("good"), ("healthy".into(), Level::Fine, String::new()));
    let ill = "says \"unhealthy\", wants \"healthy\"".to_owned();
    assert_eq!(asking.verdict("ill"), ("unhealthy".into(), Level::Bad, ill));
    assert_eq!(asking.verdict("lying"), ("healthy".into(), Level::Bad, "HTTP 503".into()));
    assert_eq!(asking.verdict("moved").1, Level::Bad);
    assert_eq!(asking.verdict("refused").2, "does not answer: connection refused");
    assert_eq!(asking.verdict("refused").1, Level::Bad);
    assert_eq!(asking.verdict("unknown").1, Level::Unknown, "{:?}", asking.verdict("unknown"));
    assert_eq!(asking.verdict("targets").2, "says \"down\", wants \"up\"; 1 of 2");
    assert!(matches!(asking.vital("fast").answer, Answer::Value(ms) if ms < 5000.0));
    let seen = asking.inspected("good").await;
    assert!(seen.contains("set-cookie") && seen.contains("(hidden)") && !seen.contains("hunter2"), "{seen}");
}

#[tokio::test]
async fn what_never_answers_holds_up_nobody() {
    let mut facts = Vec::new();
    for n in 0..12 {
        facts.push(fact(&format!("mute {n}"), FactSource::Http, &mute().await, HEALTHY));
    }
    let good = page("200 OK", r#"{"status":"healthy"}"#).await;
    facts.push(fact("good", FactSource::Http, &good, HEALTHY));
    let mut asking = Asking::start(facts, Vec::new());
    asking.answered().await;
    assert_eq!(asking.verdict("mute 3").2, "does not answer: timed out");
    let before = asking.told["good"];
    asking.until("five more answers of the living", |asking| asking.told["good"] >= before + 5).await;
    let mute: u32 = (0..12).map(|n| asking.told[&format!("mute {n}")]).max().unwrap_or(0);
    assert!(mute <= 4, "the dead were asked {mute} times meanwhile");
}

#[tokio::test]
async fn a_certificate_is_read_whatever_is_wrong_with_it() {
    let keys = || KeyPair::generate().expect("a key");
    let alone = |params: CertificateParams| {
        let key = keys();
        (vec![params.self_signed(&key).expect("signed").der().clone()], key)
    };
    let mut expired = named("localhost");
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut far = named("localhost");
    far.not_after = date_time_ymd(4000, 1, 1);
    let authority_key = keys();
    let mut authority = CertificateParams::new(Vec::new()).expect("params");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).expect("signed");
    let issuer = Issuer::new(authority, authority_key);
    let leaf_key = keys();
    let leaf = named("localhost").signed_by(&leaf_key, &issuer).expect("signed");
    let chain = vec![leaf.der().clone(), root.der().clone()];
    let mut facts = Vec::new();
    for (name, (chain, key)) in [
        ("expired", alone(expired)),
        ("self-signed", alone(far)),
        ("wrong name", alone(named("old.example.com"))),
        ("unknown authority", (chain, leaf_key)),
    ] {
        let port = showing(chain, &key).await;
        let days =
            Fact { unit: Some("days".into()), ..fact(name, FactSource::Tls, "", ["> 30", "<= 30", ""]) };
        facts.push(Fact { query: format!("localhost:{port}"), ..days });
    }
    let plain = answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    facts.push(fact("no tls", FactSource::Tls, &format!("localhost:{plain}"), ["> 30", "", ""]));
    let mut asking = Asking::start(facts, Vec::new());
    asking.answered().await;
    let (value, level, says) = asking.verdict("expired");
    assert!(value.starts_with('-') && level == Level::Bad, "{value}");
    assert!(says.contains("expired") && says.contains("days ago"), "{says}");
    let (value, level, says) = asking.verdict("self-signed");
    assert!(value.ends_with(" days") && value.len() > 8, "{value}");
    assert_eq!((level, says.as_str()), (Level::Warn, "self-signed"));
    let (_, level, says) = asking.verdict("wrong name");
    assert_eq!(level, Level::Bad);
    assert!(says.contains("not for localhost but for old.example.com"), "{says}");
    let (_, level, says) = asking.verdict("unknown authority");
    assert_eq!(level, Level::Warn);
    assert!(says.contains("an authority that this box does not trust"), "{says}");
    assert_eq!(asking.verdict("no tls").1, Level::Bad);
    let seen = asking.inspected("unknown authority").await;
    assert!(seen.contains("came with") && seen.contains("localhost"), "{seen}");
}

#[tokio::test]
async fn ports_names_disks_and_memory_are_asked_from_this_box() {
    let accepting = ["= accepting", "", "!= accepting"];
    let open = answering("").await;
    let facts = vec![
        fact("open", FactSource::Tcp, &format!("127.0.0.1:{open}"), accepting),
        fact("closed", FactSource::Tcp, &format!("127.0.0.1:{}", nobody().await), accepting),
        fact("known", FactSource::Dns, "localhost", ["= resolves", "", "!= resolves"]),
        fact("here", FactSource::Dns, "localhost", ["= 127.0.0.1", "", "!= 127.0.0.1"]),
        fact("unknown", FactSource::Dns, "no-such-host.invalid", ["= resolves", "", ""]),
        fact("disk", FactSource::Disk, "/", ["<= 100", "", ""]),
        fact("nowhere", FactSource::Disk, "/no/such/place", ["< 80", "", ""]),
        fact("memory", FactSource::Memory, "here", ["< 100", "", ""]),
        fact("far", FactSource::Disk, "nobody@no-such-host.invalid:/", ["< 80", "", ""]),
    ];
    let mut asking = Asking::start(facts, Vec::new());
    asking.answered().await;
    assert_eq!(asking.verdict("open").1, Level::Fine);
    assert_eq!(asking.verdict("closed").2, "not accepting: connection refused");
    assert_eq!(asking.verdict("closed").1, Level::Bad);
    for name in ["known", "here", "disk", "memory"] {
        assert_eq!(asking.verdict(name).1, Level::Fine, "{name}: {:?}", asking.verdict(name));
    }
    assert_eq!(asking.verdict("unknown").1, Level::Bad);
    assert_eq!(asking.verdict("nowhere").1, Level::Unknown);
    let (_, level, why) = asking.verdict("far");
    assert!(level == Level::Unknown && why.contains("ssh"), "{why}");
}

#[tokio::test]
async fn a_prometheus_tells_the_worst_of_its_series_and_what_came_before() {
    let server = format!("http://{}", address("FIREDECK_TEST_PROMETHEUS"));
    let promql = |name: &str, query: &str, bounds| fact(name, FactSource::Promql, query, bounds);
    let facts = vec![
        promql("scalar", "scalar(vector(7))", ["= 7", "", ""]),
        promql(
            "worst",
            r#"label_replace(vector(1), "n", "a", "", "") or label_replace(vector(9), "n", "b", "", "")"#,
            ["", "", "> 5"],
        ),
        promql("empty", "no_such_metric_anywhere", ["= 0", "", ""]),
        promql("wrong", "sum(", ["= 0", "", ""]),
        promql("past", "time()", ["", "", ""]),
        promql("none", "0/0", ["< 1", "", ""]),
    ];
    let mut asking = Asking::start(facts, vec![access(Kind::Prometheus, &server)]);
    asking.answered().await;
    assert_eq!(asking.verdict("scalar").1, Level::Fine);
    let (value, level, says) = asking.verdict("worst");
    assert_eq!((value.as_str(), level), ("9", Level::Bad));
    assert!(says.contains("{n=\"b\"}, of 2"), "{says}");
    assert_eq!(asking.verdict("empty").1, Level::Unknown);
    assert!(asking.verdict("empty").2.contains("no series"));
    assert!(asking.verdict("wrong").2.contains("parse error"), "{:?}", asking.verdict("wrong"));
    assert!(asking.vital("past").past.len() > 10, "{:?}", asking.vital("past").past);
    assert_eq!(asking.verdict("none").1, Level::Unknown, "NaN is not fine");
}

#[tokio::test]
async fn a_postgres_answers_over_one_connection_that_cannot_write() {
    let server = address("FIREDECK_TEST_POSTGRES_COMMON");
    let sql = |name: &str, query: &str, bounds| fact(name, FactSource::Sql, query, bounds);
    let facts = vec![
        sql("one", "SELECT 1", ["= 1", "", ""]),
        sql("rows", "SELECT 'a' AS n, 3 AS c UNION ALL SELECT 'b', 17", ["", "> 10", ""]),
        sql("null", "SELECT NULL::int", ["< 60", "", ""]),
        sql("slow", "SELECT pg_sleep(10)", ["= 1", "", ""]),
        sql("writes", "SELECT 1 AS a INTO written", ["= 1", "", ""]),
        sql("two", "SELECT 1; SELECT 2", ["= 1", "", ""]),
        sql("acts", "SELECT pg_reload_conf()", ["= t", "", ""]),
        sql("read-only", "SHOW transaction_read_only", ["= on", "", ""]),
        sql(
            "connections",
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'firedeck vitals' AND pid = pg_backend_pid()",
            ["= 1", "", ""],
        ),
    ];
    let mut asking = Asking::start(facts, vec![access(Kind::Postgres, &server)]);
    asking.answered().await;
    assert_eq!(asking.verdict("one").1, Level::Fine);
    let (value, level, says) = asking.verdict("rows");
    assert_eq!((value.as_str(), level), ("17", Level::Warn));
    assert!(says.ends_with("b, of 2"), "{says}");
    assert_eq!(asking.verdict("null").2, "the answer is NULL");
    assert!(asking.verdict("slow").2.contains("statement timeout"), "{:?}", asking.verdict("slow"));
    assert!(asking.verdict("writes").2.contains("may only read"), "{:?}", asking.verdict("writes"));
    assert!(asking.verdict("acts").2.contains("may only read"), "{:?}", asking.verdict("acts"));
    assert_eq!(asking.verdict("read-only").1, Level::Fine);
    assert!(asking.verdict("two").2.contains("one statement"), "{:?}", asking.verdict("two"));
    assert_eq!(asking.verdict("connections").1, Level::Fine);
}

#[tokio::test]
async fn a_redis_answers_what_only_reads() {
    let server = address("FIREDECK_TEST_REDIS");
    let redis = |name: &str, query: &str, bounds| fact(name, FactSource::Redis, query, bounds);
    let facts = vec![
        redis("ping", "PING", ["= PONG", "", "!= PONG"]),
        redis("memory", "INFO memory used_memory", ["> 0", "", ""]),
        redis("settings", "CONFIG GET maxmemory timeout", ["", "", ""]),
        redis("length", "LLEN no-such-list", ["= 0", "", ""]),
        redis("keys", "KEYS *", ["", "", ""]),
        Fact { on: Some("elsewhere".into()), ..redis("nowhere", "PING", ["= PONG", "", ""]) },
    ];
    let mut asking = Asking::start(facts, vec![access(Kind::Redis, &server)]);
    asking.answered().await;
    for name in ["ping", "memory", "length"] {
        assert_eq!(asking.verdict(name).1, Level::Fine, "{name}: {:?}", asking.verdict(name));
    }
    assert!(asking.verdict("settings").0.starts_with("maxmemory="), "{:?}", asking.verdict("settings"));
    assert!(asking.verdict("keys").2.contains("no command that a vital may ask"));
    assert_ne!(asking.verdict("nowhere").1, Level::Fine);
}

/// What every server behind the proxy must come through.
async fn comes_back(backend: Kind, source: FactSource, server: &str, query: &str) {
    let (scheme, rest) = server.split_once("://").expect("an address");
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let behind = tokio::net::lookup_host(host).await.expect("found").next().expect("an address");
    let proxy = Proxy::before(behind).await;
    let at = if user.is_empty() { "" } else { "@" };
    let through = format!("{scheme}://{user}{at}{}/{path}", proxy.address());
    let facts = vec![fact("one", source, query, ["< 2", "", ""])];
    let mut asking = Asking::start(facts, vec![access(backend, &through)]);
    let fine = |asking: &Asking| asking.rows.get("one").is_some_and(|(_, vital)| vital.level == Level::Fine);
    let unknown = |asking: &Asking| asking.vital("one").level == Level::Unknown;
    asking.until("an answer", fine).await;
    let told = asking.told["one"];
    proxy.hang_up();
    asking
        .until("answers over a new connection", |asking| asking.told["one"] >= told + 4 && fine(asking))
        .await;
    for fault in [Fault::BlackHole, Fault::Refuse, Fault::Garbage, Fault::Reset] {
        proxy.set(fault).await;
        asking.until(&format!("no answer behind {fault:?}"), unknown).await;
        let error = matches!(asking.vital("one").answer, Answer::Error { .. });
        assert!(error, "{fault:?}: {:?}", asking.verdict("one"));
        proxy.set(Fault::Pass).await;
        // Whoever looks presses a key for it; nobody has to.
        asking.signals.retry.notify_waiters();
        asking.until(&format!("an answer after {fault:?}"), fine).await;
    }
}

#[tokio::test]
async fn a_postgres_that_breaks_is_told_and_asked_again() {
    let server = address("FIREDECK_TEST_POSTGRES_COMMON");
    comes_back(Kind::Postgres, FactSource::Sql, &server, "SELECT 1").await;
}

#[tokio::test]
async fn a_redis_that_breaks_is_told_and_asked_again() {
    let server = address("FIREDECK_TEST_REDIS");
    comes_back(Kind::Redis, FactSource::Redis, &server, "EXISTS no-such-key").await;
}

#[tokio::test]
async fn a_prometheus_that_breaks_is_told_and_asked_again() {
    let server = format!("http://{}", address("FIREDECK_TEST_PROMETHEUS"));
    comes_back(Kind::Prometheus, FactSource::Promql, &server, "vector(1)").await;
}
