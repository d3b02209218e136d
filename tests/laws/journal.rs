//! A journal cut at any byte opens, changed at any byte says so, and merges in any order to one story.
use std::fs;
use std::path::{Path, PathBuf};

use firedeck::domain::time::Timestamp;
use firedeck::incident::chain::{self, End, Entry, merge};
use firedeck::incident::event::{JournalRepaired, Note};
use firedeck::incident::line::sha256;
use firedeck::incident::{Event, Keeping, What};
use firedeck::store::{Journal, Places, Setup, journal};
use proptest::prelude::*;

const INCIDENT: &str = "INC-1";

fn setup(base: &Path, pid: u32) -> Setup {
    Setup {
        places: Places { first: base.join("state"), second: base.join("run") },
        incident: INCIDENT.into(),
        host: "box.example".into(),
        user: "ann".into(),
        pid,
        started: Timestamp(1_000),
    }
}

fn note(text: &str) -> What {
    What::Note(Note { text: text.into() })
}

/// Runs one session that writes `texts`; gives its file.
fn session(base: &Path, pid: u32, texts: &[String]) -> PathBuf {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let journal = Journal::open(setup(base, pid));
        for (at, text) in (2_000..).zip(texts) {
            journal.append(note(text), Timestamp(at)).await.expect("recorded");
        }
        match journal.state() {
            Keeping::Good(path) => path.into(),
            other => panic!("{other:?}"),
        }
    })
}

fn lines(writer: &str, steps: &[(i64, String)]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (n, (at, text)) in (1..).zip(steps) {
        let event = Event {
            incident: INCIDENT.into(),
            writer: writer.into(),
            n,
            prev: entries.last().map(|entry| sha256(entry.line.as_bytes())).unwrap_or_default(),
            at: Timestamp(*at),
            what: note(text),
            rest: Vec::new(),
        };
        let line = firedeck::incident::line::encode(&event).expect("a line");
        entries.push(Entry { event, line });
    }
    entries
}

fn file(entries: &[Entry]) -> Vec<u8> {
    entries.iter().flat_map(|entry| format!("{}\n", entry.line).into_bytes()).collect()
}

fn story() -> impl Strategy<Value = Vec<(i64, String)>> {
    prop::collection::vec((0..100_000i64, any::<String>()), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_cut_at_any_byte_opens_and_loses_only_the_torn_event(
        texts in prop::collection::vec(any::<String>(), 2..6),
        place in any::<prop::sample::Index>(),
    ) {
        let (written, cut) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let path = session(written.path(), 1, &texts);
        let bytes = fs::read(&path).expect("the lines");
        let left = &bytes[..place.index(bytes.len() + 1)];
        let whole = left.split(|byte| *byte == b'\n').count() - 1;
        let good = left.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);

        let torn_path = cut.path().join(path.strip_prefix(written.path()).expect("inside"));
        let dir = torn_path.parent().expect("a directory");
        fs::create_dir_all(dir).expect("made");
        fs::write(&torn_path, left).expect("cut");
        session(cut.path(), 2, &["after".into()]);

        prop_assert_eq!(fs::read(&torn_path).expect("the lines"), &left[..good]);
        let found = journal::read(&setup(cut.path(), 3).places, INCIDENT);
        let notes: Vec<&str> = found.entries.iter().filter_map(|entry| match &entry.event.what {
            What::Note(note) => Some(note.text.as_str()),
            _ => None,
        }).collect();
        let mut expected: Vec<&str> = texts[..whole].iter().map(String::as_str).collect();
        expected.push("after");
        let (mut found_notes, mut expected_notes) = (notes.clone(), expected.clone());
        found_notes.sort_unstable();
        expected_notes.sort_unstable();
        prop_assert_eq!(found_notes, expected_notes);
        prop_assert!(found.forks.is_empty() && found.loose.is_empty());

        let repairs: Vec<&JournalRepaired> = found.entries.iter().filter_map(|entry| match &entry.event.what {
            What::JournalRepaired(repair) => Some(repair),
            _ => None,
        }).collect();
        if good == left.len() {
            prop_assert!(repairs.is_empty());
        } else {
            prop_assert_eq!(repairs.len(), 1);
            prop_assert_eq!(fs::read(dir.join(&repairs[0].torn.file)).expect("kept aside"), &left[good..]);
            prop_assert_eq!(repairs[0].last, whole as u64);
        }
    }

    #[test]
    fn a_change_to_any_byte_of_a_journal_is_found(
        steps in story(), place in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let mut bytes = file(&lines("w", &steps));
        prop_assert_eq!(chain::read(&bytes).end, End::Good);
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_ne!(chain::read(&bytes).end, End::Good);
    }

    #[test]
    fn several_journals_merge_in_any_order_to_one_story(
        stories in prop::collection::vec(story(), 1..4),
        order in any::<u64>(),
    ) {
        let all: Vec<Entry> =
            stories.iter().enumerate().flat_map(|(i, steps)| lines(&format!("w{i}"), steps)).collect();
        let mut mixed: Vec<Entry> = all.iter().chain(&all).cloned().collect();
        mixed.sort_by_key(|entry| sha256(format!("{order}{}", entry.line).as_bytes()));
        let merged = merge(mixed);
        prop_assert_eq!(&merged, &merge(all.clone()));
        prop_assert_eq!(merged.entries.len(), all.len());
        for writer in 0..stories.len() {
            let name = format!("w{writer}");
            let numbers: Vec<u64> =
                merged.entries.iter().filter(|e| e.event.writer == name).map(|e| e.event.n).collect();
            prop_assert!(numbers.is_sorted());
        }
    }

    #[test]
    fn any_bytes_can_be_read_as_a_journal(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let chain = chain::read(&bytes);
        prop_assert!(chain.good <= bytes.len());
    }
}
