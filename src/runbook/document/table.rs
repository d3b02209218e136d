//! Tables of pipes.
use super::inline::trimmed;

/// More columns than this are no table: padding short rows to them would cost more than the file is long.
const WIDEST: usize = 128;

/// The cells of the row above the line of dashes, when both together begin a table.
pub fn begins(header: &str, below: &str) -> Option<Vec<String>> {
    if !header.contains('|') || !dashes(below) {
        return None;
    }
    let columns = cut(below, false).len();
    let cells = fit(header, columns);
    (cells.len() <= WIDEST && columns <= WIDEST && !cells.is_empty()).then_some(cells)
}

/// `|---|:--:|`: dashes, colons, blanks, and at least one pipe or two cells.
fn dashes(text: &str) -> bool {
    let text = text.trim();
    let plain = text.bytes().all(|b| matches!(b, b'|' | b'-' | b':' | b' ' | b'\t'));
    plain && text.contains('|') && text.contains('-') && {
        cells(inner(text)).all(|cell| {
            let inner = cell.strip_prefix(':').unwrap_or(cell);
            let inner = inner.strip_suffix(':').unwrap_or(inner);
            !inner.is_empty() && inner.bytes().all(|b| b == b'-')
        })
    }
}

/// The cells of a row. A pipe inside code parts cells only where the row is too short without it.
fn fit(text: &str, columns: usize) -> Vec<String> {
    let all = cut(text, false);
    if all.len() == columns { all } else { cut(text, true) }
}

/// A row's cells, as many as the header has: missing ones are empty, superfluous ones join the last.
pub fn row(text: &str, columns: usize) -> Vec<String> {
    let mut cells = fit(text, columns);
    if cells.len() > columns {
        let rest = cells.split_off(columns.saturating_sub(1));
        cells.push(rest.join(" | "));
    }
    cells.resize(columns, String::new());
    cells
}

/// Cuts at pipes that are not escaped; with `code`, not inside code either.
fn cut(text: &str, code: bool) -> Vec<String> {
    let text = inner(text);
    // Most rows have neither a pipe in code nor an escaped one.
    if memchr::memchr(b'\\', text.as_bytes()).is_none() && !(code && text.contains('`')) {
        return cells(text).map(str::to_owned).collect();
    }
    let spans = if code { super::inline::code_spans(text) } else { Vec::new() };
    let mut spans = spans.iter().map(|(range, _)| range.clone()).peekable();
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        while spans.peek().is_some_and(|span| span.end <= at) {
            spans.next();
        }
        let inside = spans.peek().is_some_and(|span| span.contains(&at));
        match c {
            '|' if escaped => {
                cell.pop();
                cell.push('|');
            }
            '|' if !inside => cells.push(take(&mut cell)),
            c => cell.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    cells.push(take(&mut cell));
    cells
}

/// A row without the pipes at its ends.
fn inner(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix('|').unwrap_or(text);
    let ends = text.ends_with('|') && !text.ends_with("\\|");
    if ends { text.get(..text.len() - 1).unwrap_or_default() } else { text }
}

/// The cells of a row in which each pipe parts two.
fn cells(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let pipes = memchr::memchr_iter(b'|', bytes).chain([bytes.len()]);
    pipes.scan(0, |from, to| Some(trimmed(text.get(std::mem::replace(from, to + 1)..to).unwrap_or_default())))
}

fn take(cell: &mut String) -> String {
    let out = cell.trim().to_owned();
    cell.clear();
    out
}
