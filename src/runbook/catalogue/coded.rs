//! Code blocks of a runbook: into the open step, or as steps of their own.
use super::super::document::{Block, Fence, Line, What};
use super::super::types::{Note, StepKind};
use super::answer::Answer;
use super::code::Code;
use super::given::Given;
use super::pick::code_is_future;
use super::script::{self, Group, Sort};
use super::steps::{Builder, joined, line_of};
use super::text::{number, words};
use super::titles;
use super::vocabulary;
use crate::commands::{Lang, Role, Statement};

impl<'a> Builder<'_, 'a> {
    pub(super) fn fence(&mut self, at: usize, fence: &'a Fence) {
        let open = self.open.is_some_and(|open| open.item.is_some());
        if let Some(answer) = self.outline.answer(at).filter(|_| !self.output && !open) {
            self.intro = None;
            self.output = answer == Answer::Good;
            if answer == Answer::Bad {
                return;
            }
        }
        if self.outline.blocks.get(at).is_some_and(|block| block.item.is_none())
            && self.stands_apart(at, fence)
        {
            self.open = None;
        }
        if let Some(code) = self.outline.code(at) {
            let mut given = Given::of(fence).block(&fence.body);
            given.future = self.future || code_is_future(code, &fence.body);
            self.code(code, &fence.body, &given);
        }
    }

    /// Code that stands behind a list, at its edge, and says in its first comment what it is for: no part of the
    /// last item, unless they speak of the same thing or the item says that it follows.
    fn stands_apart(&self, at: usize, fence: &Fence) -> bool {
        let Some(item) = self.open.and_then(|open| open.item) else { return false };
        let Some(Block { what: What::Item { text, .. }, .. }) = self.outline.blocks.get(item) else {
            return false;
        };
        let Some(first) = fence.body.iter().map(|line| line.text.trim()).find(|text| !text.is_empty()) else {
            return false;
        };
        let comment =
            first.strip_prefix('#').filter(|rest| rest.starts_with(' ') && number(rest.trim()).is_none());
        let Some(comment) = comment else { return false };
        let told = joined(text);
        let long = |text: &str| -> Vec<String> {
            words(text)
                .into_iter()
                .filter(|word| word.len() > 3)
                .map(|word| word.chars().take(5).collect())
                .collect()
        };
        let (said, does) = (long(&told), long(comment));
        let items = self.outline.blocks.get(..at).unwrap_or_default().iter().rev();
        let listed = items.take_while(|block| matches!(block.what, What::Item { .. }));
        listed.filter(|block| block.item.is_none()).count() >= 2
            && !told.trim_end().ends_with(':')
            && !does.iter().any(|word| said.contains(word))
            && !self.goes_on(at, self.outline.blocks.len())
    }

    pub(super) fn indented(&mut self, at: usize, lines: &'a [Line]) {
        if let Some(code) = self.outline.code(at) {
            let given = Given::plain(self.future).block(lines);
            self.code(code, lines, &given);
        }
    }

    pub(super) fn code(&mut self, code: &Code, lines: &[Line], given: &Given) {
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
                self.groups(read.groups, lines, given);
            }
            Code::Embedded(script_lines) => {
                let parts = [super::session::Part { lang: Lang::Shell, lines: script_lines.clone() }];
                let read = script::read(&parts, self.tables);
                self.arguments.extend(read.arguments);
                let manifest = lines.iter().any(|line| line.text.starts_with("apiVersion:"));
                let from = self.drafts.len();
                self.groups(read.groups, script_lines, given);
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
    pub(super) fn groups(&mut self, groups: Vec<Group>, lines: &[Line], given: &Given) {
        let titled = groups.iter().filter(|group| group.title.is_some() && group.sort == Sort::Step).count();
        let ways = titled >= 2 && groups.iter().filter(|g| g.sort == Sort::Step).all(|g| g.title.is_some());
        let parent = self.open.map(|open| open.step).filter(|index| {
            self.drafts
                .get(*index)
                .is_some_and(|draft| draft.choice && !draft.sub && draft.step.commands.is_empty())
        });
        if let Some(parent) = parent.filter(|_| ways) {
            // The comments below one of several ways are its sub-steps.
            let from = self.drafts.len();
            let open = self.open.take();
            let mut branch = Some(parent);
            for group in groups {
                self.group(group, &mut branch, given);
            }
            for draft in self.drafts.get_mut(from..).unwrap_or_default() {
                draft.sub = true;
                draft.choice = false;
            }
            self.open = open;
            return;
        }
        if self.open.is_some() {
            self.merge(groups, given);
            return;
        }
        let intro = self.intro.take();
        let titled = groups
            .iter()
            .filter(|group| {
                group.title.is_some() && matches!(group.sort, Sort::Step | Sort::Arm | Sort::Manual)
            })
            .count();
        if titled == 0 {
            let line = lines.iter().find(|line| !line.text.trim().is_empty()).map_or(1, |line| line.no);
            let line =
                groups.first().map_or(line, |group| group.statements.first().map_or(line, |one| one.line));
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
            self.merge(groups, given);
            self.open = None;
            return;
        }
        let mut branch: Option<usize> = None;
        for group in groups {
            self.group(group, &mut branch, given);
        }
        self.open = None;
    }

    /// One group of a script as a step.
    pub(super) fn group(&mut self, group: Group, branch: &mut Option<usize>, given: &Given) {
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
            Sort::Arm => (StepKind::Branch, false),
            Sort::Manual | Sort::Step => (StepKind::Manual, group.inside),
        };
        if group.sort == Sort::Arm {
            // In a step with a number the arms are its choices, without a step of their own.
            let within = self.drafts.last().is_some_and(|draft| {
                draft.scripted
                    && draft.step.commands.is_empty()
                    && !draft.sub
                    && draft.step.kind == StepKind::Manual
            });
            if within
                || branch.is_some_and(|index| {
                    self.drafts.get(index).is_some_and(|draft| draft.step.branch.is_none())
                })
            {
                let index = branch.unwrap_or(self.drafts.len().saturating_sub(1));
                if let Some(draft) = self.drafts.get_mut(index) {
                    draft.step.kind = StepKind::Branch;
                }
                *branch = Some(index);
                self.arm(group, given, index);
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
            draft.choice =
                group.sort == Sort::Arm || group.sort == Sort::Step && vocabulary::is_way(&draft.step.title);
            if preamble {
                "0".clone_into(&mut draft.step.n);
            }
        }
        self.merge(vec![group], given);
    }

    /// What an arm says before its first comment goes to the step that chooses.
    pub(super) fn arm(&mut self, group: Group, given: &Given, index: usize) {
        if let Some(draft) = self.drafts.get_mut(index) {
            draft.step.commands.extend(group.statements.into_iter().map(|one| given.command(one)));
        }
    }

    /// Statements and comments into the open step.
    pub(super) fn merge(&mut self, groups: Vec<Group>, given: &Given) {
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
                } else if group.statements.is_empty()
                    || group.statements.last().is_some_and(|one| one.end_line < *line)
                    || !is_label(&group, *line)
                {
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
            if step.commands.is_empty() {
                step.commands.reserve_exact(group.statements.len());
            }
            step.commands.extend(group.statements.into_iter().map(|one| given.command(one)));
        }
    }

    /// A numbered list in a fence.
    pub(super) fn prose(&mut self, lines: &[Line]) {
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
    pub(super) fn snippet(&mut self, lines: &[Line]) {
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
}

/// Whether a comment is the label of one of the group's statements: it stands directly above it.
fn is_label(group: &Group, line: u32) -> bool {
    group.statements.iter().any(|one| one.line > line && one.line <= line + 3)
}

/// A title for a statement without a comment: its tool and what it does.
fn of_statement(one: &Statement) -> String {
    match &one.subcommand {
        Some(sub) if one.lang == Lang::Shell => format!("{} {sub}", one.tool),
        _ => one.tool.clone(),
    }
}

fn starts_with_prompt(lines: &[Line], parts: &[super::session::Part]) -> bool {
    let first = lines.iter().find(|line| !line.text.trim().is_empty());
    !parts.is_empty() && first.is_some_and(|line| super::session::prompt(&line.text).is_some())
}
