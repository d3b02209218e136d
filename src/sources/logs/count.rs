//! Counts the lines that have a word, once: each log is read from a time on, no further than a few megabytes.
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use futures::{AsyncBufReadExt, AsyncReadExt, FutureExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DynamicObject, ListParams, LogParams};
use kube::{Api, Client, ResourceExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::words::refused;
use crate::domain::Text;
use crate::domain::object::{Kind, Realm};
use crate::domain::text::clean_to;
use crate::domain::vital::{LinesAsked, Whose};
use crate::sources::now;
use crate::sources::reason::reason;
use crate::sources::taps::{Counted, Counts, From, NoLog, Tap, Tapped, Taps};

/// Logs that are read for one question, and how many of them at once.
const MOST_LOGS: usize = 20;
const AT_ONCE: usize = 2;
/// What is read of one log.
const MOST_BYTES: usize = 4 << 20;
/// Lines that are kept to be shown.
const KEPT: usize = 50;
const WIDEST: usize = 500;
/// For all of it.
const WITHIN: Duration = Duration::from_secs(10);
/// An engine says that it has no more by saying nothing.
const SILENT: Duration = Duration::from_millis(400);
const FIRST: Duration = Duration::from_millis(2_500);

/// A context that is connected: its name, its client, and the namespaces in view; no names mean all.
pub type InView = (Text, Client, Vec<Text>);

/// Reads for whoever asks, over the connections that there are.
pub struct Counter {
    pub contexts: Arc<dyn Fn() -> Vec<InView> + Send + Sync>,
    pub taps: Option<Arc<dyn Taps>>,
    /// The names of the engines.
    pub engines: Vec<String>,
}

impl Counts for Counter {
    fn count<'a>(&'a self, asked: &'a LinesAsked) -> BoxFuture<'a, Result<Counted, String>> {
        async move {
            let until = Instant::now() + WITHIN;
            let logs = match timeout_at(until, self.logs(asked)).await {
                Ok(logs) => logs?,
                Err(_) => return Err("timed out".into()),
            };
            if logs.is_empty() {
                return Err("there is nobody of that name whose log could be read".into());
            }
            let all = logs.len();
            let reading: Vec<BoxFuture<'_, (String, Result<Read, String>)>> = logs
                .into_iter()
                .take(MOST_LOGS)
                .map(|log| {
                    async move {
                        let name = log.name.clone();
                        let read = timeout_at(until, log.read(asked)).await;
                        (name, read.unwrap_or_else(|_| Err("timed out".into())))
                    }
                    .boxed()
                })
                .collect();
            let read: Vec<_> = stream::iter(reading).buffer_unordered(AT_ONCE).collect().await;
            let mut counted = together(read)?;
            if all > MOST_LOGS {
                counted.missed.push(format!("{} more logs", all - MOST_LOGS));
            }
            Ok(counted)
        }
        .boxed()
    }
}

/// What was read of one log.
#[derive(Debug, Default)]
struct Read {
    lines: u64,
    last: Vec<String>,
    whole: bool,
}

/// Fails where nothing could be read; else says what is missing.
fn together(all: Vec<(String, Result<Read, String>)>) -> Result<Counted, String> {
    let mut counted = Counted::default();
    for (name, read) in all {
        match read {
            Ok(read) => {
                counted.read += 1;
                counted.lines += read.lines;
                if !read.whole {
                    counted.missed.push(format!("{name} beyond {} MB", MOST_BYTES >> 20));
                }
                counted.last.extend(read.last.into_iter().map(|line| (name.clone(), line)));
            }
            Err(why) => counted.missed.push(format!("{name}: {why}")),
        }
    }
    if counted.read == 0 {
        return Err(counted.missed.first().cloned().unwrap_or_default());
    }
    // Each begins with its time.
    counted.last.sort_by(|a, b| a.1.cmp(&b.1));
    let old = counted.last.len().saturating_sub(KEPT);
    counted.last.drain(..old);
    Ok(counted)
}

/// One log that there is.
struct Log {
    name: String,
    way: Way,
}

enum Way {
    Pod { client: Client, namespace: String, pod: String, container: Option<String> },
    Engine { taps: Arc<dyn Taps>, engine: String, id: Text },
}

impl Counter {
    async fn logs(&self, asked: &LinesAsked) -> Result<Vec<Log>, String> {
        if let Whose::Containers(names) = &asked.of {
            return self.of_engines(names);
        }
        let contexts = (self.contexts)();
        if contexts.is_empty() {
            return Err("no cluster is connected".into());
        }
        let mut logs = Vec::new();
        for (context, client, namespaces) in contexts {
            let own = asked.namespace.iter().map(|own| Text::from(own.as_str()));
            let namespaces: Vec<Text> = if asked.namespace.is_some() { own.collect() } else { namespaces };
            let everywhere = namespaces.is_empty().then(|| Text::from(""));
            for namespace in everywhere.into_iter().chain(namespaces) {
                let found = of_pods(&client, &namespace, asked).await;
                logs.extend(found.map_err(|why| format!("{context}: {why}"))?);
            }
        }
        Ok(logs)
    }

    fn of_engines(&self, names: &[String]) -> Result<Vec<Log>, String> {
        let taps = self.taps.as_ref().ok_or("no engine is named")?;
        let (mut logs, mut down) = (Vec::new(), None);
        for engine in &self.engines {
            let all = match taps.containers(engine) {
                Ok(all) => all,
                Err(why) => {
                    down = Some(format!("{engine}: {why}"));
                    continue;
                }
            };
            let own = all.into_iter().filter(|one| names.iter().any(|name| is_of(one, name)));
            logs.extend(own.map(|one| Log {
                name: one.name.to_string(),
                way: Way::Engine { taps: taps.clone(), engine: engine.clone(), id: one.id },
            }));
        }
        match down {
            // Whose containers cannot be seen may have had the lines.
            Some(why) => Err(why),
            None => Ok(logs),
        }
    }
}

/// Whether a container bears a name, or is one of a Compose service of that name: `shop-web-1`.
fn is_of(one: &Tapped, name: &str) -> bool {
    if &*one.name == name {
        return true;
    }
    let numbered = one.name.strip_prefix(&*one.project).filter(|_| !one.project.is_empty());
    let rest =
        numbered.and_then(|rest| rest.strip_prefix(['-', '_'])).and_then(|rest| rest.strip_prefix(name));
    let number = rest.and_then(|rest| rest.strip_prefix(['-', '_']));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

async fn of_pods(client: &Client, namespace: &str, asked: &LinesAsked) -> Result<Vec<Log>, String> {
    let api: Api<Pod> = match namespace {
        "" => Api::all(client.clone()),
        namespace => Api::namespaced(client.clone(), namespace),
    };
    let said = |error: kube::Error| refused(&error, namespace).words();
    let selectors = match &asked.of {
        Whose::Labelled(label) => vec![label.clone()],
        Whose::Named(named) => {
            let mut selectors = Vec::new();
            for (kind, name) in named {
                selectors.push(match Kind::parse(kind) {
                    Some(Kind::Pod) => {
                        return Ok(pod(&api.get(name).await.map_err(said)?, client).into_iter().collect());
                    }
                    Some(kind) if kind.realm() == Realm::Kubernetes => {
                        selector(client, namespace, kind, name).await?
                    }
                    _ => return Err(format!("`{kind}` has no pods")),
                });
            }
            selectors
        }
        Whose::Containers(_) => Vec::new(),
    };
    let mut logs = Vec::new();
    for selector in selectors {
        // One more than is read, so that it is seen when some are left out.
        let most = u32::try_from(MOST_LOGS + 1).unwrap_or(u32::MAX);
        let pods = api.list(&ListParams::default().labels(&selector).limit(most)).await.map_err(said)?;
        logs.extend(pods.items.iter().filter_map(|one| pod(one, client)));
    }
    Ok(logs)
}

/// The container that `kubectl logs` takes; none where nothing was started yet.
fn pod(pod: &Pod, client: &Client) -> Option<Log> {
    const USUAL: &str = "kubectl.kubernetes.io/default-container";
    let spec = pod.spec.as_ref()?;
    let first = spec.containers.first().map(|container| container.name.clone());
    let container = pod.annotations().get(USUAL).cloned().or(first);
    let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
    let pending = pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Pending");
    (!pending).then(|| Log {
        name: name.clone(),
        way: Way::Pod { client: client.clone(), namespace, pod: name, container },
    })
}

/// The labels of a workload's pods.
async fn selector(client: &Client, namespace: &str, kind: Kind, name: &str) -> Result<String, String> {
    let group = kind.group();
    let resource = ApiResource {
        group: group.into(),
        version: kind.version().into(),
        api_version: if group.is_empty() {
            kind.version().into()
        } else {
            format!("{group}/{}", kind.version())
        },
        kind: kind.title().into(),
        plural: kind.plural().into(),
    };
    if namespace.is_empty() {
        return Err(format!("{kind} {name}: name its namespace, `-n`"));
    }
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let found = api.get_opt(name).await.map_err(|error| match &error {
        kube::Error::Api(status) if status.code == 403 => {
            format!("needs get {} in `{namespace}`", kind.plural())
        }
        error => reason(error),
    })?;
    let found = found.ok_or_else(|| format!("there is no {kind} {name} in `{namespace}`"))?;
    let labels = found.data["spec"]["selector"]["matchLabels"].as_object().cloned().unwrap_or_default();
    let labels: Vec<String> =
        labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    if labels.is_empty() {
        Err(format!("{kind} {name} selects no pods by labels"))
    } else {
        Ok(labels.join(","))
    }
}

impl Log {
    async fn read(self, asked: &LinesAsked) -> Result<Read, String> {
        let began = now();
        let since = began.0 / 1_000 - i64::try_from(asked.since.as_secs()).unwrap_or(0);
        let tap = match self.way {
            Way::Engine { taps, engine, id } => {
                taps.open(&engine, &id, From::Since(since)).await.map_err(|none| match none {
                    NoLog::Gone => "it is gone".to_owned(),
                    NoLog::Forbidden { needs } => format!("needs {needs}"),
                    NoLog::Elsewhere { why } | NoLog::Broken { why } => why,
                })?
            }
            Way::Pod { client, namespace, pod, container } => {
                let params = LogParams {
                    container,
                    timestamps: true,
                    since_time: k8s_openapi::jiff::Timestamp::from_second(since).ok(),
                    limit_bytes: i64::try_from(MOST_BYTES).ok(),
                    ..LogParams::default()
                };
                let path = format!("/api/v1/namespaces/{namespace}/pods");
                let request =
                    kube::core::Request::new(path).logs(&pod, &params).map_err(|error| reason(&error))?;
                let opened = client.request_stream(request).await;
                Box::pin(opened.map_err(|error| refused(&error, &namespace).words())?)
            }
        };
        scan(tap, asked, &began.rfc3339()).await
    }
}

/// Reads until the end, until what was written after the beginning of it, or until nothing comes.
async fn scan(tap: Tap, asked: &LinesAsked, began: &str) -> Result<Read, String> {
    let mut read = Read { whole: true, ..Read::default() };
    let (mut bytes, mut line) = (0, Vec::new());
    // Not even a single line is longer.
    let mut tap = tap.take(MOST_BYTES as u64);
    // To the second: how the rest is written differs.
    let began = began.get(..19).unwrap_or(began);
    loop {
        line.clear();
        let patience = if bytes == 0 { FIRST } else { SILENT };
        let next = match timeout(patience, tap.read_until(b'\n', &mut line)).await {
            Err(_) | Ok(Ok(0)) => return Ok(read),
            Ok(Ok(next)) => next,
            Ok(Err(error)) => return Err(reason(&error)),
        };
        bytes += next;
        let text = String::from_utf8_lossy(&line);
        let (at, text) = text.trim_end().split_once(' ').map_or(("", ""), |(at, text)| (at, text));
        if at.get(..19).is_some_and(|second| second > began) {
            return Ok(read);
        }
        if asked.hits(text) {
            read.lines += 1;
            read.last.push(format!("{at} {}", clean_to(text, WIDEST)));
            if read.last.len() > KEPT * 2 {
                read.last.drain(..KEPT);
            }
        }
        if bytes >= MOST_BYTES {
            read.whole = false;
            return Ok(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &str) -> LinesAsked {
        LinesAsked::parse(&format!("-l app=web -- {words}")).expect("words")
    }

    fn tap(text: &'static str) -> Tap {
        Box::pin(futures::io::Cursor::new(text.as_bytes()))
    }

    #[tokio::test]
    async fn lines_with_a_word_are_counted_up_to_now() {
        let text = "2026-11-26T20:00:00.1Z boot\n2026-11-26T20:00:01.1Z ERROR one\n\
                    2026-11-26T20:00:02.1Z Error \u{1b}[2Jtwo\n2026-11-26T20:09:00.1Z error later\n";
        let read = scan(tap(text), &asked("error"), "2026-11-26T20:00:05Z").await.expect("read");
        assert_eq!((read.lines, read.whole), (2, true), "what is written meanwhile is for the next time");
        assert!(
            read.last[1].starts_with("2026-11-26T20:00:02.1Z Error ") && !read.last[1].contains('\u{1b}')
        );
    }

    #[tokio::test]
    async fn a_log_without_end_is_read_no_further_than_a_few_megabytes() {
        let line = "2026-11-26T20:00:00.1Z error again and again and again\n";
        let text: &'static str = Box::leak(line.repeat(MOST_BYTES / line.len() + 10).into_boxed_str());
        let read = scan(tap(text), &asked("error"), "2026-11-26T20:00:05Z").await.expect("read");
        assert!(!read.whole && read.last.len() <= KEPT * 2);
        let all = together(vec![("web-0".into(), Ok(read)), ("web-1".into(), Err("timed out".into()))]);
        let all = all.expect("some");
        assert_eq!((all.read, all.last.len()), (1, KEPT));
        assert_eq!(all.missed, ["web-0 beyond 4 MB", "web-1: timed out"]);
    }

    #[test]
    fn what_could_not_be_read_at_all_is_no_answer() {
        let none = together(vec![("web-0".into(), Err("forbidden: needs get pods/log in `a`".into()))]);
        assert_eq!(none, Err("web-0: forbidden: needs get pods/log in `a`".into()));
    }

    #[test]
    fn a_service_is_all_of_its_containers_and_no_others() {
        let one = |name: &str, project: &str| Tapped {
            name: name.into(),
            project: project.into(),
            ..Tapped::default()
        };
        assert!(is_of(&one("web", ""), "web"));
        assert!(is_of(&one("shop-web-1", "shop"), "web") && is_of(&one("shop_web_12", "shop"), "web"));
        for (name, project) in
            [("shop-web-2-1", "shop"), ("shop-webhook-1", "shop"), ("web-1", ""), ("shop-web", "shop")]
        {
            assert!(!is_of(&one(name, project), "web"), "{name}");
        }
    }
}
