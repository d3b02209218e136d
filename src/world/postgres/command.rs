//! Statements as they come: cut apart, described, and done.
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::code::{Binder, Env};
use super::fault::{Fault, Res};
use super::select::{Columns, Plan};
use super::setting;
use super::state::{Database, Doing, Signal};
use super::value::kind::TEXT;
use super::value::{Oid, Row, Value};

pub type Tokens = Vec<TokenWithSpan>;

/// Longer ones nest deeper than anybody's stack.
const MOST_TOKENS: usize = 60_000;
const MOST_OPERATORS: usize = 400;
const DEEPEST: usize = 16;
/// Words that nest nothing.
const FLAT: [Keyword; 5] = [Keyword::NoKeyword, Keyword::NULL, Keyword::TRUE, Keyword::FALSE, Keyword::AS];

/// Columns, rows, and what is said at their end.
pub type Found = (Columns, Vec<Row>, String);

/// What a statement is answered with.
#[derive(Debug, Clone)]
pub enum Reply {
    Empty,
    Done(String),
    Rows(Found),
}

#[derive(Debug)]
pub struct Answer {
    pub reply: Reply,
    pub notices: Vec<Fault>,
    /// Seconds until it is given.
    pub sleep: f64,
}

impl Answer {
    pub fn of(reply: Reply) -> Answer {
        Answer { reply, notices: Vec::new(), sleep: 0.0 }
    }

    pub fn done(tag: impl Into<String>) -> Answer {
        Answer::of(Reply::Done(tag.into()))
    }
}

/// The statements of a text, each as its words.
pub fn split(sql: &str) -> Res<Vec<Tokens>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| Fault::new("42601", error.message.to_lowercase()))?;
    let (mut all, mut one) = (Vec::new(), Vec::new());
    let (mut operators, mut depth) = (0, 0_usize);
    if tokens.len() > MOST_TOKENS {
        return Err(too_deep());
    }
    for token in tokens {
        match token.token {
            Token::Whitespace(_) | Token::EOF => continue,
            Token::SemiColon => {
                all.push(std::mem::take(&mut one));
                operators = 0;
                continue;
            }
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma | Token::Period | Token::Number(..) | Token::SingleQuotedString(_) => {}
            Token::Word(ref word) if FLAT.contains(&word.keyword) => {}
            _ => operators += 1,
        }
        if operators > MOST_OPERATORS || depth > DEEPEST {
            return Err(too_deep());
        }
        one.push(token);
    }
    all.push(one);
    all.retain(|one| !one.is_empty());
    Ok(if all.is_empty() { vec![Vec::new()] } else { all })
}

fn too_deep() -> Fault {
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
    let fault = |token: &TokenWithSpan| match &token.token {
        Token::EOF => Fault::new("42601", "syntax error at end of input"),
        token => Fault::new("42601", format!("syntax error at or near \"{token}\"")),
    };
    let next = parser.peek_token();
    match statement {
        Ok(statement) if next.token == Token::EOF => Ok(statement),
        Ok(_) => Err(fault(&next)),
        Err(ParserError::RecursionLimitExceeded) => Err(too_deep()),
        Err(error) => {
            // Where it stands is only in its text.
            let text = error.to_string();
            let stands = |token: &&TokenWithSpan| {
                let at = token.span.start;
                text.ends_with(&format!("Line: {}, Column: {}", at.line, at.column))
            };
            Err(fault(tokens.iter().find(stands).unwrap_or(&next)))
        }
    }
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
        Binder { db: self, pid, types }.query(&query, None)
    }

    /// The columns of its answer, if it has rows.
    pub fn describe(&self, pid: i32, tokens: &Tokens, types: &[Oid]) -> Res<Option<Columns>> {
        Ok(match words(tokens).iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["select" | "(", ..] => Some(self.plan(pid, tokens, types)?.columns),
            ["show", name @ ..] => Some(vec![(name.concat(), TEXT)]),
            _ => None,
        })
    }

    /// Does one statement. An error ends the transaction it is in.
    pub fn execute(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let done = self.perform(pid, tokens, types, params);
        match (&done, self.sessions.get(&pid)) {
            (Ok(answer), Some(one)) => {
                let (user, database, text) = (one.user.clone(), one.database.clone(), one.query.clone());
                let rows = if let Reply::Rows(found) = &answer.reply { found.1.len() } else { 0 };
                let rows = Value::from(rows).float();
                self.count(&user, &database, &text, 1.0, 0.000_4 + answer.sleep, rows);
            }
            (Ok(_), None) => {}
            (Err(_), _) => self.fail(pid),
        }
        done
    }

    fn perform(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let words = words(tokens);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (verb, what) = (words.first().copied().unwrap_or(""), words.get(1).copied().unwrap_or(""));
        let block = self.sessions.get(&pid).and_then(|one| one.block);
        if block == Some(true) && !matches!(verb, "rollback" | "abort" | "commit" | "end" | "") {
            let why = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(Fault::new("25P02", why));
        }
        self.may_write(pid, verb, what)?;
        match verb {
            "" => Ok(Answer::of(Reply::Empty)),
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

    /// Whether a statement that changes something may do so now.
    fn may_write(&self, pid: i32, verb: &str, what: &str) -> Res<()> {
        let of_object = matches!(verb, "create" | "drop" | "alter");
        let changes =
            of_object || matches!(verb, "insert" | "update" | "delete" | "truncate" | "grant" | "revoke");
        if !changes || self.current(pid, "transaction_read_only").as_deref() != Some("on") {
            return Ok(());
        }
        let name = if of_object { format!("{verb} {what}") } else { verb.to_owned() }.to_uppercase();
        Err(Fault::new("25006", format!("cannot execute {name} in a read-only transaction")))
    }

    fn ask(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let Plan { columns, rows } = self.plan(pid, tokens, types)?;
        let (stack, notices, pattern) = (Vec::new(), Vec::new(), None);
        let mut env = Env { db: self, pid, params, stack, steps: 0, pattern, sleep: 0.0, notices };
        let rows = rows(&mut env)?;
        let (notices, sleep) = (env.notices, env.sleep);
        let tag = format!("SELECT {}", rows.len());
        Ok(Answer { reply: Reply::Rows((columns, rows, tag)), notices, sleep })
    }
}

fn warned(warns: bool, code: &'static str, why: &str, tag: &str) -> Answer {
    let notices = if warns { vec![Fault::warning(code, why)] } else { Vec::new() };
    Answer { notices, ..Answer::done(tag) }
}
