//! Everything at a glance: what is worst in each source, and what changed lately.
use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::fires::{self, Fire};
use super::tables;
use super::things::{Things, grouped};
use super::widths::widest;
use super::{Fact, Pane, role, runbooks, wall};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{Kind, ObjectRef, Realm};
use crate::domain::settings::{Action, Role};
use crate::domain::text;
use crate::model::Model;
use crate::model::board::{Glance, PaneKind};
use crate::model::shelf::Fit;

/// One line of it.
#[derive(Debug, Clone)]
pub enum Line {
    /// The worst of one source; Enter goes there.
    Source {
        realm: Realm,
        level: Level,
        name: String,
        worst: String,
        says: String,
    },
    /// What else is wrong in the source above, where there is room for it; Enter opens it.
    Trouble {
        level: Level,
        name: String,
        says: String,
        target: ObjectRef,
    },
    /// A heading over what follows.
    Heading(&'static str),
    /// Something that changed; Enter goes to what it happened to.
    Change {
        at: String,
        what: String,
        says: String,
        level: Level,
        suspect: bool,
        target: ObjectRef,
    },
    /// An alert that fires; Enter opens it.
    Fire(Fire),
    /// How many more fire; Enter shows them all.
    More(usize),
    /// A runbook that fits what is wrong; Enter opens it.
    Book(Fit),
    /// Words where nothing else stands.
    Words(String),
    Blank,
}

impl Line {
    /// What the cursor would hold on to here.
    pub fn glance(&self) -> Option<Glance> {
        match self {
            Line::Source { realm, .. } => Some(Glance::Source(*realm)),
            Line::Change { says, target, .. } => Some(Glance::Change(says.clone(), target.clone())),
            Line::Trouble { target, .. } => Some(Glance::Trouble(target.clone())),
            Line::Fire(fire) => Some(Glance::Fire(fire.target.clone())),
            Line::More(_) => Some(Glance::MoreFires),
            Line::Book(fit) => Some(Glance::Book(fit.book.id())),
            _ => None,
        }
    }

    /// Whether the cursor may stand on it.
    pub fn leads(&self) -> bool {
        self.glance().is_some()
    }
}

/// Which of the lines is the selected one: the one that was chosen; while nobody chose, the first that leads
/// anywhere. None is, where what was chosen is gone: no other takes its place by itself.
pub fn here(model: &Model, lines: &[Line]) -> Option<usize> {
    match &model.board.glance {
        None => lines.iter().position(Line::leads),
        chosen => lines.iter().position(|line| line.glance() == *chosen),
    }
}

/// Where the cursor goes on from what is gone: to the first line of its sort, else to the first that leads anywhere.
pub fn beside(model: &Model, lines: &[Line]) -> Option<usize> {
    let sort = |glance: &Glance| match glance {
        Glance::Fire(_) | Glance::MoreFires => 1,
        Glance::Book(_) => 2,
        Glance::Change(..) => 3,
        Glance::Source(_) | Glance::Trouble(_) => 0,
    };
    let gone = model.board.glance.as_ref().map(sort);
    let same = lines.iter().position(|line| gone.is_some() && line.glance().as_ref().map(sort) == gone);
    same.or_else(|| lines.iter().position(Line::leads))
}

/// So many changes are told at least, if only below the edge of the screen.
const CHANGES: usize = 12;
/// And of these alerts, which have a pane of their own; more only where nothing else wants the room.
const ALERTS: usize = 4;

/// A line for each source, the worst first.
pub fn sources(model: &Model) -> Vec<Line> {
    let mut sources: Vec<Line> = realms(model).map(|realm| source(model, realm)).collect();
    let level = |line: &Line| match line {
        Line::Source { level, .. } => *level,
        _ => Level::Done,
    };
    sources.sort_by_key(level);
    sources
}

/// As many runbooks as are worth a look.
const BOOKS: usize = 8;
/// How the lines below the sources are given out, in turns: 0 is what fires, 1 what fits and 2 what changed.
const TURNS: [usize; 5] = [0, 2, 0, 2, 1];

pub fn lines(model: &Model) -> Vec<Line> {
    let room = room(model);
    let mut lines = more_of_each(model, sources(model), room);
    let wants = [model.firing.len(), model.shelf.fits.len().min(BOOKS), lately(model).count().max(1)];
    let (shares, gaps) = shares(room.saturating_sub(lines.len()), wants);
    let [fires, books, changes] = shares;
    let heading = |lines: &mut Vec<Line>, words| {
        if gaps {
            lines.push(Line::Blank);
        }
        lines.push(Line::Heading(words));
    };
    if fires > 0 {
        heading(&mut lines, "What fires");
        lines.extend(fires_within(model, fires));
    }
    if books > 0 {
        heading(&mut lines, "Runbooks that fit");
        lines.extend(model.shelf.fits.iter().take(books).cloned().map(Line::Book));
    }
    heading(&mut lines, "Changed in the last hour");
    let others = lately(model).filter(|change| !is_alert(change)).count();
    let alerts = ALERTS.max(changes.saturating_sub(others));
    let mut told = changes_with(model, alerts).take(changes.max(CHANGES)).peekable();
    if told.peek().is_none() {
        lines.push(Line::Words("nothing that firedeck could see".into()));
    }
    lines.extend(told);
    lines
}

/// How many lines each part gets of so many, and whether a blank stands above each: none is left out, and where
/// there is little room each has as many as one round gives it.
fn shares(room: usize, wants: [usize; 3]) -> ([usize; 3], bool) {
    let least = |at: usize| wants[at].min(TURNS.iter().filter(|turn| **turn == at).count());
    let parts = wants.iter().filter(|want| **want > 0).count();
    let gaps = room >= 2 * parts + (0..3).map(least).sum::<usize>();
    let mut rest = room.saturating_sub(if gaps { 2 * parts } else { parts });
    let mut given = wants.map(|want| want.min(1));
    rest = rest.saturating_sub(given.iter().sum());
    let mut turn = TURNS.to_vec();
    while rest > 0 && turn.iter().any(|at| given[*at] < wants[*at]) {
        for at in &turn {
            if rest > 0 && given[*at] < wants[*at] {
                given[*at] += 1;
                rest -= 1;
            }
        }
        turn.retain(|at| given[*at] < wants[*at]);
    }
    (given, gaps)
}

/// On a tall screen what is wrong beside the worst of each source.
fn more_of_each(model: &Model, sources: Vec<Line>, room: usize) -> Vec<Line> {
    const MOST: usize = 4;
    let each = (room.saturating_sub(30) / 8).min(MOST);
    let more = |source: Line| {
        let realm = match &source {
            // Of what is not heard of nothing more is known.
            Line::Source { realm, level, worst, .. } if *level < Level::Fine && !worst.is_empty() => {
                Some(*realm)
            }
            _ => None,
        };
        let troubles = realm.map_or_else(Vec::new, |realm| troubles(model, realm, each + 1));
        std::iter::once(source).chain(troubles.into_iter().skip(1))
    };
    sources.into_iter().flat_map(more).collect()
}

/// The first few that are in trouble, the worst first, as its source says it.
fn troubles(model: &Model, realm: Realm, most: usize) -> Vec<Line> {
    let line = |(target, level, says): (ObjectRef, Level, String)| Line::Trouble {
        level,
        name: if realm == Realm::Kubernetes { target.to_string() } else { target.name.to_string() },
        says,
        target,
    };
    match tables::of(realm) {
        Some(tables) => tables.troubles(model).into_iter().take(most).map(line).collect(),
        None => {
            wall::first_pods(model, most).map(|(id, level, says)| line((id.clone(), level, says))).collect()
        }
    }
}

/// What stands side by side, with what the widest of it takes: of sources, and of all that stands below them.
pub fn needs(lines: &[Line]) -> [(&'static str, u16); 4] {
    let sources = lines.iter().filter_map(|line| match line {
        Line::Source { worst, says, .. } if !worst.is_empty() => Some((worst.width(), says.width())),
        Line::Trouble { name, says, .. } => Some((name.width(), says.width())),
        _ => None,
    });
    let below = lines.iter().filter_map(|line| match line {
        Line::Fire(fire) => Some((fire.name.width(), fire.says.width())),
        // Where others have their age it has its title already.
        Line::Book(fit) => {
            let says = fit.why.width() + 2 + runbooks::place(&fit.book).width();
            Some((fit.book.runbook.title.width().saturating_sub(7), says))
        }
        Line::Change { what, says, suspect, .. } => {
            Some((what.width(), says.width() + if *suspect { 9 } else { 0 }))
        }
        _ => None,
    });
    let ((worst, state), (name, says)) = (widest(sources), widest(below));
    [("source", worst), ("state", state), ("name", name), ("says", says)]
}

/// Lines that the pane has; where it is not shown, those of a small screen.
fn room(model: &Model) -> usize {
    let area = super::layout::layout(model).pane(PaneKind::Overview);
    area.map_or(16, |area| usize::from(area.height.saturating_sub(2)))
}

/// Those that fire, in so many lines; the last one counts the rest.
fn fires_within(model: &Model, room: usize) -> Vec<Line> {
    let all = model.firing.len();
    let shown = if all > room { room.saturating_sub(1) } else { all };
    let mut lines: Vec<Line> = fires::first(model, shown).map(Line::Fire).collect();
    if all > shown {
        lines.push(Line::More(all - shown));
    }
    lines
}

/// What there is to look at, in the order of the keys.
pub fn realms(model: &Model) -> impl Iterator<Item = Realm> + '_ {
    Realm::ALL.iter().copied().filter(|realm| tables::in_view(model, *realm))
}

/// The lamp of one source.
pub fn lamp(model: &Model, realm: Realm) -> (Level, String) {
    let Some(tables) = tables::of(realm) else { return Things.lamp(model) };
    let (level, words) = tables.lamp(model);
    let best = tables.kinds().first().map_or(Level::Done, |kind| tables::at_best(model, *kind));
    (level.min(best), words)
}

fn source(model: &Model, realm: Realm) -> Line {
    let (level, _) = lamp(model, realm);
    let (worst, says) = match tables::of(realm) {
        Some(tables) => match unwell(model, realm, level) {
            Some(says) => (String::new(), says),
            None => tables.worst(model),
        },
        None => pods(model, level),
    };
    Line::Source { realm, level, name: name(realm).into(), worst, says }
}

fn name(realm: Realm) -> &'static str {
    tables::of(realm).map_or("pods", |tables| tables.name())
}

/// The state of a source's feeds, where that is all there is to say.
fn unwell(model: &Model, realm: Realm, level: Level) -> Option<String> {
    let kind = *tables::of(realm)?.kinds().first()?;
    let rows = model.listing(kind).map_or(0, crate::model::listing::Listing::total);
    let state = super::state::state_of(model, |feed| tables::fed_by(kind, feed));
    let by_feed = tables::of(realm).and_then(|tables| tables::feed_lamp(model, tables));
    let down = by_feed.is_some_and(|(by_feed, _)| by_feed == level);
    (level < Level::Fine && (rows == 0 || down)).then_some(state.text)
}

fn pods(model: &Model, level: Level) -> (String, String) {
    match wall::pods(model, 1).into_iter().next() {
        Some(trouble) if !trouble.what.is_empty() => (trouble.name, trouble.what),
        // With one line alone, the rest is counted: the first is told all the same.
        Some(_) => wall::pods(model, 2)
            .into_iter()
            .next()
            .map_or_else(Default::default, |first| (first.name, first.what)),
        None if level == Level::Fine => (grouped(model.pods.total()), "all as they should be".into()),
        None => {
            let state = super::state::state_of(model, |feed| matches!(feed, Feed::Pods(..)));
            (String::new(), state.text)
        }
    }
}

/// The newest first, of the last hour.
pub fn changes(model: &Model) -> impl Iterator<Item = Line> + '_ {
    changes_with(model, ALERTS)
}

fn is_alert(change: &Change) -> bool {
    change.what == ChangeKind::Alert && !change.suspect
}

fn lately(model: &Model) -> impl Iterator<Item = &Change> {
    const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
    super::changes::newest(model).filter(|change| model.now.since(change.at) < HOUR)
}

/// With so many alerts at most: a storm of them must not hide what set it off.
fn changes_with(model: &Model, most: usize) -> impl Iterator<Item = Line> + '_ {
    let mut alerts = 0;
    lately(model).filter_map(move |change| {
        alerts += usize::from(is_alert(change));
        if alerts > most && is_alert(change) {
            return None;
        }
        Some(Line::Change {
            at: change.at.clock(&model.zone).chars().take(5).collect(),
            what: placed(model, &change.target),
            says: change.says.to_string(),
            level: change.level,
            suspect: change.suspect,
            target: change.target.clone(),
        })
    })
}

/// `deploy/worker`, in the short words that people type.
pub fn thing(target: &ObjectRef) -> String {
    match target.kind.realm() {
        // The end of it tells apart what bears the same name; people know it by its labels.
        Realm::Alerts => target.name.rsplit_once('-').map_or(&*target.name, |(name, _)| name).to_owned(),
        // What no pane shows has a name alone.
        Realm::Changes => target.name.to_string(),
        _ => format!("{}/{}", short(target.kind), target.name),
    }
}

/// The same with its namespace, where there are several: `deploy/shop/worker`.
fn placed(model: &Model, target: &ObjectRef) -> String {
    let one = model.clusters.values().all(|cluster| cluster.namespaces.len() == 1);
    if target.kind == Kind::RedisNode {
        return format!(
            "{}/{}",
            short(target.kind),
            super::redis::called(model, &target.context, &target.name)
        );
    }
    if one || target.namespace.is_empty() || matches!(target.kind.realm(), Realm::Alerts | Realm::Changes) {
        return thing(target);
    }
    format!("{}/{target}", short(target.kind))
}

fn short(kind: Kind) -> String {
    match kind {
        Kind::Node | Kind::Secret => kind.to_string(),
        kind if kind.realm() != Realm::Kubernetes => kind.to_string(),
        kind => kind.aliases().first().map_or_else(|| kind.to_string(), |alias| (*alias).to_owned()),
    }
}

pub struct Overview;

impl Pane for Overview {
    fn kind(&self) -> PaneKind {
        PaneKind::Overview
    }

    fn name(&self, _model: &Model) -> Cow<'static, str> {
        "overview".into()
    }

    fn fed_by(&self, _feed: &Feed, _model: &Model) -> bool {
        false
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        let levels: Vec<Level> = realms(model).map(|realm| lamp(model, realm).0).collect();
        let count = |wanted: Level| levels.iter().filter(|level| **level == wanted).count();
        [
            (Level::Bad, "in trouble"),
            (Level::Unknown, "unknown"),
            (Level::Warn, "to watch"),
            (Level::Fine, "well"),
        ]
        .into_iter()
        .filter(|(level, _)| count(*level) > 0)
        .map(|(level, words)| {
            let own = if level == Level::Fine { Role::Dim } else { role(level) };
            Fact::new(format!("{} {words}", text::grouped(count(level) as u64)), own)
        })
        .collect()
    }

    fn lamp(&self, _model: &Model) -> (Level, String) {
        (Level::Done, String::new())
    }

    fn keys(&self, model: &Model) -> Vec<Action> {
        use Action::{Alerts, Changes, Database, Enter, Palette, Pane1, Redis, Vitals};
        let mut keys = vec![Enter, Pane1, Alerts, Database, Redis, Vitals, Changes, Palette];
        runbooks::offer(model, &mut keys);
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::tables::TABLES;

    #[test]
    fn no_part_is_left_out_where_there_is_little_room_and_none_stays_empty_where_there_is_much() {
        assert_eq!(shares(9, [20, 5, 9]), ([3, 1, 2], false));
        assert_eq!(shares(11, [20, 5, 9]), ([2, 1, 2], true));
        assert_eq!(shares(9, [0, 0, 9]), ([0, 0, 7], true));
        assert_eq!(shares(56, [20, 5, 9]), ([20, 5, 9], true));
        assert_eq!(shares(56, [200, 5, 90]), ([23, 5, 22], true));
        assert_eq!(shares(0, [20, 5, 9]), ([1, 1, 1], false));
        assert_eq!(shares(0, [0, 0, 1]), ([0, 0, 1], false));
    }

    #[test]
    fn every_realm_has_a_name_and_a_first_kind() {
        for realm in Realm::ALL {
            assert!(!name(*realm).is_empty());
            let first = tables::of(*realm).map_or(Some(Kind::Pod), |tables| tables.kinds().first().copied());
            assert_eq!(first.map(Kind::realm), Some(*realm));
        }
        assert_eq!(TABLES.len() + 1, Realm::ALL.len());
    }
}
