//! What we may ask, tried once for each connection, and the rule that would grant the rest.
use ::redis::aio::MultiplexedConnection;
use ::redis::{Pipeline, Value};

use super::answer::{Refusal, RefusalKind, ask, ask_all, int, text, words};
use crate::domain::redis::client::OURS;
use crate::domain::redis::trouble::granting;
use crate::domain::text::clean_to;

/// A key that nobody has; asking for it tells whether keys may be asked for.
const NO_KEY: &str = "firedeck:no-such-key";

/// One right: the cheapest question that needs it, the rule that grants it, what is not seen without it.
struct Right {
    ask: &'static [&'static str],
    rule: &'static str,
    /// Since Redis 7: what reads no more than it has to.
    narrow: Option<&'static str>,
    shows: &'static str,
}

const RIGHTS: [Right; 6] = [
    Right { ask: &["CLIENT", "LIST", "ID", "0"], rule: "+client|list", narrow: None, shows: "clients" },
    Right { ask: &["SLOWLOG", "GET", "0"], rule: "+slowlog|get", narrow: None, shows: "slow calls" },
    Right {
        ask: &["CONFIG", "GET", "maxmemory-policy"],
        rule: "+config|get",
        narrow: None,
        shows: "settings",
    },
    Right { ask: &["SCAN", "0", "COUNT", "1"], rule: "+scan +select", narrow: None, shows: "keys" },
    Right {
        ask: &["MEMORY", "USAGE", NO_KEY],
        rule: "+memory|usage ~*",
        narrow: Some("(%R~* +memory|usage)"),
        shows: "what keys weigh",
    },
    Right {
        ask: &["TTL", NO_KEY],
        rule: "+ttl ~*",
        narrow: Some("(%R~* +ttl)"),
        shows: "which keys have no time to live",
    },
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
    /// Whether scripts, and functions, may be ended; `None` where that is not known.
    pub ends: [Option<bool>; 2],
    /// The cluster was asked for and refused.
    pub no_cluster: bool,
    no_select: bool,
}

impl Rights {
    /// In a few words.
    pub fn words(&self) -> String {
        let all = RIGHTS.len() + usize::from(self.no_cluster) + usize::from(self.no_select);
        match self.missing.len() {
            0 => "reads all".into(),
            n => format!("reads {} of {all}", all.saturating_sub(n)),
        }
    }

    pub fn miss_cluster(&mut self, user: &str) {
        if !std::mem::replace(&mut self.no_cluster, true) {
            let whom = self.identity.as_deref().unwrap_or(user);
            self.missing.push(format!("the cluster: {}", granting(whom, "+cluster|nodes +cluster|info")));
        }
    }

    /// `db` is the fullest and cannot be chosen.
    pub fn miss_database(&mut self, db: u32, user: &str) {
        if !std::mem::replace(&mut self.no_select, true) {
            let whom = self.identity.as_deref().unwrap_or(user);
            self.missing.push(format!("keys of db {db}: {}", granting(whom, "+select")));
        }
    }
}

/// Introduces us and tries every right; `user` is who we said we are.
pub(super) async fn introduce(
    con: &mut MultiplexedConnection,
    user: &str,
    selectors: bool,
) -> Result<Rights, Refusal> {
    let mut pipeline = Pipeline::new();
    pipeline.add_command(words(&["CLIENT", "SETNAME", OURS]));
    pipeline.add_command(words(&["CLIENT", "ID"]));
    pipeline.add_command(words(&["ACL", "WHOAMI"]));
    for right in &RIGHTS {
        pipeline.add_command(words(right.ask));
    }
    let answers = ask_all(con, &mut pipeline).await?;
    let ends = may_end(con, answers.get(2).and_then(|answer| answer.as_ref().ok()), selectors).await?;
    let answer = |at: usize| answers.get(at).and_then(|answer| answer.as_ref().ok());
    let identity = answer(2).and_then(text).map(|name| clean_to(&name, 100).into_owned());
    let granted =
        |at: usize| !answers.get(at + 3).is_some_and(|answer| matches!(answer, Err(why) if why.forbids()));
    let whom = identity.as_deref().unwrap_or(user);
    let missing = RIGHTS.iter().enumerate().filter(|(at, _)| !granted(*at));
    Ok(Rights {
        id: answer(1).and_then(int).and_then(|id| u64::try_from(id).ok()),
        missing: missing
            .map(|(_, right)| {
                let rule = right.narrow.filter(|_| selectors).unwrap_or(right.rule);
                format!("{}: {}", right.shows, granting(whom, rule))
            })
            .collect(),
        identity,
        clients: granted(0),
        slow: granted(1),
        scan: granted(3),
        weigh: granted(4),
        ttl: granted(5),
        ends,
        no_cluster: false,
        no_select: false,
    })
}

/// While something runs nobody can be asked whether he may end it, so it is asked before.
async fn may_end(
    con: &mut MultiplexedConnection,
    user: Option<&Value>,
    newer: bool,
) -> Result<[Option<bool>; 2], Refusal> {
    let Some(user) = user.and_then(text).filter(|_| newer) else { return Ok([None, None]) };
    let mut may = [None, None];
    for (may, what) in may.iter_mut().zip(["SCRIPT", "FUNCTION"]) {
        let answer = ask(con, &words(&["ACL", "DRYRUN", &user, what, "KILL"])).await;
        *may = match answer {
            Ok(said) => text(&said).map(|said| said == "OK"),
            // Each refusal stands in the server's log: one is enough.
            Err(why) if why.kind == RefusalKind::Answered => return Ok([None, None]),
            Err(why) => return Err(why),
        };
    }
    Ok(may)
}
