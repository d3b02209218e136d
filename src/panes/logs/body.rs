//! One line as it is shown: its message first, its parts by meaning, cut into rows.
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::log::{LineKind, LineView, LogLevel, fields};
use crate::domain::settings::Role;
use crate::domain::text::is_plain;
use crate::domain::time::Timestamp;
use crate::model::logs::Pattern;
use crate::panes::ink_role;

/// A text and what its parts mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    pub text: String,
    /// Where a meaning begins; it lasts to the next.
    roles: Vec<(usize, Role)>,
}

/// How many bytes at the beginning of a line only repeat its time.
fn own_time(view: &LineView<'_>) -> usize {
    /// A writer's clock and the container runtime's are not the same, but nearly.
    const NEARLY: i64 = 2_000;
    let first = view.text.split(' ').next().unwrap_or_default();
    if !(20..=40).contains(&first.len()) || !first.is_ascii() {
        return 0;
    }
    match Timestamp::parse(first) {
        Some(own) if (own.0 - view.time().0).abs() < NEARLY => (first.len() + 1).min(view.text.len()),
        _ => 0,
    }
}

/// What a level means for the eye.
pub(super) fn role(level: LogLevel) -> Role {
    match level {
        LogLevel::Fatal | LogLevel::Error => Role::Bad,
        LogLevel::Warn => Role::Warning,
        LogLevel::Debug | LogLevel::Trace => Role::Dim,
        LogLevel::Info | LogLevel::None => Role::Text,
    }
}

impl Body {
    /// Reads at most about `most` bytes of a line. Where its time stands beside it, it is not said twice.
    pub fn new(view: &LineView<'_>, most: usize, find: Option<&Pattern>, timed: bool) -> Body {
        let mut body = Body::default();
        let whole = view.text;
        if let Some(parts) = fields::read(whole).filter(|_| view.line.kind == LineKind::Written) {
            body.push(head(&parts.message, most), role(view.line.level));
            for (key, value) in &parts.fields {
                if body.text.len() > most {
                    break;
                }
                if !body.text.is_empty() {
                    body.push(" ", Role::Dim);
                }
                body.push(key, Role::Dim);
                body.push("=", Role::Dim);
                body.push(head(value, most), Role::Dim);
            }
        } else {
            let skip = if timed { own_time(view) } else { 0 };
            body.inked(view, head(&whole[skip..], most), skip);
        }
        if let Some(find) = find {
            body.mark(find);
        }
        body
    }

    fn push(&mut self, text: &str, role: Role) {
        if self.roles.last().is_none_or(|(_, last)| *last != role) {
            self.roles.push((self.text.len(), role));
        }
        self.text.push_str(text);
    }

    /// As its writer coloured it, and by its level where it did not.
    fn inked(&mut self, view: &LineView<'_>, text: &str, skip: usize) {
        let plain = role(view.line.level);
        self.roles.push((0, plain));
        self.text.push_str(text);
        for (at, ink) in
            view.inks().map(|(at, ink)| (at.saturating_sub(skip), ink)).filter(|(at, _)| *at < text.len())
        {
            self.roles.push((at, ink_role(ink, plain)));
        }
    }

    /// Lays the hits over what was there.
    fn mark(&mut self, find: &Pattern) {
        let hits: Vec<Range<usize>> = find
            .regex()
            .find_iter(&self.text)
            .map(|hit| hit.range())
            .filter(|r| !r.is_empty())
            .take(1_000)
            .collect();
        if hits.is_empty() {
            return;
        }
        let mut roles = Vec::with_capacity(self.roles.len() + 2 * hits.len());
        let mut at = 0;
        for hit in hits {
            roles.extend(self.parts(at..hit.start).map(|(range, role)| (range.start, role)));
            roles.push((hit.start, Role::Hit));
            at = hit.end;
        }
        roles.extend(self.parts(at..self.text.len()).map(|(range, role)| (range.start, role)));
        self.roles = roles;
    }

    /// The parts of a range with their meaning.
    pub fn parts(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Role)> {
        let first = self.roles.partition_point(|(at, _)| *at <= range.start).saturating_sub(1);
        (first..self.roles.len()).filter_map(move |n| {
            let (at, role) = *self.roles.get(n)?;
            let end = self.roles.get(n + 1).map_or(self.text.len(), |(next, _)| *next);
            let part = at.max(range.start)..end.min(range.end);
            (part.start < part.end).then_some((part, role))
        })
    }
}

/// The beginning of a text, never half a letter.
fn head(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// Cuts a text into rows of `width` columns; there is always one.
pub(super) fn rows(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(1);
    if text.len() <= width {
        // No letter is wider than its bytes are many.
        return std::iter::once(0..text.len()).collect();
    }
    if is_plain(text.as_bytes()) {
        return (0..text.len()).step_by(width).map(|at| at..(at + width).min(text.len())).collect();
    }
    let (mut out, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, letter) in text.grapheme_indices(true) {
        let wide = letter.width();
        if used + wide > width && at > start {
            out.push(start..at);
            (start, used) = (at, 0);
        }
        used += wide;
    }
    out.push(start..text.len());
    out
}

/// What of a text lies between two columns. A wide letter that is cut by an edge is left out.
pub(super) fn columns(text: &str, left: usize, width: usize) -> Range<usize> {
    if is_plain(text.as_bytes()) {
        return left.min(text.len())..left.saturating_add(width).min(text.len());
    }
    let (mut column, mut start, mut end) = (0, None, 0);
    for (at, letter) in text.grapheme_indices(true) {
        let next = column + letter.width();
        if column >= left && next <= left + width {
            start.get_or_insert(at);
            end = at + letter.len();
        }
        if next > left + width {
            break;
        }
        column = next;
    }
    start.map_or(0..0, |start| start..end)
}

/// Shortens a name to `width` columns. Its middle goes: the ends tell pods apart.
pub fn shorten(name: &str, width: usize) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let Some(room) = width.checked_sub(1).filter(|room| *room > 0) else { return String::new() };
    let (head, tail) = (room / 3, room - room / 3);
    let total = name.width();
    let start = columns(name, 0, head);
    let end = columns(name, total - tail, tail);
    format!("{}…{}", name.get(start).unwrap_or_default(), name.get(end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_loses_its_middle() {
        assert_eq!(shorten("worker-5dc8bddbc8-vf6h8", 14), "work…bc8-vf6h8");
        assert_eq!(shorten("worker", 14), "worker");
        assert_eq!(shorten("worker", 1), "");
    }

    #[test]
    fn wide_letters_are_never_cut_in_half() {
        assert_eq!(rows("漢字漢字", 5), [0..6, 6..12]);
        assert_eq!(columns("漢字漢", 1, 4), 3..6);
    }

    proptest! {
        #[test]
        fn rows_hold_all_of_a_text_and_none_is_too_wide(text in "\\PC{0,80}", width in 2_usize..20) {
            let text = crate::domain::text::clean(&text).into_owned();
            let rows = rows(&text, width);
            let whole: String = rows.iter().map(|row| text.get(row.clone()).unwrap()).collect();
            prop_assert_eq!(&whole, &text);
            for row in rows {
                let row = text.get(row).unwrap();
                prop_assert!(row.width() <= width || row.graphemes(true).count() == 1, "{row:?}");
            }
        }
    }
}
