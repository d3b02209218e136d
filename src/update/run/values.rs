//! Values that have to be given before a command can run: asked once per run, with what is known offered.
use super::beside::{self, Beside};
use super::{mark, open};
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::secret;
use crate::model::checklist::{Mark, Spot, Wants};
use crate::model::input::Input;
use crate::model::msg::Effect;
use crate::model::overlay::{Ask, Overlay};
use crate::model::{Dirty, Model};
use crate::runbook::Mode;
use crate::runbook::binding::{Origin, Sort, Value, Values, Wanted, wanted};
use crate::update::act;

/// So many candidates are named.
const NAMED: usize = 6;
/// So many rows are looked through for them.
const MOST: usize = 2_000;

/// All values of the open run, secrets among them.
pub(super) fn of(model: &Model) -> Values {
    let Some((_, known)) = open(model) else { return Values::default() };
    let mut values = known.run.values();
    if let Some(secrets) = model.runs.secrets.get(known.run.name()) {
        values.extend(secrets);
    }
    values
}

/// Asks for the first of these, by the way the document writes it.
pub(super) fn ask(model: &mut Model, missing: &[String]) {
    let Some(text) = missing.first() else { return };
    let Some(checklist) = &model.checklist else { return };
    let all = wanted(&checklist.book.runbook);
    let Some(one) = all.iter().find(|one| one.texts.contains(text)) else { return };
    let Offer { text: offered, origin, from, candidates } = offer(model, one);
    let others = match candidates.as_slice() {
        [] => None,
        all if one.sort == Sort::PodAddress => Some(format!("Down: {}", whose(model, all).join(", "))),
        all => Some(format!("Down: {}", all.join(", "))),
    };
    let known: Vec<String> = from.into_iter().chain(others).collect();
    let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join("; ")) };
    let title = format!("{}{known}:", one.asked_as(text));
    let ask = Ask::RunValue { name: one.name.clone(), title, offered: offered.clone(), origin, candidates };
    model.overlays.push(Overlay::Line { ask, input: Input::offered(&offered) });
}

/// Down and Up: the next of what is known, in a circle.
pub fn turned(model: &mut Model, down: bool) -> bool {
    let Some(Overlay::Line { ask: Ask::RunValue { candidates, .. }, input }) = model.overlays.last_mut()
    else {
        return false;
    };
    let now = candidates.iter().position(|one| one == input.text());
    let last = candidates.len().saturating_sub(1);
    let next = match (now, down) {
        (Some(at), true) if at < last => at + 1,
        (_, true) => 0,
        (Some(at), false) if at > 0 => at - 1,
        (_, false) => last,
    };
    let Some(text) = candidates.get(next) else { return false };
    *input = Input::offered(text);
    model.mark_dirty(Dirty::Now);
    true
}

/// Gives the values of the line here anew.
pub(super) fn anew(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let command = crate::panes::checklist::command(&checklist.book.runbook, checklist.here);
    let asked: Vec<String> = command
        .map(|command| command.placeholders.iter().map(|one| one.text.clone()).collect())
        .unwrap_or_default();
    if asked.is_empty() {
        model.say("nothing of this line is filled in", false);
    }
    ask(model, &asked);
    Vec::new()
}

/// What stands there when a value is asked for.
struct Offer {
    text: String,
    /// As the journal names it.
    origin: &'static str,
    /// Which row it is of.
    from: Option<String>,
    candidates: Vec<String>,
}

/// What is offered for a value: the alert's label, the selected row, what the panes know, the document's default.
fn offer(model: &Model, one: &Wanted) -> Offer {
    let plain = |text, origin, candidates| Offer { text, origin, from: None, candidates };
    let values = of(model);
    if let Some(value) = values.get(&one.name).filter(|_| one.sort != Sort::Secret) {
        let origin = match &value.origin {
            Origin::Label(_) => "alert",
            Origin::Row => "selection",
            Origin::Environment => "environment",
            Origin::Candidate => "candidate",
            Origin::Document => "default",
            Origin::Operator => "operator",
        };
        return plain(value.text.clone(), origin, Vec::new());
    }
    if let Some(label) = label(model, one) {
        return plain(label, "alert", Vec::new());
    }
    let candidates = candidates(model, one);
    if let Some(selected) = selected(model, one.sort) {
        return plain(selected, "selection", Vec::new());
    }
    if let Some(Beside { text, from, selected }) = beside::of(model, one) {
        let origin = if selected { "selection" } else { "candidate" };
        return Offer { text, origin, from: Some(from), candidates };
    }
    if let Some(arm) = fitting(model).filter(|arm| candidates.contains(arm)) {
        return plain(arm, "candidate", candidates);
    }
    match (candidates.as_slice(), &one.default) {
        (_, Some(default)) if !default.trim().is_empty() => plain(default.clone(), "default", candidates),
        ([only], _) => plain(only.clone(), "candidate", Vec::new()),
        _ => plain(String::new(), "operator", candidates),
    }
}

/// The label of the alert that the run is for.
fn label(model: &Model, one: &Wanted) -> Option<String> {
    let alert = model.checklist.as_ref()?.of.as_ref().filter(|of| of.kind == Kind::Alert)?;
    let Facts::Alerts(crate::domain::alert::AlertFacts::Alert(alert)) =
        &model.listing(Kind::Alert)?.get(alert)?.facts
    else {
        return None;
    };
    let same = |label: &str| {
        let plain = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let (label, name) = (plain(label), plain(&one.name));
        label == name || format!("{label}name") == name
    };
    let of_sort = |label: &str| match one.sort {
        Sort::Pod => label == "pod",
        Sort::Namespace => label == "namespace",
        Sort::Deployment => label == "deployment",
        Sort::Node => matches!(label, "node" | "instance"),
        Sort::Container => label == "container",
        Sort::Service => label == "service",
        _ => false,
    };
    let labels = || alert.labels.iter();
    let found = labels().find(|(name, _)| same(name)).or_else(|| labels().find(|(name, _)| of_sort(name)));
    found.map(|(_, value)| value.to_string())
}

fn kind_of(sort: Sort) -> Option<Kind> {
    Some(match sort {
        Sort::Pod => Kind::Pod,
        Sort::Deployment | Sort::Service => Kind::Deployment,
        Sort::Node => Kind::Node,
        Sort::Namespace => Kind::Namespace,
        _ => return None,
    })
}

/// The row that was selected or marked before the runbook was opened.
fn selected(model: &Model, sort: Sort) -> Option<String> {
    let kind = kind_of(sort)?;
    let of = model.checklist.as_ref()?.of.as_ref();
    let place = namespace(model);
    let from = |id: &ObjectRef| match (kind, id.kind) {
        (Kind::Namespace, _) if !id.namespace.is_empty() => Some(id.namespace.to_string()),
        // One of another place than the command's own is not meant.
        _ if !id.namespace.is_empty() && place.as_ref().is_some_and(|own| **own != *id.namespace) => None,
        (wanted, own) if wanted == own => Some(id.name.to_string()),
        _ => None,
    };
    let marked = act::marked(model);
    let row = match marked.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    };
    of.and_then(from).or_else(|| row.as_ref().and_then(from))
}

/// The namespace that the command names for which a value is asked.
pub(super) fn namespace(model: &Model) -> Option<String> {
    let checklist = model.checklist.as_ref()?;
    let command = crate::panes::checklist::command(&checklist.book.runbook, checklist.here)?;
    let mut words = command.statement.text.split_whitespace().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let named = match word {
            "-n" | "--namespace" => words.next(),
            word => word.strip_prefix("--namespace=").or_else(|| word.strip_prefix("-n=")),
        };
        if let Some(name) = named {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            return name.chars().all(plain).then(|| name.to_owned());
        }
    }
    None
}

/// What the name of a value speaks of: `redis-pod` is a pod of redis.
pub(super) fn words_of(one: &Wanted) -> Vec<String> {
    let own = one.name.to_lowercase();
    let words = own.split(|c: char| !c.is_ascii_alphanumeric());
    let words =
        words.filter(|word| word.len() > 2 && !matches!(*word, "pod" | "pods" | "podname" | "name" | "the"));
    words.map(str::to_owned).collect()
}

/// What the panes know of this sort: those that the value's own name speaks of first, then those in trouble.
fn candidates(model: &Model, one: &Wanted) -> Vec<String> {
    let sort = one.sort;
    let place = namespace(model);
    let here =
        |id: &ObjectRef| id.namespace.is_empty() || place.as_ref().is_none_or(|own| **own == *id.namespace);
    let mut found: Vec<String> = match kind_of(sort) {
        _ if sort == Sort::PodAddress => addresses(model),
        Some(Kind::Pod) => {
            let pods = model.pods.first(MOST).filter(|(pod, _)| here(&pod.id));
            let mut names: Vec<String> = pods.map(|(pod, _)| pod.id.name.to_string()).collect();
            let own = words_of(one);
            names.sort_by_key(|name| !own.iter().any(|word| name.contains(word.as_str())));
            names
        }
        Some(Kind::Namespace) => model.pods.first(200).map(|(pod, _)| pod.id.namespace.to_string()).collect(),
        Some(kind) => model
            .listing(kind)
            .map(|listing| {
                let all = listing.first(MOST).filter(|(object, _)| here(&object.id)).take(NAMED);
                all.map(|(object, _)| object.id.name.to_string()).collect()
            })
            .unwrap_or_default(),
        None if sort == Sort::Context => model.clusters.keys().map(ToString::to_string).collect(),
        None if one.texts.iter().any(|text| text == "$1") => {
            arms(model).map(|(_, arm)| arm.to_owned()).collect()
        }
        None => Vec::new(),
    };
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|name| seen.insert(name.clone()));
    found.truncate(NAMED);
    found
}

/// Whether it is the first argument, by which a script that is a menu is told what to do.
fn tells_the_arm(one: &Wanted) -> bool {
    one.texts.iter().any(|text| text == "$1")
}

/// What a script that is a menu may be told to do, each with the step that begins it.
fn arms(model: &Model) -> impl Iterator<Item = (usize, &str)> {
    let open = model.checklist.as_ref().map(|open| &open.book.runbook);
    let menu = open.filter(|runbook| runbook.mode == Mode::Menu);
    let steps = menu.map_or(&[][..], |runbook| runbook.steps.as_slice());
    let arms = steps.iter().enumerate().filter(|(_, step)| !step.is_arm());
    let arms = arms.filter_map(|(at, step)| Some((at, step.branch.as_deref()?)));
    arms.filter(|(_, arm)| arm.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
}

/// The one arm whose trouble the panes show.
fn fitting(model: &Model) -> Option<String> {
    let told = |step| model.runs.evidence.answers.get(&Spot { step, command: None });
    let mut fits =
        arms(model).filter(|(step, _)| told(*step).is_some_and(|answer| answer.fits == Some(true)));
    let (_, arm) = fits.next()?;
    fits.next().is_none().then(|| arm.to_owned())
}

/// Addresses of pods, those in trouble first: of the one that the runbook was opened for, where it is one.
fn addresses(model: &Model) -> Vec<String> {
    let of = model.checklist.as_ref().and_then(|open| open.of.as_ref()).filter(|of| of.kind == Kind::Pod);
    if let Some(ip) = of.and_then(|of| model.pods.get(of)).and_then(|pod| pod.ip.as_ref()) {
        return vec![ip.to_string()];
    }
    model.pods.first(NAMED * 4).filter_map(|(pod, _)| pod.ip.as_ref()).map(ToString::to_string).collect()
}

/// `10.1.0.7 of web-5dc8`: an address alone tells nobody anything.
fn whose(model: &Model, addresses: &[String]) -> Vec<String> {
    let of = |address: &String| {
        let mut pods = model.pods.first(NAMED * 4).map(|(pod, _)| pod);
        let pod = pods.find(|pod| pod.ip.as_deref() == Some(address.as_str()))?;
        Some(format!("{address} of {}", pod.id.name))
    };
    addresses.iter().map(|address| of(address).unwrap_or_else(|| address.clone())).collect()
}

/// A value was typed.
pub fn given(model: &mut Model, ask: &Ask, text: &str) -> Vec<Effect> {
    let Ask::RunValue { name, offered, origin, candidates, .. } = ask else { return Vec::new() };
    if text.trim().is_empty() {
        left(model);
        model.say(format!("`{name}` is not filled in: nothing was run"), true);
        return Vec::new();
    }
    let origin = match text {
        text if text == offered => origin,
        text if candidates.iter().any(|one| one == text) => "candidate",
        _ => "operator",
    };
    if (secret::looks_secret(name) || secret::carries_password(text))
        && let Some(run) = model.checklist.as_ref().and_then(|open| open.run.clone())
    {
        let value = Value { text: text.to_owned(), origin: Origin::Operator };
        model.runs.secrets.entry(run).or_default().set(name, value);
    }
    let value = Mark::Value { name: name.clone(), value: text.to_owned(), origin };
    let chosen = chosen(model, name, text);
    // What waits for it goes on once it is recorded.
    let mut effects = mark(model, value);
    effects.extend(chosen.into_iter().flat_map(|wish| mark(model, wish)));
    effects
}

/// Who tells a menu what to do has chosen the way that it goes.
fn chosen(model: &Model, name: &str, text: &str) -> Option<Mark> {
    let (checklist, known) = open(model)?;
    let all = wanted(&checklist.book.runbook);
    let tells = all.iter().any(|one| one.name == *name && tells_the_arm(one));
    let (step, _) = arms(model).find(|(_, arm)| tells && *arm == text)?;
    let gate = known.run.shape().gates(super::number(step)).last()?;
    let wish = Mark::Choose { asks: gate.asks, chosen: gate.option, no_longer: false };
    (known.run.chosen(gate.asks) != Some(gate.option)).then_some(wish)
}

/// It was left: what waited for it is not run.
pub fn left(model: &mut Model) {
    if let Some(open) = &mut model.checklist {
        open.wants = None;
    }
}

/// A line was typed for the open runbook.
pub fn typed(model: &mut Model, ask: &Ask, text: &str) -> Vec<Effect> {
    match ask {
        Ask::SkipReason { step } => {
            mark(model, Mark::Skip { step: *step, reason: text.trim().to_owned(), no_longer: false })
        }
        Ask::CloseReason { .. } => mark(model, Mark::Close { done: false, why: text.trim().to_owned() }),
        Ask::Command { at, beside } => {
            let wants = Wants::Own { at: *at, text: text.to_owned(), beside: *beside };
            super::go::want(model, wants)
        }
        _ => Vec::new(),
    }
}
