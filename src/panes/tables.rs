//! The tables of every realm but Kubernetes: what each says, from the row to the lamp.
use std::borrow::Cow;

use super::{Cell, Column, Fact, Width, alerts, changes, containers, database, redis, vitals};
use crate::domain::alert::AlertFacts;
use crate::domain::feed::{Feed, FeedState, FeedStatus};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::settings::{Action, Backend};
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::listing::{Listing, Rank, SortKey};
use crate::panes::things::Lens;

/// The kinds of one realm as tables. The first kind is what its key shows.
pub trait Tables: Sync {
    fn realm(&self) -> Realm;
    /// As its lamp and the overview call it.
    fn name(&self) -> &'static str;
    /// In the order in which `[` and `]` go round.
    fn kinds(&self) -> &'static [Kind];
    /// Every column, whatever the width. One called `ON` names the endpoint, and is shown where there are several.
    fn columns(&self, kind: Kind) -> &'static [Column];
    /// What a column sorts by; without a column, the order within one level.
    fn key(&self, object: &Object, column: Option<&str>) -> SortKey;
    fn cell<'m>(&self, model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m>;
    /// The words that a filter looks in, beside the name and the status.
    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>>;
    /// The same with names, for a filter that asks for something by its name, beside name, status and endpoint.
    fn named<'o>(&self, _object: &'o Object) -> Vec<(&'static str, Cow<'o, str>)> {
        Vec::new()
    }
    /// Since when it is so, for `age>10m` in a filter; some kinds know more ages than one.
    fn since(&self, object: &Object, age: &str) -> Option<Timestamp> {
        Some(object.created).filter(|at| age == "age" && at.0 > 0)
    }
    /// Lines between the title and the table: gauges, totals, what is not seen. They hold the room between their
    /// words themselves.
    fn head(&self, model: &Model, kind: Kind) -> Vec<Vec<Fact>>;
    /// How bad, and the few words of the lamp: `alerts 2`, `db 90%`.
    fn lamp(&self, model: &Model) -> (Level, String);
    /// The worst of it, for the overview: its name and what is wrong with it, or that all is well.
    fn worst(&self, model: &Model) -> (String, String);
    /// What is in trouble, the worst first, and what is said of each as [`Tables::worst`] says it of the first.
    fn troubles(&self, _model: &Model) -> Vec<(ObjectRef, Level, String)> {
        Vec::new()
    }
    /// The keys worth naming at the foot, the most useful first.
    fn keys(&self, kind: Kind) -> &'static [Action];
    /// Why a table of this kind is empty, where there is more to say than that.
    fn none(&self, _model: &Model, _kind: Kind) -> Option<String> {
        None
    }
    /// What to set when nothing is there to be asked.
    fn remedy(&self) -> &'static str;
}

pub static TABLES: &[&dyn Tables] = &[
    &containers::Containers,
    &alerts::Alerts,
    &database::Databases,
    &redis::Redises,
    &vitals::Vitals,
    &changes::Changes,
];

/// `None` for Kubernetes, whose tables have files of their own.
pub fn of(realm: Realm) -> Option<&'static dyn Tables> {
    TABLES.iter().copied().find(|tables| tables.realm() == realm)
}

/// Whether a feed's fate is that of a kind.
pub fn fed_by(kind: Kind, feed: &Feed) -> bool {
    matches!(
        (kind.realm(), feed),
        (Realm::Containers, Feed::Endpoint(Backend::Docker, _))
            | (Realm::Alerts, Feed::Endpoint(Backend::Alertmanager | Backend::Prometheus, _))
            | (Realm::Database, Feed::Endpoint(Backend::Postgres, _))
            | (Realm::Redis, Feed::Endpoint(Backend::Redis, _))
            | (Realm::Vitals, Feed::Vitals)
            | (Realm::Changes, Feed::Changes)
    )
}

/// Whether there is anything of this realm to be shown.
pub fn in_view(model: &Model, realm: Realm) -> bool {
    let profile = &model.settings.profile;
    let has = |backends: &[Backend]| profile.endpoints.iter().any(|one| backends.contains(&one.backend));
    match realm {
        Realm::Kubernetes => {
            // A box without a kubeconfig says so once; where nobody asked for a cluster, none is missed.
            let asked = !profile.contexts.is_empty() || !model.settings.kubeconfig.is_empty();
            let there = |status: &FeedStatus| !matches!(status.state, FeedState::Absent { .. });
            let mut pods = model.feeds.iter().filter(|(feed, _)| matches!(feed, Feed::Pods(..)));
            let connects = pods.any(|(_, status)| asked || there(status));
            connects || !others_in_view(model)
        }
        Realm::Containers => has(&[Backend::Docker]),
        Realm::Alerts => has(&[Backend::Alertmanager, Backend::Prometheus]),
        Realm::Database => has(&[Backend::Postgres]),
        Realm::Redis => has(&[Backend::Redis]),
        Realm::Vitals => !profile.probes.is_empty() || !profile.limits.is_empty(),
        Realm::Changes => false,
    }
}

/// Whether the profile names anything beside a cluster.
pub fn others_in_view(model: &Model) -> bool {
    let profile = &model.settings.profile;
    !profile.endpoints.is_empty() || !profile.probes.is_empty() || !profile.limits.is_empty()
}

/// Whether a row is marked. A group of alerts is, where all its members are.
pub fn marked(model: &Model, listing: &Listing<Object>, id: &ObjectRef) -> bool {
    if model.board.kind != Kind::AlertGroup {
        return listing.marked().contains(id);
    }
    let Some(marks) = model.listing(Kind::Alert).map(Listing::marked).filter(|marks| !marks.is_empty())
    else {
        return false;
    };
    match listing.get(id).map(|object| &object.facts) {
        Some(Facts::Alerts(AlertFacts::Group(group))) => group.members.iter().all(|id| marks.contains(id)),
        _ => marks.contains(id),
    }
}

/// How many alerts stand in groups, of how many, and how many groups by what these are.
pub fn grouping(model: &Model) -> Option<(usize, usize, String)> {
    let by = model.board.group.as_ref().filter(|_| model.board.kind == Kind::AlertGroup)?;
    let (mut shown, mut n) = (0, 0);
    for object in model.listing(Kind::AlertGroup).into_iter().flat_map(Listing::all) {
        match &object.facts {
            // The members below it have rows of their own.
            Facts::Alerts(AlertFacts::Group(group)) => {
                n += 1;
                shown += if group.unfolded { 0 } else { group.members.len() };
            }
            _ => shown += 1,
        }
    }
    let noun = if n == 1 { "group" } else { "groups" };
    Some((shown, model.listing(Kind::Alert).map_or(0, Listing::total), format!("{n} {noun} by {by}")))
}

/// How many endpoints feed a kind.
pub fn endpoints(model: &Model, kind: Kind) -> usize {
    let own = |backend: &Backend| fed_by(kind, &Feed::Endpoint(*backend, "".into()));
    model.settings.profile.endpoints.iter().filter(|one| own(&one.backend)).count()
}

pub fn rank(lens: &Lens<'_>, tables: &dyn Tables, object: &Object) -> Rank {
    let level = object.level();
    let key = match lens.column {
        // A group's own name holds more than what is shown of it.
        Some("NAME") if object.id.kind != Kind::SessionGroup => SortKey::Text(object.id.name.clone()),
        // Several tell of one alert; every other row is of one endpoint.
        Some("ON") if tables.realm() != Realm::Alerts => SortKey::Text(object.id.context.clone()),
        column => tables.key(object, column),
    };
    let mut all = tables.words(object);
    all.extend([
        Cow::from(&*object.id.name),
        Cow::from(&*object.id.namespace),
        Cow::from(&*object.id.context),
    ]);
    all.push(object.status());
    if lens.filter.names() {
        let status = object.status();
        let own = [("name", &*object.id.name), ("status", &*status), ("on", &*object.id.context)];
        all.extend(lens.named(own).into_iter().map(Cow::from));
        all.extend(
            tables.named(object).into_iter().map(|(name, value)| Cow::from(format!("{name}={value}"))),
        );
    }
    let old = lens.of_age(|name| tables.since(object, name));
    Rank { level, key, shown: old && lens.shows(level, &all.iter().map(|word| &**word)) }
}

/// The level of a realm's feeds alone, with its words: what is not known, not connected or down is never fine.
pub fn feed_lamp(model: &Model, tables: &dyn Tables) -> Option<(Level, String)> {
    let kind = *tables.kinds().first()?;
    let worst = model.worst_feed(|feed| fed_by(kind, feed));
    let level = worst.map_or(Level::Unknown, |(feed, status)| model.feed_level(feed, status));
    // One of several that is down leaves the others' rows to be counted.
    let well = |feed: &Feed, status: &FeedStatus| model.feed_level(feed, status) == Level::Fine;
    let some = model.feeds.iter().any(|(feed, status)| fed_by(kind, feed) && well(feed, status));
    (level < Level::Fine && !some).then(|| (level, tables.name().to_owned()))
}

/// Who does not answer may have something to tell: with one of several away, the rest is not the whole.
pub fn at_best(model: &Model, kind: Kind) -> Level {
    let away = |feed: &Feed, status: &FeedStatus| model.feed_level(feed, status) != Level::Fine;
    let any = model.feeds.iter().any(|(feed, status)| fed_by(kind, feed) && away(feed, status));
    if any { Level::Warn } else { Level::Done }
}

/// The worst level among a kind's rows, with how many there are of it.
pub fn count(model: &Model, kind: Kind) -> Option<(Level, usize)> {
    let listing = model.listing(kind)?;
    let levels = [Level::Bad, Level::Unknown, Level::Warn];
    levels.into_iter().map(|level| (level, listing.count(level))).find(|(_, n)| *n > 0)
}

pub const fn left(title: &'static str, width: Width, keep: u8) -> Column {
    Column { title, width, right: false, number: 0, keep }
}

pub const fn right(title: &'static str, width: u16, keep: u8) -> Column {
    Column { title, width: Width::Fixed(width), right: true, number: 0, keep }
}

/// The name of the endpoint.
pub const ON: Column = left("ON", Width::Share(8, 1), 6);

/// How long ago, in a word, or a dash.
pub fn ago(model: &Model, at: Option<Timestamp>) -> String {
    at.map_or_else(|| "–".into(), |at| crate::domain::time::Age(model.now.since(at)).to_string())
}
