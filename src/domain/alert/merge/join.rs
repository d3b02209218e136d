//! Finds a Prometheus's word of an alert among those of the Alertmanagers.
use std::collections::{BTreeMap, HashMap};

use super::{Row, Told, Word, alert};
use crate::domain::Text;
use crate::domain::alert::fingerprint;

/// So many different sets of label names under one name are looked at; a rule has one, rarely a few.
const SHAPES: usize = 16;

/// The alerts of one name whose labels have the same names.
struct Shape<'w> {
    names: Vec<&'w str>,
    by_print: HashMap<u64, usize>,
}

/// Takes what one Prometheus says into the rows, and adds what no Alertmanager knows.
pub(super) fn take(rows: &mut Vec<Row>, at: usize, word: &Word) {
    let by_print: HashMap<u64, usize> =
        word.alerts.iter().enumerate().map(|(index, told)| (told.print, index)).collect();
    let managed = rows.iter().filter(|row| !row.managers.is_empty()).count();
    let mut found: Vec<Option<usize>> = rows.iter().map(|row| by_print.get(&row.print).copied()).collect();
    let exact =
        rows.iter().zip(&found).filter(|(row, hit)| !row.managers.is_empty() && hit.is_some()).count();
    if exact < managed {
        for (row, told) in without_external(rows, &found, exact, word) {
            if let Some(place) = found.get_mut(row) {
                *place = Some(told);
            }
        }
    }
    let mut known = vec![false; word.alerts.len()];
    for (row, hit) in rows.iter_mut().zip(found) {
        let Some(told) = hit.and_then(|index| word.alerts.get(index)) else { continue };
        if let Some(seen) = hit.and_then(|index| known.get_mut(index)) {
            *seen = true;
        }
        row.sources.push(at);
        // What is measured changes; the rule and when it began do not.
        if word.live {
            row.alert.seen_by.push(word.endpoint.clone());
            row.alert.value = row.alert.value.take().or_else(|| told.value.clone());
        }
        row.alert.expression = row.alert.expression.take().or_else(|| told.expression.clone());
        row.alert.since = row.alert.since.or(told.since);
        if row.managers.is_empty() && word.live {
            row.alert.state = row.alert.state.min(told.state);
        }
    }
    for (told, _) in word.alerts.iter().zip(known).filter(|(_, known)| !known) {
        let mut row = Row { print: told.print, alert: alert(told), managers: Vec::new(), sources: vec![at] };
        if word.live {
            row.alert.seen_by.push(word.endpoint.clone());
        } else {
            row.alert.value = None;
        }
        rows.push(row);
    }
}

/// Rows and alerts that are the same but for labels which this Prometheus puts on when it sends. Which those are
/// shows in the names by which most of them differ.
fn without_external(rows: &[Row], found: &[Option<usize>], exact: usize, word: &Word) -> Vec<(usize, usize)> {
    let shapes = shapes(&word.alerts);
    let mut by_extra: BTreeMap<Vec<&str>, Vec<(usize, usize)>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if row.managers.is_empty() || found.get(at).is_none_or(Option::is_some) {
            continue;
        }
        let labels = &row.alert.labels;
        for shape in shapes.get(&row.alert.name).into_iter().flatten() {
            let mut names = shape.names.iter().peekable();
            let mut own = Vec::with_capacity(shape.names.len());
            let mut extra = Vec::new();
            for (name, value) in labels.iter() {
                if names.next_if(|wanted| **wanted == &**name).is_some() {
                    own.push((&**name, &**value));
                } else {
                    extra.push(&**name);
                }
            }
            if names.peek().is_none()
                && let Some(told) = shape.by_print.get(&fingerprint(own.into_iter()))
            {
                by_extra.entry(extra).or_default().push((at, *told));
            }
        }
    }
    let most =
        by_extra.into_iter().max_by_key(|(extra, pairs)| (pairs.len(), std::cmp::Reverse(extra.len())));
    most.map(|(_, pairs)| pairs).filter(|pairs| pairs.len() > exact).unwrap_or_default()
}

fn shapes(alerts: &[Told]) -> HashMap<&Text, Vec<Shape<'_>>> {
    let mut all: HashMap<&Text, Vec<Shape<'_>>> = HashMap::new();
    for (index, told) in alerts.iter().enumerate() {
        let same = |shape: &Shape<'_>| {
            let names = told.labels.iter().map(|(name, _)| &**name);
            shape.names.len() == told.labels.len() && shape.names.iter().copied().eq(names)
        };
        let shapes = all.entry(&told.name).or_default();
        let at = match shapes.iter().position(same) {
            Some(at) => at,
            None if shapes.len() < SHAPES => {
                let names = told.labels.iter().map(|(name, _)| &**name).collect();
                shapes.push(Shape { names, by_print: HashMap::new() });
                shapes.len() - 1
            }
            None => continue,
        };
        if let Some(shape) = shapes.get_mut(at) {
            let labels = told.labels.iter().map(|(name, value)| (&**name, &**value));
            shape.by_print.insert(fingerprint(labels), index);
        }
    }
    all
}
