//! The embedded world: small servers on loopback that speak the real protocols, over one state that is moved by one
//! clock and reacts to what is done to it. Nothing of it exists until a demo or a drill begins.
//!
//! Each part is a server's state and knows no other; [`World`] lets time pass for all of them and carries what one
//! means for another: pods hold sessions in the database, an app without sessions fails its requests, and the
//! metrics tell of everything, so that alerts fire and end by what is so.
pub mod alerts;
pub mod base;
mod build;
pub mod cluster;
mod couple;
pub mod engine;
mod happen;
pub mod http;
pub mod metrics;
pub mod postgres;
pub mod redis;
pub mod scenario;
pub mod servers;
pub mod sites;
pub mod tape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::alerts::Alerts;
use self::base::seconds;
use self::cluster::Cluster;
use self::engine::Engine;
use self::happen::Leaks;
use self::metrics::Metrics;
use self::postgres::Database;
use self::redis::Redis;
use self::scenario::Scenario;
use self::sites::Sites;
use self::tape::Tape;

pub use self::build::{CACHE, DATABASE};

pub struct World {
    pub cluster: Cluster,
    pub database: Database,
    pub cache: Redis,
    pub engine: Engine,
    pub metrics: Metrics,
    pub alerts: Alerts,
    pub sites: Sites,
    pub tape: Tape,
    scenario: Scenario,
    began: Timestamp,
    now: Timestamp,
    /// Which of the scenario's events have happened.
    happened: usize,
    /// Which conditions held at the last look, and how often they began to.
    held: BTreeMap<usize, (bool, u32)>,
    leaks: Leaks,
    /// Requests of a hundred that fail by the scenario's word, by app.
    errors: BTreeMap<String, f64>,
    couple: couple::Couple,
}

impl World {
    /// The estate of this scenario, as old as an estate is, before anything has happened.
    pub fn new(scenario: Scenario, seed: u64, now: Timestamp) -> Result<World, String> {
        Ok(World {
            cluster: build::cluster(&scenario, seed, now)?,
            database: build::database(&scenario, seed, now),
            cache: build::cache(&scenario, seed, now),
            engine: build::engine(&scenario, seed, now),
            metrics: build::metrics(&scenario, now)?,
            alerts: build::alerts(seed, now),
            sites: build::sites(&scenario, now),
            tape: Tape::new(&scenario),
            scenario,
            began: now,
            now,
            happened: 0,
            held: BTreeMap::new(),
            leaks: Leaks::default(),
            errors: BTreeMap::new(),
            couple: couple::Couple::default(),
        })
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Everything that happens until `now`.
    pub fn tick(&mut self, now: Timestamp) {
        let passed = seconds(self.now, now);
        self.now = self.now.max(now);
        self.happen();
        self.cluster.tick(now);
        let pods = self.cluster.pods();
        self.leak(passed, &pods);
        self.hold(&pods);
        self.database.tick(now);
        let facts = self.database.facts();
        self.cache.tick(now);
        self.engine.tick(now);
        self.show(&pods, &facts);
        let due = self.metrics.due(now);
        if due {
            self.measure(&pods, &facts);
            self.metrics.tick(now);
            self.react();
        }
        self.tell_alerts(due);
        self.alerts.tick(now);
        self.hear();
    }
}
