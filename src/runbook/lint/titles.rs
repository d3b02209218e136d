//! Titles and comments that say something else than their commands do.
use super::call::Call;
use super::kubectl::kube;
use super::scene::{Line, Scene, has_any, has_word};
use super::{Findings, Rule};
use crate::domain::approval::Tier;

/// Verbs that promise to change nothing.
const LOOKS: &[&str] = &[
    "check", "checking", "verify", "view", "list", "show", "review", "inspect", "describe", "diagnose",
    "examine", "see", "monitor", "look", "confirm", "identify", "assess", "query", "display", "observe",
];

/// Verbs that do not, beside one of those.
const ACTS: &[&str] = &[
    "clean",
    "clear",
    "cleanup",
    "delete",
    "remove",
    "fix",
    "restart",
    "kill",
    "purge",
    "prune",
    "stop",
    "rotate",
    "drop",
    "drain",
    "repair",
    "then",
    "restore",
    "reset",
    "force",
    "flush",
    "terminate",
    "if",
    "failover",
    "promote",
    "scale",
    "roll",
    "rollback",
    "recover",
    "cancel",
    "and",
    "update",
    "renew",
    "evict",
    "undo",
    "redeploy",
    "recreate",
    "test",
];

const ENCRYPTS: &[&str] = &[
    "gpg",
    "openssl",
    "age",
    "sops",
    "kubeseal",
    "--sse",
    "kms",
    "encrypt",
    "rage",
    "vault",
    "ansible-vault",
    "pgcrypto",
];

const DEPLOYS: &[&str] = &["prod", "production", "prd"];
const TRIES: &[&str] = &["test", "staging", "stage", "dev", "development", "sandbox", "qa"];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for lines in scene.steps() {
        for line in lines.iter().filter(|line| line.acts()) {
            looks(line, out);
            aged(scene, line, out);
            tries(line, out);
            line.calls.iter().for_each(|call| latest(line, call, out));
        }
        encrypted(lines, out);
        gradual(lines, out);
    }
}

fn first_word(text: &str) -> String {
    text.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default().to_lowercase()
}

/// `Check …` that destroys.
fn looks(line: &Line<'_>, out: &mut Findings) {
    let heading = line.heading.to_lowercase();
    let promise = LOOKS.contains(&first_word(&heading).as_str()) && !has_any(&heading, ACTS);
    if promise && line.command.statement.risk == Tier::Danger && !line.command.statement.traits.opaque {
        out.say(
            Rule::TitleDisagrees,
            line.lines(),
            format!(
                "\"{}\" promises only to look, but the command is danger: {}",
                line.heading, line.command.statement.why
            ),
            "give the command a step of its own that says what it does",
        );
    }
}

/// `older than 30 days` without an age in the command.
fn aged(scene: &Scene<'_>, line: &Line<'_>, out: &mut Findings) {
    let heading = line.heading.to_lowercase();
    let Some(after) = ["older than", "not used for", "unused for", "inactive for"]
        .iter()
        .find_map(|sign| heading.split_once(sign))
        .map(|(_, after)| after.trim_start())
    else {
        return;
    };
    let number: String = after.chars().take_while(char::is_ascii_digit).collect();
    let unit = ["day", "week", "month", "hour", "year", "d", "h"]
        .iter()
        .any(|unit| after.get(number.len()..).is_some_and(|rest| rest.trim_start().starts_with(unit)));
    if number.is_empty() || !unit || line.command.statement.risk != Tier::Danger {
        return;
    }
    let dated = |text: &str| looks_at_age(&text.to_lowercase(), &number);
    let feeds = line.command.statement.uses.iter().filter_map(|name| scene.sets.get(name.as_str())).flatten();
    let known = dated(line.text())
        || feeds.into_iter().take(8).any(|at| scene.lines.get(*at).is_some_and(|line| dated(line.text())));
    if !known && !line.command.statement.traits.opaque {
        out.say(
            Rule::TitleDisagrees,
            line.lines(),
            format!("\"{}\" names an age, but nothing in the command looks at one", line.heading),
            "choose by date, or say in the text by what it chooses",
        );
    }
}

/// Whether a text chooses by time: it has a filter by age, a date, or the number itself.
fn looks_at_age(text: &str, number: &str) -> bool {
    const SIGNS: &[&str] = &[
        "-mtime",
        "-mmin",
        "-ctime",
        "-atime",
        "-newer",
        "--ago",
        "until=",
        "now(",
        "--before",
        "keep-since",
    ];
    const WORDS: &[&str] =
        &["older", "age", "date", "interval", "cutoff", "timestamp", "retention", "days", "since", "before"];
    SIGNS.iter().any(|sign| text.contains(sign))
        || has_any(text, WORDS)
        || has_word(text, number)
        || ["d", "h", "m"].iter().any(|unit| has_word(text, &format!("{number}{unit}")))
}

/// A restore into a test database that the text does not call one, or production under a title of staging.
fn tries(line: &Line<'_>, out: &mut Findings) {
    let title = format!("{} {} {}", line.heading, line.step.title, line.owner.title).to_lowercase();
    let around = format!(
        "{title} {} {} {}",
        line.owner.section,
        line.step.text,
        line.step.branch.clone().unwrap_or_default()
    )
    .to_lowercase();
    if line.command.statement.risk == Tier::Read {
        return;
    }
    let heading = line.heading.to_lowercase();
    for call in &line.calls {
        let into = match call.tool() {
            "pg_restore" => call.option(&["-d", "--dbname"]),
            "mysql" | "psql" if call.redirects.iter().any(|redirect| redirect.sign == "<") => {
                call.option(&["-d", "--dbname", "-D"])
            }
            "mongorestore" => call.option(&["--db", "-d", "--nsTo"]),
            _ => None,
        };
        let trial =
            into.filter(|word| word.literal() && has_any(&word.text.to_lowercase().replace('_', "-"), TRIES));
        if let Some(word) = trial.filter(|_| {
            !has_any(&around, TRIES)
                && !has_any(&around, &["verify", "verification", "drill", "validate", "check"])
        }) {
            out.say(
                Rule::TitleDisagrees,
                line.at(call),
                format!(
                    "\"{}\" restores into `{}`, which looks like a database for tests",
                    line.heading, word.text
                ),
                "name the database that is meant, or say in the title that it is a trial",
            );
        }
        let staged = has_any(&heading, &["staging", "sandbox"])
            && !has_any(&heading, DEPLOYS)
            && !has_any(&heading, &["from", "after"]);
        let target =
            call.option(&["-n", "--namespace", "--context", "--profile", "--project", "--environment"]);
        let real = target.filter(|word| {
            has_any(&word.text.to_lowercase(), DEPLOYS) && !has_any(&word.text.to_lowercase(), TRIES)
        });
        if let Some(word) = real.filter(|_| staged) {
            out.say(
                Rule::TitleDisagrees,
                line.at(call),
                format!("\"{}\" speaks of staging, but the command runs on `{}`", line.heading, word.text),
                "name the place that is meant",
            );
        }
    }
}

/// `(encrypted)` without encryption anywhere in the step.
fn encrypted(lines: &[Line<'_>], out: &mut Findings) {
    const KEPT: &[&str] = &["backup", "backups", "export", "dump", "save", "archive", "copy", "back"];
    let promises = |line: &&Line<'_>| {
        let heading = line.heading.to_lowercase();
        line.acts()
            && (line.command.statement.traits.writes_file || line.command.statement.risk > Tier::Read)
            && has_any(&heading, &["encrypted"])
            && has_any(&heading, KEPT)
    };
    let Some(line) = lines.iter().find(promises) else { return };
    let done = |line: &Line<'_>| {
        let text = line.text().to_lowercase();
        ENCRYPTS.iter().any(|tool| text.contains(tool))
    };
    if !lines.iter().any(done) {
        out.say(
            Rule::TitleDisagrees,
            line.lines(),
            format!("\"{}\" says encrypted, but nothing encrypts it", line.heading),
            "pipe it through `gpg --symmetric`, `age` or the like before it is written",
        );
    }
}

/// `gradually` in one leap.
fn gradual(lines: &[Line<'_>], out: &mut Findings) {
    let scales =
        |line: &&Line<'_>| line.calls.iter().any(|call| kube(call).is_some_and(|kube| kube.verb == "scale"));
    let mut all = lines.iter().filter(scales);
    let (Some(line), None) = (all.next(), all.next()) else { return };
    let loops = line.calls.iter().any(|call| matches!(call.tool(), "for" | "sleep"));
    if has_any(&line.heading.to_lowercase(), &["gradually", "gradual", "slowly", "stepwise"]) && !loops {
        out.say(
            Rule::TitleDisagrees,
            line.lines(),
            format!("\"{}\" is done in a single leap", line.heading),
            "write the steps between, with what to look at after each",
        );
    }
}

/// An image tagged latest, deployed.
fn latest(line: &Line<'_>, call: &Call, out: &mut Findings) {
    let says = |word: &str| call.words.iter().any(|w| w.text == word);
    let sets = kube(call).is_some_and(|kube| {
        kube.verb == "set" && kube.plain.first().is_some_and(|word| word.text == "image")
    });
    let deploys = sets
        || (call.tool() == "docker" && says("service") && (says("update") || says("create")))
        || (call.tool() == "az" && says("containerapp") && says("update"))
        || (call.tool() == "gcloud" && says("run") && says("deploy"));
    let tagged = deploys && call.words.iter().any(|word| word.text.ends_with(":latest"));
    let chart = call.tool() == "helm" && call.words.iter().any(|word| word.text.ends_with("tag=latest"));
    if tagged || chart {
        out.say(
            Rule::LatestDeployed,
            line.at(call),
            "`latest` is another image tomorrow: nobody can tell what runs, nor roll it back",
            "name the version, or its digest",
        );
    }
}
