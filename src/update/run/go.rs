//! From a key to an order: what may run, what is asked first, what follows by itself.
use super::place::place;
use super::{begin, mark, number, open, values, went_well};
use crate::commands::tools::Tables;
use crate::domain::approval::{Approved, Place, Plan, Question, QuestionId, Tier};
use crate::domain::settings::Action;
use crate::domain::shell::{Sent, ShellCommand};
use crate::incident::event::{Order, StepEnded};
use crate::model::checklist::{Checklist, Mark, Spot, Wants};
use crate::model::msg::Effect;
use crate::model::run::{Known, Looking};
use crate::model::{Dirty, Model};
use crate::panes::checklist;
use crate::runbook::execution::{self, Go, Refusal, Run, State, Stop};
use crate::runbook::order::{self, Ground, Ordered};
use crate::runbook::{Step, StepKind};
use crate::update::act;

/// How long a first `s` is remembered.
const MEANT: std::time::Duration = std::time::Duration::from_secs(5);

/// Enter: runs the line here, or chooses the way that it stands for. What is done by hand is never ticked by it: it may
/// have been meant for the line before, which has just ended.
pub(super) fn here(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let at = checklist.here;
    if checklist::command(&checklist.book.runbook, at).is_some() {
        return want(model, Wants::Run(at));
    }
    let Some(step) = checklist.book.runbook.steps.get(at.step) else { return Vec::new() };
    match step.kind {
        StepKind::Note => {
            model.say("nothing to run here", false);
            Vec::new()
        }
        StepKind::Branch if step.branch.is_none() => {
            let key = model.key(Action::RunStep);
            model.say(format!("choose one of those below: {key} on the way to go"), false);
            Vec::new()
        }
        _ => choose(model, at).unwrap_or_else(|| {
            let says = by_hand(model);
            model.say(says, false);
            Vec::new()
        }),
    }
}

fn by_hand(model: &Model) -> String {
    format!("this is done by hand: {} ticks it", model.key(Action::TickStep))
}

/// Runs what only reads, from here on, until something has to be asked.
pub(super) fn on(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let here = checklist.here;
    want(model, Wants::Until(here))
}

/// Does it now, or as soon as the run is there.
pub(super) fn want(model: &mut Model, wants: Wants) -> Vec<Effect> {
    let Some(checklist) = &mut model.checklist else { return Vec::new() };
    if checklist.run.is_none() {
        return begin(model, wants);
    }
    checklist.wants = Some(wants);
    wanted(model)
}

/// What waited goes on, where nothing stands before it any more.
pub(super) fn wanted(model: &mut Model) -> Vec<Effect> {
    // What is typed or asked stands before it.
    if !model.overlays.is_empty() || open(model).is_none() {
        return Vec::new();
    }
    let Some(wants) = model.checklist.as_ref().and_then(|open| open.wants.clone()) else { return Vec::new() };
    match wants {
        Wants::Mark(wish) => super::hand::wanted(model, wish),
        Wants::Run(at) => {
            let began = run(model, at);
            began.unwrap_or_default()
        }
        Wants::Until(from) => until(model, from),
        Wants::Own { at, text, beside } => {
            done_with(model);
            own(model, at, &text, beside)
        }
    }
}

fn done_with(model: &mut Model) {
    if let Some(open) = &mut model.checklist {
        open.wants = None;
    }
}

/// Runs a command of the runbook; none where a value is asked for first.
fn run(model: &mut Model, at: Spot) -> Option<Vec<Effect>> {
    let (step, command) = (number(at.step), number(at.command?));
    let values = values::of(model);
    let (_, known) = open(model)?;
    let go = match known.run.may(step, command, &values) {
        Err(Refusal::Missing(missing)) => {
            values::ask(model, &missing);
            return None;
        }
        // The first line of a block whose shell is gone begins it anew.
        Err(Refusal::Lost { from, .. }) if line_of(&known.run, at) == Some(from) => {
            known.run.anew(step, command, &values)
        }
        other => other,
    };
    match go {
        Ok(go) => {
            done_with(model);
            Some(ordered(model, &go))
        }
        Err(refusal) => {
            done_with(model);
            Some(refused(model, at, &refusal))
        }
    }
}

fn line_of(run: &Run, at: Spot) -> Option<u32> {
    let command = run.step(number(at.step))?.commands.get(at.command?)?;
    Some(command.statement.line)
}

/// Why it does not run; where a way has to be chosen first, Enter chooses the one that the cursor stands in.
fn refused(model: &mut Model, at: Spot, refusal: &Refusal) -> Vec<Effect> {
    // Who has chosen wrongly chooses anew, and nothing runs by that.
    if matches!(
        refusal,
        Refusal::NotChosen { .. } | Refusal::OtherChosen { .. } | Refusal::Undecided { line: None, .. }
    ) && let Some(effects) = choose(model, at)
    {
        return effects;
    }
    if *refusal == Refusal::Narration {
        // It was read by being looked at: nobody has to step over it.
        model.say("only speaks: read, and on", false);
        let spots = model.checklist.as_ref().map(|open| checklist::spots(&open.book.runbook));
        if let Some(next) = spots.and_then(|mut spots| spots.find(|spot| *spot > at)) {
            go_to(model, next);
        }
        return Vec::new();
    }
    let says = match refusal {
        Refusal::Busy(_) => format!("{refusal}: {} stops it", model.key(Action::StopStep)),
        other => other.to_string(),
    };
    model.say(says, true);
    Vec::new()
}

/// Chooses the way that leads here, where none is chosen yet.
fn choose(model: &mut Model, at: Spot) -> Option<Vec<Effect>> {
    let step = number(at.step);
    let checklist = model.checklist.as_ref()?;
    let runbook = checklist.book.runbook.clone();
    let fresh = Run::new("", runbook);
    let run = open(model).map_or(&fresh, |(_, known)| &known.run);
    for gate in run.shape().gates(step) {
        match run.chosen(gate.asks) {
            None => {
                let named = run.step(gate.option).map(words).unwrap_or_default();
                let wish = Mark::Choose { asks: gate.asks, chosen: gate.option, no_longer: false };
                model.say(format!("chosen: {named}"), false);
                return Some(mark(model, wish));
            }
            Some(chosen) if chosen != gate.option => {
                let named = run.step(gate.option).map(words).unwrap_or_default();
                let wish = Mark::Choose { asks: gate.asks, chosen: gate.option, no_longer: false };
                model.say(format!("chosen now: {named}"), false);
                return Some(mark(model, wish));
            }
            Some(_) => {}
        }
    }
    let condition = run.step(step)?.commands.get(at.command?)?.statement.condition.clone()?;
    let way = run.ways(step).iter().position(|way| *way == condition)?;
    let wish = Mark::Choose { asks: Some(step), chosen: number(way), no_longer: false };
    model.say(format!("chosen: {}", crate::domain::text::one_line(&condition)), false);
    Some(mark(model, wish))
}

fn words(step: &Step) -> String {
    let title = step.branch.as_deref().unwrap_or(&step.title);
    format!("{} {}", step.n, crate::domain::text::one_line(title))
}

/// The next of what runs without a question; what stopped it is said, and the cursor goes there.
fn until(model: &mut Model, from: Spot) -> Vec<Effect> {
    let values = values::of(model);
    let Some((_, known)) = open(model) else { return Vec::new() };
    if model.runs.starting.iter().any(|(run, ..)| run == known.run.name()) {
        return Vec::new();
    }
    let until = known.run.until_from((number(from.step), number(from.command.unwrap_or(0))), &values);
    if let Some(go) = until.run.first().cloned() {
        let spot = Spot { step: go.step as usize, command: Some(go.command as usize) };
        go_to(model, spot);
        return ordered(model, &go);
    }
    let spot = |step: u32, command: Option<u32>| Spot {
        step: step as usize,
        command: command.map(|command| command as usize),
    };
    let (to, says) = match &until.stop {
        // It is told when it has ended.
        Stop::Running { .. } => return Vec::new(),
        Stop::Asks { step, command, .. } => (Some(spot(*step, Some(*command))), None),
        Stop::Refused { step, command, why: Refusal::Missing(missing) } => {
            let to = spot(*step, Some(*command));
            go_to(model, to);
            values::ask(model, missing);
            return Vec::new();
        }
        Stop::Refused { step, command, why } => (Some(spot(*step, Some(*command))), Some(why.to_string())),
        Stop::Bad { step, command, .. } => (Some(spot(*step, Some(*command))), Some(bad(model))),
        Stop::ByHand(step) => (Some(spot(*step, None)), Some(by_hand(model))),
        Stop::Choose(asks) => (asks.map(|step| spot(step, None)), Some("choose a way first".to_owned())),
        Stop::End => (None, Some("nothing more is left to run from here".to_owned())),
    };
    done_with(model);
    if let Some(to) = to {
        go_to(model, to);
    }
    match says {
        Some(says) => model.say(says, false),
        None => model.say("the next one asks: Enter", false),
    }
    Vec::new()
}

/// What can be done about a line that stopped the rest.
fn bad(model: &Model) -> String {
    let key = |action| model.key(action);
    format!(
        "this did not go well: {} shows what it wrote, {} runs it again, {} {} goes on behind it",
        key(Action::Output),
        key(Action::RunStep),
        key(Action::Down),
        key(Action::RunOn)
    )
}

fn go_to(model: &mut Model, to: Spot) {
    let Some(open) = &mut model.checklist else { return };
    // A step with commands is stood on by one of them.
    let spots: Vec<Spot> = checklist::spots(&open.book.runbook).collect();
    let stands = spots.iter().find(|spot| **spot == to).or(spots.iter().find(|spot| spot.step == to.step));
    if let Some(spot) = stands {
        open.here = *spot;
    }
    model.mark_dirty(Dirty::Now);
}

/// The next line that is on the way that was chosen.
fn next(checklist: &Checklist, known: &Known, at: Spot) -> Option<Spot> {
    let closed =
        |step: usize| known.run.view(number(step)).is_some_and(|view| view.state == State::NotChosen);
    checklist::spots(&checklist.book.runbook).find(|spot| *spot > at && !closed(spot.step))
}

/// A run that was begun before: whoever has not moved yet goes on where it was left.
pub fn stand(model: &mut Model) {
    let Some((checklist, known)) = open(model) else { return };
    let Some((step, command)) = known.run.last_started() else { return };
    if checklist::spots(&checklist.book.runbook).next() != Some(checklist.here) {
        return;
    }
    let at = Spot { step: step as usize, command: Some(command as usize) };
    let well = known.run.command(step, command).is_some_and(|view| view.state == State::Ok);
    let to = if well { next(checklist, known, at).unwrap_or(at) } else { at };
    go_to(model, to);
}

/// Makes an order of the open run, and runs it or asks about it.
fn make(
    model: &mut Model,
    order: impl FnOnce(&Run, &str, Ground<'_>) -> Result<Ordered, String>,
) -> Vec<Effect> {
    let values = values::of(model);
    let tables = Tables { rules: model.settings.commands.clone() };
    let place = place(model);
    let Some((checklist, known)) = open(model) else { return Vec::new() };
    let ground = Ground { values: &values, tables: &tables, place: &place, moved: &model.runs.moved };
    let ordered = order(&known.run, &checklist.book.document.path, ground);
    asked(model, ordered)
}

fn ordered(model: &mut Model, go: &Go) -> Vec<Effect> {
    make(model, |run, document, ground| order::order(run, go, document, ground))
}

/// What the operator wrote, in place of the line or beside it.
fn own(model: &mut Model, at: Spot, text: &str, beside: bool) -> Vec<Effect> {
    let step = number(at.step);
    make(model, |run, document, ground| {
        // In place of the line it takes the line's own shell, whatever that line itself would still need.
        let go = match at.command.filter(|_| !beside) {
            Some(command) => match run.may(step, number(command), ground.values) {
                Ok(go) => Some(go),
                Err(Refusal::Missing(_)) => run.instead(step, number(command)),
                Err(why) => return Err(why.to_string()),
            },
            None => None,
        };
        order::own(run, step, go.as_ref(), text, document, ground)
    })
}

/// Runs what only reads; asks about everything else.
fn asked(model: &mut Model, ordered: Result<Ordered, String>) -> Vec<Effect> {
    let Ordered { command, looks, before } = match ordered {
        Ok(ordered) => ordered,
        Err(why) => {
            model.say(why, true);
            return Vec::new();
        }
    };
    let lang = model
        .runs
        .all
        .get(&command.run)
        .and_then(|known| known.run.step(command.step)?.commands.get(command.command? as usize))
        .map(|command| command.statement.lang)
        .unwrap_or_default();
    let spot = (command.run.clone(), command.step, command.command);
    if model.runs.starting.contains(&spot) {
        model.say("it is being started", false);
        return Vec::new();
    }
    match Approved::reading(Box::new(command), &act::ground(model)) {
        Ok(approved) => {
            model.runs.starting.insert(spot);
            vec![Effect::Start { approved, evidence: Vec::new() }]
        }
        Err(command) => {
            let asks = !looks.looks.is_empty();
            let place = Place { host: command.place.host.clone(), ..Place::default() };
            let effects = act::question_of(model, Plan::Shell(command), place);
            let Some(question) = model.questions.open.as_ref().map(|open| open.id()) else { return effects };
            model.runs.looking = Some(Looking { question, looks, lang, before, evidence: Vec::new() });
            if !asks {
                // Nothing is to be looked at: what is known stands there at once.
                super::answered(model, question, &[]);
                return Vec::new();
            }
            effects
        }
    }
}

/// The operator has agreed.
pub fn approved(model: &mut Model, approved: Approved) -> Vec<Effect> {
    let question = approved.question();
    let looking = model.runs.looking.take_if(|looking| looking.question == question);
    if let Some(command) = approved.command() {
        if is_running(model, command) {
            model.say("not run: it was started from elsewhere meanwhile", true);
            return Vec::new();
        }
        model.runs.starting.insert((command.run.clone(), command.step, command.command));
    }
    let evidence: Vec<Sent> = looking.map(|looking| looking.evidence).unwrap_or_default();
    vec![Effect::Start { approved, evidence }]
}

/// Whether this line of the runbook runs by now, whoever started it.
fn is_running(model: &Model, command: &ShellCommand) -> bool {
    let view = model.runs.all.get(&command.run).zip(command.command);
    let view = view.and_then(|(known, index)| known.run.command(command.step, index));
    view.is_some_and(|view| view.state == State::Running)
}

/// The question was left.
pub fn closed(model: &mut Model, question: &Question) {
    let id: QuestionId = question.id();
    model.runs.looking.take_if(|looking| looking.question == id);
    done_with(model);
}

/// A command of the open run has ended.
pub(super) fn ended(model: &mut Model, ended: &StepEnded) -> Vec<Effect> {
    let Some((checklist, known)) = open(model) else { return Vec::new() };
    let state = ended.at.command.and_then(|command| known.run.command(ended.at.step, command));
    let well = state.as_ref().is_none_or(|view| went_well(&view.state));
    let found = state.as_ref().is_some_and(|view| view.state == State::Trouble);
    let goes_on = matches!(checklist.wants, Some(Wants::Until(_)));
    let command =
        ended.at.command.and_then(|command| known.run.step(ended.at.step)?.commands.get(command as usize));
    let terminal = command.is_some_and(|command| execution::kind(command) == execution::Kind::Terminal);
    // What was changed may be out of sight by then.
    let changed = command.is_some_and(|command| command.statement.risk > Tier::Read);
    let n = known.run.step(ended.at.step).map_or("", |step| step.n.as_str());
    let news = format!("step {n}: {}", crate::incident::words::plain(&ended.says));
    // Whoever stayed on the line goes on to the next one.
    let at = Spot { step: ended.at.step as usize, command: ended.at.command.map(|command| command as usize) };
    let stayed = checklist.here == at;
    if well && stayed && ended.at.command.is_some() {
        let next = next(checklist, known, at);
        // Whoever comes back from a whole screen finds the step that he left.
        if let Some(next) = next.filter(|next| next.step == at.step || !terminal) {
            go_to(model, next);
            if changed {
                model.say(news, false);
            }
        }
    }
    // A look that found trouble has looked: the next may follow.
    if goes_on && !well && !found {
        done_with(model);
        if stayed {
            model.say(bad(model), false);
        }
    }
    wanted(model)
}

/// What runs here: of the line, of the step, or the only thing that runs at all.
fn running(model: &Model) -> Option<(Order, u32)> {
    let (checklist, known) = open(model)?;
    let here = checklist.here;
    let all = known.run.in_flight();
    let own = all.iter().find(|(step, command, _)| {
        *step == number(here.step) && command.map(|command| command as usize) == here.command
    });
    let step = || all.iter().find(|(step, ..)| *step == number(here.step));
    let only = || if all.len() == 1 { all.first() } else { None };
    own.or_else(step).or_else(only).map(|(step, _, order)| (order.clone(), *step))
}

/// The statement here, where something of its session goes on behind the shell.
fn lasting(model: &Model) -> Option<Order> {
    let (checklist, known) = open(model)?;
    let here = checklist.here;
    let own = known.run.last_order(number(here.step), here.command.map(number));
    let typed = || known.run.last_order(number(here.step), None);
    let goes_on = |order: &Order| model.runs.behind.contains_key(&order.session);
    own.filter(goes_on).or_else(|| typed().filter(goes_on))
}

/// Stops what runs here: the first key says what goes with it, the second does it.
pub(super) fn stop(model: &mut Model) -> Vec<Effect> {
    let running = running(model).map(|(order, _)| order);
    let behind = running.is_none();
    let Some(order) = running.or_else(|| lasting(model)) else {
        model.say("nothing runs here", false);
        return Vec::new();
    };
    let meant = model.runs.stopping.take();
    if meant.is_some_and(|(known, since)| known == order && model.now.since(since) < MEANT) {
        if behind {
            model.runs.behind.remove(&order.session);
        }
        return vec![Effect::Stop(order)];
    }
    model.runs.stopping = Some((order, model.now));
    let key = model.key(Action::StopStep);
    if behind {
        model.say(format!("this ends what goes on behind its shell: {key} again to stop it"), true);
        return Vec::new();
    }
    model
        .say(format!("stopping it ends its shell, and what the block has set: {key} again to stop it"), true);
    Vec::new()
}

/// Gives the terminal to what runs here.
pub(super) fn terminal(model: &mut Model) -> Vec<Effect> {
    if let Some((order, _)) = running(model) {
        return vec![Effect::EnterSession(order.session)];
    }
    model.say("nothing runs here", false);
    Vec::new()
}
