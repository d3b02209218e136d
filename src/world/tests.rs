//! Scenarios as they go by themselves, and what heals them, in the world's own time.
use jiff::{SignedDuration, Timestamp};

use super::World;
use super::scenario::{self, Scenario};

struct Told {
    world: World,
    now: Timestamp,
}

impl Told {
    fn new(name: &str) -> Told {
        let scenario = Scenario::built_in(name).expect("there is one").expect("it is read");
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000);
        Told { world: World::new(scenario, 7, now).expect("it is built"), now }
    }

    fn passes(&mut self, seconds: i64) -> &mut Told {
        for _ in 0..seconds * 2 {
            self.now += SignedDuration::from_millis(500);
            self.world.tick(self.now);
        }
        self
    }

    fn firing(&self) -> Vec<String> {
        let facts = self.world.alerts.facts();
        let name = |fact: &super::alerts::Fact| fact.labels.get("alertname").cloned().unwrap_or_default();
        let mut all: Vec<String> = facts.iter().map(name).filter(|name| name != "Watchdog").collect();
        all.sort();
        all.dedup();
        all
    }
}

#[test]
fn every_page_goes_out_within_two_minutes_and_before_it_all_is_well() {
    for name in scenario::names() {
        let mut told = Told::new(name);
        assert_eq!(told.passes(6).firing(), [""; 0], "{name}: nothing is wrong yet");
        told.passes(114);
        let page = told.world.scenario().page.clone();
        if page.is_empty() {
            assert_eq!(told.firing(), [""; 0], "{name}");
        }
        // One that comes and goes, as a leak's does, may be gone again at this very moment.
        assert_eq!(told.world.tape.paged().is_some(), !page.is_empty(), "{name}");
        assert!(told.world.tape.healed().is_none(), "{name} heals only when something is done");
    }
}

#[test]
fn a_quiet_morning_stays_quiet_and_its_watchdog_barks_all_the_while() {
    let mut told = Told::new("quiet-morning");
    told.passes(20 * 60);
    assert_eq!(told.firing(), [""; 0]);
    let all: Vec<_> = told.world.alerts.facts().into_iter().map(|fact| fact.labels).collect();
    let watchdog =
        |labels: &super::alerts::Labels| labels.get("alertname").is_some_and(|name| name == "Watchdog");
    assert!(all.iter().any(watchdog), "{all:?}");
}

/// What an operator does, as each server hears it.
fn does(told: &mut Told, deed: &str) {
    let (tool, line) = deed.split_once(' ').expect("a tool and its words");
    let world = &mut told.world;
    match tool {
        "sql" => {
            super::postgres::tests::ask(&mut world.database, "oncall", line);
        }
        "redis" => {
            super::redis::tests::say(&mut world.cache, line);
        }
        "docker" => assert_eq!(super::engine::tests::post(&mut world.engine, line), 204, "{line}"),
        "post" => {
            let none = serde_json::Value::Null;
            let _ = world.sites.answer(&super::cluster::tests::request("POST", line, &none));
        }
        _ => {
            let (path, body) = line.split_once(' ').expect("a path and a body");
            let path = format!("/apis/apps/v1/namespaces/shop/deployments/{path}");
            let body = serde_json::from_str(body).expect("JSON");
            super::cluster::tests::ask(&mut world.cluster, "admin", "PATCH", &path, &body).expect("patched");
        }
    }
}

fn image(app: &str, tag: &str) -> String {
    let image = format!("registry.example/shop/{app}:{tag}");
    let own = serde_json::json!([{"name": app, "image": image}]);
    format!("patch {app} {}", serde_json::json!({"spec": {"template": {"spec": {"containers": own}}}}))
}

fn restart(app: &str) -> String {
    let annotations = serde_json::json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
    let metadata = serde_json::json!({ "annotations": annotations });
    format!("patch {app} {}", serde_json::json!({"spec": {"template": {"metadata": metadata}}}))
}

const BLOCKS: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'";
const WAITS: &str = "SELECT pg_terminate_backend(min(pid)) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0";
const IDLE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND application_name = 'orders'";

#[test]
fn every_scenario_is_over_by_what_its_runbook_does_and_nothing_else_counts_for_it() {
    let more = r#"patch worker {"spec":{"template":{"spec":{"containers":[{"name":"worker","resources":{"limits":{"memory":"512Mi"}}}]}}}}"#;
    let software = r#"patch payments {"spec":{"template":{"spec":{"containers":[{"name":"payments","env":[{"name":"SIGNER_MODE","value":"software"}]}]}}}}"#;
    // What does not help, and does not count; then what does.
    let all: [(&str, &[String], &[String]); 10] = [
        ("connections", &[restart("orders")], &[image("orders", "4.1.9"), format!("sql {IDLE}")]),
        ("bad-release", &[restart("web")], &[image("web", "7.3.1")]),
        ("memory-leak", &[restart("worker")], &[more.to_owned()]),
        ("cache-full", &[], &["redis CONFIG SET maxmemory-policy allkeys-lru".to_owned()]),
        (
            "cache-full",
            &[restart("catalog")],
            &["redis CONFIG SET maxmemory 256mb".to_owned(), image("catalog", "3.0.2")],
        ),
        ("certificate", &[], &["post http://ca.shop.example/renew".to_owned()]),
        ("signer", &[restart("orders")], &[software.to_owned(), restart("signer")]),
        ("lying-check", &[restart("web")], &[restart("catalog")]),
        (
            "unhealthy-container",
            &["docker /containers/portal-worker-1/restart".to_owned()],
            &["docker /containers/portal-api-1/restart".to_owned()],
        ),
        ("blocked", &[format!("sql {WAITS}")], &[format!("sql {BLOCKS}")]),
    ];
    for (name, wrong, right) in all {
        let mut told = Told::new(name);
        told.passes(60);
        assert!(told.world.tape.paged().is_some() || name == "bad-release", "{name}: {:?}", told.firing());
        for deed in wrong {
            does(&mut told, deed);
        }
        told.passes(40);
        assert!(told.world.tape.healed().is_none(), "{name}: {wrong:?} does not end it");
        let done = told.world.tape.right().filter(|(_, at)| at.is_some()).count();
        assert_eq!(done, 0, "{name}: {:?}", told.world.tape.right().collect::<Vec<_>>());
        for deed in right {
            does(&mut told, deed);
        }
        for _ in 0..24 {
            if told.world.tape.healed().is_some() && told.firing().is_empty() {
                break;
            }
            told.passes(10);
        }
        let tape: Vec<&str> = told.world.tape.entries().iter().map(|entry| entry.says.as_str()).collect();
        assert!(told.world.tape.healed().is_some(), "{name}: {:?}\n{tape:#?}", told.firing());
        assert_eq!(told.firing(), [""; 0], "{name}");
    }
}
