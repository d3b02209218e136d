//! Which runbooks fit what is wrong now, and which fit one thing.
use crate::domain::Text;
use crate::domain::alert::AlertFacts;
use crate::domain::database::DatabaseFacts;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::pod::Pod;
use crate::model::listing::Listing;
use crate::model::shelf::Fit;
use crate::model::{Dirty, Model};
use crate::panes::{database, fires};
use crate::runbook::suggest::{Alert, Hit, Index, NAMED, PodTrouble, SURE};

/// So much of what is wrong is looked at to find what fits it.
const ALERTS: usize = 6;
const PODS: usize = 3;
/// Milliseconds between two alerts that belong together.
const APART: i64 = 5 * 60_000;
/// More that fit are no help.
const FITS: usize = 5;

/// What fits what is wrong, worked out anew where something else is wrong now.
pub fn refit(model: &mut Model) {
    let Some(index) = model.shelf.index.clone() else { return };
    let alerts = apart(model).into_iter().map(|(id, alert)| (id, Wrong::Alert(alert)));
    let pods = model.pods.first(PODS).take_while(|(_, rank)| rank.level < Level::Fine);
    let pods = pods.map(|(pod, _)| (pod.id.clone(), Wrong::Pod(trouble(pod))));
    let servers = model.listing(Kind::Server).into_iter().flat_map(Listing::all);
    let servers = servers.filter_map(|object| Some((object.id.clone(), full(object)?)));
    let servers = servers.chain(shut(model));
    let wrong: Vec<(ObjectRef, Wrong)> = servers.chain(alerts).chain(pods).collect();
    let of: Vec<(ObjectRef, String)> = wrong.iter().map(|(id, wrong)| (id.clone(), wrong.sign())).collect();
    if of == model.shelf.fits_of {
        return;
    }
    let mut fits: Vec<Fit> = Vec::new();
    for (id, wrong) in &wrong {
        let mut hits = wrong.hits(&index);
        // Beside one of this very alert, one for other apps only takes room.
        if hits.iter().any(|hit| hit.score >= SURE) {
            hits.retain(|hit| hit.score >= SURE || hit.score < NAMED);
        }
        take_in(&mut fits, ranked(model, hits, id).into_iter().take(2));
    }
    // Of those that are surely meant, what comes first in the list of what is wrong stays first.
    let sure = |score: u32| (score / SURE).min(2) * SURE;
    fits.sort_by_key(|fit| std::cmp::Reverse(if fit.score < SURE { fit.score } else { sure(fit.score) }));
    fits.truncate(FITS);
    model.shelf.fits = fits;
    model.shelf.fits_of = of;
    model.mark_dirty(Dirty::Soon);
}

/// Each runbook once, by what speaks most for it.
fn take_in(fits: &mut Vec<Fit>, more: impl IntoIterator<Item = Fit>) {
    for fit in more {
        match fits.iter_mut().find(|known| known.book.id() == fit.book.id()) {
            Some(known) if known.score < fit.score => *known = fit,
            Some(_) => {}
            None => fits.push(fit),
        }
    }
}

/// What fires, each name once for each app: ten pods that crash are one thing that is wrong, and hide no other.
/// Alerts of namespaces that are not looked at come last.
fn apart(model: &Model) -> Vec<(ObjectRef, Alert)> {
    let all: Vec<(ObjectRef, Alert)> =
        model.firing.iter().filter_map(|id| Some((id.clone(), alert(model, id)?))).collect();
    let mut found: Vec<(ObjectRef, Alert)> = Vec::new();
    // A name that many apps have does not hide the other names.
    for other_app in [false, true] {
        for (id, new) in &all {
            let known = |old: &Alert| old.name == new.name && (!other_app || old.about() == new.about());
            if found.len() < ALERTS && !found.iter().any(|(_, old)| known(old)) {
                found.push((id.clone(), new.clone()));
            }
        }
    }
    let elsewhere = |alert: &Alert| {
        let named = alert.labels.iter().find(|(name, _)| name == "namespace");
        named.is_some_and(|(_, namespace)| !looks_at(model, namespace))
    };
    let place = |id: &ObjectRef| {
        let object = model.listing(id.kind).and_then(|listing| listing.get(id));
        object.and_then(fires::place).map(|(level, urgent, newest)| (level, urgent, -newest))
    };
    let mut placed: Vec<_> = found.into_iter().map(|(id, alert)| (place(&id), id, alert)).collect();
    let burst = burst(placed.iter().filter_map(|(place, ..)| Some(place.as_ref()?.2)).collect());
    placed.sort_by_key(|(place, _, alert)| {
        let place = place.map(|(level, urgent, since)| {
            // The cause of a burst began to fire before what follows from it; what fires since long is no news.
            (level, urgent, if since >= burst { (0, since) } else { (1, -since) })
        });
        (elsewhere(alert), place)
    });
    placed.into_iter().map(|(_, id, alert)| (id, alert)).collect()
}

/// When the newest burst of alerts began: no two of it are further apart than [`APART`].
fn burst(mut since: Vec<i64>) -> i64 {
    since.sort_unstable_by_key(|since| std::cmp::Reverse(*since));
    let mut began = since.first().copied().unwrap_or_default();
    for one in since {
        if began - one <= APART {
            began = one;
        }
    }
    began
}

fn looks_at(model: &Model, namespace: &str) -> bool {
    let shown =
        |namespaces: &[Text]| namespaces.is_empty() || namespaces.iter().any(|one| **one == *namespace);
    model.clusters.is_empty() || model.clusters.values().any(|cluster| shown(&cluster.namespaces))
}

/// The best first, those of this system's own documents before others that fit as well.
fn ranked(model: &Model, hits: Vec<Hit>, of: &ObjectRef) -> Vec<Fit> {
    let mut fits: Vec<Fit> = hits.into_iter().filter_map(|hit| model.shelf.fit(hit, Some(of))).collect();
    for fit in &mut fits {
        if model.settings.profile.hint(&fit.book.document.path).is_some() {
            fit.score *= 2;
        }
    }
    fits.sort_by_key(|fit| std::cmp::Reverse(fit.score));
    fits
}

enum Wrong {
    Alert(Alert),
    Pod(PodTrouble),
    /// How many of its connections a server has left, and whether that is none.
    Server {
        says: String,
        shut: bool,
    },
}

impl Wrong {
    /// What another look at the same thing would have to show to be of something else.
    fn sign(&self) -> String {
        match self {
            Wrong::Alert(alert) => alert.runbook_url.clone().unwrap_or_default(),
            Wrong::Pod(trouble) => trouble.reason.clone(),
            // Its number stands in the reason, beside the one of the database pane.
            Wrong::Server { says, .. } => says.clone(),
        }
    }

    fn hits(&self, index: &Index) -> Vec<Hit> {
        match self {
            Wrong::Alert(alert) => index.for_alert(alert),
            Wrong::Pod(trouble) => index.for_pod(trouble),
            Wrong::Server { says, shut } => {
                let summary = ("summary".to_owned(), "too many connections".to_owned());
                let alert = Alert {
                    name: "DatabaseConnectionExhaustion".into(),
                    annotations: vec![summary],
                    ..Alert::default()
                };
                let hits = index.for_alert(&alert);
                // Who lets nobody in is the cause of much else that fires.
                let least = if *shut { SURE } else { 0 };
                let said = |hit: Hit| Hit { reason: says.clone(), score: hit.score.max(least), ..hit };
                hits.into_iter().map(said).collect()
            }
        }
    }
}

/// Databases that let nobody in, us among them: what is known of them is only that.
fn shut(model: &Model) -> impl Iterator<Item = (ObjectRef, Wrong)> {
    database::shut(model).map(|name| {
        let id =
            ObjectRef { context: name.clone(), kind: Kind::Server, namespace: "".into(), name: name.clone() };
        (id, Wrong::Server { says: "no connection is left".into(), shut: true })
    })
}

/// `17 of 17 connections used`, where a server has few left.
fn full(object: &Object) -> Option<Wrong> {
    let Facts::Database(DatabaseFacts::Server(server)) = &object.facts else { return None };
    let near = server.gauge_level() < Level::Fine;
    near.then(|| {
        let all = server.usable();
        Wrong::Server { says: format!("{} of {all} connections used", server.used), shut: server.used >= all }
    })
}

fn alert(model: &Model, id: &ObjectRef) -> Option<Alert> {
    let object = model.listing(id.kind)?.get(id)?;
    let Facts::Alerts(AlertFacts::Alert(alert)) = &object.facts else { return None };
    let pairs = |pairs: &crate::domain::alert::Pairs| {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    };
    Some(Alert {
        name: alert.name.to_string(),
        labels: pairs(&alert.labels),
        annotations: pairs(&alert.annotations),
        runbook_url: alert.runbook.as_ref().map(ToString::to_string),
    })
}

fn trouble(pod: &Pod) -> PodTrouble {
    let mut reason = pod.status().to_string();
    if let Some((_, end)) = pod.last_end().filter(|(_, end)| end.code != 0) {
        reason = format!("{reason}, {} {}", end.reason, end.code);
    }
    PodTrouble {
        namespace: pod.id.namespace.to_string(),
        workload: pod.owner.as_ref().map_or_else(|| pod.id.name.to_string(), |owner| owner.name.to_string()),
        reason,
    }
}

/// The runbooks that fit one thing: those of its own trouble, and where none is of this very thing, those of the alerts
/// that fire for what it is of.
pub(in crate::update) fn fits_of(model: &Model, id: &ObjectRef) -> Vec<Fit> {
    let Some(index) = &model.shelf.index else { return Vec::new() };
    let wrong = match id.kind {
        Kind::Alert => alert(model, id).map(Wrong::Alert),
        Kind::Pod => model
            .pods
            .rank(id)
            .filter(|rank| rank.level < Level::Fine)
            .and_then(|_| model.pods.get(id))
            .map(|pod| Wrong::Pod(trouble(pod))),
        kind if kind.realm() == Realm::Database => {
            let servers = model.listing(Kind::Server).into_iter().flat_map(Listing::all);
            let mut own = servers.filter(|object| object.id.context == id.context);
            own.find_map(full)
        }
        _ => None,
    };
    let hits = wrong.map_or_else(Vec::new, |wrong| wrong.hits(index));
    let sure = hits.iter().any(|hit| hit.score >= SURE);
    let mut fits = ranked(model, hits, id);
    if !sure {
        for (of, alert) in related(model, id) {
            take_in(&mut fits, ranked(model, index.for_alert(&alert), &of));
        }
        fits.sort_by_key(|fit| std::cmp::Reverse(fit.score));
    }
    fits.truncate(FITS);
    fits
}

/// The alerts that fire for the app or the server that a thing is of, as far as their labels name it.
fn related<'m>(model: &'m Model, of: &'m ObjectRef) -> impl Iterator<Item = (ObjectRef, Alert)> + 'm {
    let names = names_of(model, of);
    let alerts = model.firing.iter().filter(move |id| *id != of);
    alerts.filter_map(move |id| Some((id.clone(), alert(model, id)?))).filter(move |(_, alert)| {
        let label = |wanted: &str| alert.labels.iter().find(|(name, _)| name == wanted);
        let elsewhere = label("namespace").is_some_and(|(_, namespace)| {
            of.kind.realm() == Realm::Kubernetes && !of.namespace.is_empty() && **namespace != *of.namespace
        });
        let tells = |name: &str| !matches!(name, "alertname" | "severity" | "namespace" | "cluster" | "job");
        let names = |value: &str| names.iter().any(|name| names_it(value, name));
        !elsewhere && alert.labels.iter().any(|(name, value)| tells(name) && names(value))
    })
}

/// Whether the value of a label is this name, or that of a host whose first part it is.
fn names_it(value: &str, name: &str) -> bool {
    let host = value.split(['.', ':']).next().filter(|host| host.parse::<u32>().is_err());
    value.eq_ignore_ascii_case(name) || host.is_some_and(|host| host.eq_ignore_ascii_case(name))
}

/// The names by which a label may mean a thing, or what it is of.
fn names_of(model: &Model, of: &ObjectRef) -> Vec<String> {
    let mut names: Vec<String> = vec![of.name.to_string()];
    // A cluster's context says nothing of one app in it.
    if of.kind.realm() != Realm::Kubernetes && of.kind.realm() != Realm::Vitals {
        names.push(of.context.to_string());
    }
    if let Some(pod) = model.pods.get(of) {
        names.extend(pod.owner.as_ref().map(|owner| owner.name.to_string()));
        let app = |name: &str| matches!(name, "app" | "app.kubernetes.io/name" | "component" | "service");
        names.extend(pod.labels.iter().filter(|(name, _)| app(name)).map(|(_, value)| value.to_string()));
    }
    let object = model.listing(of.kind).and_then(|listing| listing.get(of));
    match object.map(|object| &object.facts) {
        Some(Facts::Container(container)) => names.push(container.service.to_string()),
        Some(Facts::Database(DatabaseFacts::Session(session))) => {
            names.extend([&session.database, &session.application].map(ToString::to_string));
        }
        Some(Facts::Vital(vital)) => names.extend(vital.name.split_whitespace().map(str::to_owned)),
        Some(Facts::Alerts(AlertFacts::Alert(alert))) => {
            let about = |name: &str| crate::runbook::suggest::names_what(name);
            names.extend(
                alert.labels.iter().filter(|(name, _)| about(name)).map(|(_, value)| value.to_string()),
            );
        }
        _ => {}
    }
    names.retain(|name| name.len() > 1);
    names
}
