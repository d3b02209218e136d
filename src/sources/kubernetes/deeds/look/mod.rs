//! The look before a question is answered: read-only, and over within two seconds whatever the server does.
mod access;
pub(super) mod drain;
pub(super) mod effect;
mod keepers;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::stream;
use futures::{FutureExt, StreamExt};
use kube::Client;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::api::{self, Fault};
use super::kept;
use super::pick::{controller, number, uid};
use super::revisions::revisions;
use crate::domain::Text;
use crate::domain::action::{Check, Findings, Looked, Native, Verb};
use crate::domain::object::Kind;
use crate::domain::text::clean;
use crate::sources::kubernetes::connect::Cluster;
use access::Right;
use effect::{Ground, Told};

const WITHIN: Duration = Duration::from_secs(2);
/// Requests at once: a look over many rows is no burst for a server on fire.
const AT_ONCE: usize = 8;

/// Finds out what a plan would hit. `cluster` gives the connection of a context.
pub async fn look(cluster: impl Fn(&Text) -> Option<Cluster>, plan: &[Native]) -> Findings {
    let deadline = Instant::now() + WITHIN;
    let clusters: BTreeMap<&Text, Option<Cluster>> =
        plan.iter().map(|native| (&native.target.context, cluster(&native.target.context))).collect();
    // A plain loop: closures over borrowed rows would tie this future to one lifetime, and no task could run it.
    let mut looks = Vec::new();
    for native in plan {
        let client = clusters.get(&native.target.context).and_then(Option::as_ref).map(|c| &c.client);
        looks.push(part(client, native, deadline).boxed());
    }
    let parts = stream::iter(looks).buffered(AT_ONCE).collect::<Vec<Part>>();
    let (parts, access, identity) =
        tokio::join!(parts, may_i(&clusters, plan, deadline), who_am_i(&clusters, deadline));
    let mut found = Findings { allowed: access.0, unchecked: access.1, ..Findings::default() };
    match identity {
        Ok(identity) => found.identity = identity,
        Err(why) => found.unchecked.push(why),
    }
    let several = plan.len() > 1;
    let mut undo: Vec<String> = Vec::new();
    let mut drift: Vec<String> = Vec::new();
    let alike = alike(&parts);
    for part in parts {
        let name = part.looked.native.target.to_string();
        let named = |line: String| {
            if several && !alike.contains(&line) { format!("{name}: {line}") } else { line }
        };
        for line in part.told.effect.into_iter().map(named) {
            if !found.effect.contains(&line) {
                found.effect.push(line);
            }
        }
        found.warnings.extend(part.told.warnings.into_iter().map(named));
        found.unchecked.extend(part.unchecked.into_iter().map(named));
        drift.extend(part.told.refuse.map(named));
        if !part.told.undo.is_empty() {
            let line = named(part.told.undo);
            if !undo.contains(&line) {
                undo.push(line);
            }
        }
        found.actions.push(part.looked);
    }
    found.kept = kept::promise(plan);
    found.undo = undo.join("; ");
    found.drift = (!drift.is_empty()).then(|| drift.join("; "));
    tame(&mut found);
    found
}

/// What is true of every target is said once: a question over many rows has room for what differs.
fn alike(parts: &[Part]) -> Vec<String> {
    let says = |part: &Part, line: &String| part.told.effect.contains(line) || part.told.undo == *line;
    let Some((first, others)) = parts.split_first() else { return Vec::new() };
    let lines = first.told.effect.iter().chain([&first.told.undo]);
    lines.filter(|line| others.iter().all(|part| says(part, line))).cloned().collect()
}

/// What became of one action of the plan.
struct Part {
    looked: Looked,
    told: Told,
    unchecked: Vec<String>,
}

async fn part(client: Option<&Client>, native: &Native, deadline: Instant) -> Part {
    let mut part = Part {
        looked: Looked { native: native.clone(), generation: None, also: None },
        told: Told::default(),
        unchecked: Vec::new(),
    };
    if let Some(why) = effect::unfit(native) {
        part.told.refuse = Some(why);
        return part;
    }
    let Some(client) = client else {
        part.unchecked.push(format!("effect: context `{}` is not connected", native.target.context));
        return part;
    };
    let path = api::path(&native.target);
    let object = match timely(deadline, api::read(client, &path)).await {
        Ok(object) => object,
        Err(Late::Said(Fault::Gone)) => {
            part.told.refuse = Some(format!("{} `{}` is gone", native.target.kind, native.target));
            return part;
        }
        Err(late) => {
            part.unchecked.push(late.says("effect"));
            return part;
        }
    };
    let native = &known(native, &object);
    if let Some(why) = effect::drift(native, &object) {
        part.told.refuse = Some(why);
        return part;
    }
    part.looked.native.uid = native.uid.clone();
    let (ground, warnings) = ground(client, native, &object, deadline, &mut part.unchecked).await;
    part.told = effect::tell(native, &object, &ground);
    part.told.warnings.extend(warnings);
    part.looked.generation =
        number(&object, "/metadata/generation").filter(|_| native.target.kind != Kind::Pod);
    part.looked.also = part.told.also.take();
    if let Some(verb) = part.told.verb.take() {
        part.looked.native.verb = verb;
    }
    part
}

/// The action on this very object. Who asked from a pod's row knows the workload by name only, and means the
/// one that bears it now.
fn known(native: &Native, object: &Value) -> Native {
    let mut native = native.clone();
    if native.uid.is_empty() {
        native.uid = uid(object).into();
    }
    native
}

/// Reads what the effect depends on, all at once, and who would fight the change.
async fn ground(
    client: &Client,
    native: &Native,
    object: &Value,
    deadline: Instant,
    unchecked: &mut Vec<String>,
) -> (Ground, Vec<String>) {
    let target = &native.target;
    let verb = &native.verb;
    let is_drain = matches!(verb, Verb::Drain { .. });
    let history = async {
        match verb {
            Verb::Undo { .. } => Some(timely(deadline, revisions(client, target, object)).await),
            _ => None,
        }
    };
    let pods = async {
        let query = format!("fieldSelector={}", api::encode(&format!("spec.nodeName={}", target.name)));
        let path = api::collection(Kind::Pod, "");
        match verb {
            Verb::Cordon | Verb::Drain { .. } => {
                Some(timely(deadline, api::list(client, &path, &query)).await)
            }
            _ => None,
        }
    };
    let budgets = async {
        let namespace = if is_drain { "" } else { &*target.namespace };
        let path = api::within("/apis/policy/v1", namespace, "poddisruptionbudgets");
        match verb {
            Verb::Delete { .. } | Verb::Drain { .. } => {
                Some(timely(deadline, api::list(client, &path, "")).await)
            }
            _ => None,
        }
    };
    let owner = async {
        let (kind, name, _) = controller(object).filter(|_| matches!(verb, Verb::Delete { .. }))?;
        let kind = Kind::of_api(kind)?;
        timely(deadline, api::read(client, &api::path(&target.sibling(kind, name.into())))).await.ok()
    };
    let hpas = async {
        let path = api::collection(Kind::Hpa, &target.namespace);
        match verb {
            Verb::Scale { .. } => Some(timely(deadline, api::list(client, &path, "")).await),
            _ => None,
        }
    };
    let (history, pods, budgets, owner, hpas) = tokio::join!(history, pods, budgets, owner, hpas);
    let mut had = |answer: Option<Result<(Vec<Value>, bool), Late>>, what: &str| match answer? {
        Ok((items, more)) => {
            if more {
                unchecked.push(format!("{what}: only the first {} were read", items.len()));
            }
            Some(items)
        }
        Err(late) => {
            unchecked.push(late.says(what));
            None
        }
    };
    let mut warnings = Vec::new();
    if let (Verb::Scale { to, .. }, Some(hpas)) = (verb, had(hpas, "autoscalers")) {
        warnings.extend(keepers::autoscaler(&hpas, target.kind, &target.name, *to));
    }
    if matches!(verb, Verb::Scale { .. } | Verb::Undo { .. } | Verb::SetImage { .. }) {
        warnings.extend(keepers::keepers(target.kind, object));
    }
    let pods = had(pods, "pods");
    let budgets = had(budgets, "disruption budgets");
    let revisions = match history {
        Some(Ok(revisions)) => Some(revisions),
        Some(Err(late)) => {
            unchecked.push(late.says("revisions"));
            None
        }
        None => None,
    };
    (Ground { revisions, pods, budgets, owner }, warnings)
}

/// Every right that the plan needs, each asked once.
async fn may_i(
    clusters: &BTreeMap<&Text, Option<Cluster>>,
    plan: &[Native],
    deadline: Instant,
) -> (Check, Vec<String>) {
    let needed: BTreeSet<(&Text, Right)> = plan
        .iter()
        .flat_map(|native| access::rights(native).into_iter().map(|right| (&native.target.context, right)))
        .collect();
    let mut reviews = Vec::new();
    for (context, right) in needed {
        let cluster = clusters.get(context).and_then(Option::as_ref);
        reviews.push(
            async move {
                let Some(cluster) = cluster else {
                    return (Check::NotChecked, Some(format!("may I {}: not connected", right.says())));
                };
                match timely(deadline, access::review(&cluster.client, &right)).await {
                    Ok(check) => (check, None),
                    Err(late) => (Check::NotChecked, Some(late.says(&format!("may I {}", right.says())))),
                }
            }
            .boxed(),
        );
    }
    let answers = stream::iter(reviews).buffered(AT_ONCE).collect::<Vec<_>>().await;
    let unchecked = answers.iter().filter_map(|(_, why)| why.clone()).collect();
    (access::together(answers.into_iter().map(|(check, _)| check)), unchecked)
}

async fn who_am_i(
    clusters: &BTreeMap<&Text, Option<Cluster>>,
    deadline: Instant,
) -> Result<Option<String>, String> {
    let mut names = Vec::new();
    for (context, cluster) in clusters {
        let Some(cluster) = cluster else { continue };
        let name = timely(deadline, access::identity(&cluster.client)).await;
        let name = name.map_err(|late| late.says("who am I"))?;
        names.extend(name.map(|name| if clusters.len() > 1 { format!("{name} ({context})") } else { name }));
    }
    Ok((!names.is_empty()).then(|| names.join(", ")))
}

/// Why a check could not be made.
enum Late {
    Said(Fault),
    Slow,
}

impl Late {
    fn says(&self, what: &str) -> String {
        match self {
            Late::Slow => format!("{what}: no answer within {} s", WITHIN.as_secs()),
            Late::Said(fault) => fault.says(what),
        }
    }
}

async fn timely<T>(deadline: Instant, answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Late> {
    match timeout_at(deadline, answer).await {
        Ok(answer) => answer.map_err(Late::Said),
        Err(_) => Err(Late::Slow),
    }
}

/// What came from the server is shown: names, images and messages are made harmless in one place.
fn tame(found: &mut Findings) {
    let lists = [&mut found.effect, &mut found.warnings, &mut found.unchecked];
    for line in lists.into_iter().flatten().chain([&mut found.undo]) {
        scrub(line);
    }
    for line in found.drift.iter_mut().chain(found.identity.iter_mut()) {
        scrub(line);
    }
    if let Check::No(why) = &mut found.allowed {
        scrub(why);
    }
}

fn scrub(line: &mut String) {
    if let std::borrow::Cow::Owned(safe) = clean(line) {
        *line = safe;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::object::ObjectRef;

    fn restart(uid: &str) -> Native {
        let target = ObjectRef {
            context: "c".into(),
            kind: Kind::Deployment,
            namespace: "shop".into(),
            name: "web".into(),
        };
        Native { target, uid: uid.into(), verb: Verb::Restart }
    }

    #[test]
    fn only_what_is_true_of_every_target_is_said_without_its_name() {
        let part = |effect: &[&str], undo: &str| Part {
            looked: Looked { native: restart("u-1"), generation: None, also: None },
            told: Told {
                effect: effect.iter().map(ToString::to_string).collect(),
                undo: undo.into(),
                ..Told::default()
            },
            unchecked: Vec::new(),
        };
        let parts = [part(&["it has 30 s to stop", "owned by `a`"], "a new one comes"), {
            part(&["owned by `b`", "it has 30 s to stop"], "a new one comes")
        }];
        assert_eq!(alike(&parts), ["it has 30 s to stop", "a new one comes"]);
        let parts = [part(&["owned by `a`"], "a new one comes"), part(&["owned by `b`"], "")];
        assert!(alike(&parts).is_empty());
    }

    #[test]
    fn what_could_not_be_checked_says_so_once() {
        // The question puts `not checked` before it.
        assert_eq!(Late::Slow.says("who am I"), "who am I: no answer within 2 s");
        let late = Late::Said(Fault::Lost("connection reset".into()));
        assert_eq!(late.says("pods"), "pods: connection reset");
    }

    #[test]
    fn a_workload_known_by_name_alone_gets_the_identity_that_was_read() {
        let object = json!({"metadata": {"name": "web", "uid": "u-1"}});
        let found = known(&restart(""), &object);
        assert_eq!(&*found.uid, "u-1");
        assert_eq!(effect::drift(&found, &object), None);
    }

    #[test]
    fn an_identity_that_was_known_is_never_replaced_by_another() {
        let anew = json!({"metadata": {"name": "web", "uid": "u-2"}});
        let found = known(&restart("u-1"), &anew);
        assert_eq!(&*found.uid, "u-1");
        assert!(effect::drift(&found, &anew).is_some());
    }
}
