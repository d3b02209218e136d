//! Statements as they come: cut apart, described, and done.
use std::cell::Cell;

use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::code::{Binder, Env};
use super::select::{Columns, Plan};
use super::setting;
use super::state::{Database, Doing, Signal};
use super::value::kind::TEXT;
use super::value::{Fault, Oid, Res, Row, Value};

pub type Tokens = Vec<TokenWithSpan>;

/// Longer statements nest deeper than anybody's stack.
const MOST_TOKENS: usize = 2_000;

/// What a statement is answered with.
#[derive(Debug, Default)]
pub struct Answer {
    pub found: Option<(Columns, Vec<Row>)>,
    /// What is said at the end; nothing of an empty statement.
    pub tag: String,
    pub notices: Vec<Fault>,
    /// Seconds until it is given.
    pub sleep: f64,
}

impl Answer {
    pub fn done(tag: impl Into<String>) -> Answer {
        Answer { tag: tag.into(), ..Answer::default() }
    }
}

/// The statements of a text, each as its words.
pub fn split(sql: &str) -> Res<Vec<Tokens>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| Fault::new("42601", error.message.to_lowercase()))?;
    let mut all = vec![Vec::new()];
    for token in tokens {
        match (&token.token, all.last_mut()) {
            (Token::Whitespace(_) | Token::EOF, _) | (_, None) => {}
            (Token::SemiColon, _) => all.push(Vec::new()),
            (_, Some(one)) if one.len() < MOST_TOKENS => one.push(token),
            _ => return Err(too_deep()),
        }
    }
    let only = all.len() == 1;
    all.retain(|one| only || !one.is_empty());
    Ok(all)
}

pub fn too_deep() -> Fault {
    Fault::new("54001", "stack depth limit exceeded")
}

/// Words without a quote in small letters; texts without their quotes.
fn words(tokens: &Tokens) -> Vec<String> {
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
        Token::Word(word) => word.value.clone(),
        Token::SingleQuotedString(text) => text.clone(),
        other => other.to_string(),
    };
    tokens.iter().map(word).collect()
}

fn parsed(tokens: &Tokens) -> Res<Statement> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens.clone());
    let statement = parser.parse_statement();
    let near = match statement {
        Ok(statement) if parser.peek_token().token == Token::EOF => return Ok(statement),
        Ok(_) => parser.peek_token().to_string(),
        Err(ParserError::RecursionLimitExceeded) => return Err(too_deep()),
        Err(error) => error.to_string().rsplit("found: ").next().unwrap_or_default().to_owned(),
    };
    Err(Fault::new(
        "42601",
        match near.split(" at Line").next().unwrap_or_default() {
            "EOF" => "syntax error at end of input".to_owned(),
            near => format!("syntax error at or near \"{near}\""),
        },
    ))
}

impl Database {
    /// A statement begins: others see it from now on.
    pub fn begin(&mut self, pid: i32, text: &str) {
        let now = self.now;
        if let Some(one) = self.sessions.get_mut(&pid) {
            one.doing = Doing::Active;
            one.query = text.chars().take(1023).collect();
            (one.asked, one.changed, one.wait) = (Some(now), now, None);
            one.transaction.get_or_insert(now);
            // What was meant for the one before does not meet this one.
            one.signal = one.signal.filter(|signal| *signal == Signal::Terminate);
        }
    }

    /// It has ended, and its client is waited for.
    pub fn finish(&mut self, pid: i32) {
        let now = self.now;
        if let Some(one) = self.sessions.get_mut(&pid) {
            one.doing = match one.block {
                None => Doing::Idle,
                Some(false) => Doing::InTransaction,
                Some(true) => Doing::Aborted,
            };
            (one.changed, one.wait) = (now, Some(("Client", "ClientRead")));
            if one.block.is_none() {
                one.transaction = None;
                one.local.clear();
            }
        }
    }

    /// What it ran has failed, and its transaction with it.
    pub fn fail(&mut self, pid: i32) {
        if let Some(one) = self.sessions.get_mut(&pid) {
            one.block = one.block.map(|_| true);
        }
        let database = self.database(pid).to_owned();
        if let Some(base) = self.bases.iter_mut().find(|base| base.name == database) {
            base.rollbacks += 1;
        }
    }

    /// A query that is ready to be asked.
    fn plan(&self, pid: i32, tokens: &Tokens, types: &[Oid]) -> Res<Plan> {
        let Statement::Query(query) = parsed(tokens)? else { return Err(Fault::unsupported("this query")) };
        Binder { db: self, pid, types, depth: Cell::new(0) }.query(&query, None)
    }

    /// The columns of its answer, if it has rows.
    pub fn describe(&self, pid: i32, tokens: &Tokens, types: &[Oid]) -> Res<Option<Columns>> {
        Ok(match words(tokens).iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["select" | "(", ..] => Some(self.plan(pid, tokens, types)?.columns),
            ["show", name @ ..] => Some(vec![(name.concat(), TEXT)]),
            _ => None,
        })
    }

    /// Does one statement.
    pub fn execute(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let done = self.perform(pid, tokens, types, params);
        if let (Ok(answer), Some(one)) = (&done, self.sessions.get(&pid)) {
            let (user, database, text) = (one.user.clone(), one.database.clone(), one.query.clone());
            let rows = Value::from(answer.found.as_ref().map_or(0, |(_, rows)| rows.len())).float();
            self.count(&user, &database, &text, 1.0, 0.000_4 + answer.sleep, rows);
        }
        done
    }

    fn perform(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let words = words(tokens);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let verb = words.first().copied().unwrap_or("");
        let block = self.sessions.get(&pid).and_then(|one| one.block);
        if block == Some(true) && !matches!(verb, "rollback" | "abort" | "commit" | "end" | "") {
            let why = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(Fault::new("25P02", why));
        }
        let changes =
            ["insert", "update", "delete", "truncate", "create", "drop", "alter", "grant", "revoke"];
        if changes.contains(&verb) && self.current(pid, "transaction_read_only").as_deref() == Some("on") {
            let why = format!("cannot execute {} in a read-only transaction", verb.to_uppercase());
            return Err(Fault::new("25006", why));
        }
        match verb {
            "" => Ok(Answer::default()),
            "begin" | "start" => {
                if let Some(one) = self.sessions.get_mut(&pid) {
                    one.block.get_or_insert(false);
                }
                if words.ends_with(&["read", "only"]) {
                    setting::set(self, pid, "transaction_read_only", Some("on"), true)?;
                }
                Ok(warned(block.is_some(), "25001", "there is already a transaction in progress", "BEGIN"))
            }
            "commit" | "end" | "rollback" | "abort" if !words.contains(&"to") => {
                let back = matches!(verb, "rollback" | "abort") || block == Some(true);
                if let Some(one) = self.sessions.get_mut(&pid) {
                    (one.block, one.transaction) = (None, None);
                    one.local.clear();
                }
                let tag = if back { "ROLLBACK" } else { "COMMIT" };
                Ok(warned(block.is_none(), "25P01", "there is no transaction in progress", tag))
            }
            "select" | "(" => self.ask(pid, tokens, types, params),
            _ => {
                if let Some(answer) = self.utility(pid, &words)? {
                    return Ok(answer);
                }
                parsed(tokens)?;
                Err(Fault::unsupported(verb.to_uppercase()))
            }
        }
    }

    fn ask(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let Plan { columns, rows } = self.plan(pid, tokens, types)?;
        let (stack, notices, pattern) = (Vec::new(), Vec::new(), None);
        let mut env = Env { db: self, pid, params, stack, steps: 0, pattern, sleep: 0.0, notices };
        let rows = rows(&mut env)?;
        let (notices, sleep) = (env.notices, env.sleep);
        let tag = format!("SELECT {}", rows.len());
        Ok(Answer { found: Some((columns, rows)), tag, notices, sleep })
    }
}

fn warned(warns: bool, code: &'static str, why: &str, tag: &str) -> Answer {
    let notices = if warns { vec![Fault::warning(code, why)] } else { Vec::new() };
    Answer { notices, ..Answer::done(tag) }
}
