//! Real Redis and Valkey servers: what they say, what befalls them, what is done to their clients.
mod broken;
mod scripts;
mod seen;
pub(crate) mod server;

use std::time::Duration;

use firedeck::domain::action::{Check, Findings, Looked, Native, Outcome, Verb};
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;
use firedeck::domain::object::{Facts, Kind, Object};
use firedeck::domain::redis::RedisFacts;
use firedeck::domain::redis::node::{Mode, Role};
use firedeck::domain::time::Timestamp;

use self::server::{Cockpit, Server, versions};
use crate::suite::{eventually, looked, setting};

/// Megabytes of text, in pieces that fit what a server gives them.
fn fill(server: &Server, megabytes: u32) {
    let text = "x".repeat(63_000);
    let all: Vec<String> = (0..megabytes * 16).map(|n| format!("set bulk:{n} {text}\n")).collect();
    let said = server.fed(&[], &all.concat());
    assert!(said.lines().all(|line| line == "OK"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_tells_its_memory_against_its_limit() {
    for (version, title) in versions() {
        let server =
            Server::start(version, &["--maxmemory", "32mb", "--maxmemory-policy", "noeviction"]).await;
        let cockpit = Cockpit::of(&server.url());
        cockpit.says(&server, "ok").await;
        let (node, _) = cockpit.look(|known| known.node(&server.name())).expect("it was just seen");
        assert!(node.server.starts_with(title), "{}", node.server);
        assert_eq!((node.mode, node.role, node.limit()), (Mode::Standalone, Role::Primary, Some(32 << 20)));
        fill(&server, 30);
        let full = cockpit.says(&server, "nothing is evicted").await;
        assert_eq!(full.level(), Level::Bad, "{version}");
        server.cli(&["flushall"]);
        cockpit.says(&server, "ok").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standing_pair_is_seen_from_either_end() {
    for end in ["REDIS", "REDIS_REPLICA"] {
        let cockpit = Cockpit::of(&setting(end));
        cockpit.until("both", |known| (known.of(Kind::RedisNode).len() == 2).then_some(())).await;
    }
    let few = Cockpit::known_as(&setting("REDIS"), Some(("few", "few")));
    let place = few.until("rights", |known| known.place.clone()).await;
    assert_eq!(place.rights.as_deref(), Some("reads 0 of 6"));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_are_refused_are_named_as_their_clients_hear_it() {
    let server = Server::start("7.0", &["--maxmemory", "2mb", "--maxmemory-policy", "noeviction"]).await;
    let cockpit = Cockpit::of(&server.url());
    cockpit.says(&server, "ok").await;
    server.put("a", 750_000);
    server.cli(&["config", "set", "maxmemory", "1mb"]);
    let refused = async {
        loop {
            assert!(server.try_cli(&["set", "b", "1"]).starts_with("OOM"));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = refused => {}
        object = cockpit.says(&server, "OOM: writes are refused") => assert_eq!(object.level(), Level::Bad),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_fails_is_named_as_its_clients_hear_it() {
    let server = Server::start("8.0", &[]).await;
    let cockpit = Cockpit::of(&server.url());
    cockpit.says(&server, "ok").await;
    server.lose_directory();
    server.cli(&["config", "set", "save", "3600 1"]);
    server.cli(&["bgsave"]);
    // Even our own ping is refused then.
    assert_eq!(
        cockpit.says(&server, "MISCONF: writes are refused, it cannot save").await.level(),
        Level::Bad
    );
    assert!(server.try_cli(&["set", "a", "1"]).starts_with("MISCONF"));
}

#[tokio::test(flavor = "multi_thread")]
async fn evictions_are_seen_while_they_happen() {
    let server = Server::start("8.0", &["--maxmemory", "8mb", "--maxmemory-policy", "allkeys-lru"]).await;
    let cockpit = Cockpit::of(&server.url());
    cockpit.says(&server, "ok").await;
    let writes = async {
        for n in 0.. {
            server.put(&format!("page:{n}"), 200_000);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = writes => {}
        object = cockpit.says(&server, "evicts ") => assert_eq!(object.level(), Level::Warn),
    }
    let (node, _) = cockpit.look(|known| known.node(&server.name())).expect("it was just seen");
    assert!(node.rates.evicted > Some(0.0), "{:?}", node.rates);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_busy_with_a_script_says_what_helps_and_recovers() {
    for (version, _) in versions() {
        let name = if version == "6.2" { "--lua-time-limit" } else { "--busy-reply-threshold" };
        let server = Server::start(version, &[name, "300"]).await;
        let cockpit = Cockpit::of(&server.url());
        cockpit.says(&server, "ok").await;
        let busy = server.client(&["eval \"while true do end\" 0"]);
        let object = cockpit.says(&server, "BUSY: a script runs, only SCRIPT KILL helps").await;
        assert_eq!(object.level(), Level::Bad);
        let (node, _) = cockpit.look(|known| known.node(&server.name())).expect("it was just seen");
        assert!(node.trouble_since.is_some() && node.memory.used.is_some(), "the last numbers stay");
        server.cli(&["script", "kill"]);
        cockpit.says(&server, "ok").await;
        drop(busy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_unknown_and_is_live_again_over_the_same_connection() {
    let server = Server::start("valkey", &[]).await;
    let cockpit = Cockpit::of(&server.url());
    cockpit.backend.watch(&[Kind::RedisNode, Kind::Client]);
    let before = called(&cockpit, "firedeck").await;
    server.signal("STOP");
    cockpit.down("no answer").await;
    assert_eq!(cockpit.says(&server, "no answer").await.level(), Level::Unknown);
    server.signal("CONT");
    cockpit.says(&server, "ok").await;
    cockpit.live().await;
    assert_eq!(called(&cockpit, "firedeck").await.uid, before.uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_reads_its_data_says_how_far_it_is() {
    let mut server = Server::start(
        "7.0",
        &["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"],
    )
    .await;
    server.cli(&[
        "eval",
        "for i = 1, 1000 do redis.call('set', 'session:' .. i, string.rep('x', 100)) end",
        "0",
    ]);
    server.cli(&["save"]);
    let cockpit = Cockpit::of(&server.url());
    cockpit.says(&server, "ok").await;
    server.kill();
    cockpit.down("connection").await;
    server.run();
    let object = cockpit.says(&server, "LOADING ").await;
    assert!(object.level() == Level::Bad && object.status().contains('%'), "{}", object.status());
    cockpit.says(&server, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_no_login_and_the_right_one_lets_in_by_itself() {
    for (version, _) in versions() {
        let server = Server::start(version, &[]).await;
        server.cli(&["acl", "setuser", "mon", "on", ">old", "~*", "+@all"]);
        let cockpit = Cockpit::known_as(&server.url(), Some(("mon", "new")));
        cockpit.down("not logged in: WRONGPASS").await;
        server.cli(&["acl", "setuser", "mon", ">new"]);
        cockpit.live().await;
        let who = cockpit.until("who we are", |known| known.place.clone()).await;
        assert_eq!((who.identity.as_deref(), who.missing.as_slice()), (Some("mon"), [].as_slice()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_it_says_that_one_is_wanted() {
    let server = Server::start("7.0", &["--requirepass", "sesame"]).await;
    Cockpit::of(&server.url()).down("not logged in: NOAUTH").await;
    // An address that was typed may hold it.
    Cockpit::of(&server.url().replace("//", "//:sesame@")).live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_seen_is_named_by_the_statements_that_show_it() {
    for (version, _) in versions() {
        let server = Server::start(version, &[]).await;
        server.cli(&["acl", "setuser", "mon", "on", ">pw", "resetkeys", "-@all", "+ping", "+hello", "+auth"]);
        let cockpit = Cockpit::known_as(&server.url(), Some(("mon", "pw")));
        let needs = cockpit
            .until("what is needed", |known| match &known.state {
                Some(FeedState::Forbidden { needs }) => Some(needs.clone()),
                _ => None,
            })
            .await;
        assert_eq!(needs, "ACL SETUSER mon +info");
        grant(&server, &needs);
        // Everything else, each by its own statement; they are tried anew over a new connection.
        let cockpit = Cockpit::known_as(&server.url(), Some(("mon", "pw")));
        let missing = cockpit.until("what is missing", |known| known.place.clone()).await.missing;
        assert_eq!(missing.len(), 6, "{version}: {missing:?}");
        for line in &missing {
            grant(&server, line.split_once(": ").expect("what, and the statement").1);
        }
        let cockpit = Cockpit::known_as(&server.url(), Some(("mon", "pw")));
        let place = cockpit.until("what is missing", |known| known.place.clone()).await;
        assert_eq!(place.missing, [""; 0], "{version}");
    }
}

fn grant(server: &Server, statement: &str) {
    server.cli(&statement.split(' ').collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_place_says_so_and_a_held_connection_stays() {
    let server = Server::start("7.0", &["--maxclients", "6"]).await;
    let held = Cockpit::of(&server.url());
    held.says(&server, "ok").await;
    let crowd: Vec<_> = (0..8).map(|_| server.client(&["ping"])).collect();
    let object = held.says(&server, "max number of clients reached").await;
    assert_eq!(object.level(), Level::Bad);
    let late = Cockpit::of(&server.url());
    late.down("max number of clients reached: no place for firedeck").await;
    drop(crowd);
    late.live().await;
    held.says(&server, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_row_until_another_server_answers() {
    let mut server = Server::start("8.0", &[]).await;
    let cockpit = Cockpit::of(&server.url());
    let before = cockpit.says(&server, "ok").await;
    server.kill();
    cockpit.down("connection").await;
    let down = cockpit.says(&server, "down: ").await;
    assert_eq!((down.level(), &down.uid), (Level::Bad, &before.uid));
    server.run();
    let after = cockpit.says(&server, "ok").await;
    assert_ne!(after.uid, before.uid);
    cockpit.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_found_by_its_primary_and_seen_to_be_promoted() {
    let mut primary = Server::start("7.0", &[]).await;
    let replica = Server::start("7.0", &["--replicaof", "127.0.0.1", &primary.port.to_string()]).await;
    let cockpit = Cockpit::of(&primary.url());
    let lag = cockpit
        .until("a replica that follows", |known| {
            let (node, _) = known.node(&replica.name())?;
            (node.role == Role::Replica && node.replication.link_up == Some(true)).then_some(())?;
            node.replication.lag_bytes.zip(node.replication.lag_seconds)
        })
        .await;
    assert!(lag.1 < 10, "{lag:?}");
    primary.kill();
    cockpit.says(&primary, "down: ").await;
    let lost = cockpit.says(&replica, &format!("link to {} is down", primary.name())).await;
    assert_eq!(lost.level(), Level::Bad);
    assert_eq!(cockpit.look(|known| known.state.clone()), Some(FeedState::Live), "one of two still answers");
    replica.cli(&["replicaof", "no", "one"]);
    cockpit
        .until("a new primary", |known| (known.node(&replica.name())?.0.role == Role::Primary).then_some(()))
        .await;
    // The old one comes back as a replica of the new one.
    primary.run();
    cockpit.says(&primary, "ok").await;
    primary.cli(&["replicaof", "127.0.0.1", &replica.port.to_string()]);
    cockpit
        .until("the old primary as a replica", |known| {
            let (node, _) = known.node(&primary.name())?;
            (node.role == Role::Replica && node.replication.lag_bytes.is_some()).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_dies_stays_and_is_red_when_its_primary_no_longer_names_it() {
    let primary = Server::start("7.0", &[]).await;
    let mut replica = Server::start("7.0", &["--replicaof", "127.0.0.1", &primary.port.to_string()]).await;
    let cockpit = Cockpit::of(&primary.url());
    cockpit.says(&replica, "ok").await;
    replica.kill();
    let down = cockpit.says(&replica, "down: ").await;
    assert_eq!(down.level(), Level::Bad);
    let stays = cockpit
        .until("a primary without a replica", |known| {
            let (node, _) = known.node(&primary.name())?;
            node.replication.replicas.is_empty().then(|| known.node(&replica.name()).is_some())
        })
        .await;
    assert!(stays);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_leads_to_those_it_watches() {
    let primary = Server::start("7.0", &[]).await;
    let replica = Server::start("7.0", &["--replicaof", "127.0.0.1", &primary.port.to_string()]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("sentinel.conf");
    let watches = format!("sentinel monitor shop 127.0.0.1 {} 1\n", primary.port);
    std::fs::write(&file, watches).expect("written");
    let sentinel = Server::start_with("7.0", Some(&file), &["--sentinel"]).await;
    let cockpit = Cockpit::of(&sentinel.url());
    assert_eq!(cockpit.says(&sentinel, "watches shop").await.level(), Level::Fine);
    cockpit.says(&primary, "ok").await;
    cockpit.says(&replica, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_shows_every_node_and_says_when_slots_are_not_served() {
    let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Server::start("7.0", &arguments).await);
    }
    let places: Vec<String> = nodes.iter().map(Server::name).collect();
    let mut create = vec!["--cluster", "create"];
    create.extend(places.iter().map(String::as_str));
    create.push("--cluster-yes");
    nodes[0].cli(&create);
    let cockpit = Cockpit::of(&nodes[0].url().replace("127.0.0.1", "localhost"));
    for node in &nodes[1..] {
        cockpit.says(node, "ok").await;
    }
    // The first is known by the name that was given, and stands there once.
    let seed = format!("localhost:{}", nodes[0].port);
    let names = cockpit.look(|known| known.of(Kind::RedisNode).len());
    assert_eq!(names, 3);
    nodes[2].kill();
    cockpit.says(&nodes[2], "down: ").await;
    cockpit
        .until("a cluster that fails", |known| {
            known.node(&seed)?.1.status().contains("CLUSTERDOWN").then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_only_the_authority_that_was_named_is_trusted() {
    let port = server::free_port().to_string();
    let arguments = ["--tls-port", &port, "--tls-cert-file", &setting("PROXY_CERT"), "--tls-key-file"];
    let more = [&setting("PROXY_KEY"), "--tls-ca-cert-file", &setting("CA"), "--tls-auth-clients", "no"];
    let all: Vec<&str> = arguments.into_iter().chain(more).collect();
    let _server = Server::start("7.0", &all).await;
    let url = format!("rediss://127.0.0.1:{port}");
    let trusting = Cockpit::of(&format!("{url}/0?cacert={}", setting("CA")));
    trusting.live().await;
    Cockpit::of(&url).down("certificate signed by an authority we do not trust").await;
    Cockpit::of(&format!("{url}?cacert=/nowhere.pem")).down("cannot read `/nowhere.pem`").await;
}

/// The row of the client that bears this name.
async fn called(cockpit: &Cockpit, name: &str) -> Object {
    cockpit
        .until(&format!("a client called {name}"), |known| {
            known.of(Kind::Client).into_iter().find(|object| match &object.facts {
                Facts::Redis(RedisFacts::Client(client)) => &*client.name == name,
                _ => false,
            })
        })
        .await
}

fn disconnect(object: &Object) -> Native {
    Native { target: object.id.clone(), uid: object.uid.clone(), verb: Verb::Disconnect }
}

async fn look(cockpit: &Cockpit, native: &Native) -> Findings {
    looked(|| cockpit.backend.look(std::slice::from_ref(native))).await
}

async fn act(cockpit: &Cockpit, native: &Native) -> Outcome {
    let looked = Looked { native: native.clone(), generation: None, also: None };
    let (report, _heard) = tokio::sync::mpsc::channel(8);
    cockpit.backend.act(looked, Timestamp(0), &report).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_disconnected_by_its_identity_and_seen_to_be_gone() {
    for (version, _) in versions() {
        let server = Server::start(version, &[]).await;
        let cockpit = Cockpit::of(&server.url());
        cockpit.backend.watch(&[Kind::RedisNode, Kind::Client]);
        let _waits = server.client(&["client setname worker-1", "blpop queue 0"]);
        let worker = called(&cockpit, "worker-1").await;
        let native = disconnect(&worker);
        let findings = look(&cockpit, &native).await;
        assert_eq!((&findings.allowed, &findings.drift), (&Check::Yes, &None), "{version}");
        let said = findings.effect.join("\n");
        assert!(said.contains("called worker-1, user default, idle ") && said.contains("last "), "{said}");
        // The same number at another address is somebody else.
        let id = native.uid.split('@').next().unwrap_or_default();
        let other = Native { uid: format!("{id}@10.9.8.7:1").into(), ..native.clone() };
        let drifted = look(&cockpit, &other).await;
        assert!(drifted.drift.is_some_and(|why| why.contains("another one now")), "{version}");
        assert!(matches!(act(&cockpit, &other).await, Outcome::Refused { .. }), "{version}");
        assert!(server.cli(&["client", "list"]).contains("name=worker-1"), "nobody else was hit");
        let outcome = act(&cockpit, &native).await;
        assert!(
            matches!(&outcome, Outcome::Settled { says } if says.contains("is gone")),
            "{version}: {outcome:?}"
        );
        assert!(!server.cli(&["client", "list"]).contains("name=worker-1"));
        let gone = look(&cockpit, &native).await;
        assert!(gone.drift.is_some_and(|why| why.contains("is gone")), "{version}");
        assert!(matches!(act(&cockpit, &native).await, Outcome::Refused { .. }), "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_disconnect_is_told_before_and_firedeck_never_cuts_itself_off() {
    let server = Server::start("7.0", &[]).await;
    server.cli(&["acl", "setuser", "mon", "on", ">pw", "~*", "+@all", "-client|kill"]);
    let cockpit = Cockpit::known_as(&server.url(), Some(("mon", "pw")));
    cockpit.backend.watch(&[Kind::Client]);
    let _there = server.client(&["client setname web-1"]);
    let web = called(&cockpit, "web-1").await;
    let native = disconnect(&web);
    let findings = look(&cockpit, &native).await;
    assert_eq!(findings.allowed, Check::No("ACL SETUSER mon +client|kill".into()));
    assert!(matches!(act(&cockpit, &native).await, Outcome::Refused { .. }));
    let own = disconnect(&called(&cockpit, "firedeck").await);
    let findings = look(&cockpit, &own).await;
    assert!(findings.drift.is_some_and(|why| why.contains("firedeck's own connection")));
}

#[tokio::test(flavor = "multi_thread")]
async fn families_and_large_keys_are_found_by_a_bounded_sample_and_nothing_heavy_is_asked() {
    for (version, _) in versions() {
        let server = Server::start(version, &["--slowlog-log-slower-than", "0"]).await;
        let sessions = (0..20_000).map(|n| format!("setex session:{n} 3600 user\n"));
        let users = (0..5_000).map(|n| format!("hset app:user:{n} name {}\n", "x".repeat(50)));
        server.fed(&[], &sessions.chain(users).collect::<String>());
        server.put("app:queue:mail", 3_000_000);
        let cockpit = Cockpit::of(&server.url());
        cockpit.backend.watch(&[Kind::RedisNode, Kind::Client, Kind::SlowCall, Kind::KeyGroup]);
        let groups = cockpit
            .until("families", |known| {
                let rows = known.of(Kind::KeyGroup);
                let groups = rows.into_iter().filter_map(|object| match object.facts {
                    Facts::Redis(RedisFacts::Keys(group)) => Some(*group),
                    _ => None,
                });
                let groups: Vec<_> = groups.collect();
                (groups.first()?.sampled >= 2_000).then_some(groups)
            })
            .await;
        let family =
            |name: &str| groups.iter().find(|group| &*group.name == name).expect("a family of this name");
        let (sessions, users) = (family("session:*"), family("app:user:*"));
        assert!((70..=90).contains(&sessions.share().unwrap_or(0)), "{version}: {sessions:?}");
        assert!(
            sessions.keys.is_some_and(|keys| (16_000..=24_000).contains(&keys)),
            "{version}: {sessions:?}"
        );
        assert_eq!((sessions.lasting, users.lasting), (Some(0), Some(100)), "{version}");
        assert!(sessions.sampled < 6_000, "the sample is bounded: {}", sessions.sampled);
        let calls = server.cli(&["info", "commandstats"]).to_lowercase();
        let never =
            ["keys:", "monitor:", "debug:", "config|set", "flushall:", "randomkey:", "sort:", "get:calls"];
        for name in never {
            assert!(!calls.contains(&format!("cmdstat_{name}")), "{version} was asked {name}");
        }
        let slow = cockpit.until("slow calls", |known| known.of(Kind::SlowCall).into_iter().next()).await;
        let found = cockpit.backend.inspect(&slow.id).await;
        assert!(found.sections.iter().any(|section| section.title == "Slow call"), "{version}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_described_and_no_secret_of_it_is_shown() {
    for (version, _) in versions() {
        let server =
            Server::start(version, &["--requirepass", "hunter2hunter2", "--masterauth", "hunter2hunter2"])
                .await;
        let cockpit = Cockpit::known_as(&server.url(), Some(("default", "hunter2hunter2")));
        let node = cockpit.says(&server, "ok").await;
        let found = eventually("a whole description", || async {
            Some(cockpit.backend.inspect(&node.id).await).filter(|found| found.missing.is_empty())
        })
        .await;
        let titles: Vec<&str> = found.sections.iter().map(|section| section.title.as_str()).collect();
        for title in ["Server", "Memory", "Traffic", "Clients", "Persistence", "Settings", "Memory doctor"] {
            assert!(titles.contains(&title), "{version}: {titles:?}");
        }
        assert!(!format!("{found:?}").contains("hunter2"), "{version}");
        assert!(found.yaml.contains("used_memory: "), "{version}");
    }
}
