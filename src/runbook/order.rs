//! From a command that may run to what an operator is asked and what a shell gets.
use std::fmt::Write;

use super::binding::{self, Resolved, Values};
use super::execution::conditional::Test;
use super::execution::{Ask, Go, Place, Run, probe};
use super::types::{Command, Mode, Note, Step};
use super::{lint, placeholder};
use crate::commands::effect::{self, Answer, Looks, Undo};
use crate::commands::tools::Tables;
use crate::commands::{self, Lang, Role, Source, Statement};
use crate::domain::action::Findings;
use crate::domain::approval::Tier;
use crate::domain::secret;
use crate::domain::shell::{Kind, Moved, Sent, Session, ShellCommand, Where};
use crate::domain::text::{clean_to, one_line};

/// Longer than anybody types.
const LONGEST_PHRASE: usize = 48;
/// Notes of a step that a question repeats, and how much of each.
const MOST_NOTES: usize = 3;
const LONGEST_NOTE: usize = 200;

/// Where a context comes from that the block itself has switched to.
const SWITCHED: &str = "switched to in this block";

/// What an order stands on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    pub values: &'a Values,
    pub tables: &'a Tables,
    pub place: &'a Where,
    pub moved: &'a Moved,
}

/// A command with what can be asked about it.
#[derive(Debug, Clone)]
pub struct Ordered {
    pub command: ShellCommand,
    pub looks: Looks,
    /// The lines that set its variables: whatever is asked in its place begins with them.
    pub before: Sent,
}

/// A command of the runbook.
pub fn order(run: &Run, go: &Go, document: &str, ground: Ground<'_>) -> Result<Ordered, String> {
    let step = run.step(go.step).ok_or("the runbook has no such step")?;
    let command = step.commands.get(go.command as usize).ok_or("the runbook has no such command")?;
    let resolved = binding::resolve_setting(command, &go.set, ground.values, ground.tables)
        .map_err(|refusal| refusal.to_string())?;
    let text = match go.text {
        // The test alone runs, with the values in it.
        Some(_) => Test::of(&resolved.text).ok_or("with these values it is no test any more")?.run,
        None => resolved.text.clone(),
    };
    // Those that stand in the text were looked at and are set with its own.
    let own = |name: &String| resolved.variables.iter().any(|(known, _)| known == name);
    let beside: Vec<String> = go.set.iter().filter(|name| !own(name)).cloned().collect();
    let set = set_beside(&beside, ground.values);
    let mut why = why_of(&go.asks);
    let mut heed = heed_of(&go.asks);
    if resolved.risk > Tier::Read {
        why.insert(0, resolved.why.clone());
    }
    if let Some(ran) = &go.ran {
        let times = if ran.times == 1 { "once".to_owned() } else { format!("{} times", ran.times) };
        heed.push(format!("it ran {times} before"));
    }
    if resolved.risk > Tier::Read {
        why.extend(noted(step));
        why.extend(evidence_first(run, go, &text));
    }
    let place = place(run, Some(go), &ground);
    let mut tier = tier_of(resolved.risk, &go.asks);
    if let Some(words) = differs(run, &place, &text) {
        why.push(words);
        tier = tier.max(Tier::Change);
    }
    let lines: Vec<u32> = (command.statement.line..=command.statement.end_line).collect();
    let statement = the_statement(&text, &lines, command, ground.tables);
    let looks = effect::looks(&Statement { risk: statement.risk.max(resolved.risk), ..statement.clone() });
    let lang = command.statement.lang;
    let shown = if go.text.is_some() { text.clone() } else { resolved.shown.clone() };
    let before = before(&resolved, &set);
    Ok(Ordered {
        command: ShellCommand {
            run: run.name().to_owned(),
            step: go.step,
            command: Some(go.command),
            n: step.n.clone(),
            document: document.to_owned(),
            line: command.statement.line,
            end_line: command.statement.end_line,
            shown: masked(&shown_with(&set, &shown)),
            text: Sent::new(format!("{before}{}{}", spoken(lang, &text, false), waits(go, command))),
            probe: probe(&go.filled).map(|probe| Sent::new(format!("{before}{probe}"))),
            looks: looked(&looks, lang, &before),
            kind: go.kind,
            session: go.session.clone(),
            place,
            risk: resolved.risk,
            tier,
            why,
            heed,
            reaches: effect::reaches(&text, lang),
            phrase: phrase(&statement),
            needs_reason: tier == Tier::Danger && !run.has_reason(),
            edited: false,
        },
        looks,
        before: Sent::new(before),
    })
}

/// What goes on behind its shell is listed, followed and stopped as its job, where nothing else needs that shell.
fn waits(go: &Go, command: &Command) -> &'static str {
    let behind = command.statement.traits.background && command.statement.lang == Lang::Shell;
    if behind && go.session == Session::Apart { "\nwait $!" } else { "" }
}

/// What the operator wrote: in place of a command of the runbook, in its shell, or beside it in one of its own.
pub fn own(
    run: &Run,
    step: u32,
    of: Option<&Go>,
    text: &str,
    document: &str,
    ground: Ground<'_>,
) -> Result<Ordered, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("nothing was typed".into());
    }
    let whole = run.step(step).ok_or("the runbook has no such step")?;
    let origin = of.and_then(|go| whole.commands.get(go.command as usize));
    let lang = origin.map_or(Lang::Shell, |command| command.statement.lang);
    let line = origin.map_or(whole.line, |command| command.statement.line);
    let source = Source { text, lines: &[line] };
    let script = commands::read(source, lang, ground.tables);
    if let Some(error) = &script.error {
        return Err(format!("this is no command: {error}"));
    }
    let worst = script.statements.iter().max_by_key(|one| one.risk).ok_or("nothing in this would run")?;
    let Wants { open, variables } = wants(&script.statements);
    if !open.is_empty() {
        return Err(format!("not filled in: `{}`", open.join("`, `")));
    }
    let traits = |pick: fn(&Statement) -> bool| script.statements.iter().any(pick);
    let mut why = vec!["as you typed it".to_owned()];
    if worst.risk > Tier::Read {
        why.insert(0, worst.why.clone());
    }
    let mut tier = worst.risk;
    for (asks, words) in [
        (traits(|one| one.traits.heavy), "a heavy read"),
        (traits(|one| one.traits.secret), "it touches secrets"),
    ] {
        if asks {
            tier = tier.max(Tier::Change);
            why.push(words.to_owned());
        }
    }
    let kind = if traits(|one| one.traits.interactive) {
        Kind::Terminal
    } else if traits(|one| one.traits.endless || one.traits.background) {
        Kind::Job
    } else {
        Kind::Plain
    };
    let looks = effect::looks(&Statement { text: text.to_owned(), ..worst.clone() });
    // What its shell has is its shell's to say; what the run has a value for is set as it would be for the document.
    let in_shell = |name: &String| of.is_some_and(|go| go.filled.contains(name));
    let asked = binding::wanted(run.runbook());
    let is_asked = |name: &String| asked.iter().any(|one| one.texts.contains(&format!("${name}")));
    let mut names = of.map(|go| go.set.clone()).unwrap_or_default();
    names.extend(variables.iter().filter(|name| is_asked(name) && !in_shell(name)).cloned());
    names.sort();
    names.dedup();
    let mut set = set_beside(&names, ground.values);
    set.retain(|(_, value)| !value.trim().is_empty());
    let filled: Vec<String> =
        variables.into_iter().filter(|name| !set.iter().any(|(known, _)| known == name)).collect();
    let mut before = String::new();
    for (name, value) in &set {
        let _ = writeln!(before, "{name}={}", quoted(value));
    }
    Ok(Ordered {
        command: ShellCommand {
            run: run.name().to_owned(),
            step,
            command: origin.and(of).map(|go| go.command),
            n: whole.n.clone(),
            document: document.to_owned(),
            line,
            end_line: origin.map_or(line, |command| command.statement.end_line),
            shown: masked(&shown_with(&set, text)),
            text: Sent::new(format!("{before}{}", spoken(lang, text, false))),
            probe: probe(&filled).map(|probe| Sent::new(format!("{before}{probe}"))),
            looks: looked(&looks, lang, &before),
            kind,
            session: of.map_or(Session::Apart, |go| go.session.clone()),
            place: place(run, of, &ground),
            risk: worst.risk,
            tier,
            why,
            heed: Vec::new(),
            reaches: effect::reaches(text, lang),
            phrase: phrase(worst),
            needs_reason: tier == Tier::Danger && !run.has_reason(),
            edited: true,
        },
        looks,
        before: Sent::new(before),
    })
}

/// What a text that was typed needs from elsewhere.
#[derive(Default)]
struct Wants {
    /// It stands in signs as in a document, or is an argument that no script has: it never reaches a shell.
    open: Vec<String>,
    /// Variables that it uses and does not set.
    variables: Vec<String>,
}

fn wants(statements: &[Statement]) -> Wants {
    let mut wants = Wants::default();
    let mut scope = placeholder::Scope::default();
    for statement in statements {
        for one in placeholder::find(statement, &scope) {
            let name = one.text.strip_prefix('$').unwrap_or_default();
            let argument = name.starts_with(|c: char| c.is_ascii_digit());
            if one.text.starts_with(['<', '{', '[']) || argument && one.default.is_none() {
                wants.open.push(one.text);
            } else if is_variable(name) && one.default.is_none() && statement.role != Role::Guard {
                // A check may ask whether there is something.
                wants.variables.push(name.to_owned());
            }
        }
        scope.learn(statement);
    }
    wants.variables.sort();
    wants.variables.dedup();
    wants
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What the document itself says of the step: it is read before the answer, not afterwards.
fn noted(step: &Step) -> impl Iterator<Item = String> + '_ {
    let words =
        |note: &Note| format!("line {} says: {}", note.line, clean_to(&one_line(&note.text), LONGEST_NOTE));
    step.notes.iter().take(MOST_NOTES).map(words)
}

/// What this would end is to be kept first, as a later step says.
fn evidence_first(run: &Run, go: &Go, text: &str) -> Option<String> {
    let runbook = run.runbook();
    if runbook.mode == Mode::Menu || !lint::ends_processes(text) {
        return None;
    }
    let open = |step: u32| run.view(step).is_some_and(|view| !view.state.is_done());
    let mut later =
        (0..).zip(&runbook.steps).filter(|(at, step)| *at > go.step && lint::gathers(&step.title));
    let (_, step) = later.find(|(at, _)| open(*at))?;
    Some(format!("step {} keeps the evidence: this ends processes and their logs before that", step.n))
}

/// The profile and the kubeconfig name different namespaces, and the text names none: said once in a run.
fn differs(run: &Run, place: &Where, text: &str) -> Option<String> {
    if place.beside.is_empty() || !lint::names_none(text) {
        return None;
    }
    let words = format!(
        "the profile says namespace `{}`, the kubeconfig `{}`: it would run in the first",
        place.namespace, place.beside
    );
    (!run.was_told(&words)).then_some(words)
}

/// Where it runs: behind a session that was opened on another box, that box is shown, and what it has there is not known.
fn place(run: &Run, go: Option<&Go>, ground: &Ground<'_>) -> Where {
    let here = ground.place;
    if let Some(Session::Join(session)) = go.map(|go| &go.session)
        && let Some((context, namespace)) = ground.moved.get(session)
    {
        let (context, namespace) = (context.clone(), namespace.clone());
        return Where { context, namespace, origin: SWITCHED.into(), beside: String::new(), ..here.clone() };
    }
    let opener = match go.map(|go| go.place) {
        Some(Place::Behind { step, command }) => run.host_of(step, command),
        Some(Place::Here) | None => None,
    };
    opener.map_or_else(
        || here.clone(),
        |host| Where { host: host.to_owned(), remote: Some(host.to_owned()), ..Where::default() },
    )
}

/// What is worth keeping before a change, as it has to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence(Vec<String>);

impl Evidence {
    /// Behind the lines that set the command's variables: without them it would be asked of nothing.
    pub fn behind(self, before: &Sent) -> Vec<Sent> {
        self.0.into_iter().map(|ask| Sent::new(format!("{}{ask}", before.expose()))).collect()
    }
}

/// What the answers say, for the question; and what is worth keeping first.
pub fn findings(looks: &Looks, answers: &[Option<Answer>], lang: Lang) -> (Findings, Evidence) {
    let effect = effect::read(looks, answers);
    let mut lines: Vec<String> =
        effect.zero.iter().map(|why| format!("nothing would be hit: {why}")).collect();
    lines.extend(effect.hits);
    for setting in &effect.old_new {
        let old = if setting.old.is_empty() { "?" } else { &setting.old };
        lines.push(format!("{}: {old} → {}", setting.what, setting.new));
    }
    // What is hit and what is lost may be the same thing.
    let lost = effect.drops.iter().filter(|what| !lines.contains(what));
    let lost: Vec<_> = lost.map(|what| format!("gone with it: {what}")).collect();
    lines.extend(lost);
    let undo = match &effect.undo {
        Some(Undo::Command(command)) => masked(command),
        Some(Undo::Words(words)) => words.clone(),
        None => String::new(),
    };
    let evidence = effect.evidence.iter().map(|ask| spoken(lang, ask, true));
    let found = Findings {
        effect: lines,
        warnings: effect.undone_by,
        undo,
        unchecked: effect.unknown,
        ..Findings::default()
    };
    (found, Evidence(evidence.collect()))
}

/// A console's language is spoken to its own program.
pub fn spoken(lang: Lang, text: &str, for_reading: bool) -> String {
    let program = match lang {
        Lang::Sql if for_reading => "psql -XAtq -v ON_ERROR_STOP=1",
        Lang::Sql => "psql -X -v ON_ERROR_STOP=1",
        Lang::Redis => "redis-cli",
        Lang::Shell | Lang::PowerShell | Lang::Query => return text.to_owned(),
    };
    let mut end = "END".to_owned();
    while text.lines().any(|line| line.trim_end() == end) {
        end.push('_');
    }
    let closed = lang != Lang::Sql || text.trim_end().ends_with(';') || text.trim_start().starts_with('\\');
    format!("{program} <<'{end}'\n{text}{}\n{end}", if closed { "" } else { ";" })
}

fn looked(looks: &Looks, lang: Lang, before: &str) -> Vec<Sent> {
    let ask = |look: &effect::Look| {
        let lang = if lang == Lang::Shell { Lang::Shell } else { look.lang };
        Sent::new(format!("{before}{}", spoken(lang, &look.ask, true)))
    };
    looks.looks.iter().map(ask).collect()
}

fn the_statement(text: &str, lines: &[u32], command: &Command, tables: &Tables) -> Statement {
    let script = commands::read(Source { text, lines }, command.statement.lang, tables);
    let worst = script.statements.into_iter().max_by_key(|one| one.risk);
    // All of the text is looked at, whichever part of it is the worst.
    Statement { text: text.to_owned(), ..worst.unwrap_or_else(|| command.statement.clone()) }
}

/// Variables that another fence would have set.
fn set_beside(names: &[String], values: &Values) -> Vec<(String, String)> {
    let given = |name: &String| values.get(name).map(|value| (name.clone(), value.text.clone()));
    names.iter().filter_map(given).collect()
}

fn before(resolved: &Resolved, set: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in set.iter().chain(&resolved.variables) {
        let _ = writeln!(out, "{name}={}", quoted(value));
    }
    if !resolved.arguments.is_empty() {
        let all: Vec<String> = resolved.arguments.iter().map(|value| quoted(value)).collect();
        let _ = writeln!(out, "set -- {}", all.join(" "));
    }
    out
}

fn shown_with(set: &[(String, String)], shown: &str) -> String {
    let mut out = String::new();
    for (name, value) in set {
        let value = if secret::looks_secret(name) || secret::carries_password(value) {
            secret::HIDDEN.to_owned()
        } else {
            quoted(value)
        };
        let _ = writeln!(out, "{name}={value}");
    }
    out.push_str(shown);
    out
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

fn masked(text: &str) -> String {
    String::from_utf8_lossy(&secret::mask_lines(text.as_bytes())).into_owned()
}

/// How much is asked. That it goes on, or takes the terminal, is what was ordered.
fn tier_of(risk: Tier, asks: &[Ask]) -> Tier {
    let raises = |ask: &Ask| !matches!(ask, Ask::Endless | Ask::Terminal);
    if asks.iter().any(raises) { risk.max(Tier::Change) } else { risk }
}

fn why_of(asks: &[Ask]) -> Vec<String> {
    let words = |ask: &Ask| {
        Some(match ask {
            Ask::Change | Ask::Danger | Ask::Conditional(_) => return None,
            Ask::Heavy => "a heavy read".to_owned(),
            Ask::Secret => "it touches secrets".to_owned(),
            Ask::Terminal => "it takes the terminal".to_owned(),
            Ask::Endless => "it never ends by itself".to_owned(),
            Ask::Opens => "it opens a session elsewhere: what follows in its block goes there".to_owned(),
            Ask::MaybeBehind(line) => {
                format!("line {line} opened a session elsewhere: it may be meant for that")
            }
            Ask::OtherContext(line) => {
                format!("line {line} switches the context, and that does not reach here")
            }
        })
    };
    asks.iter().filter_map(words).collect()
}

/// What has to be looked at before the answer, and not only read beside the rest.
fn heed_of(asks: &[Ask]) -> Vec<String> {
    let words = |ask: &Ask| match ask {
        Ask::Conditional(condition) => Some(format!("the document says it only `{condition}`")),
        _ => None,
    };
    asks.iter().filter_map(words).collect()
}

/// What has to be typed for something dangerous: the thing that it is done to, else what is done.
fn phrase(statement: &Statement) -> String {
    let fits = |words: &str| !words.is_empty() && words.chars().count() <= LONGEST_PHRASE;
    if let Some(name) = effect::target(statement).filter(|name| fits(name)) {
        return name;
    }
    let verb = match &statement.subcommand {
        Some(subcommand) => format!("{} {subcommand}", statement.tool),
        None => statement.tool.clone(),
    };
    if fits(&verb) { verb } else { "run it".to_owned() }
}
