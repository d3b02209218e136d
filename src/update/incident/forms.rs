//! What is filled in: an incident, a severity, a role, a measure, a handover.
use super::grades;
use super::suggest::{self, Suggestion};
use crate::domain::alert::AlertFacts;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::settings::{Action, Key, KeyCode};
use crate::domain::time::Timestamp;
use crate::incident::clock::{Calendar, Clock};
use crate::incident::event::{
    Ended, HandedOver, IncidentOpened, MeasureClosed, MeasureOpened, OpenedFrom, RoleSet, SeveritySet,
    Target, What as Event,
};
use crate::incident::name;
use crate::incident::words::minute;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::form::{Field, Form, Measure, What};
use crate::model::incident::{Grade, Opening, Spot};
use crate::model::msg::Effect;
use crate::model::overlay::Overlay;
use crate::model::shelf::Book;
use crate::panes::things;
use crate::update::typing::edit;

const TITLE: &str = "title";
const SEVERITY: &str = "severity";
const WHY: &str = "why";
const ROLE: &str = "role";
const PERSON: &str = "person";
const WHAT: &str = "what";
const BEFORE: &str = "value before";
const NOW: &str = "value now";
const BACK: &str = "taken back by";
const OWNER: &str = "owner";
const DUE: &str = "due";
const ENDED: &str = "it";
const TO: &str = "to";
const SAYS: &str = "to be known";

/// The form of a new incident, with what is selected here in it.
pub(super) fn open(model: &mut Model) {
    if !model.incidents.read {
        model.say("the journals are being read: once more in a moment", false);
        return;
    }
    let (of, book) = meant(model);
    let run = model.checklist.as_ref().and_then(|open| open.run.clone());
    let focused = model.board.focus == PaneKind::Checklist;
    let alert = of.as_ref().and_then(|of| alert(model, of));
    let (from, title, detected) = match (&alert, &book) {
        (Some((target, title, since)), _) if !focused => {
            (OpenedFrom::Alert(target.clone()), title.clone(), *since)
        }
        (alert, Some(book)) if focused => {
            let from = match (run, alert) {
                (Some(run), _) => OpenedFrom::Run(run),
                (None, Some((target, _, _))) => OpenedFrom::Alert(target.clone()),
                (None, None) => OpenedFrom::Hand,
            };
            let since = alert.as_ref().map_or(model.now, |(_, _, since)| *since);
            (from, book.runbook.title.clone(), since)
        }
        _ => match (trouble(model, of.as_ref()), worst(model)) {
            // Nothing is wrong with what is selected: it is about what fires.
            (title, Some((target, worst, since))) if title.is_empty() => {
                (OpenedFrom::Alert(target), worst, since)
            }
            (title, _) => (OpenedFrom::Hand, title, model.now),
        },
    };
    // Whoever has a runbook open is on its scale, wherever he looks meanwhile.
    let open = || model.checklist.as_ref().map(|open| &open.book);
    let all = grades::of(model, book.as_ref().or_else(open));
    let offered = grades::offered(model, &all, book.as_ref(), of.as_ref());
    let severity = severity(&all, &offered);
    let opening = Opening { from, detected, grades: all, of };
    let title = crate::domain::text::clean_to(&title, 200).into_owned();
    let fields = vec![Field::new(TITLE, &title).needed().hint("what hurts, in a few words"), severity];
    model.overlays.push(Overlay::Form(Form::new(What::Open(Box::new(opening)), fields)));
}

fn severity(grades: &[Grade], offered: &str) -> Field {
    let more = |grade: &Grade| {
        let response = grade.response.as_deref().map(|time| format!("respond: {time}")).unwrap_or_default();
        let parts = [response, grade.criteria.clone(), grade.document.clone()];
        parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
    };
    let choices = grades.iter().map(|grade| (grade.name.clone(), more(grade))).collect();
    let hint = if grades.is_empty() { "no document here has a scale: any word" } else { "Down chooses" };
    Field::new(SEVERITY, offered).choices(choices).hint(hint)
}

/// The thing that it is about, and the runbook for it.
fn meant(model: &Model) -> (Option<ObjectRef>, Option<Book>) {
    match model.board.focus {
        PaneKind::Checklist => {
            let open = model.checklist.as_ref();
            (open.and_then(|open| open.of.clone()), open.map(|open| open.book.clone()))
        }
        PaneKind::Detail => {
            let of = model.detail.as_ref().map(|detail| detail.target.clone());
            let book = grades::book(model, of.as_ref());
            (of, book)
        }
        PaneKind::Overview => {
            let of = match &model.board.glance {
                Some(crate::model::board::Glance::Fire(of)) => Some(of.clone()),
                // What burns most, where nothing else is chosen.
                _ => model.firing.first().cloned(),
            };
            let book = grades::book(model, of.as_ref());
            (of, book)
        }
        _ => {
            let of = things::selected(model);
            let book = grades::book(model, of.as_ref());
            (of, book)
        }
    }
}

/// An alert as the journal names it, what it is called, and since when it is known.
fn alert(model: &Model, of: &ObjectRef) -> Option<(Target, String, Timestamp)> {
    let Facts::Alerts(AlertFacts::Alert(alert)) = &model.listing(Kind::Alert)?.get(of)?.facts else {
        return None;
    };
    let title = format!("{} {}", alert.name, alert.apart);
    let since = alert.since.filter(|since| *since <= model.now).unwrap_or(model.now);
    Some((Target::new(of, ""), title.trim().to_owned(), since))
}

/// The most urgent of what fires.
fn worst(model: &Model) -> Option<(Target, String, Timestamp)> {
    model.firing.iter().find_map(|of| alert(model, of))
}

/// What is wrong with the selected thing; nothing where it is well.
fn trouble(model: &Model, of: Option<&ObjectRef>) -> String {
    let Some(of) = of else { return String::new() };
    if of.kind == Kind::Pod {
        let bad = model.pods.rank(of).is_some_and(|rank| rank.level < Level::Fine);
        let pod = model.pods.get(of).filter(|_| bad);
        return pod.map(|pod| format!("{} {}", of.name, pod.status())).unwrap_or_default();
    }
    let listing = model.listing(of.kind);
    let bad = listing.and_then(|all| all.rank(of)).is_some_and(|rank| rank.level < Level::Fine);
    let row = listing.and_then(|all| all.get(of)).filter(|_| bad);
    row.map(|row| format!("{} {}", of.name, row.facts.status())).unwrap_or_default()
}

/// The form for this action.
pub(super) fn ask(model: &mut Model, action: Action) {
    let form = match action {
        Action::SetSeverity => {
            let book = model.checklist.as_ref().map(|open| open.book.clone());
            let of = opened_from(model);
            let book = book.or_else(|| grades::book(model, of.as_ref()));
            let all = grades::of(model, book.as_ref());
            let state = model.incidents.state();
            let now = state.and_then(|state| state.severity.as_ref()).map(|severity| severity.name.clone());
            let fields = vec![severity(&all, &now.unwrap_or_default()).needed(), Field::new(WHY, "")];
            Form::new(What::Severity(all), fields)
        }
        Action::SetRole => {
            let people = model.incidents.state().map(|state| state.people.clone()).unwrap_or_default();
            let choice = |text: &str| (text.to_owned(), String::new());
            let roles = ["commander", "communications", "scribe", "operations"].map(choice);
            let people = people.iter().map(|person| choice(person)).collect();
            let fields = vec![
                Field::new(ROLE, "commander").needed().choices(roles.into()),
                Field::new(PERSON, &model.user).choices(people).hint("empty: nobody any more"),
            ];
            Form::new(What::Role, fields)
        }
        Action::AddMeasure => new_measure(model),
        Action::EditMeasure => match measure_here(model) {
            Some(measure) => old_measure(model, &measure),
            None => return,
        },
        Action::EndMeasure => match measure_here(model) {
            Some(measure) => {
                let choice = |text: &str, more: &str| (text.to_owned(), more.to_owned());
                let ways = vec![choice(REVERTED, "it is as it was before"), choice(DISMISSED, "it may stay")];
                let fields = vec![
                    Field::new(ENDED, REVERTED).needed().choices(ways),
                    Field::new(WHY, "").hint("needed where it stays"),
                ];
                Form::new(What::EndMeasure { measure }, fields)
            }
            None => return,
        },
        Action::HandOver => {
            let fields = vec![
                Field::new(TO, "").needed().hint("who has it from now on"),
                Field::new(SAYS, "").hint("what has to be known beside the handover"),
            ];
            Form::new(What::HandOver, fields)
        }
        _ => return,
    };
    model.overlays.push(Overlay::Form(form));
}

const REVERTED: &str = "was taken back";
const DISMISSED: &str = "may stay";

fn opened_from(model: &Model) -> Option<ObjectRef> {
    match &model.incidents.state()?.opened.as_ref()?.from {
        OpenedFrom::Alert(target) => target.thing(),
        _ => None,
    }
}

/// The measure that the cursor stands on, or the only one that is open.
fn measure_here(model: &mut Model) -> Option<String> {
    let state = model.incidents.state()?;
    let open: Vec<String> = state.open_measures().map(|measure| measure.measure.clone()).collect();
    if let Some(Spot::Measure(name)) = super::screen::spot(model)
        && open.contains(&name)
    {
        return Some(name);
    }
    match open.as_slice() {
        [one] => return Some(one.clone()),
        [] => model.say("no measure is open", false),
        _ => model.say("go to the measure first: several are open", false),
    }
    None
}

fn new_measure(model: &Model) -> Form {
    let suggested = suggest::last(model);
    let fields = vec![
        Field::new(WHAT, &suggested.what)
            .needed()
            .hint("what was set for a while: pool size, maintenance mode"),
        Field::new(BEFORE, &suggested.prior).hint("as it was read"),
        Field::new(NOW, &suggested.now),
        Field::new(BACK, &suggested.revert).hint("the command that takes it back"),
        Field::new(OWNER, &model.user),
        Field::new(DUE, "").hint("2h, 90 min, 18:00, next business day"),
    ];
    let Suggestion { target, made_by, back, .. } = suggested;
    let measure = Measure { name: None, target, made_by, back };
    Form::new(What::Measure(Box::new(measure)), fields)
}

fn old_measure(model: &Model, name: &str) -> Form {
    let told = told(model, name);
    let Some(told) = told else { return new_measure(model) };
    let due = told.due.map(|due| minute(due, &model.zone)).unwrap_or_default();
    let fields = vec![
        Field::new(WHAT, &told.what).needed(),
        Field::new(BEFORE, &told.prior).hint("as it was read"),
        Field::new(NOW, &told.now),
        Field::new(BACK, &told.revert).hint("the command that takes it back"),
        Field::new(OWNER, &told.owner),
        Field::new(DUE, &due).hint("2h, 90 min, 18:00, next business day"),
    ];
    let measure =
        Measure { name: Some(name.to_owned()), target: told.target, made_by: told.made_by, back: None };
    Form::new(What::Measure(Box::new(measure)), fields)
}

/// The last word on a measure, as it was written.
fn told(model: &Model, name: &str) -> Option<MeasureOpened> {
    model.incidents.known.events().rev().find_map(|event| match &event.what {
        Event::MeasureOpened(said) if said.measure == name => Some((**said).clone()),
        _ => None,
    })
}

/// A key while a form is open.
pub fn key(model: &mut Model, key: Key, action: Option<Action>) -> Vec<Effect> {
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return Vec::new() };
    let last = form.fields.len().saturating_sub(1);
    let Some(field) = form.fields.get_mut(form.at) else { return Vec::new() };
    let round = field.choices.len();
    match action {
        Some(Action::Cancel) => {
            model.overlays.pop();
        }
        Some(Action::Complete) => form.at = if form.at == last { 0 } else { form.at + 1 },
        Some(Action::NextChoice) if round == 0 => {
            form.at = (form.at + 1).min(last);
            // Whoever comes down to a choice that is open has made the first one.
            let next = form.fields.get_mut(form.at);
            if let Some(next) = next.filter(|next| !next.choices.is_empty() && next.input.is_empty()) {
                choose(next, 0);
            }
        }
        Some(Action::PrevChoice) if round == 0 => form.at = form.at.saturating_sub(1),
        Some(Action::NextChoice) => {
            let next = field.chosen().map_or(0, |at| (at + 1) % round);
            choose(field, next);
        }
        Some(Action::PrevChoice) => {
            let next = field.chosen().map_or(round - 1, |at| (at + round - 1) % round);
            choose(field, next);
        }
        Some(Action::Accept) => return accept(model),
        _ if matches!(key.code, KeyCode::BackTab) => form.at = if form.at == 0 { last } else { form.at - 1 },
        _ => {
            if edit(&mut field.input, key) {
                form.says.clear();
            }
        }
    }
    Vec::new()
}

pub fn pasted(form: &mut Form, text: &str) {
    if let Some(field) = form.fields.get_mut(form.at) {
        field.input.insert(text);
    }
}

fn choose(field: &mut Field, at: usize) {
    if let Some((name, _)) = field.choices.get(at) {
        field.input.put(name);
        field.pick = Some(at);
    }
}

/// What is needed first, then all of it.
fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return Vec::new() };
    let empty = form.fields.iter().position(|field| field.needed && field.input.text().trim().is_empty());
    if let Some(at) = empty {
        form.says = form.fields.get(at).map(|field| format!("{} is needed", field.label)).unwrap_or_default();
        form.at = at;
        return Vec::new();
    }
    let form = form.clone();
    match formed(model, &form) {
        Ok(effects) => {
            model.overlays.pop();
            effects
        }
        Err((label, why)) => {
            if let Some(Overlay::Form(form)) = model.overlays.last_mut() {
                form.at = form.fields.iter().position(|field| field.label == label).unwrap_or(form.at);
                form.says = why;
            }
            Vec::new()
        }
    }
}

type Refused = (&'static str, String);

/// What a form that is filled in asks for; where something in it cannot be taken, why.
pub fn formed(model: &mut Model, form: &Form) -> Result<Vec<Effect>, Refused> {
    let by = model.user.clone();
    let what = match &form.what {
        What::Open(opening) => {
            let grade = grades::chosen(&opening.grades, form.chosen(SEVERITY), &form.text(SEVERITY));
            let opened = IncidentOpened {
                title: form.text(TITLE),
                severity: Some(grade.name).filter(|name| !name.is_empty()),
                scale: grade.scale,
                response: grade.response,
                rto: grade.rto,
                review: None,
                from: opening.from.clone(),
                detected: opening.detected,
                profile: model.settings.profile.name.clone(),
                by,
            };
            return Ok(super::open_with(model, opened));
        }
        What::Severity(all) => {
            let grade = grades::chosen(all, form.chosen(SEVERITY), &form.text(SEVERITY));
            Event::SeveritySet(SeveritySet {
                severity: grade.name,
                scale: grade.scale,
                response: grade.response,
                rto: grade.rto,
                why: form.text(WHY),
                by,
            })
        }
        What::Role => Event::RoleSet(RoleSet { role: form.text(ROLE), person: form.text(PERSON), by }),
        What::Measure(measure) => measured(model, form, measure)?,
        What::EndMeasure { measure } => {
            let ended = match form.text(ENDED).as_str() {
                REVERTED => Ended::Reverted,
                DISMISSED => Ended::Dismissed,
                other => return Err((ENDED, format!("`{other}`: it `{REVERTED}`, or it `{DISMISSED}`"))),
            };
            let why = form.text(WHY);
            if ended == Ended::Dismissed && why.is_empty() {
                return Err((WHY, "why may it stay?".into()));
            }
            Event::MeasureClosed(MeasureClosed { measure: measure.clone(), ended, why, by })
        }
        What::HandOver => Event::HandedOver(HandedOver { to: form.text(TO), says: form.text(SAYS), by }),
    };
    Ok(vec![Effect::Tell(Box::new(what))])
}

fn measured(model: &Model, form: &Form, measure: &Measure) -> Result<Event, Refused> {
    let what = form.text(WHAT);
    let words = form.text(DUE);
    let due = match words.as_str() {
        "" => None,
        words => Some(due(model, words).ok_or_else(|| (DUE, format!("`{words}` is not a time")))?),
    };
    let writer = format!("{}-{}", model.host, model.user);
    let mut revert = form.text(BACK);
    if revert.is_empty()
        && let Some(back) = measure.back.as_ref().filter(|_| !form.text(BEFORE).is_empty())
    {
        revert = back.revert(&form.text(BEFORE)).unwrap_or_default();
    }
    Ok(Event::MeasureOpened(Box::new(MeasureOpened {
        measure: measure.name.clone().unwrap_or_else(|| name::measure(model.now, &writer, &what)),
        what,
        target: measure.target.clone(),
        prior: form.text(BEFORE),
        now: form.text(NOW),
        revert,
        owner: form.text(OWNER),
        due,
        made_by: measure.made_by.clone(),
        by: model.user.clone(),
    })))
}

/// A span or a time of day, or a date as it is shown.
fn due(model: &Model, words: &str) -> Option<Timestamp> {
    let calendar = Calendar::at(model.zone.clone());
    // As it was shown, unless it was changed.
    if let Ok(civil) = words.parse::<jiff::civil::DateTime>() {
        let zoned = civil.to_zoned(model.zone.0.clone()).ok()?;
        return Some(Timestamp(zoned.timestamp().as_millisecond()));
    }
    Clock::new("measure", Some(words), model.now, &calendar).due()
}
