//! What can be done to the rows of the containers pane.
use super::nothing;
use crate::domain::action::{Native, Verb};
use crate::domain::container::{Container, ContainerState};
use crate::domain::object::{Facts, Object, ObjectRef};
use crate::domain::settings::Action;
use crate::model::Model;

pub fn native(_model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    let Facts::Container(container) = &object.facts else { return Err(nothing(action, object)) };
    let verb = match action {
        Action::Restart => Verb::Restart,
        // With its own grace, as Compose and `docker stop` give it.
        Action::Stop => Verb::Stop { grace_seconds: None },
        Action::Start => Verb::Start,
        Action::Shell => Verb::Shell { container: object.id.name.clone(), command: Vec::new() },
        _ => return Err(nothing(action, object)),
    };
    match refusal(&verb, container) {
        Some(why) => Err(format!("{} {why}", object.id)),
        None => Ok(Native { target: object.id.clone(), uid: object.uid.clone(), verb }),
    }
}

/// Of several those that it makes sense for; of none of them it says why.
pub fn fitting(model: &Model, action: Action, targets: Vec<ObjectRef>) -> (Vec<ObjectRef>, Option<String>) {
    let why = |target: &ObjectRef| super::native(model, action, target).err();
    let left_out: Vec<String> = targets.iter().filter_map(why).collect();
    if left_out.is_empty() || left_out.len() == targets.len() {
        return (targets, None);
    }
    let fit = targets.into_iter().filter(|target| why(target).is_none()).collect();
    let more = match left_out.len() {
        1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    let first = left_out.first().map_or("", String::as_str);
    (fit, Some(format!("left out: {first}{more}")))
}

/// What is seen to make no sense is not even asked.
fn refusal(verb: &Verb, container: &Container) -> Option<&'static str> {
    use ContainerState::{Created, Dead, Exited, Paused, Removing, Restarting, Running};
    Some(match (verb, container.state) {
        (_, Removing) => "is being removed",
        (Verb::Start, Running | Restarting) => "runs already; R restarts it",
        (Verb::Start, Paused) => "is paused: `docker unpause` lets it go on",
        (Verb::Stop { .. }, Exited | Created | Dead) => "does not run",
        (Verb::Shell { .. }, Exited | Created | Dead | Paused | Restarting) => {
            "does not run: a shell needs it to"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::Kind;
    use crate::domain::time::Timestamp;

    fn draft(action: Action, state: ContainerState) -> Result<Native, String> {
        let id = ObjectRef {
            context: "box".into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: "api".into(),
        };
        let facts = Facts::Container(Box::new(Container { state, ..Container::default() }));
        let object =
            Object { id, uid: "ab12".into(), created: Timestamp(0), deleting: false, owner: None, facts };
        native(&Model::default(), action, &object)
    }

    #[test]
    fn a_deed_carries_the_identity_of_the_container() {
        let restart = draft(Action::Restart, ContainerState::Running).unwrap();
        assert_eq!((&*restart.uid, &restart.verb), ("ab12", &Verb::Restart));
        let stop = draft(Action::Stop, ContainerState::Restarting).unwrap();
        assert_eq!(stop.verb, Verb::Stop { grace_seconds: None });
        assert_eq!(draft(Action::Start, ContainerState::Exited).unwrap().verb, Verb::Start);
        assert!(matches!(draft(Action::Shell, ContainerState::Running).unwrap().verb, Verb::Shell { .. }));
    }

    #[test]
    fn what_makes_no_sense_is_said_at_once() {
        for (action, state, words) in [
            (Action::Start, ContainerState::Running, "runs already"),
            (Action::Stop, ContainerState::Exited, "does not run"),
            (Action::Shell, ContainerState::Restarting, "does not run"),
            (Action::Restart, ContainerState::Removing, "being removed"),
            (Action::Scale, ContainerState::Running, "scale does nothing to a container"),
        ] {
            let why = draft(action, state).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
