//! A Prometheus: series that the world measures, rules over them, and expressions that are asked.
mod api;
mod eval;
mod functions;
mod operators;
mod rules;
mod series;
pub mod serve;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use rules::Rule;
pub use series::Labels;

use rules::Running;
use series::{NAME, Store};

/// Seconds between two scrapes, and between two looks at the rules.
pub const EVERY: i64 = 5;
/// An alert that is not told again is over after so many seconds.
const VALID: i64 = 240;

/// An alert as it is told to an Alertmanager.
#[derive(Debug, Clone)]
pub struct Fired {
    pub labels: Labels,
    pub annotations: Labels,
    pub starts: Timestamp,
    /// In the past where it has ended.
    pub ends: Timestamp,
    pub generator: String,
}

#[derive(Debug)]
struct Target {
    fault: Option<String>,
    scraped: Option<i64>,
}

pub struct Metrics {
    store: Store,
    targets: BTreeMap<(String, String), Target>,
    rules: Vec<Running>,
    /// What all alerts get on their way.
    external: Labels,
    /// Where people reach it.
    address: String,
    began: i64,
    now: i64,
    scraped: Option<i64>,
}

impl Metrics {
    pub fn new(address: &str, external: &[(&str, &str)], now: Timestamp) -> Metrics {
        let (store, targets, rules, now) =
            (Store::default(), BTreeMap::new(), Vec::new(), now.as_millisecond());
        let (external, address) = (owned(external), address.into());
        Metrics { store, targets, rules, external, address, began: now, now, scraped: None }
    }

    /// Whether the next tick scrapes, near enough. Whatever is not set anew between two scrapes has ended.
    pub fn due(&self, now: Timestamp) -> bool {
        self.scraped.is_none_or(|scraped| now.as_millisecond() - scraped >= EVERY * 1_000 - 100)
    }

    /// What the next scrape will find; where its `job` and `instance` are a target that is down, it finds nothing.
    pub fn set(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.store.set(named(name, labels), value);
    }

    /// Something that is scraped, and why it cannot be.
    pub fn target(&mut self, job: &str, instance: &str, up: Result<(), &str>) {
        let key = (job.to_owned(), instance.to_owned());
        let target = self.targets.entry(key).or_insert(Target { fault: None, scraped: None });
        target.fault = up.err().map(str::to_owned);
    }

    /// Says what is wrong with its expression.
    pub fn rule(&mut self, rule: Rule) -> Result<(), String> {
        self.rules.push(Running::new(rule)?);
        Ok(())
    }

    pub fn tick(&mut self, now: Timestamp) {
        let due = self.due(now);
        self.now = now.as_millisecond();
        if !due {
            return;
        }
        let start = self.scraped.replace(self.now).is_none();
        for ((job, instance), target) in &mut self.targets {
            target.scraped = Some(self.now);
            let up = if target.fault.is_none() { 1.0 } else { 0.0 };
            self.store.set(named("up", &[("job", job), ("instance", instance)]), up);
        }
        let down = |labels: &Labels| {
            let target = labels.get("job").cloned().zip(labels.get("instance").cloned());
            let target = target.and_then(|key| self.targets.get(&key));
            labels.get(NAME).is_some_and(|name| name != "up") && target.is_some_and(|one| one.fault.is_some())
        };
        self.store.scrape(self.now, start, |labels| !down(labels));
        for rule in &mut self.rules {
            rule.evaluate(&mut self.store, self.now);
        }
    }

    /// Whether an expression gives anything now that is not zero; what cannot be read does not hold.
    pub fn holds(&self, expr: &str) -> bool {
        let Ok(expr) = eval::parse(expr) else { return false };
        let query = eval::Query::new(&self.store);
        match query.eval(&expr, self.now) {
            Ok(eval::Value::Scalar(value)) => value != 0.0,
            Ok(eval::Value::Vector(samples)) => samples.iter().any(|sample| sample.value != 0.0),
            _ => false,
        }
    }

    /// The alerts that fire, and those that have ended lately.
    pub fn firing(&self) -> Vec<Fired> {
        let mut all = Vec::new();
        for rule in &self.rules {
            for (labels, alert) in &rule.alerts {
                let Some(fired) = alert.fired else { continue };
                let mut labels = labels.clone();
                for (name, value) in &self.external {
                    labels.entry(name.clone()).or_insert_with(|| value.clone());
                }
                let ends = alert.ended.unwrap_or(self.now + VALID * 1_000);
                all.push(Fired {
                    labels,
                    annotations: alert.annotations.clone(),
                    starts: time(fired),
                    ends: time(ends),
                    generator: format!(
                        "{}/graph?g0.expr={}&g0.tab=1",
                        self.address,
                        api::escaped(&rule.rule.expr)
                    ),
                });
            }
        }
        all
    }
}

fn named(name: &str, labels: &[(&str, &str)]) -> Labels {
    let mut labels = owned(labels);
    labels.insert(NAME.into(), name.into());
    labels
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}
