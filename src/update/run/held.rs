//! A line that found its server full: its statements are asked over the session that the database pane holds.
use super::{number, open};
use crate::commands::tools::{Tables, of_console};
use crate::commands::{self, Lang, Source};
use crate::domain::action::{Native, Verb};
use crate::domain::approval::{QuestionId, Tier};
use crate::domain::database::without_passwords;
use crate::domain::news::ActionId;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::secret::{HIDDEN, carries_password};
use crate::domain::settings::Action;
use crate::domain::text::{first_line, one_line};
use crate::incident::What;
use crate::incident::event::{At, Order, StepSettled, Verdict};
use crate::model::msg::Effect;
use crate::model::run::{Line, Tail};
use crate::model::{Dirty, Model};
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
            let about = open(model).and_then(|(list, known)| {
                let at = (known.run.name().to_owned(), number(list.here.step), list.here.command.map(number));
                Some((model.questions.open.as_ref()?.id(), at))
            });
            model.runs.asks = about;
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

/// The operator has agreed: whose line it answers is remembered.
pub fn begun(model: &mut Model, question: QuestionId, action: ActionId) {
    if let Some((_, spot)) = model.runs.asks.take_if(|(asked, _)| *asked == question) {
        model.runs.asked.insert(action, spot);
    }
}

/// The server has answered: the line is done, with its rows as what it wrote.
pub fn answered(model: &mut Model, action: ActionId, server: &str, says: &str) -> Vec<Effect> {
    let Some(spot) = model.runs.asked.remove(&action) else { return Vec::new() };
    let (run, step, command) = spot.clone();
    let known = model.runs.all.get(&run).filter(|known| known.run.closed().is_none());
    let Some(known) = known else { return Vec::new() };
    // The clock of the screen may be a little behind the journal's.
    let at = known.run.latest().map_or(model.now, |(.., began)| began.max(model.now));
    let lines: Vec<Line> =
        says.lines().map(|line| Line { text: line.to_owned(), inks: Vec::new(), err: false }).collect();
    let order = Order { session: format!("{run}-held"), statement: action.0 };
    model.runs.tails.insert(order.clone(), Tail { lines, bytes: says.len() as u64 });
    model.runs.held.insert(spot, (order, at));
    model.mark_dirty(Dirty::Soon);
    let says = format!("{}, over the session that firedeck holds with {server}", first_line(says));
    let at = At { run, step, command };
    vec![Effect::Tell(Box::new(What::StepSettled(StepSettled {
        at,
        verdict: Verdict::Ok,
        says,
        held: true,
    })))]
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
    let unfit = || {
        let key = model.key(Action::RunStep);
        format!("nothing of this line could go over the session that the database pane holds: {key} runs it")
    };
    let list = model.checklist.as_ref().ok_or_else(unfit)?;
    let line = checklist::command(&list.book.runbook, list.here).ok_or_else(unfit)?;
    // What has not run yet goes as it is written: into a full server nobody has to fail first.
    let written = || for_a_server(line).filter(|_| line.placeholders.is_empty());
    let (sql, named) = failed(model).or_else(written).ok_or_else(unfit)?;
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
