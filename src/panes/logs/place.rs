//! Where the window stands and where it goes. Only the rows that are passed are ever counted.
use super::Columns;
use super::body::{self, Body};
use crate::domain::log::{LineId, LineKind, LineView};
use crate::model::logs::{Logs, Place, Times};

/// How many rows a line takes, with the rule of its mark.
pub fn height(logs: &Logs, view: &LineView<'_>, width: usize) -> usize {
    let marked = usize::from(logs.marks.contains(&view.id));
    if !logs.wrap || view.line.kind != LineKind::Written {
        return 1 + marked;
    }
    let columns = Columns::new(logs, width);
    body::rows(&Body::new(view, usize::MAX, None, logs.times == Times::Shown).text, columns.body).len()
        + marked
}

/// The row at the bottom of the window: a line that is shown, and which row of it.
pub(super) fn bottom(logs: &Logs, width: usize) -> Option<(LineId, usize)> {
    let last_row = |line: LineId| {
        let view = logs.line(line)?;
        Some((line, height(logs, &view, width) - 1))
    };
    match logs.place {
        Place::Newest => last_row(logs.shown_to(logs.ring.end())?),
        Place::At { line, row } => {
            // The line may be hidden now, or have made room.
            let shown = logs.shown_to(line).or_else(|| logs.shown_from(line))?;
            let (shown, last) = last_row(shown)?;
            Some((shown, if shown == line { row.min(last) } else { last }))
        }
    }
}

/// The row so many rows further down; the end of the buffer stops it.
fn down(logs: &Logs, width: usize, from: (LineId, usize), rows: usize) -> (LineId, usize) {
    let (mut line, mut row) = from;
    let mut left = rows;
    while let Some(view) = logs.line(line) {
        let last = height(logs, &view, width) - 1;
        if row + left <= last {
            return (line, row + left);
        }
        let Some(next) = logs.shown_from(line.plus(1)) else { return (line, last) };
        left -= last - row + 1;
        (line, row) = (next, 0);
        if left == 0 {
            return (line, 0);
        }
    }
    (line, row)
}

fn up(logs: &Logs, width: usize, from: (LineId, usize), rows: usize) -> (LineId, usize) {
    let (mut line, mut row) = from;
    let mut left = rows;
    loop {
        if row >= left {
            return (line, row - left);
        }
        let before = line.0.checked_sub(1).and_then(|before| logs.shown_to(LineId(before)));
        let Some(view) = before.and_then(|before| logs.line(before)) else { return (line, 0) };
        left -= row + 1;
        (line, row) = (view.id, height(logs, &view, width) - 1);
    }
}

/// Where the window stands after moving by so many rows; at the end it follows the newest line again.
pub fn moved(logs: &Logs, rows: isize) -> Place {
    let (width, height) = (usize::from(logs.size.0), usize::from(logs.size.1));
    let Some(here) = bottom(logs, width) else { return logs.place };
    if rows < 0 {
        // The window never shows less than it could.
        let top = logs.shown_from(logs.first()).unwrap_or(here.0);
        let least = down(logs, width, (top, 0), height.saturating_sub(1));
        let (line, row) = up(logs, width, here, rows.unsigned_abs()).max(least);
        return Place::At { line, row };
    }
    let (line, row) = down(logs, width, here, rows.unsigned_abs());
    let ended = down(logs, width, (line, row), 1) == (line, row);
    if ended { Place::Newest } else { Place::At { line, row } }
}

/// The line at the top of the window.
pub fn top_line(logs: &Logs) -> Option<LineId> {
    let (width, height) = (usize::from(logs.size.0), usize::from(logs.size.1));
    Some(up(logs, width, bottom(logs, width)?, height.saturating_sub(1)).0)
}

/// Where the window stands with this line in its middle.
pub fn around(logs: &Logs, line: LineId) -> Place {
    let (width, height) = (usize::from(logs.size.0), usize::from(logs.size.1));
    let (line, row) = down(logs, width, (line, 0), height / 2);
    let top = logs.shown_from(logs.first()).unwrap_or(line);
    let (line, row) = (line, row).max(down(logs, width, (top, 0), height.saturating_sub(1)));
    Place::At { line, row }
}

/// Where the window stands with the first line at its top.
pub fn top(logs: &Logs) -> Place {
    let (width, height) = (usize::from(logs.size.0), usize::from(logs.size.1));
    let Some(first) = logs.shown_from(logs.first()) else { return logs.place };
    let (line, row) = down(logs, width, (first, 0), height.saturating_sub(1));
    Place::At { line, row }
}
