//! What the scenario lets happen, in its own time and by what is so.
use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::World;
use super::base::seconds;
use super::build;
use super::cluster::{Behaviour, NodeState, PodFact, What as Does};
use super::engine::{Behaviour as Ran, Heals};
use super::postgres::{Pool, Work};
use super::scenario::{App, What};
use super::sites::Page;

/// Sessions that apps open and do not give back.
#[derive(Debug, Default)]
pub(super) struct Leaks(BTreeMap<String, Leak>);

#[derive(Debug)]
struct Leak {
    per_minute: f64,
    most: usize,
    in_transaction: bool,
    /// How many it has opened so far; a part of one waits for its time.
    open: f64,
}

fn split(app: &str) -> (&str, &str) {
    app.split_once('/').unwrap_or(("default", app))
}

impl World {
    /// The scenario's events whose time has come.
    pub(super) fn happen(&mut self) {
        let passed = seconds(self.began, self.now);
        while let Some(event) = self.scenario.at.get(self.happened).filter(|event| event.after <= passed) {
            let event = event.clone();
            self.happened += 1;
            self.tape.happens(self.now, &event.says);
            event.what.iter().for_each(|what| self.does(what));
        }
    }

    /// What follows from what holds now.
    pub(super) fn react(&mut self) {
        let rules = self.scenario.when.clone();
        for (n, rule) in rules.iter().enumerate() {
            let holds = match rule.did.as_str() {
                "" => self.metrics.holds(&rule.holds),
                did => self.tape.has(did),
            };
            let (before, times) = self.held.get(&n).copied().unwrap_or_default();
            let begins = holds && !before && (times == 0 || rule.again);
            self.held.insert(n, (holds, times + u32::from(begins)));
            if begins {
                self.tape.happens(self.now, &rule.says);
                rule.what.iter().for_each(|what| self.does(what));
            }
        }
        let metrics = &self.metrics;
        self.tape.weighs(|so| metrics.holds(so));
    }

    fn does(&mut self, what: &What) {
        match what {
            What::Image { app, to } => self.image(app, to),
            What::Behave { app, what, words, exit_code } => {
                let (namespace, name) = split(app);
                let does = Does::parse(what).map(|what| Behaviour {
                    words: words.clone(),
                    exit_code: *exit_code,
                    ..Behaviour::from(what)
                });
                self.cluster.behave(namespace, name, does.filter(|_| what != "ok"));
            }
            What::Usage { app, cpu_milli, memory_mib } => {
                let (namespace, name) = split(app);
                self.cluster.usage(namespace, name, *cpu_milli, memory_mib * 1_048_576.0);
            }
            What::Errors { app, percent } => {
                self.errors.insert(app.clone(), *percent);
            }
            What::Node { name, state } => {
                let state = match state.as_str() {
                    "ready" => NodeState::Ready,
                    "silent" => NodeState::Silent,
                    pressure => NodeState::Pressure(pressure.to_owned()),
                };
                self.cluster.node_state(name, state);
            }
            What::Leak { app, per_minute, most, in_transaction } => {
                let open = self.leaks.0.get(app).map_or(0.0, |leak| leak.open);
                let leak =
                    Leak { per_minute: *per_minute, most: *most, in_transaction: *in_transaction, open };
                self.leaks.0.insert(app.clone(), leak);
            }
            What::EndLeak { app } => {
                // The pods that held them are gone.
                self.leaks.0.remove(app);
                self.database.remove_pool(&format!("{app} leaked"));
            }
            What::Lock { app, table, waiting } => self.lock(app, table, *waiting),
            What::Writer(writer) => self.cache.writer(writer.into()),
            What::EndWriter { prefix } => self.cache.clear_writer(prefix),
            What::Redis { setting, value } => {
                self.cache.setting(setting, value);
            }
            What::Site { name, path, status, says } => {
                self.sites.site(name, path, Page::text(*status, says));
                self.couple.fixed.insert((name.clone(), path.clone()));
            }
            What::Certificate { days } => {
                let ends = self.now + SignedDuration::from_hours(days * 24);
                self.sites.renew(ends - build::VALID, ends);
            }
            What::Container { service, what, says, heals } => self.container(service, what, says, heals),
            What::Say { app, line } => {
                let (namespace, name) = split(app);
                self.cluster.say(namespace, name, line);
            }
            What::Apply { object } => {
                // A scenario's objects are tried by the tests.
                let _ = self.cluster.apply(object.clone());
            }
        }
    }

    fn image(&mut self, app: &str, to: &str) {
        if let Some(app) = self.scenario.app(app) {
            let _ = self.cluster.apply(build::deployment(app, to));
        }
    }

    fn lock(&mut self, app: &str, table: &str, waiting: usize) {
        let Some(base) = self.scenario.app(app).map(pool_of) else { return };
        let holder = format!("{app} lock");
        let update = format!("UPDATE {table} SET state = 'paid' WHERE id = 4711");
        self.database.pool(Pool {
            name: holder.clone(),
            size: 1,
            work: Work::InTransaction,
            query: update.clone(),
            leak: true,
            table: Some(table.into()),
            ..base.clone()
        });
        self.database.pool(Pool {
            name: format!("{app} waiting"),
            size: waiting,
            work: Work::Active,
            query: update,
            waits_for: Some(holder),
            table: Some(table.into()),
            ..base
        });
    }

    /// Leaks go on, for as long as there are pods that leak.
    pub(super) fn leak(&mut self, passed: f64, pods: &[PodFact]) {
        for (key, leak) in &mut self.leaks.0 {
            let Some(app) = self.scenario.app(key) else { continue };
            let own = |pod: &&PodFact| pod.namespace == app.namespace && pod.app == app.name && pod.ready;
            let mut pool = pool_of(app);
            if let Some(pod) = pods.iter().find(own) {
                leak.open = (leak.open + leak.per_minute * passed / 60.0)
                    .min(f64::from(u32::try_from(leak.most).unwrap_or(0)));
                pool.client.clone_from(&pod.address);
            }
            pool.name = format!("{key} leaked");
            pool.leak = true;
            pool.work = if leak.in_transaction { Work::InTransaction } else { Work::Idle };
            pool.size = whole(leak.open);
            self.database.pool(pool);
        }
    }

    fn container(&mut self, service: &str, what: &str, says: &str, heals: &str) {
        let project = self.scenario.container.iter().find(|one| one.service == service);
        let Some(project) = project.map(|one| one.project.clone()) else { return };
        let says = says.to_owned();
        let behaviour = match what {
            "unhealthy" => Ran::Unhealthy { says },
            "crash" => Ran::Crash { after: 12.0, code: 1, says },
            "oom" => Ran::Oom { after: 40.0 },
            "noisy" => Ran::Noisy { lines_per_second: 200.0, says },
            "leak" => Ran::Leak { bytes_per_second: 2_000_000.0 },
            _ => Ran::Ok,
        };
        let heals = match heals {
            "" | "restart" => Heals::Restart,
            "nothing" => Heals::Nothing,
            "other-image" => Heals::OtherImage,
            start => Heals::StartOf(start.to_owned()),
        };
        self.engine.behave(&project, service, &behaviour, &heals);
    }
}

/// A pool of this app as its pods have them; of no size yet.
pub(super) fn pool_of(app: &App) -> Pool {
    Pool {
        application: app.name.clone(),
        user: app.database.clone(),
        database: app.database.clone(),
        query: app.query.clone(),
        size: 0,
        ..Pool::default()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a small count")]
fn whole(count: f64) -> usize {
    count.clamp(0.0, 10_000.0) as usize
}
