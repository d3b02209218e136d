//! The calls of a statement as plain words: all of them, and the parts of its last pipe.
//!
//! Whoever judges what a statement came to has to know which of its parts answered with which exit code.
use super::tree::{Kind, Node, Piece, Redirect, Text, Way};
use super::values::UNKNOWN;
use super::{mask, walk};

/// More calls than any honest statement makes.
const MOST: usize = 512;
/// Deeper than the parser lets anything nest.
const DEPTH: u8 = 80;

/// One call, its assignments and redirections taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// What is only known when it runs stands as U+FFFC.
    pub words: Vec<String>,
    /// Its standard output goes into a file.
    pub kept: bool,
    /// Its standard error goes away, or joins its output.
    pub hushed: bool,
}

/// What a statement calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The parts of the pipe that ends it, in order; empty where a compound command does.
    pub last: Vec<Part>,
    /// Every call in it, those in substitutions and in all arms too.
    pub all: Vec<Part>,
    /// The pipe stands behind `&&` or `||`: an exit code may be of what stands before it.
    pub chained: bool,
    /// The pipe stands behind `||`: it runs only where what stands before it did not go well.
    pub either: bool,
    /// A `!` turns its exit code around.
    pub negated: bool,
    /// It only sets variables.
    pub assigns: bool,
}

/// Takes a statement apart; what no parser takes has no parts.
pub fn parts(text: &str) -> Parts {
    let masked = mask::mask(text).text;
    let Ok(tree) = walk::read(&masked, text) else { return Parts::default() };
    let mut out = Parts::default();
    for node in &tree.nodes {
        all(node, Out::default(), DEPTH, &mut out.all);
    }
    if let Some(last) = tree.nodes.last() {
        let node = end_of(last);
        out.chained = !std::ptr::eq(node, last);
        let before = text.get(..node.span.start).unwrap_or_default().trim_end();
        let own = text.get(node.span.clone()).unwrap_or_default();
        out.either = out.chained && before.trim_end_matches('!').trim_end().ends_with("||");
        out.negated = before.ends_with('!') || own.starts_with("! ");
        out.last = pipe(node);
        out.assigns = tree.nodes.iter().all(only_sets);
    }
    out
}

/// The statement of a chain that runs last.
fn end_of(node: &Node) -> &Node {
    let mut node = node;
    while let Kind::Sequence(inner) = &node.kind {
        match inner.last() {
            Some(last) => node = last,
            None => break,
        }
    }
    node
}

fn pipe(node: &Node) -> Vec<Part> {
    let nodes = match &node.kind {
        Kind::Pipe(nodes) => nodes.as_slice(),
        Kind::Simple(_) => std::slice::from_ref(node),
        _ => return Vec::new(),
    };
    nodes.iter().map(|node| part(node, Out::default())).collect()
}

fn only_sets(node: &Node) -> bool {
    match &node.kind {
        Kind::Simple(simple) => (simple.words.is_empty() || simple.declares) && !simple.assigns.is_empty(),
        Kind::Sequence(nodes) => nodes.iter().all(only_sets),
        _ => false,
    }
}

/// Where output goes.
#[derive(Debug, Clone, Copy, Default)]
struct Out {
    kept: bool,
    hushed: bool,
}

impl Out {
    fn with(mut self, redirects: &[Redirect]) -> Out {
        for one in redirects {
            match (one.way, one.fd) {
                (Way::Write | Way::Append, None | Some(1)) => self.kept = true,
                (Way::Write | Way::Append | Way::Duplicate, Some(2)) => self.hushed = true,
                _ => {}
            }
        }
        self
    }
}

/// A call; one that is no simple command has no words.
fn part(node: &Node, way: Out) -> Part {
    let way = way.with(&node.redirects);
    let words = match &node.kind {
        Kind::Simple(simple) => simple.words.iter().map(plain).collect(),
        _ => Vec::new(),
    };
    Part { words, kept: way.kept, hushed: way.hushed }
}

fn all(node: &Node, way: Out, depth: u8, out: &mut Vec<Part>) {
    if depth == 0 || out.len() >= MOST {
        return;
    }
    let each = |nodes: &[Node], out: &mut Vec<Part>| {
        let way = way.with(&node.redirects);
        for node in nodes {
            all(node, way, depth - 1, out);
        }
    };
    match &node.kind {
        Kind::Simple(simple) => {
            if !simple.words.is_empty() {
                out.push(part(node, way));
            }
            let texts = simple.assigns.iter().flat_map(|assign| &assign.value).chain(&simple.words);
            texts.for_each(|text| inside(text, depth - 1, out));
        }
        Kind::Pipe(nodes) | Kind::Sequence(nodes) => each(nodes, out),
        Kind::If(one) => {
            for (condition, body) in &one.arms {
                each(condition, out);
                each(body, out);
            }
            each(one.otherwise.as_deref().unwrap_or_default(), out);
        }
        Kind::Loop(one) => {
            one.words.iter().for_each(|text| inside(text, depth - 1, out));
            each(&one.condition, out);
            each(&one.body, out);
        }
        Kind::Case { arms, .. } => arms.iter().for_each(|(_, body)| each(body, out)),
        Kind::Test(words) => words.iter().for_each(|text| inside(text, depth - 1, out)),
        Kind::Function { .. } => {}
    }
}

fn inside(text: &Text, depth: u8, out: &mut Vec<Part>) {
    if depth == 0 {
        return;
    }
    for piece in &text.pieces {
        match piece {
            Piece::Output { body, .. } | Piece::Process(body) => {
                for node in body {
                    all(node, Out::default(), depth - 1, out);
                }
            }
            Piece::Unknown { inside: texts } => texts.iter().for_each(|text| inside(text, depth - 1, out)),
            Piece::Variable(one) => one.inside.iter().for_each(|text| inside(text, depth - 1, out)),
            Piece::Fixed { .. } | Piece::Raw { .. } => {}
        }
    }
}

/// A word as a reader sees it, its quotes taken away.
fn plain(text: &Text) -> String {
    let mut out = String::new();
    for piece in &text.pieces {
        match piece {
            Piece::Fixed { text, .. } => out.push_str(&mask::unmask(text)),
            _ => out.push(UNKNOWN),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> Vec<String> {
        parts(text).last.iter().map(|part| part.words.join(" ")).collect()
    }

    #[test]
    fn the_last_pipe_of_a_chain_is_what_the_exit_codes_are_of() {
        assert_eq!(last("a b | grep -q 'x y' | wc -l"), ["a b", "grep -q x y", "wc -l"]);
        assert_eq!(last("cd /x && kubectl get pods 2>/dev/null | head"), ["kubectl get pods", "head"]);
        assert_eq!(last("if a; then b | c; fi"), Vec::<String>::new());
        assert_eq!(last("x \"$HOME/a\""), ["x \u{fffc}/a"]);
    }

    #[test]
    fn a_turned_code_redirections_and_assignments_are_seen() {
        assert!(parts("! pg_isready -h db").negated);
        assert!(parts("a || ! b").negated && !parts("! a || b").negated);
        assert!(parts("a && b | c").chained && !parts("a; b | c").chained);
        let kept = parts("a 2>&1 > out.log").last;
        assert_eq!(kept.iter().map(|part| (part.kept, part.hushed)).collect::<Vec<_>>(), [(true, true)]);
        assert!(parts("X=$(a | b)").assigns && parts("export X=1").assigns && !parts("X=1 a").assigns);
    }

    #[test]
    fn every_call_is_found_wherever_it_stands() {
        let all = |text: &str| parts(text).all.iter().map(|part| part.words.join(" ")).collect::<Vec<_>>();
        assert_eq!(
            all("if a | grep -q x; then b; else c $(d); fi"),
            ["a", "grep -q x", "b", "c \u{fffc}", "d"]
        );
        assert_eq!(all("X=$(curl y | jq .z)"), ["curl y", "jq .z"]);
        assert_eq!(all("a 'unclosed"), Vec::<String>::new());
    }
}
