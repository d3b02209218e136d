//! What Compose keeps together: marked, followed and begun or ended as one.
use std::collections::BTreeSet;

use crate::domain::action::{Native, Verb};
use crate::domain::container::{Container, by_need};
use crate::domain::log::Follow;
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::model::Model;
use crate::model::listing::Listing;

/// So many names are said in one line.
const NAMES: usize = 4;

/// A whole project, or one service of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Service,
    Project,
}

fn containers(model: &Model) -> impl Iterator<Item = (&Object, &Container)> {
    let objects = model.listing(Kind::Container).into_iter().flat_map(Listing::all);
    objects.filter_map(|object| match &object.facts {
        Facts::Container(container) => Some((object, &**container)),
        _ => None,
    })
}

fn find<'m>(model: &'m Model, id: &ObjectRef) -> Option<(&'m Object, &'m Container)> {
    let object = model.listing(Kind::Container)?.get(id)?;
    match &object.facts {
        Facts::Container(container) => Some((object, container)),
        _ => None,
    }
}

/// The container that is meant, of a service or project that has a name.
fn meant<'m>(model: &'m Model, target: &ObjectRef, part: Part) -> Result<&'m Container, String> {
    let (_, container) =
        find(model, target).ok_or_else(|| format!("{} {target} is no container", target.kind))?;
    if container.project.is_empty() {
        return Err(format!("{target} belongs to no Compose project"));
    }
    if part == Part::Service && container.service.is_empty() {
        return Err(format!("{target} belongs to no Compose service"));
    }
    Ok(container)
}

/// Everything of the same service or project, on the same engine.
fn family<'m>(
    model: &'m Model,
    engine: &'m str,
    of: &'m Container,
    part: Part,
) -> impl Iterator<Item = (&'m Object, &'m Container)> {
    containers(model).filter(move |(object, container)| {
        let project = &*object.id.context == engine && container.project == of.project;
        project && (part == Part::Project || container.service == of.service)
    })
}

fn follow_of(engine: &ObjectRef, of: &Container, part: Part) -> Follow {
    Follow::Compose {
        engine: engine.context.clone(),
        project: of.project.clone(),
        service: (part == Part::Service).then(|| of.service.clone()),
    }
}

/// The logs of its whole service or project.
pub fn follow(model: &Model, target: &ObjectRef, part: Part) -> Result<Follow, String> {
    Ok(follow_of(target, meant(model, target, part)?, part))
}

/// The logs of marked containers. Where they are all of a service or a project, it is followed, and with it whoever
/// joins it.
pub fn follow_marked(model: &Model, things: Vec<ObjectRef>) -> Follow {
    let whole = things.first().and_then(|first| {
        [Part::Service, Part::Project].into_iter().find_map(|part| {
            let of = meant(model, first, part).ok()?;
            let all: BTreeSet<&ObjectRef> =
                family(model, &first.context, of, part).map(|(object, _)| &object.id).collect();
            let lasting = family(model, &first.context, of, part).filter(|(_, container)| container.counts());
            let whole = things.iter().all(|thing| all.contains(thing))
                && lasting.into_iter().all(|(object, _)| things.contains(&object.id));
            (whole && all.len() > 1).then(|| follow_of(first, of, part))
        })
    });
    let context = things.first().map(|first| first.context.clone()).unwrap_or_default();
    whole.unwrap_or(Follow::Marked { context, things })
}

/// Marks all of its service or project but what is done, or takes these marks away; says what it did.
pub fn mark(model: &mut Model, target: &ObjectRef, part: Part) -> Result<String, String> {
    let of = meant(model, target, part)?.clone();
    let what = match part {
        Part::Service => of.service.to_string(),
        Part::Project => format!("project {}", of.project),
    };
    let (mut all, mut done): (Vec<ObjectRef>, Vec<ObjectRef>) = (Vec::new(), Vec::new());
    for (object, container) in family(model, &target.context, &of, part) {
        if container.counts() { &mut all } else { &mut done }.push(object.id.clone());
    }
    if all.is_empty() {
        return Err(format!("all of {what} is done: mark with Space what should run again"));
    }
    let listing = model.objects.entry(Kind::Container).or_default();
    let unmarked: Vec<&ObjectRef> = all.iter().filter(|id| !listing.marked().contains(*id)).collect();
    let (turn, did) =
        if unmarked.is_empty() { (all.iter().collect(), "no longer marked") } else { (unmarked, "marked") };
    let turn: Vec<ObjectRef> = turn.into_iter().cloned().collect();
    for id in &turn {
        listing.toggle_mark(id);
    }
    let noun = if all.len() == 1 { "container" } else { "containers" };
    let left = if done.is_empty() { String::new() } else { format!("; done, so left out: {}", names(&done)) };
    Ok(format!("{did}: {} {noun} of {what}{left}", all.len()))
}

/// A few names, and how many more.
fn names(ids: &[ObjectRef]) -> String {
    let shown: Vec<&str> = ids.iter().take(NAMES).map(|id| &*id.name).collect();
    let more = ids.len().saturating_sub(NAMES);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// What is needed comes before what needs it, and goes after it.
pub fn order(model: &Model, natives: Vec<Native>) -> Vec<Native> {
    // Who needs whom may lead over services that are not meant.
    let all: Vec<(&Object, &Container)> = containers(model).collect();
    let facts: Vec<&Container> = all.iter().map(|(_, container)| *container).collect();
    let place: Vec<&ObjectRef> =
        by_need(&facts).into_iter().filter_map(|at| all.get(at).map(|(object, _)| &object.id)).collect();
    let ends = natives.iter().all(|native| matches!(native.verb, Verb::Stop { .. }));
    let mut natives = natives;
    natives.sort_by_key(|native| place.iter().position(|id| **id == native.target).unwrap_or(usize::MAX));
    if ends {
        natives.reverse();
    }
    natives
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::container::{ContainerState, End, Need};
    use crate::domain::feed::Feed;
    use crate::domain::news::Seen;
    use crate::domain::settings::Backend;
    use crate::domain::time::Timestamp;
    use crate::model::listing::Rank;

    fn id(name: &str) -> ObjectRef {
        ObjectRef { context: "box".into(), kind: Kind::Container, namespace: "".into(), name: name.into() }
    }

    fn container(project: &str, service: &str, needs: &str) -> Container {
        Container {
            project: project.into(),
            service: service.into(),
            needs: Need::read(needs),
            state: ContainerState::Running,
            ..Container::default()
        }
    }

    fn model() -> Model {
        let done = Container {
            state: ContainerState::Exited,
            end: Some(End::default()),
            policy: crate::domain::container::Policy::Never,
            ..container("shop", "migrate", "db")
        };
        let rows = [
            ("shop-web-1", container("shop", "web", "api")),
            ("shop-api-1", container("shop", "api", "db,cache")),
            ("shop-api-2", container("shop", "api", "db,cache")),
            ("shop-db-1", container("shop", "db", "")),
            ("shop-cache-1", container("shop", "cache", "db")),
            ("shop-migrate-1", done),
            ("other-db-1", container("other", "db", "")),
            ("lonely", container("", "", "")),
        ];
        let seen = rows.map(|(name, facts)| {
            Seen::Is(Object {
                id: id(name),
                uid: format!("uid-{name}").into(),
                created: Timestamp(0),
                deleting: false,
                owner: None,
                facts: Facts::Container(Box::new(facts)),
            })
        });
        let mut model = Model::default();
        let listing = model.objects.entry(Kind::Container).or_default();
        listing.apply(&Feed::Endpoint(Backend::Docker, "box".into()), seen.into(), |_| Rank::default());
        model
    }

    fn ordered(verb: &Verb, names: &[&str]) -> Vec<String> {
        let natives = names
            .iter()
            .map(|name| Native { target: id(name), uid: "u".into(), verb: verb.clone() })
            .collect();
        order(&model(), natives).into_iter().map(|native| native.target.name.to_string()).collect()
    }

    #[test]
    fn what_is_needed_begins_first_and_ends_last() {
        let all = ["shop-api-1", "shop-cache-1", "shop-db-1", "shop-web-1"];
        let begins = ["shop-db-1", "shop-cache-1", "shop-api-1", "shop-web-1"];
        assert_eq!(ordered(&Verb::Restart, &all), begins);
        assert_eq!(ordered(&Verb::Start, &all), begins);
        let mut ends = begins;
        ends.reverse();
        assert_eq!(ordered(&Verb::Stop { grace_seconds: None }, &all), ends);
        // Over a service that is not meant.
        assert_eq!(ordered(&Verb::Restart, &["shop-api-1", "shop-db-1"]), ["shop-db-1", "shop-api-1"]);
        assert_eq!(ordered(&Verb::Restart, &["shop-web-1", "shop-db-1"]), ["shop-db-1", "shop-web-1"]);
    }

    #[test]
    fn a_whole_project_is_marked_without_what_is_done_and_once_more_unmarked() {
        let mut model = model();
        let said = mark(&mut model, &id("shop-api-1"), Part::Project).unwrap();
        assert_eq!(said, "marked: 5 containers of project shop; done, so left out: shop-migrate-1");
        let marked = model.listing(Kind::Container).unwrap().marked().clone();
        assert!(marked.len() == 5 && !marked.contains(&id("other-db-1")), "{marked:?}");
        let said = mark(&mut model, &id("shop-api-1"), Part::Project).unwrap();
        assert!(said.starts_with("no longer marked: 5 containers"), "{said}");
        assert!(model.listing(Kind::Container).unwrap().marked().is_empty());
        let said = mark(&mut model, &id("shop-api-1"), Part::Service).unwrap();
        assert_eq!(said, "marked: 2 containers of api");
        let none = mark(&mut model, &id("lonely"), Part::Project).unwrap_err();
        assert_eq!(none, "lonely belongs to no Compose project");
    }

    #[test]
    fn all_of_a_service_or_project_is_followed_as_such_and_a_part_of_it_by_name() {
        let model = model();
        let of = |names: &[&str]| follow_marked(&model, names.iter().map(|name| id(name)).collect());
        let compose = |service: Option<&str>| Follow::Compose {
            engine: "box".into(),
            project: "shop".into(),
            service: service.map(Into::into),
        };
        assert_eq!(of(&["shop-api-1", "shop-api-2"]), compose(Some("api")));
        assert_eq!(
            of(&["shop-api-1", "shop-api-2", "shop-cache-1", "shop-db-1", "shop-web-1"]),
            compose(None)
        );
        assert!(
            matches!(of(&["shop-api-1", "shop-db-1"]), Follow::Marked { things, .. } if things.len() == 2)
        );
        assert_eq!(follow(&model, &id("shop-db-1"), Part::Project), Ok(compose(None)));
        assert!(follow(&model, &id("lonely"), Part::Service).is_err());
    }
}
