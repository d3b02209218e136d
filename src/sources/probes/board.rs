//! Every question with its last answer: what the scheduler asks, and what is looked into.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ask::{self, Asked};
use super::inspect;
use super::schedule::Turn;
use crate::domain::news::{Inspection, Section};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::secret;
use crate::domain::settings::limit::{Fact, Limit};
use crate::domain::text::{clean, clean_lines, clean_to};
use crate::domain::time::Timestamp;
use crate::domain::vital::{Answer, Vital};

/// What is kept of a text for a row.
const LONGEST_TEXT: usize = 400;
/// What is kept of a body.
const LONGEST_BODY: usize = 64 << 10;

pub(super) struct Board {
    rows: Mutex<Vec<Row>>,
}

pub(super) struct Row {
    pub fact: Fact,
    pub id: ObjectRef,
    pub vital: Vital,
    pub seen: Vec<Section>,
    pub body: String,
}

impl Board {
    pub(super) fn new(probes: Vec<Fact>, limits: Vec<Limit>) -> Board {
        let probes = probes.into_iter().map(|fact| (fact, None));
        let limits = limits.into_iter().map(|limit| (limit.fact.clone(), Some(limit)));
        let mut names: BTreeMap<(String, String), u32> = BTreeMap::new();
        let rows = (0_u32..).zip(probes.chain(limits)).map(|(order, (fact, limit))| {
            let vital = Vital::new(order, &fact, limit.as_ref());
            let document = vital.document.to_string();
            // Two rows of one name would be one row.
            let taken = names.entry((document.clone(), fact.name.clone())).or_default();
            *taken += 1;
            let name = match *taken {
                1 => fact.name.clone(),
                n => format!("{} ({n})", fact.name),
            };
            let id = ObjectRef {
                context: vital.on.clone(),
                kind: Kind::Vital,
                namespace: document.into(),
                name: name.into(),
            };
            Row { fact, id, vital, seen: Vec::new(), body: String::new() }
        });
        Board { rows: Mutex::new(rows.collect()) }
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn turns(&self) -> Vec<Option<Turn>> {
        let turn = |row: &Row| {
            let asked = ask::is_asked_here(&row.fact);
            asked.then(|| Turn::new(row.fact.every, ask::server(&row.fact)))
        };
        self.rows().iter().map(turn).collect()
    }

    /// What is asked, and whether nothing is remembered of it.
    pub(super) fn question(&self, nth: usize) -> (Option<Fact>, bool) {
        let rows = self.rows();
        let row = rows.get(nth);
        (row.map(|row| row.fact.clone()), row.is_some_and(|row| row.vital.past.is_empty()))
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        self.rows().iter().map(object).collect()
    }

    /// Takes an answer, made harmless; the row as it is then.
    pub(super) fn hear(&self, nth: usize, asked: Asked, at: Timestamp) -> Option<Object> {
        let mut rows = self.rows();
        let row = rows.get_mut(nth)?;
        let Asked { mut heard, mut seen, mut body } = asked;
        let short = |text: &str| clean_to(&masked(text), LONGEST_TEXT).trim().to_owned();
        heard.note = short(&heard.note);
        match &mut heard.answer {
            Answer::Text(text) | Answer::Word(text) | Answer::Error { why: text, .. } => {
                *text = short(text).into();
            }
            _ => {}
        }
        for line in seen.iter_mut().flat_map(|section| &mut section.lines) {
            line.label = clean(&line.label).into_owned();
            line.value = clean(&masked(&line.value)).into_owned();
        }
        if body.len() > LONGEST_BODY {
            let end = (0..=LONGEST_BODY).rev().find(|end| body.is_char_boundary(*end)).unwrap_or(0);
            body.truncate(end);
            body.push('…');
        }
        if !heard.failed() || !seen.is_empty() {
            row.seen = seen;
            let lines: Vec<Cow<'_, str>> = body.lines().map(masked).collect();
            row.body = clean_lines(&lines.join("\n")).into_owned();
        }
        row.vital.hear(heard, at);
        Some(object(row))
    }

    pub(super) fn inspect(&self, target: &ObjectRef) -> Option<Inspection> {
        self.rows().iter().find(|row| row.id == *target).map(inspect::inspect)
    }
}

/// A line without the secrets that it tells.
pub(super) fn masked(line: &str) -> Cow<'_, str> {
    match secret::mask(line.as_bytes()) {
        Cow::Borrowed(_) => line.into(),
        Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

fn object(row: &Row) -> Object {
    Object {
        id: row.id.clone(),
        uid: "".into(),
        created: row.vital.at.unwrap_or_default(),
        deleting: false,
        owner: None,
        facts: Facts::Vital(Box::new(row.vital.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::limit::FactSource;
    use crate::domain::vital::Heard;

    fn fact(name: &str) -> Fact {
        Fact {
            name: name.into(),
            source: FactSource::Http,
            query: "http://x/".into(),
            on: None,
            unit: None,
            pick: None,
            every: std::time::Duration::from_secs(30),
            ok: None,
            warning: None,
            critical: None,
        }
    }

    #[test]
    fn two_questions_of_one_name_stay_two_rows() {
        let board = Board::new(vec![fact("a"), fact("a"), fact("b")], Vec::new());
        let names: Vec<String> = board.objects().iter().map(|object| object.id.name.to_string()).collect();
        assert_eq!(names, ["a", "a (2)", "b"]);
    }

    #[test]
    fn a_secret_in_an_answer_is_shown_nowhere() {
        let board = Board::new(vec![fact("a")], Vec::new());
        let told = "url postgres://app:hunter2@db/app";
        let asked = Asked::new(Heard::text(told).note("token=hunter2"))
            .seen("Rows", [("1".into(), "password=hunter2".into())])
            .body("{\n  \"password\": \"hunter2\"\n}".into());
        let object = board.hear(0, asked, Timestamp(1)).expect("a row");
        let all = format!("{object:?} {:?}", board.inspect(&object.id));
        assert!(all.contains("(hidden)") && !all.contains("hunter2"), "{all}");
    }

    #[test]
    fn a_secret_in_a_question_is_shown_nowhere() {
        let query = "https://me:hunter2@x.example/health?full=1&key=hunter2&api_token=hunter2";
        let board = Board::new(vec![Fact { query: query.into(), ..fact("a") }], Vec::new());
        let all = format!("{:?}", board.inspect(&board.objects()[0].id));
        let shown = "https://x.example/health?full=1&key=(hidden)&api_token=(hidden)";
        assert!(all.contains(shown) && !all.contains("hunter2"), "{all}");
    }

    #[test]
    fn what_is_looked_into_names_its_document_its_lines_and_what_came_before() {
        let mut own = fact("a");
        own.warning = crate::domain::settings::limit::Bound::parse("> 80").ok();
        let lines = crate::domain::settings::limit::Lines::parse("28-30").into_iter().collect();
        let board =
            Board::new(Vec::new(), vec![Limit { fact: own, document: "000".into(), lines, why: None }]);
        for (at, value) in (0..).zip([20.0, 90.0]) {
            board.hear(0, Asked::new(Heard::value(value)), Timestamp(at));
        }
        let seen = board.inspect(&board.objects()[0].id).expect("there");
        let lines: Vec<String> = seen
            .sections
            .iter()
            .flat_map(|section| &section.lines)
            .map(|line| format!("{} {}", line.label, line.value))
            .collect();
        assert!(lines.contains(&"from document 000, lines 28-30".into()), "{lines:#?}");
        assert!(lines.contains(&"means 90, 000:28 warning > 80".into()), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains('╌')), "{lines:#?}");
        assert!(lines.iter().any(|line| line.ends_with(" █")), "{lines:#?}");
    }

    #[test]
    fn whatever_a_server_sends_is_made_harmless() {
        let board = Board::new(vec![fact("a")], Vec::new());
        let asked = Asked::new(Heard::text(&format!("\u{1b}[31mred\u{202e} {}", "x".repeat(10_000))))
            .seen("headers", [("a\u{7}".into(), "b\u{1b}[2J".into())])
            .body("{\n\u{1b}]0;x\u{7}\n".repeat(100_000));
        let object = board.hear(0, asked, Timestamp(1)).expect("a row");
        let Facts::Vital(vital) = &object.facts else { panic!("{object:?}") };
        let Answer::Text(text) = &vital.answer else { panic!("{vital:?}") };
        assert!(text.len() < 500 && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
        let seen = board.inspect(&object.id).expect("there");
        let all = format!("{seen:?}");
        assert!(!all.contains("\\u{1b}") && !all.contains("\\u{7}") && seen.yaml.len() < 400_000);
    }
}
