//! `firedeck open KIND/NAME`: lands on a thing as soon as its feed names it.
use super::{detail, table};
use crate::domain::object::{Kind, ObjectRef};
use crate::model::detail::Tab;
use crate::model::msg::Effect;
use crate::model::{Landing, Model};

/// How long the feed may take before we say that nothing was found, in seconds.
const PATIENCE: u64 = 15;

pub fn wanted(model: &mut Model, kind: Kind, namespace: Option<String>, name: String) -> Vec<Effect> {
    model.landing = Some(Landing { kind, namespace, name, since: model.now });
    table::show(model, kind)
}

/// Tries to land; called whenever something of the kind arrived.
pub fn land(model: &mut Model) -> Vec<Effect> {
    let Some(landing) = &model.landing else { return Vec::new() };
    let mut found = find(model, landing);
    if found.first().is_some_and(|id| *id.name != *landing.name) && table::unread(model, landing.kind) {
        // It only begins like that; the very name may still be on its way.
        found.clear();
    }
    match found.as_slice() {
        [] => Vec::new(),
        [one, rest @ ..] => {
            let (target, others) = (one.clone(), rest.len());
            model.landing = None;
            table::select(model, target.clone());
            if others > 0 {
                model.say(format!("{others} more bear this name; this is {target}"), false);
            }
            detail::open(model, target, Tab::Describe)
        }
    }
}

/// Things of this name, the exact ones before those that begin with it: `pod/web` finds `web-5dc8…`.
fn find(model: &Model, landing: &Landing) -> Vec<ObjectRef> {
    let fits = |id: &ObjectRef| {
        landing.namespace.as_deref().is_none_or(|namespace| *namespace == *id.namespace)
            && id.name.starts_with(&landing.name)
    };
    let mut found: Vec<ObjectRef> = match landing.kind {
        Kind::Pod => model.pods.all().map(|pod| &pod.id).filter(|id| fits(id)).cloned().collect(),
        kind => model.listing(kind).map_or_else(Vec::new, |listing| {
            listing.all().map(|object| &object.id).filter(|id| fits(id)).cloned().collect()
        }),
    };
    let exact = found.iter().any(|id| *id.name == *landing.name);
    found.retain(|id| !exact || *id.name == *landing.name);
    found.sort();
    found
}

/// Gives up, in words, when nothing of that name came.
pub fn tick(model: &mut Model) {
    if let Some(landing) = &model.landing
        && model.now.since(landing.since).as_secs() >= PATIENCE
    {
        let text = format!("there is no {} `{}` in view", landing.kind, landing.name);
        model.landing = None;
        model.say(text, true);
    }
}
