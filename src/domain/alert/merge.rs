//! One picture out of what several Alertmanagers and Prometheis say.
//!
//! An Alertmanager knows who is told and what is held back; a Prometheus knows the value, the expression and what
//! is pending. An alert is its labels. Prometheus puts its external labels on only when it sends, so its own word
//! of an alert is found by the labels without those.
mod apart;
mod join;
mod watchdog;

use std::collections::HashMap;
use std::time::Duration;

use super::{Alert, AlertState, Pairs, Silence};
use crate::domain::Text;
use crate::domain::time::Timestamp;
use watchdog::Kept;

/// Members of one cluster are not polled at the same moment, and Prometheus sends to one after the other.
const MEMBERS_AGREE: Duration = Duration::from_secs(20);
/// So long a firing alert may take from a Prometheus to an Alertmanager.
const SENT_WITHIN: Duration = Duration::from_mins(1);

/// What one server says of one alert.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// Of the labels as the server has them.
    pub print: u64,
    pub name: Text,
    /// Sorted, made harmless.
    pub labels: Pairs,
    pub annotations: Pairs,
    pub state: AlertState,
    pub since: Option<Timestamp>,
    pub value: Option<Text>,
    pub expression: Option<Text>,
    pub receivers: Vec<Text>,
    pub silenced_by: Vec<Text>,
    pub inhibited_by: Vec<Text>,
    pub muted_by: Vec<Text>,
    pub generator: Option<Text>,
}

/// The last that was heard of one server.
#[derive(Debug, Clone, Default)]
pub struct Word {
    pub endpoint: Text,
    /// An Alertmanager; else a Prometheus.
    pub manager: bool,
    /// It answers now.
    pub live: bool,
    /// Alertmanagers of one cluster share a number.
    pub cluster: usize,
    pub alerts: Vec<Told>,
    pub silences: Vec<Silence>,
    /// Rules of a Prometheus that should fire always, with their labels.
    pub watchdogs: Vec<(Text, Pairs)>,
}

/// What has to be remembered from one picture to the next.
#[derive(Debug, Default)]
pub struct Merger {
    /// Who does not tell of what others tell, since when.
    doubts: HashMap<(u64, Text), (Timestamp, u64)>,
    watchdogs: HashMap<u64, Kept>,
    round: u64,
}

/// An alert on its way into the picture.
#[derive(Debug)]
struct Row {
    print: u64,
    alert: Alert,
    /// By whom it is seen, as places in the list of words.
    managers: Vec<usize>,
    sources: Vec<usize>,
}

impl Merger {
    /// `managed`: Alertmanagers are named, whether they answer or not.
    pub fn merge(&mut self, words: &[Word], managed: bool, now: Timestamp) -> Vec<Alert> {
        self.round += 1;
        let mut rows = managers(words);
        // Who answers comes first: the last word of one that does not is no more than an addition.
        for live in [true, false] {
            let sources = words.iter().enumerate().filter(|(_, word)| !word.manager && word.live == live);
            for (at, word) in sources {
                join::take(&mut rows, at, word);
            }
        }
        for row in &mut rows {
            let mut tellers = row.managers.iter().chain(&row.sources).filter_map(|at| words.get(*at));
            row.alert.stale = !tellers.any(|word| word.live);
            if !row.alert.stale {
                self.doubt(row, words, now);
            }
        }
        self.watch(&mut rows, words, managed, now);
        let round = self.round;
        self.doubts.retain(|_, (_, last)| *last == round);
        let mut alerts: Vec<Alert> = rows.into_iter().map(|row| row.alert).collect();
        apart::tell(&mut alerts);
        alerts
    }

    /// Whether `endpoint` has not told of it for so long that it is no longer a matter of moments.
    fn lasts(&mut self, print: u64, endpoint: &Text, at_least: Duration, now: Timestamp) -> bool {
        let (since, last) = self.doubts.entry((print, endpoint.clone())).or_insert((now, 0));
        *last = self.round;
        now.since(*since) >= at_least
    }

    /// Names the Alertmanagers that should know the alert and do not.
    fn doubt(&mut self, row: &mut Row, words: &[Word], now: Timestamp) {
        let (seen, at_least) = match (row.managers.as_slice(), row.alert.state) {
            ([], AlertState::Firing) => (None, SENT_WITHIN),
            ([], _) => return,
            (seen, _) => (Some(seen), MEMBERS_AGREE),
        };
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.manager && word.live) {
            let due = seen.is_none_or(|seen| {
                let same =
                    |other: &usize| words.get(*other).is_some_and(|other| other.cluster == word.cluster);
                !seen.contains(&at) && seen.iter().any(same)
            });
            if due && self.lasts(row.print, &word.endpoint, at_least, now) {
                row.alert.not_seen_by.push(word.endpoint.clone());
            }
        }
    }
}

/// What the Alertmanagers say, each alert once. The last word of one that is down counts only where no other of its
/// cluster answers.
fn managers(words: &[Word]) -> Vec<Row> {
    let answered = |cluster| words.iter().any(|word| word.manager && word.live && word.cluster == cluster);
    let mut ends: HashMap<&Text, Timestamp> = HashMap::new();
    for silence in
        words.iter().filter(|word| word.live || !answered(word.cluster)).flat_map(|word| &word.silences)
    {
        if let Some(end) = silence.ends {
            // The longer one is the newer: it spreads from member to member.
            ends.entry(&silence.id).and_modify(|known| *known = end.max(*known)).or_insert(end);
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut by_print: HashMap<u64, usize> = HashMap::new();
    for (at, word) in words.iter().enumerate() {
        if !word.manager || (!word.live && answered(word.cluster)) {
            continue;
        }
        for told in &word.alerts {
            let there = *by_print.entry(told.print).or_insert(rows.len());
            match rows.get_mut(there) {
                Some(row) => join(row, told),
                None => rows.push(Row {
                    print: told.print,
                    alert: alert(told),
                    managers: Vec::new(),
                    sources: Vec::new(),
                }),
            }
            if let Some(row) = rows.get_mut(there) {
                row.managers.push(at);
                if word.live {
                    row.alert.seen_by.push(word.endpoint.clone());
                }
                let until = row.alert.silenced_by.iter().filter_map(|id| ends.get(id)).max();
                row.alert.silenced_until = until.copied();
            }
        }
    }
    rows
}

/// A second server's word of the same alert.
fn join(row: &mut Row, told: &Told) {
    let alert = &mut row.alert;
    // Where one still tells people, people are told.
    alert.state = alert.state.min(told.state);
    alert.since = match (alert.since, told.since) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let add = |all: &mut Vec<Text>, more: &[Text]| {
        for one in more {
            if !all.contains(one) {
                all.push(one.clone());
            }
        }
    };
    add(&mut alert.receivers, &told.receivers);
    add(&mut alert.silenced_by, &told.silenced_by);
    add(&mut alert.inhibited_by, &told.inhibited_by);
    add(&mut alert.muted_by, &told.muted_by);
}

fn alert(told: &Told) -> Alert {
    let annotation = |wanted: &str| {
        let found = told.annotations.iter().chain(told.labels.iter()).find(|(name, _)| &**name == wanted);
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let label =
        |wanted: &str| told.labels.iter().find(|(name, _)| &**name == wanted).map(|(_, value)| value.clone());
    Alert {
        fingerprint: format!("{:016x}", told.print).into(),
        name: told.name.clone(),
        labels: told.labels.clone(),
        annotations: told.annotations.clone(),
        state: told.state,
        severity: label("severity").unwrap_or_default(),
        since: told.since,
        value: told.value.clone(),
        expression: told.expression.clone(),
        receivers: told.receivers.clone(),
        silenced_by: told.silenced_by.clone(),
        inhibited_by: told.inhibited_by.clone(),
        muted_by: told.muted_by.clone(),
        generator: told.generator.clone(),
        runbook: annotation("runbook_url").or_else(|| annotation("runbook")),
        ..Alert::default()
    }
}

/// The silences of all servers, each once, with how many alerts it holds back.
pub fn silences(words: &[Word], alerts: &[Alert], soon: Timestamp) -> Vec<Silence> {
    let mut holds: HashMap<&Text, u32> = HashMap::new();
    for id in alerts.iter().flat_map(|alert| &alert.silenced_by) {
        *holds.entry(id).or_default() += 1;
    }
    let answered = |cluster| words.iter().any(|word| word.manager && word.live && word.cluster == cluster);
    let mut all: Vec<Silence> = Vec::new();
    let mut by_id: HashMap<&Text, usize> = HashMap::new();
    for word in words.iter().filter(|word| word.manager && (word.live || !answered(word.cluster))) {
        for silence in &word.silences {
            let there = *by_id.entry(&silence.id).or_insert(all.len());
            match all.get_mut(there) {
                // What was ended does not begin again under its id.
                Some(known) if known.is_over() => {}
                Some(known) if silence.is_over() => {
                    (known.state, known.ends) = (silence.state.clone(), silence.ends);
                }
                // The longer one is the newer: it spreads from member to member.
                Some(known) => known.ends = known.ends.max(silence.ends),
                None => all.push(silence.clone()),
            }
            if let Some(known) = all.get_mut(there) {
                known.seen_by.push(word.endpoint.clone());
            }
        }
    }
    for silence in &mut all {
        // What is over holds nothing, whatever an alert was heard to say before.
        let now = holds.get(&silence.id).filter(|_| !silence.is_over());
        silence.holds = now.copied().unwrap_or(0);
        silence.ends_soon = &*silence.state == "active" && silence.ends.is_some_and(|ends| ends <= soon);
    }
    all
}

#[cfg(test)]
mod tests;
