//! The logs pane: only the rows that fit are ever made.
//!
//! ```text
//!   12:00:01 web-1…8f6h I GET /health took=3ms
//! ▸ 12:00:01 web-2…c2xk E upstream timed out          the line that was jumped to
//! ── lines may be missing here: the log was rotated ──
//! ```
mod body;
mod place;
mod title;

use std::hash::{DefaultHasher, Hash, Hasher};

pub use body::{Body, shorten};
pub use place::{around, height, moved, top, top_line};
pub use title::{empty, facts};

use place::bottom;

use crate::domain::log::{LineId, LineKind, LineView};
use crate::domain::settings::Role;
use crate::domain::time::Zone;
use crate::model::logs::{Logs, Times};

/// A part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub role: Role,
}

/// A row of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub line: LineId,
    pub spans: Vec<Span>,
    /// What the row stands on.
    pub ground: Ground,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    Plain,
    /// The line that was jumped to.
    Here,
    /// Runs on to the right as a rule.
    Rule,
}

/// How the window is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'z> {
    pub width: usize,
    pub height: usize,
    pub zone: &'z Zone,
    pub ascii: bool,
}

/// Columns before the message.
#[derive(Debug, Clone, Copy)]
struct Columns {
    time: bool,
    pod: usize,
    body: usize,
}

const TIME: usize = 9;
const LEVEL: usize = 2;
const GUTTER: usize = 2;

impl Columns {
    fn new(logs: &Logs, width: usize) -> Columns {
        // On a narrow screen the message comes before everything else.
        let time = logs.times == Times::Shown && width >= 40;
        let pod = if logs.several() && width >= 60 { (width / 5).min(26) } else { 0 };
        let gutter = if width >= 30 { GUTTER + LEVEL } else { 0 };
        let taken = gutter + if time { TIME } else { 0 } + if pod > 0 { pod + 1 } else { 0 };
        Columns { time, pod, body: width.saturating_sub(taken).max(1) }
    }
}

/// The rows that fit, from the top.
pub fn window(logs: &Logs, frame: &Frame<'_>) -> Vec<Row> {
    let Some((line, row)) = bottom(logs, frame.width).filter(|_| frame.height > 0) else { return Vec::new() };
    let mut rows = Vec::with_capacity(frame.height);
    let mut at = Some(line);
    while let Some(view) = at.and_then(|line| logs.line(line)) {
        let mut of_line = line_rows(logs, &view, frame);
        if view.id == line {
            of_line.truncate(row + 1);
        }
        rows.extend(of_line.into_iter().rev().take(frame.height - rows.len()));
        if rows.len() >= frame.height {
            break;
        }
        at = view.id.0.checked_sub(1).and_then(|before| logs.shown_to(LineId(before)));
    }
    rows.reverse();
    fill_below(logs, frame, (line, row), &mut rows);
    rows
}

/// Near the beginning of the buffer there is room below.
fn fill_below(logs: &Logs, frame: &Frame<'_>, (line, row): (LineId, usize), rows: &mut Vec<Row>) {
    let mut skip = row + 1;
    let mut at = Some(line);
    while let Some(view) = at.filter(|_| rows.len() < frame.height).and_then(|line| logs.line(line)) {
        let room = frame.height - rows.len();
        rows.extend(line_rows(logs, &view, frame).into_iter().skip(skip).take(room));
        skip = 0;
        at = logs.shown_from(view.id.plus(1));
    }
}

fn line_rows(logs: &Logs, view: &LineView<'_>, frame: &Frame<'_>) -> Vec<Row> {
    let mut rows = if view.line.kind == LineKind::Written {
        written(logs, view, frame)
    } else {
        vec![rule(logs, view, frame)]
    };
    if logs.marks.contains(&view.id) {
        let dashes = if frame.ascii { "--" } else { "──" };
        let text = format!("{dashes} mark {} ", view.time().clock(frame.zone));
        rows.push(Row {
            line: view.id,
            spans: vec![Span { text, role: Role::Marked }],
            ground: Ground::Rule,
        });
    }
    rows
}

fn written(logs: &Logs, view: &LineView<'_>, frame: &Frame<'_>) -> Vec<Row> {
    let columns = Columns::new(logs, frame.width);
    let here = logs.here == Some(view.id);
    let ground = if here { Ground::Here } else { Ground::Plain };
    let most = if logs.wrap { usize::MAX } else { (logs.left + columns.body) * 8 };
    let body = Body::new(view, most, logs.find.as_ref(), logs.times == Times::Shown);
    let mut cut = false;
    let ranges = if logs.wrap {
        body::rows(&body.text, columns.body)
    } else {
        let mut shown = body::columns(&body.text, logs.left, columns.body);
        cut = !shown.is_empty() && shown.end < body.text.len() && columns.body > 1;
        if cut {
            shown = body::columns(&body.text, logs.left, columns.body - 1);
        }
        vec![shown]
    };
    let mut rows = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut spans =
            if rows.is_empty() { prefix(logs, view, frame, columns) } else { indent(frame, columns) };
        spans.extend(body.parts(range).map(|(part, role)| {
            let text = body.text.get(part).unwrap_or_default();
            Span { text: if frame.ascii { ascii(text) } else { text.to_owned() }, role }
        }));
        if cut {
            spans.push(Span { text: if frame.ascii { "~" } else { "…" }.into(), role: Role::Dim });
        }
        rows.push(Row { line: view.id, spans, ground });
    }
    rows
}

fn prefix(logs: &Logs, view: &LineView<'_>, frame: &Frame<'_>, columns: Columns) -> Vec<Span> {
    let mut spans = Vec::with_capacity(6);
    let gutter = frame.width >= 30;
    if gutter {
        let sign = match (logs.here == Some(view.id), frame.ascii) {
            (true, false) => "▸ ",
            (true, true) => "> ",
            (false, _) => "  ",
        };
        spans.push(Span { text: sign.into(), role: Role::Focus });
    }
    if columns.time {
        // A word of the server itself has no time.
        let clock = if view.line.nanos == 0 { " ".repeat(TIME - 1) } else { view.time().clock(frame.zone) };
        spans.push(Span { text: format!("{clock} "), role: Role::Dim });
    }
    if columns.pod > 0 {
        let name = shorten(&who(view), columns.pod);
        let name = if frame.ascii { ascii(&name) } else { name };
        spans.push(Span { text: format!("{name:<width$} ", width = columns.pod), role: pod_role(view) });
    }
    if gutter {
        let letter = view.line.level.letter();
        spans.push(Span { text: format!("{letter} "), role: body::role(view.line.level) });
    }
    spans
}

/// The pod, and its container where a pod has several that write.
fn who(view: &LineView<'_>) -> String {
    let (pod, container) = (&view.stream.pod, &view.stream.container);
    // Most pods are named after the one container they have.
    if container.is_empty() || pod.starts_with(&**container) {
        pod.to_string()
    } else {
        format!("{pod}/{container}")
    }
}

/// Neighbours are told apart; none of these looks like trouble.
fn pod_role(view: &LineView<'_>) -> Role {
    let mut hasher = DefaultHasher::new();
    view.stream.hash(&mut hasher);
    match hasher.finish() % 3 {
        0 => Role::Title,
        1 => Role::Key,
        _ => Role::Dim,
    }
}

fn indent(frame: &Frame<'_>, columns: Columns) -> Vec<Span> {
    vec![Span { text: " ".repeat(frame.width.saturating_sub(columns.body)), role: Role::Text }]
}

/// A line of ours: it runs across, so that it is not taken for one of a container.
fn rule(logs: &Logs, view: &LineView<'_>, frame: &Frame<'_>) -> Row {
    let role = match view.line.kind {
        LineKind::Gap | LineKind::Dropped => Role::Warning,
        _ => Role::Rule,
    };
    let dashes = if frame.ascii { "--" } else { "──" };
    let who =
        if logs.several() && !view.stream.pod.is_empty() { format!("{} ", who(view)) } else { String::new() };
    let text = format!("{dashes} {who}{} ", view.text);
    let range = body::columns(&text, 0, frame.width);
    let text = text.get(range).unwrap_or_default();
    let text = if frame.ascii { ascii(text) } else { text.to_owned() };
    Row { line: view.id, spans: vec![Span { text, role }], ground: Ground::Rule }
}

/// For terminals that show nothing else.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
