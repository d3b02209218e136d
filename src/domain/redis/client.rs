//! A client of a server, as `CLIENT LIST` tells of it.
use std::borrow::Cow;

use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;

/// Rows of one server; nobody reads more.
pub const MOST_CLIENTS: usize = 10_000;
const LONGEST: usize = 200;
/// So much waiting to be read by a client is a client that does not read.
const BACKLOG: u64 = 8 << 20;
/// What our own connections are called.
pub const OURS: &str = "firedeck";

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RedisClient {
    pub id: u64,
    pub address: Text,
    pub name: Text,
    pub user: Text,
    pub db: u32,
    pub since: Timestamp,
    pub idle_since: Timestamp,
    /// One letter each, as the server writes them.
    pub flags: Text,
    pub command: Text,
    pub memory: Option<u64>,
    /// What waits to be read by it.
    pub output: u64,
    pub library: Text,
    pub channels: u64,
    /// One of ours: it cannot be disconnected from here.
    pub ours: bool,
}

impl RedisClient {
    /// Reads the whole answer; `own` is the id of the connection that asked.
    pub fn list(text: &str, now: Timestamp, own: Option<u64>) -> Vec<RedisClient> {
        text.lines().take(MOST_CLIENTS).filter_map(|line| RedisClient::parse(line, now, own)).collect()
    }

    pub fn parse(line: &str, now: Timestamp, own: Option<u64>) -> Option<RedisClient> {
        let mut client = RedisClient { since: now, idle_since: now, ..RedisClient::default() };
        let mut known = false;
        for (name, value) in line.split(' ').filter_map(|part| part.split_once('=')) {
            let text = || -> Text { clean_to(value, LONGEST).into() };
            let number = || value.parse::<u64>().ok();
            match name {
                "id" => {
                    client.id = number()?;
                    known = true;
                }
                "addr" => client.address = text(),
                "name" => client.name = text(),
                "user" => client.user = text(),
                "db" => client.db = value.parse().unwrap_or(0),
                "age" => client.since = before(now, number()?),
                "idle" => client.idle_since = before(now, number()?),
                "flags" => client.flags = text(),
                "cmd" => client.command = clean_to(&value.replace('|', " ").to_uppercase(), LONGEST).into(),
                "tot-mem" => client.memory = number(),
                "omem" => client.output = number().unwrap_or(0),
                "lib-name" => client.library = text(),
                "sub" | "psub" | "ssub" => client.channels = client.channels.saturating_add(number()?),
                _ => {}
            }
        }
        // Where our number may not be known, our name has to do.
        client.ours = own.map_or(&*client.name == OURS, |own| own == client.id);
        known.then_some(client)
    }

    pub fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// Part of replication, whichever way.
    pub fn replicates(&self) -> bool {
        self.has('S') || self.has('M')
    }

    pub fn level(&self) -> Level {
        if self.has('O') || (self.output >= BACKLOG && !self.replicates()) {
            Level::Warn
        } else {
            Level::Fine
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        if self.ours {
            return "firedeck".into();
        }
        let words = [
            ('O', "monitors"),
            ('S', "replica"),
            ('M', "primary"),
            ('b', "blocked"),
            ('x', "in multi"),
            ('P', "subscribed"),
        ];
        if self.output >= BACKLOG {
            return format!("{} unread", super::size(self.output)).into();
        }
        match words.iter().find(|(flag, _)| self.has(*flag)) {
            Some((_, word)) => (*word).into(),
            None => "".into(),
        }
    }

    /// The identity of this very connection: its number may be given again after a restart, its port later.
    pub fn uid(&self) -> String {
        format!("{}@{}", self.id, self.address)
    }

    /// `10.0.0.4:53211, web-1, user app`: who it is, in a line.
    pub fn who(&self) -> String {
        let mut words = vec![self.address.to_string()];
        if !self.name.is_empty() {
            words.push(format!("called {}", self.name));
        }
        if !self.user.is_empty() {
            words.push(format!("user {}", self.user));
        }
        words.join(", ")
    }

    /// Two looks differ by the second in which they fell: what was known stays.
    #[must_use]
    pub fn steadied(mut self, before: Option<&RedisClient>) -> RedisClient {
        const NEAR: u64 = 2_000;
        if let Some(before) = before.filter(|before| before.uid() == self.uid()) {
            if before.since.0.abs_diff(self.since.0) <= NEAR {
                self.since = before.since;
            }
            if before.idle_since.0.abs_diff(self.idle_since.0) <= NEAR {
                self.idle_since = before.idle_since;
            }
        }
        self
    }
}

fn before(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);
    const SIX: &str = "id=7 addr=10.0.0.4:53211 laddr=10.0.0.9:6379 fd=8 name=web-1 age=855 idle=30 flags=b db=2 sub=0 psub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=10 obl=0 oll=0 omem=0 tot-mem=61466 events=r cmd=blpop user=app redir=-1";
    const NINE: &str = "id=4 addr=127.0.0.1:40482 laddr=127.0.0.1:26009 fd=11 name= age=0 idle=0 flags=N capa= db=0 sub=1 psub=2 ssub=3 multi=-1 watch=0 qbuf=0 omem=0 tot-mem=17002 events=r cmd=client|list user=default redir=-1 resp=2 lib-name= lib-ver= tot-net-in=26 tot-cmds=0";

    #[test]
    fn a_line_of_the_list_is_a_client_on_every_version() {
        let client = RedisClient::parse(SIX, NOW, None).unwrap();
        assert_eq!((client.id, &*client.address, client.db), (7, "10.0.0.4:53211", 2));
        assert_eq!((client.since, client.idle_since), (Timestamp(999_145_000), Timestamp(999_970_000)));
        assert_eq!(
            (&*client.command, client.status().as_ref(), client.memory),
            ("BLPOP", "blocked", Some(61_466))
        );
        assert_eq!(client.who(), "10.0.0.4:53211, called web-1, user app");
        assert_eq!(client.uid(), "7@10.0.0.4:53211");
        let newer = RedisClient::parse(NINE, NOW, Some(4)).unwrap();
        assert_eq!((&*newer.command, newer.channels, newer.ours), ("CLIENT LIST", 6, true));
        assert_eq!(newer.status(), "firedeck");
        let named = RedisClient::parse("id=9 addr=a:1 name=firedeck", NOW, None).unwrap();
        assert!(named.ours && !RedisClient::parse("id=9 addr=a:1 name=firedeck", NOW, Some(4)).unwrap().ours);
    }

    #[test]
    fn who_monitors_or_does_not_read_is_to_be_watched() {
        let with = |flags: &str, omem: u64| {
            RedisClient::parse(&format!("id=1 addr=a:1 flags={flags} omem={omem}"), NOW, None).unwrap()
        };
        assert_eq!(
            (with("O", 0).level(), with("O", 0).status().into_owned()),
            (Level::Warn, "monitors".into())
        );
        let full = with("N", 34 << 20);
        assert_eq!((full.level(), full.status().into_owned()), (Level::Warn, "34 MB unread".into()));
        assert_eq!(with("S", 34 << 20).level(), Level::Fine);
        assert_eq!(with("N", 0).level(), Level::Fine);
    }

    #[test]
    fn what_is_no_client_is_left_out_and_nothing_hostile_comes_in() {
        assert_eq!(RedisClient::parse("", NOW, None), None);
        assert_eq!(RedisClient::parse("id=x addr=a", NOW, None), None);
        let client = RedisClient::parse("id=1 addr=a:1 name=\u{1b}[31mx\u{202e}", NOW, None).unwrap();
        assert_eq!(&*client.name, "x\u{fffd}");
        assert_eq!(RedisClient::list("id=1 addr=a:1\n\nid=2 addr=b:1\n", NOW, None).len(), 2);
    }

    #[test]
    fn two_looks_in_different_seconds_agree_on_when_it_came() {
        let first = RedisClient::parse("id=1 addr=a:1 age=10 idle=3", NOW, None).unwrap();
        let later =
            RedisClient::parse("id=1 addr=a:1 age=11 idle=4", Timestamp(NOW.0 + 2_000), None).unwrap();
        assert_ne!(first, later);
        assert_eq!(later.steadied(Some(&first)), first);
        let busy = RedisClient::parse("id=1 addr=a:1 age=15 idle=0", Timestamp(NOW.0 + 5_000), None).unwrap();
        assert_eq!(busy.steadied(Some(&first)).idle_since, Timestamp(NOW.0 + 5_000));
    }
}
