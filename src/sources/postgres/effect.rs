//! What statements would hit, asked over the held session before they are sent over it.
use std::pin::pin;

use futures::StreamExt;
use tokio_postgres::SimpleQueryMessage;

use super::link::{Fault, Session as Held};
use crate::commands::effect::{Answer, Look, looks};
use crate::commands::tools::Tables;
use crate::commands::{self, Lang, Source};
use crate::domain::action::Findings;
use crate::runbook::order;

/// Questions of one text; each takes half a second at most, of the two that a look has.
const MOST: usize = 3;
/// It holds for this message alone, whatever becomes of whoever waits for the answer.
const LIMITS: &str =
    "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '500'; SET LOCAL lock_timeout = '200'; ";
/// Bytes of an answer that are read.
const LONGEST: usize = 256 << 10;

/// What is found of each statement of these texts.
pub async fn of(held: &Held, sql: &[String]) -> Vec<Findings> {
    let mut found = Vec::new();
    for text in sql {
        let read = commands::read(Source { text, lines: &[1] }, Lang::Sql, &Tables::default());
        for statement in &read.statements {
            let asked = looks(statement);
            let mut answers = Vec::new();
            for (n, look) in asked.looks.iter().enumerate() {
                answers.push(if n < MOST { answer(held, look).await } else { None });
            }
            found.push(order::findings(&asked, &answers, Lang::Sql).0);
        }
    }
    found
}

async fn answer(held: &Held, look: &Look) -> Option<Answer> {
    match rows(held, &look.ask).await {
        Ok(out) => Some(Answer { code: 0, out, err: String::new() }),
        Err(fault) => Some(Answer { code: 1, out: String::new(), err: fault.words() }),
    }
}

/// As `psql -XAtq` prints it.
async fn rows(held: &Held, ask: &str) -> Result<String, Fault> {
    let text = format!("{LIMITS}{ask}");
    let mut stream = pin!(held.send(&text).await?);
    let mut out = String::new();
    while let Some(message) = stream.next().await {
        if let SimpleQueryMessage::Row(row) = message?
            && out.len() < LONGEST
        {
            let cells: Vec<&str> =
                (0..row.len()).map(|at| row.try_get(at).ok().flatten().unwrap_or("")).collect();
            out += &cells.join("|");
            out.push('\n');
        }
    }
    Ok(out)
}
