//! What changed beside the clusters: alerts that begin and end, containers, databases and Redis nodes.
use std::collections::HashSet;

use super::{Found, HOUR, found_at, image};
use crate::domain::Text;
use crate::domain::alert::{Alert, AlertFacts, AlertState, Silence};
use crate::domain::change::ChangeKind;
use crate::domain::container::Container;
use crate::domain::database::{DatabaseFacts, Server};
use crate::domain::level::Level;
use crate::domain::news::Seen;
use crate::domain::object::{Facts, Object};
use crate::domain::redis::node::Role;
use crate::domain::redis::{RedisFacts, RedisNode};
use crate::domain::time::{Age, Timestamp};

/// What a row tells, beside what stood in its place; the first picture tells of the last hour. `gone`: the image of the
/// container of this name that went before.
pub(super) fn told(now: Timestamp, old: Option<&Object>, gone: Option<&Text>, new: &Object) -> Vec<Found> {
    match (old.map(|old| &old.facts), &new.facts) {
        (was, Facts::Alerts(AlertFacts::Alert(is))) => {
            let was = match was {
                Some(Facts::Alerts(AlertFacts::Alert(was))) => Some(&**was),
                _ => None,
            };
            of_alert(now, new, was, is).into_iter().collect()
        }
        (was, Facts::Alerts(AlertFacts::Silence(is))) => {
            let was = match was {
                Some(Facts::Alerts(AlertFacts::Silence(was))) => Some(&**was),
                _ => None,
            };
            of_silence(now, new, was, is).into_iter().collect()
        }
        (was, Facts::Container(is)) => {
            let was = match was {
                Some(Facts::Container(was)) => Some(&**was),
                _ => None,
            };
            of_container(now, new, was, gone, is).into_iter().collect()
        }
        (was, Facts::Database(DatabaseFacts::Server(is))) => {
            let known =
                matches!(was, Some(Facts::Database(DatabaseFacts::Server(was))) if was.event == is.event);
            of_database(now, new, is).filter(|_| !known).into_iter().collect()
        }
        (was, Facts::Redis(RedisFacts::Node(is))) => {
            let was = match was {
                Some(Facts::Redis(RedisFacts::Node(was))) => Some(&**was),
                _ => None,
            };
            of_redis(now, new, was, is)
        }
        _ => Vec::new(),
    }
}

/// The names of the alerts that a batch tells of.
pub(super) fn names(batch: &[Seen<Object>]) -> HashSet<Text> {
    let name = |seen: &Seen<Object>| match seen {
        Seen::Is(Object { facts: Facts::Alerts(AlertFacts::Alert(is)), .. }) => Some(is.name.clone()),
        _ => None,
    };
    batch.iter().filter_map(name).collect()
}

/// An alert that nobody tells of any more. One that is told of in other words goes on.
pub(super) fn ended(now: Timestamp, old: &Object, goes_on: &HashSet<Text>) -> Option<Found> {
    match &old.facts {
        Facts::Alerts(AlertFacts::Alert(was))
            if was.state == AlertState::Firing && !was.missing_watchdog && !goes_on.contains(&was.name) =>
        {
            let mut found = found_at(
                ChangeKind::Alert,
                &old.id,
                now,
                with_labels("no longer fires", &was.apart),
                Level::Fine,
            );
            found.change.was = Some(Box::new(old.clone()));
            Some(found)
        }
        _ => None,
    }
}

/// With the labels that tell it from others of its name.
pub(super) fn with_labels(what: &str, apart: &str) -> String {
    if apart.is_empty() { what.to_owned() } else { format!("{what}: {apart}") }
}

fn of_alert(now: Timestamp, new: &Object, was: Option<&Alert>, is: &Alert) -> Option<Found> {
    let fires = |alert: &Alert| alert.state == AlertState::Firing;
    // A server's clock may be ahead of ours.
    let since = is.since.unwrap_or(now).min(now);
    if !fires(is) || was.is_some_and(fires) || now.since(since) >= HOUR {
        return None;
    }
    let level = if &*is.severity == "critical" { Level::Bad } else { Level::Warn };
    let says = match (&*is.apart, is.missing_watchdog) {
        (_, true) => "is missing".to_owned(),
        (apart, _) => with_labels("began to fire", apart),
    };
    Some(found_at(ChangeKind::Alert, &new.id, since, says, level))
}

/// A silence that was made, changed or ended, whoever did it and wherever.
fn of_silence(now: Timestamp, new: &Object, was: Option<&Silence>, is: &Silence) -> Option<Found> {
    let matchers: Vec<String> = is.matchers.iter().map(ToString::to_string).collect();
    let (matchers, by) = (matchers.join(" "), &is.by);
    let found = |at, says: String, level| Some(found_at(ChangeKind::Silence, &new.id, at, says, level));
    let recent = |at: &Timestamp| now.since(*at) < HOUR && at.0 <= now.0;
    let ended = was.is_none_or(|was| !was.is_over()) && is.is_over();
    if ended {
        let at = is.ends.filter(recent)?;
        let early = was.and_then(|was| Some(was.ends?.since(at))).filter(|early| early.as_secs() > 5);
        let early = early.map_or_else(String::new, |early| format!(" {} early", Age(early)));
        // What it held back is told again.
        let held = was.map_or(0, |was| was.holds);
        let level = if held > 0 { Level::Warn } else { Level::Fine };
        let held = if held > 0 { format!(", held {held} back") } else { String::new() };
        return found(at, format!("silence ended{early}{held}: {matchers}"), level);
    }
    match was {
        None => {
            let at = is.starts.filter(recent)?;
            let span = is.ends.map_or_else(String::new, |ends| format!(" for {}", Age(ends.since(at))));
            found(at, format!("silenced by {by}{span}: {matchers}; {}", is.comment), Level::Fine)
        }
        Some(was) if was.ends != is.ends && !is.is_over() => {
            let (old, new) = was.ends.zip(is.ends)?;
            let (longer, by) =
                if new.0 > old.0 { ("longer", new.since(old)) } else { ("shorter", old.since(new)) };
            found(now, format!("silence holds {} {longer}: {matchers}", Age(by)), Level::Fine)
        }
        Some(_) => None,
    }
}

fn of_container(
    now: Timestamp,
    new: &Object,
    was: Option<&Container>,
    gone: Option<&Text>,
    is: &Container,
) -> Option<Found> {
    let recent = |at: Timestamp| now.since(at) < HOUR;
    let found = |at, says: String, level| found_at(ChangeKind::Container, &new.id, at, says, level);
    let started = is.started.filter(|at| recent(*at));
    if let Some(words) = was.map(|was| &was.image).or(gone).and_then(|old| image(old, &is.image)) {
        return Some(found(started.unwrap_or(now), words, Level::Fine));
    }
    if let Some(was) = was {
        if was.end != is.end
            && let Some(end) = is.end.as_ref().filter(|end| end.code != 0)
        {
            let why = end.meaning().map_or_else(String::new, |why| format!(" ({why})"));
            return Some(found(end.at.unwrap_or(now), format!("exited {}{why}", end.code), Level::Bad));
        }
        if was.started == is.started {
            return None;
        }
        // A list does not tell when; the closer look after it does.
        let says = if was.started.is_some() { "started again" } else { "started" };
        return started.map(|at| found(at, says.into(), Level::Fine));
    }
    started.map(|at| found(at, "started".into(), Level::Fine))
}

fn of_database(now: Timestamp, new: &Object, is: &Server) -> Option<Found> {
    if let Some((at, says)) = &is.event {
        return Some(found_at(ChangeKind::Database, &new.id, *at, says.to_string(), Level::Warn));
    }
    let young = is.started.0 > 0 && now.since(is.started) < HOUR;
    young.then(|| found_at(ChangeKind::Database, &new.id, is.started, "started".into(), Level::Fine))
}

fn of_redis(now: Timestamp, new: &Object, was: Option<&RedisNode>, is: &RedisNode) -> Vec<Found> {
    let mut found = Vec::new();
    let mut tell =
        |at, says: String, level| found.push(found_at(ChangeKind::Redis, &new.id, at, says, level));
    match was {
        None => {
            if let Some(at) = is.started.filter(|at| now.since(*at) < HOUR) {
                // Of uptimes in whole seconds the start is known no better.
                tell(Timestamp(at.0.div_euclid(10_000) * 10_000), "started".into(), Level::Fine);
            }
        }
        Some(was) => {
            if was.role != is.role && was.role != Role::Unknown && is.role != Role::Unknown {
                tell(now, format!("{} → {}", was.role.name(), is.role.name()), Level::Warn);
            }
            if was.run_id != is.run_id && !was.run_id.is_empty() && !is.run_id.is_empty() {
                tell(now, "restarted".into(), Level::Warn);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::{Kind, ObjectRef};

    fn row(kind: Kind, facts: Facts) -> Object {
        let id = ObjectRef { context: "one".into(), kind, namespace: "".into(), name: "x".into() };
        Object { id, uid: "".into(), created: Timestamp(0), deleting: false, owner: None, facts }
    }

    fn says(found: &[Found]) -> Vec<&str> {
        found.iter().map(|one| &*one.change.says).collect()
    }

    const NOW: Timestamp = Timestamp(10_000_000);

    #[test]
    fn an_alert_is_told_when_it_begins_and_when_it_ends_and_not_again() {
        let alert = |state| {
            let alert = Alert { state, since: Some(Timestamp(NOW.0 - 60_000)), ..Alert::default() };
            row(Kind::Alert, Facts::Alerts(AlertFacts::Alert(Box::new(alert))))
        };
        let (pending, firing) = (alert(AlertState::Pending), alert(AlertState::Firing));
        assert!(told(NOW, None, None, &pending).is_empty());
        assert_eq!(says(&told(NOW, Some(&pending), None, &firing)), ["began to fire"]);
        assert!(told(NOW, Some(&firing), None, &firing).is_empty());
        assert!(told(Timestamp(NOW.0 + 4_000_000), None, None, &firing).is_empty(), "of the last hour alone");
        assert!(ended(NOW, &firing, &names(&[])).is_some() && ended(NOW, &pending, &names(&[])).is_none());
        assert!(ended(NOW, &firing, &names(&[Seen::Is(firing.clone())])).is_none(), "told of in other words");
        // What several share is told with what tells them apart, at both ends.
        let mut site = firing.clone();
        if let Facts::Alerts(AlertFacts::Alert(alert)) = &mut site.facts {
            alert.apart = "shop.example".into();
        }
        assert_eq!(says(&told(NOW, Some(&pending), None, &site)), ["began to fire: shop.example"]);
        let end: Vec<Found> = ended(NOW, &site, &names(&[])).into_iter().collect();
        assert_eq!(says(&end), ["no longer fires: shop.example"]);
    }

    #[test]
    fn a_silence_is_told_when_it_is_made_changed_and_ended() {
        let silence = |state: &str, ends: i64, holds| {
            let silence = Silence {
                matchers: vec![crate::domain::alert::Matcher::equals("alertname", "Down")],
                starts: Some(Timestamp(NOW.0 - 60_000)),
                ends: Some(Timestamp(NOW.0 + ends)),
                by: "jane".into(),
                comment: "disk".into(),
                state: state.into(),
                holds,
                ..Silence::default()
            };
            row(Kind::Silence, Facts::Alerts(AlertFacts::Silence(Box::new(silence))))
        };
        let (made, longer) = (silence("active", 7_140_000, 0), silence("active", 10_740_000, 3));
        assert_eq!(
            says(&told(NOW, None, None, &made)),
            ["silenced by jane for 2h: alertname=\"Down\"; disk"]
        );
        assert_eq!(
            says(&told(NOW, Some(&made), None, &longer)),
            ["silence holds 1h longer: alertname=\"Down\""]
        );
        assert!(told(NOW, Some(&longer), None, &longer).is_empty());
        let over = silence("expired", 0, 0);
        let ended = told(NOW, Some(&longer), None, &over);
        assert_eq!(says(&ended), ["silence ended 2h early, held 3 back: alertname=\"Down\""]);
        assert_eq!(ended[0].change.level, Level::Warn);
        assert!(told(NOW, Some(&over), None, &over).is_empty());
        assert!(told(Timestamp(NOW.0 + 4_000_000), None, None, &made).is_empty(), "of the last hour alone");
    }

    #[test]
    fn a_redis_that_changes_its_part_or_begins_anew_is_told() {
        let node = |role, run: &str| {
            let node = RedisNode { role, run_id: run.into(), ..RedisNode::default() };
            row(Kind::RedisNode, Facts::Redis(RedisFacts::Node(Box::new(node))))
        };
        let (replica, primary) = (node(Role::Replica, "a"), node(Role::Primary, "a"));
        assert_eq!(says(&told(NOW, Some(&replica), None, &primary)), ["replica → primary"]);
        assert_eq!(says(&told(NOW, Some(&primary), None, &node(Role::Primary, "b"))), ["restarted"]);
        assert!(
            told(NOW, Some(&primary), None, &node(Role::Unknown, "")).is_empty(),
            "one that is down is not another"
        );
    }

    #[test]
    fn a_container_that_runs_since_before_did_not_start_again() {
        let container = |started: Option<i64>| {
            let started = started.map(Timestamp);
            let container = Container { started, ..Container::default() };
            row(Kind::Container, Facts::Container(Box::new(container)))
        };
        let (listed, seen) = (container(None), container(Some(NOW.0 - 60_000)));
        assert!(told(NOW, None, None, &listed).is_empty());
        assert_eq!(says(&told(NOW, Some(&listed), None, &seen)), ["started"]);
        assert_eq!(says(&told(NOW, Some(&seen), None, &container(Some(NOW.0)))), ["started again"]);
    }

    #[test]
    fn a_container_of_another_image_is_told_with_both() {
        let container = |image: &str| {
            let container = Container { image: image.into(), ..Container::default() };
            row(Kind::Container, Facts::Container(Box::new(container)))
        };
        let found = told(NOW, Some(&container("web:1.4")), None, &container("web:1.5"));
        assert_eq!(says(&found), ["image 1.4 → 1.5"]);
        // The old one was taken away before the new one came.
        let (gone, new) = ("web:1.4".into(), container("web:1.5"));
        assert_eq!(says(&told(NOW, None, Some(&gone), &new)), ["image 1.4 → 1.5"]);
        assert!(told(NOW, None, Some(&"web:1.5".into()), &new).is_empty());
    }
}
