//! The logs of containers: read once, or followed until the container ends.
use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;

use super::Cluster;
use super::api::Call;
use super::kubelet::{Container, State};
use super::lines::Log;
use super::refusal::Refusal;
use super::serve::Desk;
use super::store::Key;
use super::value::{Dig, later};

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
#[derive(Debug, Clone, Copy)]
struct Place {
    run: u32,
    line: u64,
}

pub(super) fn lines(
    desk: Desk,
    key: Key,
    call: &Call,
) -> Result<impl Stream<Item = Bytes> + Send + use<>, Refusal> {
    let number = |name: &str| call.asked(name).parse::<usize>().ok();
    let since = number("sinceSeconds").and_then(|seconds| u32::try_from(seconds).ok());
    let mut wanted = Wanted {
        key,
        container: call.asked("container").into(),
        previous: call.says("previous"),
        stamps: call.says("timestamps"),
        tail: number("tailLines"),
        since: call.asked("sinceTime").parse().ok(),
        most: number("limitBytes").unwrap_or(usize::MAX),
    };
    let first = desk.cluster.with(|cluster| {
        let ago = since.map(|seconds| later(cluster.now, -f64::from(seconds)));
        wanted.since = ago.or(wanted.since);
        cluster.log(&wanted, None)
    });
    let (text, place) = first.ok_or_else(|| Refusal::internal("the world has ended"))??;
    let place = place.filter(|_| call.says("follow"));
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
        let node = object.text("/spec/nodeName");
        if !self.beats.get(node).is_some_and(super::nodes::Beat::is_alive) {
            let address = super::pods::host(node);
            let why = format!(
                "Get \"https://{address}:10250/containerLogs/{}/{}\": dial tcp {address}:10250: i/o timeout",
                wanted.key.namespace, wanted.key.name
            );
            return Err(Refusal::internal(why));
        }
        let (wanted_name, pod) = (&*wanted.container, &wanted.key.name);
        let names: Vec<&str> = life.containers.iter().map(|one| one.name.as_str()).collect();
        if wanted_name.is_empty() && names.len() > 1 {
            let all = names.join(" ");
            let why = format!("a container name must be specified for pod {pod}, choose one of: [{all}]");
            return Err(Refusal::bad(why));
        }
        let mut all = life.containers.iter();
        let one = all.find(|one| wanted_name.is_empty() || one.name == wanted_name);
        let one =
            one.ok_or_else(|| Refusal::bad(format!("container {wanted_name} is not valid for pod {pod}")))?;
        if let Some(place) = from {
            return Ok(follow(one, place, wanted));
        }
        let about = format!("container \"{}\" in pod \"{pod}\"", one.name);
        if wanted.previous {
            // While it waits for its next run, the one that ended is the last.
            let log = match (&one.before, &one.state) {
                (_, State::Waiting("CrashLoopBackOff", _)) => Some(&one.log),
                (before, _) => before.as_ref(),
            };
            let log = log.ok_or_else(|| Refusal::bad(format!("previous terminated {about} not found")))?;
            return Ok((text(log, 0, wanted), None));
        }
        if let State::Waiting(reason, _) = &one.state
            && one.log.end() == 0
        {
            let why = match *reason {
                "ErrImagePull" => "image can't be pulled",
                "ImagePullBackOff" => "trying and failing to pull image",
                other => other,
            };
            return Err(Refusal::bad(format!("{about} is waiting to start: {why}")));
        }
        let place = Place { run: one.restarts, line: one.log.end() };
        let goes_on = matches!(one.state, State::Running(_));
        Ok((text(&one.log, 0, wanted), goes_on.then_some(place)))
    }
}

fn follow(one: &Container, place: Place, wanted: &Wanted) -> (String, Option<Place>) {
    let again = Wanted { tail: None, since: None, ..wanted.clone() };
    if one.restarts != place.run {
        // Its last words, if it is only one run ago.
        let last = one.before.as_ref().filter(|_| one.restarts == place.run + 1);
        return (last.map(|log| text(log, place.line, &again)).unwrap_or_default(), None);
    }
    let next = Place { line: one.log.end(), ..place };
    let goes_on = matches!(one.state, State::Running(_));
    (text(&one.log, place.line, &again), goes_on.then_some(next))
}

fn text(log: &Log, from: u64, wanted: &Wanted) -> String {
    let lines = log.from(from).filter(|(_, (at, _))| wanted.since.is_none_or(|since| *at >= since));
    let lines: Vec<_> = match wanted.tail {
        Some(tail) => lines.rev().take(tail).collect::<Vec<_>>().into_iter().rev().collect(),
        None => lines.collect(),
    };
    let mut out = String::new();
    for (_, (at, line)) in lines {
        if wanted.stamps {
            out.extend([&*format!("{at:.9}"), " "]);
        }
        out.push_str(line);
        out.push('\n');
    }
    if out.len() > wanted.most {
        let cut = (0..=wanted.most).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(cut);
    }
    out
}
