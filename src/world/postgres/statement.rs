//! What is counted of statements: those that differ in their values alone are one.
use std::fmt::Write;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::state::{Database, Statement};

const MOST: usize = 400;

/// A number of a text that stays the same.
pub fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The text without its values.
pub fn shape(text: &str) -> String {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize() else { return text.to_owned() };
    let mut count = 0;
    let mut out = String::new();
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

pub fn id_of(text: &str) -> i64 {
    let shape = shape(text);
    i64::from(hash(&shape)) << 31 ^ i64::from(hash(&shape.to_lowercase()).rotate_left(7))
}

impl Database {
    /// So many runs of a statement, with what they took each, in seconds.
    pub fn count(&mut self, user: &str, database: &str, text: &str, calls: f64, takes: f64, rows: f64) {
        if let Some(base) = self.bases.iter_mut().find(|base| base.name == database) {
            let whole = |n: f64| super::value::Value::Float(n).int();
            // A part of a call is one now and then.
            let ended = whole(calls.floor()) + i64::from(self.dice.share() < calls.fract());
            base.counts.commits += ended;
            base.counts.hit += ended * 9 + whole(rows);
            base.counts.read += ended / 12;
            base.counts.returned += ended + whole(rows);
        }
        let shape = shape(text);
        let mut same = self.statements.iter_mut();
        if let Some(one) = same.find(|one| one.text == shape && one.user == user && one.database == database)
        {
            one.calls += calls;
            one.total += calls * takes * 1000.0;
            one.slowest = one.slowest.max(takes * 1400.0);
            one.rows += rows;
        } else if self.statements.len() < MOST {
            self.statements.push(Statement {
                id: id_of(text),
                user: user.to_owned(),
                database: database.to_owned(),
                text: shape,
                calls,
                total: calls * takes * 1000.0,
                slowest: takes * 1400.0,
                rows,
            });
        }
    }
}
