//! Before a command changes something, its question tells what it would hit, found out by looking alone.
mod clusters;
mod databases;
mod hostile;
mod hosts;
mod lies;
mod platforms;
mod wrappers;

use firedeck::commands::effect::{Answer, Effect, Look, Looks, looks, read};
use firedeck::commands::tools::Tables;
use firedeck::commands::{self, Lang, Source, Statement};
use firedeck::domain::approval::Tier;

pub fn statements(text: &str, lang: Lang) -> Vec<Statement> {
    commands::read(Source { text, lines: &[1] }, lang, &Tables::default()).statements
}

pub fn looked(text: &str) -> Looks {
    looked_in(text, Lang::Shell)
}

pub fn looked_in(text: &str, lang: Lang) -> Looks {
    let statements = statements(text, lang);
    let worst = statements.iter().max_by_key(|one| one.risk).expect("a statement");
    let found = looks(worst);
    found.looks.iter().for_each(only_reads);
    found
}

/// The promise of every look that is ever made.
pub fn only_reads(look: &Look) {
    let read = commands::read(Source { text: &look.ask, lines: &[1] }, look.lang, &Tables::default());
    assert!(read.error.is_none(), "{}: {:?}", look.ask, read.error);
    assert!(!read.statements.is_empty(), "{}", look.ask);
    for one in &read.statements {
        assert_eq!(one.risk, Tier::Read, "{}: {}", look.ask, one.why);
        assert!(!one.traits.endless && !one.traits.interactive && !one.traits.writes_file, "{}", look.ask);
    }
}

pub fn asks(text: &str) -> Vec<String> {
    looked(text).looks.into_iter().map(|look| look.ask).collect()
}

pub fn ok(out: &str) -> Answer {
    Answer { code: 0, out: out.to_owned(), err: String::new() }
}

pub fn failed(code: i32, err: &str) -> Answer {
    Answer { code, out: String::new(), err: err.to_owned() }
}

/// The effect, where each question is answered by the first of these whose words stand in it; the others get no
/// answer.
pub fn effect(text: &str, answers: &[(&str, Answer)]) -> Effect {
    effect_of(&looked(text), answers)
}

pub fn effect_of(looks: &Looks, answers: &[(&str, Answer)]) -> Effect {
    for (words, _) in answers {
        let asked = looks.looks.iter().any(|look| look.ask.contains(words));
        assert!(asked, "nobody asks `{words}`: {looks:#?}");
    }
    let answers: Vec<_> = looks
        .looks
        .iter()
        .map(|look| {
            answers.iter().find(|(words, _)| look.ask.contains(words)).map(|(_, answer)| answer.clone())
        })
        .collect();
    read(looks, &answers)
}

/// The list has a line with these words.
#[track_caller]
pub fn says(list: &[String], words: &str) {
    assert!(list.iter().any(|line| line.contains(words)), "`{words}` is missing: {list:#?}");
}
