//! Shell text into statements, and everything that would run in each.
mod call;
mod coarse;
mod cut;
pub(in crate::commands) mod escape;
mod expand;
mod found;
mod lines;
mod mask;
pub(in crate::commands) mod parse;
pub mod parts;
pub mod session;
mod target;
pub(in crate::commands) mod tree;
mod values;
mod walk;

use std::ops::Range;

use self::cut::Cut;
use self::parse::Failure;
use self::tree::{Form, Kind, Node, Piece, Text, Tree};
use self::walk::{Place, Walker};
use super::layout::Layout;
use super::statement::Argument;
use super::{Lang, Script, Source, Statement};
use crate::commands::tools::{self, Tables};
use crate::domain::approval::Tier;

/// Reads a script; whatever the bytes, it answers, in linear time.
///
/// Statements' texts are the source's own bytes, but for carriage returns, which no shell can take.
pub fn read(source: Source<'_>, tables: &Tables) -> Script {
    let plain = source.without_returns();
    let text = &*plain;
    Reader::new(text, source, tables).read()
}

/// A piece of the text that was read by itself.
struct Part {
    nodes: Vec<Node>,
    comments: Vec<Range<usize>>,
    end: usize,
    /// No parser took it: its bytes are one statement, as risky as this at least.
    coarse: Option<(Range<usize>, Tier)>,
}

struct Reader<'a> {
    text: &'a str,
    source: Source<'a>,
    layout: Layout<'a>,
    walker: Walker<'a>,
    script: Script,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, source: Source<'a>, tables: &'a Tables) -> Reader<'a> {
        let walker = Walker::new(tables, text.len());
        Reader { text, source, layout: Layout::new(text), walker, script: Script::default() }
    }

    fn read(mut self) -> Script {
        let mut masked = mask::mask(self.text).text;
        let mut read = walk::read(&masked, self.text);
        if let Some(prose) = mask::apostrophes(&masked) {
            match (&read, walk::read(&prose, &prose)) {
                // A quote over several lines may be what is meant, after all: the worse reading counts.
                (Ok(tree), Ok(other))
                    if other.nodes.len() > tree.nodes.len()
                        && self.risk(&tree.nodes) <= self.risk(&other.nodes) =>
                {
                    read = Ok(other);
                }
                (Err(_), other) => {
                    read = other;
                    masked = prose;
                }
                _ => {}
            }
        }
        let parts = match read {
            Ok(tree) => {
                let end = self.text.len();
                vec![Part { nodes: tree.nodes, comments: tree.comments, end, coarse: None }]
            }
            Err(failure) => {
                let parts = in_pieces(&masked);
                let whole =
                    matches!(failure, Failure::Costly) && parts.iter().all(|part| part.coarse.is_none());
                self.script.error = (!whole).then(|| failure.message());
                parts
            }
        };
        for part in &parts {
            for range in &part.comments {
                let comment = self.layout.comment(range, &['#'], &self.source);
                if range.start == 0 && self.text.starts_with("#!") {
                    self.script.shebang = true;
                } else {
                    self.script.comments.push(comment);
                }
            }
            self.walker.learn(&part.nodes, &Place::default());
        }
        for part in &parts {
            match &part.coarse {
                None => {
                    let cuts = cut::cut(&part.nodes, &self.layout, part.end);
                    if self.script.statements.is_empty() {
                        self.script.statements.reserve_exact(cuts.len());
                    }
                    for cut in cuts {
                        self.statement(&cut, &part.comments, Tier::Read);
                    }
                }
                Some((range, floor)) => {
                    let nodes = part.nodes.iter().collect();
                    let cut = Cut { nodes, start: range.start, end: range.end, condition: None };
                    self.statement(&cut, &[], *floor);
                }
            }
        }
        self.script.functions = self.walker.functions.keys().cloned().collect();
        self.script.functions.sort();
        session::mark(&mut self.script.statements);
        self.script
    }

    /// The risk of all these commands together, in a script of their own.
    fn risk(&self, nodes: &[Node]) -> Tier {
        let mut walker = Walker::new(self.walker.tables, self.text.len());
        walker.learn(nodes, &Place::default());
        walker.statement(&nodes.iter().collect::<Vec<_>>(), &[]).risk
    }

    /// Makes a statement; its risk is `floor` at least.
    fn statement(&mut self, cut: &Cut<'_>, comments: &[Range<usize>], floor: Tier) {
        let whole = self.layout.text(cut.start, without_comments(self.text, cut, comments));
        let text = whole.trim();
        if text.is_empty() {
            return;
        }
        let end = cut.start + whole.trim_end().len();
        let (first, last) = (self.layout.line(cut.start), self.layout.line(end.saturating_sub(1)));
        let found = self.walker.statement(&cut.nodes, &doubts(text));
        let line = self.source.line(first);
        cut.nodes.iter().for_each(|node| arguments(node, line, &mut self.script.arguments));
        let (risk, why) = match found.risk.max(floor) {
            risk if risk > found.risk => {
                (risk, "not readable as shell: what it does is not known".to_owned())
            }
            risk => (risk, found.why()),
        };
        let label = self.layout.label(first);
        // Of a script that nobody sees the comment above it may say more than its name.
        let said = label.as_deref().filter(|_| risk == Tier::Change && found.traits.opaque);
        let (risk, why) = match said.filter(|label| tools::says_restore(&found.tool(), label)) {
            Some(_) => (Tier::Danger, "by the comment above it, it overwrites or takes away".to_owned()),
            None => (risk, why),
        };
        self.script.statements.push(Statement {
            line,
            end_line: self.source.line(last),
            text: text.to_owned(),
            label,
            lang: Lang::Shell,
            role: found.role(),
            risk,
            why,
            tool: found.tool(),
            subcommand: found.subcommand(),
            inner_tool: found.inner_tool(),
            traits: found.traits,
            condition: cut.condition.clone(),
            sets: found.sets,
            uses: found.uses,
        });
    }
}

/// Where a statement ends when the comments and blanks behind it are left out.
fn without_comments(text: &str, cut: &Cut<'_>, comments: &[Range<usize>]) -> usize {
    let mut end = cut.end;
    let mut left = comments.partition_point(|range| range.start < cut.end);
    loop {
        end = cut.start + text.get(cut.start..end).unwrap_or_default().trim_end().len();
        let last = left.checked_sub(1).and_then(|last| comments.get(last));
        match last.filter(|range| range.start > cut.start && range.end >= end) {
            Some(range) => end = range.start,
            None => return end,
        }
        left -= 1;
    }
}

/// Other readings of a statement that a shell, or its author, may have meant.
fn doubts(text: &str) -> Vec<String> {
    if mask::is_clean(text) {
        return Vec::new();
    }
    let masked = mask::mask(text);
    let raw = masked.doubtful.then(|| text.to_owned());
    raw.into_iter().chain(mask::unclosed(&masked.text)).chain(mask::straighten(text)).collect()
}

/// Reads a text piece by piece, when it cannot be read as a whole.
fn in_pieces(text: &str) -> Vec<Part> {
    let read = lines::pieces(text, parse::parse);
    let parts = read.into_iter().map(|(range, tree)| {
        let piece = text.get(range.clone()).unwrap_or_default();
        match tree {
            Ok(Tree { nodes, comments }) => Part { nodes, comments, end: range.end, coarse: None },
            Err(failure) => {
                let floor = if matches!(failure, Failure::Deep(_)) { Tier::Danger } else { Tier::Change };
                let (nodes, end) = (coarse::nodes(piece, true), range.end);
                Part { nodes, comments: Vec::new(), end, coarse: Some((range, floor)) }
            }
        }
    });
    parts.collect()
}

/// The positional arguments that a command reads; functions have their own.
fn arguments(node: &Node, line: u32, out: &mut Vec<Argument>) {
    match &node.kind {
        Kind::Simple(simple) => {
            for assign in &simple.assigns {
                if let [text] = assign.value.as_slice() {
                    argument(text, Some(&assign.name), line, out);
                }
            }
            simple.words.iter().for_each(|text| argument(text, None, line, out));
        }
        Kind::Pipe(nodes) | Kind::Sequence(nodes) => nodes.iter().for_each(|node| arguments(node, line, out)),
        Kind::If(one) => {
            let arms = one.arms.iter().flat_map(|(condition, body)| condition.iter().chain(body));
            arms.chain(one.otherwise.iter().flatten()).for_each(|node| arguments(node, line, out));
        }
        Kind::Loop(one) => {
            one.words.iter().for_each(|text| argument(text, None, line, out));
            one.condition.iter().chain(&one.body).for_each(|node| arguments(node, line, out));
        }
        Kind::Case { word, arms } => {
            argument(word, None, line, out);
            arms.iter().flat_map(|(_, body)| body).for_each(|node| arguments(node, line, out));
        }
        Kind::Test(words) => words.iter().for_each(|text| argument(text, None, line, out)),
        Kind::Function { .. } => {}
    }
}

fn argument(text: &Text, name: Option<&str>, line: u32, out: &mut Vec<Argument>) {
    for piece in &text.pieces {
        let Piece::Variable(one) = piece else { continue };
        let Some(place) = expand::place(&one.name).and_then(|place| u32::try_from(place).ok()) else {
            continue;
        };
        let alone = text.pieces.len() == 1;
        let default = match (one.form, one.inside.as_slice()) {
            (Form::Default, [inside]) => fixed(inside),
            _ => None,
        };
        let name = name.filter(|_| alone).map(str::to_owned);
        match out.iter_mut().find(|known| known.place == place) {
            Some(known) => {
                known.name = known.name.take().or(name);
                known.default = known.default.take().or(default);
            }
            None => out.push(Argument { place, name, default, line }),
        }
    }
}

/// A text without anything to expand.
fn fixed(text: &Text) -> Option<String> {
    let parts = text.pieces.iter().map(|piece| match piece {
        Piece::Fixed { text, .. } => Some(mask::unmask(text).into_owned()),
        _ => None,
    });
    parts.collect()
}
