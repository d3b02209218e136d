//! Runs of runbooks, as far as this cockpit knows them.
use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;
use super::shelf::Book;
use crate::commands::Lang;
use crate::commands::effect::Looks;
use crate::domain::Text;
use crate::domain::approval::QuestionId;
use crate::domain::news::ActionId;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::shell::{Moved, Sent};
use crate::domain::text::Ink;
use crate::domain::time::Timestamp;
use crate::incident::event::{At, Order, Verdict};
use crate::runbook::binding::Values;
use crate::runbook::execution::Run;
use crate::runbook::judge::Judged;

/// A run that was opened, or found again.
#[derive(Debug, Clone)]
pub struct Known {
    pub run: Run,
    /// As the document was when it was opened.
    pub book: Book,
}

/// A run, a step, and its command if it is not the operator's own.
pub type Spot = (String, u32, Option<u32>);

/// Everything that was and is worked through.
#[derive(Debug, Default)]
pub struct Runs {
    pub all: BTreeMap<String, Known>,
    /// Values of secrets, by run: they are in no journal.
    pub secrets: BTreeMap<String, Values>,
    /// The last lines of what runs, and of what ran.
    pub tails: BTreeMap<Order, Tail>,
    /// Lines that were asked over the session of a pane: the order that their answer stands under, and when it came.
    pub held: BTreeMap<Spot, (Order, Timestamp)>,
    /// The question about a line that would go over the session of a pane, then the action.
    pub asks: Option<(QuestionId, Spot)>,
    pub asked: BTreeMap<ActionId, Spot>,
    /// What judging said beyond the verdict.
    pub judged: BTreeMap<Spot, Judged>,
    /// How far that is which was accepted and has to prove itself.
    pub settling: BTreeMap<Spot, Settling>,
    /// What was changed from here, in the order in which it began.
    pub done: Vec<Done>,
    /// What the panes say of the conditions of the open runbook.
    pub evidence: Evidence,
    /// Kinds that are watched for the sake of runbooks.
    pub watched: Vec<Kind>,
    /// Given to its shell, and not yet heard of: it is not given twice.
    pub starting: BTreeSet<Spot>,
    /// Where kubectl goes in sessions whose statements have switched it.
    pub moved: Moved,
    /// The page of output that is read.
    pub page: Option<Page>,
    /// What a first key would stop, and when that was pressed.
    pub stopping: Option<(Order, Timestamp)>,
    /// What is being found out for a command.
    pub looking: Option<Looking>,
    /// What goes on behind the shells of sessions.
    pub behind: BTreeMap<String, Vec<(i32, Text)>>,
    /// Runs that others have begun and that were looked for.
    pub sought: BTreeSet<String>,
}

impl Runs {
    /// Where the latest output of a command is: from its shell, or from the session of a pane if that was later.
    pub fn order(&self, known: &Known, step: u32, command: Option<u32>) -> Option<Order> {
        let held = self.held.get(&(known.run.name().to_owned(), step, command));
        let began = known.run.started_at(step, command);
        match held.filter(|(_, at)| began.is_none_or(|began| began <= *at)) {
            Some((order, _)) => Some(order.clone()),
            None => known.run.last_order(step, command),
        }
    }

    /// The step and the command of a run that wrote something last.
    pub fn latest(&self, known: &Known) -> Option<(u32, Option<u32>)> {
        let name = known.run.name();
        let held = self.held.iter().filter(|((run, ..), _)| run == name);
        let held = held.map(|((_, step, command), (_, at))| (*at, *step, *command)).max();
        let began = known.run.latest().map(|(step, command, at)| (at, step, command));
        let latest = held.into_iter().chain(began).max();
        latest.map(|(_, step, command)| (step, command))
    }

    /// The command that wrote this, as it ran.
    pub fn text_of(&self, order: &Order) -> Option<String> {
        if let Some(text) = self.all.values().find_map(|known| known.run.text_of(order)) {
            return Some(text.to_owned());
        }
        let ((run, step, command), _) = self.held.iter().find(|(_, (known, _))| known == order)?;
        let step = self.all.get(run)?.run.step(*step)?;
        Some(step.commands.get((*command)? as usize)?.statement.text.clone())
    }
}

/// A change that was accepted, as the panes see it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settling {
    /// The order that it is about: another start begins anew.
    pub order: Order,
    /// Since when it is as it should be, without a break.
    pub since: Option<Timestamp>,
    /// `2 of 3 pods ready`; why nothing is known; that nobody sees it.
    pub says: String,
    /// The verdict is on its way to the journal.
    pub told: bool,
}

/// What a step, or a command of the operator's own, has changed from here, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub at: Timestamp,
    pub order: Order,
    /// Where it stands in its run.
    pub spot: At,
    /// The step's number, as the document has it.
    pub n: String,
    /// As it ran, in one line without secrets.
    pub text: String,
    /// What it was done to; the runbook itself where no pane shows that.
    pub target: ObjectRef,
    /// None while it runs.
    pub verdict: Option<Verdict>,
    pub says: String,
}

/// What is being found out for the question about a command.
#[derive(Debug, Clone)]
pub struct Looking {
    pub question: QuestionId,
    pub looks: Looks,
    pub lang: Lang,
    /// What sets its variables.
    pub before: Sent,
    /// Known once the looks have answered.
    pub evidence: Vec<Sent>,
}

/// Where a statement wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    Out,
    Err,
    Term,
}

/// A line of output, harmless, with its colours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    pub inks: Vec<(usize, Ink)>,
    /// From standard error.
    pub err: bool,
}

/// The end of what a statement wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail {
    pub lines: Vec<Line>,
    /// All that it wrote, in bytes.
    pub bytes: u64,
}

impl Tail {
    /// Lines that are kept of the end, and bytes of them.
    pub const LINES: usize = 200;
    pub const BYTES: usize = 64 << 10;

    /// Nothing stands before the first of its lines.
    pub fn is_whole(&self) -> bool {
        self.lines.len() < Tail::LINES && self.bytes < Tail::BYTES as u64
    }
}

impl Line {
    /// Where this is in it; with a capital in it, in these letters alone.
    pub fn place(&self, what: &str) -> Option<usize> {
        if what.is_empty() {
            return None;
        }
        if what.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.text.find(what);
        }
        // Letters beyond ASCII are never folded, so that places stay what they are.
        self.text.to_ascii_lowercase().find(what)
    }
}

/// A page of what a statement wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub order: Order,
    pub stream: Stream,
    pub lines: Vec<Line>,
    /// Where it begins and where the next one does, in bytes of the stream, and how long that is.
    pub from: u64,
    pub to: u64,
    pub total: u64,
    /// The last line has no end yet, and stands again at `to`.
    pub open: bool,
    /// The first line with what was looked for.
    pub found: Option<usize>,
}

/// What happens while commands run, beside what the journal holds.
#[derive(Debug, Clone)]
pub enum News {
    Tail(Order, Tail),
    Page(Page),
    /// What was looked for is not in what follows.
    NotFound(String),
    /// A run could not be opened, and why not.
    NotOpened {
        why: String,
    },
    /// It was not given to its shell, and why not.
    NotStarted {
        at: At,
        why: String,
    },
    /// What kubectl goes to in a session was switched by its own statements.
    Moved {
        session: String,
        context: String,
        namespace: String,
    },
    /// It ended: what is to be known of it beside the event.
    Judged {
        at: At,
        judged: Judged,
    },
    /// It has the terminal when the operator wants that.
    WantsTerminal(Order),
    /// Goes on behind its shell.
    Background {
        session: String,
        children: Vec<(i32, Text)>,
    },
    /// Something about a session that does not end it.
    Trouble {
        session: String,
        at: Timestamp,
        why: String,
    },
}
