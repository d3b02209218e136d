//! Evidence of how things were, gathered before the first change destroys it.
use std::fmt::Write as _;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use kube::Client;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::api;
use super::facts::{container_status, containers};
use super::inspect::{inspect, surroundings};
use super::pick::{count, name, text};
use crate::domain::Text;
use crate::domain::action::{Native, Verb};
use crate::domain::news::Inspection;
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::secret::mask;
use crate::domain::text::clean_lines;
use crate::sources::kubernetes::connect::Cluster;

const WITHIN: Duration = Duration::from_secs(5);
/// Pods whose description and logs are kept, over all targets.
const MOST_PODS: usize = 20;
const LINES: u32 = 500;
const AT_ONCE: usize = 8;

/// Describes every target, and keeps the logs of the pods it would touch: file names and contents.
/// What is not had in time is left out and named in `missing.txt`.
pub async fn keep(cluster: impl Fn(&Text) -> Option<Cluster>, plan: &[Native]) -> Vec<(String, String)> {
    let until = Instant::now() + WITHIN;
    // Things of the same name in two contexts are two things.
    let apart = plan.iter().any(|native| native.target.context != plan[0].target.context);
    let mut missing = Vec::new();
    let mut kept = Vec::new();
    let mut pods: Vec<(Client, ObjectRef)> = Vec::new();
    for native in plan.iter().take(MOST_PODS) {
        let Some(cluster) = cluster(&native.target.context) else {
            missing.push(format!("{}: context `{}` is not connected", native.target, native.target.context));
            continue;
        };
        let looks = async {
            tokio::join!(inspect(&cluster.client, &native.target), affected(&cluster.client, native))
        };
        let Ok((inspection, affected)) = timeout_at(until, looks).await else {
            missing.push(format!("{}: no answer in time", native.target));
            continue;
        };
        kept.push((file(&native.target, "txt", apart), page(&inspection)));
        pods.extend(affected.into_iter().map(|pod| (cluster.client.clone(), pod)));
    }
    let over = plan.len().saturating_sub(MOST_PODS) + pods.len().saturating_sub(MOST_PODS);
    if over > 0 {
        missing.push(format!("{over} more were not kept: at most {MOST_PODS} are"));
    }
    pods.truncate(MOST_PODS);
    let mut reads = Vec::new();
    for (client, pod) in &pods {
        reads.push(async move { (pod, timeout_at(until, evidence(client, pod, apart)).await.ok()) }.boxed());
    }
    let mut found = stream::iter(reads).buffered(AT_ONCE);
    while let Some((pod, files)) = found.next().await {
        match files {
            Some(files) => kept.extend(files),
            None => missing.push(format!("{pod}: no answer in time")),
        }
    }
    if !missing.is_empty() {
        kept.push(("missing.txt".into(), missing.join("\n") + "\n"));
    }
    // One pod may be hit by two actions.
    kept.sort();
    kept.dedup_by(|a, b| a.0 == b.0);
    kept
}

/// What [`keep`] will keep of a plan, in words for its question. A shell changes nothing by itself.
pub(super) fn promise(plan: &[Native]) -> Vec<String> {
    let kept = plan.iter().filter(|native| !matches!(native.verb, Verb::Shell { .. })).count();
    if kept == 0 {
        return Vec::new();
    }
    let pods = plan.iter().all(|native| native.target.kind == Kind::Pod);
    let of = match (pods, kept) {
        (true, 1) => "it".to_owned(),
        (true, n) if n <= MOST_PODS => format!("{n} pods"),
        (true, n) => format!("{MOST_PODS} of {n} pods"),
        (false, _) => format!("at most {MOST_PODS} of its pods"),
    };
    vec![format!("before it begins: describe, events, logs and previous logs of {of}")]
}

/// The pods that an action touches, those in trouble first.
async fn affected(client: &Client, native: &Native) -> Vec<ObjectRef> {
    let target = &native.target;
    if target.kind == Kind::Pod {
        return vec![target.clone()];
    }
    let Ok(object) = api::read(client, &api::path(target)).await else { return Vec::new() };
    let mut pods = surroundings(client, target, &object, &mut Vec::new()).await.pods;
    pods.sort_by_key(|pod| std::cmp::Reverse(restarts(pod)));
    let place = |pod: &Value| ObjectRef {
        kind: Kind::Pod,
        namespace: text(pod, "/metadata/namespace").into(),
        name: name(pod).into(),
        ..target.clone()
    };
    pods.iter().map(place).collect()
}

fn restarts(pod: &Value) -> u32 {
    super::pick::items(pod, "/status/containerStatuses").iter().map(|s| count(s, "/restartCount")).sum()
}

/// Every line of a log without what it must not show.
fn masked(log: &str) -> String {
    let mut out = String::with_capacity(log.len());
    for line in log.lines() {
        out.push_str(&String::from_utf8_lossy(&mask(line.as_bytes())));
        out.push('\n');
    }
    out
}

/// A pod's page and the last lines of its containers, of those before the last restart too.
async fn evidence(client: &Client, pod: &ObjectRef, apart: bool) -> Vec<(String, String)> {
    let path = api::path(pod);
    let (inspection, object) = tokio::join!(inspect(client, pod), api::read(client, &path));
    let mut out = vec![(file(pod, "txt", apart), page(&inspection))];
    let Ok(object) = object else { return out };
    for (role, container) in containers(&object, "/spec") {
        let container_name = text(container, "/name");
        let status = container_status(&object, role, container_name);
        let restarted = status.is_some_and(|status| count(status, "/restartCount") > 0);
        for previous in [false, true] {
            if previous && !restarted {
                continue;
            }
            let encoded = api::encode(container_name);
            let query = format!(
                "container={encoded}&previous={previous}&tailLines={LINES}&limitBytes=1000000&timestamps=true"
            );
            if let Ok(log) = api::read_text(client, &format!("{path}/log?{query}")).await
                && !log.is_empty()
            {
                let which = if previous { "previous.log" } else { "log" };
                out.push((
                    file(pod, &format!("{}.{which}", safe(container_name)), apart),
                    masked(&clean_lines(&log)),
                ));
            }
        }
    }
    out
}

/// An inspection as a page of text.
pub fn page(inspection: &Inspection) -> String {
    let mut out = format!("{} {}\n", inspection.target.kind, inspection.target);
    for section in &inspection.sections {
        let _ = write!(out, "\n{}\n", section.title);
        for line in &section.lines {
            let indent = "  ".repeat(usize::from(line.indent) + 1);
            let _ = writeln!(out, "{indent}{:<16} {}", line.label, line.value);
        }
    }
    out.push_str("\nEvents\n");
    for event in &inspection.events {
        if let Facts::Event(event) = &event.facts {
            let sign = if event.warning { '!' } else { ' ' };
            let when = event.last.rfc3339();
            let _ = writeln!(out, "{sign} {when} {} ×{} {}", event.reason, event.count, event.message);
        }
    }
    for missing in &inspection.missing {
        let _ = write!(out, "\nmissing: {missing}\n");
    }
    let _ = write!(out, "\nYAML\n{}", inspection.yaml);
    out
}

fn file(target: &ObjectRef, ending: &str, apart: bool) -> String {
    let context = if apart { format!("{}.", safe(&target.context)) } else { String::new() };
    let namespace =
        if target.namespace.is_empty() { String::new() } else { format!("{}.", safe(&target.namespace)) };
    format!("{context}{}.{namespace}{}.{ending}", target.kind, safe(&target.name))
}

/// A name that stays inside its directory on every file system.
fn safe(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' })
        .collect();
    kept.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_inside_the_directory() {
        let target = ObjectRef {
            context: "c".into(),
            kind: Kind::Pod,
            namespace: "..".into(),
            name: "../../etc/x\n".into(),
        };
        assert_eq!(file(&target, "txt", false), "pod.__.______etc_x_.txt");
        assert_eq!(file(&target, "txt", true), "c.pod.__.______etc_x_.txt");
    }

    #[test]
    fn a_password_in_a_log_is_not_kept() {
        let log = "T a password=\"open\nT token=hunter2\n";
        assert_eq!(masked(log), "T a password=\"(hidden)\nT token=(hidden)\n");
    }

    #[tokio::test]
    async fn evidence_of_one_name_in_two_contexts_is_kept_for_both() {
        let native = |context: &str| {
            let (kind, namespace, name) = (Kind::Deployment, "shop".into(), "web".into());
            let target = ObjectRef { context: context.into(), kind, namespace, name };
            Native { target, uid: "u".into(), verb: Verb::Restart }
        };
        let plan = [native("eu"), native("us")];
        let nobody = |_: &Text| Some(silent());
        let names: Vec<String> = keep(nobody, &plan).await.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["eu.deployment.shop.web.txt", "us.deployment.shop.web.txt"]);
    }

    /// A cluster whose server refuses every connection.
    fn silent() -> Cluster {
        let mut config = kube::Config::new(http::Uri::from_static("http://127.0.0.1:1"));
        config.root_cert = Some(Vec::new());
        let client = Client::try_from(config).expect("a client");
        Cluster {
            context: "c".into(),
            actions: client.clone(),
            client,
            namespaces: Vec::new(),
            namespace_origin: "flag",
            own_namespace: "".into(),
            server: "".into(),
            user: None,
            generation: 0,
        }
    }
}
