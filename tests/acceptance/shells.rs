//! A document's own commands in real shells, with tools of our own in front of the real ones.
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::domain::action::Findings;
use firedeck::domain::approval::{self, Answer, Approved, Place, Plan, Press, Question, QuestionId};
use firedeck::domain::settings::{Key, KeyCode};
use firedeck::domain::shell::{Moved, Session, ShellCommand, Where};
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::StepEnded;
use firedeck::model::msg::Msg;
use firedeck::model::shelf::Book;
use firedeck::runbook::binding::{Origin, Value, Values};
use firedeck::runbook::catalogue;
use firedeck::runbook::order::{self, Ground, Ordered};

use super::bench::{Desk, Root};
use super::paper;

pub(crate) struct Shells {
    pub(crate) desk: Desk,
    pub(crate) values: Values,
}

/// Puts tools of our own into a directory, to be found before others.
pub(crate) fn tools(dir: &std::path::Path, tools: &[(&str, &str)]) {
    std::fs::create_dir_all(dir).expect("made");
    for (name, text) in tools {
        let path = dir.join(name);
        std::fs::write(&path, format!("#!/bin/bash\n{text}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("set");
    }
}

impl Shells {
    /// The runbook of this document whose title begins so. The tools know the directory where commands run as `$YARD`.
    pub(crate) async fn open(number: &str, title: &str, scripts: &[(&str, &str)]) -> Option<Shells> {
        Some(Shells::of(&paper::text(number)?, title, scripts).await)
    }

    pub(crate) async fn of(text: &str, title: &str, scripts: &[(&str, &str)]) -> Shells {
        let root = Root::new();
        let bin = root.path().join("bin");
        tools(&bin, scripts);
        let (own, yard) = (env!("CARGO_BIN_EXE_firedeck"), root.path().display().to_string());
        let wrapper = format!("export YARD='{yard}'\nPATH='{}':$PATH\nexec '{own}' \"$@\"", bin.display());
        tools(&root.path().join("start"), &[("wrapper", &wrapper)]);
        let program = root.path().join("start/wrapper");
        let mut desk = Desk::of(root, std::process::id(), |options, _| options.program = Some(program));
        let path = desk.document();
        std::fs::write(&path, text).expect("written");
        let document = Arc::new(catalogue::read(&path.display().to_string(), text, &Tables::default()));
        let mut runbooks = document.runbooks.iter();
        let runbook = runbooks.find(|one| one.title.starts_with(title)).expect("a runbook").clone();
        desk.runs.open(Book { document, runbook }, None);
        match desk.until(|msg| matches!(msg, Msg::RunKnown(_) | Msg::Said { .. })).await {
            Msg::RunKnown(known) => desk.run = Some(*known),
            other => panic!("{other:?}"),
        }
        Shells { desk, values: Values::default() }
    }

    pub(crate) fn gives(&mut self, name: &str, value: &str) {
        self.values.set(name, Value { text: value.into(), origin: Origin::Operator });
    }

    /// The order for the command at this line, as the cockpit makes it.
    pub(crate) fn order(&self, line: u32) -> ShellCommand {
        self.ordered(line).command
    }

    pub(crate) fn ordered(&self, line: u32) -> Ordered {
        let known = self.desk.run.as_ref().expect("a run");
        let (step, command) = paper::spot(known.run.runbook(), line);
        let go =
            known.run.may(step, command, &self.values).unwrap_or_else(|why| panic!("line {line}: {why}"));
        let place =
            Where { host: "box".into(), workdir: Some(self.desk.root.path().into()), ..Where::default() };
        let ground = Ground {
            values: &self.values,
            tables: &Tables::default(),
            place: &place,
            moved: &Moved::default(),
        };
        order::order(&known.run, &go, "the document", ground).expect("an order")
    }

    pub(crate) async fn runs(&mut self, line: u32) -> StepEnded {
        let command = self.order(line);
        self.desk.run(command).await
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.desk.root.path().join(name), text).expect("written");
    }

    /// What the looks of a command say in its question.
    pub(crate) async fn looks(&mut self, ordered: &Ordered) -> Findings {
        self.desk.question += 1;
        let id = QuestionId(self.desk.question);
        self.desk.runs.look(id, &ordered.command);
        match self.desk.until(|msg| matches!(msg, Msg::Answered(one, _) if *one == id)).await {
            Msg::Answered(_, answers) => {
                order::findings(&ordered.looks, &answers, firedeck::commands::Lang::Shell).0
            }
            other => panic!("{other:?}"),
        }
    }

    /// A dangerous command, whose target is typed and given a reason.
    pub(crate) fn typed(&self, command: ShellCommand, findings: Findings) -> Approved {
        let plan = Plan::Shell(Box::new(command));
        let phrase = approval::phrase(&plan);
        let id = QuestionId(self.desk.question);
        let ground = approval::Ground::default();
        let asked = Question::ask(id, plan, Place::default(), ground, None, Timestamp(1_000));
        let mut question = Box::new(asked.expect("asked"));
        question.looked(findings);
        question.shown(question.revision(), Timestamp(1_000));
        for text in [phrase.as_str(), "it is full"] {
            question.clear();
            for c in text.chars() {
                question.write(c, Timestamp(5_000)).expect("taken");
            }
            let press = Press { key: Key::plain(KeyCode::Enter), at: Timestamp(5_000), alone: true };
            match question.answer(Answer::Enter, press) {
                approval::Verdict::Approved(approved) => return approved,
                approval::Verdict::Open(open, _) => question = open,
            }
        }
        panic!("it is not approved")
    }

    pub(crate) fn joins(&self, line: u32) -> Session {
        self.order(line).session
    }
}
