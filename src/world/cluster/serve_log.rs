//! The logs of containers: read once, or followed until the container ends.
use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;

use super::Cluster;
use super::api::{asked, says};
use super::lines::Log;
use super::refusal::Refusal;
use super::serve::Desk;
use super::store::Key;
use super::value::{Dig, later};
use crate::world::http::Request;

/// Which lines are wanted, and how.
#[derive(Debug, Clone)]
struct Wanted {
    key: Key,
    container: String,
    previous: bool,
    stamps: bool,
    tail: Option<usize>,
    since: Option<Timestamp>,
    most: usize,
}

/// Where a reader is: in which run, and at which line of it.
type Place = (i64, u64);

pub(super) fn lines(
    desk: Desk,
    key: Key,
    request: &Request,
) -> Result<impl Stream<Item = Bytes> + Send + use<>, Refusal> {
    let number = |name: &str| asked(request, name).parse::<usize>().ok();
    let since = number("sinceSeconds").and_then(|seconds| u32::try_from(seconds).ok());
    let mut wanted = Wanted {
        key,
        container: asked(request, "container"),
        previous: says(request, "previous"),
        stamps: says(request, "timestamps"),
        tail: number("tailLines"),
        since: asked(request, "sinceTime").parse().ok(),
        most: number("limitBytes").unwrap_or(usize::MAX),
    };
    let first = desk.cluster.with(|cluster| {
        let ago = since.map(|seconds| later(cluster.now, -f64::from(seconds)));
        wanted.since = ago.or(wanted.since);
        cluster.log(&wanted, None)
    });
    let (text, place) = first.ok_or_else(|| Refusal::internal("the world has ended"))??;
    let place = place.filter(|_| says(request, "follow"));
    let begin = (desk, wanted, place, Some(text));
    Ok(futures::stream::unfold(begin, |(mut desk, mut wanted, mut place, mut text)| async move {
        loop {
            if let Some(text) = text.take().filter(|text| !text.is_empty()) {
                wanted.most = wanted.most.saturating_sub(text.len());
                return Some((Bytes::from(text), (desk, wanted, place, None)));
            }
            let at = place.filter(|_| wanted.most > 0)?;
            if !desk.cluster.changed().await {
                return None;
            }
            let (more, next) = desk.cluster.look(|cluster| cluster.log(&wanted, Some(at)))?.ok()?;
            (text, place) = (Some(more), next);
        }
    }))
}

impl Cluster {
    /// The lines from a place on, or from where it is asked; and where to go on, if there will be more.
    fn log(&self, wanted: &Wanted, from: Option<Place>) -> Result<(String, Option<Place>), Refusal> {
        let object = self.existing(&wanted.key)?;
        let Some(life) = self.lives.get(&wanted.key) else { return Ok((String::new(), None)) };
        if self.is_silent(object.text("/spec/nodeName")) {
            return Err(Refusal::internal("Get \"https://node:10250/containerLogs\": dial tcp: i/o timeout"));
        }
        let (asked, pod) = (&*wanted.container, &wanted.key.name);
        let names: Vec<&str> = life.containers.iter().map(|one| one.status.text("/name")).collect();
        if asked.is_empty() && names.len() > 1 {
            let all = names.join(" ");
            let why = format!("a container name must be specified for pod {pod}, choose one of: [{all}]");
            return Err(Refusal::bad(why));
        }
        let at = names.iter().position(|name| asked.is_empty() || *name == asked);
        let one = at.and_then(|at| life.containers.get(at));
        let one = one.ok_or_else(|| Refusal::bad(format!("container {asked} is not valid for pod {pod}")))?;
        let (waits, run) = (one.status.text("/state/waiting/reason"), one.status.count("/restartCount"));
        let next = one.runs().then_some((run, one.log.end()));
        let about = format!("container \"{}\" in pod \"{pod}\"", one.status.text("/name"));
        // While it waits for its next run, the one that ended is the last.
        let before = if waits == "CrashLoopBackOff" { Some(&one.log) } else { one.before.as_ref() };
        Ok(match from {
            Some((of, from)) if of == run => (text(&one.log, from, wanted, None), next),
            // Its last words, if it is only one run ago.
            Some((of, from)) => {
                let last = one.before.as_ref().filter(|_| of + 1 == run);
                (last.map_or_else(String::new, |log| text(log, from, wanted, None)), None)
            }
            None if wanted.previous => {
                let no = || Refusal::bad(format!("previous terminated {about} not found"));
                (text(before.ok_or_else(no)?, 0, wanted, wanted.tail), None)
            }
            None if one.log.end() == 0 && !waits.is_empty() => {
                return Err(Refusal::bad(format!("{about} is waiting to start: {waits}")));
            }
            None => (text(&one.log, 0, wanted, wanted.tail), next),
        })
    }
}

fn text(log: &Log, from: u64, wanted: &Wanted, tail: Option<usize>) -> String {
    let after = |(_, (at, _)): &(u64, &(Timestamp, String))| wanted.since.is_none_or(|since| *at >= since);
    let skip = tail.map_or(0, |tail| log.from(from).filter(after).count().saturating_sub(tail));
    let mut out = String::new();
    for (_, (at, line)) in log.from(from).filter(after).skip(skip) {
        if wanted.stamps {
            out.extend([&*format!("{at:.9}"), " "]);
        }
        out.extend([line, "\n"]);
    }
    let cut = (0..=wanted.most.min(out.len())).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
    out.truncate(cut);
    out
}
