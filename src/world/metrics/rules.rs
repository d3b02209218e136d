//! Rules: alerts that wait, fire and end.
use std::collections::BTreeMap;
use std::time::Duration;

use promql_parser::parser::Expr;

use super::eval::{Fault, Query, Result, Sample, Value, milliseconds};
use super::series::{Labels, NAME, Store};
use super::template;

/// An alert that has ended is told of for so long.
const ENDED: i64 = 900_000;

/// An alerting rule, as a file has it.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    pub group: String,
    pub name: String,
    pub expr: String,
    /// How long it has to be so before it fires.
    pub hold: Duration,
    pub labels: Labels,
    pub annotations: Labels,
}

#[derive(Debug)]
pub(super) struct Running {
    pub rule: Rule,
    pub expr: Expr,
    pub alerts: BTreeMap<Labels, Active>,
    /// The series that told of the alerts last.
    told: Vec<Labels>,
    pub fault: Option<String>,
    pub evaluated: Option<i64>,
}

/// An alert, by when what happened to it.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub annotations: Labels,
    pub value: f64,
    pub since: i64,
    pub fired: Option<i64>,
    /// It was seen last.
    seen: i64,
    pub ended: Option<i64>,
}

impl Active {
    pub fn state(&self) -> &'static str {
        match (self.fired, self.ended) {
            (_, Some(_)) => "inactive",
            (Some(_), _) => "firing",
            (None, _) => "pending",
        }
    }
}

impl Running {
    pub fn new(rule: Rule) -> std::result::Result<Running, String> {
        let expr = super::eval::parse(&rule.expr)?;
        let (alerts, told) = (BTreeMap::new(), Vec::new());
        Ok(Running { rule, expr, alerts, told, fault: None, evaluated: None })
    }

    pub fn alive(&self) -> impl Iterator<Item = (&Labels, &Active)> {
        self.alerts.iter().filter(|(_, alert)| alert.ended.is_none())
    }

    pub fn evaluate(&mut self, store: &mut Store, at: i64) {
        self.evaluated = Some(at);
        let query = Query::new(store);
        let found = query.eval(&self.expr, at).and_then(|value| match value {
            Value::Scalar(value) => Ok(vec![Sample { labels: Labels::new(), value }]),
            other => super::eval::vector(other),
        });
        let found = found.and_then(|found| self.labelled(found));
        self.fault = found.as_ref().err().map(|fault| match fault {
            Fault::Expression(why) | Fault::Execution(why) => why.clone(),
        });
        let Ok(found) = found else { return };
        self.turn(found, at);
        let series = self.told();
        let gone = self.told.iter().filter(|labels| !series.contains_key(*labels));
        gone.for_each(|labels| store.end(labels, at));
        self.told = series.keys().cloned().collect();
        for (labels, value) in series {
            store.keep(labels, at, value);
        }
    }

    /// What was found, by the labels that the rule makes of it.
    fn labelled(&self, found: Vec<Sample>) -> Result<BTreeMap<Labels, Sample>> {
        let mut all = BTreeMap::new();
        for sample in found {
            let mut labels = sample.labels.clone();
            labels.remove(NAME);
            for (name, text) in &self.rule.labels {
                labels.insert(name.clone(), template::expand(text, &sample.labels, sample.value));
            }
            labels.insert("alertname".into(), self.rule.name.clone());
            labels.retain(|_, value| !value.is_empty());
            if all.insert(labels, sample).is_some() {
                let why = "vector contains metrics with the same labelset after applying alert labels";
                return Err(Fault::Execution(why.into()));
            }
        }
        Ok(all)
    }

    /// Lets alerts begin, fire and end.
    fn turn(&mut self, found: BTreeMap<Labels, Sample>, at: i64) {
        for (labels, sample) in found {
            let texts = self.rule.annotations.iter();
            let expand = |text: &String| template::expand(text, &sample.labels, sample.value);
            let annotations = texts.map(|(name, text)| (name.clone(), expand(text))).collect();
            let known = self.alerts.get(&labels).filter(|known| known.ended.is_none());
            let since = known.map_or(at, |known| known.since);
            let held = at - since >= milliseconds(self.rule.hold);
            let fired = known.and_then(|known| known.fired).or(held.then_some(at));
            let alert = Active { annotations, value: sample.value, since, fired, seen: at, ended: None };
            self.alerts.insert(labels, alert);
        }
        for alert in self.alerts.values_mut().filter(|alert| alert.seen != at) {
            if alert.fired.is_some() {
                alert.ended.get_or_insert(at);
            }
        }
        self.alerts.retain(|_, alert| match (alert.fired, alert.ended) {
            (_, Some(ended)) => at - ended < ENDED,
            (Some(_), None) => true,
            (None, None) => alert.seen == at,
        });
    }

    /// The series that tell of the alerts.
    fn told(&self) -> BTreeMap<Labels, f64> {
        let series = |(labels, alert): (&Labels, &Active)| {
            let mut labels = labels.clone();
            labels.insert(NAME.into(), "ALERTS".into());
            labels.insert("alertstate".into(), alert.state().into());
            (labels, 1.0)
        };
        self.alive().map(series).collect()
    }
}
