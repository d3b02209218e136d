//! The keys of a place, from the one action table: the help and the README's table read this.
use super::Fact;
use crate::domain::settings::{Action, Role, Scope};
use crate::model::Model;

/// Every key of a place and of the board around it.
pub fn lines(model: &Model, of: Scope) -> Vec<Vec<Fact>> {
    let mut lines = Vec::new();
    for scope in model.scopes(of) {
        let before = lines.len();
        for action in Action::ALL.iter().filter(|action| action.scope() == scope && is_here(model, **action))
        {
            let keys: Vec<String> =
                model.settings.keymap.keys(*action).iter().map(ToString::to_string).collect();
            if !keys.is_empty() {
                lines.push(vec![
                    Fact::new(format!("  {:<18}", keys.join(" ")), Role::Key),
                    Fact::new(action.help(), Role::Text),
                ]);
            }
        }
        if lines.len() > before {
            lines.insert(before, vec![Fact::new(scope.name(), Role::Title)]);
        }
    }
    lines
}

/// What belongs to a demo alone is not named elsewhere.
pub fn is_here(model: &Model, action: Action) -> bool {
    action != Action::Exercise || model.exercise.is_some()
}
