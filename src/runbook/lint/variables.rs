//! Variables that are empty, elsewhere or not yet there when they are used.
use std::collections::HashSet;

use super::call::Call;
use super::known::Known;
use super::scene::{Line, Scene};
use super::word::{Kind, Piece, Quote, Word};
use super::{Findings, Rule, Severity};
use crate::domain::approval::Tier;

/// Variables that every shell has.
const ALWAYS: &[&str] = &[
    "HOME", "PWD", "USER", "TMPDIR", "SHELL", "HOSTNAME", "PATH", "RANDOM", "UID", "LOGNAME", "OLDPWD", "?",
    "$", "#", "@", "*", "!",
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for (lines, known) in scene.runbooks() {
        for line in lines {
            for call in &line.calls {
                destroys(known, line, call, out);
                secret(known, line, call, out);
                here(scene, line, call, out);
            }
        }
        arguments(lines, known, out);
        crossing(lines, known, out);
        dates(lines, out);
    }
}

/// How a variable may come to be empty; nothing when it cannot.
fn empty(known: &Known, name: &str) -> Option<String> {
    if ALWAYS.contains(&name) || known.guarded(name) || known.strict || known.looped(name) {
        return None;
    }
    let Some(setter) = known.setter(name) else { return Some("nothing sets it here".to_owned()) };
    let (at, value) = (setter.line, &setter.value);
    let solid = value.pieces.iter().any(|piece| piece.kind == Kind::Literal && !piece.text.is_empty());
    let command = value.pieces.iter().find_map(|piece| match &piece.kind {
        Kind::Command(text) => Some(text.as_str()),
        _ => None,
    });
    let sure = command.is_some_and(|text| {
        ["mktemp", "date", "pwd", "hostname", "basename", "dirname"]
            .iter()
            .any(|tool| text.trim_start().starts_with(tool))
    });
    if solid || sure {
        return None;
    }
    Some(match command {
        Some(_) => format!("its command in line {at} may fail"),
        None => format!("line {at} takes it as it comes"),
    })
}

fn destroys(known: &Known, line: &Line<'_>, call: &Call, out: &mut Findings) {
    for word in targets(call) {
        for (name, settled) in word.variables() {
            // What a function is called with cannot be seen here.
            let given = name.starts_with(|c: char| c.is_ascii_digit()) && line.text().contains("()");
            if settled || given || !widens(word, name) {
                continue;
            }
            let Some(why) = empty(known, name) else { continue };
            let left = without(word, name);
            let left = if left.is_empty() { "the current folder".to_owned() } else { format!("`{left}`") };
            out.say(
                Rule::EmptyDestroys,
                line.at(call),
                format!("when `{name}` is empty, this destroys {left}; {why}"),
                format!("write `${{{name}:?}}`, which stops when it is empty"),
            );
        }
    }
}

/// What a destructive call is aimed at.
fn targets(call: &Call) -> Vec<&Word> {
    let all = || call.plain().collect();
    let says = |word: &str| call.words.iter().any(|w| w.text == word);
    match call.tool() {
        "rm" if super::health::flag(call, 'r')
            || super::health::flag(call, 'R')
            || call.has(&["--recursive"]) =>
        {
            all()
        }
        "find" if says("-delete") || says("-exec") && says("rm") => call.plain().take(1).collect(),
        "aws" | "gsutil" if says("rm") && (says("--recursive") || says("-r")) => {
            call.plain().filter(|word| word.text.contains("://")).collect()
        }
        "rsync" if call.has(&["--delete"]) => call.plain().collect(),
        _ => Vec::new(),
    }
}

fn without(word: &Word, name: &str) -> String {
    let left = word.pieces.iter().filter(|piece| !variable(piece, name)).map(|piece| piece.text.as_str());
    left.collect()
}

fn variable(piece: &Piece, wanted: &str) -> bool {
    matches!(&piece.kind, Kind::Variable { name, .. } if name == wanted)
}

/// Whether the word means more when the variable is empty: a folder above, or everything in it.
fn widens(word: &Word, name: &str) -> bool {
    let left = without(word, name);
    let lone = word.pieces.iter().all(|piece| variable(piece, name) || piece.text.is_empty());
    // A word of the variable alone becomes nothing, and names nothing.
    if lone {
        return false;
    }
    let path = left.contains('/');
    path && (left.ends_with('/')
        || left.ends_with("/*")
        || left.ends_with("/.")
        || left.contains("//")
        || left.starts_with('/') && word.text.starts_with('$'))
}

/// Options that set a secret.
const SETTERS: &[&str] = &[
    "--admin-password",
    "--password",
    "--new-password",
    "--master-user-password",
    "--secret-string",
    "--admin-login-password",
];

fn secret(known: &Known, line: &Line<'_>, call: &Call, out: &mut Findings) {
    let vault = call.words.iter().any(|word| word.text == "secret")
        && call.words.iter().any(|word| word.text == "set");
    let literal = || {
        let word = call.words.iter().find(|word| word.text.starts_with("--from-literal="))?;
        let at = word.text.match_indices('=').nth(1)?.0;
        Some(word.from(at + 1))
    };
    let setter =
        call.option(SETTERS).or_else(|| if vault { call.option(&["--value"]) } else { None }).or_else(|| {
            if vault || call.words.iter().any(|word| word.text == "secret") { literal() } else { None }
        });
    let writes = line.command.statement.risk > Tier::Read;
    let Some(value) = setter.filter(|_| writes) else { return };
    let alone = value.pieces.iter().filter(|piece| !piece.text.is_empty()).count() == 1;
    let Some((name, false)) = value.variables().next().filter(|_| alone) else { return };
    let Some(why) = empty(known, name).filter(|why| why.contains("line")) else { return };
    let bare = value.pieces.iter().any(|piece| variable(piece, name) && piece.quote == Quote::Bare);
    let then = if bare {
        "the option then takes the next word for its value, or none"
    } else {
        "the secret then is empty"
    };
    out.say(
        Rule::EmptySecret,
        line.at(call),
        format!("`{name}` may be empty here: {why}; {then}"),
        format!("write `\"${{{name}:?}}\"`, which stops when it is empty"),
    );
}

/// A variable that belongs to the other side, expanded on this one.
fn here(scene: &Scene<'_>, line: &Line<'_>, call: &Call, out: &mut Findings) {
    let via = line.calls.iter().find(|outer| !outer.elsewhere && outer.start == call.start && *outer != call);
    let tool = via.map_or("", Call::tool);
    if !call.elsewhere
        || call.nested
        || !matches!(tool, "kubectl" | "oc" | "docker" | "podman" | "docker-compose" | "ssh")
    {
        return;
    }
    for word in &call.words {
        for piece in &word.pieces {
            let Kind::Variable { name, guarded: false } = &piece.kind else { continue };
            let own = scene.sets.contains_key(name.as_str()) || ALWAYS.contains(&name.as_str());
            let given = line.owner.arguments.iter().any(|argument| argument.name.as_deref() == Some(name));
            let digit = name.chars().all(|c| c.is_ascii_digit());
            if piece.quote == Quote::Single || own || given || digit || !remote_name(name) {
                continue;
            }
            out.say(
                Rule::ExpandsHere,
                line.at(call),
                format!("`${name}` is expanded on this side of `{tool}`, by a shell that does not have it"),
                format!("let the other side expand it, in single quotes: `sh -c '… \"${name}\" …'`"),
            );
            return;
        }
    }
}

/// Names that a container or host has in its own environment.
fn remote_name(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "_URL",
        "_URI",
        "_DSN",
        "_PASSWORD",
        "_PASS",
        "_USER",
        "_USERNAME",
        "_TOKEN",
        "_SECRET",
        "_KEY",
        "_DB",
        "_DATABASE",
        "_HOME",
        "_DATA",
    ];
    let upper = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    upper
        && (ENDS.iter().any(|end| name.ends_with(end))
            || matches!(name, "PGDATA" | "PGUSER" | "PGPASSWORD" | "HOSTNAME"))
}

/// `NAME=$1` without a look at it.
fn arguments(lines: &[Line<'_>], known: &Known, out: &mut Findings) {
    let Some(first) = lines.first() else { return };
    if known.counted || known.strict {
        return;
    }
    for argument in first.owner.arguments.iter().take(20) {
        let name = argument.name.as_deref().filter(|name| argument.default.is_none() && !known.guarded(name));
        let Some(name) = name else { continue };
        // What only prints it does no harm; what is made from it may.
        let from = |used: &str| {
            used == name
                || known
                    .setter(used)
                    .is_some_and(|setter| setter.value.variables().any(|(part, _)| part == name))
        };
        let acts = lines.iter().find(|line| {
            let statement = &line.command.statement;
            statement.risk > Tier::Read && line.acts() && statement.uses.iter().any(|used| from(used))
        });
        if let Some(line) = acts {
            out.say(
                Rule::ArgumentUnchecked,
                (argument.line, argument.line),
                format!("`{name}` is not checked, and line {} runs without it", line.lines().0),
                format!("write `{name}=${{{}:?usage: …}}`, which stops when it is missing", argument.place),
            );
        }
    }
}

/// Set in one fence, used in another.
fn crossing(lines: &[Line<'_>], known: &Known, out: &mut Findings) {
    let mut said = HashSet::new();
    for (at, line) in lines.iter().enumerate() {
        for name in &line.command.statement.uses {
            let Some(fence) = line.fence.filter(|_| !said.contains(name.as_str())) else { continue };
            let setters = || known.places(name).iter().take(50).filter_map(|at| Some((*at, lines.get(*at)?)));
            if setters().any(|(_, other)| other.fence == Some(fence)) {
                continue;
            }
            let Some((_, setter)) = setters().rfind(|(place, _)| *place < at) else { continue };
            if setter.fence.is_none() || setter.text().starts_with("export") {
                continue;
            }
            said.insert(name.as_str());
            let grave = line.command.statement.risk == Tier::Danger;
            let severity = if grave { Severity::Warning } else { Rule::CrossesFences.severity() };
            out.say_as(
                severity,
                Rule::CrossesFences,
                line.lines(),
                format!(
                    "`{name}` is set in another fence (line {}); in a fresh shell it is empty",
                    setter.lines().0
                ),
                format!("set `{name}` in this fence too, or join the two fences"),
            );
        }
    }
}

/// One name made of two looks at the clock.
fn dates(lines: &[Line<'_>], out: &mut Findings) {
    let mut seen: Vec<(String, u32, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for call in &line.calls {
            let makes = matches!(call.tool(), "mkdir" | "tar" | "cp" | "touch");
            let words = call.words.iter().chain(call.redirects.iter().map(|redirect| &redirect.target));
            for word in words {
                let Some(n) = word.pieces.iter().position(clock) else { continue };
                let upto: String = word.pieces.iter().take(n + 1).map(|piece| piece.text.as_str()).collect();
                let old = seen.iter().find(|(text, _, maker)| *text == upto && *maker < at);
                if let Some((_, first, _)) = old {
                    out.say(
                        Rule::DateTwice,
                        line.at(call),
                        format!("the time in `{upto}` is taken anew: a second after line {first} it differs"),
                        "take the time once: `NOW=$(date +%Y%m%d_%H%M%S)`, and use `$NOW`".to_owned(),
                    );
                    return;
                }
                if makes && seen.len() < 50 {
                    seen.push((upto, line.at(call).0, at));
                }
            }
        }
    }
}

/// `$(date …)` that tells the second.
fn clock(piece: &Piece) -> bool {
    let Kind::Command(text) = &piece.kind else { return false };
    text.trim_start().starts_with("date") && ["%S", "%s", "%N", "%T"].iter().any(|form| text.contains(form))
}
