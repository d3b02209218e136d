//! From the blocks of a runbook to its steps.
use super::super::document::{Block, Fence, Line, Marker, What};
use super::super::types::{Attributes, Command, Note, Step, StepKind};
use super::about::About;
use super::code::Code;
use super::instruct;
use super::outline::{Outline, is_tick};
use super::pick::{Plan, code_is_future, is_future, is_platform};
use super::script::{self, Group, Sort};
use super::text::{self, label, number, plain};
use super::titles::{self, Titled};
use super::verbs::is_imperative;
use super::vocabulary::{self, Part, part};
use crate::commands::statement::Argument;
use crate::commands::tools::Tables;
use crate::commands::{Lang, Role, Statement};
use crate::domain::approval::Tier;

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
    let mut builder = Builder { outline, tables, plan, ..Builder::new(outline, tables, plan) };
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
struct Open {
    step: usize,
    /// The list item that it is, as an index into the blocks.
    item: Option<usize>,
}

pub(super) struct Builder<'b, 'a> {
    outline: &'b Outline<'a>,
    tables: &'b Tables,
    plan: &'b Plan,
    drafts: Vec<Draft>,
    about: About,
    arguments: Vec<Argument>,
    phase: Option<String>,
    part: Option<Part>,
    budget: Option<String>,
    open: Option<Open>,
    /// The sentence in front of a code block.
    intro: Option<(u32, String)>,
    /// What comes next shows output.
    output: bool,
    /// The section or code is marked as not there yet.
    future: bool,
}

impl<'b, 'a> Builder<'b, 'a> {
    fn new(outline: &'b Outline<'a>, tables: &'b Tables, plan: &'b Plan) -> Self {
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
        }
    }

    /// At the end of a slice nothing waits any longer.
    fn leave(&mut self) {
        self.intro = None;
        self.output = false;
    }

    fn heading(&mut self, title: &str, line: u32, depth: u8) {
        self.leave();
        let told = part(title);
        let lower = title.to_lowercase();
        let stepped = number(title).filter(|(_, rest)| {
            lower.starts_with("step ") || is_imperative(rest) && told.is_none() || told.is_none() && self.phase.is_none()
        });
        if let Some((_, rest)) = stepped {
            let titled = titles::read(if rest.is_empty() { title } else { rest });
            self.push(titled, line, StepKind::Manual, None);
            return;
        }
        self.open = None;
        if let Some(condition) = vocabulary::condition(title).filter(|c| c == title || title.to_lowercase().starts_with("option")) {
            let titled = Titled { title: condition.clone(), branch: Some(condition), ..Titled::default() };
            self.push(titled, line, StepKind::Manual, None);
            if let Some(draft) = self.drafts.last_mut() {
                draft.choice = true;
            }
            return;
        }
        self.enter(title, told);
        if told.is_none() && depth > 1 && self.phase.is_some() && is_imperative(title) {
            let titled = titles::read(title);
            self.push(titled, line, StepKind::Manual, None);
        }
    }

    /// Begins a phase.
    fn enter(&mut self, title: &str, told: Option<Part>) {
        let titled = titles::read(title);
        self.budget = titled.budget;
        self.part = told;
        self.open = None;
        let frame = told == Some(Part::Steps);
        let shown = number(title).map_or(title, |(_, rest)| rest).trim_end_matches(':').to_owned();
        self.phase = (!frame).then_some(shown);
    }

    /// Adds a step of its own that takes in what follows.
    fn push(&mut self, titled: Titled, line: u32, kind: StepKind, item: Option<usize>) -> usize {
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

    fn step(&mut self) -> Option<&mut Step> {
        let index = self.open?.step;
        self.drafts.get_mut(index).map(|draft| &mut draft.step)
    }

    fn last(&mut self) -> Option<&mut Step> {
        self.drafts.last_mut().map(|draft| &mut draft.step)
    }

    fn block(&mut self, at: usize, block: &'a Block, end: usize) {
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
                    self.nested(text);
                } else {
                    self.item(at, *marker, *checkbox, text, end);
                }
            }
            What::Fence(fence) => self.fence(at, fence),
            What::Indented(lines) => self.indented(at, lines),
            What::Heading { .. } | What::Table(_) | What::Comment(_) | What::Rule => {}
        }
    }

    fn is_inside(&self, item: Option<usize>) -> bool {
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

    fn remark(&mut self, block: &Block) {
        let lines: &[Line] = match &block.what {
            What::Paragraph(lines) | What::Item { text: lines, .. } => lines,
            _ => return,
        };
        self.note(block.line, &joined(lines));
    }

    /// A remark for the open step, or for the whole runbook.
    pub(super) fn note(&mut self, line: u32, text: &str) {
        let note = Note { line, text: plain(text) };
        if note.text.is_empty() {
            return;
        }
        match self.step() {
            Some(step) => step.notes.push(note),
            None => self.about.notes.push(note),
        }
    }

    fn paragraph(&mut self, at: usize, lines: &[Line], inside: bool, end: usize) {
        self.output = false;
        let mut rest: Vec<Line> = Vec::new();
        for line in lines {
            if let Some(found) = label(&line.text) {
                if self.labelled(at, line, &found.name, &found.rest, found.colon, lines.len(), inside) {
                    self.sentences(&rest, inside, at, end);
                    rest.clear();
                    continue;
                }
            } else if let Some(found) = text::bare_label(&line.text) {
                let known = vocabulary::is_expected(&found.name) || vocabulary::is_remark(&found.name) || !self.has_steps() && vocabulary::is_metadata(&found.name);
                if known && self.labelled(at, line, &found.name, &found.rest, true, lines.len(), inside) {
                    self.sentences(&rest, inside, at, end);
                    rest.clear();
                    continue;
                }
            }
            rest.push(line.clone());
        }
        self.sentences(&rest, inside, at, end);
    }

    fn has_steps(&self) -> bool {
        !self.drafts.is_empty()
    }

    /// A label with what follows it in its line; false when it is no label here.
    #[expect(clippy::too_many_arguments, reason = "one call for two forms of labels")]
    fn labelled(&mut self, at: usize, line: &Line, name: &str, rest: &str, colon: bool, among: usize, inside: bool) -> bool {
        if vocabulary::is_expected(name) && colon {
            self.expected(rest);
            return true;
        }
        if vocabulary::is_remark(name) && colon {
            let text = if rest.is_empty() { String::new() } else { format!("{name}: {rest}") };
            if rest.is_empty() { self.intro = None } else { self.note(line.no, &text) }
            return true;
        }
        if colon && !rest.is_empty() && self.about.take(name, rest) {
            return true;
        }
        let told = part(name);
        if told == Some(Part::Symptoms) && !rest.is_empty() {
            self.about.symptoms.extend(rest.split(", ").map(|one| plain(one).trim_end_matches('.').to_owned()));
            return true;
        }
        if !rest.is_empty() {
            return false;
        }
        if let Some(condition) = vocabulary::condition(name).or_else(|| is_platform(name).then(|| plain(name))) {
            self.choose(name, condition, line.no, inside);
            return true;
        }
        let alone = among == 1;
        if inside {
            return alone && { self.text_line(&line.text); true };
        }
        if let Some((_, title)) = number(name).filter(|(_, title)| !title.is_empty()) {
            self.push(titles::read(title), line.no, StepKind::Manual, None);
            return true;
        }
        if told.is_some() {
            self.enter(name, told);
            return true;
        }
        if vocabulary::is_metadata(name) {
            return true;
        }
        if !alone && !colon {
            return false;
        }
        // A name above code is a step; above a list it is a phase.
        let listed = self.outline.blocks.get(at + 1).is_some_and(|next| matches!(next.what, What::Item { .. }));
        if listed {
            self.enter(name, None);
        } else {
            self.open = None;
            self.intro = Some((line.no, name.to_owned()));
        }
        true
    }

    /// `**If X:**`: a choice of the open step, or a step with its condition.
    fn choose(&mut self, name: &str, condition: String, line: u32, inside: bool) {
        let titled = titles::read(name);
        let title = if titled.title.is_empty() { plain(name) } else { titled.title };
        let parent = self.open.map(|open| open.step).filter(|_| inside || self.open.is_some_and(|open| open.item.is_some()));
        let parent = parent.map(|index| self.drafts.get(index).filter(|draft| draft.sub).map_or(index, |_| self.parent_of(index)));
        let item = self.open.and_then(|open| open.item);
        let titled = Titled { title: title.trim_end_matches(':').to_owned(), branch: Some(condition), ..Titled::default() };
        self.push(titled, line, StepKind::Manual, item);
        if let Some(draft) = self.drafts.last_mut() {
            draft.sub = parent.is_some();
            draft.choice = true;
        }
        if let Some(parent) = parent.and_then(|i| self.drafts.get_mut(i)) {
            if parent.step.commands.is_empty() {
                parent.step.kind = StepKind::Branch;
            }
        }
    }

    fn parent_of(&self, index: usize) -> usize {
        (0..index).rev().find(|i| self.drafts.get(*i).is_some_and(|draft| !draft.sub)).unwrap_or(index)
    }

    fn expected(&mut self, rest: &str) {
        self.output = true;
        if let Some(step) = self.last()
            && !rest.is_empty()
            && step.expected.is_none()
        {
            step.expected = Some(rest.to_owned());
        }
    }

    fn text_line(&mut self, text: &str) {
        if let Some(step) = self.step() {
            if !step.text.is_empty() {
                step.text.push('\n');
            }
            step.text.push_str(&plain(text));
        }
    }

    /// Plain sentences between the blocks.
    fn sentences(&mut self, lines: &[Line], inside: bool, at: usize, end: usize) {
        let (Some(first), Some(_)) = (lines.first(), lines.last()) else { return };
        let whole = joined(lines);
        let told = instruct::commands(lines);
        let code_next = self.outline.code(at + 1).is_some();
        if says_output(&whole) && code_next {
            self.output = true;
            return;
        }
        if inside {
            if told.is_empty() {
                self.text_line(&whole);
            } else {
                self.text_line(&whole);
                self.inline(told);
            }
            return;
        }
        if !self.has_steps() && self.about.take_sentence(&whole) && told.is_empty() {
            return;
        }
        let holds = self.open.is_some_and(|open| open.item.is_none()) || self.goes_on(at, end);
        if holds {
            self.text_line(&whole);
            self.inline(told);
            return;
        }
        self.open = None;
        if !told.is_empty() && !code_next {
            let index = self.push(titles::sentence(&whole), first.no, StepKind::Command, None);
            self.inline(told);
            if let Some(draft) = self.drafts.get_mut(index) {
                whole.clone_into(&mut draft.step.text);
            }
            self.open = None;
            return;
        }
        if code_next || whole.trim_end().ends_with(':') {
            self.intro = Some((first.no, whole));
            return;
        }
        if self.part == Some(Part::Acts) && is_imperative(&whole) {
            self.push(titles::sentence(&whole), first.no, StepKind::Manual, None);
            self.open = None;
        }
    }

    /// A list of numbered steps is not over: one with a higher number follows.
    fn goes_on(&self, at: usize, end: usize) -> bool {
        let Some(item) = self.open.and_then(|open| open.item).and_then(|i| self.outline.blocks.get(i)) else { return false };
        let What::Item { marker: Marker::Number(now), .. } = item.what else { return false };
        self.outline.blocks.get(at..end.min(at + 24)).unwrap_or_default().iter().any(|block| {
            matches!(block.what, What::Item { marker: Marker::Number(next), .. } if block.item.is_none() && next == now + 1)
        })
    }

    /// Commands of a sentence go to the open step.
    fn inline(&mut self, told: Vec<instruct::Told>) {
        for one in told {
            let line = Line { no: one.line, text: one.text };
            let lines = [super::session::Part { lang: Lang::Shell, lines: vec![line] }];
            for group in script::read(&lines, self.tables).groups {
                let future = self.future;
                if let Some(step) = self.step() {
                    step.kind = StepKind::Command;
                    step.commands.extend(group.statements.into_iter().map(|one| command(one, future, None)));
                }
            }
        }
    }

    fn item(&mut self, at: usize, marker: Marker, checkbox: Option<bool>, text: &[Line], end: usize) {
        let Some(first) = text.first() else { return };
        let whole = joined(text);
        let line = first.no;
        self.output = false;
        if let Some(found) = label(&first.text).filter(|found| found.colon && !found.rest.is_empty() && text.len() == 1) {
            if vocabulary::is_remark(&found.name) {
                self.note(line, &whole);
                return;
            }
        }
        if self.part == Some(Part::Symptoms) {
            self.about.symptoms.push(plain(&whole));
            return;
        }
        let told = instruct::commands(text);
        let code = self.holds_code(at, end);
        let tick = is_tick(&first.text);
        let describes = matches!(self.part, Some(Part::Describes | Part::Meta | Part::Before));
        let does = code || !told.is_empty();
        if describes && !does {
            if self.part == Some(Part::Before) {
                self.about.notes.push(Note { line, text: plain(&whole) });
            }
            return;
        }
        let heading_open = self.open.is_some_and(|open| open.item.is_none());
        let numbered = matches!(marker, Marker::Number(_));
        if heading_open && !numbered && checkbox.is_none() {
            self.text_line(&whole);
            self.inline(told);
            return;
        }
        let acts = self.part == Some(Part::Acts) || self.plan.named && self.phase.is_none();
        let asked = does || checkbox.is_some() || tick || numbered || is_imperative(&whole) || self.phase.is_some() && self.part.is_none();
        if !asked || !(does || numbered || checkbox.is_some() || tick || acts || self.part.is_none()) {
            if self.has_steps() {
                self.text_line(&whole);
            }
            return;
        }
        if numbered && !does && self.part == Some(Part::Acts) && whole.is_empty() {
            return;
        }
        let titled = titles::item(&whole);
        self.push(titled, line, StepKind::Manual, Some(at));
        if let Some(step) = self.step() {
            step.checkbox = checkbox;
        }
        self.inline(told);
    }

    /// An item with code in or behind it.
    fn holds_code(&self, at: usize, end: usize) -> bool {
        for (index, block) in self.outline.blocks.iter().enumerate().take(end.min(at + 40)).skip(at + 1) {
            if block.item.is_none() {
                return matches!(self.outline.code(index), Some(Code::Commands(_)));
            }
            if matches!(self.outline.code(index), Some(Code::Commands(_))) {
                return true;
            }
            if block.item.is_none_or(|item| item < at) {
                return false;
            }
        }
        false
    }

    /// An item below the step that is open.
    fn nested(&mut self, text: &[Line]) {
        let whole = joined(text);
        if let Some(first) = text.first() {
            let found = label(&first.text).or_else(|| text::bare_label(&first.text));
            if let Some(found) = found.filter(|found| found.colon && !found.rest.is_empty()) {
                if vocabulary::is_expected(&found.name) {
                    self.expected(&found.rest);
                    self.output = false;
                    return;
                }
                if vocabulary::is_remark(&found.name) {
                    self.note(first.no, &whole);
                    return;
                }
            }
        }
        self.text_line(&whole);
        self.inline(instruct::commands(text));
    }

    fn fence(&mut self, at: usize, fence: &'a Fence) {
        let attributes = attributes(fence);
        if let Some(code) = self.outline.code(at) {
            let future = code_is_future(code, &fence.body);
            self.code(code, &fence.body, Some(&attributes), future);
        }
    }

    fn indented(&mut self, at: usize, lines: &'a [Line]) {
        if let Some(code) = self.outline.code(at) {
            self.code(code, lines, None, false);
        }
    }

    fn code(&mut self, code: &Code, lines: &[Line], attributes: Option<&Attributes>, future: bool) {
        let future = future || self.future;
        let output = std::mem::take(&mut self.output);
        if output && !matches!(code, Code::Commands(parts) if starts_with_prompt(lines, parts)) {
            let shown: Vec<&str> = lines.iter().take(40).map(|line| line.text.as_str()).collect();
            if let Some(step) = self.last()
                && step.expected.is_none()
            {
                step.expected = Some(shown.join("\n").trim().to_owned());
            }
            self.intro = None;
            return;
        }
        match code {
            Code::Commands(parts) => {
                let read = script::read(parts, self.tables);
                self.arguments.extend(read.arguments);
                if let Some((_, text)) = &read.head {
                    self.about.head.get_or_insert_with(|| text.clone());
                }
                self.groups(read.groups, lines, attributes, future);
            }
            Code::Embedded(script_lines) => {
                let parts = [super::session::Part { lang: Lang::Shell, lines: script_lines.clone() }];
                let read = script::read(&parts, self.tables);
                self.arguments.extend(read.arguments);
                let manifest = lines.iter().any(|line| line.text.starts_with("apiVersion:"));
                let from = self.drafts.len();
                self.groups(read.groups, script_lines, attributes, future);
                if manifest {
                    self.about.embedded.extend(from..self.drafts.len());
                }
            }
            Code::Prose(lines) => self.prose(lines),
            Code::Snippet => self.snippet(lines),
            Code::Output => self.intro = None,
        }
    }

    /// Groups of a script go to the open step, or are steps themselves.
    fn groups(&mut self, groups: Vec<Group>, lines: &[Line], attributes: Option<&Attributes>, future: bool) {
        if self.open.is_some() {
            self.merge(groups, attributes, future);
            return;
        }
        let intro = self.intro.take();
        let titled = groups.iter().filter(|group| group.title.is_some() && matches!(group.sort, Sort::Step | Sort::Arm | Sort::Manual)).count();
        if titled == 0 {
            let line = lines.iter().find(|line| !line.text.trim().is_empty()).map_or(1, |line| line.no);
            let line = groups.first().map_or(line, |group| group.statements.first().map_or(line, |one| one.line));
            let (line, mut titled) = match &intro {
                Some((at, text)) => (*at, titles::sentence(text)),
                None => (line, titles::read(self.phase.as_deref().unwrap_or(&self.plan.title))),
            };
            if intro.is_none() {
                titled.branch = None;
            }
            let preamble = groups.iter().all(|group| group.sort == Sort::Preamble) && !groups.is_empty();
            let kind = if preamble { StepKind::Note } else { StepKind::Manual };
            self.push(titled, line, kind, None);
            self.merge(groups, attributes, future);
            self.open = None;
            return;
        }
        let mut branch: Option<usize> = None;
        for group in groups {
            self.group(group, &mut branch, attributes, future);
        }
        self.open = None;
    }

    /// One group of a script as a step.
    fn group(&mut self, group: Group, branch: &mut Option<usize>, attributes: Option<&Attributes>, future: bool) {
        let mut titled = titles::read(group.title.as_deref().unwrap_or_default());
        let condition = group.condition.clone().filter(|_| group.sort != Sort::Arm);
        if titled.title.is_empty() {
            titled.title = match group.sort {
                Sort::Preamble => "(script preamble)".to_owned(),
                _ => group.statements.first().map(of_statement).unwrap_or_default(),
            };
        }
        titled.branch = titled.branch.or(condition);
        let (kind, sub) = match group.sort {
            Sort::Preamble | Sort::Note => (StepKind::Note, false),
            Sort::Manual => (StepKind::Manual, group.inside),
            Sort::Arm => (StepKind::Branch, false),
            Sort::Step => (StepKind::Manual, group.inside),
        };
        if group.sort == Sort::Arm {
            // In a step with a number the arms are its choices, without a step of their own.
            let within = self.drafts.last().is_some_and(|draft| draft.scripted && draft.step.commands.is_empty() && !draft.sub && draft.step.kind == StepKind::Manual);
            if within || branch.is_some_and(|index| self.drafts.get(index).is_some_and(|draft| draft.step.branch.is_none())) {
                let index = branch.unwrap_or(self.drafts.len().saturating_sub(1));
                if let Some(draft) = self.drafts.get_mut(index) {
                    draft.step.kind = StepKind::Branch;
                }
                *branch = Some(index);
                self.arm(group, attributes, future, index);
                return;
            }
            titled.branch.clone_from(&group.condition);
        } else if !group.inside {
            *branch = None;
        }
        let preamble = group.sort == Sort::Preamble;
        let index = self.push(titled, group.line, kind, None);
        if group.sort == Sort::Arm {
            *branch = Some(index);
        }
        if let Some(draft) = self.drafts.get_mut(index) {
            draft.sub = sub && branch.is_some();
            draft.scripted = true;
            draft.choice = group.sort == Sort::Arm || group.sort == Sort::Step && vocabulary::is_way(&draft.step.title);
            if preamble {
                "0".clone_into(&mut draft.step.n);
            }
        }
        self.merge(vec![group], attributes, future);
    }

    /// What an arm says before its first comment goes to the step that chooses.
    fn arm(&mut self, group: Group, attributes: Option<&Attributes>, future: bool, index: usize) {
        if let Some(draft) = self.drafts.get_mut(index) {
            draft.step.commands.extend(group.statements.into_iter().map(|one| command(one, future, attributes)));
        }
    }

    /// Statements and comments into the open step.
    fn merge(&mut self, groups: Vec<Group>, attributes: Option<&Attributes>, future: bool) {
        let titled = self.drafts.last().is_some_and(|draft| draft.scripted);
        for group in groups {
            let Some(step) = self.step() else { return };
            let said = !titled && group.statements.is_empty();
            if let Some(title) = group.title.as_ref().filter(|_| said) {
                line_of(&mut step.text, title);
            }
            for (line, text) in &group.about {
                let remark = text.split_once(':').is_some_and(|(name, _)| vocabulary::is_remark(name));
                if remark {
                    step.notes.push(Note { line: *line, text: text.clone() });
                } else if group.statements.is_empty() || group.statements.last().is_some_and(|one| one.end_line < *line) || !is_label(&group, *line) {
                    line_of(&mut step.text, text);
                }
            }
            let runs = group.statements.iter().any(|one| matches!(one.role, Role::Action | Role::Query));
            let prepares = group.statements.iter().any(|one| matches!(one.role, Role::Setup | Role::Guard));
            if runs || prepares && step.kind == StepKind::Manual {
                step.kind = StepKind::Command;
            }
            if !runs && !prepares {
                for text in group.statements.iter().filter_map(script::spoken) {
                    line_of(&mut step.text, &text);
                }
            }
            step.commands.extend(group.statements.into_iter().map(|one| command(one, future, attributes)));
        }
    }

    /// A numbered list in a fence.
    fn prose(&mut self, lines: &[Line]) {
        let choice = lines.iter().any(|line| line.text.to_lowercase().contains("option"));
        let mut any = false;
        for line in lines {
            let edge = !line.text.starts_with([' ', '\t']);
            if let Some((_, rest)) = number(&line.text).filter(|_| edge) {
                self.push(titles::read(rest), line.no, StepKind::Manual, None);
                any = true;
                if let Some(draft) = self.drafts.last_mut() {
                    draft.choice = choice;
                }
            } else if any {
                let text = line.text.trim().trim_start_matches(['-', '*']).trim();
                if !text.is_empty() {
                    self.text_line(text);
                }
            }
        }
        if any {
            self.open = None;
        }
    }

    /// Configuration: a step of an open one says so; alone it is a step by hand.
    fn snippet(&mut self, lines: &[Line]) {
        if self.open.is_some() || !self.drafts.is_empty() && self.intro.is_none() {
            self.intro = None;
            return;
        }
        let comment = lines.iter().find(|line| !line.text.trim().is_empty()).filter(|line| {
            let text = line.text.trim();
            text.starts_with('#') || text.starts_with("//")
        });
        let line = lines.first().map_or(1, |line| line.no);
        let title = match (&self.intro, comment) {
            (Some((_, intro)), _) => intro.clone(),
            (None, Some(comment)) => comment.text.trim().trim_start_matches(['#', '/', ' ']).to_owned(),
            (None, None) => self.plan.title.clone(),
        };
        let line = self.intro.as_ref().map_or(line, |(at, _)| *at);
        self.push(titles::sentence(&title), line, StepKind::Manual, None);
        self.open = None;
    }

    fn finish(mut self) -> Built {
        for draft in &mut self.drafts {
            let step = &mut draft.step;
            if step.kind == StepKind::Manual && step.commands.iter().any(|one| one.statement.role != Role::Narration) {
                step.kind = StepKind::Command;
            }
            step.text = step.text.trim().to_owned();
        }
        Built { drafts: self.drafts, about: self.about, arguments: self.arguments }
    }
}

/// Whether a comment is the label of one of the group's statements: it stands directly above it.
fn is_label(group: &Group, line: u32) -> bool {
    group.statements.iter().any(|one| one.line > line && one.line <= line + 3)
}

fn line_of(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

fn joined(lines: &[Line]) -> String {
    let all: Vec<&str> = lines.iter().map(|line| line.text.trim()).collect();
    all.join(" ")
}

/// A title for a statement without a comment: its tool and what it does.
fn of_statement(one: &Statement) -> String {
    match &one.subcommand {
        Some(sub) => format!("{} {sub}", one.tool),
        None => one.tool.clone(),
    }
}

/// `The output should look like this:`
fn says_output(text: &str) -> bool {
    let lower = text.to_lowercase();
    let shown = ["output", "result", "response", "you should see", "should look", "looks like", "look like", "similar to", "will see", "would see", "returns", "prints", "displays"];
    let tells = ["save the output", "check the output of", "inspect the output of", "run ", "execute ", "use the following command", "following command"];
    (lower.trim_end().ends_with(':') || lower.starts_with("example") || lower.starts_with("sample"))
        && shown.iter().any(|w| lower.contains(w))
        && !tells.iter().any(|w| lower.contains(w))
}

fn starts_with_prompt(lines: &[Line], parts: &[super::session::Part]) -> bool {
    let first = lines.iter().find(|line| !line.text.trim().is_empty());
    !parts.is_empty() && first.is_some_and(|line| super::session::prompt(&line.text).is_some())
}

fn command(statement: Statement, future: bool, attributes: Option<&Attributes>) -> Command {
    Command { statement, placeholders: Vec::new(), future, attributes: attributes.cloned().unwrap_or_default() }
}

/// `{name= timeout= undo= expect=}` of a fence; a risk is taken by [`raised`].
fn attributes(fence: &Fence) -> Attributes {
    let get = |name: &str| fence.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    Attributes { name: get("name"), timeout: get("timeout"), undo: get("undo"), expect: get("expect") }
}

/// The risk that a fence's author sets; it raises only.
pub fn raised(value: &str) -> Option<Tier> {
    match value.to_lowercase().as_str() {
        "danger" | "dangerous" | "destructive" => Some(Tier::Danger),
        "change" | "write" => Some(Tier::Change),
        _ => None,
    }
}
