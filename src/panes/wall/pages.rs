//! The pages of the wall: which there are, which is shown, and what each says.
use std::cmp::Reverse;
use std::time::Duration;

use super::super::overview::{self, Line};
use super::super::tables::{self, Tables};
use super::super::{Fact, fires};
use super::{Trouble, others, trouble};
use crate::domain::level::Level;
use crate::domain::object::{Kind, Realm};
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::rota::Page;

/// How many lines of what is bad stand above every page: nothing bad is ever turned away from.
const STRIP: usize = 4;

/// What the wall shows now, worked out once for each drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Those that have something to say.
    pub pages: Vec<Page>,
    /// The one that was turned to, or the first where that has nothing to say any more.
    pub page: Page,
    /// What is bad, above a page of something else.
    pub strip: Vec<Trouble>,
}

pub fn shown(model: &Model) -> Shown {
    let mut strip = trouble(model, STRIP);
    // What is not known may be as bad as can be.
    strip.retain(|line| line.level < Level::Warn);
    let rest = [
        (Page::Fires, !model.firing.is_empty()),
        (Page::Changed, overview::changes(model).next().is_some()),
        (Page::Rows, worst_kind(model).is_some_and(|(_, _, n)| n > 1)),
    ];
    let mut pages: Vec<Page> = rest.into_iter().filter(|(_, any)| *any).map(|(page, _)| page).collect();
    // Where the strip says it all, a page of it says nothing more.
    let whole = !strip.is_empty() && trouble(model, STRIP + 1).len() == strip.len();
    if !whole || pages.is_empty() {
        pages.insert(0, Page::Trouble);
    }
    let turned = pages.iter().find(|page| **page == model.rota.page);
    let page = turned.or(pages.first()).copied().unwrap_or_default();
    // The page of what is wrong begins with the same lines.
    if pages.len() < 2 || page == Page::Trouble {
        strip.clear();
    }
    Shown { pages, page, strip }
}

/// So many lines of a page are read, whatever the screen.
const READ: usize = 8;

/// Long enough to look up, and then to read every line of it.
pub fn reads_for(model: &Model, page: Page) -> Duration {
    const LOOK_UP: u64 = 10;
    const LINE: u64 = 2;
    let lines = body(model, page, READ).len();
    Duration::from_secs(LOOK_UP + LINE * u64::try_from(lines).unwrap_or(0))
}

/// The name of the page, and how many there are.
pub fn heading(model: &Model, shown: &Shown) -> Vec<Fact> {
    let at = shown.pages.iter().position(|other| *other == shown.page).unwrap_or(0);
    let name = match shown.page {
        Page::Trouble => "What is wrong".into(),
        Page::Fires => format!("What fires: {}", model.firing.len()),
        Page::Changed => "Changed in the last hour".into(),
        Page::Rows => worst_kind(model).map_or_else(String::new, |(kind, _, n)| {
            format!("{} in trouble: {n}", if kind == Kind::Hpa { "autoscalers" } else { kind.plural() })
        }),
    };
    let turns = if model.rota.pinned {
        Fact::new("pinned", Role::Input)
    } else {
        Fact::new(format!("{} of {}", at + 1, shown.pages.len()), Role::Dim)
    };
    vec![Fact::new(name, Role::Title), turns]
}

/// What a page says, in as many lines as there is room for; the last one counts what is left out.
pub fn body(model: &Model, page: Page, room: usize) -> Vec<Trouble> {
    match page {
        Page::Trouble => trouble(model, room),
        Page::Fires => {
            let all = model.firing.len();
            let shown = if all > room { room.saturating_sub(1) } else { all };
            let lines = fires::first(model, shown).map(|fire| Trouble {
                level: fire.level,
                name: fire.name,
                what: format!("{} {}", fire.age, fire.says),
            });
            lines.chain(more(all - shown)).collect()
        }
        Page::Changed => {
            let lines = overview::changes(model).take(room).filter_map(|line| match line {
                Line::Change { at, what, says, level, suspect, .. } => Some(Trouble {
                    level: if suspect { Level::Warn } else { level },
                    name: format!("{at}  {what}"),
                    what: if suspect { format!("suspect: {says}") } else { says },
                }),
                _ => None,
            });
            lines.collect()
        }
        Page::Rows => rows(model, room),
    }
}

fn more(n: usize) -> Option<Trouble> {
    (n > 0).then(|| Trouble { level: Level::Fine, name: format!("and {n} more"), what: String::new() })
}

/// The kind, of any source but the pods and the alerts, that has the worst rows, and how many are in trouble.
fn worst_kind(model: &Model) -> Option<(Kind, Level, usize)> {
    let sources = others(model).filter(|realm| *realm != Realm::Alerts).filter_map(tables::of);
    let counted = sources.flat_map(Tables::kinds).filter_map(|kind| {
        let (level, _) = tables::count(model, *kind)?;
        let listing = model.listing(*kind)?;
        let all = [Level::Bad, Level::Unknown, Level::Warn].iter().map(|level| listing.count(*level)).sum();
        Some((*kind, level, all))
    });
    counted.min_by_key(|(_, level, _)| *level)
}

/// How many columns of a row are read from afar.
const TOLD: usize = 4;

fn rows(model: &Model, room: usize) -> Vec<Trouble> {
    let Some((kind, _, all)) = worst_kind(model) else { return Vec::new() };
    let shown = if all > room { room.saturating_sub(1) } else { all };
    // On the wall nobody sorts: trouble is first.
    let rows = model.listing(kind).into_iter().flat_map(|listing| listing.first(shown));
    let Some(tables) = tables::of(kind.realm()) else { return Vec::new() };
    // The columns that stay longest on a narrow screen are those that say most.
    let mut columns: Vec<_> = tables.columns(kind).iter().enumerate().collect();
    columns.sort_by_key(|(_, column)| Reverse(column.keep));
    columns.truncate(TOLD);
    let (name, mut rest) = match columns.split_first() {
        Some(((_, name), rest)) => (name.title, rest.to_vec()),
        None => return Vec::new(),
    };
    rest.sort_by_key(|(at, _)| *at);
    let lines = rows.map(|(object, rank)| {
        let cell = |title: &str| tables.cell(model, object, rank.level, title).text.trim().to_owned();
        let what: Vec<String> = rest.iter().map(|(_, column)| cell(column.title)).collect();
        let known = what.iter().filter(|text| !text.is_empty()).map(String::as_str);
        Trouble { level: rank.level, name: cell(name), what: known.collect::<Vec<_>>().join("  ") }
    });
    lines.chain(more(all - shown)).collect()
}
