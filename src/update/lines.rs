//! The logs pane in the board: what is followed, where it stands, what is typed for it.
use super::realms::Part;
use super::{logs, realms};
use crate::domain::log::{Follow, LogNews};
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::settings::Action;
use crate::model::board::PaneKind;
use crate::model::logs::Scan;
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::model::{Dirty, Model};
use crate::panes::layout::Layout;
use crate::panes::logs::top_line;

pub fn news(model: &mut Model, news: LogNews) -> Vec<Effect> {
    let (seen, effects) = logs::news(&mut model.logs, news);
    if seen {
        model.mark_dirty(Dirty::Soon);
    }
    effects
}

pub fn scanned(model: &mut Model, scan: &Scan) -> Vec<Effect> {
    let (seen, effects) = logs::scanned(&mut model.logs, scan);
    if seen {
        model.mark_dirty(Dirty::Soon);
    }
    effects
}

/// Tells the pane how many columns and rows it has.
pub fn fit(model: &mut Model, places: &Layout) {
    if let Some(area) = places.pane(PaneKind::Logs) {
        model.logs.size = (area.width, area.height.saturating_sub(1));
    }
}

pub fn tick(model: &mut Model) -> Vec<Effect> {
    if model.logs.tick(model.now) {
        model.mark_dirty(Dirty::Soon);
    }
    Vec::new()
}

/// Keys of the pane; says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let of_engine = model.logs.following.as_ref().is_some_and(Follow::is_of_engine);
    if action == Action::Previous && of_engine {
        model.say(ONE_LOG, false);
        return Some(Vec::new());
    }
    Some(logs::act(&mut model.logs, action, model.now))
}

/// Takes a search or a filter back; `None` when there was none. The log itself goes last.
pub fn back(model: &mut Model) -> Option<Vec<Effect>> {
    logs::back(&mut model.logs)
}

/// Stops following, and gives the room back.
pub fn close(model: &mut Model) -> Vec<Effect> {
    model.board.focus = PaneKind::Things;
    logs::follow(&mut model.logs, None)
}

pub fn copied(model: &Model) -> Option<String> {
    let line = model.logs.here.or_else(|| top_line(&model.logs))?;
    model.logs.line(line).map(|view| view.text.to_owned())
}

/// Why an engine's containers have no log of the run before.
const ONE_LOG: &str =
    "an engine keeps one log for all runs of a container: what it wrote before stands above";

/// Follows what is marked, or what is meant by a thing: a pod, the pods of a workload, a namespace, the pods of a
/// node.
pub fn follow(model: &mut Model, target: &ObjectRef, previous: bool) -> Vec<Effect> {
    let follow = match of_marked(model, target) {
        Some(marked) => marked,
        None => of_thing(model, target),
    };
    let follow = follow.map(|follow| match follow.turned().filter(|_| previous) {
        Some(before) => before,
        None => follow,
    });
    if previous && follow.as_ref().is_ok_and(Follow::is_of_engine) {
        model.say(ONE_LOG, false);
    }
    begin(model, follow)
}

/// Follows all of the service or project that a container belongs to.
pub fn follow_part(model: &mut Model, target: &ObjectRef, part: Part) -> Vec<Effect> {
    let follow = realms::together(model, target, part);
    begin(model, follow)
}

fn begin(model: &mut Model, follow: Result<Follow, String>) -> Vec<Effect> {
    match follow {
        Ok(follow) => {
            model.board.focus = PaneKind::Logs;
            logs::follow(&mut model.logs, Some(follow))
        }
        Err(why) => {
            model.say(why, true);
            Vec::new()
        }
    }
}

/// Marked pods or containers are read together; `None` where nothing is marked that could be.
fn of_marked(model: &Model, target: &ObjectRef) -> Option<Result<Follow, String>> {
    // What was opened is what is read: marks that stand in the table behind it are not meant.
    if model.board.focus == PaneKind::Detail || !matches!(target.kind, Kind::Pod | Kind::Container) {
        return None;
    }
    let marked = super::act::marked(model);
    let first = marked.first()?;
    if let [one] = marked.as_slice() {
        return Some(of_thing(model, one));
    }
    if let Some(other) = marked.iter().find(|one| one.context != first.context) {
        return Some(Err(format!(
            "marked are {} of `{}` and of `{}`: logs are merged of one at a time",
            target.kind.plural(),
            first.context,
            other.context
        )));
    }
    Some(Ok(realms::of_marked(model, marked)))
}

fn of_thing(model: &Model, target: &ObjectRef) -> Result<Follow, String> {
    match target.kind {
        Kind::Pod => Ok(Follow::Pod { pod: target.clone(), container: None, previous: false }),
        Kind::Namespace => {
            Ok(Follow::Namespace { context: target.context.clone(), namespace: target.name.clone() })
        }
        Kind::Container => Ok(Follow::Container { container: target.clone() }),
        kind => match model.listing(kind).and_then(|listing| listing.get(target)).map(|object| &object.facts)
        {
            Some(Facts::Workload(workload)) if !workload.selector.is_empty() => {
                Ok(Follow::Selector { owner: target.clone(), labels: workload.selector.clone() })
            }
            Some(Facts::Workload(_)) => {
                Err(format!("{target} selects its pods by more than labels; follow them one by one"))
            }
            Some(Facts::Job(_)) => {
                let labels = vec![("batch.kubernetes.io/job-name".into(), target.name.clone())];
                Ok(Follow::Selector { owner: target.clone(), labels })
            }
            Some(Facts::Event(event)) if &*event.about_kind == "Pod" => {
                let pod = target.sibling(Kind::Pod, event.about.clone());
                Ok(Follow::Pod { pod, container: None, previous: false })
            }
            _ => Err(format!("a {kind} writes no log; choose a pod, a workload, a namespace or a container")),
        },
    }
}

/// What stands in a pattern now, to go on from.
pub fn pattern(model: &Model, ask: &Ask) -> String {
    let pattern = match ask {
        Ask::Include => &model.logs.include,
        Ask::Exclude => &model.logs.exclude,
        _ => &model.logs.find,
    };
    pattern.as_ref().map_or_else(String::new, |pattern| pattern.text().to_owned())
}

/// What was typed for a pattern, at every change and at the end.
pub fn typed(model: &mut Model, ask: &Ask, text: &str) -> Vec<Effect> {
    let what = match ask {
        Ask::Include => Action::Include,
        Ask::Exclude => Action::Exclude,
        _ => Action::Find,
    };
    logs::typed(&mut model.logs, what, text)
}

/// A search that was accepted goes to its nearest hit.
pub fn found(model: &mut Model) -> Vec<Effect> {
    logs::act(&mut model.logs, Action::PrevHit, model.now)
}
