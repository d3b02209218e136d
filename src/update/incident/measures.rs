//! Whether measures still stand, as far as the panes know: the replicas and the images of a cluster's workloads.
use crate::domain::object::{Facts, Kind, ObjectRef, Workload};
use crate::incident::event::{MeasureSeen, Stands, What};
use crate::incident::state::Measure;
use crate::model::Model;
use crate::model::msg::Effect;

/// Kinds that have replicas and images.
pub(super) fn is_workload(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
}

/// What was seen is written down where it is something else than was seen before, whoever saw that.
pub(super) fn look(model: &Model) -> Vec<Effect> {
    let incidents = &model.incidents;
    let Some(state) = incidents.open().filter(|_| incidents.taken && !model.wall) else { return Vec::new() };
    let seen = state.open_measures().filter_map(|measure| {
        let (stands, says) = standing(model, measure)?;
        let known = measure.seen.as_ref().is_some_and(|seen| seen.stands == stands && seen.says == says);
        let measure = measure.measure.clone();
        (!known).then(|| What::MeasureSeen(MeasureSeen { measure, stands, says }))
    });
    seen.map(|what| Effect::Tell(Box::new(what))).collect()
}

/// Whether it stands, and what was read; none where it is of something that no pane shows.
fn standing(model: &Model, measure: &Measure) -> Option<(Stands, String)> {
    let target = target(model, &measure.measure)?;
    let listing = model.listing(target.kind)?;
    let object = listing.get(&target);
    let Some(Facts::Workload(workload)) = object.map(|object| &object.facts) else {
        // Another pane is looked at: what is not seen is not said.
        return None;
    };
    if measure.now.is_empty() {
        return None;
    }
    let is = read(workload, measure)?;
    let stands = match () {
        () if is == measure.now => Stands::Yes,
        () if is == measure.prior => Stands::No,
        () => Stands::Unknown,
    };
    Some((stands, is))
}

/// The value that it is about: the number of replicas, or the image of a container.
fn read(workload: &Workload, measure: &Measure) -> Option<String> {
    let what = measure.what.to_lowercase();
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if what.contains("replica") && number(&measure.now) {
        return Some(workload.desired.to_string());
    }
    if what.contains("image") {
        let named = workload.images.iter().find(|(container, _)| what.ends_with(&format!(" {container}")));
        let only = workload.images.first().filter(|_| workload.images.len() == 1);
        return named.or(only).map(|(_, image)| image.to_string());
    }
    None
}

fn target(model: &Model, name: &str) -> Option<ObjectRef> {
    let told = model.incidents.known.events().rev().find_map(|event| match &event.what {
        What::MeasureOpened(said) if said.measure == name => said.target.as_ref(),
        _ => None,
    });
    told.and_then(crate::incident::event::Target::thing).filter(|of| is_workload(of.kind))
}
