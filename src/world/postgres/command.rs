//! Statements as they come: cut apart, described, and done.
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Tokenizer};

use super::expr::{Binder, Env};
use super::fault::{Fault, Res};
use super::parameter::set;
use super::select::Columns;
use super::state::{Database, Doing, Signal};
use super::value::kind::{TEXT, UNKNOWN};
use super::value::{Oid, Row, Value};

pub type Tokens = Vec<TokenWithSpan>;

/// Longer ones nest deeper than anybody's stack.
const MOST_TOKENS: usize = 60_000;
const MOST_OPERATORS: usize = 400;
const DEEPEST: usize = 16;
/// Words that nest nothing.
const FLAT: [Keyword; 6] =
    [Keyword::NoKeyword, Keyword::NULL, Keyword::TRUE, Keyword::FALSE, Keyword::DEFAULT, Keyword::AS];

/// What a statement is answered with.
#[derive(Debug, Clone)]
pub enum Reply {
    Empty,
    Done(String),
    Rows { columns: Columns, rows: Vec<Row>, tag: String },
}

#[derive(Debug)]
pub struct Answer {
    pub reply: Reply,
    pub notices: Vec<Fault>,
    /// Seconds until it is given.
    pub sleep: f64,
}

impl Answer {
    pub fn done(tag: impl Into<String>) -> Answer {
        Answer { reply: Reply::Done(tag.into()), notices: Vec::new(), sleep: 0.0 }
    }
}

/// The statements of a text, each as its words.
pub fn split(sql: &str) -> Res<Vec<Tokens>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| {
        let at = sqlparser::tokenizer::Span::new(error.location, error.location);
        Fault::new("42601", error.message.to_lowercase()).at(at)
    })?;
    let (mut all, mut one) = (Vec::new(), Vec::new());
    let (mut count, mut operators, mut depth) = (0, 0, 0_usize);
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
        count += 1;
        if count > MOST_TOKENS || operators > MOST_OPERATORS || depth > DEEPEST {
            return Err(Fault::new("54001", "stack depth limit exceeded"));
        }
        one.push(token);
    }
    all.push(one);
    let only = all.len() == 1;
    all.retain(|one| only || !one.is_empty());
    Ok(if all.is_empty() { vec![Vec::new()] } else { all })
}

/// Words without a quote in small letters; texts without their quotes.
pub fn words(tokens: &Tokens) -> Vec<String> {
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
        Token::Word(word) => word.value.clone(),
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => text.clone(),
        other => other.to_string(),
    };
    tokens.iter().map(word).collect()
}

pub fn parsed(tokens: &Tokens) -> Res<Statement> {
    let dialect = PostgreSqlDialect {};
    let mut tokens = tokens.clone();
    if let [first, ..] = tokens.as_slice()
        && first.token.to_string().eq_ignore_ascii_case("table")
    {
        let all = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
        tokens.splice(..1, all.map(TokenWithSpan::wrap));
    }
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens.clone());
    let statement = parser.parse_statement();
    let next = parser.peek_token();
    let fault = |token: &TokenWithSpan| match token.token {
        Token::EOF => Fault::new("42601", "syntax error at end of input"),
        _ => Fault::new("42601", format!("syntax error at or near \"{}\"", token.token)).at(token.span),
    };
    match statement {
        Ok(statement) if next.token == Token::EOF => Ok(statement),
        Ok(_) => Err(fault(&next)),
        Err(sqlparser::parser::ParserError::RecursionLimitExceeded) => {
            Err(Fault::new("54001", "stack depth limit exceeded"))
        }
        Err(error) => {
            // Where it stands is only in its text.
            let text = error.to_string();
            let place = text.rsplit_once("at Line: ").and_then(|(_, at)| at.split_once(", Column: "));
            let place = place.and_then(|(line, column)| {
                Some((line.parse::<u64>().ok()?, column.trim().parse::<u64>().ok()?))
            });
            let token = place.and_then(|(line, column)| {
                tokens.iter().find(|token| (token.span.start.line, token.span.start.column) == (line, column))
            });
            Err(token.map_or_else(|| Fault::new("42601", "syntax error at end of input"), fault))
        }
    }
}

/// Statements that the real server knows and this one does not.
const OTHERS: [&str; 27] = [
    "alter",
    "call",
    "close",
    "cluster",
    "comment",
    "copy",
    "create",
    "deallocate",
    "declare",
    "do",
    "drop",
    "execute",
    "explain",
    "fetch",
    "import",
    "listen",
    "load",
    "lock",
    "merge",
    "move",
    "notify",
    "prepare",
    "reassign",
    "refresh",
    "security",
    "set",
    "unlisten",
];

fn is_query(words: &[String]) -> bool {
    words.first().is_some_and(|word| matches!(word.as_str(), "select" | "values" | "table" | "with" | "("))
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
                (one.transaction, one.before, one.holds) = (None, None, None);
                one.settings.retain(|name, _| name != "transaction_read_only");
            }
        }
    }

    fn binder(&self, pid: i32, types: &[Oid]) -> Binder<'_> {
        let types = types.iter().map(|ty| if *ty == 0 { UNKNOWN } else { *ty }).collect();
        Binder { db: self, pid, params: std::cell::RefCell::new(types), ctes: std::cell::RefCell::default() }
    }

    /// The types of its parameters, and the columns of its answer if it has rows.
    pub fn describe(&self, pid: i32, tokens: &Tokens, types: &[Oid]) -> Res<(Vec<Oid>, Option<Columns>)> {
        let words = words(tokens);
        if words.first().is_some_and(|word| word == "show") {
            let name = words.get(1).cloned().unwrap_or_default();
            return Ok((Vec::new(), Some(vec![(name, TEXT)])));
        }
        if !is_query(&words) {
            let statement = if super::table::is_write(&words) { Some(parsed(tokens)?) } else { None };
            let binder = self.binder(pid, types);
            if let Some(statement) = statement {
                drop(binder.write(&statement)?);
            }
            let params = binder.params.into_inner();
            return Ok((params.into_iter().map(|ty| if ty == UNKNOWN { TEXT } else { ty }).collect(), None));
        }
        let Statement::Query(query) = parsed(tokens)? else { return Err(Fault::unsupported("this query")) };
        let binder = self.binder(pid, types);
        let plan = binder.query(&query, None)?;
        let settled = |ty: Oid| if ty == UNKNOWN { TEXT } else { ty };
        let columns = plan.columns.into_iter().map(|(name, ty)| (name, settled(ty))).collect();
        Ok((binder.params.into_inner().into_iter().map(settled).collect(), Some(columns)))
    }

    /// Does one statement. An error ends the transaction it is in.
    pub fn execute(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let done = self.perform(pid, tokens, types, params);
        let database = self.database(pid).to_owned();
        match &done {
            Err(_) => {
                self.roll_back(pid);
                if let Some(one) = self.sessions.get_mut(&pid) {
                    one.block = one.block.map(|_| true);
                }
                if let Some(base) = self.bases.iter_mut().find(|base| base.name == database) {
                    base.counts.rollbacks += 1;
                }
            }
            Ok(answer) => {
                let (user, text) = self
                    .sessions
                    .get(&pid)
                    .map(|one| (one.user.clone(), one.query.clone()))
                    .unwrap_or_default();
                let rows = if let Reply::Rows { rows, .. } = &answer.reply { rows.len() } else { 0 };
                self.count(&user, &database, &text, 1.0, 0.000_4 + answer.sleep, Value::from(rows).float());
            }
        }
        done
    }

    /// Tables are again as they were before the transaction.
    pub fn roll_back(&mut self, pid: i32) {
        let database = self.database(pid).to_owned();
        if let Some(before) = self.sessions.get_mut(&pid).and_then(|one| one.before.take()) {
            self.relations.retain(|one| one.database != database);
            self.relations.extend(before);
        }
    }

    fn perform(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let words = words(tokens);
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        let block = self.sessions.get(&pid).and_then(|one| one.block);
        if block == Some(true) && !matches!(word(0), "rollback" | "abort" | "commit" | "end" | "") {
            let why = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(Fault::new("25P02", why));
        }
        self.may_write(pid, word(0), word(1))?;
        match word(0) {
            "" => return Ok(Answer { reply: Reply::Empty, ..Answer::done("") }),
            "begin" | "start" => {
                if let Some(one) = self.sessions.get_mut(&pid) {
                    one.block.get_or_insert(false);
                }
                if words.windows(2).any(|pair| *pair == ["read", "only"]) {
                    set(self, pid, "transaction_read_only", Some("on"))?;
                }
                return Ok(warned(
                    block.is_some(),
                    "25001",
                    "there is already a transaction in progress",
                    "BEGIN",
                ));
            }
            "commit" | "end" | "rollback" | "abort" => {
                if words.iter().any(|word| word == "to") {
                    return Ok(Answer::done("ROLLBACK"));
                }
                let back = matches!(word(0), "rollback" | "abort") || block == Some(true);
                if back {
                    self.roll_back(pid);
                }
                if let Some(one) = self.sessions.get_mut(&pid) {
                    (one.block, one.before, one.transaction) = (None, None, None);
                }
                let tag = if back { "ROLLBACK" } else { "COMMIT" };
                return Ok(warned(block.is_none(), "25P01", "there is no transaction in progress", tag));
            }
            "savepoint" | "release" => return Ok(Answer::done(word(0).to_uppercase())),
            _ => {}
        }
        if is_query(&words) {
            return self.ask(pid, tokens, types, params);
        }
        if super::table::is_write(&words) {
            return self.write(pid, &parsed(tokens)?, types, params);
        }
        if let Some(done) = super::utility::run(self, pid, &words)? {
            return Ok(done);
        }
        if !OTHERS.contains(&word(0)) {
            let first = tokens.first().map(|token| (token.token.to_string(), token.span));
            let first = first.unwrap_or_else(|| (String::new(), Span::empty()));
            return Err(Fault::new("42601", format!("syntax error at or near \"{}\"", first.0)).at(first.1));
        }
        Err(Fault::unsupported(format!("{} {}", word(0).to_uppercase(), word(1).to_uppercase()).trim_end()))
    }

    /// Whether a statement that changes something may do so here and now.
    fn may_write(&self, pid: i32, verb: &str, what: &str) -> Res<()> {
        let changes = matches!(
            verb,
            "insert"
                | "update"
                | "delete"
                | "truncate"
                | "drop"
                | "create"
                | "grant"
                | "revoke"
                | "reindex"
                | "vacuum"
                | "analyze"
        ) || verb == "alter" && what != "system";
        let name = || match verb {
            "create" | "drop" | "alter" => format!("{} {}", verb.to_uppercase(), what.to_uppercase()),
            _ => verb.to_uppercase(),
        };
        if changes && self.standby.is_some() {
            return Err(Fault::new("25006", format!("cannot execute {} during recovery", name())));
        }
        let changes = changes && !matches!(verb, "vacuum" | "analyze" | "reindex");
        if changes && self.current(pid, "transaction_read_only").as_deref() == Some("on") {
            return Err(Fault::new("25006", format!("cannot execute {} in a read-only transaction", name())));
        }
        Ok(())
    }

    fn ask(&mut self, pid: i32, tokens: &Tokens, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let Statement::Query(query) = parsed(tokens)? else { return Err(Fault::unsupported("this query")) };
        let plan = self.binder(pid, types).query(&query, None)?;
        let mut env = self.env(pid, params);
        let rows = (plan.run)(&mut env)?;
        let (notices, sleep) = (env.notices, env.sleep);
        let columns = plan
            .columns
            .into_iter()
            .map(|(name, ty)| (name, if ty == UNKNOWN { TEXT } else { ty }))
            .collect();
        let tag = format!("SELECT {}", rows.len());
        Ok(Answer { reply: Reply::Rows { columns, rows, tag }, notices, sleep })
    }

    fn write(&mut self, pid: i32, statement: &Statement, types: &[Oid], params: &[Value]) -> Res<Answer> {
        let work = self.binder(pid, types).write(statement)?;
        let database = self.database(pid).to_owned();
        let before: Vec<_> = self.relations.iter().filter(|one| one.database == database).cloned().collect();
        if let Some(one) = self.sessions.get_mut(&pid) {
            one.before.get_or_insert(before);
        }
        let mut env = self.env(pid, params);
        let tag = work(&mut env)?;
        let notices = env.notices;
        Ok(Answer { notices, ..Answer::done(tag) })
    }

    fn env<'a>(&'a mut self, pid: i32, params: &'a [Value]) -> Env<'a> {
        Env {
            db: self,
            pid,
            params,
            stack: Vec::new(),
            aggregates: Vec::new(),
            steps: 0,
            sleep: 0.0,
            notices: Vec::new(),
        }
    }
}

fn warned(warns: bool, code: &'static str, why: &str, tag: &str) -> Answer {
    let notices = if warns { vec![Fault::notice("WARNING", code, why)] } else { Vec::new() };
    Answer { notices, ..Answer::done(tag) }
}
