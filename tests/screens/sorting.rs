//! Every column of every kind sorts by what stands in it: numbers as numbers, what is not known last.
//!
//! Nothing here names a column. Things are made up at random from a few values each, and what a column sorts by is
//! held against what it shows; a column whose cells never differ has its field missing in `sorting/made.rs`.
mod made;
mod servers;

use std::collections::{BTreeSet, HashMap};

use firedeck::domain::feed::Feed;
use firedeck::domain::news::Seen;
use firedeck::domain::object::{Kind, Object, ObjectRef, Usage};
use firedeck::domain::pod;
use firedeck::model::filter::Filter;
use firedeck::model::listing::SortKey;
use firedeck::model::{Meter, Model};
use firedeck::panes::things::{Lens, all_columns};
use firedeck::panes::{Column, objects, pods};

use crate::common::estate::NOW;
use made::{Dice, made, some_pod};

/// Columns that sort by more than they show, and why.
const MORE: &[(Kind, &str)] = &[
    // By when it ended, so that what died last is on top.
    (Kind::Pod, "LAST END"),
    // And within it the largest first.
    (Kind::SessionGroup, "BY"),
    // What is over shows since when, and comes last.
    (Kind::Silence, "ENDS IN"),
    // By how much it rose; the bars show how.
    (Kind::Vital, "TREND"),
];

/// How many of each kind.
const MANY: usize = 80;

/// What each row shows and sorts by, column by column.
type Table = Vec<(&'static Column, Vec<(String, SortKey)>)>;

fn table(kind: Kind) -> Table {
    let mut dice = Dice(kind as u64 + 7);
    let mut model = Model { now: NOW, ..Model::default() };
    model.board.kind = kind;
    let ids: Vec<ObjectRef> = (0..MANY)
        .map(|nth| ObjectRef {
            context: dice.word(),
            kind,
            namespace: dice.word(),
            name: format!("{}-{nth}", dice.word()).into(),
        })
        .collect();
    for id in &ids {
        let usage = Usage { cpu_milli: dice.of(&[20, 300, 1000]), memory: dice.size() };
        if dice.roll(4) > 0 {
            model.usage.insert(id.clone(), Meter { now: usage, ..Meter::default() });
            model.node_usage.insert((id.context.clone(), id.name.clone()), usage);
        }
        model.nodes.insert((id.context.clone(), "dead".into()), Some(false));
    }
    let columns = all_columns(kind);
    let titles: Vec<&'static str> = columns.iter().map(|column| column.title).collect();
    let filter = Filter::default();
    let (nodes, usage, node_usage) = (model.nodes.clone(), model.usage.clone(), model.node_usage.clone());
    let lens = |column| Lens {
        filter: &filter,
        faults: false,
        column,
        nodes: &nodes,
        usage: &usage,
        node_usage: &node_usage,
        several: true,
        now: NOW,
    };
    let mut keys: HashMap<ObjectRef, Vec<SortKey>> = HashMap::new();
    if kind == Kind::Pod {
        let all: Vec<pod::Pod> = ids.iter().map(|id| some_pod(&mut dice, id.clone())).collect();
        for pod in &all {
            let own = titles.iter().map(|title| pods::rank(&lens(Some(title)), pod).key).collect();
            keys.insert(pod.id.clone(), own);
        }
        let feed = Feed::Pods("one".into(), "".into());
        let plain = lens(None);
        model.pods.apply(&feed, all.into_iter().map(Seen::Is).collect(), |pod| pods::rank(&plain, pod));
        model.pods.set_height(MANY);
    } else {
        let all: Vec<Object> = ids
            .iter()
            .enumerate()
            .map(|(nth, id)| Object {
                facts: made(&mut dice, kind, nth, &id.name),
                id: id.clone(),
                uid: "".into(),
                created: dice.at(),
                deleting: false,
                owner: None,
            })
            .collect();
        for object in &all {
            let own = titles.iter().map(|title| objects::rank(&lens(Some(title)), object).key).collect();
            keys.insert(object.id.clone(), own);
        }
        let plain = lens(None);
        let listing = model.objects.entry(kind).or_default();
        let rows = all.into_iter().map(Seen::Is).collect();
        listing.apply(&Feed::Changes, rows, |object| objects::rank(&plain, object));
        listing.set_height(MANY);
    }
    let (order, rows): (Vec<ObjectRef>, Vec<_>) = match model.listing(kind) {
        None => (model.pods.window().map(|(pod, _)| pod.id.clone()).collect(), pods::rows(&model, &titles)),
        Some(listing) => (
            listing.window().map(|(object, _)| object.id.clone()).collect(),
            objects::rows(&model, listing, &titles),
        ),
    };
    assert_eq!((order.len(), rows.len()), (MANY, MANY));
    let column = |at: usize| {
        let cells = order.iter().zip(&rows);
        cells.map(|(id, row)| (row.cells[at].text.trim().to_owned(), keys[id][at].clone())).collect()
    };
    columns.iter().enumerate().map(|(at, one)| (one, column(at))).collect()
}

/// Of `48M of 64M` the 48, its `M`, and the rest.
fn number(cell: &str) -> Option<(f64, String)> {
    let cell = cell.trim_start_matches(['~', '<', '+']);
    let end = cell
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || *c == ',' || (*c == '-' && *at == 0)));
    let (digits, rest) = cell.split_at(end.map_or(cell.len(), |(at, _)| at));
    Some((digits.replace(',', "").parse().ok()?, rest.to_owned()))
}

fn unknown(cell: &str) -> bool {
    matches!(cell, "" | "–" | "?" | "never" | "unknown" | "not a replica")
}

fn lies(kind: Kind, column: &Column, rows: &[(String, SortKey)]) -> Option<String> {
    let different: BTreeSet<&str> = rows.iter().map(|(cell, _)| &**cell).collect();
    if different.len() < 2 {
        return Some(format!(
            "shows the same of all ({different:?}): make its field up in `sorting/made.rs`"
        ));
    }
    if MORE.contains(&(kind, column.title)) {
        return None;
    }
    if let Some((cell, key)) = rows.iter().find(|(cell, key)| unknown(cell) != (*key == SortKey::Missing)) {
        return Some(format!("what is not known is not last, or not said to be: `{cell}` sorts as {key:?}"));
    }
    if let Some((cell, key)) =
        rows.iter().find(|(cell, key)| number(cell).is_some() && matches!(key, SortKey::Text(_)))
    {
        return Some(format!("a number sorts as text: `{cell}` as {key:?}"));
    }
    let mut way = None;
    for (at, (a, x)) in rows.iter().enumerate() {
        for (b, y) in &rows[at + 1..] {
            if a == b && x != y {
                return Some(format!("sorts by something else: `{a}` twice, as {x:?} and {y:?}"));
            }
            let (SortKey::Number(n), SortKey::Number(m)) = (x, y) else {
                if a != b && x == y && !unknown(a) {
                    return Some(format!("`{a}` and `{b}` sort as the same, {x:?}"));
                }
                continue;
            };
            let (Some((p, rest)), Some((q, same))) = (number(a), number(b)) else { continue };
            if rest != same || p.total_cmp(&q).is_eq() {
                continue;
            }
            if n == m {
                return Some(format!("`{a}` and `{b}` sort as the same, {x:?}"));
            }
            let this = (p < q) == (n < m);
            if *way.get_or_insert(this) != this {
                return Some(format!("not in the order of its numbers: `{a}` and `{b}` as {n} and {m}"));
            }
        }
    }
    None
}

#[test]
fn every_column_of_every_kind_sorts_by_what_it_shows() {
    let mut all = Vec::new();
    // Groups of alerts keep an order of their own: their members stand below them.
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::AlertGroup) {
        for (column, rows) in table(*kind) {
            let told = lies(*kind, column, &rows);
            all.extend(told.map(|told| format!("{kind} {}: {told}", column.title)));
        }
    }
    assert!(all.is_empty(), "{} columns:\n{}", all.len(), all.join("\n"));
}
