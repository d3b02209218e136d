//! A line that found its server full: its statements are asked over the session that the database pane holds.
use super::{number, open};
use crate::commands::tools::{Tables, of_console};
use crate::commands::{self, Lang, Source};
use crate::domain::action::{Native, Verb};
use crate::domain::approval::Tier;
use crate::domain::database::without_passwords;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::secret::{HIDDEN, carries_password};
use crate::domain::text::one_line;
use crate::model::Model;
use crate::model::msg::Effect;
use crate::panes::checklist::{self, held};
use crate::panes::database;
use crate::runbook::judge::{Named, for_a_server};
use crate::update::{act, realms};

pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
    // Nothing is held, but a role is named for which slots are kept: it is let in first.
    if failed(model).is_some()
        && held::live(model).next().is_none()
        && database::offers(model).next().is_some()
    {
        return realms::database::rescue(model);
    }
    match native(model) {
        Ok((native, says)) => {
            let effects = act::question_about(model, vec![native]);
            if let Some(says) = says {
                model.say(says, true);
            }
            effects
        }
        Err(why) => {
            model.say(why, true);
            Vec::new()
        }
    }
}

/// What the line here has not got an answer to, as it failed for want of a slot.
fn failed(model: &Model) -> Option<(Vec<String>, Named)> {
    let (list, known) = open(model)?;
    let (step, command) = (number(list.here.step), number(list.here.command?));
    let state = known.run.command(step, command)?.state;
    let (sql, named) = held::offered(model, &(known.run.name().to_owned(), step, Some(command)), &state)?;
    Some((sql.to_vec(), named.clone()))
}

/// What would be asked of whom; and what has to be said beside it.
fn native(model: &Model) -> Result<(Native, Option<String>), String> {
    let unfit = "nothing of this line could go over the session that the database pane holds: Enter runs it";
    let list = model.checklist.as_ref().ok_or(unfit)?;
    let line = checklist::command(&list.book.runbook, list.here).ok_or(unfit)?;
    // What has not run yet goes as it is written: into a full server nobody has to fail first.
    let written = || for_a_server(line).filter(|_| line.placeholders.is_empty());
    let (sql, named) = failed(model).or_else(written).ok_or(unfit)?;
    let pick = held::pick(model, &named).ok_or_else(|| held::none(model).to_owned())?;
    if let Some(own) = sql.iter().find_map(|text| of_console(text)) {
        return Err(format!("`{}` is for psql itself: no server takes it as a statement", one_line(&own)));
    }
    if sql.iter().any(|text| is_secret(text)) {
        return Err("a secret stands in it: that is not asked over this session".into());
    }
    let risk = risk(model, &sql).max(line.statement.risk);
    let meant = if pick.meant { String::new() } else { format!("`{}`", one_line(&named.to_string())) };
    let says = pick.among.then(|| {
        format!(
            "several databases are held: this is `{}`; with -h and -d the command names another",
            pick.name
        )
    });
    let target =
        ObjectRef { context: pick.name.clone(), kind: Kind::Server, namespace: "".into(), name: pick.name };
    // Its row may be of before; which session it is, the look says.
    Ok((Native { target, uid: "".into(), verb: Verb::Query { sql, risk, meant } }, says))
}

/// The highest of its statements; of what is none nobody knows what it does.
fn risk(model: &Model, sql: &[String]) -> Tier {
    let tables = Tables { rules: model.settings.commands.clone() };
    let of = |text: &String| {
        let script = commands::read(Source { text, lines: &[1] }, Lang::Sql, &tables);
        script.statements.iter().map(|one| one.risk).max().unwrap_or(Tier::Change)
    };
    sql.iter().map(of).max().unwrap_or(Tier::Change)
}

/// A value that is hidden is not in the text, and one that is told would be shown and written down.
fn is_secret(text: &str) -> bool {
    text.contains(HIDDEN) || carries_password(text) || without_passwords(text) != text
}
