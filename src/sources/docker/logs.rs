//! A container's log as a stream of bytes: lines with their times, as they are written.
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use reqwest::Response;
use serde_json::Value;
use tokio::sync::watch;

use super::Docker;
use super::client::{Client, Fault};
use super::engine::Engine;
use super::facts::{Known, id};
use super::frames::Frames;
use super::look::read;
use crate::domain::Text;
use crate::domain::container::ContainerState;
use crate::domain::text::clean;
use crate::sources::reason::reason;

const READ: Duration = Duration::from_secs(5);
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// So many lines before now.
    Tail(u64),
    /// A second since the epoch.
    Since(i64),
    Beginning,
}

/// Why there is nothing to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLog {
    /// The container is gone.
    Gone,
    Forbidden {
        needs: String,
    },
    /// Its log goes elsewhere, or cannot be read; trying again brings nothing.
    Elsewhere {
        why: String,
    },
    /// Anything else; it may work again.
    Broken {
        why: String,
    },
}

impl std::convert::From<Fault> for NoLog {
    fn from(fault: Fault) -> NoLog {
        match fault {
            Fault::Gone => NoLog::Gone,
            fault if fault.is_forbidden() => {
                NoLog::Forbidden { needs: format!("to read logs: {}", fault.words()) }
            }
            // `configured logging driver does not support reading`
            Fault::Says { says, .. } if says.contains("logging driver") => NoLog::Elsewhere { why: says },
            fault => NoLog::Broken { why: fault.words() },
        }
    }
}

/// One container of an engine, as its log is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub id: Text,
    pub name: Text,
    pub project: Text,
    pub service: Text,
    pub running: bool,
    pub restarts: u32,
    /// How its last run ended: `137 (OOMKilled)`.
    pub ended: Option<String>,
}

impl Followed {
    fn of(known: &Known) -> Followed {
        let facts = &known.facts;
        Followed {
            id: facts.id.clone(),
            name: known.name.clone(),
            project: facts.project.clone(),
            service: facts.service.clone(),
            running: matches!(facts.state, ContainerState::Running | ContainerState::Paused),
            restarts: facts.restarts.unwrap_or(0),
            ended: facts.end.map(|end| end.to_string()),
        }
    }
}

impl Docker {
    /// The containers of an engine as they are now.
    pub fn containers(&self, engine: &str) -> Result<Vec<Followed>, String> {
        Ok(self.engine(engine)?.table().values().map(Followed::of).collect())
    }

    /// Moves whenever an engine's containers changed.
    pub fn changes(&self, engine: &str) -> Result<watch::Receiver<u64>, String> {
        Ok(self.engine(engine)?.changes())
    }

    /// Whether an engine is connected; why not.
    pub fn connected(&self, engine: &str) -> Result<(), String> {
        self.engine(engine)?.client().map(drop).map_err(|fault| fault.words())
    }

    /// Follows the log of one container. See [`follow`].
    pub async fn logs(
        &self,
        engine: &str,
        id: &str,
        from: From,
    ) -> Result<impl Stream<Item = Result<Bytes, String>> + Send + use<>, NoLog> {
        let engine: &Arc<Engine> = self.engine(engine).map_err(|why| NoLog::Broken { why })?;
        follow(engine.client()?, id, from).await
    }
}

/// What a container writes, each line with its time in RFC 3339 before it. The pieces are cut anywhere, but lines of
/// its two streams are never mixed up. Ends when the container does.
pub(super) async fn follow(
    client: Arc<Client>,
    container: &str,
    from: From,
) -> Result<impl Stream<Item = Result<Bytes, String>> + Send + use<>, NoLog> {
    let container = id(container).ok_or(NoLog::Gone)?;
    // Only the container itself knows whether it writes to a terminal: then there are no frames.
    let seen = read(&client, &container, READ).await?;
    let frames = Frames::new(seen.raw.config.tty);
    let begin = match from {
        From::Tail(lines) => Some(("tail", lines.to_string())),
        From::Since(second) => Some(("since", second.to_string())),
        From::Beginning => None,
    };
    let mut query = vec![("follow", "true"), ("stdout", "true"), ("stderr", "true"), ("timestamps", "true")];
    query.extend(begin.as_ref().map(|(name, value)| (*name, value.as_str())));
    let answer = client.stream(&format!("/containers/{container}/logs"), &query, OPEN_WITHIN).await?;
    let reading = Reading { answer, frames, _client: client };
    Ok(futures::stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        match reading.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(reading))),
            Ok(None) => {
                let mut rest = Vec::new();
                reading.frames.rest(&mut rest);
                (!rest.is_empty()).then(|| (Ok(rest.into()), None))
            }
            Err(why) => Some((Err(clean(&why).into_owned()), None)),
        }
    }))
}

struct Reading {
    answer: Response,
    frames: Frames,
    /// A hop is open for as long as somebody reads through it.
    _client: Arc<Client>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let Some(chunk) = self.answer.chunk().await.map_err(|error| reason(&error))? else {
                return Ok(None);
            };
            let mut out = Vec::with_capacity(chunk.len());
            self.frames
                .push(&chunk, &mut out)
                .map_err(|why| complaint(&chunk).unwrap_or_else(|| why.into()))?;
            if !out.is_empty() {
                return Ok(Some(out.into()));
            }
        }
    }
}

/// An engine that fails half-way says so in the middle of the answer.
fn complaint(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    Some(value.get("message")?.as_str()?.to_owned())
}
