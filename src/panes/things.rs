//! The table of things in a cluster: pods first, every other kind one key away.
use std::borrow::Cow;
use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

use super::widths::{Share, share_out};
use super::{Column, Fact, Pane, Row, Width, objects, pods, tables};
use crate::domain::Text;
use crate::domain::feed::{Feed, FeedState as F};
use crate::domain::level::Level;
use crate::domain::object::{Kind, ObjectRef, Usage};
use crate::domain::settings::{Action, Role};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::filter::Filter;
use crate::model::listing::{Listing, Sort};
use crate::model::{Meter, Model};
use crate::panes::layout::Area;

/// What a rank depends on beside the thing itself.
#[derive(Debug, Clone, Copy)]
pub struct Lens<'a> {
    pub filter: &'a Filter,
    pub faults: bool,
    /// Title of the column to sort by.
    pub column: Option<&'static str>,
    pub nodes: &'a HashMap<(Text, Text), Option<bool>>,
    pub usage: &'a HashMap<ObjectRef, Meter>,
    /// What nodes use, by context and name.
    pub node_usage: &'a HashMap<(Text, Text), Usage>,
    /// Several clusters are shown, so that a context tells rows apart.
    pub several: bool,
    /// For what is fine today and not in a week.
    pub now: Timestamp,
}

impl Lens<'_> {
    pub fn node_ready(&self, context: &Text, node: Option<&Text>) -> Option<bool> {
        let known = self.nodes.get(&(context.clone(), node?.clone()));
        known.map(|ready| ready.unwrap_or(false))
    }

    /// The context as a word to filter by, where it tells rows apart.
    pub fn place<'a>(&self, id: &'a ObjectRef) -> &'a str {
        if self.several { &id.context } else { "" }
    }

    /// Words that say their names, where the filter asks for any by its name.
    pub fn named<'v>(&self, all: impl IntoIterator<Item = (&'v str, &'v str)>) -> Vec<String> {
        let all = self.filter.names().then_some(all);
        all.into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Whether a thing passes: trouble only when asked, and every word of the filter.
    pub fn shows<'a>(&self, level: Level, words: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
        (!self.faults || level < Level::Fine) && (self.filter.is_empty() || self.filter.passes(words))
    }

    /// Whether it is as old as was asked for: `age>10m`. Each kind has ages of its own.
    pub fn of_age(&self, since: impl Fn(&str) -> Option<Timestamp>) -> bool {
        self.filter.passes_age(|name| since(name).map(|at| self.now.since(at)))
    }
}

/// All columns of a kind, in order, whatever the width.
pub fn all_columns(kind: Kind) -> &'static [Column] {
    match tables::of(kind.realm()) {
        Some(tables) => tables.columns(kind),
        None => objects::columns(kind),
    }
}

pub fn sort_column(kind: Kind, sort: Sort) -> Option<&'static str> {
    all_columns(kind).get(sort.column?).map(|column| column.title)
}

/// Whether a column says anything in this view.
fn applies(model: &Model, column: &Column) -> bool {
    match column.title {
        title if model.board.hides(title) => false,
        "CONTEXT" => model.clusters.len() > 1,
        "ON" => tables::endpoints(model, model.board.kind) > 1,
        "NAMESPACE" => model.clusters.values().any(|cluster| cluster.namespaces.len() != 1),
        _ => true,
    }
}

/// What the view paints of the table: the columns with their widths, and the rows of the window.
pub type Painted<'m> = (Vec<(&'static Column, u16)>, Vec<Row<'m>>);

/// What the widest cell of each column takes in the window.
pub fn needs(model: &Model, width: u16) -> Vec<(&'static str, u16)> {
    let columns = columns(model, width);
    let rows = rows(model, &columns);
    columns.iter().enumerate().map(|(at, (column, _))| (column.title, widest(&rows, at))).collect()
}

fn widest(rows: &[Row<'_>], at: usize) -> u16 {
    let cells = rows.iter().filter_map(|row| row.cells.get(at));
    cells.map(|cell| u16::try_from(cell.text.width()).unwrap_or(u16::MAX)).max().unwrap_or(0)
}

/// What makes it another table, with widths of its own. What was wide once gives its room back some time.
pub fn setup(model: &Model, width: u16) -> String {
    let board = &model.board;
    let (kind, shift, sort, filter) = (board.kind, board.shift, board.sort(), board.filter.text());
    format!("{kind} {width} {shift} {sort:?} {} {filter}", super::widths::era(model.now))
}

/// The table in so many cells: no cell is cut while another column has room that it does not need.
pub fn table(model: &Model, width: u16) -> Painted<'_> {
    let mut columns = columns(model, width);
    let mut rows = rows(model, &columns);
    let room = width.saturating_sub(SIGNS);
    let sorted = sort_column(model.board.kind, model.board.sort());
    loop {
        let share = |at: usize, (column, width): &(&Column, u16)| Share {
            width: *width,
            needs: widest(&rows, at).max(model.board.widest.of(column.title)),
            // Its arrow stands in the gap.
            least: u16::try_from(column.title.width()).unwrap_or(u16::MAX).min(*width),
            gives: !column.right && column.number == 0,
        };
        let mut shares: Vec<Share> = columns.iter().enumerate().map(|(at, one)| share(at, one)).collect();
        let used: u16 = shares.iter().map(|share| share.width + GAP).sum();
        let cut = share_out(&mut shares, (room + GAP).saturating_sub(used));
        // A column that says nothing stands only where nothing is cut for it.
        let idle = |at: &usize| shares[*at].needs == 0 && sorted != Some(columns[*at].0.title);
        let idle = (0..shares.len()).filter(idle).min_by_key(|at| columns[*at].0.keep);
        let Some(idle) = idle.filter(|_| cut && columns.len() > 1 && !rows.is_empty()) else {
            columns.iter_mut().zip(&shares).for_each(|((_, width), share)| *width = share.width);
            return (columns, rows);
        };
        columns.remove(idle);
        rows.iter_mut().filter(|row| idle < row.cells.len()).for_each(|row| drop(row.cells.remove(idle)));
    }
}

/// Between two columns.
const GAP: u16 = 2;

/// The columns that fit, with their widths; the least important go first.
pub fn columns(model: &Model, width: u16) -> Vec<(&'static Column, u16)> {
    let mut chosen: Vec<&Column> =
        all_columns(model.board.kind).iter().filter(|column| applies(model, column)).collect();
    chosen.drain(..model.board.shift.min(chosen.len().saturating_sub(1)));
    let room = width.saturating_sub(SIGNS);
    let least = |column: &Column| match column.width {
        Width::Fixed(n) | Width::Share(n, _) | Width::Fill(n) => n + GAP,
    };
    // A name, or what is wrong, is worth more room than a column that is only good to know.
    let speaks = |column: &Column| matches!(column.title, "NAME" | "MEANS");
    let wanted = |column: &Column| least(column).max(if speaks(column) { COMFORT + GAP } else { 0 });
    while chosen.len() > 1 {
        let minor = chosen.iter().any(|column| column.keep < 5);
        let needed: u16 =
            chosen.iter().map(|column| if minor { wanted(column) } else { least(column) }).sum();
        if needed <= room + GAP {
            break;
        }
        let expendable = chosen.iter().enumerate().min_by_key(|(_, column)| column.keep).map(|(at, _)| at);
        chosen.remove(expendable.unwrap_or_default());
    }
    let comfortable = chosen.iter().map(|column| wanted(column)).sum::<u16>() <= room + GAP;
    let base = |column: &Column| if comfortable { wanted(column) } else { least(column) } - GAP;
    let spare = (room + GAP).saturating_sub(chosen.iter().map(|column| base(column) + GAP).sum());
    let weight = |column: &&Column| match column.width {
        Width::Share(_, weight) => weight,
        // What fills the rest is what has most to say: it is not left with the crumbs.
        Width::Fill(_) => FILLS,
        Width::Fixed(_) => 0,
    };
    let weights: u16 = chosen.iter().map(weight).sum();
    let mut widths: Vec<(&Column, u16)> = Vec::new();
    for column in chosen {
        let own = match column.width {
            Width::Fixed(n) => n,
            Width::Share(n, weight) => {
                (base(column) + spare * weight / weights.max(1)).min(n * 2 + 10).max(base(column))
            }
            Width::Fill(_) => base(column),
        };
        widths.push((column, own));
    }
    let used: u16 = widths.iter().map(|(_, width)| width + GAP).sum();
    if let Some((_, width)) = widths.iter_mut().find(|(column, _)| matches!(column.width, Width::Fill(_))) {
        *width += (room + GAP).saturating_sub(used);
    }
    if let [(_, width)] = widths.as_mut_slice() {
        *width = (*width).min(room);
    }
    widths
}

/// The weight of a column that fills the rest, beside those that share it.
const FILLS: u16 = 10;

/// How much of a name is shown before minor columns get any room.
const COMFORT: u16 = 26;

/// Columns before the first: where you are, how bad it is, a gap.
pub const SIGNS: u16 = 3;

/// The lines between the title and the table, as many as leave most of the room to the rows.
pub fn head(model: &Model, area: Area) -> Vec<Vec<Fact>> {
    let mut lines = tables::of(model.board.kind.realm())
        .map_or_else(Vec::new, |tables| tables.head(model, model.board.kind));
    lines.truncate(usize::from(area.height / 4));
    lines
}

/// Where the first row stands: below the title, the head and the column heads.
pub fn first_row(model: &Model, area: Area) -> u16 {
    area.y + 2 + u16::try_from(head(model, area).len()).unwrap_or(0)
}

/// How many rows an area has for things.
pub fn room(model: &Model, area: Area) -> usize {
    usize::from(area.bottom().saturating_sub(first_row(model, area)))
}

/// The rows of the window, ready to paint.
fn rows<'m>(model: &'m Model, columns: &[(&'static Column, u16)]) -> Vec<Row<'m>> {
    let titles: Vec<&'static str> = columns.iter().map(|(column, _)| column.title).collect();
    match model.board.kind {
        Kind::Pod => pods::rows(model, &titles),
        kind => model.listing(kind).map_or_else(Vec::new, |listing| objects::rows(model, listing, &titles)),
    }
}

/// Why there is nothing to see, in words; `None` when there are rows.
pub fn empty(model: &Model) -> Option<String> {
    let (shown, total) = numbers(model);
    if shown > 0 {
        return None;
    }
    let kind = model.board.kind;
    let state = model.worst_feed(|feed| fed_by(kind, feed)).map(|(_, status)| &status.state);
    if let (None, Some(tables)) = (state, tables::of(kind.realm())) {
        return Some(tables.remedy().into());
    }
    Some(match state {
        None => "no cluster is connected: set KUBECONFIG, or use --context, or write a profile (firedeck config init)".into(),
        Some(F::Forbidden { needs }) => format!("you may not see {}: needs {needs}", kind.plural()),
        Some(F::Absent { why }) => format!("no {} here: {why}", kind.plural()),
        Some(F::Down { why, .. }) if total == 0 => format!("nothing was ever heard: {why}"),
        Some(F::Connecting) => "connecting".into(),
        Some(F::Loading) if total == 0 => "loading".into(),
        _ if total > 0 && model.board.faults && model.board.filter.is_empty() => {
            format!("nothing is in trouble; {total} in all, {} shows them", model.key(Action::Faults))
        }
        _ if total > 0 => format!("nothing of {total} matches, {} takes the filter away", model.key(Action::Back)),
        Some(F::Live) if let Some(why) = tables::of(kind.realm()).and_then(|tables| tables.none(model, kind)) => {
            why
        }
        _ => match narrow(model) {
            Some(namespace) if kind.namespaced() => format!(
                "there are no {} in namespace `{namespace}`; --namespace all shows those of every namespace",
                kind.plural()
            ),
            _ => format!("there are no {} in view", kind.plural()),
        },
    })
}

/// The one namespace in view, where there is no other.
fn narrow(model: &Model) -> Option<&str> {
    let mut all = model.clusters.values().map(|cluster| cluster.namespaces.as_slice());
    match (all.next(), all.next()) {
        (Some([one]), None) => Some(one),
        _ => None,
    }
}

/// How many are shown, of how many.
pub fn numbers(model: &Model) -> (usize, usize) {
    match model.board.kind {
        Kind::Pod => (model.pods.len(), model.pods.total()),
        Kind::AlertGroup => {
            let of = |kind| model.listing(kind).map_or(0, Listing::total);
            (of(Kind::AlertGroup), of(Kind::Alert))
        }
        kind => model.listing(kind).map_or((0, 0), |listing| (listing.len(), listing.total())),
    }
}

/// How many are marked, and how many of those the filter hides.
pub fn marks(model: &Model) -> (usize, usize) {
    match model.board.kind {
        Kind::Pod => model.pods.marks(),
        kind => model.listing(kind).map_or((0, 0), Listing::marks),
    }
}

fn count(model: &Model, level: Level) -> usize {
    match model.board.kind {
        Kind::Pod => model.pods.count(level),
        Kind::AlertGroup => model.listing(Kind::Alert).map_or(0, |listing| listing.count(level)),
        kind => model.listing(kind).map_or(0, |listing| listing.count(level)),
    }
}

pub fn fed_by(kind: Kind, feed: &Feed) -> bool {
    match feed {
        Feed::Pods(..) => kind == Kind::Pod,
        Feed::Objects(_, other, _) => *other == kind,
        other => tables::fed_by(kind, other),
    }
}

/// The selected thing, whatever its kind.
pub fn selected(model: &Model) -> Option<ObjectRef> {
    match model.board.kind {
        Kind::Pod => model.pods.current().map(|pod| pod.id.clone()),
        kind => model.listing(kind)?.current().map(|object| object.id.clone()),
    }
}

pub struct Things;

impl Pane for Things {
    fn kind(&self) -> PaneKind {
        PaneKind::Things
    }

    fn name(&self, model: &Model) -> Cow<'static, str> {
        match model.board.kind {
            Kind::Hpa => "autoscalers".into(),
            Kind::RedisNode => "redis nodes".into(),
            Kind::SlowCall => "slow calls".into(),
            Kind::AlertGroup => "alerts".into(),
            kind => kind.plural().into(),
        }
    }

    fn fed_by(&self, feed: &Feed, model: &Model) -> bool {
        fed_by(model.board.kind, feed)
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        let grouping = tables::grouping(model);
        let (shown, total) =
            grouping.as_ref().map_or_else(|| numbers(model), |(shown, total, _)| (*shown, *total));
        let mut facts = Vec::new();
        let all =
            if shown == total { grouped(total) } else { format!("{} of {}", grouped(shown), grouped(total)) };
        facts.push(Fact::new(all, Role::Text));
        facts.extend(grouping.map(|(_, _, groups)| Fact::new(groups, Role::Input)));
        for (level, word) in [(Level::Bad, "failing"), (Level::Unknown, "unknown"), (Level::Warn, "to watch")]
        {
            let n = count(model, level);
            if n > 0 {
                facts.push(Fact::new(format!("{} {word}", grouped(n)), super::role(level)));
            }
        }
        if model.board.kind == Kind::Pod {
            for (level, word) in [(Level::Fine, "running"), (Level::Done, "completed")] {
                let n = count(model, level);
                if n > 0 {
                    facts.push(Fact::new(format!("{} {word}", grouped(n)), Role::Dim));
                }
            }
        }
        match marks(model) {
            (0, _) => {}
            (n, 0) => facts.push(Fact::new(format!("{} marked", grouped(n)), Role::Key)),
            // What an action would hit and nobody sees.
            (n, hidden) => facts.push(Fact::new(
                format!("{} marked, {} not shown", grouped(n), grouped(hidden)),
                Role::Warning,
            )),
        }
        if model.board.faults {
            facts.push(Fact::new("only trouble", Role::Input));
        }
        if !model.board.filter.is_empty() {
            facts.push(Fact::new(format!("/{}", model.board.filter.text().trim_end()), Role::Input));
            if model.board.filter.is_unread() {
                facts.push(Fact::new("no pattern yet", Role::Warning));
            }
        }
        if matches!(model.board.kind, Kind::Pod | Kind::Node) {
            facts.extend(super::state::metrics(model));
        }
        if model.board.kind == Kind::Pod {
            facts.extend(super::state::nodes(model));
        }
        facts
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        let worst = model.worst_feed(|feed| matches!(feed, Feed::Pods(..)));
        let feed = worst.map_or(Level::Unknown, |(feed, status)| model.feed_level(feed, status));
        // Of rows that are old nothing is known; one namespace that may not be seen hides nothing of the others.
        if feed < Level::Warn {
            return (feed, "pods".into());
        }
        let mut troubles = [Level::Bad, Level::Unknown, Level::Warn].into_iter();
        match troubles.find(|level| model.pods.count(*level) > 0) {
            Some(level) => (level, format!("pods {}", grouped(model.pods.count(level)))),
            None if feed == Level::Warn => (feed, "pods".into()),
            None => (Level::Fine, format!("pods {}", grouped(model.pods.total()))),
        }
    }

    fn keys(&self, model: &Model) -> Vec<Action> {
        use Action::{
            Cordon, Delete, Describe, Drain, Filter, Logs, NextKind, Open, Palette, PreviousLogs, Restart,
            Scale, SetImage, Shell, Undo,
        };
        if let Some(tables) = tables::of(model.board.kind.realm()) {
            let mut keys = tables.keys(model.board.kind).to_vec();
            if model.board.kind == Kind::Alert {
                super::runbooks::offer(model, &mut keys);
            }
            return keys;
        }
        let mut keys = vec![Open, Logs, Describe];
        keys.extend_from_slice(match model.board.kind {
            Kind::Pod => &[PreviousLogs, Shell, Delete][..],
            Kind::Deployment => &[Restart, Scale, Undo, SetImage],
            Kind::StatefulSet | Kind::DaemonSet => &[Restart, Scale, Undo],
            Kind::Node => &[Cordon, Drain],
            _ => &[],
        });
        if model.settings.profile.read_only || model.wall {
            keys.truncate(4);
            keys.retain(|key| *key != Shell);
        }
        keys.extend([Filter, NextKind, Palette]);
        if model.board.kind == Kind::Pod {
            super::runbooks::offer(model, &mut keys);
        }
        keys
    }
}

/// `30,412`, so that five digits can be read at a glance.
pub fn grouped(n: usize) -> String {
    if n < 10_000 { n.to_string() } else { text::grouped(u64::try_from(n).unwrap_or(u64::MAX)) }
}
