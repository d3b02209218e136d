//! What is done at a desk beside pressing keys: going to a line of the document, what looks answer, what is seen.
use firedeck::commands::effect::Answer;
use firedeck::model::checklist::Spot;
use firedeck::model::msg::Msg;
use firedeck::model::overlay::{Ask, Overlay};

pub use super::paper::{commands, spot};
use crate::common::desk::Desk;
use crate::common::estate::say;

/// The cursor goes to the command at this line, by keys.
pub fn goes(desk: &mut Desk, line: u32) {
    let runbook = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    let (step, command) = spot(&runbook, line);
    let wanted = Spot { step: step as usize, command: Some(command as usize) };
    desk.keys("g");
    for _ in 0..500 {
        if desk.here() == wanted {
            return;
        }
        desk.keys("j");
    }
    panic!("line {line} cannot be stood on");
}

/// The state of the command at this line.
pub fn state(desk: &Desk, line: u32) -> firedeck::runbook::execution::State {
    let run = &desk.model.runs.all["r1"].run;
    let (step, command) = spot(run.runbook(), line);
    run.command(step, command).expect("a command").state
}

/// The looks of the question: each is answered by the first of these whose words stand in it. The question is read,
/// and what it says comes back.
pub fn answered(desk: &mut Desk, answers: &[(&str, Answer)]) -> String {
    let (id, looks) = desk.looked.pop().expect("looks");
    for (words, _) in answers {
        assert!(looks.iter().any(|look| look.contains(words)), "nobody asks `{words}`: {looks:#?}");
    }
    let answer =
        |look: &String| answers.iter().find(|(words, _)| look.contains(words)).map(|(_, one)| one.clone());
    let answers = looks.iter().map(answer).collect();
    say(&mut desk.model, Msg::Answered(id, answers));
    let seen = picture(desk);
    desk.reads();
    seen
}

pub fn ok(out: &str) -> Answer {
    Answer { code: 0, out: out.to_owned(), err: String::new() }
}

pub fn picture(desk: &Desk) -> String {
    crate::screens::picture(&desk.model)
}

/// The value that is asked for, with what is offered: its title, its text, its candidates.
pub fn asked(desk: &Desk) -> (String, String, Vec<String>) {
    match desk.model.overlays.last() {
        Some(Overlay::Line { ask: Ask::RunValue { title, candidates, .. }, input }) => {
            (title.clone(), input.text().to_owned(), candidates.clone())
        }
        other => panic!("no value is asked for: {other:?}, {}", desk.flash()),
    }
}

/// Types the name that a dangerous question wants, and a reason.
pub fn typed(desk: &mut Desk, phrase: &str, reason: &str) {
    for text in [phrase, reason] {
        crate::common::estate::press(&mut desk.model, "Ctrl-U");
        crate::common::estate::type_text(&mut desk.model, text);
        desk.keys("Enter");
    }
}
