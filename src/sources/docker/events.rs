//! The engine's own account of what happens, an object a line.
use std::time::Duration;

use reqwest::Response;

use super::api::Event;
use super::client::{Client, Fault};
use crate::sources::reason::reason;
use crate::sources::supervise::SourceError;

/// No event of an engine that is as it should be is longer: labels are part of it.
const LONGEST: usize = 1 << 20;
/// Health checks that run are no news, what they come to is. Podman says `died` and `remove`, and some of its versions
/// know them by no other name.
const KINDS: &[&str] = &[
    "create",
    "start",
    "die",
    "died",
    "oom",
    "pause",
    "unpause",
    "rename",
    "update",
    "destroy",
    "remove",
    "health_status",
];

/// Held open for as long as the engine is.
pub(super) struct Events {
    answer: Response,
    part: Vec<u8>,
}

impl Events {
    /// From a second since the epoch on.
    pub(super) async fn open(client: &Client, since: i64, within: Duration) -> Result<Events, Fault> {
        let filters = serde_json::json!({ "type": ["container"], "event": KINDS }).to_string();
        let since = since.to_string();
        let answer = client.stream("/events", &[("since", &since), ("filters", &filters)], within).await?;
        Ok(Events { answer, part: Vec::new() })
    }

    /// The next one. Can be dropped while it waits without losing anything.
    pub(super) async fn next(&mut self) -> Result<Event, SourceError> {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.part) {
                let line: Vec<u8> = self.part.drain(..=end).collect();
                // What cannot be read is an event less; the next full list makes up for it.
                if let Ok(event) = serde_json::from_slice(&line) {
                    return Ok(event);
                }
            }
            let chunk = self.answer.chunk().await;
            match chunk.map_err(|error| SourceError::Unreachable { why: reason(&error) })? {
                Some(chunk) => self.part.extend_from_slice(&chunk),
                None => return Err(SourceError::Closed),
            }
            if self.part.len() > LONGEST {
                return Err(SourceError::Unreachable { why: "the events make no sense".into() });
            }
        }
    }
}
