//! A container's log as a stream of bytes: lines with their times, as they are written.
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, TryStreamExt};
use reqwest::Response;
use serde_json::Value;
use tokio::sync::watch;

use super::Docker;
use super::client::{Client, Fault};
use super::facts::{Known, id};
use super::frames::Frames;
use super::look::read;
use crate::domain::container::ContainerState;
use crate::domain::level::Level;
use crate::domain::text::clean;
use crate::sources::reason::reason;
use crate::sources::taps::{From, NoLog, Tap, Tapped, Taps};

const READ: Duration = Duration::from_secs(5);
const OPEN_WITHIN: Duration = Duration::from_secs(10);

impl std::convert::From<Fault> for NoLog {
    fn from(fault: Fault) -> NoLog {
        match fault {
            Fault::Gone => NoLog::Gone,
            fault if fault.is_forbidden() => {
                NoLog::Forbidden { needs: format!("to read logs: {}", fault.words()) }
            }
            // `configured logging driver does not support reading`; Podman: `using the 'none' log driver, cannot read`
            Fault::Says { says, .. } if says.contains("logging driver") || says.contains("log driver") => {
                NoLog::Elsewhere { why: says }
            }
            fault => NoLog::Broken { why: fault.words() },
        }
    }
}

fn tapped(known: &Known) -> Tapped {
    let facts = &known.facts;
    Tapped {
        id: facts.id.clone(),
        run: facts.started.map(|at| at.0),
        name: known.name.clone(),
        project: facts.project.clone(),
        service: facts.service.clone(),
        done: facts.level() == Level::Done,
        running: matches!(facts.state, ContainerState::Running | ContainerState::Paused),
        restarts: facts.restarts.unwrap_or(0),
        ended: facts.end.map(|end| end.to_string().into()),
        word: facts.word().into(),
    }
}

impl Taps for Docker {
    fn containers(&self, engine: &str) -> Result<Vec<Tapped>, String> {
        let engine = self.engine(engine)?;
        engine.client().map_err(|fault| fault.words())?;
        if !engine.is_read() {
            return Err(format!("`{}` is not read yet", engine.name));
        }
        Ok(engine.table().values().map(tapped).collect())
    }

    fn changes(&self, engine: &str) -> Option<watch::Receiver<u64>> {
        Some(self.engine(engine).ok()?.changes())
    }

    fn open(&self, engine: &str, id: &str, from: From) -> BoxFuture<'static, Result<Tap, NoLog>> {
        let (client, id) = (self.engine(engine).map(|engine| engine.client()), id.to_owned());
        async move {
            let client = client.map_err(|why| NoLog::Broken { why })??;
            let log = follow(client, &id, from).await?;
            let reader: Tap = Box::pin(log.map_err(std::io::Error::other).into_async_read());
            Ok(reader)
        }
        .boxed()
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
