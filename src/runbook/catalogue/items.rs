//! List items and tables of a runbook: which are steps, and what belongs to them.
use super::super::document::{Line, Marker, Table, What};
use super::super::types::{Note, StepKind};
use super::code::Code;
use super::instruct;
use super::outline::is_tick;
use super::rows::Troubles;
use super::steps::{Builder, joined};
use super::text::{self, label, plain};
use super::titles::{self, Titled};
use super::verbs::{is_description, is_imperative};
use super::vocabulary::{self, Part};

impl Builder<'_, '_> {
    pub(super) fn item(
        &mut self,
        at: usize,
        marker: Marker,
        checkbox: Option<bool>,
        text: &[Line],
        end: usize,
    ) {
        let Some(first) = text.first() else { return };
        let whole = joined(text);
        let line = first.no;
        self.output = false;
        let remark = label(&first.text)
            .is_some_and(|found| found.colon && !found.rest.is_empty() && vocabulary::is_remark(&found.name));
        if remark && text.len() == 1 {
            self.note(line, &whole);
            return;
        }
        if !self.has_steps() && checkbox.is_none() && text.len() == 1 && self.fact(&first.text) {
            return;
        }
        if self.part == Some(Part::Symptoms) && self.begins_steps(at, marker, end) {
            self.part = None;
            self.phase = None;
        }
        if self.part == Some(Part::Symptoms) {
            self.about.symptoms.push(whole.replace("**", "").trim().to_owned());
            return;
        }
        let told = self.outline.told(at);
        let code = self.holds_code(at, end);
        let tick = is_tick(&first.text);
        let describes = matches!(self.part, Some(Part::Describes | Part::Meta | Part::Before));
        let does = code || !told.is_empty();
        let ticked = checkbox.is_some() && self.part == Some(Part::Before);
        if describes && !does && !ticked {
            if self.part == Some(Part::Before) {
                self.about.notes.push(Note { line, text: plain(&whole).into_owned() });
            }
            return;
        }
        let heading_open = self.open.is_some_and(|open| open.item.is_none());
        let below = self.heads;
        let numbered = matches!(marker, Marker::Number(_));
        if heading_open && !numbered && checkbox.is_none() {
            self.text_line(&whole);
            self.inline(told.to_vec());
            return;
        }
        if !does
            && checkbox.is_none()
            && (is_description(&whole) || label(&first.text).is_some_and(|found| is_description(found.rest)))
        {
            // What something else does by itself.
            self.text_line(&whole);
            return;
        }
        let acts =
            matches!(self.part, Some(Part::Acts | Part::Steps)) || self.plan.named && self.phase.is_none();
        let asked = does || checkbox.is_some() || tick || numbered || is_imperative(&whole);
        if !asked || !(does || numbered || checkbox.is_some() || tick || acts || self.part.is_none()) {
            if self.has_steps() {
                self.text_line(&whole);
            }
            self.prosaic(&whole);
            return;
        }
        if numbered && !does && self.part == Some(Part::Acts) && whole.is_empty() {
            return;
        }
        let titled = titles::item(&whole);
        self.push(titled, line, StepKind::Manual, Some(at));
        if let Some(draft) = self.drafts.last_mut() {
            draft.step.checkbox = checkbox;
            draft.sub = below.is_some() || self.chosen;
        }
        self.inline(told.to_vec());
    }

    /// What is numbered behind the bullets of the symptoms, or holds code, is to be done.
    fn begins_steps(&self, at: usize, marker: Marker, end: usize) -> bool {
        let behind = at.checked_sub(1).and_then(|before| self.outline.blocks.get(before));
        let bullets =
            behind.is_some_and(|block| matches!(block.what, What::Item { marker: Marker::Bullet, .. }));
        matches!(marker, Marker::Number(_)) && (bullets || self.holds_code(at, end))
    }

    /// An item with code in or behind it.
    pub(super) fn holds_code(&self, at: usize, end: usize) -> bool {
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
    pub(super) fn nested(&mut self, at: usize, text: &[Line], end: usize) {
        let whole = joined(text);
        if let Some(first) = text.first() {
            let found = label(&first.text).or_else(|| text::bare_label(&first.text));
            if let Some(found) = found.filter(|found| found.colon && !found.rest.is_empty()) {
                if vocabulary::is_expected(&found.name) {
                    self.expected(found.rest);
                    self.output = false;
                    return;
                }
                if vocabulary::is_remark(&found.name) {
                    self.note(first.no, &whole);
                    return;
                }
            }
        }
        let way = vocabulary::condition(&whole)
            .filter(|c| c.trim_end_matches(':') == plain(&whole).trim_end_matches(':'));
        let way = way
            .or_else(|| vocabulary::is_way(&whole).then(|| plain(&whole).trim_end_matches(':').to_owned()));
        if let (Some(way), Some(first), true) = (way, text.first(), self.holds_code(at, end)) {
            let item = self.open.and_then(|open| open.item);
            self.choose(&whole, way, first.no, true);
            if let Some(open) = &mut self.open {
                open.item = item;
            }
            return;
        }
        self.text_line(&whole);
        self.inline(self.outline.told(at).to_vec());
    }

    /// `Severity: P2` as an item or a line of its own.
    pub(super) fn fact(&mut self, text: &str) -> bool {
        if self.about.take_line(text) {
            return true;
        }
        let found = label(text).or_else(|| text::bare_label(text));
        found.is_some_and(|found| {
            !found.rest.is_empty()
                && vocabulary::is_metadata(&found.name)
                && self.about.take(&found.name, found.rest)
        })
    }

    /// A table of commands: each row with one is a step.
    pub(super) fn table(&mut self, table: &Table) {
        if self.part == Some(Part::Meta) {
            return;
        }
        if let Some(troubles) = Troubles::of(table) {
            self.ways(&troubles, table);
            return;
        }
        let Some(column) = instruct::column(table) else { return };
        for row in &table.rows {
            let Some(cell) = row.cells.get(column) else { continue };
            let told = instruct::cell(cell, row.line);
            if told.is_empty() {
                continue;
            }
            let title = row
                .cells
                .iter()
                .enumerate()
                .filter(|(i, cell)| *i != column && !cell.trim().is_empty())
                .map(|(_, cell)| cell)
                .max_by_key(|cell| {
                    usize::from(is_imperative(cell)) * 1000 + usize::from(!cell.contains('`'))
                });
            let title = title.map_or_else(String::new, |title| plain(title).into_owned());
            self.push(Titled { title, ..Titled::default() }, row.line, StepKind::Command, None);
            self.inline(told);
        }
        self.open = None;
    }
}
