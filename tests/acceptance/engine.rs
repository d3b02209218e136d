//! A runbook of a document, worked through by the real engine: real shells, a journal, and tools that the test gives.
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firedeck::commands::effect::Answer;
use firedeck::commands::tools::Tables;
use firedeck::domain::approval::QuestionId;
use firedeck::domain::shell::{Kind, Where};
use firedeck::incident::event::{Order, StepEnded};
use firedeck::model::msg::Msg;
use firedeck::runbook::binding::{Origin, Value, Values};
use firedeck::runbook::execution::{Go, Refusal};
use firedeck::runbook::order::{self, Ground, Ordered};
use firedeck::runbook::{Command, catalogue};

use super::bench::{self, Desk, Root};
use super::paper;

/// What the commands of a run find.
#[derive(Default)]
pub(crate) struct Tools {
    tools: Vec<(String, String)>,
    env: Vec<(String, String)>,
}

impl Tools {
    /// A tool that stands first in the path; the real one is reached by `real TOOL …`.
    pub(crate) fn tool(mut self, name: &str, script: &str) -> Tools {
        self.tools.push((name.to_owned(), script.to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Tools {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

pub(crate) struct Work {
    pub(crate) desk: Desk,
    values: Values,
    asked: u64,
}

impl Work {
    /// Opens this runbook of the document; none where the documents are not there.
    pub(crate) async fn open(number: &str, title: &str, ground: Tools) -> Option<Work> {
        let text = paper::text(number)?;
        let mut desk = Desk::of(Root::new(), std::process::id(), |options, root| {
            options.program = Some(wrapper(root, &ground));
        });
        // By its own name, as the path tells the document's number.
        let path = desk.root.path().join(format!("{number}_document.md"));
        std::fs::write(&path, &text).expect("written");
        let document = catalogue::read(&path.display().to_string(), &text, &Tables::default());
        let runbook = document.runbooks.iter().find(|one| one.title.starts_with(title)).cloned();
        let runbook = runbook.expect("a runbook of that title");
        desk.runs.open(firedeck::model::shelf::Book { document: Arc::new(document), runbook }, None);
        match desk.until(|msg| matches!(msg, Msg::RunKnown(_) | Msg::Said { .. })).await {
            Msg::RunKnown(known) => desk.run = Some(*known),
            other => panic!("{other:?}"),
        }
        Some(Work { desk, values: Values::default(), asked: 0 })
    }

    /// The directory that the commands run in.
    pub(crate) fn dir(&self) -> PathBuf {
        self.desk.root.path().to_owned()
    }

    pub(crate) fn give(&mut self, name: &str, value: &str) {
        self.values.set(name, Value { text: value.into(), origin: Origin::Operator });
    }

    /// Every command with its place, in the order of the document.
    pub(crate) fn commands(&self) -> Vec<((u32, u32), Command)> {
        let steps = (0..).zip(&self.desk.run.as_ref().expect("a run").run.runbook().steps);
        steps
            .flat_map(|(step, one)| {
                (0..).zip(&one.commands).map(move |(at, command)| ((step, at), command.clone()))
            })
            .collect()
    }

    pub(crate) fn at(&self, line: u32) -> (u32, u32) {
        let all = self.commands();
        let found = all.iter().find(|(_, command)| command.statement.line == line);
        found.unwrap_or_else(|| panic!("no command begins at line {line}")).0
    }

    pub(crate) fn may(&self, (step, command): (u32, u32)) -> Result<Go, Refusal> {
        let run = &self.desk.run.as_ref().expect("a run").run;
        run.may(step, command, &self.values)
    }

    pub(crate) fn ordered(&self, at: (u32, u32)) -> Result<Ordered, Refusal> {
        let go = self.may(at)?;
        let run = &self.desk.run.as_ref().expect("a run").run;
        let place = Where { host: "box".into(), workdir: Some(self.dir()), ..Where::default() };
        let moved = firedeck::domain::shell::Moved::default();
        let ground =
            Ground { values: &self.values, tables: &Tables::default(), place: &place, moved: &moved };
        Ok(order::order(run, &go, "a document", ground).expect("an order"))
    }

    /// What would be said of what it hits.
    pub(crate) async fn looks(&mut self, at: (u32, u32)) -> Vec<String> {
        let Ordered { command, looks, .. } = self.ordered(at).expect("it may run");
        self.asked += 1;
        let id = QuestionId(70_000 + self.asked);
        self.desk.runs.look(id, &command);
        let msg = self.desk.until(|msg| matches!(msg, Msg::Answered(of, _) if *of == id)).await;
        let Msg::Answered(_, answers) = msg else { panic!("{msg:?}") };
        let answers: Vec<Option<Answer>> = answers;
        let lang = self.commands().into_iter().find(|(spot, _)| *spot == at).expect("it").1.statement.lang;
        self.desk.runs.declined(id);
        let (found, _) = order::findings(&looks, &answers, lang);
        found.effect.into_iter().chain(found.unchecked).collect()
    }

    pub(crate) async fn begin(&mut self, at: (u32, u32)) -> Order {
        let command = self.ordered(at).unwrap_or_else(|why| panic!("{at:?}: {why}")).command;
        let approved = self.desk.approve(command);
        self.desk.runs.begin(approved, Vec::new());
        self.desk.started().await
    }

    /// Runs it to its end: what it came to, and what it wrote.
    pub(crate) async fn run(&mut self, at: (u32, u32)) -> (StepEnded, String) {
        self.begin(at).await;
        let ended = self.desk.ended().await;
        let out = self.desk.output(&ended.order);
        (ended, out)
    }

    /// The same by its line.
    pub(crate) async fn line(&mut self, line: u32) -> (StepEnded, String) {
        self.run(self.at(line)).await
    }

    /// Everything that a shell would run, one after the other; what is not run says why.
    pub(crate) async fn all(&mut self) -> Vec<(u32, Result<(StepEnded, String), String>)> {
        let mut out = Vec::new();
        for (at, command) in self.commands() {
            let line = command.statement.line;
            match self.may(at) {
                Err(Refusal::Narration) => {}
                Err(why) => out.push((line, Err(why.to_string()))),
                Ok(go) if go.kind != Kind::Plain => out.push((line, Err("not plain".into()))),
                Ok(_) => {
                    let command = self.ordered(at).expect("it may").command;
                    let approved = self.desk.approve(command);
                    self.desk.runs.begin(approved, Vec::new());
                    let is = |msg: &Msg| bench::told(msg, "step-started") || bench::not_started(msg);
                    match self.desk.until(is).await {
                        Msg::Told(_) => {
                            let ended = self.desk.ended().await;
                            let said = self.desk.output(&ended.order);
                            out.push((line, Ok((ended, said))));
                        }
                        Msg::Ran(firedeck::model::run::News::NotStarted { why, .. }) => {
                            out.push((line, Err(why)));
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        out
    }
}

/// The program that owns the shells, with the tools of the test first in its path.
fn wrapper(root: &Path, ground: &Tools) -> PathBuf {
    let bin = root.join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    let script = |name: &str, text: &str| {
        let path = bin.join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("set");
        path
    };
    let real = "real() { PATH=${PATH#*:} \"$@\"; }";
    for (name, text) in &ground.tools {
        script(name, &format!("#!/bin/bash\nROOT='{}'\n{real}\n{text}\n", root.display()));
    }
    let mut text = format!("#!/bin/bash\nexport PATH='{}':$PATH HOME='{}'\n", bin.display(), root.display());
    for (name, value) in &ground.env {
        let _ = writeln!(text, "export {name}='{value}'");
    }
    let _ = writeln!(text, "exec '{}' \"$@\"", env!("CARGO_BIN_EXE_firedeck"));
    script("firedeck-here", &text)
}
