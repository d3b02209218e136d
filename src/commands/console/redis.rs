//! What is typed into redis-cli: a command on each line.
use super::{Cuts, Piece, inside, lines};
use crate::commands::Role;
use crate::commands::tools::judge_redis;

pub(super) fn cut(text: &str) -> Cuts {
    let mut cuts = Cuts { pieces: Vec::new(), comments: Vec::new(), sign: &['#'] };
    for (at, line) in lines(text) {
        let range = inside(at, line);
        if line.trim_start().starts_with('#') {
            cuts.comments.push(range);
        } else if let Some(meaning) = judge_redis(line) {
            cuts.pieces.push(Piece {
                range,
                risk: meaning.risk,
                why: meaning.why.into_owned(),
                tool: "redis-cli".to_owned(),
                subcommand: Some(meaning.verb),
                traits: meaning.traits,
                role: Role::Action,
                shell: None,
            });
        }
    }
    cuts
}
