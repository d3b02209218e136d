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
use crate::update::act;

pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
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

/// What would be asked of whom; and what has to be said beside it.
fn native(model: &Model) -> Result<(Native, Option<String>), String> {
    let unfit = "this line did not fail for want of a slot: Enter runs it";
    let (list, known) = open(model).ok_or("nothing ran here yet")?;
    let (step, command) = (number(list.here.step), list.here.command.map(number).ok_or(unfit)?);
    let view = known.run.command(step, command).ok_or(unfit)?;
    let at = (known.run.name().to_owned(), step, Some(command));
    let (sql, named) = held::offered(model, &at, &view.state).ok_or(unfit)?;
    let pick = held::pick(model, named).ok_or_else(|| held::none(model).to_owned())?;
    if let Some(own) = sql.iter().find_map(|text| of_console(text)) {
        return Err(format!("`{}` is for psql itself: no server takes it as a statement", one_line(&own)));
    }
    if sql.iter().any(|text| is_secret(text)) {
        return Err("a secret stands in it: that is not asked over this session".into());
    }
    let of = checklist::command(known.run.runbook(), list.here).map(|own| own.statement.risk);
    let risk = risk(model, sql).max(of.unwrap_or(Tier::Change));
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
    Ok((Native { target, uid: "".into(), verb: Verb::Query { sql: sql.to_vec(), risk, meant } }, says))
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
