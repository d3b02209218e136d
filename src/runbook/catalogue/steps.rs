//! From the blocks of a runbook to its steps: the walk, its phases and its open step.
use super::super::document::{Block, Line, What};
use super::super::types::{Note, Step, StepKind};
use super::super::words::lower;
use super::about::About;
use super::given::Given;
use super::instruct;
use super::outline::Outline;
use super::pick::{Plan, is_future};
use super::script;
use super::text::{number, plain};
use super::titles::{self, Titled};
use super::verbs::is_imperative;
use super::vocabulary::{self, Part, part};
use crate::commands::Role;
use crate::commands::statement::Argument;
use crate::commands::tools::Tables;

/// A step on the way, and whether it is a choice of the step before.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub step: Step,
    pub sub: bool,
    /// One of several ways to the same end.
    pub choice: bool,
    /// Came out of a comment in a script.
    pub scripted: bool,
}

/// What a runbook's blocks say.
#[derive(Debug, Default)]
pub struct Built {
    pub drafts: Vec<Draft>,
    pub about: About,
    pub arguments: Vec<Argument>,
}

/// Reads the blocks of a plan.
pub fn build(outline: &Outline<'_>, plan: &Plan, tables: &Tables) -> Built {
    let mut builder = Builder::new(outline, tables, plan);
    if let Some((block, row)) = plan.row {
        builder.row(block, row);
    }
    for slice in &plan.slices {
        if let Some((title, line, depth)) = &slice.heading {
            builder.heading(title, *line, *depth);
        }
        for at in slice.blocks.clone() {
            if let Some(block) = outline.blocks.get(at) {
                builder.block(at, block, slice.blocks.end);
            }
        }
        builder.leave();
    }
    builder.finish()
}

/// The step that takes in what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) step: usize,
    /// The list item that it is, as an index into the blocks.
    pub(super) item: Option<usize>,
}

pub(super) struct Builder<'b, 'a> {
    pub(super) outline: &'b Outline<'a>,
    pub(super) tables: &'b Tables,
    pub(super) plan: &'b Plan,
    pub(super) drafts: Vec<Draft>,
    pub(super) about: About,
    pub(super) arguments: Vec<Argument>,
    pub(super) phase: Option<String>,
    pub(super) part: Option<Part>,
    pub(super) budget: Option<String>,
    pub(super) open: Option<Open>,
    /// The sentence in front of a code block.
    pub(super) intro: Option<(u32, String)>,
    /// What comes next shows output.
    pub(super) output: bool,
    /// The section or code is marked as not there yet.
    pub(super) future: bool,
    /// The heading of the phase that headings below it belong to, with its depth.
    pub(super) outer: Option<(u8, String)>,
    /// What the phases say in sentences, for a runbook that has nothing else.
    pub(super) prose: Vec<Told>,
    /// The step that a heading has opened; what is numbered below it are its sub-steps.
    pub(super) heads: Option<usize>,
    /// The label that the phase is from, when it is from no heading.
    pub(super) label: Option<usize>,
    /// A choice has been made just above: what is listed below it are its sub-steps.
    pub(super) chosen: bool,
}

/// The sentences of a phase.
#[derive(Debug)]
pub(super) struct Told {
    phase: Option<String>,
    line: u32,
    text: String,
    part: Option<Part>,
}

impl<'b, 'a> Builder<'b, 'a> {
    pub(super) fn new(outline: &'b Outline<'a>, tables: &'b Tables, plan: &'b Plan) -> Self {
        Builder {
            outline,
            tables,
            plan,
            drafts: Vec::new(),
            about: About::default(),
            arguments: Vec::new(),
            phase: None,
            part: None,
            budget: None,
            open: None,
            intro: None,
            output: false,
            future: is_future(&plan.title),
            outer: None,
            prose: Vec::new(),
            heads: None,
            label: None,
            chosen: false,
        }
    }

    /// At the end of a slice nothing waits any longer.
    pub(super) fn leave(&mut self) {
        self.intro = None;
        self.output = false;
    }

    pub(super) fn heading(&mut self, title: &str, line: u32, depth: u8) {
        self.leave();
        let told = part(title);
        let lower = lower(title);
        let phased = lower.starts_with("phase ") || lower.starts_with("stage ");
        self.heads = None;
        self.chosen = false;
        if self.label.is_some() {
            self.end_phase();
        }
        let stepped = number(title).filter(|_| !phased).filter(|(_, rest)| {
            lower.starts_with("step ")
                || is_imperative(rest) && told.is_none()
                || told.is_none() && self.phase.is_none()
        });
        if let Some((_, rest)) = stepped {
            if matches!(self.part, Some(Part::Symptoms | Part::Describes | Part::Meta | Part::Before)) {
                self.part = None;
                self.phase = None;
            }
            let titled = titles::read(if rest.is_empty() { title } else { rest });
            self.heads = Some(self.push(titled, line, StepKind::Manual, None));
            return;
        }
        self.open = None;
        if let Some(condition) = vocabulary::condition(title)
            .filter(|c| c == title)
            .or_else(|| vocabulary::is_way(title).then(|| title.to_owned()))
        {
            let titled = Titled { title: condition.clone(), branch: Some(condition), ..Titled::default() };
            self.heads = Some(self.push(titled, line, StepKind::Manual, None));
            if let Some(draft) = self.drafts.last_mut() {
                draft.choice = vocabulary::is_way(title) && !title.to_lowercase().starts_with("on the ");
            }
            return;
        }
        if told.is_none() && self.outer.as_ref().is_some_and(|(above, _)| *above < depth) {
            // Below a phase the phase goes on; what tells to do something is a step in it.
            self.phase = self.outer.as_ref().map(|(_, phase)| phase.clone());
            self.part = Some(Part::Acts);
            if is_imperative(title) {
                self.heads = Some(self.push(titles::read(title), line, StepKind::Manual, None));
            } else {
                self.intro = Some((line, title.to_owned()));
            }
            return;
        }
        self.enter(title, if phased { Some(Part::Acts) } else { told });
        self.outer = self.phase.clone().filter(|_| told == Some(Part::Acts)).map(|phase| (depth, phase));
        self.prose.push(Told { phase: self.phase.clone(), line, text: String::new(), part: self.part });
    }

    /// What follows is in no phase.
    pub(super) fn end_phase(&mut self) {
        (self.phase, self.part, self.budget, self.label) = (None, None, None, None);
    }

    /// Begins a phase.
    pub(super) fn enter(&mut self, title: &str, told: Option<Part>) {
        self.label = None;
        let titled = titles::read(title);
        self.budget = titled.budget;
        self.part = told;
        self.open = None;
        let frame = told == Some(Part::Steps);
        let lower = lower(title);
        let phased = lower.starts_with("phase ") || lower.starts_with("stage ");
        let shown = if phased { title } else { number(title).map_or(title, |(_, rest)| rest) };
        let shown = shown.trim_end_matches(':').to_owned();
        self.phase = (!frame).then_some(shown);
    }

    /// Adds a step of its own that takes in what follows.
    pub(super) fn push(&mut self, titled: Titled, line: u32, kind: StepKind, item: Option<usize>) -> usize {
        let index = self.drafts.len();
        self.drafts.push(Draft {
            step: Step {
                title: titled.title,
                line,
                kind,
                text: titled.rest,
                branch: titled.branch,
                phase: self.phase.clone(),
                time_budget: titled.budget.or_else(|| self.budget.clone()),
                ..Step::default()
            },
            ..Draft::default()
        });
        self.open = Some(Open { step: index, item });
        self.intro = None;
        index
    }

    pub(super) fn step(&mut self) -> Option<&mut Step> {
        let index = self.open?.step;
        self.drafts.get_mut(index).map(|draft| &mut draft.step)
    }

    pub(super) fn last(&mut self) -> Option<&mut Step> {
        self.drafts.last_mut().map(|draft| &mut draft.step)
    }

    pub(super) fn block(&mut self, at: usize, block: &'a Block, end: usize) {
        if block.quote.is_some() && !matches!(block.what, What::Fence(_) | What::Indented(_)) {
            self.remark(block);
            return;
        }
        // What stands in an item of the step that is open belongs to it.
        let inside = block.item.is_some() && self.is_inside(block.item);
        match &block.what {
            What::Paragraph(lines) => self.paragraph(at, lines, inside, end),
            What::Item { marker, checkbox, text } => {
                if inside {
                    self.nested(at, text, end);
                } else {
                    self.item(at, *marker, *checkbox, text, end);
                }
            }
            What::Fence(fence) => self.fence(at, fence),
            What::Indented(lines) => self.indented(at, lines),
            What::Table(table) => self.table(table),
            What::Rule if block.item.is_none() && self.label.is_some() => {
                // What a label begins ends at the rule below it.
                self.end_phase();
                self.open = None;
            }
            What::Heading { .. } | What::Comment(_) | What::Rule => {}
        }
    }

    pub(super) fn is_inside(&self, item: Option<usize>) -> bool {
        let Some(wanted) = self.open.and_then(|open| open.item) else { return false };
        let mut next = item;
        for _ in 0..64 {
            match next {
                Some(one) if one == wanted => return true,
                Some(one) => next = self.outline.blocks.get(one).and_then(|block| block.item),
                None => return false,
            }
        }
        false
    }

    pub(super) fn remark(&mut self, block: &Block) {
        let lines: &[Line] = match &block.what {
            What::Paragraph(lines) | What::Item { text: lines, .. } => lines,
            _ => return,
        };
        self.note(block.line, &joined(lines));
    }

    /// A remark for the open step, or for the whole runbook.
    pub(super) fn note(&mut self, line: u32, text: &str) {
        let note = Note { line, text: plain(text).into_owned() };
        if note.text.is_empty() {
            return;
        }
        match self.step() {
            Some(step) => step.notes.push(note),
            None => self.about.notes.push(note),
        }
    }

    /// `**If X:**`: a choice of the open step, or a step with its condition.
    pub(super) fn choose(&mut self, name: &str, condition: String, line: u32, inside: bool) {
        let titled = titles::read(name);
        let title = if titled.title.is_empty() { plain(name).into_owned() } else { titled.title };
        // `Restart pods (if OOM)` says its condition apart.
        let title = match super::text::parenthesis(&title) {
            Some((before, inside)) if inside == condition && !before.is_empty() => before.to_owned(),
            _ => title,
        };
        let parent = self
            .open
            .map(|open| open.step)
            .filter(|_| inside || self.open.is_some_and(|open| open.item.is_some()));
        // Beside a way stands the next one, not below it.
        let way = |index: &usize| self.drafts.get(*index).is_some_and(|draft| draft.choice && !draft.sub);
        let parent = parent.map(|index| {
            self.drafts.get(index).filter(|draft| draft.sub).map_or(index, |_| self.parent_of(index))
        });
        let parent = parent.filter(|index| inside || !way(index));
        let item = self.open.and_then(|open| open.item);
        let titled = Titled {
            title: title.trim_end_matches(':').to_owned(),
            branch: Some(condition),
            ..Titled::default()
        };
        self.push(titled, line, StepKind::Manual, item);
        if let Some(draft) = self.drafts.last_mut() {
            draft.sub = parent.is_some();
            draft.choice = true;
        }
        let parent = parent.and_then(|i| self.drafts.get_mut(i));
        if let Some(parent) = parent.filter(|parent| parent.step.commands.is_empty()) {
            parent.step.kind = StepKind::Branch;
        }
    }

    pub(super) fn parent_of(&self, index: usize) -> usize {
        (index.saturating_sub(1000)..index)
            .rev()
            .find(|i| self.drafts.get(*i).is_some_and(|draft| !draft.sub))
            .unwrap_or(index)
    }

    pub(super) fn expected(&mut self, rest: &str) {
        // Where it is told in words, code below is the next thing to run.
        self.output = rest.is_empty() || rest.ends_with(':');
        if let Some(step) = self.last()
            && !rest.is_empty()
            && step.expected.is_none()
        {
            step.expected = Some(rest.to_owned());
        }
    }

    pub(super) fn text_line(&mut self, text: &str) {
        if let Some(step) = self.step() {
            if !step.text.is_empty() {
                step.text.push('\n');
            }
            step.text.push_str(&plain(text));
        }
    }

    /// Commands of a sentence go to the open step.
    pub(super) fn inline(&mut self, told: Vec<instruct::Told>) {
        for one in told {
            let line = Line { no: one.line, text: one.text };
            let lines = [super::session::Part { lang: one.lang, lines: vec![line] }];
            for group in script::read(&lines, self.tables).groups {
                let given = Given::plain(self.future);
                if let Some(step) = self.step() {
                    step.kind = StepKind::Command;
                    step.commands.extend(group.statements.into_iter().map(|one| given.command(one)));
                }
            }
        }
    }

    /// Keeps a sentence of the phase.
    pub(super) fn prosaic(&mut self, text: &str) {
        if let Some(told) = self.prose.last_mut().filter(|_| self.drafts.is_empty()) {
            line_of(&mut told.text, &plain(text));
        }
    }

    /// A page that only tells in prose: one step by hand for each phase that acts.
    pub(super) fn tell(&mut self) {
        let prose = std::mem::take(&mut self.prose);
        for told in prose.into_iter().filter(|told| told.part == Some(Part::Acts)) {
            let title = told.phase.clone().unwrap_or_default();
            self.phase = told.phase;
            self.push(
                Titled { title, rest: told.text, ..Titled::default() },
                told.line,
                StepKind::Manual,
                None,
            );
        }
    }

    pub(super) fn finish(mut self) -> Built {
        if self.drafts.is_empty() && self.plan.named {
            self.tell();
        }
        for draft in &mut self.drafts {
            let step = &mut draft.step;
            if step.kind == StepKind::Manual
                && step.commands.iter().any(|one| one.statement.role != Role::Narration)
            {
                step.kind = StepKind::Command;
            }
            step.text = step.text.trim().to_owned();
        }
        Built { drafts: self.drafts, about: self.about, arguments: self.arguments }
    }

    pub(super) fn has_steps(&self) -> bool {
        !self.drafts.is_empty()
    }
}

/// Adds a line to a text.
pub(super) fn line_of(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// Lines as one sentence.
pub(super) fn joined(lines: &[Line]) -> String {
    if let [only] = lines {
        return only.text.trim().to_owned();
    }
    let all: Vec<&str> = lines.iter().map(|line| line.text.trim()).collect();
    all.join(" ")
}
