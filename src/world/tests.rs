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
