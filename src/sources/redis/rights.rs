//! What we may ask, tried once for each connection, and the rule that would grant the rest.
use ::redis::Pipeline;
use ::redis::aio::MultiplexedConnection;

use super::answer::{Refusal, ask_all, int, text, words};
use crate::domain::redis::client::OURS;
use crate::domain::redis::trouble::granting;
use crate::domain::text::clean_to;

/// A key that nobody has; asking for it tells whether keys may be asked for.
const NO_KEY: &str = "firedeck:no-such-key";

/// One right: the cheapest question that needs it, the rule that grants it, what is not seen without it.
struct Right {
    ask: &'static [&'static str],
    rule: &'static str,
    shows: &'static str,
}

const RIGHTS: [Right; 6] = [
    Right { ask: &["CLIENT", "LIST", "ID", "0"], rule: "+client|list", shows: "clients" },
    Right { ask: &["SLOWLOG", "GET", "0"], rule: "+slowlog|get", shows: "slow calls" },
    Right { ask: &["CONFIG", "GET", "maxmemory-policy"], rule: "+config|get", shows: "settings" },
    Right { ask: &["SCAN", "0", "COUNT", "1"], rule: "+scan", shows: "keys" },
    Right { ask: &["MEMORY", "USAGE", NO_KEY], rule: "+memory|usage ~*", shows: "what keys weigh" },
    Right { ask: &["TTL", NO_KEY], rule: "+ttl ~*", shows: "which keys have no time to live" },
];

/// What a new connection found out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rights {
    /// As the server sees us.
    pub identity: Option<String>,
    /// Of our own connection.
    pub id: Option<u64>,
    /// What is not seen, and the statement that would show it.
    pub missing: Vec<String>,
    pub clients: bool,
    pub slow: bool,
    pub scan: bool,
    pub weigh: bool,
    pub ttl: bool,
}

impl Rights {
    /// In a few words.
    pub fn words(&self) -> String {
        match self.missing.len() {
            0 => "reads all".into(),
            n => format!("reads {} of {}", RIGHTS.len().saturating_sub(n), RIGHTS.len()),
        }
    }
}

/// Introduces us and tries every right; `user` is who we said we are.
pub(super) async fn introduce(con: &mut MultiplexedConnection, user: &str) -> Result<Rights, Refusal> {
    let mut pipeline = Pipeline::new();
    pipeline.add_command(words(&["CLIENT", "SETNAME", OURS]));
    pipeline.add_command(words(&["CLIENT", "ID"]));
    pipeline.add_command(words(&["ACL", "WHOAMI"]));
    for right in &RIGHTS {
        pipeline.add_command(words(right.ask));
    }
    let answers = ask_all(con, &mut pipeline).await?;
    let answer = |at: usize| answers.get(at).and_then(|answer| answer.as_ref().ok());
    let identity = answer(2).and_then(text).map(|name| clean_to(&name, 100).into_owned());
    let granted =
        |at: usize| !answers.get(at + 3).is_some_and(|answer| matches!(answer, Err(why) if why.forbids()));
    let whom = identity.as_deref().unwrap_or(user);
    let missing = RIGHTS.iter().enumerate().filter(|(at, _)| !granted(*at));
    Ok(Rights {
        id: answer(1).and_then(int).and_then(|id| u64::try_from(id).ok()),
        missing: missing
            .map(|(_, right)| format!("{}: {}", right.shows, granting(whom, right.rule)))
            .collect(),
        identity,
        clients: granted(0),
        slow: granted(1),
        scan: granted(3),
        weigh: granted(4),
        ttl: granted(5),
    })
}
