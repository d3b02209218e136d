//! What a command looks like from outside: whether it ends, and what passes through it.
use crate::commands::shell::tree::{Kind, Node, Piece, Text};

pub fn first_word(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Simple(simple) => match simple.words.first()?.pieces.as_slice() {
            [Piece::Fixed { text, .. }] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// It takes what it needs and closes the pipe.
pub fn is_head(node: &Node) -> bool {
    first_word(node) == Some("head")
}

pub fn is_passing(node: &Node) -> bool {
    matches!(first_word(node), Some("tee" | "cat" | "envsubst" | "sort" | "uniq" | "pv" | "sponge"))
}

/// Only its redirections do anything.
pub fn prints_nothing(node: &Node) -> bool {
    match &node.kind {
        Kind::Simple(simple) if simple.words.is_empty() => simple.assigns.is_empty(),
        Kind::Simple(simple) => {
            let second = simple.words.get(1).map(|word| word.pieces.as_slice());
            match first_word(node) {
                Some(":" | "true" | "false") => true,
                // `echo "" > x` leaves a line feed, and nothing of what was there.
                Some("echo" | "printf") => simple.words.iter().skip(1).all(is_empty),
                Some("cat") => {
                    matches!(second, Some([Piece::Fixed { text, .. }]) if text == "/dev/null")
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// An empty word, or an option of `echo`.
fn is_empty(word: &Text) -> bool {
    let pieces = word.pieces.iter();
    let text: Option<String> = pieces
        .map(|piece| match piece {
            Piece::Fixed { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    text.is_some_and(|text| matches!(text.trim(), "" | "-n" | "-e" | "-ne" | "-en"))
}

/// `while true` without a way out.
pub fn is_endless(condition: &[Node], body: &[Node]) -> bool {
    let always = matches!(condition, [one] if matches!(first_word(one), Some("true" | ":")));
    always && !body.iter().any(leaves)
}

pub fn leaves(node: &Node) -> bool {
    match &node.kind {
        Kind::Simple(_) => matches!(first_word(node), Some("break" | "exit" | "return")),
        Kind::Pipe(nodes) | Kind::Sequence(nodes) => nodes.iter().any(leaves),
        Kind::If(one) => {
            let arms = one.arms.iter().flat_map(|(condition, body)| condition.iter().chain(body));
            arms.chain(one.otherwise.iter().flatten()).any(leaves)
        }
        Kind::Loop(one) => one.body.iter().any(leaves),
        Kind::Case { arms, .. } => arms.iter().flat_map(|(_, body)| body).any(leaves),
        Kind::Function { .. } | Kind::Test(_) => false,
    }
}
