//! Reads `[[commands]]`: what the operator says of tools that the built-in tables do not know.
use super::meant;
use super::reader::{Located, Table};
use crate::domain::approval::Tier;
use crate::domain::settings::command::{CommandRule, Mark};

const RISKS: [Tier; 3] = [Tier::Read, Tier::Change, Tier::Danger];

fn name(risk: Tier) -> &'static str {
    match risk {
        Tier::Read => "read",
        Tier::Change => "change",
        Tier::Danger => "danger",
    }
}

pub(super) fn read(table: &Table<'_, '_>) -> Vec<Located<CommandRule>> {
    let mut all: Vec<Located<CommandRule>> = Vec::new();
    for one in table.tables("commands") {
        let command = one.needed("command", one.text("command"));
        let risk = one.needed("risk", one.choice("risk", &RISKS, name));
        let why = one.text("why").map(|text| text.value).unwrap_or_default();
        let marks = marks(&one);
        one.done();
        let (Some(command), Some(risk)) = (command, risk) else { continue };
        let words: Vec<String> = command.value.split_whitespace().map(str::to_owned).collect();
        if let Some(word) = words.iter().find(|word| !is_plain(word)) {
            let what = format!("`{word}` is no word of a command");
            one.reader.fault(
                &command.span,
                what,
                "write the tool and the words behind it, without options: `flyctl machine destroy`",
            );
            continue;
        }
        if all.iter().any(|other| other.value.words == words) {
            one.reader.fault(&command.span, format!("`{}` has a rule already", words.join(" ")), "keep one");
            continue;
        }
        all.push(Located {
            value: CommandRule { words, risk: risk.value, why, marks },
            span: one.span.clone(),
        });
    }
    all
}

/// A word that a shell and a tool take as it stands.
fn is_plain(word: &str) -> bool {
    !word.starts_with('-')
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '+' | '@' | '~'))
}

fn marks(one: &Table<'_, '_>) -> Vec<Mark> {
    let names: Vec<&str> = Mark::ALL.iter().map(|mark| mark.name()).collect();
    let given = one.texts("marks").map(|list| list.value).unwrap_or_default();
    let known = given.into_iter().filter_map(|text| {
        let mark = Mark::ALL.iter().find(|mark| mark.name() == text.value);
        if mark.is_none() {
            let what = format!("unknown mark `{}`", text.value);
            one.reader.fault(&text.span, what, meant::help(&text.value, &names));
        }
        mark.copied()
    });
    known.collect()
}
