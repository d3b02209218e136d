//! Containers of Docker engines as rows, counted by Compose project.
use std::borrow::Cow;
use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use super::pods::bytes;
use super::tables::{self, ON, Tables, ago, left, right};
use super::{Cell, Column, Fact, Width, order, role};
use crate::domain::container::{Container, End, Health, Tally};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::settings::{Action, Role};
use crate::domain::time::Age;
use crate::model::Model;
use crate::model::listing::{Listing, SortKey};

pub struct Containers;

const COLUMNS: &[Column] = &[
    ON,
    left("PROJECT", Width::Share(10, 3), 9),
    left("SERVICE", Width::Share(8, 2), 4),
    left("NAME", Width::Share(13, 4), 20),
    left("STATE", Width::Share(22, 3), 15),
    left("HEALTH", Width::Fixed(10), 3),
    Column { number: 3, ..left("RESTARTS", Width::Fixed(8), 11) },
    left("LAST END", Width::Share(16, 2), 10),
    right("CPU", 5, 8),
    right("MEM", 11, 8),
    left("IMAGE", Width::Share(10, 3), 2),
    left("VERSION", Width::Share(7, 2), 7),
    right("AGE", 4, 5),
];

/// Head lines where there is room, and where there is not.
const LINES: usize = 4;
const FEW_ROWS: u16 = 30;

fn facts(object: &Object) -> Option<&Container> {
    match &object.facts {
        Facts::Container(container) => Some(container),
        _ => None,
    }
}

fn all(model: &Model) -> impl Iterator<Item = (&Object, &Container)> {
    let objects = model.listing(Kind::Container).into_iter().flat_map(Listing::all);
    objects.filter_map(|object| Some((object, facts(object)?)))
}

/// Each project with its count, the worst first.
fn projects(model: &Model) -> Vec<(String, Tally)> {
    let mut by_name: BTreeMap<(&str, &str), Vec<&Container>> = BTreeMap::new();
    for (object, container) in all(model) {
        by_name.entry((&*object.id.context, &*container.project)).or_default().push(container);
    }
    let several = tables::endpoints(model, Kind::Container) > 1;
    let named = by_name.into_iter().map(|((engine, project), containers)| {
        let project = if project.is_empty() { "no project" } else { project };
        let name = if several { format!("{engine} {project}") } else { project.to_owned() };
        (name, Tally::of(containers))
    });
    // Where everything is done there is nothing to be counted.
    let mut named: Vec<_> = named.filter(|(_, tally)| tally.all > 0).collect();
    named.sort_by_key(|(_, tally)| tally.level());
    named
}

impl Tables for Containers {
    fn realm(&self) -> Realm {
        Realm::Containers
    }

    fn name(&self) -> &'static str {
        "containers"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Container]
    }

    fn columns(&self, _kind: Kind) -> &'static [Column] {
        COLUMNS
    }

    fn key(&self, object: &Object, column: Option<&str>) -> SortKey {
        let Some(container) = facts(object) else { return SortKey::Missing };
        match column {
            // Without a project last.
            None if container.project.is_empty() => SortKey::Missing,
            None => order::text(&format!("{}\u{0}{}", container.project, container.service)),
            Some("PROJECT") => order::text(&container.project),
            Some("SERVICE") => order::text(&container.service),
            Some("STATE") => order::text(&container.word()),
            // Those that failed most often first.
            Some("HEALTH") => container.health.map_or(SortKey::Missing, |health| match health {
                Health::Unhealthy => order::most(u64::from(container.failing) + 2),
                Health::Starting => order::most(1),
                Health::Healthy => order::most(0),
            }),
            Some("RESTARTS") => order::most(container.restarts.map(u64::from)),
            // Of what ended nobody knows when, no more is known than that.
            Some("LAST END") => {
                container.end.map_or(SortKey::Missing, |end| end.at.map_or(SortKey::Number(0), order::newest))
            }
            Some("CPU") => order::most(container.cpu_percent.map(tenths)),
            Some("MEM") => order::most(container.memory),
            Some("IMAGE") => order::text(repository(&container.image)),
            Some("VERSION") => order::version(&container.version),
            Some(_) => order::newest(object.created),
        }
    }

    fn cell<'m>(&self, model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m> {
        let Some(container) = facts(object) else { return Cell::new("") };
        match column {
            "ON" => Cell::new(&*object.id.context).role(Role::Dim),
            "PROJECT" => or_dash(&container.project),
            "SERVICE" => or_dash(&container.service),
            "NAME" => Cell::middle(&*object.id.name),
            "STATE" => Cell::new(container.word()).role(role(level)),
            "HEALTH" => health(container),
            "RESTARTS" => Cell::new(restarts(model, container)),
            "LAST END" => last_end(model, container, level),
            "CPU" => match container.cpu_percent {
                Some(percent) => Cell::new(percentage(percent)),
                None => Cell::new("–").role(Role::Dim),
            },
            "MEM" => memory(container),
            "IMAGE" => Cell::middle(repository(&container.image)).role(Role::Dim),
            "VERSION" => or_dash(&container.version),
            _ => Cell::new(Age(model.now.since(object.created)).to_string()).role(Role::Dim),
        }
    }

    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>> {
        let Some(container) = facts(object) else { return Vec::new() };
        let own =
            [&container.project, &container.service, &container.image, &container.version, &container.ports];
        own.into_iter().map(|word| Cow::from(&**word)).collect()
    }

    fn head(&self, model: &Model, _kind: Kind) -> Vec<Vec<Fact>> {
        let projects = projects(model);
        let room = if model.size.1 < FEW_ROWS { 1 } else { LINES };
        // Every project on a line, or as many as there is room for and then how many more.
        let shown = if projects.len() > room { room.saturating_sub(1).max(1) } else { projects.len() };
        let wide = projects.iter().take(shown).map(|(name, _)| name.width()).max().unwrap_or(0);
        let line = |(name, tally): &(String, Tally)| {
            let gap = " ".repeat(wide - name.width() + 2);
            vec![
                Fact::new(format!("{name}{gap}"), Role::Dim),
                Fact::new(tally.to_string(), role(tally.level())),
            ]
        };
        let mut lines: Vec<Vec<Fact>> = projects.iter().take(shown).map(line).collect();
        let rest = projects.get(shown..).unwrap_or_default();
        if let Some((_, worst)) = rest.first() {
            let well = rest.iter().filter(|(_, tally)| tally.level() == Level::Fine).count();
            let role = role(worst.level());
            match lines.last_mut().filter(|_| room == 1) {
                Some(line) => line.push(Fact::new(format!("  +{}, {well} well", rest.len()), role)),
                None => lines.push(vec![Fact::new(format!("{} more, {well} well", rest.len()), role)]),
            }
        }
        lines
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        if let Some(lamp) = tables::feed_lamp(model, self) {
            return lamp;
        }
        match tables::count(model, Kind::Container) {
            Some((level, n)) => (level, format!("{} {n}", self.name())),
            // Nothing that could be unwell is no health: somebody may have taken all of it down.
            None if all(model).next().is_none() => (Level::Unknown, format!("{} none", self.name())),
            None => (Level::Fine, self.name().into()),
        }
    }

    fn worst(&self, model: &Model) -> (String, String) {
        if let Some((id, _, says)) = self.troubles(model).into_iter().next() {
            return (id.name.to_string(), says);
        }
        let tally = Tally::of(all(model).map(|(_, container)| container));
        let says = if tally.all == 0 { "none runs".to_owned() } else { tally.to_string() };
        (self.name().into(), says)
    }

    fn troubles(&self, model: &Model) -> Vec<(ObjectRef, Level, String)> {
        let mut trouble: Vec<_> = all(model).filter(|(object, _)| object.level() < Level::Fine).collect();
        // The newest trouble of the worst kind tells most.
        let since = |container: &Container| container.end.and_then(|end| end.at).or(container.started);
        trouble.sort_by_key(|(object, container)| (object.level(), since(container).map(|at| -at.0)));
        let told = trouble.into_iter().map(|(object, container)| {
            let when = match container.end.and_then(|end| end.at) {
                Some(at) if model.now.since(at).as_secs() < 10 => ", ended just now".into(),
                Some(at) => format!(", last end {}", Age(model.now.since(at)).past()),
                None => String::new(),
            };
            (object.id.clone(), object.level(), format!("{}{when}", container.status()))
        });
        told.collect()
    }

    fn keys(&self, _kind: Kind) -> &'static [Action] {
        &[
            Action::Open,
            Action::Logs,
            Action::ProjectLogs,
            Action::Shell,
            Action::Restart,
            Action::Stop,
            Action::Start,
            Action::MarkProject,
            Action::Filter,
            Action::Palette,
        ]
    }

    fn remedy(&self) -> &'static str {
        "no engine is named: `[[docker]]` in the profile, or --docker URL"
    }
}

fn or_dash(text: &str) -> Cell<'_> {
    if text.is_empty() { Cell::new("–").role(Role::Dim) } else { Cell::new(text) }
}

/// What the check says; the state says it too, but here it can be sorted by.
fn health(container: &Container) -> Cell<'_> {
    match container.health {
        None => Cell::new("–").role(Role::Dim),
        Some(Health::Unhealthy) if container.failing > 1 => {
            let often = if container.failing > 999 { "999+".into() } else { container.failing.to_string() };
            Cell::new(format!("failed {often}")).role(Role::Bad)
        }
        Some(Health::Unhealthy) => Cell::new("unhealthy").role(Role::Bad),
        Some(Health::Starting) => Cell::new("starting").role(Role::Warning),
        Some(Health::Healthy) => Cell::new("healthy"),
    }
}

/// `6  40s`: how often, and when last.
fn restarts(model: &Model, container: &Container) -> String {
    match container.restarts {
        None => "–".into(),
        Some(0) => "0".into(),
        Some(n) => match container.started {
            Some(_) => format!("{n:<3} {}", ago(model, container.started)),
            None => n.to_string(),
        },
    }
}

/// `OOMKilled 137 2m`: how the run before ended, or the last one.
fn last_end<'m>(model: &'m Model, container: &Container, level: Level) -> Cell<'m> {
    let Some(end) = container.end else { return Cell::new("–").role(Role::Dim) };
    let when = end.at.map(|at| format!(" {}", Age(model.now.since(at)))).unwrap_or_default();
    let cell = Cell::new(format!("{} {}{when}", end.meaning().unwrap_or("exited"), end.code));
    match end {
        End { code: 0, oom: false, .. } => cell.role(Role::Dim),
        _ if level == Level::Bad => cell.role(Role::Bad),
        _ => cell,
    }
}

fn tenths(percent: f32) -> u64 {
    format!("{:.0}", percent * 10.0).parse().unwrap_or(0)
}

/// Tenths only where they tell something.
fn percentage(percent: f32) -> String {
    if percent > 0.0 && percent < 10.0 { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
}

/// `48M of 64M`, or what it takes where it may take all there is.
fn memory<'m>(container: &Container) -> Cell<'m> {
    let Some(used) = container.memory else { return Cell::new("–").role(Role::Dim) };
    let Some(limit) = container.memory_limit else { return Cell::new(bytes(used)) };
    let cell = Cell::new(format!("{} of {}", bytes(used), bytes(limit)));
    match container.memory_percent() {
        Some(90..) => cell.role(Role::Bad),
        Some(80..) => cell.role(Role::Warning),
        _ => cell,
    }
}

/// The image without its tag, which is the next column, and without its registry, which says the least.
fn repository(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split('@').next().unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_fine_as_they_tell_something() {
        for (percent, text) in [(0.0, "0%"), (0.1, "0.1%"), (9.94, "9.9%"), (12.0, "12%"), (812.0, "812%")] {
            assert_eq!(percentage(percent), text);
        }
        assert_eq!(tenths(12.3), 123);
    }

    #[test]
    fn an_image_is_named_without_what_another_column_says() {
        for image in ["registry:5000/devops/mcp:1.4", "mcp", "devops/mcp@sha256:0123", "mcp:latest@sha256:0"]
        {
            assert_eq!(repository(image), "mcp", "{image}");
        }
    }
}
