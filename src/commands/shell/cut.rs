//! Which commands of a script are one statement, and which compound ones are cut into their inner ones.
use super::tree::{If, Kind, Node};
use crate::commands::layout::Layout;

/// A statement to be: its commands and the bytes that it takes.
#[derive(Debug)]
pub struct Cut<'t> {
    pub nodes: Vec<&'t Node>,
    pub start: usize,
    pub end: usize,
    pub condition: Option<String>,
}

/// The statements of these commands, in order; the text of the last may go on to `end`.
pub fn cut<'t>(nodes: &'t [Node], layout: &Layout<'_>, end: usize) -> Vec<Cut<'t>> {
    let mut out = Vec::new();
    pieces(nodes, layout, None, Some(end), &mut out);
    out
}

fn pieces<'t>(
    nodes: &'t [Node],
    layout: &Layout<'_>,
    condition: Option<&str>,
    limit: Option<usize>,
    out: &mut Vec<Cut<'t>>,
) {
    let mut at = 0;
    while let Some(first) = nodes.get(at) {
        // What begins on the line where the one before ends belongs to it.
        let mut until = at + 1;
        while let (Some(last), Some(next)) = (nodes.get(until - 1), nodes.get(until)) {
            if layout.line(last.span.end) != layout.line(next.span.start) {
                break;
            }
            until += 1;
        }
        let group = nodes.get(at..until).unwrap_or_default();
        at = until;
        if let [only] = group
            && inner(only, layout, condition, out)
        {
            continue;
        }
        // All up to the next one belongs to it: the parser's own ends are not exact. Comments go later.
        let end = match nodes.get(at) {
            Some(next) => next.span.start,
            None => limit.unwrap_or_else(|| {
                group.iter().map(|node| end_of(node, layout)).max().unwrap_or(first.span.end)
            }),
        };
        out.push(Cut {
            nodes: group.iter().collect(),
            start: first.span.start,
            end,
            condition: condition.map(str::to_owned),
        });
    }
}

/// The end of a command with its here-documents and their closing lines.
fn end_of(node: &Node, layout: &Layout<'_>) -> usize {
    match node.document_end {
        Some(end) if end >= node.span.end => layout.line_end(end),
        _ => node.span.end,
    }
}

/// Cuts a compound command, if it holds steps of its own; false if it stays whole.
fn inner<'t>(node: &'t Node, layout: &Layout<'_>, outer: Option<&str>, out: &mut Vec<Cut<'t>>) -> bool {
    if !node.redirects.is_empty() || node.background {
        return false;
    }
    match &node.kind {
        Kind::If(one) if holds_steps(one, layout) => {
            cut_if(node, one, layout, outer, out);
            true
        }
        Kind::Case { word, arms } if layout.line(node.span.start) != layout.line(node.span.end) => {
            // The word itself is looked at only if it runs something.
            if word.pieces.iter().any(|piece| matches!(piece, super::tree::Piece::Output { .. })) {
                let end = layout.text_line_end(node.span.start);
                out.push(Cut {
                    nodes: vec![node],
                    start: node.span.start,
                    end,
                    condition: outer.map(str::to_owned),
                });
            }
            for (name, body) in arms {
                pieces(body, layout, Some(&both(outer, &unquoted(name))), None, out);
            }
            true
        }
        _ => false,
    }
}

/// An `if` is cut when at least two of its inner commands have a comment of their own.
fn holds_steps(one: &If, layout: &Layout<'_>) -> bool {
    let bodies = one.arms.iter().map(|(_, body)| body).chain(&one.otherwise);
    let labelled = bodies.flatten().filter(|node| layout.label(layout.line(node.span.start)).is_some());
    labelled.count() >= 2
}

fn cut_if<'t>(node: &'t Node, one: &'t If, layout: &Layout<'_>, outer: Option<&str>, out: &mut Vec<Cut<'t>>) {
    let mut refused: Vec<String> = Vec::new();
    let mut start = node.span.start;
    for (condition, body) in &one.arms {
        let first = condition.first().map_or(start, |node| node.span.start);
        let last = condition.last().map_or(first, |node| node.span.end);
        let text = layout.text(first, last).trim_end_matches([';', ' ', '\t']).to_owned();
        // The condition runs too: its whole line, with `if` and `then`, is a statement.
        let end = layout.text_line_end(last);
        start = layout.line_start_of_word(first.max(start));
        out.push(Cut { nodes: condition.iter().collect(), start, end, condition: outer.map(str::to_owned) });
        let mut name = text.clone();
        for before in &refused {
            name = both(Some(before), &name);
        }
        pieces(body, layout, Some(&both(outer, &name)), None, out);
        refused.push(not(&text));
        start = end;
    }
    if let Some(body) = &one.otherwise {
        let name = refused.join(" && ");
        pieces(body, layout, Some(&both(outer, &name)), None, out);
    }
}

fn not(condition: &str) -> String {
    let simple = !["&&", "||", "|", ";", "\n"].iter().any(|sign| condition.contains(sign));
    match condition.strip_prefix("! ") {
        Some(rest) if simple => rest.to_owned(),
        _ if simple => format!("! {condition}"),
        _ => format!("! ( {condition} )"),
    }
}

fn both(outer: Option<&str>, inner: &str) -> String {
    outer.map_or_else(|| inner.to_owned(), |outer| format!("{outer} && {inner}"))
}

fn unquoted(name: &str) -> String {
    name.replace(['"', '\''], "")
}
