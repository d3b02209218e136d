//! What the commands do that are about keys.
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::Redis;
use super::reply::{OK, Reply, Said, fits};
use super::store::{Body, Entry, Kind, Place, WRONG_TYPE, part, place};
use super::table::{Ask, Command, find};

pub(super) const SYNTAX: &str = "ERR syntax error";
pub(super) const BUSY: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const NOT_WHOLE: &str = "ERR value is not an integer or out of range";
const NOT_FLOAT: &str = "ERR value is not a valid float";

pub(super) fn encoding(entry: &Entry) -> Reply {
    let small = entry.size < 4_096 && entry.body.len() <= 128;
    Reply::text(match (entry.kind, &entry.body) {
        (Kind::String, Body::One(held)) if number(held).is_some() => "int",
        (Kind::String, _) if entry.size <= 44 => "embstr",
        (Kind::String, _) => "raw",
        (_, _) if small => "listpack",
        (Kind::List, _) => "quicklist",
        (Kind::Zset, _) => "skiplist",
        _ => "hashtable",
    })
}

fn number(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

impl Ask<'_> {
    pub fn word(&self, at: usize) -> Bytes {
        self.words.get(at).cloned().unwrap_or_default()
    }

    pub fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.words.get(at).map_or(&b""[..], Bytes::as_ref)).into_owned()
    }

    pub fn lower(&self, at: usize) -> String {
        self.text(at).to_lowercase()
    }

    pub fn int(&self, at: usize) -> Result<i64, String> {
        self.words.get(at).and_then(|word| number(word)).ok_or_else(|| NOT_WHOLE.into())
    }

    pub(super) fn place(&self, at: usize) -> Place {
        place(self.db, self.words.get(at).map_or(&b""[..], Bytes::as_ref))
    }

    /// Two ends of a list as they are given, below zero from its end, as a range of what there is.
    pub(super) fn range(&self, at: usize, length: usize) -> Result<(usize, usize), String> {
        let end =
            |number: i64| if number < 0 { number.saturating_add_unsigned(length as u64) } else { number };
        let (from, to) = (end(self.int(at)?), end(self.int(at + 1)?).saturating_add(1));
        let within = |number: i64| usize::try_from(number.max(0)).unwrap_or(length).min(length);
        Ok((within(from).min(within(to)), within(to)))
    }
}

impl Redis {
    pub(super) fn ask(&mut self, id: u64, words: &[Bytes]) -> Reply {
        let Some(first) = words.first() else { return Reply::Nil };
        let (db, now) = (self.clients.get(&id).map_or(0, |client| client.db), self.now);
        let ask = Ask { id, db, words };
        let command = find(&ask);
        let name = command.as_ref().map_or("", |command| command.name);
        if let Some(client) = self.clients.get_mut(&id) {
            client.last = now;
            name.clone_into(&mut client.command);
        }
        let allowed = command.and_then(|command| self.may(&ask, command).map(|()| command));
        let refused = allowed.is_err();
        let said = allowed.and_then(|command| {
            self.counts.ops += 1;
            if command.traits.contains("write") {
                self.counts.changes += 1;
            }
            (command.run)(self, &ask)
        });
        if !name.is_empty() {
            let calls = self.calls.entry(name).or_default();
            calls.done += u64::from(!refused);
            calls.refused += u64::from(refused);
            calls.failed += u64::from(!refused && said.is_err());
        }
        if said.is_ok() && find(&ask).is_ok_and(|command| command.traits.ends_with("deed")) {
            let mut line = String::from_utf8_lossy(first).to_uppercase();
            for word in words.iter().skip(1).take(8) {
                line.push(' ');
                line.extend(String::from_utf8_lossy(word).chars().take(80));
            }
            self.note_deed(self.who(id), line);
        }
        said.unwrap_or_else(|why| {
            self.counts.errors += 1;
            let code = why.split(' ').next().unwrap_or("ERR").to_owned();
            *self.errors.entry(code).or_default() += 1;
            Reply::Error(why)
        })
    }

    /// All that can be in the way of a command, in the order in which the original looks at it.
    pub(super) fn may(&mut self, ask: &Ask, command: &'static Command) -> Result<(), String> {
        let has = |word: &str| command.traits.split(' ').any(|own| own == word);
        let user = self.clients.get(&ask.id).and_then(|client| client.user.clone());
        let Some(user) = user else {
            return if has("open") { Ok(()) } else { Err("NOAUTH Authentication required.".into()) };
        };
        self.allows(&user, command, ask.words).map_err(|why| format!("NOPERM {why}"))?;
        if has("oom") && (!self.make_room() || self.store.is_full()) {
            self.counts.refused += 1;
            return Err("OOM command not allowed when used memory > 'maxmemory'.".into());
        }
        if self.loading.is_some() && !has("open") && command.name != "info" {
            return Err("LOADING Redis is loading the dataset in memory".into());
        }
        if self.busy.is_some() && !has("busy") {
            return Err(BUSY.into());
        }
        Ok(())
    }

    pub(super) fn policy(&self) -> &str {
        self.settings.get("maxmemory-policy").map_or("", String::as_str)
    }

    /// A lookup that counts.
    pub(super) fn look(&mut self, place: Place) -> Option<&Entry> {
        let found = self.store.get(place).is_some();
        *(if found { &mut self.counts.hits } else { &mut self.counts.misses }) += 1;
        self.store.used(place, self.now.as_millisecond());
        self.store.get(place)
    }

    pub(super) fn of_kind(&mut self, place: Place, kind: Kind) -> Result<Option<&Entry>, String> {
        match self.look(place) {
            Some(entry) if entry.kind != kind => Err(WRONG_TYPE.into()),
            found => Ok(found),
        }
    }

    /// What a key of a kind holds; nothing where it is not there.
    fn held<T>(
        &mut self,
        place: Place,
        kind: Kind,
        pick: fn(&Body) -> Option<T>,
    ) -> Result<Option<T>, String> {
        Ok(self.of_kind(place, kind)?.and_then(|entry| pick(&entry.body)))
    }

    pub(super) fn get(&mut self, ask: &Ask, at: usize) -> Result<Option<Bytes>, String> {
        self.held(ask.place(at), Kind::String, Body::one)
    }

    pub(super) fn named(&mut self, ask: &Ask, kind: Kind) -> Result<BTreeMap<Bytes, Bytes>, String> {
        self.held(ask.place(1), kind, Body::named).map(Option::unwrap_or_default)
    }

    pub(super) fn line(&mut self, ask: &Ask, at: usize) -> Result<VecDeque<Bytes>, String> {
        self.held(ask.place(at), Kind::List, Body::line).map(Option::unwrap_or_default)
    }

    pub(super) fn count(&mut self, ask: &Ask, kind: Kind) -> Said {
        Ok(Reply::int(self.of_kind(ask.place(1), kind)?.map_or(0, |entry| entry.body.len())))
    }

    pub(super) fn part(&mut self, ask: &Ask, kind: Kind) -> Said {
        let found = match self.of_kind(ask.place(1), kind)?.map(|entry| &entry.body) {
            Some(Body::Named(all)) => all.get(&ask.word(2)).cloned(),
            _ => None,
        };
        Ok(found.map_or(Reply::Nil, Reply::Bulk))
    }

    pub(super) fn no_stream(&mut self, ask: &Ask, at: usize) -> Result<(), String> {
        let stands = self.store.get(ask.place(at)).is_some();
        if stands { Err(WRONG_TYPE.into()) } else { Ok(()) }
    }

    /// When a time to live that begins now is over.
    pub(super) fn deadline(&self, time: i64, unit: i64, name: &str) -> Result<i64, String> {
        let until = time.checked_mul(unit).and_then(|span| self.millis().checked_add(span));
        until.filter(|_| time > 0).ok_or_else(|| format!("ERR invalid expire time in '{name}' command"))
    }

    pub(super) fn put(&mut self, ask: &Ask, value: Bytes, until: Option<i64>) -> Said {
        let (place, now) = (ask.place(1), self.millis());
        if self.store.get(place).is_some_and(|entry| entry.kind != Kind::String) {
            self.store.remove(place);
        }
        self.store.change((place, &ask.word(1), Kind::String), (now, true), |body| {
            let before = body.len();
            let grown = value.len().cast_signed() - before.cast_signed();
            *body = Body::One(value);
            ((), grown)
        })?;
        self.store.expire(place, until);
        Ok(OK)
    }

    pub(super) fn set(&mut self, ask: &Ask) -> Said {
        let (mut until, mut keep, mut get, mut only, mut at) = (None, false, false, None, 3);
        while at < ask.words.len() {
            let option = ask.lower(at);
            match option.as_str() {
                "ex" | "px" if until.is_none() && !keep => {
                    at += 1;
                    if at >= ask.words.len() {
                        return Err(SYNTAX.into());
                    }
                    until =
                        Some(self.deadline(ask.int(at)?, if option == "ex" { 1_000 } else { 1 }, "set")?);
                }
                "keepttl" if until.is_none() => keep = true,
                "get" => get = true,
                "nx" if only.is_none() => only = Some(false),
                "xx" if only.is_none() => only = Some(true),
                _ => return Err(SYNTAX.into()),
            }
            at += 1;
        }
        let old = if get { self.get(ask, 1)?.map(Reply::Bulk) } else { None };
        let there = self.store.get(ask.place(1));
        if only.is_some_and(|only| only != there.is_some()) {
            return Ok(old.unwrap_or(Reply::Nil));
        }
        let until = if keep { there.and_then(|entry| entry.until) } else { until };
        let said = self.put(ask, ask.word(2), until)?;
        Ok(if get { old.unwrap_or(Reply::Nil) } else { said })
    }

    pub(super) fn add(&mut self, ask: &Ask, more: i64) -> Said {
        let held = self.get(ask, 1)?;
        let old = held.map_or(Some(0), |held| number(&held)).ok_or(NOT_WHOLE)?;
        let new = old.checked_add(more).ok_or("ERR increment or decrement would overflow")?;
        let until = self.store.get(ask.place(1)).and_then(|entry| entry.until);
        self.put(ask, Bytes::from(new.to_string()), until)?;
        Ok(Reply::Int(new))
    }

    pub(super) fn fill(&mut self, ask: &Ask, kind: Kind) -> Said {
        let rest = ask.words.get(2..).unwrap_or_default();
        let pairs: Vec<(Bytes, Bytes)> = match kind {
            Kind::Set => rest.iter().map(|name| (name.clone(), Bytes::new())).collect(),
            _ if rest.len() % 2 == 1 => {
                return Err(match kind {
                    Kind::Hash => "ERR wrong number of arguments for 'hset' command".into(),
                    _ => SYNTAX.to_owned(),
                });
            }
            _ => rest
                .chunks_exact(2)
                .filter_map(|pair| match (kind, pair) {
                    (Kind::Zset, [score, name]) => Some((name.clone(), score.clone())),
                    (_, [name, value]) => Some((name.clone(), value.clone())),
                    _ => None,
                })
                .collect(),
        };
        if kind == Kind::Zset && pairs.iter().any(|(_, score)| score_of(score).is_none()) {
            return Err(NOT_FLOAT.into());
        }
        let now = self.millis();
        self.store.change((ask.place(1), &ask.word(1), kind), (now, true), |body| {
            let (mut new, mut grown) = (0, 0);
            if let Body::Named(all) = body {
                for (name, value) in pairs {
                    let length = value.len().cast_signed();
                    let whole = part(kind, name.len()).cast_signed();
                    let old = all.insert(name, value);
                    new += i64::from(old.is_none());
                    grown += length + old.map_or(whole, |old| -old.len().cast_signed());
                }
            }
            (Reply::Int(new), grown)
        })
    }

    pub(super) fn drop_parts(&mut self, ask: &Ask, kind: Kind) -> Said {
        if self.of_kind(ask.place(1), kind)?.is_none() {
            return Ok(Reply::Int(0));
        }
        let now = self.millis();
        self.store.change((ask.place(1), &ask.word(1), kind), (now, true), |body| {
            let (mut gone, mut size) = (0, 0);
            if let Body::Named(all) = body {
                for name in ask.words.iter().skip(2) {
                    if let Some(value) = all.remove(name) {
                        gone += 1;
                        size += part(kind, name.len() + value.len()).cast_signed();
                    }
                }
            }
            (Reply::Int(gone), -size)
        })
    }

    pub(super) fn ranked(&mut self, ask: &Ask, down: bool) -> Said {
        let mut all: Vec<(Bytes, Bytes)> = self.named(ask, Kind::Zset)?.into_iter().collect();
        let options: Vec<String> = (4..ask.words.len()).map(|at| ask.lower(at)).collect();
        if options.iter().any(|option| option != "withscores" && option != "rev") {
            return Err(SYNTAX.into());
        }
        let score = |one: &(Bytes, Bytes)| score_of(&one.1).unwrap_or(0.0);
        all.sort_by(|a, b| score(a).total_cmp(&score(b)).then_with(|| a.0.cmp(&b.0)));
        if down || options.iter().any(|option| option == "rev") {
            all.reverse();
        }
        let (from, to) = ask.range(2, all.len())?;
        let scores = options.iter().any(|option| option == "withscores");
        let chosen = all.into_iter().take(to).skip(from);
        let words = chosen.flat_map(|(name, score)| [Some(name), scores.then_some(score)]).flatten();
        Ok(Reply::List(words.map(Reply::Bulk).collect()))
    }

    pub(super) fn on_line(
        &mut self,
        ask: &Ask,
        at: usize,
        work: impl FnOnce(&mut VecDeque<Bytes>) -> Reply,
    ) -> Said {
        let now = self.millis();
        let size = |all: &VecDeque<Bytes>| {
            all.iter().map(|one| part(Kind::List, one.len())).sum::<usize>().cast_signed()
        };
        self.store.change((ask.place(at), &ask.word(at), Kind::List), (now, true), |body| {
            let Body::Line(all) = body else { return (Reply::Nil, 0) };
            let before = size(all);
            let said = work(all);
            (said, size(all) - before)
        })
    }

    pub(super) fn push(&mut self, ask: &Ask, front: bool) -> Said {
        self.on_line(ask, 1, |all| {
            for word in ask.words.iter().skip(2).cloned() {
                if front { all.push_front(word) } else { all.push_back(word) }
            }
            Reply::int(all.len())
        })
    }

    pub(super) fn pop(&mut self, ask: &Ask, front: bool) -> Said {
        let several = ask.words.get(2).is_some();
        let count = if several {
            usize::try_from(ask.int(2)?).map_err(|_| "ERR value is out of range, must be positive")?
        } else {
            1
        };
        self.on_line(ask, 1, |all| {
            let mut one = || if front { all.pop_front() } else { all.pop_back() };
            let taken: Vec<Reply> = std::iter::from_fn(&mut one).take(count).map(Reply::Bulk).collect();
            match (several, taken.is_empty()) {
                (_, true) => Reply::Nil,
                (true, _) => Reply::List(taken),
                (false, _) => taken.into_iter().next().unwrap_or(Reply::Nil),
            }
        })
    }

    /// LMOVE: the last of one list becomes the first of another, or as it is said.
    pub(super) fn shift(&mut self, ask: &Ask) -> Said {
        let end = |at: usize| match ask.lower(at).as_str() {
            "left" => Ok(true),
            "right" => Ok(false),
            _ => Err(SYNTAX.to_owned()),
        };
        let (from, to) = (end(3)?, end(4)?);
        self.line(ask, 2)?;
        self.line(ask, 1)?;
        let taken = self.on_line(ask, 1, |all| {
            (if from { all.pop_front() } else { all.pop_back() }).map_or(Reply::Nil, Reply::Bulk)
        })?;
        let Reply::Bulk(word) = &taken else { return Ok(Reply::Nil) };
        self.on_line(ask, 2, |all| {
            if to {
                all.push_front(word.clone());
            } else {
                all.push_back(word.clone());
            }
            OK
        })?;
        Ok(taken)
    }

    pub(super) fn remove_keys(&mut self, ask: &Ask) -> Reply {
        Reply::int((1..ask.words.len()).filter(|at| self.store.remove(ask.place(*at)).is_some()).count())
    }

    pub(super) fn left(&mut self, ask: &Ask, unit: i64) -> i64 {
        let now = self.millis();
        match self.look(ask.place(1)) {
            None => -2,
            Some(entry) => entry.until.map_or(-1, |until| (until - now + unit / 2) / unit),
        }
    }

    pub(super) fn expire(&mut self, ask: &Ask, unit: i64, name: &str) -> Said {
        let time = ask.int(2)?;
        let place = ask.place(1);
        if self.store.get(place).is_none() {
            return Ok(Reply::Int(0));
        }
        if time <= 0 {
            self.store.remove(place);
        } else {
            let until = self.deadline(time, unit, name)?;
            self.store.expire(place, Some(until));
        }
        Ok(Reply::Int(1))
    }

    /// All keys at once: the larger the server, the longer nobody else is heard.
    pub(super) fn keys(&mut self, ask: &Ask) -> Reply {
        let pattern = ask.word(1);
        let all = self.store.from((ask.db, 0)).map(|(_, entry)| &entry.key);
        let found: Vec<Reply> = all.filter(|key| fits(&pattern, key)).cloned().map(Reply::Bulk).collect();
        let micros = self.store.len() as u64 / 2;
        if micros >= self.number("slowlog-log-slower-than") as u64 {
            let from = self.clients.get(&ask.id).map(|client| (client.address.clone(), client.name.clone()));
            self.note_slow(micros, ask.words.to_vec(), from);
        }
        Reply::List(found)
    }

    pub(super) fn scan(&mut self, ask: &Ask, cursor: i64, options: usize) -> Said {
        let cursor = u64::try_from(cursor).map_err(|_| "ERR invalid cursor")?;
        let (pattern, count, kind) = scan_options(ask, options)?;
        let next = self.store.from((ask.db, cursor)).nth(count).map_or(0, |(place, _)| place.1);
        let seen = self.store.from((ask.db, cursor)).take(count).map(|(_, entry)| entry);
        let fit = |entry: &&Entry| {
            fits(&pattern, &entry.key) && kind.as_ref().is_none_or(|kind| kind == entry.kind.word())
        };
        let found = seen.filter(fit).map(|entry| Reply::Bulk(entry.key.clone())).collect();
        Ok(Reply::List(vec![Reply::text(next.to_string()), Reply::List(found)]))
    }

    /// The parts of one key; the cursor is how many were seen.
    pub(super) fn scan_parts(&mut self, ask: &Ask, kind: Kind) -> Said {
        let cursor = usize::try_from(ask.int(2)?).map_err(|_| "ERR invalid cursor")?;
        let (pattern, count, _) = scan_options(ask, 3)?;
        let all = self.named(ask, kind)?;
        let next = cursor.saturating_add(count);
        let chosen = all.iter().skip(cursor).take(count).filter(|(name, _)| fits(&pattern, name));
        let value = |value: &Bytes| (kind != Kind::Set).then(|| value.clone());
        let found = chosen.flat_map(|(name, held)| [Some(name.clone()), value(held)]).flatten();
        let next = if next < all.len() { next } else { 0 };
        Ok(Reply::List(vec![Reply::text(next.to_string()), Reply::List(found.map(Reply::Bulk).collect())]))
    }
}

pub(super) fn scan_options(ask: &Ask, from: usize) -> Result<(Bytes, usize, Option<String>), String> {
    let (mut pattern, mut count, mut kind, mut at) = (Bytes::from_static(b"*"), 10, None, from);
    while at < ask.words.len() {
        match (ask.lower(at).as_str(), ask.words.get(at + 1)) {
            ("match", Some(given)) => pattern = given.clone(),
            ("count", Some(_)) => {
                count = usize::try_from(ask.int(at + 1)?).ok().filter(|count| *count > 0).ok_or(SYNTAX)?;
            }
            ("type", Some(_)) => kind = Some(ask.lower(at + 1)),
            _ => return Err(SYNTAX.into()),
        }
        at += 2;
    }
    Ok((pattern, count, kind))
}

fn score_of(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.parse::<f64>().ok().filter(|score| !score.is_nan())
}
