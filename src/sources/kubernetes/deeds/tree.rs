//! The tree of owners: from the topmost one down to an object and what it owns.
use kube::Client;
use serde_json::Value;

use super::api::{self, Fault};
use super::facts;
use super::pick::{controller, harmless, name, text, uid};
use crate::domain::level::Level;
use crate::domain::news::Branch;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::rollout::{Progress, progress};

/// An owner of an owner of an owner; more would be a ring.
const DEEPEST: usize = 6;
/// Children of one parent that are shown.
const MOST: usize = 50;

/// What the tree was grown from, and whatever could not be read.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub branches: Vec<Branch>,
    pub missing: Vec<String>,
}

/// `replica_sets` and `pods` are the children that were read already, as far as there are any.
pub(super) async fn grow(
    client: &Client,
    target: &ObjectRef,
    object: &Value,
    replica_sets: &[Value],
    pods: &[Value],
) -> Tree {
    let mut tree = Tree::default();
    let ancestors = climb(client, target, object, &mut tree.missing).await;
    let mut depth = 0;
    for ancestor in ancestors.into_iter().rev() {
        tree.branches.push(Branch { depth, ..ancestor });
        depth = depth.saturating_add(1);
    }
    tree.branches.push(branch(target, depth, object));
    children(&mut tree, target, depth.saturating_add(1), object, replica_sets, pods);
    tree
}

/// The owners, the nearest first.
async fn climb(
    client: &Client,
    target: &ObjectRef,
    object: &Value,
    missing: &mut Vec<String>,
) -> Vec<Branch> {
    let mut found = Vec::new();
    let mut below = object.clone();
    while found.len() < DEEPEST {
        let Some((kind, owner_name, owner_uid)) = controller(&below) else { break };
        let Some(known) = Kind::of_api(kind) else {
            // A kind that we know nothing of ends the climb, but it is named.
            found.push(Branch {
                depth: 0,
                kind: kind.into(),
                name: owner_name.into(),
                status: String::new(),
                level: Level::Fine,
                target: None,
            });
            break;
        };
        let place = target.sibling(known, owner_name.into());
        match api::read(client, &api::path(&place)).await {
            Ok(mut owner) if uid(&owner) == owner_uid => {
                harmless(&mut owner);
                found.push(branch(&place, 0, &owner));
                below = owner;
            }
            Ok(_) | Err(Fault::Gone) => {
                found.push(Branch {
                    status: "gone".into(),
                    level: Level::Warn,
                    ..branch(&place, 0, &Value::Null)
                });
                break;
            }
            Err(fault) => {
                missing.push(fault.says(&format!("owner {known} `{owner_name}`")));
                found.push(Branch { level: Level::Unknown, ..branch(&place, 0, &Value::Null) });
                break;
            }
        }
    }
    found
}

fn children(tree: &mut Tree, target: &ObjectRef, depth: u8, object: &Value, sets: &[Value], pods: &[Value]) {
    let of = |parent: &str, child: &&Value| controller(child).is_some_and(|(_, _, uid)| uid == parent);
    let mut sets: Vec<&Value> = sets.iter().filter(|set| of(uid(object), set)).collect();
    // The newest revision first; those that have no pods any more tell nothing.
    sets.sort_by_key(|set| std::cmp::Reverse(facts::workload(Kind::ReplicaSet, set).revision));
    sets.retain(|set| facts::workload(Kind::ReplicaSet, set).current > 0);
    for set in sets {
        let place = target.sibling(Kind::ReplicaSet, name(set).into());
        tree.branches.push(branch(&place, depth, set));
        leaves(tree, target, depth.saturating_add(1), pods.iter().filter(|pod| of(uid(set), pod)));
    }
    leaves(tree, target, depth, pods.iter().filter(|pod| of(uid(object), pod)));
}

fn leaves<'v>(tree: &mut Tree, target: &ObjectRef, depth: u8, pods: impl Iterator<Item = &'v Value>) {
    let mut all: Vec<Branch> =
        pods.map(|pod| branch(&target.sibling(Kind::Pod, name(pod).into()), depth, pod)).collect();
    all.sort_by(|a, b| (a.level, &a.name).cmp(&(b.level, &b.name)));
    let over = all.len().saturating_sub(MOST);
    tree.branches.extend(all.into_iter().take(MOST));
    if over > 0 {
        tree.branches.push(Branch {
            depth,
            kind: "Pod".into(),
            name: format!("… and {over} more").as_str().into(),
            status: String::new(),
            level: Level::Fine,
            target: None,
        });
    }
}

fn branch(place: &ObjectRef, depth: u8, object: &Value) -> Branch {
    let (status, level) = status(place.kind, object);
    Branch {
        depth,
        kind: place.kind.title().into(),
        name: place.name.clone(),
        status,
        level,
        target: Some(place.clone()),
    }
}

/// Some words on how it is.
fn status(kind: Kind, object: &Value) -> (String, Level) {
    if object.is_null() {
        return (String::new(), Level::Fine);
    }
    match kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => {
            let workload = facts::workload(kind, object);
            let words = format!("{} of {} ready", workload.ready, workload.desired);
            let words = workload.revision.map_or(words.clone(), |r| format!("{words} · revision {r}"));
            let level = match progress(kind, &workload) {
                Progress::Done => Level::Fine,
                Progress::Going(_) => Level::Warn,
                Progress::TimedOut => Level::Bad,
            };
            (words, level)
        }
        Kind::Pod => {
            let pod = facts::pod(&"".into(), object);
            // Whether its node is alive is judged by whoever has read the nodes.
            (pod.status().into_owned(), pod.level(Some(true)))
        }
        _ => (text(object, "/status/phase").to_owned(), Level::Fine),
    }
}
