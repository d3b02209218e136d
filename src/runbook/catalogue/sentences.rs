//! Paragraphs between the blocks of a runbook: labels, introductions, instructions, results.
use super::super::document::{Block, Line, Marker, What};
use super::super::types::StepKind;
use super::aside;
use super::instruct;
use super::pick::is_platform;
use super::steps::{Builder, joined};
use super::text::{self, Label, label, number, plain};
use super::titles;
use super::verbs::is_imperative;
use super::vocabulary::{self, Part, part};

/// A label in its paragraph.
#[derive(Clone, Copy)]
struct Named<'a> {
    /// The block that it stands in.
    at: usize,
    line: &'a Line,
    found: &'a Label<'a>,
    /// Nothing else stands in its paragraph.
    alone: bool,
    /// It belongs to the item that is open.
    inside: bool,
}

impl Builder<'_, '_> {
    pub(super) fn paragraph(&mut self, at: usize, lines: &[Line], inside: bool, end: usize) {
        self.output = false;
        self.chosen &= inside;
        let mut rest: Vec<Line> = Vec::new();
        let listed = !inside && self.heads_list(at, end);
        for (nth, line) in lines.iter().enumerate() {
            if !self.has_steps() && !inside && self.about.take_line(&line.text) {
                continue;
            }
            let bold = label(&line.text);
            let bare = text::bare_label(&line.text).filter(|found| {
                let heads = listed && nth + 1 == lines.len() && found.rest.is_empty();
                heads && vocabulary::is_part_label(&found.name)
                    || vocabulary::is_expected(&found.name)
                    || vocabulary::is_remark(&found.name)
                    || !self.has_steps() && vocabulary::is_metadata(&found.name)
            });
            if let Some(found) = bold.or(bare) {
                self.sentences(&rest, inside, at, end);
                rest.clear();
                let named = Named { at, line, found: &found, alone: lines.len() == 1, inside };
                if self.labelled(&named) {
                    continue;
                }
            }
            rest.push(line.clone());
        }
        self.sentences(&rest, inside, at, end);
    }

    /// A list stands right below, and it is not one between two steps of a numbered list.
    fn heads_list(&self, at: usize, end: usize) -> bool {
        let below = self.outline.blocks.get(at + 1..end.min(at + 24)).unwrap_or_default();
        let now = match self.open.and_then(|open| open.item).and_then(|i| self.outline.blocks.get(i)) {
            Some(Block { what: What::Item { marker: Marker::Number(now), .. }, .. }) => Some(*now),
            _ => None,
        };
        let number = |block: &Block| match block.what {
            What::Item { marker: Marker::Number(number), .. } if block.item.is_none() => Some(number),
            _ => None,
        };
        match below.first().map(|block| &block.what) {
            Some(What::Item { marker: Marker::Number(_), .. }) => true,
            Some(What::Item { .. }) => {
                let next = below.iter().find_map(number);
                now.is_none_or(|now| next != now.checked_add(1))
            }
            _ => false,
        }
    }

    /// A label with what follows it in its line; false when it is no label here.
    fn labelled(&mut self, named: &Named<'_>) -> bool {
        let Named { at, line, found, alone, inside } = *named;
        let Label { name, rest, colon } = found;
        let (name, rest, colon) = (name.as_ref(), *rest, *colon);
        if vocabulary::is_expected(name) && colon {
            self.expected(rest);
            return true;
        }
        if vocabulary::is_remark(name) && colon {
            let text = if rest.is_empty() { String::new() } else { format!("{name}: {rest}") };
            if rest.is_empty() {
                self.intro = None;
            } else {
                self.note(line.no, &text);
            }
            return true;
        }
        if colon && !rest.is_empty() && self.about.take(name, rest) {
            return true;
        }
        let told = part(name);
        if told == Some(Part::Symptoms) && !rest.is_empty() {
            self.about
                .symptoms
                .extend(rest.split(", ").map(|one| plain(one).trim_end_matches('.').to_owned()));
            return true;
        }
        if !rest.is_empty() {
            return false;
        }
        if told.is_none() && aside::is_aside(name, colon) {
            self.note(line.no, name);
            return true;
        }
        if let Some(condition) =
            vocabulary::condition(name).or_else(|| is_platform(name).then(|| plain(name).into_owned()))
        {
            self.choose(name, condition, line.no, inside);
            self.chosen = !inside;
            return true;
        }
        if inside {
            return alone && {
                self.text_line(&line.text);
                true
            };
        }
        if let Some((_, title)) = number(name).filter(|(_, title)| !title.is_empty()) {
            self.push(titles::read(title), line.no, StepKind::Manual, None);
            return true;
        }
        if told.is_some() {
            self.enter(name, told);
            self.label = Some(at);
            return true;
        }
        if vocabulary::is_metadata(name) {
            return true;
        }
        if !alone && !colon {
            return false;
        }
        // A name above code is a step; above a list it is a phase.
        let listed =
            self.outline.blocks.get(at + 1).is_some_and(|next| matches!(next.what, What::Item { .. }));
        if listed {
            self.enter(name, None);
            self.label = Some(at);
        } else {
            // Where something stood directly below the label before, this one is beside it and not below it.
            let beside = |from: usize| {
                self.outline
                    .blocks
                    .get(from + 1)
                    .is_some_and(|below| matches!(below.what, What::Item { .. } | What::Fence(_)))
            };
            if self.label.is_some_and(beside) {
                self.end_phase();
            }
            self.open = None;
            self.intro = Some((line.no, name.to_owned()));
        }
        true
    }

    /// Plain sentences between the blocks.
    pub(super) fn sentences(&mut self, lines: &[Line], inside: bool, at: usize, end: usize) {
        let (Some(first), Some(_)) = (lines.first(), lines.last()) else { return };
        let whole = joined(lines);
        self.prosaic(&whole);
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
        let introduces = code_next && whole.trim_end().ends_with(':');
        if !(told.is_empty() || introduces) {
            self.push(titles::sentence(&whole), first.no, StepKind::Command, None);
            self.inline(told);
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
    pub(super) fn goes_on(&self, at: usize, end: usize) -> bool {
        let Some(item) = self.open.and_then(|open| open.item).and_then(|i| self.outline.blocks.get(i)) else {
            return false;
        };
        let What::Item { marker: Marker::Number(now), .. } = item.what else { return false };
        self.outline.blocks.get(at..end.min(at + 24)).unwrap_or_default().iter().any(|block| {
            matches!(block.what, What::Item { marker: Marker::Number(next), .. } if block.item.is_none() && next == now + 1)
        })
    }
}

/// `The output should look like this:`
fn says_output(text: &str) -> bool {
    let lower = text.to_lowercase();
    let shown = [
        "output",
        "result",
        "response",
        "you should see",
        "should look",
        "looks like",
        "look like",
        "similar to",
        "will see",
        "would see",
        "returns",
        "prints",
        "displays",
    ];
    let tells = [
        "save the output",
        "check the output of",
        "inspect the output of",
        "run ",
        "execute ",
        "use the following command",
        "following command",
    ];
    (lower.trim_end().ends_with(':') || lower.starts_with("example") || lower.starts_with("sample"))
        && shown.iter().any(|w| lower.contains(w))
        && !tells.iter().any(|w| lower.contains(w))
}
