//! Alerts that fire always: one that is missing is a row of its own, and the worst.
use super::{Merger, Row, SENT_WITHIN, Told, Word, alert};
use crate::domain::Text;
use crate::domain::alert::{Alert, AlertState, Pairs, fingerprint, is_watchdog};
use crate::domain::time::Timestamp;

/// A watchdog that was seen once.
#[derive(Debug)]
pub(super) struct Kept {
    alert: Alert,
    /// Who told of it.
    by: Vec<Text>,
    missing: Option<Timestamp>,
}

impl Merger {
    /// Remembers the watchdogs that are there, and adds a row for each that is not although its servers answer.
    pub(super) fn watch(&mut self, rows: &mut Vec<Row>, words: &[Word], managed: bool, now: Timestamp) {
        let mut present: Vec<u64> = Vec::new();
        // Under which name one arrived, and which Prometheis fire it.
        let mut arrived: Vec<(Text, Vec<usize>)> = Vec::new();
        for row in rows.iter().filter(|row| is_watchdog(&row.alert.name)) {
            let who = if managed { &row.managers } else { &row.sources };
            let live = who.iter().filter_map(|at| words.get(*at)).filter(|word| word.live);
            let by: Vec<Text> = live.map(|word| word.endpoint.clone()).collect();
            if by.is_empty() || row.alert.state == AlertState::Pending {
                continue;
            }
            present.push(row.print);
            arrived.push((row.alert.name.clone(), row.sources.clone()));
            self.watchdogs.insert(row.print, Kept { alert: row.alert.clone(), by, missing: None });
        }
        let live = |endpoint: &Text| words.iter().any(|word| word.live && word.endpoint == *endpoint);
        let mut missing: Vec<(u64, Alert)> = Vec::new();
        for (print, kept) in self.watchdogs.iter_mut().filter(|(print, _)| !present.contains(print)) {
            let answer: Vec<Text> = kept.by.iter().filter(|endpoint| live(endpoint)).cloned().collect();
            if answer.is_empty() {
                // Of whom nobody can be asked nothing is known.
                continue;
            }
            let since = *kept.missing.get_or_insert(now);
            let mut alert = kept.alert.clone();
            (alert.since, alert.not_seen_by) = (Some(since), answer);
            missing.push((*print, alert));
        }
        let configured: Vec<(usize, &Word, &Text, &Pairs)> = words
            .iter()
            .enumerate()
            .filter(|(_, word)| word.live)
            .flat_map(|(at, word)| word.watchdogs.iter().map(move |(name, labels)| (at, word, name, labels)))
            .collect();
        let managers: Vec<Text> =
            words.iter().filter(|word| word.manager && word.live).map(|word| word.endpoint.clone()).collect();
        for (at, word, name, labels) in configured {
            // One that no Prometheus is known to have sent may be of any of them.
            let there =
                arrived.iter().any(|(known, by)| known == name && (by.is_empty() || by.contains(&at)));
            let told = missing.iter().any(|(_, alert)| alert.name == *name);
            // Without an Alertmanager that answers nobody can say whether it arrived.
            if there || told || (managed && managers.is_empty()) {
                continue;
            }
            let print = fingerprint(labels.iter().map(|(name, value)| (&**name, &**value)));
            // Not the doubt about the alert itself, which is remembered under its print.
            if self.lasts(!print, &word.endpoint, SENT_WITHIN, now) {
                let told = Told { print, name: name.clone(), labels: labels.clone(), ..Told::default() };
                let by = if managed { managers.clone() } else { vec![word.endpoint.clone()] };
                missing.push((print, Alert { not_seen_by: by, ..alert(&told) }));
            }
        }
        for (print, lost) in missing {
            let fires = |row: &Row| row.managers.is_empty() && row.alert.name == lost.name;
            let own = rows.iter().position(|row| fires(row) && row.print == print);
            let own = own.or_else(|| rows.iter().position(fires)).and_then(|at| rows.get_mut(at));
            if let Some(row) = own.filter(|_| managed) {
                // A Prometheus fires it, and it does not arrive.
                row.alert.missing_watchdog = true;
                row.alert.not_seen_by = lost.not_seen_by;
                continue;
            }
            if rows.iter().any(|row| row.print == print) {
                continue;
            }
            let alert = gone(lost);
            rows.push(Row { print, alert, managers: Vec::new(), sources: Vec::new() });
        }
    }
}

fn gone(alert: Alert) -> Alert {
    Alert {
        missing_watchdog: true,
        state: AlertState::Firing,
        seen_by: Vec::new(),
        silenced_by: Vec::new(),
        silenced_until: None,
        inhibited_by: Vec::new(),
        muted_by: Vec::new(),
        value: None,
        ..alert
    }
}
