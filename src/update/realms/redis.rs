//! What can be done to the rows of the redis pane.
use super::nothing;
use crate::domain::action::{Native, Verb};
use crate::domain::object::{Facts, Kind, Object};
use crate::domain::redis::RedisFacts;
use crate::domain::redis::trouble::Trouble;
use crate::domain::settings::Action;
use crate::model::Model;

pub fn native(_model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    match (action, object.id.kind) {
        (Action::Disconnect, Kind::Client) => {
            if let Facts::Redis(RedisFacts::Client(client)) = &object.facts
                && client.ours
            {
                return Err("that is firedeck's own connection".into());
            }
            Ok(Native { target: object.id.clone(), uid: object.uid.clone(), verb: Verb::Disconnect })
        }
        (Action::EndScript, Kind::RedisNode) => {
            let busy = match &object.facts {
                Facts::Redis(RedisFacts::Node(node)) => {
                    node.trouble.as_ref().and_then(Trouble::busy_with_function)
                }
                _ => None,
            };
            let function = busy.ok_or_else(|| format!("{} is not busy with a script", object.id.name))?;
            let verb = Verb::EndScript { function };
            Ok(Native { target: object.id.clone(), uid: object.uid.clone(), verb })
        }
        (Action::EndScript, _) => Err("only nodes are kept busy by scripts: [ leads to them".into()),
        (Action::Disconnect, _) => Err("only clients can be disconnected: ] leads to them".into()),
        _ => Err(nothing(action, object)),
    }
}
