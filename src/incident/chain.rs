//! Many lines: whether a writer's chain holds, and one order for the events of several writers.
use std::collections::BTreeMap;

use super::event::{Event, EventId};
use super::line::{self, sha256};
use crate::domain::time::Timestamp;

/// A line that was read, with the bytes that later lines vouch for.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub event: Event,
    /// Without its line end. Never written anew from `event`, which may not know all of it.
    pub line: String,
}

/// What a writer's file turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The good events, from the first.
    pub entries: Vec<Entry>,
    /// The bytes that they fill.
    pub good: usize,
    pub end: End,
}

/// How a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Good,
    /// A write that never finished: bytes after `good` without a line end.
    Cut,
    /// Something changed what was written; `n` is the first event that is not to be believed.
    Broken {
        n: u64,
        why: String,
    },
    /// The writer's number `n` stands for two different events.
    Fork {
        n: u64,
    },
}

impl Chain {
    /// What the next line has to name as its `prev`.
    pub fn head(&self) -> String {
        self.entries.last().map(|entry| sha256(entry.line.as_bytes())).unwrap_or_default()
    }

    pub fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.event.n)
    }
}

/// Reads a writer's file to its end or to the first thing that is wrong with it.
///
/// A file may begin in the middle of a chain, where its writer had to move to another place; what is before
/// it is in another file, and [`merge`] tells whether the two fit.
pub fn read(bytes: &[u8]) -> Chain {
    let mut chain = Chain { entries: Vec::new(), good: 0, end: End::Good };
    let mut hashes: Vec<String> = Vec::new();
    while chain.good < bytes.len() {
        let rest = &bytes[chain.good..];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            chain.end = End::Cut;
            break;
        };
        match next(&rest[..length], &chain, &hashes) {
            Ok(entry) => {
                hashes.push(sha256(entry.line.as_bytes()));
                chain.good += length + 1;
                chain.entries.push(entry);
            }
            Err(end) => {
                chain.end = end;
                break;
            }
        }
    }
    chain
}

fn next(bytes: &[u8], chain: &Chain, hashes: &[String]) -> Result<Entry, End> {
    let n = chain.last() + 1;
    let broken = |why: String| End::Broken { n, why };
    let text = std::str::from_utf8(bytes).map_err(|_| broken("it is not text".into()))?;
    let event = line::decode(text).map_err(|bad| broken(bad.to_string()))?;
    if let Some(first) = chain.entries.first().map(|first| &first.event) {
        if (&event.incident, &event.writer) != (&first.incident, &first.writer) {
            return Err(broken(format!("it was written by `{}` for `{}`", event.writer, event.incident)));
        }
        if event.n != n {
            // The same place in the chain taken twice is two histories, not damage.
            let place = event.n.checked_sub(first.n).and_then(|i| usize::try_from(i).ok());
            let before = match place {
                Some(0) => Some(&first.prev),
                Some(place) => hashes.get(place - 1),
                None => None,
            };
            let fork = event.n < n && before == Some(&event.prev);
            return Err(if fork {
                End::Fork { n: event.n }
            } else {
                broken(format!("it has the number {}", event.n))
            });
        }
        if hashes.last() != Some(&event.prev) {
            return Err(broken("it does not follow from the event before".into()));
        }
    } else if event.n == 0 || event.n == 1 && !event.prev.is_empty() {
        return Err(broken("a chain begins with number 1 and nothing before it".into()));
    }
    Ok(Entry { event, line: text.to_owned() })
}

/// Events of several writers in one order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Merged {
    pub entries: Vec<Entry>,
    /// Numbers that stand for two different events; both are kept.
    pub forks: Vec<EventId>,
    /// Events that do not follow from the one before them, which is missing or another one.
    pub loose: Vec<EventId>,
}

/// Brings entries from any files, in any order, into one: by time, then writer, then number.
///
/// Duplicates are dropped. A writer's own order always stands, even when its clock was set back: an event
/// counts as no earlier than those before it.
pub fn merge(entries: impl IntoIterator<Item = Entry>) -> Merged {
    let mut by_id: BTreeMap<EventId, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let same = by_id.entry(entry.event.id()).or_default();
        if same.iter().all(|known| known.line != entry.line) {
            same.push(entry);
        }
    }
    let mut merged = Merged::default();
    let mut ordered: Vec<(Timestamp, Entry)> = Vec::new();
    let mut before: Option<(EventId, Timestamp, Vec<String>)> = None;
    for (id, mut same) in by_id {
        same.sort_by(|a, b| a.line.cmp(&b.line));
        before = before.filter(|(last, _, _)| last.incident == id.incident && last.writer == id.writer);
        let mut at = same.iter().map(|entry| entry.event.at).max().unwrap_or_default();
        let mut follows = id.n == 1;
        if let Some((last, latest, hashes)) = &before {
            at = at.max(*latest);
            follows = last.n + 1 == id.n && same.iter().all(|entry| hashes.contains(&entry.event.prev));
        }
        if !follows {
            merged.loose.push(id.clone());
        }
        if same.len() > 1 {
            merged.forks.push(id.clone());
        }
        let hashes = same.iter().map(|entry| sha256(entry.line.as_bytes())).collect();
        ordered.extend(same.into_iter().map(|entry| (at, entry)));
        before = Some((id, at, hashes));
    }
    ordered.sort_by(|(a, x), (b, y)| {
        let key = |at, entry: &Entry| (at, entry.event.writer.clone(), entry.event.n);
        key(*a, x).cmp(&key(*b, y)).then_with(|| x.line.cmp(&y.line))
    });
    merged.entries = ordered.into_iter().map(|(_, entry)| entry).collect();
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::{Note, What};

    fn event(writer: &str, n: u64, prev: &str, at: i64, text: &str) -> Entry {
        let event = Event {
            incident: "i".into(),
            writer: writer.into(),
            n,
            prev: prev.into(),
            at: Timestamp(at),
            what: What::Note(Note { text: text.into() }),
            rest: Vec::new(),
        };
        Entry { line: line::encode(&event).expect("a line"), event }
    }

    fn chain(writer: &str, times: &[i64]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for (n, at) in (1..).zip(times) {
            let prev = entries.last().map(|e| sha256(e.line.as_bytes())).unwrap_or_default();
            entries.push(event(writer, n, &prev, *at, "x"));
        }
        entries
    }

    fn file(entries: &[Entry]) -> String {
        entries.iter().flat_map(|entry| [entry.line.as_str(), "\n"]).collect()
    }

    #[test]
    fn a_whole_chain_is_good_and_may_begin_in_the_middle() {
        let all = chain("w", &[1, 2, 3]);
        let read_all = read(file(&all).as_bytes());
        assert_eq!((read_all.end.clone(), read_all.last()), (End::Good, 3));
        assert_eq!(read_all.entries, all);
        assert_eq!(read(file(&all[1..]).as_bytes()).end, End::Good);
        assert_eq!(read(b"").end, End::Good);
    }

    #[test]
    fn a_missing_event_breaks_the_chain_where_it_was() {
        let mut all = chain("w", &[1, 2, 3]);
        all.remove(1);
        let read_all = read(file(&all).as_bytes());
        assert!(matches!(read_all.end, End::Broken { n: 2, .. }), "{:?}", read_all.end);
    }

    #[test]
    fn an_event_of_another_history_breaks_the_chain() {
        let mut all = chain("w", &[1, 2, 3]);
        all[1] = chain("w", &[1, 9])[1].clone();
        assert!(matches!(read(file(&all).as_bytes()).end, End::Broken { n: 3, .. }));
        all[1] = event("w", 2, "", 2, "no prev");
        assert!(matches!(read(file(&all).as_bytes()).end, End::Broken { n: 2, .. }));
        let strange = [chain("w", &[1])[0].clone(), chain("v", &[1, 2])[1].clone()];
        assert!(matches!(read(file(&strange).as_bytes()).end, End::Broken { n: 2, .. }));
    }

    #[test]
    fn a_number_taken_twice_is_a_fork() {
        let mut all = chain("w", &[1, 2, 3]);
        all.push(event("w", 2, &sha256(all[0].line.as_bytes()), 5, "the other history"));
        assert_eq!(read(file(&all).as_bytes()).end, End::Fork { n: 2 });
        let merged = merge(all);
        assert_eq!(merged.entries.len(), 4);
        assert_eq!(merged.forks.iter().map(|id| id.n).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_writer_whose_clock_was_set_back_keeps_its_own_order() {
        let one = chain("a", &[10, 4, 20]);
        let two = chain("b", &[5, 15]);
        let merged = merge(one.into_iter().chain(two));
        let order: Vec<_> =
            merged.entries.iter().map(|e| (e.event.writer.as_str(), e.event.n, e.event.at.0)).collect();
        assert_eq!(order, [("b", 1, 5), ("a", 1, 10), ("a", 2, 4), ("b", 2, 15), ("a", 3, 20)]);
        assert!(merged.loose.is_empty() && merged.forks.is_empty());
    }

    #[test]
    fn files_that_do_not_fit_together_are_told() {
        let all = chain("w", &[1, 2, 3, 4]);
        let halves = all[..2].iter().chain(&all[1..]).cloned();
        assert_eq!(merge(halves), Merged { entries: all.clone(), ..Merged::default() });
        let gap = all[..1].iter().chain(&all[2..]).cloned();
        assert_eq!(merge(gap).loose.iter().map(|id| id.n).collect::<Vec<_>>(), [3]);
    }
}
