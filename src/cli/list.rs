//! `themes` and `keys`.
use std::fmt::Write;
use std::io::IsTerminal;
use std::process::ExitCode;

use super::ink::painted;
use super::out;
use crate::config::{self, Request};
use crate::domain::settings::theme::Depth;
use crate::domain::settings::{Action, Keymap, Role, Scope};
use crate::domain::text::clean;

/// What a line of colours shows, in the order of their weight.
const SWATCH: [Role; 11] = [
    Role::Text,
    Role::Dim,
    Role::Good,
    Role::Warning,
    Role::Bad,
    Role::Unknown,
    Role::Here,
    Role::Act,
    Role::Danger,
    Role::Key,
    Role::Hit,
];

pub(super) fn themes(request: &Request) -> ExitCode {
    let dir = request.config_dir();
    let (chosen, depth) = match config::load(request) {
        Ok(now) => (now.settings.theme.name, now.settings.depth),
        Err(problems) => return out::complain(&problems.to_string()),
    };
    let depth = if std::io::stdout().is_terminal() { depth } else { Depth::None };
    let mut text = String::new();
    for name in config::theme::names(dir.as_deref()) {
        let mark = if name == chosen { '▸' } else { ' ' };
        match config::theme::load(&name, dir.as_deref()) {
            Ok(theme) => {
                let _ = writeln!(text, "{mark} {name:<10}{}", clean(&theme.title));
                if std::io::stdout().is_terminal() {
                    let words: Vec<String> = SWATCH
                        .iter()
                        .map(|role| painted(role.name(), depth, theme.theme.look(*role)))
                        .collect();
                    let _ = writeln!(text, "            {}", words.join(" "));
                }
            }
            Err(problems) => {
                let _ = writeln!(text, "  {name:<10}cannot be used:\n{problems}");
            }
        }
    }
    out::print(text.as_bytes())
}

/// What a place is, for people.
fn title(scope: Scope) -> &'static str {
    match scope {
        Scope::Board => "everywhere in the cockpit",
        Scope::Table => "in a table of pods, nodes and the like",
        Scope::Overview => "in the overview",
        Scope::Containers => "in the containers, besides",
        Scope::Alerts => "in the alerts, besides",
        Scope::Database => "in the database, besides",
        Scope::Redis => "in Redis, besides",
        Scope::Changes => "in the changes, besides",
        Scope::Runbooks => "in the list of runbooks",
        Scope::Checklist => "in an open runbook",
        Scope::Incident => "on the screens of an incident",
        Scope::Wall => "on the wall",
        Scope::Logs => "in the logs",
        Scope::Text => "in a text: description, YAML, owners",
        Scope::Question => "while a question waits",
        Scope::Input => "while a line is typed",
        Scope::Help => "in the help",
    }
}

pub(super) fn keys(request: &Request, markdown: bool) -> ExitCode {
    let map = match config::load(request) {
        Ok(now) => now.settings.keymap,
        Err(problems) => return out::complain(&problems.to_string()),
    };
    let mut text = String::new();
    for scope in Scope::ALL {
        let rows = rows(&map, *scope);
        if rows.is_empty() {
            continue;
        }
        let gap = if text.is_empty() { "" } else { "\n" };
        if markdown {
            let _ = writeln!(
                text,
                "{gap}### `{}`: {}\n\n| key | action | what it does |\n|---|---|---|",
                scope.name(),
                title(*scope)
            );
            for (keys, action) in rows {
                let keys: Vec<String> =
                    keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
                let _ = writeln!(text, "| {} | `{}` | {} |", keys.join(" "), action.name(), action.help());
            }
        } else {
            let _ = writeln!(text, "{gap}[{}]  {}", scope.name(), title(*scope));
            for (keys, action) in rows {
                let keys = if keys.is_empty() { "–".to_owned() } else { keys.join(" ") };
                let _ = writeln!(text, "  {keys:<18}{:<16}{}", action.name(), action.help());
            }
        }
    }
    out::print(text.as_bytes())
}

/// The actions of a place, and those of the place around that were given a key here.
fn rows(map: &Keymap, scope: Scope) -> Vec<(Vec<String>, Action)> {
    Action::ALL
        .iter()
        .filter_map(|action| {
            let keys: Vec<String> = map
                .bindings()
                .filter(|(place, _, bound)| *place == scope && bound == action)
                .map(|(_, key, _)| key.to_string())
                .collect();
            (action.scope() == scope || !keys.is_empty()).then_some((keys, *action))
        })
        .collect()
}
