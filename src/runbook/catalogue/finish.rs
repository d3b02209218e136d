//! From what the blocks say to the runbook: numbers of steps, choices, status, kind, values to fill in.
use super::super::facts::{self, level};
use super::super::placeholder::{self, Scope};
use super::super::types::{Command, Fact, Kind, Mode, Runbook, Status, Step, StepKind};
use super::about::About;
use super::kind;
use super::pick::{Plan, is_future};
use super::platform::Platform;
use super::steps::{Built, Draft};
use super::vocabulary;
use crate::commands::shell::session;
use crate::commands::statement::Argument;
use crate::commands::{Lang, Role};

/// What the document says around a runbook.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    pub platform: &'a Platform,
    pub facts: &'a [Fact],
    /// The runbook's last line.
    pub end: u32,
}

/// Joins the title's severity with the document's scale, and the severity with its response time.
fn grade(about: &mut About, title: &str, facts: &[Fact]) {
    if about.severity.is_none() {
        let said = title
            .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ':' | ',' | '[' | ']'))
            .find(|word| {
                let upper = word.to_uppercase();
                let graded = upper.len() == 2 && upper.starts_with('P')
                    || upper.len() >= 4 && upper.starts_with("SEV");
                let placed = title.starts_with(word)
                    || title.contains(&format!("({word}"))
                    || title.contains(&format!("[{word}"));
                graded && placed && upper.ends_with(|c: char| matches!(c, '0'..='5'))
            });
        if let Some(said) = said {
            let wanted = level::read(said);
            let named = facts::scale(facts)
                .find(|one| wanted.as_ref().zip(level::read(one.name)).is_some_and(|(a, b)| b.same(a)));
            about.severity = Some(named.map_or_else(|| said.to_owned(), |one| one.name.to_owned()));
        }
    }
    if about.severity.is_none() {
        about.severity = facts::severity_of(facts, &about.alerts).map(str::to_owned);
    }
    if about.response_time.is_none()
        && let Some(severity) = &about.severity
    {
        about.response_time = facts::response_time_of(facts, severity).map(str::to_owned);
    }
}

/// Puts a runbook together.
pub fn finish(plan: &Plan, built: Built, around: &Around<'_>) -> Runbook {
    let Built { mut drafts, mut about, mut arguments } = built;
    let (platform, end_line) = (around.platform, around.end);
    grade(&mut about, &plan.title, around.facts);
    for (index, draft) in drafts.iter_mut().enumerate() {
        let embedded = about.embedded.contains(&index);
        for command in &mut draft.step.commands {
            command.elsewhere = platform
                .other(&command.statement.text)
                .or_else(|| platform.other("kubectl apply").filter(|_| embedded));
            command.future |= command.elsewhere.is_some();
        }
    }
    elsewhere(&mut drafts);
    let mode = choose(&mut drafts, &plan.title);
    let mut steps = numbered(drafts);
    fill_in(&mut steps);
    dedup(&mut arguments);
    let status = status(&steps, &plan.title);
    let frequency = about.frequency.clone().or_else(|| frequency_of(plan));
    let mut alerts = about.alerts.clone();
    if let Some(alert) = plan.alert.as_ref().filter(|alert| !alerts.contains(alert)) {
        alerts.push(alert.clone());
    }
    let kind =
        kind::of(plan, &steps, frequency.as_deref(), about.severity.as_deref(), !about.symptoms.is_empty());
    Runbook {
        title: plan.title.clone(),
        section: plan.section.clone(),
        parent: plan.parent.clone(),
        line: plan.line,
        end_line,
        kind,
        severity: about.severity,
        response_time: about.response_time,
        frequency,
        trigger: about.trigger,
        purpose: about.purpose,
        rto: about.rto,
        rpo: about.rpo,
        mode,
        status,
        symptoms: about.symptoms,
        alerts,
        notes: about.notes,
        steps,
        arguments,
    }
}

/// What follows a block that leaves a session open runs in that session, until it is left or one of the tools is
/// called that only stand outside of it.
fn elsewhere(drafts: &mut [Draft]) {
    const PODS: &[&str] = &["kubectl", "oc", "docker", "docker-compose", "podman", "nerdctl", "crictl"];
    const HOSTS: &[&str] = &["ssh", "mosh", "gcloud", "aws", "vagrant", "lxc", "incus"];
    const OUTSIDE: &[&str] = &["helm", "terraform", "az", "ssh", "scp"];
    let mut open: Vec<String> = Vec::new();
    let mut block = 0;
    for command in drafts.iter_mut().flat_map(|draft| &mut draft.step.commands) {
        let one = &mut command.statement;
        let own = command.attributes.block;
        if one.lang != Lang::Shell {
            continue;
        }
        let opens = session::opens(one);
        if own == 0 || own != block {
            block = own;
            let outside = open.last().is_some_and(|opener| {
                let tool = one.tool.as_str();
                let pod = PODS.contains(&opener.as_str());
                *opener == one.tool || pod && [PODS, HOSTS, OUTSIDE].iter().any(|tools| tools.contains(&tool))
            });
            if outside {
                open.clear();
            }
        }
        one.traits.remote |= !open.is_empty();
        if session::leaves(one) {
            open.pop();
        } else if opens
            && [PODS, HOSTS].iter().any(|tools| tools.contains(&one.tool.as_str()))
            && open.len() < 16
        {
            open.push(one.tool.clone());
        }
    }
}

fn frequency_of(plan: &Plan) -> Option<String> {
    let last = plan.title.rsplit(": ").next().unwrap_or(&plan.title);
    vocabulary::frequency(last)
}

fn dedup(arguments: &mut Vec<Argument>) {
    let mut seen: Vec<(u32, Option<String>)> = Vec::new();
    arguments.retain(|one| {
        let key = (one.place, one.name.clone());
        let fresh = seen.len() < 64 && !seen.contains(&key);
        seen.push(key);
        fresh
    });
}

/// `1`, `2`, `2a`; what only prepares is `0`.
fn numbered(drafts: Vec<Draft>) -> Vec<Step> {
    let mut count = 0_u32;
    let mut letter = 0_u32;
    let mut steps = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let mut step = draft.step;
        if step.n != "0" {
            if draft.sub && count > 0 {
                step.n = format!("{count}{}", letters(letter));
                letter += 1;
            } else {
                count += 1;
                letter = 0;
                step.n = count.to_string();
            }
        }
        steps.push(step);
    }
    steps
}

fn letters(index: u32) -> String {
    let letter = char::from_u32(u32::from('a') + index % 26).unwrap_or('a');
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26) }
}

/// The values to fill in, each statement knowing what those before have set.
fn fill_in(steps: &mut [Step]) {
    let mut scope = Scope::default();
    for command in steps.iter_mut().flat_map(|step| &mut step.commands) {
        command.placeholders = placeholder::find(&command.statement, &scope);
        scope.learn(&command.statement);
    }
}

fn status(steps: &[Step], title: &str) -> Status {
    if is_future(title) {
        return Status::Aspirational;
    }
    let real = |command: &&Command| matches!(command.statement.role, Role::Action | Role::Query);
    let all = steps.iter().flat_map(|step| &step.commands).filter(real).count();
    let future =
        steps.iter().flat_map(|step| &step.commands).filter(real).filter(|command| command.future).count();
    match future {
        0 => Status::Current,
        _ if future == all => Status::Aspirational,
        _ => Status::Mixed,
    }
}

/// Marks alternatives, and says whether the runbook is a menu.
fn choose(drafts: &mut [Draft], title: &str) -> Mode {
    let tops: Vec<usize> = (0..drafts.len())
        .filter(|i| {
            drafts.get(*i).is_some_and(|d| !d.sub && d.step.n != "0" && d.step.kind != StepKind::Note)
        })
        .collect();
    let choices = tops.iter().filter(|i| drafts.get(**i).is_some_and(|d| d.choice)).count();
    if choices >= 2 && choices * 2 > tops.len() && drafts.iter().filter(|d| d.sub).all(|d| !d.choice) {
        return Mode::Menu;
    }
    let _ = title;
    let mut menu = false;
    for pair in 1..tops.len() {
        let (Some(before), Some(now)) =
            (tops.get(pair - 1).and_then(|i| drafts.get(*i)), tops.get(pair).and_then(|i| drafts.get(*i)))
        else {
            continue;
        };
        if !(before.scripted && now.scripted) {
            continue;
        }
        let first = pair == 1;
        let opposite = opposite(&before.step.title, &now.step.title) && same_target(before, now);
        let or = now.step.title.to_lowercase().starts_with("or ") && !now.step.commands.is_empty();
        let alike = alike(before, now);
        if opposite || (or || alike) && first {
            menu = true;
        }
        if alike && !opposite {
            let names = (
                distinct(&before.step.title, &now.step.title),
                distinct(&now.step.title, &before.step.title),
            );
            for (index, name) in [(pair - 1, names.0), (pair, names.1)] {
                if let Some(draft) = tops.get(index).and_then(|i| drafts.get_mut(*i)) {
                    draft.step.branch.get_or_insert(format!("alternative: {name}"));
                }
            }
        }
        if opposite {
            for index in [pair - 1, pair] {
                if let Some(draft) = tops.get(index).and_then(|i| drafts.get_mut(*i)) {
                    let circumstance = circumstance(&draft.step.title);
                    draft.step.branch = draft.step.branch.take().or(circumstance);
                }
            }
        }
    }
    if menu && tops.len() <= 4 { Mode::Menu } else { Mode::Sequence }
}

/// `up` against `down` behind the same verb.
fn opposite(one: &str, other: &str) -> bool {
    const PAIRS: [(&str, &str); 5] =
        [("up", "down"), ("on", "off"), ("more", "less"), ("enable", "disable"), ("increase", "decrease")];
    let (one, other) = (super::text::words(one), super::text::words(other));
    let (Some(a), Some(b)) = (one.first(), other.first()) else { return false };
    PAIRS.iter().any(|(left, right)| {
        let said = |words: &[String], word: &str| words.iter().take(2).any(|w| w == word);
        let paired = said(&one, left) && said(&other, right) || said(&one, right) && said(&other, left);
        paired && (a == b || a == left || a == right)
    })
}

/// The same tool does the same to the same object.
fn same_target(one: &Draft, other: &Draft) -> bool {
    let (Some(a), Some(b)) = (one.step.commands.first(), other.step.commands.first()) else { return false };
    if a.statement.tool != b.statement.tool || a.statement.subcommand != b.statement.subcommand {
        return false;
    }
    let words = |command: &Command| -> Vec<String> {
        command
            .statement
            .text
            .split_whitespace()
            .filter(|w| !w.starts_with('-') && *w != "\\")
            .map(str::to_owned)
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    same >= 3.min(a.len()) && same + 2 >= a.len().min(b.len()) || same >= 4
}

/// `Rollback to the last one`, `Rollback to a given one`: one thing in two ways.
fn alike(one: &Draft, other: &Draft) -> bool {
    let (a, b) = (super::text::words(&one.step.title), super::text::words(&other.step.title));
    let or = b.first().is_some_and(|w| w == "or");
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let towards = a
        .get(same.wrapping_sub(1))
        .is_some_and(|w| ["to", "from", "with", "via", "by", "using", "into", "on"].contains(&w.as_str()));
    !or && same >= 2
        && towards
        && one.step.commands.len() == 1
        && other.step.commands.len() == 1
        && same_target(one, other)
        && one
            .step
            .commands
            .iter()
            .chain(&other.step.commands)
            .all(|c| c.statement.risk > crate::domain::approval::Tier::Read)
}

fn distinct(one: &str, other: &str) -> String {
    let same = one
        .split_whitespace()
        .zip(other.split_whitespace())
        .take_while(|(x, y)| x.eq_ignore_ascii_case(y))
        .count();
    let rest: Vec<&str> = one.split_whitespace().skip(same).collect();
    rest.join(" ")
}

/// `Scale up for high load` → `high load`.
fn circumstance(title: &str) -> Option<String> {
    if let Some((_, rest)) = title.split_once(", ") {
        let leads = ["for ", "in ", "at ", "on ", "during ", "when ", "if "];
        if leads.iter().any(|w| rest.starts_with(w)) {
            return Some(rest.to_owned());
        }
    }
    [" for ", " during ", " when ", " under "]
        .iter()
        .find_map(|w| title.split_once(w))
        .map(|(_, rest)| rest.to_owned())
}

/// Nothing in it can be executed.
pub fn is_reference(steps: &[Step]) -> bool {
    steps.iter().flat_map(|step| &step.commands).all(|command| command.statement.role == Role::Query)
}

/// The kinds that a runbook without commands may still have.
pub fn by_hand(steps: &[Step]) -> bool {
    steps.iter().filter(|step| step.kind == StepKind::Manual).count() > 1
}

/// Whether nothing was read that a person could do.
pub fn is_empty(runbook: &Runbook) -> bool {
    runbook.steps.iter().all(|step| step.n == "0" || step.kind == StepKind::Note)
        && runbook.kind != Kind::Reference
}
