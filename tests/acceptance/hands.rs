//! The documents in somebody's hands: by keys on a desk, and with real shells before pretend tools.
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::domain::action::Findings;
use firedeck::domain::approval::{
    Answer, Approved, Ground, Place, Plan, Press, Question, QuestionId, Tier, Verdict, phrase,
};
use firedeck::domain::settings::{Key, KeyCode};
use firedeck::domain::shell::{Moved, Where};
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{Event, Order, StepEnded};
use firedeck::model::checklist::{Mark, Spot};
use firedeck::model::msg::Msg;
use firedeck::model::overlay::{Ask, Overlay};
use firedeck::model::run::News;
use firedeck::model::shelf::Book;
use firedeck::runbook::binding::{Origin, Value, Values};
use firedeck::runbook::execution::{Go, Refusal};
use firedeck::runbook::order::{self, Ordered};
use firedeck::runbook::{Command, Document, Runbook, Step, catalogue};

use super::paper;
use crate::common::desk::Desk as Keys;
use crate::common::estate::type_text;
use crate::runs::bench::{Desk, now};

/// The runbook whose title begins so.
pub fn book<'a>(document: &'a Document, title: &str) -> &'a Arc<Runbook> {
    let mut books = document.runbooks.iter();
    books.find(|book| book.title.starts_with(title)).unwrap_or_else(|| panic!("no runbook `{title}`"))
}

/// The command that begins in this line, with its step.
pub fn at(document: &Document, line: u32) -> (&Step, &Command) {
    let steps = document.runbooks.iter().flat_map(|book| &book.steps);
    let mut all = steps.flat_map(|step| step.commands.iter().map(move |command| (step, command)));
    all.find(|(_, command)| command.statement.line == line)
        .unwrap_or_else(|| panic!("no command in line {line}"))
}

pub fn tier(document: &Document, line: u32) -> Tier {
    at(document, line).1.statement.risk
}

/// A line of the document, as it stands there.
pub fn line(number: &str, line: usize) -> String {
    let text = paper::text(number).expect("a document");
    text.lines().nth(line - 1).expect("a line").to_owned()
}

/// The cursor goes to the command of this line.
pub fn go(desk: &mut Keys, line: u32) -> &mut Keys {
    let list = desk.model.checklist.as_mut().expect("an open runbook");
    let steps = list.book.runbook.steps.iter().enumerate();
    let mut spots = steps.flat_map(|(step, what)| {
        let commands = what.commands.iter().enumerate();
        commands.map(move |(at, one)| (one.statement.line, Spot { step, command: Some(at) }))
    });
    let (_, spot) =
        spots.find(|(own, _)| *own == line).unwrap_or_else(|| panic!("no command in line {line}"));
    list.here = spot;
    desk
}

pub fn picture(desk: &Keys) -> String {
    crate::screens::picture(&desk.model)
}

/// Everything of the picture in one line, so that what was broken over lines is found.
pub fn flat(desk: &Keys) -> String {
    let words = picture(desk).replace(['│', '┌', '└', '─'], " ");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands in the box of the question, in one line.
pub fn asked(desk: &Keys) -> String {
    let seen = picture(desk);
    let frame = seen.lines().find(|line| line.starts_with(" ┌")).unwrap_or_default();
    let wide = frame.chars().position(|sign| sign == '┐').unwrap_or(77);
    let rows = seen.lines().filter_map(|line| {
        let row: String = line.chars().skip(1).take(wide).collect();
        let row = row.strip_prefix('│')?.trim_end();
        Some(row.strip_suffix('│').unwrap_or(row).trim().to_owned())
    });
    rows.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why the open question asks.
pub fn why(desk: &Keys) -> String {
    let question = desk.model.questions.open.as_ref().expect("a question");
    let heed: &[_] = if let Plan::Shell(command) = question.plan() { &command.heed } else { &[] };
    let why = question.why().iter().map(ToString::to_string);
    why.chain(heed.iter().map(ToString::to_string)).collect::<Vec<_>>().join("; ")
}

/// What is asked for by the line that is being typed: its name and its title.
pub fn wanted(desk: &Keys) -> (String, String) {
    match desk.model.overlays.last() {
        Some(Overlay::Line { ask: Ask::RunValue { name, title, .. }, .. }) => (name.clone(), title.clone()),
        other => panic!("{other:?}"),
    }
}

/// Reads the question and agrees, whatever has to be typed for that.
pub fn agree(desk: &mut Keys) {
    desk.reads();
    let question = desk.model.questions.open.as_ref().expect("a question");
    if question.tier() < Tier::Danger {
        desk.keys("y");
        return;
    }
    let words = phrase(question.plan());
    type_text(&mut desk.model, &words);
    desk.keys("Enter");
    if desk.model.questions.open.is_some() {
        type_text(&mut desk.model, "it has to be");
        desk.keys("Enter");
    }
    assert!(desk.model.questions.open.is_none(), "agreed");
}

/// A document with real shells, which find these tools before all others.
pub struct Hands {
    pub desk: Desk,
    pub values: Values,
    /// Its kubectl's place.
    pub place: Where,
    runbook: Arc<Runbook>,
}

impl Hands {
    /// A run of the runbook. Each tool is a text for `sh`, with `$HERE` for a directory of its own.
    pub async fn new(number: &str, title: &str, tools: &[(&str, &str)]) -> Option<Hands> {
        let text = paper::text(number)?;
        let first = Desk::new();
        let root = first.root.clone();
        let (bin, here) = (root.path().join("bin"), root.path().join("here"));
        for dir in [&bin, &here] {
            std::fs::create_dir(dir).expect("made");
        }
        let script = |path: PathBuf, text: String| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("set");
            path
        };
        for (name, text) in tools {
            script(bin.join(name), format!("#!/bin/sh\nHERE='{}'\n{text}\n", here.display()));
        }
        let own = env!("CARGO_BIN_EXE_firedeck");
        let starts = format!("#!/bin/bash\nPATH='{}':/usr/bin:/bin\nexec '{own}' \"$@\"\n", bin.display());
        let program = script(root.path().join("program"), starts);
        let kubeconfig = root.path().join("kubeconfig");
        let clusters = "{current-context: prod, clusters: [{name: one, cluster: {server: 'https://one'}}], \
             contexts: [{name: prod, context: {cluster: one, namespace: dock}}]}";
        std::fs::write(&kubeconfig, clusters).expect("written");
        let desk = Desk::of(root, std::process::id(), |options, _| {
            (options.program, options.kubeconfig) = (Some(program), vec![kubeconfig]);
        });
        std::fs::write(desk.document(), &text).expect("written");
        let document = catalogue::read(&desk.document().display().to_string(), &text, &Tables::default());
        let runbook = book(&document, title).clone();
        let place = Where {
            host: "box".into(),
            workdir: Some(here),
            context: "prod".into(),
            namespace: "dock".into(),
            origin: "kubeconfig".into(),
            ..Where::default()
        };
        let mut hands = Hands { desk, values: Values::default(), place, runbook: runbook.clone() };
        hands.desk.runs.open(Book { document: Arc::new(document), runbook }, None);
        match hands.desk.until(|msg| matches!(msg, Msg::RunKnown(_) | Msg::Said { .. })).await {
            Msg::RunKnown(known) => hands.desk.run = Some(*known),
            other => panic!("{other:?}"),
        }
        Some(hands)
    }

    pub fn give(&mut self, name: &str, text: &str) {
        self.values.set(name, Value { text: text.into(), origin: Origin::Operator });
    }

    /// Gives every value of a command of this line the same text.
    pub fn fill(&mut self, line: u32, text: &str) {
        let names: Vec<String> = self.one(line).2.placeholders.iter().map(|one| one.name.clone()).collect();
        for name in names {
            self.give(&name, text);
        }
    }

    fn one(&self, line: u32) -> (u32, u32, Command) {
        let steps = (0..).zip(&self.runbook.steps);
        let mut all =
            steps.flat_map(|(step, what)| (0..).zip(&what.commands).map(move |(at, one)| (step, at, one)));
        let found = all.find(|(.., one)| one.statement.line == line);
        found.map(|(step, at, one)| (step, at, one.clone())).expect("a command in this line")
    }

    /// Chooses the way that leads to this line.
    pub async fn choose(&mut self, line: u32) {
        let (step, ..) = self.one(line);
        let run = &self.desk.run.as_ref().expect("a run").run;
        let (name, gates) = (run.name().to_owned(), run.shape().gates(step).to_vec());
        for gate in gates {
            let mark = Mark::Choose { asks: gate.asks, chosen: gate.option, no_longer: false };
            let (what, at) = (firedeck::update::run::event(&name, "ann", mark), now());
            let id = self.desk.writes.append(what.clone(), at).await.expect("written");
            self.desk.run.as_mut().expect("a run").run.take(&Event::known(id, at, what));
        }
    }

    pub fn may(&self, line: u32) -> Result<Go, Refusal> {
        let (step, command, _) = self.one(line);
        self.desk.run.as_ref().expect("a run").run.may(step, command, &self.values)
    }

    /// Where sessions have gone to, as far as was told.
    pub fn moved(&self) -> Moved {
        let moved = self.desk.heard.iter().filter_map(|msg| match msg {
            Msg::Ran(News::Moved { session, context, namespace }) => {
                Some((session.clone(), (context.clone(), namespace.clone())))
            }
            _ => None,
        });
        moved.collect()
    }

    fn ground<T>(&self, with: impl FnOnce(order::Ground<'_>) -> T) -> T {
        let (tables, moved) = (Tables::default(), self.moved());
        with(order::Ground { values: &self.values, tables: &tables, place: &self.place, moved: &moved })
    }

    pub fn order(&self, line: u32) -> Ordered {
        let go = self.may(line).unwrap_or_else(|why| panic!("line {line}: {why}"));
        let run = &self.desk.run.as_ref().expect("a run").run;
        self.ground(|ground| order::order(run, &go, "the document", ground)).expect("an order")
    }

    /// Another text in place of the line.
    pub fn own(&self, line: u32, text: &str) -> Ordered {
        let go = self.may(line).expect("it may run");
        let run = &self.desk.run.as_ref().expect("a run").run;
        self.ground(|ground| order::own(run, go.step, Some(&go), text, "the document", ground))
            .expect("an order")
    }

    /// What the looks of a command find out, and the right to run it.
    pub async fn asked(&mut self, ordered: Ordered) -> (Findings, Approved) {
        let Ordered { command, looks, .. } = ordered;
        let lang = self.runbook.steps[command.step as usize].commands[0].statement.lang;
        let command = match Approved::reading(Box::new(command), &Ground::default()) {
            Ok(approved) => return (Findings::default(), approved),
            Err(command) => command,
        };
        self.desk.question += 1;
        let id = QuestionId(self.desk.question);
        let mut answers = Vec::new();
        if !command.looks.is_empty() {
            self.desk.runs.look(id, &command);
            let answered = self.desk.until(|msg| matches!(msg, Msg::Answered(of, _) if *of == id)).await;
            let Msg::Answered(_, all) = answered else { panic!("{answered:?}") };
            answers = all;
        }
        let (found, _) = order::findings(&looks, &answers, lang);
        let asked = Question::ask(
            id,
            Plan::Shell(command),
            Place::default(),
            Ground::default(),
            None,
            Timestamp(1_000),
        );
        let mut question = Box::new(asked.expect("asked"));
        question.looked(found.clone());
        question.shown(question.revision(), Timestamp(1_000));
        (found, agreed(question))
    }

    pub async fn begin(&mut self, ordered: Ordered) -> Order {
        let (_, approved) = self.asked(ordered).await;
        self.desk.runs.begin(approved, Vec::new());
        self.desk.started().await
    }

    /// Runs what begins in this line, to its end.
    pub async fn run(&mut self, line: u32) -> StepEnded {
        let ordered = self.order(line);
        self.begin(ordered).await;
        self.desk.ended().await
    }

    /// Why its shell does not take it.
    pub async fn not_started(&mut self, ordered: Ordered) -> String {
        let (_, approved) = self.asked(ordered).await;
        self.desk.runs.begin(approved, Vec::new());
        self.desk.not_started().await
    }

    /// What a pretend tool has left.
    pub fn left(&self, name: &str) -> String {
        std::fs::read_to_string(self.here().join(name)).unwrap_or_default()
    }

    pub fn here(&self) -> PathBuf {
        self.desk.root.path().join("here")
    }

    /// Files of the program's own that hold this text.
    pub fn holding(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut dirs = vec![self.desk.root.path().join("state"), self.desk.root.path().join("run")];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let kind = entry.file_type().expect("known");
                if kind.is_dir() {
                    dirs.push(entry.path());
                } else if kind.is_file() {
                    let bytes = std::fs::read(entry.path()).unwrap_or_default();
                    if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                        found.push(entry.path().display().to_string());
                    }
                }
            }
        }
        found
    }
}

/// Agrees to a question, whatever has to be typed for that.
fn agreed(mut question: Box<Question>) -> Approved {
    let press = |code| Press { key: Key::plain(code), at: Timestamp(5_000), alone: true };
    if question.tier() < Tier::Danger {
        match question.answer(Answer::Yes, press(KeyCode::Char('y'))) {
            Verdict::Approved(approved) => return approved,
            other @ Verdict::Open(..) => panic!("{other:?}"),
        }
    }
    for words in [phrase(question.plan()), "it has to be".to_owned()] {
        for c in words.chars() {
            question.write(c, Timestamp(5_000)).expect("written");
        }
        match question.answer(Answer::Enter, press(KeyCode::Enter)) {
            Verdict::Approved(approved) => return approved,
            Verdict::Open(open, _) => question = open,
        }
    }
    panic!("not agreed: {question:?}")
}

/// The clock's second has changed.
pub async fn next_second() {
    let second = || now().0 / 1_000;
    let first = second();
    crate::runs::bench::wait(|| second() > first).await;
}

/// Notes its words, each on a line of its own with `|` in front of it, and says something.
pub const NOTES: &str = "for one in \"$@\"; do printf '|%s\\n' \"$one\"; done >>\"$HERE/words\"; echo fine";
