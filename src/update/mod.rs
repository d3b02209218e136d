//! The only code that changes the model. Pure: no I/O, no clock, no randomness.
pub mod act;
pub mod changes;
pub mod detail;
pub mod exercise;
pub mod groups;
pub mod incident;
pub mod keys;
pub mod lines;
pub mod logs;
pub mod news;
pub mod open;
pub mod overview;
pub mod palette;
pub mod plan;
pub mod question;
pub mod realms;
pub mod run;
pub mod shelf;
pub mod table;
pub mod typing;
pub mod wall;

use crate::domain::object::Kind;
use crate::domain::settings::Key;
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::msg::{Effect, Msg};
use crate::model::{Dirty, Model, Settings};
use crate::panes::layout::{Layout, layout};
use crate::panes::{pods, things, widths};

/// What was said in one place means nothing in another.
fn pressed(model: &mut Model, keys: &[Key], at: Timestamp) -> Vec<Effect> {
    let (place, notice) = (model.board.focus, model.flash.clone());
    let effects = keys::pressed(model, keys, at);
    if model.board.focus != place && model.flash == notice {
        model.flash = None;
    }
    effects
}

/// Applies one message and says what the outside must do about it.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    // News come in floods: what follows from them for runbooks waits for the clock.
    let flood = matches!(msg, Msg::News(_));
    let mut effects = match msg {
        Msg::Keys { keys, at } => {
            model.mark_dirty(Dirty::Now);
            model.drift.touched = Some(model.now);
            news::drifted(model);
            pressed(model, &keys, at)
        }
        Msg::Paste(text) => {
            model.mark_dirty(Dirty::Now);
            keys::pasted(model, &text)
        }
        Msg::Mouse { column, row, what } => {
            model.mark_dirty(Dirty::Now);
            keys::mouse(model, column, row, what)
        }
        Msg::Tick(now) => tick(model, now),
        Msg::Resized { columns, rows } => {
            model.size = (columns, rows);
            act::resized(model);
            model.mark_dirty(Dirty::Now);
            Vec::new()
        }
        Msg::Shown { question, revision, at } => {
            act::shown(model, question, revision, at);
            Vec::new()
        }
        Msg::Open { kind, namespace, name } => open::wanted(model, kind, namespace, name),
        Msg::OpenRunbook(words) => {
            shelf::wanted(model, words);
            Vec::new()
        }
        Msg::News(batch) => news::take(model, batch),
        Msg::Settings(settings) => taken_up(model, *settings),
        Msg::SettingsRefused(why) => {
            model.refused = Some(why);
            model.mark_dirty(Dirty::Now);
            Vec::new()
        }
        Msg::Journal(journal) => {
            model.journal = journal;
            model.mark_dirty(Dirty::Soon);
            Vec::new()
        }
        Msg::Scanned(scan) => lines::scanned(model, &scan),
        Msg::Acknowledged { alerts, by, no_longer } => {
            realms::acknowledged(model, alerts, &by, no_longer);
            Vec::new()
        }
        Msg::AcknowledgedBefore(all) => {
            realms::acknowledged_before(model, all);
            Vec::new()
        }
        Msg::Suspected(suspects) => {
            changes::suspected(model, suspects);
            Vec::new()
        }
        Msg::Shelved(shelved) => {
            shelf::shelved(model, *shelved);
            Vec::new()
        }
        Msg::RunKnown(known) => run::known(model, *known),
        Msg::RecordedBefore(events) => incident::before(model, events),
        Msg::Recorded(events) => incident::recorded(model, events),
        Msg::Heard(events) => incident::heard(model, events),
        Msg::TakenUp(name) => {
            incident::taken_up(model, &name);
            Vec::new()
        }
        Msg::NotTakenUp(why) => {
            incident::not_taken_up(model, why);
            Vec::new()
        }
        Msg::Told(event) => {
            incident::told(model, &event);
            run::told(model, &event)
        }
        Msg::Untold { what, why } => {
            run::untold(model, &what, &why);
            Vec::new()
        }
        Msg::Answered(question, answers) => {
            run::answered(model, question, &answers);
            Vec::new()
        }
        Msg::Ran(news) => run::ran(model, news),
        Msg::Said { text, bad } => {
            model.say(text, bad);
            Vec::new()
        }
    };
    if !flood {
        effects.extend(run::keep_up(model));
    }
    fit(model);
    effects
}

/// The theme of the first context that has one and is in view.
pub fn dress(model: &mut Model) {
    let settings = &model.settings;
    let known = |context: &str| model.clusters.keys().any(|known| **known == *context);
    let own = settings.context_themes.iter().find(|(context, _)| known(context));
    if let Some(theme) = own.map(|(_, theme)| theme.clone()).filter(|theme| *theme != settings.theme) {
        model.settings.theme = theme;
        model.mark_dirty(Dirty::Now);
    }
}

/// New settings hold from now on; whatever was worked out from the old ones is worked out anew.
fn taken_up(model: &mut Model, settings: Settings) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.settings, settings);
    model.refused = None;
    // Servers are connected once, at the start: what is shown and what is acted on must stay the same ones.
    let profile = &mut model.settings.profile;
    let moved = before.profile.endpoints != profile.endpoints
        || before.profile.probes != profile.probes
        || before.profile.limits != profile.limits;
    profile.endpoints.clone_from(&before.profile.endpoints);
    profile.probes.clone_from(&before.profile.probes);
    profile.limits.clone_from(&before.profile.limits);
    // The keys that answer may be others now.
    act::resized(model);
    table::reorder(model);
    model.logs.ring.limit(model.settings.logs.buffer_bytes);
    if moved {
        model.say("settings taken up; other servers, probes and limits only at the next start", true);
    } else {
        model.say("settings taken up", false);
    }
    dress(model);
    let mut effects = Vec::new();
    if before.profile.runbooks != model.settings.profile.runbooks {
        effects.push(Effect::ReadRunbooks);
    }
    if before.log_level != model.settings.log_level {
        effects.push(Effect::SetLogLevel(model.settings.log_level));
    }
    if before.mouse != model.settings.mouse {
        model.board.mouse = model.settings.mouse;
        effects.push(Effect::SetMouse(model.board.mouse));
    }
    effects
}

/// Tells every scrolling thing how many rows it has now.
fn fit(model: &mut Model) {
    let places = layout(model);
    let rows = places.pane(PaneKind::Things).map_or(0, |area| things::room(model, area));
    match model.board.kind {
        Kind::Pod if model.pods.height() != rows => model.pods.set_height(rows),
        Kind::Pod => {}
        kind => {
            if let Some(listing) = model.objects.get_mut(&kind)
                && listing.height() != rows
            {
                listing.set_height(rows);
            }
        }
    }
    if let (Some(detail), Some(area)) = (&mut model.detail, places.pane(PaneKind::Detail)) {
        detail.height = usize::from(area.height.saturating_sub(1));
        let width = usize::from(area.width.saturating_sub(2));
        if detail.width != width {
            // Lines wrap anew: there may be fewer.
            detail.width = width;
            detail.top = detail.top.min(crate::panes::text::len(detail).saturating_sub(1));
        }
    }
    incident::fit(model, &places);
    lines::fit(model, &places);
    widen(model, &places);
}

/// Remembers how wide what is shown has been, so that columns stay where they are.
fn widen(model: &mut Model, places: &Layout) {
    if model.dirty == Dirty::No {
        return;
    }
    if let Some(area) = places.pane(PaneKind::Things) {
        let (setup, needs) = (things::setup(model, area.width), things::needs(model, area.width));
        model.board.widest.keep(setup, needs);
    }
    if let Some(area) = places.pane(PaneKind::Overview) {
        let setup = format!("{} {}", area.width, widths::era(model.now));
        let needs = crate::panes::overview::needs(&crate::panes::overview::lines(model));
        model.board.widest_glance.keep(setup, needs);
    }
}

/// The clock. What shows an age is drawn again only when an age could have moved.
fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    const STEP: i64 = 10_000;
    let stepped = model.now.0.div_euclid(STEP) != now.0.div_euclid(STEP);
    if stepped {
        model.mark_dirty(Dirty::Soon);
    }
    let before = std::mem::replace(&mut model.now, now);
    if stepped {
        table::rerank_pods(model, pods::heals);
        news::answer_vitals(model);
    }
    // Rows come of the age that is asked for, without any news of them.
    if stepped && model.board.filter.has_ages() {
        table::reorder(model);
    }
    // Certificates come to their end without any news of it.
    let hour = |at: Timestamp| at.0.div_euclid(3_600_000);
    if model.board.kind == Kind::Certificate && hour(before) != hour(now) {
        table::reorder(model);
    }
    // What falls silent is called stale at once, not at the next step.
    let stale = |at| model.feeds.iter().filter(|(feed, status)| status.stale(feed, at).is_some()).count();
    if stale(before) != stale(now) {
        model.mark_dirty(Dirty::Soon);
    }
    if model.flash.as_ref().is_some_and(|flash| flash.until <= now) {
        model.flash = None;
        model.mark_dirty(Dirty::Soon);
    }
    news::drifted(model);
    act::tick(model);
    wall::tick(model);
    open::tick(model);
    shelf::refit(model);
    overview::hold(model);
    let mut effects = run::tick(model, before);
    effects.extend(incident::tick(model, before));
    effects.extend(lines::tick(model));
    effects
}
