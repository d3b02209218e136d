//! One run of a runbook: what was done, what may run next and why not.
mod any_story;
mod choices;
mod fences;
mod measures;
mod merging;
mod next;
mod orders;

use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{
    At, BranchChosen, End, Event, Order, RunOpened, StepEnded, StepSettled, StepSkipped, StepStarted,
    StepTicked, Tier, Verdict, What,
};
use firedeck::runbook::binding::{Origin, Value, Values};
use firedeck::runbook::execution::{Go, Refusal, Run};
use firedeck::runbook::{Runbook, catalogue};

const RUN: &str = "run-1";
const HERE: &str = "jump-1";

/// The first runbook of a page.
fn book(page: &str) -> Arc<Runbook> {
    let document = catalogue::read("yard.md", page, &Tables::default());
    document.runbooks.first().cloned().expect("a runbook")
}

/// A run and the clock of its story.
struct Story {
    run: Run,
    clock: i64,
    n: u64,
    events: Vec<Event>,
}

impl Story {
    fn of(page: &str) -> Story {
        let mut story = Story { run: Run::new(RUN, book(page)), clock: 1_000, n: 0, events: Vec::new() };
        story.tell(What::RunOpened(Box::new(opened())));
        story
    }

    fn tell(&mut self, what: What) {
        self.tell_by("one", what);
    }

    fn tell_by(&mut self, writer: &str, what: What) {
        self.clock += 1_000;
        self.n += 1;
        let event = event(writer, self.n, self.clock, what);
        self.run.take(&event);
        self.events.push(event);
    }

    /// The step and the command whose text begins so.
    fn at(&self, text: &str) -> (u32, u32) {
        let steps = (0..).zip(&self.run.runbook().steps);
        let mut all =
            steps.flat_map(|(step, one)| (0..).zip(&one.commands).map(move |(at, c)| (step, at, c)));
        let found = all.find(|(.., command)| command.statement.text.starts_with(text));
        found.map_or_else(|| panic!("no command `{text}`"), |(step, at, _)| (step, at))
    }

    fn step(&self, title: &str) -> u32 {
        let mut steps = (0..).zip(&self.run.runbook().steps);
        steps.find(|(_, step)| step.title.starts_with(title)).map(|(at, _)| at).expect("a step")
    }

    fn may(&self, text: &str) -> Result<Go, Refusal> {
        self.may_with(text, &self.run.values())
    }

    fn may_with(&self, text: &str, values: &Values) -> Result<Go, Refusal> {
        let (step, command) = self.at(text);
        self.run.may(step, command, values)
    }

    fn start(&mut self, text: &str, session: &str, statement: u64) {
        let at = self.at(text);
        self.tell(started(at, session, statement, HERE));
    }

    fn end(&mut self, text: &str, session: &str, statement: u64, end: End, verdict: Verdict) {
        let at = self.at(text);
        self.tell(ended(at, session, statement, end, verdict));
    }

    /// Runs a command to its end.
    fn ran(&mut self, text: &str, session: &str, statement: u64, verdict: Verdict) {
        self.start(text, session, statement);
        let code = i32::from(!matches!(verdict, Verdict::Ok | Verdict::Accepted));
        self.end(text, session, statement, End::Exit(vec![code]), verdict);
    }

    fn choose(&mut self, asks: Option<u32>, chosen: u32) {
        self.tell(chosen_by(asks, chosen));
    }

    fn state(&self, text: &str) -> firedeck::runbook::execution::State {
        let (step, command) = self.at(text);
        self.run.command(step, command).expect("a command").state
    }
}

fn event(writer: &str, n: u64, at: i64, what: What) -> Event {
    Event {
        incident: "day".into(),
        writer: writer.into(),
        n,
        prev: String::new(),
        at: Timestamp(at),
        what,
        rest: Vec::new(),
    }
}

fn opened() -> RunOpened {
    RunOpened {
        run: RUN.into(),
        path: "yard.md".into(),
        document: "Yard".into(),
        runbook: "Crane".into(),
        line: 1,
        kept: None,
        host: HERE.into(),
        alert: None,
        by: "ada".into(),
    }
}

fn at((step, command): (u32, u32)) -> At {
    At { run: RUN.into(), step, command: Some(command) }
}

fn order(session: &str, statement: u64) -> Order {
    Order { session: session.into(), statement }
}

fn started(spot: (u32, u32), session: &str, statement: u64, host: &str) -> What {
    What::StepStarted(Box::new(StepStarted {
        at: at(spot),
        order: order(session, statement),
        n: "1".into(),
        line: 1,
        end_line: 1,
        text: "as it ran".into(),
        edited: false,
        tier: Tier::Read,
        why: "reads".into(),
        host: host.into(),
        workdir: String::new(),
        context: String::new(),
        namespace: String::new(),
        namespace_origin: String::new(),
        question: None,
        revision: 0,
        typed: None,
        reason: None,
        by: "ada".into(),
    }))
}

fn ended(spot: (u32, u32), session: &str, statement: u64, end: End, verdict: Verdict) -> What {
    What::StepEnded(Box::new(StepEnded {
        at: at(spot),
        order: order(session, statement),
        end,
        verdict,
        says: "so it went".into(),
        milliseconds: 12,
        output: Vec::new(),
    }))
}

fn settled(spot: (u32, u32), verdict: Verdict) -> What {
    What::StepSettled(StepSettled { at: at(spot), verdict, says: "it holds".into(), held: false })
}

fn ticked(step: u32, item: Option<u32>, ticked: bool) -> What {
    What::StepTicked(StepTicked { run: RUN.into(), step, item, ticked, by: "ada".into() })
}

fn skipped(step: u32, reason: &str, no_longer: bool) -> What {
    What::StepSkipped(StepSkipped {
        run: RUN.into(),
        step,
        reason: reason.into(),
        by: "ada".into(),
        no_longer,
    })
}

fn chosen_by(step: Option<u32>, chosen: u32) -> What {
    What::BranchChosen(BranchChosen { run: RUN.into(), step, chosen, by: "ada".into(), no_longer: false })
}

fn values(pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, text) in pairs {
        values.set(name, Value { text: (*text).into(), origin: Origin::Operator });
    }
    values
}
