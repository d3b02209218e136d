//! Silences: made, changed in place where that is allowed, ended, and kept for a while after that.
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::matcher::all;
use super::{Alerts, Matcher, STEP};

/// So many are kept, with those that have ended: each is held against each alert.
const MOST: usize = 250;
const MOST_BYTES: usize = 1 << 16;
const KEPT: SignedDuration = SignedDuration::from_hours(120);
/// So many deeds wait to be asked for.
const MOST_DEEDS: usize = 1_000;

#[derive(Debug, Clone)]
pub struct Silence {
    pub id: String,
    pub matchers: Vec<Matcher>,
    pub starts: Timestamp,
    pub ends: Timestamp,
    pub updated: Timestamp,
    pub by: String,
    pub comment: String,
}

impl Silence {
    pub fn state(&self, now: Timestamp) -> &'static str {
        if now < self.starts {
            "pending"
        } else if now < self.ends {
            "active"
        } else {
            "expired"
        }
    }
}

/// Something that a person did.
#[derive(Debug, Clone)]
pub struct Deed {
    pub did: Did,
    pub at: Timestamp,
    /// The names of the alerts that the silence hit.
    pub hit: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    Silenced,
    Changed,
    Expired,
}

/// A silence as a client writes it.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Wanted {
    id: Option<String>,
    matchers: Option<Vec<WantedMatcher>>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    created_by: Option<String>,
    comment: Option<String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WantedMatcher {
    name: Option<String>,
    value: Option<String>,
    is_regex: Option<bool>,
    is_equal: Option<bool>,
}

/// Why there will be no such silence: the answer's code, and its document.
pub(super) type Refusal = (u16, Value);

fn lacks(what: &str) -> Refusal {
    (422, json!({"code": 602, "message": format!("{what} in body is required")}))
}

fn wrong(why: impl Into<String>) -> Refusal {
    (400, Value::from(why.into()))
}

impl Alerts {
    /// Makes or changes one, and says its id.
    pub(super) fn silence(&mut self, wanted: Wanted) -> Result<String, Refusal> {
        let now = self.now;
        let mut silence = read(wanted)?;
        let old = self.silences.iter_mut().find(|old| old.id == silence.id);
        if old.is_none() && !silence.id.is_empty() {
            return Err((404, "silence not found".into()));
        }
        if let Some(old) = old
            && may_change(old, &silence, now)
        {
            silence.updated = later(old, now);
            *old = silence.clone();
            self.did(Did::Changed, &silence);
            return Ok(silence.id);
        }
        if silence.ends < now {
            return Err(wrong("Failed to create silence: end time can't be in the past"));
        }
        if self.silences.len() >= MOST {
            return Err(wrong(format!("exceeded maximum number of silences: {MOST} (limit: {MOST})")));
        }
        let replaced = std::mem::take(&mut silence.id);
        if !replaced.is_empty() {
            self.expire(&replaced);
        }
        if silence.starts < now + STEP {
            silence.starts = now;
        }
        let (high, low) = (self.dice.roll(), self.dice.roll());
        let (time, more, rest) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
        let (clock, node) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
        silence.id = format!("{time:08x}-{more:04x}-4{rest:03x}-{clock:04x}-{node:012x}");
        silence.updated = now;
        self.silences.push(silence.clone());
        self.did(Did::Silenced, &silence);
        Ok(silence.id)
    }

    /// Whether there is such a one. One that has ended stays as it is.
    pub(super) fn expire(&mut self, id: &str) -> bool {
        let now = self.now;
        let Some(silence) = self.silences.iter_mut().find(|silence| silence.id == id) else { return false };
        if silence.state(now) != "expired" {
            let updated = later(silence, now);
            (silence.starts, silence.ends, silence.updated) = (silence.starts.min(now), now, updated);
            let silence = silence.clone();
            self.did(Did::Expired, &silence);
        }
        true
    }

    fn did(&mut self, did: Did, silence: &Silence) {
        let hit = self.firing().filter(|(_, alert)| all(&silence.matchers, &alert.labels));
        let mut hit: Vec<String> =
            hit.filter_map(|(_, alert)| alert.labels.get("alertname")).cloned().collect();
        hit.dedup();
        if self.deeds.len() < MOST_DEEDS {
            self.deeds.push(Deed { did, at: self.now, hit });
        }
    }

    pub(super) fn forget_silences(&mut self) {
        let now = self.now;
        self.silences.retain(|silence| now.duration_since(silence.ends) < KEPT);
    }
}

fn read(wanted: Wanted) -> Result<Silence, Refusal> {
    let comment = wanted.comment.ok_or_else(|| lacks("comment"))?;
    let by = wanted.created_by.ok_or_else(|| lacks("createdBy"))?;
    let ends = wanted.ends_at.ok_or_else(|| lacks("endsAt"))?;
    let written = wanted.matchers.ok_or_else(|| lacks("matchers"))?;
    if written.is_empty() {
        return Err((422, json!({"code": 612, "message": "matchers in body should have at least 1 items"})));
    }
    let mut size = comment.len() + by.len();
    let mut matchers = Vec::new();
    for (at, one) in written.into_iter().enumerate() {
        let lacks = |what: &str| lacks(&format!("matchers.{at}.{what}"));
        let regex = one.is_regex.ok_or_else(|| lacks("isRegex"))?;
        let name = one.name.ok_or_else(|| lacks("name"))?;
        let value = one.value.ok_or_else(|| lacks("value"))?;
        let invalid = |why: &str| wrong(format!("silence invalid: invalid label matcher {at}: {why}"));
        if name.is_empty() {
            return Err(invalid("invalid label name \"\""));
        }
        size += name.len() + value.len() + 64;
        if size > MOST_BYTES {
            return Err(wrong(format!(
                "silence exceeded maximum size: {size} bytes (limit: {MOST_BYTES} bytes)"
            )));
        }
        let matcher = Matcher::new(&name, &value, one.is_equal.unwrap_or(true), regex);
        let regular = |why| invalid(&format!("invalid regular expression {value:?}: {why}"));
        matchers.push(matcher.map_err(regular)?);
    }
    let starts = wanted.starts_at.ok_or_else(|| lacks("startsAt"))?;
    if matchers.iter().all(|matcher| matcher.takes("")) {
        return Err(wrong("silence invalid: at least one matcher must not match the empty string"));
    }
    if ends <= starts {
        return Err(wrong("Failed to create silence: start time must be before end time"));
    }
    Ok(Silence { id: wanted.id.unwrap_or_default(), matchers, starts, ends, updated: starts, by, comment })
}

/// When it is changed: each change is told from the one before, however short the while.
fn later(old: &Silence, now: Timestamp) -> Timestamp {
    now.max(old.updated.saturating_add(SignedDuration::from_millis(1)).unwrap_or(now))
}

/// What holds already keeps its beginning and its matchers.
fn may_change(old: &Silence, new: &Silence, now: Timestamp) -> bool {
    let starts = match old.state(now) {
        "active" => new.starts.as_second() == old.starts.as_second() && new.ends >= now,
        "pending" => new.starts >= now,
        _ => false,
    };
    starts && old.matchers == new.matchers
}
