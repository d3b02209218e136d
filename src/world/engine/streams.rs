//! What goes on over a connection: logs, events, measurements.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::{Filters, labelled, moment};
use super::container::{Container, Line};
use super::json::event;
use super::{Engine, Event};

/// Lines that are wanted, from a number on.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    pub container: String,
    pub from: u64,
    pub until: Option<Timestamp>,
    pub stamps: bool,
    pub streams: [bool; 2],
    pub follow: bool,
    /// The run that is followed, by its beginning.
    pub run: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
pub struct Events {
    pub from: u64,
    pub until: Option<Timestamp>,
    pub(super) filters: Filters,
}

impl Engine {
    pub(super) fn events_since(&self, since: Option<&str>) -> u64 {
        let Some(since) = since.and_then(moment) else { return self.next_event };
        self.events.iter().find(|event| event.at >= since).map_or(self.next_event, |event| event.number)
    }

    /// The next events, as lines, and whether there may be more.
    pub fn happened(&self, wanted: &mut Events) -> (Vec<u8>, bool) {
        let fits = |event: &&Event| {
            event.number >= wanted.from
                && wanted.until.is_none_or(|until| event.at <= until)
                && wanted.filters.fit(|name, word| match name {
                    "type" => word == "container",
                    "event" => event.action == word || event.action.split(':').next() == Some(word),
                    "container" => {
                        event.id.starts_with(word)
                            || event.attributes.get("name").is_some_and(|own| own == word)
                    }
                    "image" => event.attributes.get("image").is_some_and(|own| own == word),
                    "label" => labelled(&event.attributes, word),
                    _ => true,
                })
        };
        let lines: String =
            self.events.iter().filter(fits).flat_map(|one| [event(one).to_string(), "\n".into()]).collect();
        wanted.from = self.next_event;
        (lines.into_bytes(), wanted.until.is_none_or(|until| until > self.now))
    }

    /// The next lines of a log, as bytes, and whether there may be more.
    pub fn written(&self, wanted: &mut Logs) -> (Vec<u8>, bool) {
        let Ok(container) = self.one(&wanted.container) else { return (Vec::new(), false) };
        let mut bytes = Vec::new();
        let (from, until) = (wanted.from, wanted.until);
        for line in container.lines.iter().filter(|line| line.number >= from) {
            if until.is_some_and(|until| line.at > until) {
                return (bytes, false);
            }
            wanted.from = line.number + 1;
            let [out, err] = wanted.streams;
            if if line.error { err } else { out } {
                framed(line, wanted, container.spec.tty, &mut bytes);
            }
        }
        (bytes, wanted.follow && container.is_up() && container.started == wanted.run)
    }

    /// How a container ended, once it has.
    pub fn over(&self, id: &str) -> (Vec<u8>, bool) {
        let Ok(container) = self.one(id) else { return (Vec::new(), false) };
        let ended = json!({ "StatusCode": container.code, "Error": null });
        if container.is_up() { (Vec::new(), true) } else { (ended.to_string().into_bytes(), false) }
    }

    pub fn stats(&self, id: &str) -> Option<Value> {
        self.one(id).ok().map(|container| self.measured(container))
    }
}

/// The number of the first line that is wanted.
pub(super) fn first_line(
    container: &Container,
    since: Option<Timestamp>,
    tail: Option<usize>,
    [out, err]: [bool; 2],
) -> u64 {
    let none = container.lines.back().map_or(0, |line| line.number + 1);
    let since = |line: &&Line| since.is_none_or(|since| line.at >= since);
    let own = container.lines.iter().filter(since).filter(|line| if line.error { err } else { out });
    let numbers: Vec<u64> = own.map(|line| line.number).collect();
    let at = tail.map_or(0, |tail| numbers.len().saturating_sub(tail));
    numbers.get(at).copied().unwrap_or(none)
}

/// A line as it goes over the wire: which stream, how long, what; of a terminal as it is.
fn framed(line: &Line, wanted: &Logs, tty: bool, bytes: &mut Vec<u8>) {
    let stamp = if wanted.stamps { format!("{:.9} ", line.at) } else { String::new() };
    let text = format!("{stamp}{}{}", line.text, if tty { "\r\n" } else { "\n" });
    if !tty {
        bytes.extend_from_slice(&frame(line.error, text.len()));
    }
    bytes.extend_from_slice(text.as_bytes());
}

pub(super) fn frame(error: bool, length: usize) -> [u8; 8] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [if error { 2 } else { 1 }, 0, 0, 0, a, b, c, d]
}
