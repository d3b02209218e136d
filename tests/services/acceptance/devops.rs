//! Document 001 against real servers: the runs of its commands, and the limits that its profile watches.
//!
//! The panes themselves: `postgres::kinds::every_kind_is_read_on_every_version` and
//! `postgres::statements_tables_and_replication_are_read_on_every_version` (both spellings of a mean time),
//! `redis` (memory, policy, large keys), `docker::every_container_of_the_project_is_there_with_what_is_wrong_with_it`,
//! `compose` and `taps` (logs), `probes` (disks, certificates, health checks).
use std::process::Command;
use std::time::{Duration, Instant};

use firedeck::commands::Role;
use firedeck::config;
use firedeck::domain::approval::Tier;
use firedeck::domain::level::Level;
use firedeck::domain::settings::endpoint::Backend;
use firedeck::domain::settings::limit::{Fact, FactSource};
use firedeck::incident::event::{End, Verdict};

use super::bench;
use super::engine::{Tools, Work};
use crate::docker::{Cockpit, ENGINE, cli, socket};
use crate::probes::{Asking, access, page};
use crate::redis::server::Server;
use crate::suite::{eventually, postgres_stays, postgres_versions, setting, start};

/// What the built-in profile of the document watches under this name, asked every second.
fn watched(name: &str) -> Fact {
    let (_, text) = config::PROFILES.iter().find(|(known, _)| *known == "devops-mcp").expect("built in");
    let source = config::Source { name: "devops-mcp".into(), text: (*text).into() };
    let profile = config::check_profile("devops-mcp", &source).unwrap_or_else(|why| panic!("{why}"));
    let found = profile.limits.into_iter().map(|limit| limit.fact).find(|fact| fact.name == name);
    let fact = found.unwrap_or_else(|| panic!("nothing is watched as `{name}`"));
    Fact { on: None, every: Duration::from_secs(1), ..fact }
}

/// `postgres://watcher:suite@127.0.0.1:PORT/postgres`
fn port(url: &str) -> &str {
    url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()).expect("a port")
}

fn psql(port: &str, sql: &str) {
    let args = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", port, "-U", "postgres"];
    let mut command = Command::new("psql");
    let output = command.args(args).args(["-d", "postgres", "-c", sql]).env("PGPASSWORD", "suite").output();
    let output = output.expect("psql runs");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
}

fn database(port: &str) -> Tools {
    let tools = Tools::default().env("PGHOST", "127.0.0.1").env("PGPORT", port).env("PGUSER", "watcher");
    tools.env("PGPASSWORD", "suite").env("PGDATABASE", "postgres")
}

#[tokio::test(flavor = "multi_thread")]
async fn a001_09_the_queries_run_one_by_one_and_what_is_wrong_stands_at_its_line() {
    for version in postgres_versions() {
        let _well = postgres_stays(version).await;
        let url = setting(&format!("POSTGRES_{version}"));
        let opened = Work::open("001", "Database Operations", database(port(&url))).await;
        let Some(mut work) = opened else { return };
        let all = work.commands();
        assert_eq!(all.len(), 4);
        for (at, command) in all {
            let (ended, out) = work.run(at).await;
            // PostgreSQL has no such column: the document is wrong there, and nowhere else.
            if command.statement.text.contains("tablename, indexname") {
                assert!((128..=130).contains(&command.statement.line), "{}", command.statement.line);
                assert_eq!(ended.verdict, Verdict::Failed, "{version}: {out}");
                assert!(ended.says.contains("\"tablename\" does not exist"), "{version}: {}", ended.says);
            } else {
                let good = [Verdict::Ok, Verdict::NoMatches];
                assert!(good.contains(&ended.verdict), "{version}: {command:?}: {}: {out}", ended.says);
            }
        }
        let opened = Work::open("001", "Database Optimization", database(port(&url))).await;
        let mut work = opened.expect("documents");
        let reads = |one: &firedeck::runbook::Command| {
            one.statement.risk == Tier::Read && one.statement.role == Role::Action
        };
        let slow: Vec<_> = work.commands().into_iter().filter(|(_, one)| reads(one)).collect();
        let [(at, _)] = slow.as_slice() else { panic!("{slow:?}") };
        let (ended, out) = work.run(*at).await;
        if version == "12" {
            assert!(ended.verdict <= Verdict::NoMatches, "{}: {out}", ended.says);
        } else {
            assert_eq!(ended.verdict, Verdict::Failed, "{out}");
            assert!(ended.says.contains("\"total_time\" does not exist"), "{}", ended.says);
        }
        let mut asking =
            Asking::start(vec![watched("replication lag")], vec![access(Backend::Postgres, &url)]);
        asking.answered().await;
        let (value, level, _) = asking.verdict("replication lag");
        assert_eq!(value, "not a replica");
        assert_ne!(level, Level::Bad);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a001_10_redis_is_asked_watched_stopped_and_its_old_values_are_seen_before_a_change() {
    let server = Server::start("7.0", &["--maxmemory", "16gb"]).await;
    server.cli(&["SET", "page", "x"]);
    let tool = format!("real redis-cli -p {} \"$@\"", server.port);
    let opened = Work::open("001", "Redis Optimization", Tools::default().tool("redis-cli", &tool)).await;
    let Some(mut work) = opened else { return };
    let said = work.looks(work.at(671)).await;
    let said = said.join("\n");
    assert!(said.contains("maxmemory") && said.contains('→') && said.contains("4gb"), "{said}");
    assert!(said.contains("16") || said.contains("17179869184"), "{said}");
    let order = work.begin(work.at(678)).await;
    // Where nobody watches a terminal it writes its numbers alone, each quarter of a minute.
    bench::wait(|| work.desk.output(&order).contains('\n')).await;
    let (ended, out) = work.line(679).await;
    assert_eq!(ended.verdict, Verdict::Ok, "{}: {out}", ended.says);
    assert!(out.contains("Biggest") && out.contains("page"), "{out}");
    work.desk.runs.stop(order);
    let ended = work.desk.ended().await;
    assert_eq!((ended.end, ended.verdict), (End::Stopped, Verdict::Stopped));
    assert_eq!(
        server.cli(&["CONFIG", "GET", "maxmemory"]).lines().last(),
        Some("17179869184"),
        "nothing was set"
    );
    let facts = ["Redis answers", "Redis memory", "Redis latency", "Redis settings"].map(watched).to_vec();
    let mut asking = Asking::start(facts, vec![access(Backend::Redis, &server.url())]);
    asking.answered().await;
    assert_eq!(asking.verdict("Redis answers").1, Level::Fine, "{:?}", asking.verdict("Redis answers"));
    let settings = asking.verdict("Redis settings").0;
    assert!(settings.contains("maxmemory=") && settings.contains("maxmemory-policy="), "{settings}");
    for name in ["Redis memory", "Redis latency"] {
        assert!(
            asking.verdict(name).0.starts_with(|c: char| c.is_ascii_digit()),
            "{:?}",
            asking.verdict(name)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a001_11_the_rates_have_values_and_the_targets_and_grafana_are_read() {
    let server = setting("PROMETHEUS");
    let health = page("200 OK", r#"{"commit":"x","database":"ok","version":"10"}"#).await;
    let asked = |name: &str, from: &str, to: &str| {
        let fact = watched(name);
        assert!(fact.query.contains(from), "{}", fact.query);
        Fact { query: fact.query.replace(from, to), ..fact }
    };
    let facts = || {
        vec![
            watched("5xx rate over 1 h"),
            watched("5xx rate over 5 min"),
            asked("Prometheus targets", "localhost:9090", &server),
            asked("Grafana's database", "http://localhost:3000/api/health", &health),
        ]
    };
    // The first rate needs two values.
    eventually("both rates", || async {
        let access = vec![access(Backend::Prometheus, &format!("http://{server}"))];
        let mut asking = Asking::start(facts(), access);
        asking.answered().await;
        let rate = |name: &str| {
            let value = asking.verdict(name).0;
            value.trim_end_matches("/s").trim().parse::<f64>().is_ok_and(|rate| rate > 0.01)
        };
        if !rate("5xx rate over 1 h") || !rate("5xx rate over 5 min") {
            return None;
        }
        assert_eq!(asking.verdict("5xx rate over 1 h").1, Level::Warn, "above its limit");
        assert_eq!(asking.verdict("Grafana's database").1, Level::Fine);
        // One of the two targets of the suite is not there.
        let targets = asking.verdict("Prometheus targets");
        (targets.1 == Level::Bad && targets.2.contains("1 of 2: self 127.0.0.1:9 down, self 127.0.0.1:"))
            .then_some(())
    })
    .await;
    // The document's own line is refused by curl, and nothing is made of it.
    let rc = format!("connect-to = \"localhost:9090:{server}\"\n");
    let opened = Work::open("001", "Morning Checklist", Tools::default()).await;
    let Some(mut work) = opened else { return };
    std::fs::write(work.dir().join(".curlrc"), &rc).expect("written");
    let results = work.all().await;
    let rate = results.iter().find(|(line, _)| *line == 68).expect("the test of the rate");
    assert!(rate.1.as_ref().is_err_and(|why| why.contains("ERROR_RATE")), "{rate:?}");
    // The targets are asked for well; that their jobs have no names there is the document's own mistake.
    let compose = Tools::default().tool("docker-compose", "echo 'prometheus Up'");
    let mut work = Work::open("001", "Monitoring Status", compose).await.expect("documents");
    std::fs::write(work.dir().join(".curlrc"), rc).expect("written");
    let (_, first) = work.all().await.into_iter().next().expect("a result");
    let (ended, said) = first.expect("it ran");
    assert_eq!(ended.verdict, Verdict::Ok, "{}", ended.says);
    assert!(said.contains("\"health\": \"up\"") && said.contains("\"job\": null"), "{said}");
}

/// A table goes with its test, however that ends.
struct Keys(String);

impl Drop for Keys {
    fn drop(&mut self) {
        psql(&self.0, "DROP TABLE IF EXISTS api_keys");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a001_12_keys_disks_certificates_and_containers_turn_exactly_at_their_limits() {
    let _up = ENGINE.read().await;
    // Each limit, with numbers on either side of it from a real server.
    let server = format!("http://{}", setting("PROMETHEUS"));
    let mut facts = Vec::new();
    let mut wanted = Vec::new();
    for (name, number, level) in [
        ("root disk", "79.99", Level::Fine),
        ("root disk", "80", Level::Warn),
        ("certificate days left", "30", Level::Fine),
        ("certificate days left", "29.99", Level::Warn),
        ("API keys that expire within 7 days", "0", Level::Fine),
        ("API keys that expire within 7 days", "1", Level::Warn),
        ("services that are not up", "0", Level::Fine),
        ("services that are not up", "1", Level::Bad),
        ("5xx rate over 1 h", "0.0099", Level::Fine),
        ("5xx rate over 1 h", "0.01", Level::Warn),
    ] {
        let own = format!("{name} at {number}");
        let query = format!("scalar(vector({number}))");
        facts.push(Fact { name: own.clone(), source: FactSource::Promql, query, ..watched(name) });
        wanted.push((own, level));
    }
    let mut asking = Asking::start(facts, vec![access(Backend::Prometheus, &server)]);
    asking.answered().await;
    for (name, level) in wanted {
        assert_eq!(asking.verdict(&name).1, level, "{name}: {:?}", asking.verdict(&name));
    }
    // A key that expires an hour after the seven days, and one that does so an hour before.
    let url = setting("POSTGRES_COMMON");
    let port = port(&url).to_owned();
    let _keys = Keys(port.clone());
    psql(&port, "CREATE TABLE api_keys (name text, expires_at timestamptz, revoked_at timestamptz)");
    psql(&port, "GRANT SELECT ON api_keys TO watcher");
    psql(&port, "INSERT INTO api_keys VALUES ('far', now() + interval '7 days 1 hour', NULL)");
    let name = "API keys that expire within 7 days";
    for (sql, level) in [
        ("SELECT 1", Level::Fine),
        ("INSERT INTO api_keys VALUES ('gone', now() + interval '1 day', now())", Level::Fine),
        ("INSERT INTO api_keys VALUES ('near', now() + interval '6 days 23 hours', NULL)", Level::Warn),
    ] {
        psql(&port, sql);
        let mut asking = Asking::start(vec![watched(name)], vec![access(Backend::Postgres, &url)]);
        asking.answered().await;
        assert_eq!(asking.verdict(name).1, level, "{sql}: {:?}", asking.verdict(name));
    }
    // The disk of a box behind a real SSH server is the one of this box.
    let disk =
        |name: &str, query: &str| Fact { name: name.into(), query: query.into(), ..watched("root disk") };
    let mut asking = Asking::start(vec![disk("here", "/"), disk("there", "suite-box:/")], Vec::new());
    asking.answered().await;
    let (here, there) = (asking.verdict("here"), asking.verdict("there"));
    let percent = |text: &str| text.trim_end_matches('%').trim().parse::<f64>().expect("a number");
    assert!((percent(&here.0) - percent(&there.0)).abs() <= 2.0, "{here:?} {there:?}");
    let level = if percent(&there.0) >= 80.0 { Level::Warn } else { Level::Fine };
    assert_eq!(there.1, level, "{there:?}");
    // Containers of a real engine: some of the estate are down, as the cockpit sees it.
    let (start, home) = start(&["--profile", "compose"]);
    let dir = home.path().join(".config/firedeck/profiles");
    std::fs::create_dir_all(&dir).expect("made");
    let (_, text) = config::PROFILES.iter().find(|(known, _)| *known == "devops-mcp").expect("built in");
    std::fs::write(dir.join("compose.toml"), text.replace("unix:///var/run/docker.sock", &socket()))
        .expect("written");
    let screen = start.run();
    screen.wait_for("containers");
    screen.press(":vitals\r");
    screen.wait_for("VITAL");
    screen.press("/services\r");
    screen.wait_until("services that are not up", |screen| {
        let text = screen.contents();
        text.lines().any(|line| line.contains("services that are not up") && line.contains('✗'))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a001_14_services_logs_stats_and_health_of_a_real_engine_as_steps() {
    let _up = ENGINE.read().await;
    let socket = socket();
    let tools = Tools::default().env("DOCKER_HOST", &socket).env("COMPOSE_PROJECT_NAME", "devops-mcp");
    let Some(mut work) = Work::open("001", "Service Status Monitoring", tools).await else { return };
    let file = format!("{}/compose/docker-compose.yml", setting("DIR"));
    std::fs::copy(file, work.dir().join("docker-compose.production.yml")).expect("copied");
    let (ended, out) = work.line(91).await;
    assert!(ended.verdict == Verdict::Ok && out.contains("mcp-server"), "{}: {out}", ended.says);
    let (ended, out) = work.line(94).await;
    assert!(ended.verdict == Verdict::Ok && out.contains("level="), "{}: {out}", ended.says);
    let order = work.begin(work.at(99)).await;
    bench::wait(|| work.desk.output(&order).contains("mcp-server")).await;
    let (ended, out) = work.line(102).await;
    assert!(ended.verdict == Verdict::Ok && out.contains("\"healthy\""), "{}: {out}", ended.says);
    work.desk.runs.stop(order);
    assert_eq!(work.desk.ended().await.end, End::Stopped);
}

/// A container goes with its test, however that ends.
struct Ill;

impl Ill {
    const NAME: &str = "turns-ill";
}

impl Drop for Ill {
    fn drop(&mut self) {
        // A test that failed says so itself.
        let mut docker = Command::new("docker");
        let _ = docker.env("DOCKER_HOST", socket()).args(["rm", "-f", Ill::NAME]).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a001_14_a_container_that_turns_unhealthy_is_seen_within_five_seconds() {
    let _up = ENGINE.read().await;
    let _goes = Ill;
    let health = ["--health-cmd", "test -e /well", "--health-interval", "1s", "--health-retries", "1"];
    let mut words = vec!["run", "-d", "--name", Ill::NAME, "--network", "none", "--stop-timeout", "0"];
    words.extend(health);
    words.extend(["registry.example/devops-mcp:1.4.2", "sh", "-c", "echo >/well; sleep 100000"]);
    cli(&words);
    let cockpit = Cockpit::of(&socket(), None);
    cockpit.live().await;
    cockpit.until(Ill::NAME, "well", |one| one.status() == "healthy" && one.level() == Level::Fine).await;
    cli(&["exec", Ill::NAME, "busybox", "rm", "/well"]);
    eventually("the engine to know of it", || async {
        let state = cli(&["inspect", "-f", "{{.State.Health.Status}}", Ill::NAME]);
        (state == "unhealthy").then_some(())
    })
    .await;
    let known = Instant::now();
    cockpit.until(Ill::NAME, "ill", |one| one.status() == "unhealthy" && one.level() == Level::Bad).await;
    assert!(known.elapsed() < Duration::from_secs(5), "{:?}", known.elapsed());
}
