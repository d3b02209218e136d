//! The lines inside the box, in as much detail as there is room for.
use ratatui::text::{Line, Span};

use super::{answer, rows, shell};
use crate::domain::approval::{Question, Tier, headline};
use crate::domain::settings::{Keymap, Role};
use crate::domain::text::clean_to;
use crate::view::style::Paint;
use crate::view::wrap::{cut, width, wrap};

/// How much is said. What decides is said at every detail; it only gets shorter.
pub(super) struct Detail {
    /// Empty lines between the parts.
    pub(super) airy: bool,
    /// What is good to know: what is kept, that it is allowed, how it is taken back.
    pub(super) extras: bool,
    /// How many lines a row may take.
    pub(super) most: usize,
    /// How many names of many are listed.
    pub(super) names: usize,
    /// Every line counts.
    pub(super) tight: bool,
}

/// From everything to the least that can still be answered.
pub(super) const DETAILS: [Detail; 7] = [
    Detail { airy: true, extras: true, most: 6, names: 24, tight: false },
    Detail { airy: true, extras: true, most: 4, names: 8, tight: false },
    Detail { airy: false, extras: true, most: 3, names: 8, tight: false },
    Detail { airy: false, extras: false, most: 3, names: 6, tight: false },
    Detail { airy: false, extras: false, most: 2, names: 3, tight: true },
    Detail { airy: false, extras: false, most: 1, names: 3, tight: true },
    Detail { airy: false, extras: false, most: 1, names: 1, tight: true },
];

/// Everything inside the box that is `wide` cells wide.
pub(super) fn lines(
    question: &Question,
    scroll: usize,
    detail: &Detail,
    wide: u16,
    keymap: &Keymap,
    paint: &Paint,
) -> Vec<Line<'static>> {
    let columns = usize::from(wide.saturating_sub(4)).max(1);
    let mut page = Page { lines: Vec::new(), columns, detail, scroll, paint };
    let head = match question.plan().shell() {
        Some(command) => shell::headline(command, columns),
        None => headline(&question.resolved()),
    };
    // A name that has to be typed stands below once more, and whole.
    let most = if question.tier() == Tier::Danger { detail.most } else { detail.most.max(2) };
    for line in wrap(&clean_to(&head, 1_024), columns, most) {
        page.push(vec![page.span(line, Role::Title)]);
    }
    page.gap();
    rows::write(&mut page, question);
    page.gap();
    answer::write(&mut page, question, keymap);
    page.lines
}

/// Lines being written.
pub(super) struct Page<'a> {
    lines: Vec<Line<'static>>,
    pub(super) columns: usize,
    pub(super) detail: &'a Detail,
    /// How much of a list that does not fit was passed.
    pub(super) scroll: usize,
    pub(super) paint: &'a Paint<'a>,
}

impl Page<'_> {
    pub(super) fn span(&self, text: impl Into<String>, role: Role) -> Span<'static> {
        Span::styled(text.into(), self.paint.style(role))
    }

    pub(super) fn push(&mut self, spans: Vec<Span<'static>>) {
        self.lines.push(Line::from(spans));
    }

    pub(super) fn gap(&mut self) {
        if self.detail.airy {
            self.lines.push(Line::default());
        }
    }

    /// The column of labels; narrow windows have no cell to waste.
    pub(super) fn label_width(&self) -> usize {
        if self.columns >= 48 { 9 } else { 7 }
    }

    pub(super) fn room(&self) -> usize {
        self.columns.saturating_sub(self.label_width()).max(1)
    }

    /// One label and its text, which wraps beside it.
    pub(super) fn row(&mut self, label: &str, text: &str, role: Role) {
        self.block(label, &[text], role);
    }

    /// One label and several texts; what does not fit is counted, and one key away.
    pub(super) fn block(&mut self, label: &str, texts: &[&str], role: Role) {
        if let [_, _, ..] = texts
            && self.detail.most == 1
        {
            return self.one_of(label, texts, role);
        }
        let (mut written, mut after) = self.written(texts);
        let before = if after == 0 { 0 } else { self.scroll.min(texts.len().saturating_sub(1)) };
        if before > 0 {
            (written, after) = self.written(texts.get(before..).unwrap_or_default());
        }
        match (before, after) {
            (0, 0) => {}
            (0, after) => written.push(format!("… and {after} more: Down shows them")),
            (before, 0) => written.push(format!("… and {before} before: Up")),
            (before, after) => written.push(format!("… and {after} more: Down; {before} before: Up")),
        }
        for (n, text) in written.into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            self.labelled(label, text, role);
        }
    }

    /// As many texts as fit, with a line left for the count of the others.
    fn written(&self, texts: &[&str]) -> (Vec<String>, usize) {
        let mut written: Vec<String> = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            let left = self.detail.most.saturating_sub(written.len());
            let rest = texts.len() - n;
            if rest > 1 && left <= 1 {
                return (written, rest);
            }
            let left = if rest > 1 { left - 1 } else { left.max(1) };
            written.extend(wrap(&clean_to(text, 2_048), self.room(), left));
        }
        (written, 0)
    }

    /// One text where there is no room for a second; its end, too, says how to see the others.
    fn one_of(&mut self, label: &str, texts: &[&str], role: Role) {
        let at = self.scroll.min(texts.len().saturating_sub(1));
        let more = match (at, texts.len() - at - 1) {
            (0, after) => format!(" +{after} more: Down"),
            (before, 0) => format!(" {before} before: Up"),
            (before, after) => format!(" +{after} more: Down, {before} before: Up"),
        };
        let more = if width(&more) * 2 > self.room() { format!(" {}/{}", at + 1, texts.len()) } else { more };
        let room = self.room().saturating_sub(width(&more));
        let text = cut(&clean_to(texts.get(at).copied().unwrap_or_default(), 2_048), room);
        self.labelled(label, format!("{text}{more}"), role);
    }

    pub(super) fn labelled(&mut self, label: &str, text: String, role: Role) {
        let label = format!("{label:<wide$}", wide = self.label_width());
        self.push(vec![self.span(label, Role::Dim), self.span(text, role)]);
    }

    /// Two short rows on one line, as long as both fit.
    pub(super) fn pair(&mut self, one: (&str, &str), other: (&str, &str)) {
        let (first, second) = (clean_to(one.1, 2_048), clean_to(other.1, 2_048));
        let gap = 4;
        let from = self.room().div_ceil(2).max(width(&first) + gap);
        if from + self.label_width() + width(&second) <= self.room() {
            let spans = vec![
                self.span(format!("{:<wide$}", one.0, wide = self.label_width()), Role::Dim),
                self.span(first.to_string(), Role::Text),
                self.span(" ".repeat(from - width(&first)), Role::Text),
                self.span(format!("{:<wide$}", other.0, wide = self.label_width()), Role::Dim),
                self.span(second.to_string(), Role::Text),
            ];
            self.push(spans);
        } else {
            self.row(one.0, one.1, Role::Text);
            self.row(other.0, other.1, Role::Text);
        }
    }
}
