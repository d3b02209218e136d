//! A playbook that is drawn in a fence: boxes to tick, numbers, branches of a tree, with the commands below them.
use super::super::super::document::{Fence, Line, Marker, What};
use super::super::code::{self, Code};
use super::super::look::{Said, said};
use super::super::outline::named;
use super::super::text::bare_label;
use super::super::verbs::{is_command, is_imperative};
use super::super::vocabulary;
use super::marks::{self, Marked, Sort};
use super::spoken::coded;
use super::{Above, Piece};

/// The blocks that a fence draws; none when it is code, output, a picture or a tree of files.
pub fn pieces(fence: &Fence, above: Above) -> Option<Vec<Piece>> {
    let told = matches!(said(&fence.lang), Said::Nothing | Said::Shell | Said::Session);
    let printed = matches!(fence.lang.as_str(), "output" | "log" | "logs" | "stdout");
    // Most fences begin with a command, or with a remark on it.
    let begins = fence.body.iter().map(|line| line.text.trim()).find(|text| !text.is_empty())?;
    let code = begins.starts_with('#') || is_command(begins);
    if !told || printed || code || fence.body.len() < 2 || is_picture(&fence.body) {
        return None;
    }
    let lines = marks::read(&fence.body);
    if !is_list(&lines) {
        return None;
    }
    let mut drawing = Drawing { above, lines: &lines, pieces: Vec::new(), open: Vec::new(), count: 0 };
    drawing.draw();
    Some(drawing.pieces)
}

/// Boxes and their corners: a picture of how things stand to each other.
fn is_picture(lines: &[Line]) -> bool {
    lines.iter().any(|line| {
        let signs = ['┌', '┐', '┘', '╔', '╗', '╚', '╝', '┬', '┴', '┼', '▼', '▲', '◄', '╭', '╮'];
        let text = line.text.trim_start_matches(|c: char| c.is_whitespace() || c == '│');
        text.contains(signs) || text.contains('│')
    })
}

/// Whether the fence as a whole is a list of what to do.
fn is_list(lines: &[Marked<'_>]) -> bool {
    let mut told = lines.iter().filter(|one| one.sort != Sort::Blank);
    let Some(first) = told.next() else { return false };
    let named = first.sort == Sort::Text && told.next().is_some_and(|one| one.sort.draws());
    if !(first.sort.is_item() || first.sort == Sort::Head || named) || first.text.starts_with('#') {
        return false;
    }
    let drawn: Vec<usize> =
        (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|one| one.sort.draws())).collect();
    let does = drawn.iter().filter(|at| acts(lines, **at)).count();
    let ticks = lines.iter().filter(|one| matches!(one.sort, Sort::Tick(_))).count();
    if drawn.len() < 2 || ticks < 2 && does * 10 < drawn.len() * 6 {
        return false;
    }
    // What stands at its edge without a mark is no part of a list.
    let edge = drawn.iter().filter_map(|at| lines.get(*at)).map(|one| one.column).min().unwrap_or_default();
    let loose = lines.iter().skip(1).filter(|one| one.column < edge.max(1));
    let loose = loose.filter(|one| matches!(one.sort, Sort::Text | Sort::Command)).count();
    // Numbers alone, with nothing to run, are prose.
    let plain = first.sort != Sort::Head
        && lines.iter().all(|one| {
            let number =
                matches!(one.sort, Sort::Number(_)) && coded(one.text).is_none() && !one.text.contains('`');
            number || matches!(one.sort, Sort::Blank | Sort::Text | Sort::Bullet | Sort::Head)
        });
    !plain && loose * 5 <= lines.len()
}

/// Whether a marked line tells to do something, says a command, or stands above one.
fn acts(lines: &[Marked<'_>], at: usize) -> bool {
    let Some(one) = lines.get(at) else { return false };
    // `deploy.sh   # rolls out`: a name in a tree of files.
    let entry = one.text.split(['#', '←']).next().unwrap_or_default().trim();
    let worded = entry.split_whitespace().nth(1).is_some();
    let above = lines.get(at + 1..).unwrap_or_default().iter().find(|next| next.sort != Sort::Blank);
    let above = above.is_some_and(|next| next.sort == Sort::Command && next.column > one.column);
    above || worded && (is_imperative(one.text) || coded(one.text).is_some())
}

struct Drawing<'m, 'a> {
    above: Above,
    lines: &'m [Marked<'a>],
    pieces: Vec<Piece>,
    /// The items that are open, with their columns.
    open: Vec<(usize, usize)>,
    /// How many branches stand beside each other so far.
    count: u32,
}

impl Drawing<'_, '_> {
    fn draw(&mut self) {
        let mut at = 0;
        while let Some(one) = self.lines.get(at).copied() {
            let from = at;
            at += 1;
            if one.sort == Sort::Blank {
                continue;
            }
            self.open.truncate(self.open.iter().take_while(|(column, _)| *column < one.column).count());
            match one.sort {
                Sort::Command | Sort::More => {
                    let rest = self.lines.get(from..).unwrap_or_default();
                    let group = rest.iter().enumerate().take_while(|(nth, next)| {
                        let below = next.column > self.open.last().map_or(0, |(column, _)| *column);
                        *nth == 0
                            || next.sort == Sort::More
                            || next.sort == Sort::Command && (below || self.open.is_empty())
                    });
                    at = from + group.count().max(1);
                    self.code(self.lines.get(from..at).unwrap_or_default());
                }
                Sort::Head => self.head(one),
                Sort::Text if self.names(from) => self.head(one),
                Sort::Text => self.push(one, What::Paragraph(vec![text(one, one.text.to_owned())])),
                _ => self.item(from, one),
            }
        }
    }

    /// A line without a mark over branches of a tree is their name.
    fn names(&self, at: usize) -> bool {
        self.open.is_empty() && self.lines.get(at + 1).is_some_and(|next| next.sort == Sort::Branch)
    }

    fn push(&mut self, one: Marked<'_>, what: What) {
        let below = self.open.last().map(|(_, piece)| *piece);
        self.pieces.push(Piece { line: one.line.no, end_line: one.line.no, below, what });
    }

    fn head(&mut self, one: Marked<'_>) {
        let bare = bare_label(one.text).filter(|found| !found.rest.is_empty());
        let conditional = vocabulary::leads(one.text);
        if !(self.open.is_empty() || conditional && one.text.ends_with(':')) {
            let told = coded(one.text).unwrap_or_else(|| one.text.to_owned());
            self.push(one, What::Paragraph(vec![text(one, told)]));
            return;
        }
        self.count = 0;
        let name = one.text.trim_end_matches(':');
        let apart = self.open.is_empty()
            && !self.above.named
            && self.above.level > 0
            && named(one.text).is_some()
            && bare.as_ref().is_some_and(|found| !vocabulary::is_metadata(&found.name));
        if apart {
            let level = (self.above.level + 1).min(6);
            self.push(one, What::Heading { level, text: name.to_owned() });
            return;
        }
        let label = match bare.filter(|_| !conditional) {
            Some(found) => {
                let rest = coded(found.rest).unwrap_or_else(|| found.rest.to_owned());
                format!("**{}:** {rest}", found.name)
            }
            None => format!("**{name}:**"),
        };
        self.push(one, What::Paragraph(vec![text(one, label)]));
    }

    fn item(&mut self, at: usize, one: Marked<'_>) {
        let told = coded(one.text).unwrap_or_else(|| one.text.to_owned());
        let nested = !self.open.is_empty();
        let (marker, checkbox) = match one.sort {
            Sort::Number(number) => (Marker::Number(number), None),
            Sort::Tick(ticked) => (Marker::Bullet, Some(ticked)),
            Sort::Check if !nested => (Marker::Bullet, Some(false)),
            Sort::Branch if !nested && acts(self.lines, at) => {
                self.count += 1;
                (Marker::Number(self.count), None)
            }
            _ => (Marker::Bullet, None),
        };
        let piece = self.pieces.len();
        self.push(one, What::Item { marker, checkbox, text: vec![text(one, told)] });
        self.open.push((one.column, piece));
    }

    /// Commands, as the block of code that they would be.
    fn code(&mut self, group: &[Marked<'_>]) {
        let Some(first) = group.first().copied() else { return };
        let own = |one: &Marked<'_>| {
            let lead = one.column.saturating_sub(first.column);
            text(*one, format!("{}{}", " ".repeat(lead), one.text))
        };
        let fence = Fence { body: group.iter().map(own).collect(), closed: true, ..Fence::default() };
        if matches!(code::read(&fence), Code::Commands(_)) {
            self.push(first, What::Fence(fence));
        } else {
            self.push(first, What::Paragraph(fence.body));
        }
        if let (Some(piece), Some(last)) = (self.pieces.last_mut(), group.last()) {
            piece.end_line = last.line.no;
        }
    }
}

fn text(one: Marked<'_>, text: String) -> Line {
    Line { no: one.line.no, text }
}
