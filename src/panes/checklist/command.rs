//! One command of a checklist: the condition it stands under, its text, its values, what it came to and what it wrote.
use unicode_width::UnicodeWidthStr;

use super::{Line, Page, Wrote, risk, stand};
use crate::commands::Role as Purpose;
use crate::domain::approval::Tier;
use crate::domain::settings::{Action, Role};
use crate::domain::text::{clean_lines, one_line};
use crate::incident::words::counted;
use crate::model::checklist::Spot;
use crate::model::evidence::Answer;
use crate::panes::text::broken;
use crate::panes::{Fact, answers, inked};
use crate::runbook::Command;
use crate::runbook::execution::{CommandView, State};

impl Page<'_> {
    /// What the panes say to the condition in the line at `from`: behind it where there is room, else below.
    pub(super) fn answer(&mut self, indent: u16, spot: Option<Spot>, from: usize, answer: &Answer) {
        // So that the answers of several short arms stand below each other.
        const COLUMN: usize = 34;
        let (sign, fits, role) = answers::mark(answer);
        let words = format!("{sign} {fits}{}", one_line(&answer.words));
        let alone = self.lines.len() == from + 1;
        if let Some(line) = self.lines.last_mut().filter(|_| alone) {
            let used: usize = line.text.iter().map(|fact| fact.text.width()).sum();
            let gap = COLUMN.saturating_sub(used).max(2);
            let tail = line.tail.as_ref().map_or(0, |tail| tail.text.width() + 2);
            if usize::from(line.indent) + used + gap + words.width() + tail < self.width {
                line.text.push(Fact::new(" ".repeat(gap), Role::Text));
                line.text.push(Fact::new(words, role));
                return;
            }
        }
        self.words(indent, spot, &format!("{sign} "), &format!("{fits}{}", answer.words), role);
    }

    /// The condition that a command of a script stands under, with what the panes say to it.
    fn condition(&mut self, indent: u16, spot: Spot, command: &Command) {
        let Some(answer) = self.stand.answer(spot) else { return };
        let from = self.lines.len();
        let condition = command.statement.condition.as_deref().unwrap_or_default();
        if condition == self.under {
            return;
        }
        condition.clone_into(&mut self.under);
        self.words(indent, Some(spot), "", &one_line(condition), Role::Dim);
        self.answer(indent, Some(spot), from, answer);
    }

    /// The command as it is written; lines too long for the pane go on in the next, so that all of it can be read.
    pub(super) fn command(&mut self, indent: u16, spot: Spot, command: &Command) {
        let statement = &command.statement;
        let quiet = matches!(statement.role, Purpose::Setup | Purpose::Guard | Purpose::Narration)
            && statement.risk == Tier::Read;
        let view = self.stand.command(spot).filter(|view| view.state != State::ToDo);
        if view.is_none() {
            self.condition(indent, spot, command);
        }
        let says = view.as_ref().and_then(|view| self.stand.words(view));
        let tail = says.or_else(|| (!quiet).then(|| risk(statement.risk)));
        let role = if quiet || command.future { Role::Dim } else { Role::Key };
        // Room for the risk, and for what goes on a little further in.
        let room = self.width.saturating_sub(usize::from(indent) + 11).max(16);
        let mut first = true;
        for text in clean_lines(&statement.text).lines() {
            for (n, piece) in broken(text, room).into_iter().enumerate() {
                let tail = tail.clone().filter(|_| first);
                let mut indent = if n > 0 { indent + 2 } else { indent };
                let mut text = vec![Fact::new(piece, role)];
                if let Some((sign, tone)) =
                    view.as_ref().filter(|_| first).map(|view| stand::sign(&view.state))
                {
                    indent -= 2;
                    text.insert(0, Fact::new(format!("{sign} "), tone));
                }
                self.lines.push(Line { spot: Some(spot), first, indent, text, tail });
                first = false;
            }
        }
        let (given, missing) = self.stand.values(command);
        self.words(indent, Some(spot), "with: ", &given.join(", "), Role::Text);
        self.words(indent, Some(spot), "fill in: ", &missing.join(", "), Role::Hit);
        let other = view.as_ref().and_then(|view| self.stand.other(command, view));
        self.words(indent, Some(spot), "ran: ", &other.unwrap_or_default(), Role::Key);
        let expect = command.attributes.expect.as_deref().unwrap_or_default();
        self.words(indent, Some(spot), "expected: ", expect, Role::Dim);
        if let Some(view) = view {
            self.outcome(indent, spot, &view);
        }
    }

    /// What it came to, and the end of what it wrote.
    pub(super) fn outcome(&mut self, indent: u16, spot: Spot, view: &CommandView) {
        let (_, tone) = stand::sign(&view.state);
        let role = if view.state.is_bad() || view.state == State::Trouble { tone } else { Role::Dim };
        self.words(indent, Some(spot), "", &view.says, role);
        for warning in self.stand.warnings(spot, view).iter().filter(|one| !view.says.contains(*one)) {
            self.words(indent, Some(spot), "▲ ", warning, Role::Warning);
        }
        if let Some(says) = self.stand.full(spot, view) {
            self.words(indent, Some(spot), "", &says, Role::Act);
        }
        if let Some(says) = self.stand.settling(spot, view) {
            self.words(indent, Some(spot), "", &says, Role::Warning);
        }
        if let Some(behind) = self.stand.behind(spot).filter(|_| spot == self.here) {
            self.words(indent, Some(spot), "", &behind, Role::Warning);
        }
        let from = self.lines.len();
        self.written(indent, spot, view, 0);
        if self.latest == Some(spot) {
            self.wrote = Some(Wrote { lines: from..self.lines.len(), indent, view: view.clone() });
        }
    }

    /// Rows that are free show more of what was written last.
    pub(super) fn unfold(&mut self, rows: usize) {
        let free = rows.saturating_sub(self.lines.len());
        let (Some(spot), Some(wrote)) = (self.latest.filter(|_| free > 0), self.wrote.take()) else { return };
        let behind = self.lines.split_off(wrote.lines.end);
        self.lines.truncate(wrote.lines.start);
        self.written(wrote.indent, spot, &wrote.view, free);
        self.lines.extend(behind);
    }

    /// What it wrote, and so many lines `more` of it than usual: from the first line, as a table begins with its
    /// names; of what runs or went wrong the end.
    fn written(&mut self, indent: u16, spot: Spot, view: &CommandView, more: usize) {
        let Some(tail) = self.stand.tail(spot) else { return };
        let all = tail.lines.len();
        let usual = stand::shown(&view.state, spot == self.here).min(all);
        let room = (usual + more).min(all);
        if room == 0 {
            return;
        }
        let from_the_end = view.state == State::Running || view.state.is_bad() || !tail.is_whole();
        // The line that says how much is left out has its own row.
        let (from, count) = match (room < all, from_the_end) {
            (false, _) => (0, all),
            (true, true) => (all - room, room),
            (true, false) => (0, room - 1),
        };
        for line in tail.lines.iter().skip(from).take(count) {
            let role = if line.err { Role::Warning } else { Role::Dim };
            let mut text = vec![Fact::new("│ ", Role::Rule)];
            text.extend(inked(&line.text, &line.inks, role));
            self.lines.push(Line { spot: Some(spot), first: false, indent, text, tail: None });
        }
        if from == 0 && count < all {
            let key = self.stand.key(Action::Output);
            let more = format!("│ … {}: {key}", counted(all - count, "more line"));
            let text = vec![Fact::new(more, Role::Dim)];
            self.lines.push(Line { spot: Some(spot), first: false, indent, text, tail: None });
        }
    }
}
