//! What is counted of statements: those that differ in their values alone are one.
use std::fmt::Write;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::state::Database;
use super::value::whole;

const MOST: usize = 400;

/// The text without its values.
fn shape(text: &str) -> String {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize() else { return text.to_owned() };
    let (mut count, mut out) = (0, String::new());
    for token in tokens {
        match token {
            Token::Number(..) | Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) => {
                count += 1;
                _ = write!(out, "${count}");
            }
            Token::SemiColon | Token::EOF => {}
            other => out.push_str(&other.to_string()),
        }
    }
    out.trim().chars().take(4_000).collect()
}

/// A number that stays the same for a shape.
pub fn id_of(text: &str) -> i64 {
    let hash = |hash: i64, byte: u8| (hash ^ i64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    shape(text).bytes().fold(0x0bf2_9ce4_8422_2325, hash)
}

impl Database {
    /// So many runs of a statement, with what they took each, in seconds.
    pub fn count(&mut self, user: &str, database: &str, text: &str, calls: f64, takes: f64, rows: f64) {
        if let Some(base) = self.bases.iter_mut().find(|base| base.name == database) {
            // A part of a call is one now and then.
            let ended = whole(calls.floor()) + i64::from(self.dice.share() < calls.fract());
            base.commits += ended;
            base.hit += ended * 9 + whole(rows);
            base.read += ended / 12;
        }
        let key = (user.to_owned(), database.to_owned(), shape(text));
        if self.statements.len() < MOST || self.statements.contains_key(&key) {
            let one = self.statements.entry(key).or_default();
            one.calls += calls;
            one.total += calls * takes * 1000.0;
            one.slowest = one.slowest.max(takes * 1400.0);
            one.rows += rows;
        }
    }
}
