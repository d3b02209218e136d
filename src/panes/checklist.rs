//! A runbook beside the live panes: its steps, their commands, and how risky each is.
mod command;
pub mod held;
mod own;
mod stand;

pub use stand::sign;

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::text::broken;
use super::{Fact, Pane};
use crate::commands::{Lang, Role as Purpose};
use crate::domain::approval::Tier;
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::settings::{Action, Role};
use crate::domain::text::{clean, clean_lines, one_line};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::checklist::{Checklist, Spot};
use crate::runbook::execution::{CommandView, State};
use crate::runbook::{Command, Document, Mode, Note, Runbook, Status, Step, StepKind, by_hand};
pub use stand::NOBODY;
use stand::Stand;

/// One line of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// What stands here; a command of several lines has several.
    pub spot: Option<Spot>,
    /// The first line of its spot: the cursor stands on it.
    pub first: bool,
    pub indent: u16,
    pub text: Vec<Fact>,
    /// At the right edge.
    pub tail: Option<Fact>,
}

pub struct ChecklistPane;

impl Pane for ChecklistPane {
    fn kind(&self) -> PaneKind {
        PaneKind::Checklist
    }

    fn name(&self, model: &Model) -> Cow<'static, str> {
        let title = model.checklist.as_ref().map(|list| clean(&list.book.runbook.title).into_owned());
        title.unwrap_or_default().into()
    }

    fn fed_by(&self, _: &Feed, _: &Model) -> bool {
        false
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        let Some(list) = &model.checklist else { return Vec::new() };
        let mut facts = vec![Fact::new(super::runbooks::place(&list.book), Role::Dim)];
        if list.outdated {
            facts.push(Fact::new("the file has changed since", Role::Warning));
        }
        facts.extend(Stand::of(model, list).progress().unwrap_or_default());
        facts
    }

    fn lamp(&self, _: &Model) -> (Level, String) {
        (Level::Fine, String::new())
    }

    fn keys(&self, model: &Model) -> Vec<Action> {
        let by_hand = model.checklist.as_ref().is_some_and(is_by_hand);
        let mut keys = if by_hand {
            vec![
                Action::TickStep,
                Action::SkipStep,
                Action::RunOn,
                Action::Back,
                Action::Copy,
                Action::Runbooks,
            ]
        } else {
            vec![
                Action::RunStep,
                Action::RunOn,
                Action::SkipStep,
                Action::TickStep,
                Action::Output,
                Action::EditStep,
                Action::Back,
                Action::Copy,
                Action::Runbooks,
            ]
        };
        if let Some(first) = called_for(model) {
            keys.insert(0, first);
        }
        keys
    }
}

/// The key that is wanted now: what runs can be stopped, what found its server full be asked otherwise, what is
/// finished be ended.
fn called_for(model: &Model) -> Option<Action> {
    let list = model.checklist.as_ref()?;
    let known = model.runs.all.get(list.run.as_ref()?)?;
    if !known.run.in_flight().is_empty() {
        return Some(Action::StopStep);
    }
    let stand = Stand::of(model, list);
    if stand.command(list.here).is_some_and(|view| stand.full(list.here, &view).is_some()) {
        return Some(Action::HeldSession);
    }
    (known.run.closed().is_none() && known.run.progress().is_finished()).then_some(Action::CloseRun)
}

/// `4 of 12`: where you are, in steps.
pub fn progress(model: &Model, list: &Checklist) -> Fact {
    // What went wrong and what runs stands in front of it, and needs the room.
    if Stand::of(model, list).progress().is_some_and(|facts| facts.len() > 1) {
        return Fact::new("", Role::Dim);
    }
    let steps = &list.book.runbook.steps;
    let counted = |steps: &[Step]| steps.iter().filter(|step| is_main(step)).count();
    let at = counted(steps.get(..=list.here.step).unwrap_or(steps));
    let all = counted(steps);
    if all == 0 { Fact::new("", Role::Dim) } else { Fact::new(format!("step {at} of {all}"), Role::Dim) }
}

/// Whether it bears a number of its own: no preamble, no arm of a branch.
fn is_main(step: &Step) -> bool {
    step.is_counted() && !step.is_arm()
}

/// The places where the cursor may stand, in order.
pub fn spots(runbook: &Runbook) -> impl Iterator<Item = Spot> + '_ {
    runbook.steps.iter().enumerate().flat_map(|(step, what)| {
        let commands = (0..what.commands.len()).map(move |n| Spot { step, command: Some(n) });
        // A step with commands is worked through by them.
        let itself = what.commands.is_empty().then_some(Spot { step, command: None });
        itself.into_iter().chain(commands)
    })
}

/// Nothing runs here and nothing is chosen: it is ticked.
fn is_by_hand(list: &Checklist) -> bool {
    let step = list.book.runbook.steps.get(list.here.step);
    let nothing = command(&list.book.runbook, list.here).is_none();
    nothing && step.is_some_and(|step| step.kind == StepKind::Manual && !step.is_arm())
}

/// The command that a spot means.
pub fn command(runbook: &Runbook, spot: Spot) -> Option<&Command> {
    runbook.steps.get(spot.step)?.commands.get(spot.command?)
}

/// How a risk is written.
pub fn risk(tier: Tier) -> Fact {
    let role = match tier {
        Tier::Read => Role::Dim,
        Tier::Change => Role::Warning,
        Tier::Danger => Role::Bad,
    };
    Fact::new(tier.to_string(), role)
}

/// All lines for a pane of this size. Rows that are free show what the last command wrote, wherever the cursor is.
pub fn lines(model: &Model, list: &Checklist, width: usize, rows: usize) -> Vec<Line> {
    let runbook = &list.book.runbook;
    let stand = Stand::of(model, list);
    let latest = stand.latest();
    let (lines, under) = (Vec::new(), String::new());
    let mut page = Page { width, lines, stand, here: list.here, under, latest, wrote: None };
    page.head(&list.book.document, runbook);
    let (mut phase, mut brief) = (None, false);
    for (at, step) in runbook.steps.iter().enumerate() {
        let new = step.phase != phase;
        let before = std::mem::replace(&mut brief, is_brief(step));
        let close = step.is_arm() || before && brief;
        if new || !close {
            page.gap();
        }
        if new {
            page.words(1, None, "", step.phase.as_deref().unwrap_or_default(), Role::Focus);
            phase.clone_from(&step.phase);
        }
        page.step(at, step);
    }
    page.unfold(rows);
    page.lines
}

/// Ticks of one line each stand together.
fn is_brief(step: &Step) -> bool {
    step.commands.is_empty() && step.notes.is_empty() && step.text.lines().count() < 2
}

/// Two lines about what is selected: what it does, and what has to be known of it.
pub fn about(model: &Model, list: &Checklist) -> [Vec<Fact>; 2] {
    let runbook = &list.book.runbook;
    let Some(step) = runbook.steps.get(list.here.step) else { return Default::default() };
    let Some(command) = command(runbook, list.here) else {
        let says = match step.kind {
            StepKind::Manual if by_hand::risk(step) > Tier::Read => {
                return [
                    vec![risk(Tier::Danger), Fact::new("  done by hand, and hard to take back", Role::Text)],
                    Vec::new(),
                ];
            }
            StepKind::Manual => "done by hand",
            StepKind::Branch => "choose one of those below",
            StepKind::Note => "to be read",
            StepKind::Command => "nothing to run",
        };
        return [vec![Fact::new(says, Role::Dim)], Vec::new()];
    };
    let statement = &command.statement;
    let mut first = vec![risk(statement.risk)];
    if statement.risk > Tier::Read || statement.why != "only reads" {
        first.push(Fact::new(format!("  {}", one_line(&statement.why)), Role::Text));
    }
    let mut second = Vec::new();
    if statement.lang == Lang::Query || statement.role == Purpose::Query {
        second.push("to be copied, not run".to_owned());
    }
    second.extend(super::runbooks::not_in_use(&list.book.document, command));
    let (given, missing) = Stand::of(model, list).values(command);
    if !missing.is_empty() {
        second.push(format!("fill in {}", missing.join(", ")));
    } else if !given.is_empty() {
        second.push(format!("{} gives another value", model.key(Action::SetValue)));
    }
    second.extend(statement.traits.words().map(str::to_owned));
    if let Some(undo) = &command.attributes.undo {
        second.push(format!("undo: {}", one_line(undo)));
    }
    let lines = if statement.end_line > statement.line {
        format!("lines {}–{}", statement.line, statement.end_line)
    } else {
        format!("line {}", statement.line)
    };
    second.push(lines);
    [first, vec![Fact::new(second.join(" · "), Role::Dim)]]
}

struct Page<'a> {
    width: usize,
    lines: Vec<Line>,
    stand: Stand<'a>,
    here: Spot,
    /// The condition that was said last: what goes on under it does not say it again.
    under: String,
    /// Who wrote last, and where that stands.
    latest: Option<Spot>,
    wrote: Option<Wrote>,
}

/// Where the output of a command stands among the lines.
struct Wrote {
    lines: std::ops::Range<usize>,
    indent: u16,
    view: CommandView,
}

/// Where a step's title begins, and what stands below it.
const TITLE: u16 = 6;

impl Page<'_> {
    fn gap(&mut self) {
        if self.lines.last().is_some_and(|last| *last != Line::default()) {
            self.lines.push(Line::default());
        }
    }

    /// A text behind `lead`, wrapped under itself; `tail` stands at the end of its first line.
    fn words(&mut self, indent: u16, spot: Option<Spot>, lead: &str, text: &str, role: Role) {
        let hang = lead.width();
        let room = self.width.saturating_sub(usize::from(indent) + hang + 1).max(16);
        let mut first = true;
        for part in clean_lines(text).lines().map(str::trim).filter(|part| !part.is_empty()) {
            for piece in broken(part, room) {
                let lead = if first { lead.to_owned() } else { " ".repeat(hang) };
                let text = vec![Fact::new(lead, role), Fact::new(piece, role)];
                self.lines.push(Line { spot, first: false, indent, text, tail: None });
                first = false;
            }
        }
    }

    fn notes(&mut self, indent: u16, spot: Option<Spot>, notes: &[Note]) {
        for note in notes {
            self.words(indent, spot, "▲ ", &note.text, Role::Warning);
        }
    }

    /// How fast each part has to be back, and how much of it may be lost: for who recovers one.
    fn objectives(&mut self, document: &Document, runbook: &Runbook) {
        for row in crate::runbook::facts::objectives_for(&document.facts, runbook) {
            self.words(1, None, "· ", &row, Role::Text);
        }
    }

    fn head(&mut self, document: &Document, runbook: &Runbook) {
        let mut about = vec![runbook.kind.name().to_owned()];
        about.extend(runbook.severity.as_deref().map(one_line));
        about.extend(
            runbook.response_time.as_deref().map(|time| format!("respond within {}", one_line(time))),
        );
        if runbook.mode == Mode::Menu {
            about.push("choose one".into());
        }
        self.words(1, None, "", &about.join(" · "), Role::Dim);
        let status = match runbook.status {
            Status::Current => "",
            Status::Mixed => "parts of it are of another platform, or not built yet",
            Status::Aspirational => "not in use: the document marks it as future",
        };
        self.words(1, None, "▲ ", status, Role::Warning);
        for (name, text) in [
            ("purpose", &runbook.purpose),
            ("trigger", &runbook.trigger),
            ("frequency", &runbook.frequency),
            ("RTO", &runbook.rto),
            ("RPO", &runbook.rpo),
        ] {
            self.words(1, None, &format!("{name}: "), text.as_deref().unwrap_or_default(), Role::Text);
        }
        self.objectives(document, runbook);
        if !runbook.symptoms.is_empty() {
            self.words(1, None, "symptoms: ", &runbook.symptoms.join("\n"), Role::Text);
        }
        self.notes(1, None, &runbook.notes);
    }

    fn step(&mut self, at: usize, step: &Step) {
        let arm = if step.is_arm() { 2 } else { 0 };
        let own = Spot { step: at, command: None };
        let stands = step.commands.is_empty().then_some(own);
        let number = if step.n == "0" { String::new() } else { one_line(&step.n) };
        let before = self.lines.len();
        let role = if step.kind == StepKind::Note { Role::Dim } else { Role::Title };
        let title = one_line(&step.title);
        // The budget keeps its place at the right edge.
        let tail = self.tail(at, step);
        let spare = tail.as_ref().map_or(0, |tail| tail.text.width() + 2);
        let whole = self.width;
        self.width = whole.saturating_sub(spare);
        let view = self.stand.step(at);
        let (sign, tone) = view.as_ref().map_or((' ', Role::Text), |view| stand::sign(&view.state));
        let role = if tone == Role::Dim { Role::Dim } else { role };
        self.words(3 + arm, stands, &format!("{:<3}", mark(step, &number)), &title, role);
        if let Some(line) = self.lines.get_mut(before) {
            // The sign stands in front of the number.
            line.indent = 1 + arm;
            line.text.insert(0, Fact::new(format!("{sign} "), tone));
        }
        if let Some(says) = view.as_ref().and_then(stand::says) {
            self.words(TITLE + arm, stands, "", &says, Role::Dim);
        }
        self.width = whole;
        let closed = view.as_ref().is_some_and(|view| view.state == State::NotChosen);
        let indent = TITLE + arm;
        let said = |text: &str| title.to_lowercase().contains(&one_line(text).to_lowercase());
        let again = step.branch.as_deref().is_some_and(|branch| branch == self.under);
        let branch = step.branch.as_deref().filter(|branch| !again && !said(branch));
        let answer = self.stand.answer(own).filter(|_| !closed && !again);
        if let Some(answer) = answer.filter(|_| branch.is_none()) {
            self.answer(indent, stands, before, answer);
        }
        self.under = step.branch.clone().unwrap_or_default();
        if let Some(line) = self.lines.get_mut(before) {
            line.first = stands.is_some();
            line.tail = tail;
        }
        if let Some(branch) = branch {
            let at = self.lines.len();
            self.words(indent, stands, "", branch, Role::Act);
            if let Some(answer) = answer {
                self.answer(indent, stands, at, answer);
            }
        }
        let ticks = view.map(|view| view.ticks).unwrap_or_default();
        if ticks.len() > 1 && ticks.iter().any(|ticked| *ticked) {
            for (item, ticked) in crate::runbook::execution::items(step).zip(ticks) {
                let (lead, role) = if ticked { ("✓ ", Role::Dim) } else { ("  ", Role::Text) };
                self.words(indent, stands, lead, item, role);
            }
        } else if one_line(&step.text) != title && !is_printed(step) {
            self.words(indent, stands, "", &step.text, Role::Text);
        }
        self.notes(indent, stands, &step.notes);
        for (n, command) in step.commands.iter().enumerate() {
            if let Some(label) = command.statement.label.as_deref().filter(|label| one_line(label) != title) {
                self.words(indent, None, "# ", label, Role::Dim);
            }
            self.command(indent, Spot { step: at, command: Some(n) }, command);
        }
        self.own(indent, at);
        let expected = step.expected.as_deref().unwrap_or_default();
        self.words(indent, stands, "expected: ", expected, Role::Dim);
    }

    /// How long it may take and what is left of that; how risky it is what is done by hand.
    fn tail(&self, at: usize, step: &Step) -> Option<Fact> {
        let hand = by_hand::risk(step);
        let Some(time) = step.time_budget.as_deref() else {
            return (hand > Tier::Read).then(|| risk(hand));
        };
        let time = one_line(time);
        let Some((left, role)) = self.stand.left(at, &time) else { return Some(Fact::new(time, Role::Dim)) };
        Some(Fact::new(format!("{time}, {left}"), role))
    }
}

/// Its text is what one of its commands prints, and stands there.
fn is_printed(step: &Step) -> bool {
    let narrated = step.commands.iter().filter(|command| command.statement.role == Purpose::Narration);
    let mut printed = narrated.map(|command| &command.statement.text);
    !step.text.trim().is_empty() && printed.any(|text| text.contains(step.text.trim()))
}

/// The number, or what stands in its place.
fn mark(step: &Step, number: &str) -> String {
    match step.kind {
        StepKind::Note => "–".to_owned(),
        _ => number.to_owned(),
    }
}
