//! From an action and the marked or selected things to what would be done.
use super::{groups, realms, table};
use crate::domain::Text;
use crate::domain::action::{Native, Verb};
use crate::domain::news::ActionId;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Owner, Realm};
use crate::domain::pod::{ContainerRole, Pod};
use crate::domain::settings::Action;
use crate::model::{Deed, Model};

/// What an action still needs before it can be asked about.
#[derive(Debug, PartialEq)]
pub enum Draft {
    Ready(Vec<Native>),
    /// A value has to be typed; `prefilled` is what stands now.
    Value {
        title: String,
        prefilled: String,
        natives: Vec<Native>,
    },
}

/// The marked things of the shown kind, in order.
pub fn marked(model: &Model) -> Vec<ObjectRef> {
    match groups::marking(model.board.kind) {
        Kind::Pod => model.pods.marked().iter().cloned().collect(),
        kind => {
            model.listing(kind).map_or_else(Vec::new, |listing| listing.marked().iter().cloned().collect())
        }
    }
}

/// What `action` would do to `targets`; an error says which kind it is for. Of many marked ones, those are left out
/// to which it cannot be done; `left` says which and why.
pub fn draft(
    model: &Model,
    action: Action,
    targets: &[ObjectRef],
    left: &mut Vec<String>,
) -> Result<Draft, String> {
    let mut natives = Vec::new();
    for target in targets {
        match native(model, action, target) {
            Ok(native) => natives.push(native),
            Err(why) => left.push(why),
        }
    }
    if let (true, Some(why)) = (natives.is_empty(), left.first()) {
        return Err(why.clone());
    }
    let mut natives: Vec<Native> = natives.into_iter().fold(Vec::new(), |mut all, native| {
        // Several pods of one deployment are restarted by one restart.
        if !all.contains(&native) {
            all.push(native);
        }
        all
    });
    natives.sort_by(|a, b| a.target.cmp(&b.target));
    let natives = realms::order(model, natives);
    if let Some((title, prefilled)) = realms::value(model, action, &natives) {
        return Ok(Draft::Value { title, prefilled, natives });
    }
    Ok(match (action, natives.as_slice()) {
        (Action::Scale, [one]) => Draft::Value {
            // Not filled in: who types 3 means 3, not 23.
            title: match one.verb {
                Verb::Scale { from, .. } => format!("replicas of {}, now {from}:", one.target),
                _ => format!("replicas of {}:", one.target),
            },
            prefilled: String::new(),
            natives,
        },
        (Action::Scale, many) => Draft::Value {
            title: format!("replicas of {} workloads:", many.len()),
            prefilled: String::new(),
            natives,
        },
        (Action::SetImage, [one]) => Draft::Value {
            title: format!("image of {} (container=image):", one.target),
            prefilled: image_of(one),
            natives,
        },
        (Action::SetImage, _) => {
            return Err("one workload at a time gets another image: take the marks away".into());
        }
        (Action::Shell, [one]) => match containers(model, &one.target).as_slice() {
            [] | [_] => Draft::Ready(natives),
            several => Draft::Value {
                title: format!("shell in which container ({}):", several.join(", ")),
                prefilled: shell_in(model, &one.target)
                    .map_or_else(|| several[0].clone(), |(_, container)| container.to_string()),
                natives,
            },
        },
        (Action::Shell, _) => return Err("one shell at a time: take the marks away".into()),
        _ => Draft::Ready(natives),
    })
}

/// The newest shell in this very pod or container that still runs, and the container's name.
pub fn shell_in<'m>(model: &'m Model, target: &ObjectRef) -> Option<(ActionId, &'m Text)> {
    let uid = match target.kind {
        Kind::Pod => &model.pods.get(target)?.uid,
        kind => &model.listing(kind)?.get(target)?.uid,
    };
    model.deeds.iter().rev().filter(|deed| !deed.outcome.is_final()).find_map(|deed| {
        let same = deed.native.target == *target && deed.native.uid == *uid;
        match &deed.native.verb {
            Verb::Shell { container, .. } if same => Some((deed.id, container)),
            _ => None,
        }
    })
}

/// The same for what would be asked: what was approved once and still runs is entered without being asked again.
pub fn running(model: &Model, natives: &[Native]) -> Option<ActionId> {
    let [wanted] = natives else { return None };
    let same = |deed: &&Deed| !deed.outcome.is_final() && deed.native == *wanted;
    let deed = model.deeds.iter().rev().find(same)?;
    matches!(wanted.verb, Verb::Shell { .. }).then_some(deed.id)
}

/// Takes the typed value in.
pub fn with_value(action: Action, mut natives: Vec<Native>, text: &str) -> Result<Vec<Native>, String> {
    let text = text.trim();
    for native in &mut natives {
        match (&mut native.verb, action) {
            (Verb::Scale { from, to }, _) => {
                *to = text.parse().map_err(|_| format!("`{text}` is not a number of replicas"))?;
                if to == from {
                    return Err(format!("{} has {from} already", native.target));
                }
                if *to > 10_000 {
                    return Err(format!("{to} replicas are more than any cluster runs"));
                }
            }
            (Verb::SetImage { container, from, to }, _) => {
                let (name, image) = text.split_once('=').unwrap_or((container, text));
                if image.is_empty() || image.contains(char::is_whitespace) {
                    return Err(format!("`{image}` is not an image"));
                }
                if image == &**from && name == &**container {
                    return Err(format!("{} runs `{image}` already", native.target));
                }
                if name != &**container {
                    // The look reads what this container has now.
                    *from = "".into();
                    *container = name.into();
                }
                *to = image.into();
            }
            (Verb::Shell { container, .. }, _) => *container = text.into(),
            _ => {}
        }
        realms::typed(native, action, text)?;
    }
    Ok(natives)
}

fn image_of(native: &Native) -> String {
    match &native.verb {
        Verb::SetImage { container, from, .. } => format!("{container}={from}"),
        _ => String::new(),
    }
}

fn native(model: &Model, action: Action, target: &ObjectRef) -> Result<Native, String> {
    if target.kind.realm() != Realm::Kubernetes {
        return realms::native(model, action, target);
    }
    let (target, uid) = resolve(model, action, target)?;
    let kind = target.kind;
    let wrong =
        |kinds: &str| Err(format!("{} works on {kinds}, not on a {kind}", action.name().replace('-', " ")));
    let rolls = matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
    let verb = match action {
        Action::Restart if rolls => Verb::Restart,
        Action::Undo if rolls => Verb::Undo { to: None },
        Action::Restart | Action::Undo => return wrong("deployments, stateful sets and daemon sets"),
        Action::Scale => match workload(model, &target) {
            Some((_, desired)) if matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet) => {
                Verb::Scale { from: desired, to: desired }
            }
            _ => return wrong("deployments (F2), stateful sets and replica sets"),
        },
        Action::SetImage => match workload(model, &target) {
            Some((Some((container, image)), _)) if rolls => {
                Verb::SetImage { container, from: image.clone(), to: image }
            }
            _ => return wrong("deployments (F2), stateful sets and daemon sets"),
        },
        Action::Delete if kind == Kind::Pod => Verb::Delete { grace_seconds: None, force: false },
        Action::ForceDelete if kind == Kind::Pod => Verb::Delete { grace_seconds: Some(0), force: true },
        Action::Cordon if kind == Kind::Node => {
            match model.listing(Kind::Node).and_then(|nodes| nodes.get(&target)) {
                Some(Object { facts: Facts::Node(node), .. }) if node.unschedulable => Verb::Uncordon,
                _ => Verb::Cordon,
            }
        }
        Action::Drain if kind == Kind::Node => Verb::Drain { grace_seconds: None, force: false },
        Action::Cordon | Action::Drain => return wrong("nodes (F4)"),
        Action::Shell if kind == Kind::Pod => {
            let container = containers(model, &target).into_iter().next().unwrap_or_default();
            Verb::Shell { container: container.into(), command: Vec::new() }
        }
        Action::Shell | Action::Delete | Action::ForceDelete => return wrong("pods"),
        other => return Err(format!("`{}` does nothing here", other.name())),
    };
    Ok(Native { target, uid, verb })
}

/// The thing that is meant: for a pod's rollout, what owns the pod. An empty uid is filled in by the look.
fn resolve(model: &Model, action: Action, target: &ObjectRef) -> Result<(ObjectRef, Text), String> {
    let gone = || format!("{target} is gone");
    if target.kind != Kind::Pod {
        let object = model.listing(target.kind).and_then(|listing| listing.get(target));
        return object.map(|object| (target.clone(), object.uid.clone())).ok_or_else(|| {
            if table::unread(model, target.kind) {
                format!("{} {target} is not read yet: try again in a moment", target.kind)
            } else {
                gone()
            }
        });
    }
    let pod = model.pods.get(target).ok_or_else(gone)?;
    if !matches!(action, Action::Restart | Action::Undo) {
        return Ok((target.clone(), pod.uid.clone()));
    }
    let owner =
        pod.owner.as_ref().ok_or_else(|| format!("{target} belongs to nothing that could roll it out"))?;
    let (kind, name, uid) = rollout_of(pod, owner).ok_or_else(|| {
        format!("{target} belongs to {} {}, which has no rollout", owner.kind.to_lowercase(), owner.name)
    })?;
    Ok((pod.id.sibling(kind, name), uid))
}

fn rollout_of(pod: &Pod, owner: &Owner) -> Option<(Kind, Text, Text)> {
    match &*owner.kind {
        "StatefulSet" => Some((Kind::StatefulSet, owner.name.clone(), owner.uid.clone())),
        "DaemonSet" => Some((Kind::DaemonSet, owner.name.clone(), owner.uid.clone())),
        "ReplicaSet" => {
            let hash =
                pod.labels.iter().find(|(key, _)| &**key == "pod-template-hash").map(|(_, value)| value)?;
            let name = owner.name.strip_suffix(&**hash)?.strip_suffix('-')?;
            Some((Kind::Deployment, name.into(), "".into()))
        }
        _ => None,
    }
}

/// First container with its image, and how many replicas are asked for.
fn workload(model: &Model, target: &ObjectRef) -> Option<(Option<(Text, Text)>, u32)> {
    match &model.listing(target.kind)?.get(target)?.facts {
        Facts::Workload(workload) => Some((workload.images.first().cloned(), workload.desired)),
        _ => None,
    }
}

fn containers(model: &Model, target: &ObjectRef) -> Vec<String> {
    let Some(pod) = model.pods.get(target) else { return Vec::new() };
    let main = pod.containers.iter().filter(|container| container.role != ContainerRole::Init);
    main.map(|container| container.name.to_string()).collect()
}
