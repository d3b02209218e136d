//! What is read only while somebody looks at it: copies, tables, statements.
use std::time::Duration;

use super::board::Fresh;
use super::link::{Fault, Session as Held};
use super::rows::row;
use super::value::word;
use super::{read, sql};
use crate::domain::Text;
use crate::domain::database::{DatabaseFacts, Deltas, Statement};
use crate::domain::time::Timestamp;

/// Rows, and what could not be seen of them.
pub type Read = Result<(Vec<Fresh>, Option<String>), Fault>;

pub async fn replicas(held: &Held, lag: Option<Duration>) -> Read {
    let mut all: Vec<(Text, _)> = held.ask(sql::SENDERS, &[]).await?.iter().map(read::sender).collect();
    all.extend(held.ask(&sql::slots(held.greeting.number), &[]).await?.iter().map(read::slot));
    match held.ask(sql::RECEIVER, &[]).await {
        Ok(rows) => all.extend(rows.iter().map(|row| read::receiver(row, lag))),
        Err(fault @ Fault::Said { .. }) => tracing::debug!("no receiver: {}", fault.words()),
        Err(fault) => return Err(fault),
    }
    let rows = all.into_iter().map(|(name, replica)| row(&name, DatabaseFacts::Replica(Box::new(replica))));
    Ok((rows.collect(), None))
}

pub async fn statements(deltas: &mut Deltas, held: &Held, now: Timestamp) -> Read {
    let found = held.ask(sql::EXTENSION, &[]).await?;
    let Some(extension) = found.first() else {
        let note = format!(
            "slow statements are not counted in `{}`: put pg_stat_statements into shared_preload_libraries, \
             restart, then CREATE EXTENSION pg_stat_statements;",
            held.greeting.database
        );
        return Ok((Vec::new(), Some(note)));
    };
    let (schema, version) = (word(extension, 0), word(extension, 1));
    let mut unreadable = false;
    let mut read = held.ask(&sql::statements(&schema, &version, true), &[]).await;
    if read.as_ref().is_err_and(|fault| fault.has_code("22021")) {
        unreadable = true;
        read = held.ask(&sql::statements(&schema, &version, false), &[]).await;
    }
    let rows = match read {
        Err(fault) if fault.has_code("55000") => {
            let note = "slow statements are not counted: put pg_stat_statements into shared_preload_libraries \
                 and restart the server";
            return Ok((Vec::new(), Some(note.into())));
        }
        other => other?,
    };
    let all: Vec<_> = rows.iter().filter_map(read::statement).collect();
    let look: Vec<_> = all.iter().map(|one| (one.name.clone(), one.counted)).collect();
    let lately = deltas.since(now, &look);
    let hidden = rows.len() - all.len();
    let fresh = all.into_iter().zip(lately).map(|(one, lately)| {
        let statement = Statement {
            database: one.database,
            user: one.user,
            query: one.query,
            total: one.counted,
            lately,
        };
        let facts = DatabaseFacts::Statement(Box::new(statement));
        Fresh { name: one.name, uid: one.id.to_string().into(), created: Timestamp(0), facts }
    });
    let note = if unreadable {
        let note = "the texts of statements are not read: one is of another encoding; \
            SELECT pg_stat_statements_reset(); forgets it";
        Some(note.to_owned())
    } else if hidden > 0 {
        let user = sql::name(&held.greeting.user);
        Some(format!("statements of other roles are hidden ({hidden}): GRANT pg_read_all_stats TO {user};"))
    } else {
        None
    };
    Ok((fresh.collect(), note))
}

pub async fn operations(held: &Held, skew: i64) -> Read {
    let rows = held.ask(&sql::operations(held.greeting.number), &[]).await?;
    let fresh = rows.iter().map(read::operation).map(|(name, mut operation)| {
        operation.since = operation.since.map(|at| Timestamp(at.0 - skew));
        row(&name, DatabaseFacts::Operation(Box::new(operation)))
    });
    Ok((fresh.collect(), None))
}

pub async fn relations(held: &Held) -> Read {
    let rows = held.ask(sql::RELATIONS, &[]).await?;
    let rows = rows.iter().map(read::relation);
    let fresh =
        rows.map(|(name, relation)| row(&name, DatabaseFacts::Relation(Box::new(relation)))).collect();
    let note = format!(
        "tables of `{}` alone are seen: name another database in the address for its own",
        held.greeting.database
    );
    Ok((fresh, Some(note)))
}
