//! Somebody who works through a runbook by keys, and the part of the app that opens runs and writes events.
use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::domain::approval::{Approved, Plan, QuestionId, Tier};
use firedeck::domain::time::Timestamp;
use firedeck::incident::What;
use firedeck::incident::event::{At, End, Event, EventId, Order, RunOpened, StepEnded, StepStarted, Verdict};
use firedeck::model::Model;
use firedeck::model::checklist::Spot;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::run::Known;
use firedeck::model::shelf::Book;
use firedeck::runbook::catalogue;
use firedeck::runbook::execution::{Run, State};
use firedeck::runbook::types::Document;
use firedeck::update;

use super::estate::{cockpit, press, say, shelve_all, type_text};

/// A cockpit with the runbook open, and the part of the app that opens runs and writes events.
pub struct Desk {
    pub model: Model,
    pub n: u64,
    /// Texts that went to a shell.
    pub sent: Vec<String>,
    pub looked: Vec<(QuestionId, Vec<String>)>,
    pub last: Option<(At, Order)>,
}

impl Desk {
    /// With the first runbook of this document open.
    pub fn open(text: &str) -> Desk {
        let mut desk = Desk::of(vec![catalogue::read("yard.md", text, &Tables::default())]);
        desk.keys("G r Enter");
        assert!(desk.model.checklist.is_some(), "the runbook is open");
        desk
    }

    /// With these documents on the shelf, and none of their runbooks open.
    pub fn of(documents: Vec<Document>) -> Desk {
        let mut model = cockpit(120, 40);
        model.user = "ada".into();
        model.journal = firedeck::model::Journal::Good("here".into());
        shelve_all(&mut model, documents.into_iter().map(Arc::new).collect());
        Desk { model, n: 0, sent: Vec::new(), looked: Vec::new(), last: None }
    }

    /// Opens the runbook whose title begins so.
    pub fn opens(&mut self, title: &str) -> &mut Desk {
        let documents = self.model.shelf.documents.iter();
        let mut books = documents.flat_map(|document| {
            document
                .runbooks
                .iter()
                .map(|runbook| Book { document: document.clone(), runbook: runbook.clone() })
        });
        let book = books.find(|book| book.runbook.title.starts_with(title)).expect("a runbook of that title");
        let effects = update::shelf::open(&mut self.model, book);
        self.serve(effects);
        self
    }

    pub fn keys(&mut self, keys: &str) -> &mut Desk {
        for key in keys.split(' ') {
            let effects = press(&mut self.model, key);
            self.serve(effects);
        }
        self
    }

    pub fn types(&mut self, text: &str) -> &mut Desk {
        press(&mut self.model, "Ctrl-U");
        type_text(&mut self.model, text);
        self.keys("Enter")
    }

    pub fn tell(&mut self, what: What) {
        self.n += 1;
        let id = EventId { incident: "day".into(), writer: "here".into(), n: self.n };
        let at = Timestamp(self.model.now.0 + i64::try_from(self.n).expect("few"));
        let effects = say(&mut self.model, Msg::Told(Box::new(Event::known(id, at, what))));
        self.serve(effects);
    }

    pub fn serve(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::OpenRun { book, .. } => {
                    let opened = RunOpened {
                        run: "r1".into(),
                        path: book.document.path.clone(),
                        document: book.document.title.clone(),
                        runbook: book.runbook.title.clone(),
                        line: book.runbook.line,
                        kept: None,
                        host: "here".into(),
                        alert: None,
                        by: "ada".into(),
                    };
                    let known = Known { run: Run::new("r1", book.runbook.clone()), book };
                    let effects = say(&mut self.model, Msg::RunKnown(Box::new(known)));
                    self.tell(What::RunOpened(Box::new(opened)));
                    self.serve(effects);
                }
                Effect::Tell(what) => self.tell(*what),
                Effect::Look(id, Plan::Shell(command)) => {
                    let looks = command.looks.iter().map(|look| look.expose().to_owned()).collect();
                    self.looked.push((id, looks));
                }
                Effect::Start { approved, .. } => self.start(approved),
                _ => {}
            }
        }
    }

    pub fn start(&mut self, approved: Approved) {
        let (question, reason) = (approved.question().0, approved.reason().to_owned());
        let command = approved.into_command().expect("for a shell");
        self.sent.push(command.text.expose().to_owned());
        let at = At { run: command.run.clone(), step: command.step, command: command.command };
        let order = Order { session: "s1".into(), statement: self.n + 1 };
        self.last = Some((at.clone(), order.clone()));
        self.tell(What::StepStarted(Box::new(StepStarted {
            at,
            order,
            n: command.n,
            line: command.line,
            end_line: command.end_line,
            text: command.shown,
            edited: command.edited,
            tier: command.risk.into(),
            why: command.why.join("; "),
            host: command.place.host,
            workdir: String::new(),
            context: command.place.context,
            namespace: command.place.namespace,
            namespace_origin: command.place.origin,
            question: Some(question).filter(|id| *id > 0),
            revision: 0,
            typed: None,
            reason: Some(reason).filter(|reason| !reason.is_empty()),
            by: "ada".into(),
        })));
    }

    pub fn ends(&mut self, verdict: Verdict) {
        let (at, order) = self.last.take().expect("something runs");
        let code = i32::from(verdict > Verdict::Accepted);
        self.tell(What::StepEnded(Box::new(StepEnded {
            at,
            order,
            end: End::Exit(vec![code]),
            verdict,
            says: String::new(),
            milliseconds: 400,
            output: Vec::new(),
        })));
    }

    /// The looks answer, the question is shown and read.
    pub fn reads(&mut self) {
        if let Some((id, looks)) = self.looked.pop() {
            say(&mut self.model, Msg::Answered(id, vec![None; looks.len()]));
        }
        let question = self.model.questions.open.as_ref().expect("a question");
        let (question, revision) = (question.id(), question.revision());
        let at = Timestamp(self.model.now.0 - 1_000);
        say(&mut self.model, Msg::Shown { question, revision, at });
    }

    pub fn tier(&self) -> Option<Tier> {
        self.model.questions.open.as_ref().map(|question| question.tier())
    }

    pub fn state(&self, step: u32, command: u32) -> State {
        self.model.runs.all["r1"].run.command(step, command).expect("a command").state
    }

    pub fn flash(&self) -> &str {
        self.model.flash.as_ref().map_or("", |flash| &flash.text)
    }

    pub fn here(&self) -> Spot {
        self.model.checklist.as_ref().expect("open").here
    }
}

/// That a command began which only reads, with nothing asked.
pub fn started(at: At, order: Order, text: &str, by: &str) -> StepStarted {
    StepStarted {
        at,
        order,
        n: "1".into(),
        line: 1,
        end_line: 1,
        text: text.into(),
        edited: false,
        tier: Tier::Read.into(),
        why: String::new(),
        host: "here".into(),
        workdir: String::new(),
        context: String::new(),
        namespace: String::new(),
        namespace_origin: String::new(),
        question: None,
        revision: 0,
        typed: None,
        reason: None,
        by: by.into(),
    }
}
