//! `logs`.
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use futures::{AsyncBufReadExt, AsyncReadExt};
use serde_json::Value;
use std::fmt::Write as _;

use super::api::{Lines, escaped, text};
use super::pick::{Picked, listed};
use super::pods::{containers, named, of, usual};
use super::{Done, Fault, Kubectl};

/// So many are followed at a time, and so much of a line is kept.
const MOST: usize = 5;
const LINE: u64 = 1 << 20;

const USAGE: &str = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n\
    POD or TYPE/NAME is a required argument for the logs command\n\
    See 'kubectl logs -h' for help and examples";

pub async fn logs(kubectl: &mut Kubectl<'_>) -> Done {
    let words = kubectl.call.words.clone();
    let pods = match (words.as_slice(), kubectl.call.value("selector")) {
        ([], None | Some("")) => return Err(Fault::error(USAGE)),
        ([], Some(_)) => {
            let kind = kubectl.api.kind("pods").await?;
            let found = listed(kubectl, &kind).await?;
            if found.is_empty() {
                return kubectl.warn(&format!("No resources found in {} namespace.", kubectl.api.namespace));
            }
            found.into_iter().map(|object| Picked { kind: kind.clone(), object }).collect()
        }
        (_, Some(_)) => return Err(Fault::error("only a selector (-l) or a POD name is allowed")),
        ([word] | [word, _], None) => chosen(kubectl, word).await?,
        _ => return Err(Fault::error(USAGE)),
    };
    let container = kubectl.call.value("container").or(words.get(1).map(String::as_str)).map(str::to_owned);
    let mut asked = Vec::new();
    for pod in &pods {
        let names = match &container {
            Some(name) => {
                if !containers(&pod.object).contains(name) {
                    return Err(Fault::error(format!(
                        "container {name} is not valid for pod {}",
                        pod.name()
                    )));
                }
                vec![name.clone()]
            }
            None if kubectl.call.on("all-containers") => containers(&pod.object),
            None => vec![usual(kubectl, &pod.object)?],
        };
        for name in names {
            let mut path = format!("{}/log?container={}", pod.path(), escaped(&name));
            path.push_str(&query(kubectl)?);
            let prefix = format!("[pod/{}/{name}] ", pod.name());
            asked.push((path, if kubectl.call.on("prefix") { prefix } else { String::new() }));
        }
    }
    // Of several that go on none is waited for.
    let most = if kubectl.call.on("follow") { MOST } else { 1 };
    if most > 1 && asked.len() > most {
        let why = format!("you are attempting to follow {} log streams, but", asked.len());
        return Err(Fault::error(format!("{why} maximum allowed concurrency is {most}")));
    }
    let api = &kubectl.api;
    let mut pieces = stream::iter(asked.into_iter().map(|(path, prefix)| {
        let begun = async move { Ok::<_, Fault>((api.lines(&path, "*/*").await?, prefix)) };
        Box::pin(stream::once(begun).map_ok(|(lines, prefix)| pieces(lines, prefix)).try_flatten())
    }))
    .flatten_unordered(most);
    while let Some(piece) = pieces.next().await {
        kubectl.io.stdout.write_all(&piece?)?;
        if most > 1 {
            kubectl.io.stdout.flush()?;
        }
    }
    Ok(())
}

/// Lines with something before each; one that does not end comes in pieces.
fn pieces(lines: Lines, prefix: String) -> impl Stream<Item = Result<Vec<u8>, Fault>> {
    stream::try_unfold((lines, true), move |(mut lines, begins)| {
        let mut piece = if begins { prefix.clone().into_bytes() } else { Vec::new() };
        async move {
            let count = (&mut lines).take(LINE).read_until(b'\n', &mut piece).await?;
            let ends = piece.ends_with(b"\n");
            Ok((count > 0).then_some((piece, (lines, ends))))
        }
    })
}

/// The pod of this name, or of a workload the one that serves best.
async fn chosen(kubectl: &mut Kubectl<'_>, word: &str) -> Result<Vec<Picked>, Fault> {
    let object = named(kubectl, word).await.map_err(|fault| match fault.says.strip_prefix("Error") {
        Some(why) => Fault::error(format!("error{why} in namespace \"{}\"", kubectl.api.namespace)),
        None => fault,
    })?;
    if object.kind.plural == "pods" {
        return Ok(vec![object]);
    }
    let mut pods = of(kubectl, &object).await?;
    match (pods.len(), pods.first()) {
        (_, None) => return Err(Fault::error("timed out waiting for the condition")),
        (1, _) => {}
        (count, Some(first)) => {
            let said = format!("Found {count} pods, using pod/{}", first.name());
            kubectl.warn(&said)?;
        }
    }
    pods.truncate(1);
    Ok(pods)
}

fn query(kubectl: &Kubectl<'_>) -> Result<String, Fault> {
    let call = &kubectl.call;
    let mut query = String::new();
    // Of many pods only the end is shown, unless more is asked for.
    let many = call.value("selector").is_some() && !call.on("follow");
    let tail = call.number("tail").unwrap_or(if many { 10 } else { -1 });
    if tail >= 0 {
        let _ = write!(query, "&tailLines={tail}");
    }
    if let Some(since) = call.span("since").filter(|since| !since.is_zero()) {
        let _ = write!(query, "&sinceSeconds={}", since.as_secs_f64().ceil());
    }
    if let Some(time) = call.value("since-time").filter(|time| !time.is_empty()) {
        if time.parse::<jiff::Timestamp>().is_err() {
            return Err(Fault::error(format!(
                "parsing time \"{time}\": it has another form than 2006-01-02T15:04:05Z"
            )));
        }
        let _ = write!(query, "&sinceTime={}", escaped(time));
    }
    for option in ["follow", "previous", "timestamps"] {
        if call.on(option) {
            let _ = write!(query, "&{option}=true");
        }
    }
    Ok(query)
}

/// What a pod's phase says against running something in it.
pub fn ended(pod: &Value) -> Option<Fault> {
    let phase = text(pod, "/status/phase");
    let why = format!("cannot exec into a container in a completed pod; current phase is {phase}");
    matches!(phase, "Succeeded" | "Failed").then(|| Fault::error(why))
}
