//! Secrets that are seen, stored or garbled, and placeholders that the shell takes for redirections.
use std::collections::HashSet;

use super::call::Call;
use super::kubectl::kube;
use super::scene::{Line, Scene};
use super::word::{Kind, Piece, Quote, Word};
use super::{Findings, Rule, Severity};
use crate::domain::approval::Tier;

/// Options whose value is a secret.
const OPTIONS: &[&str] = &[
    "--password",
    "--admin-password",
    "--pass",
    "--token",
    "--api-key",
    "--secret",
    "--client-secret",
    "--master-user-password",
    "--access-token",
    "--secret-key",
    "--docker-password",
];

/// What encrypts, or keeps what it reads to itself.
const KEEPERS: &[&str] = &[
    "gpg",
    "age",
    "sops",
    "openssl",
    "kubeseal",
    "kubectl",
    "oc",
    "vault",
    "wc",
    "grep",
    "sha256sum",
    "md5sum",
    "diff",
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let (mut mild, mut mild_secret) = (false, false);
    for (lines, _) in scene.runbooks() {
        let mut said = HashSet::new();
        let safes: Vec<&Line<'_>> = lines.iter().filter(|line| encrypts(line.text())).take(50).collect();
        for line in lines {
            for (at, call) in line.calls.iter().enumerate() {
                on_line(line, call, &mut mild_secret, out);
                shown(&safes, line, call, out);
                decoded(line, at, call, out);
                redirected(line, call, &mut said, &mut mild, out);
            }
        }
    }
}

/// A value that only stands for the real one.
fn stands_in(value: &str) -> bool {
    let lower = value.to_lowercase();
    let signs = [
        "your",
        "xxx",
        "***",
        "...",
        "…",
        "changeme",
        "change-me",
        "example",
        "placeholder",
        "secret",
        "password",
        "passwd",
        "token",
        "todo",
        "replace",
        "insert",
        "new-",
        "pass",
        "dummy",
        "redacted",
        "value",
    ];
    value.contains(['<', '[', '{']) || signs.iter().any(|sign| lower.contains(sign))
}

fn secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    [
        "password",
        "passwd",
        "_pass",
        "token",
        "secret",
        "api_key",
        "apikey",
        "access_key",
        "pgpassword",
        "mysql_pwd",
        "sshpass",
        "api_keys",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

/// The secret that stands in a word of a call, if it is written out.
fn secret_in(call: &Call) -> Option<(String, Word)> {
    if let Some(word) = call.option(OPTIONS) {
        return Some(("an option".to_owned(), word));
    }
    if let Some((name, value)) = call.assigns.iter().find(|(name, _)| secret_name(name)) {
        return Some((format!("`{name}`"), value.clone()));
    }
    let tool = call.tool();
    if matches!(tool, "redis-cli" | "redis-benchmark")
        && let Some(word) = call.option(&["-a"])
    {
        return Some(("`-a`".to_owned(), word));
    }
    for word in call.words.iter().skip(1) {
        let text = word.text.as_str();
        if matches!(tool, "mysql" | "mysqldump" | "mysqladmin" | "mariadb")
            && text.starts_with("-p")
            && text.len() > 2
        {
            return Some(("`-p`".to_owned(), word.from(2)));
        }
        if let Some(rest) = text.strip_prefix("--from-literal=")
            && let Some((name, _)) = rest.split_once('=')
            && (secret_name(name) || call.words.iter().any(|word| word.text == "secret"))
        {
            return Some((format!("`{name}`"), word.from("--from-literal=".len() + name.len() + 1)));
        }
        if let Some(at) = text.find("Bearer ").filter(|_| text.to_lowercase().starts_with("authorization:")) {
            return Some(("the header".to_owned(), word.from(at + "Bearer ".len())));
        }
        if let Some(user) = in_url(text) {
            return Some(("the URL".to_owned(), word.from(user)));
        }
    }
    if tool == "curl"
        && let Some(word) = call.option(&["-u", "--user"])
    {
        let (user, _) = word.text.split_once(':')?;
        return Some(("`-u`".to_owned(), word.from(user.len() + 1)));
    }
    None
}

/// Where the password of `scheme://user:password@host` begins.
fn in_url(text: &str) -> Option<usize> {
    let scheme = text.find("://")? + 3;
    let rest = text.get(scheme..)?;
    let host = rest.find('@')?;
    let user = rest.get(..host)?;
    let colon = user.find(':').filter(|_| !user.contains('/'))?;
    (colon + 1 < user.len()).then_some(scheme + colon + 1)
}

/// A secret that is written out; one that only stands for the real one is told once for the document.
fn on_line(line: &Line<'_>, call: &Call, mild: &mut bool, out: &mut Findings) {
    // A bare assignment is no process; its value is judged where it is used.
    if call.words.is_empty() && line.calls.len() > 1 {
        return;
    }
    let Some((place, value)) = secret_in(call) else { return };
    let written = value.pieces.first().is_some_and(|piece| {
        matches!(piece.kind, Kind::Literal | Kind::Placeholder) && !piece.text.is_empty()
    });
    if !written
        || matches!(value.text.as_str(), "stdin" | "-" | "")
        || value.text.starts_with(['@', '/'])
        || value.text.starts_with("--")
    {
        return;
    }
    let severity = if stands_in(&value.text) { Severity::Note } else { Severity::Warning };
    if severity == Severity::Note && std::mem::replace(mild, true) {
        return;
    }
    out.say_as(
        severity,
        Rule::SecretOnLine,
        line.at(call),
        format!(
            "a secret stands in the command ({place}): the list of processes and the shell's history show it"
        ),
        "read it from a file, from standard input or from a variable that a secret store fills",
    );
}

/// What prints secrets.
fn tells(call: &Call) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().all(|word| call.words.iter().any(|w| w.text == *word));
    if let Some(kube) = kube(call) {
        let kind = kube.plain.first().map_or("", |word| word.text.as_str());
        let secret = matches!(kind.split('/').next(), Some("secret" | "secrets"));
        let output = call.option(&["-o", "--output"]);
        let whole = output.is_some_and(|word| {
            ["yaml", "json", "jsonpath", "go-template"].iter().any(|form| word.text.starts_with(form))
                && !word.text.contains("metadata")
        });
        return (kube.verb == "get" && secret && whole).then_some("the secret");
    }
    match call.tool() {
        "az" if says(&["keyvault", "secret", "show"])
            || call.words.iter().any(|word| word.text == "list-keys") =>
        {
            Some("the key")
        }
        "aws" if says(&["secretsmanager", "get-secret-value"]) => Some("the secret"),
        "vault" if says(&["kv", "get"]) || says(&["read"]) => Some("the secret"),
        "echo" | "printf"
            if call.words.iter().flat_map(Word::variables).any(|(name, _)| secret_name(name)) =>
        {
            Some("the secret")
        }
        _ => None,
    }
}

fn encrypts(text: &str) -> bool {
    ["gpg", "openssl enc", "sops", "age ", "kubeseal"].iter().any(|tool| text.contains(tool))
}

fn shown(safes: &[&Line<'_>], line: &Line<'_>, call: &Call, out: &mut Findings) {
    let Some(what) = tells(call) else { return };
    let pipe: Vec<&Call> = line.calls.iter().filter(|other| other.pipe == call.pipe).collect();
    let place = pipe.iter().position(|other| std::ptr::eq(*other, call)).unwrap_or_default();
    let after = pipe.get(place + 1..).unwrap_or_default();
    if call.nested
        || after.iter().any(|other| KEEPERS.contains(&other.tool()))
        || matches!(call.tool(), "echo" | "printf") && !after.is_empty()
    {
        return;
    }
    let last = after.last().copied().unwrap_or(call);
    let file = last.redirects.iter().find(|redirect| redirect.sign.starts_with('>') || redirect.sign == "1>");
    match file {
        Some(file) if file.target.text.starts_with("/dev/") => {}
        Some(file) => {
            // A later line may encrypt it.
            let safe = safes.iter().any(|line| line.text().contains(&file.target.text));
            if !safe && call.tool() != "echo" {
                out.say(
                    Rule::SecretsInPlainFile,
                    line.at(call),
                    format!("{what} is written to `{}` without encryption", file.target.text),
                    "pipe it through `gpg --symmetric`, `age` or the like, and remove the plain file",
                );
            }
        }
        None => out.say(
            Rule::SecretPrinted,
            line.at(call),
            format!("{what} is printed to the screen, into recordings and logs of the session"),
            "look only at what you need: that it exists, its age, its keys",
        ),
    }
}

/// `kubectl get … -o yaml | base64 -d`.
fn decoded(line: &Line<'_>, at: usize, call: &Call, out: &mut Findings) {
    if call.tool() != "base64" || !(call.has(&["-d", "--decode", "-D"]) || super::health::flag(call, 'd')) {
        return;
    }
    let before = line.calls.get(..at).unwrap_or_default().iter().rfind(|other| other.pipe == call.pipe);
    let yaml = before.filter(|before| kube(before).is_some_and(|kube| kube.verb == "get"));
    let form = yaml.and_then(|before| before.option(&["-o", "--output"]));
    if let Some(form) = form.filter(|word| matches!(word.text.as_str(), "yaml" | "json")) {
        out.say(
            Rule::Base64OfYaml,
            line.at(call),
            format!("`base64 -d` gets whole {}, not a value, and fails", form.text.to_uppercase()),
            "take one value: `-o jsonpath='{.data.KEY}' | base64 -d`",
        );
    }
}

/// `<name>` bare: a redirection, until it is filled in. What only reads is told once for the document.
fn redirected(line: &Line<'_>, call: &Call, said: &mut HashSet<String>, mild: &mut bool, out: &mut Findings) {
    // `GET /path/<id>` is no shell's.
    if call.nested || !call.tool().contains(char::is_lowercase) {
        return;
    }
    for (at, word) in call.words.iter().enumerate().skip(1) {
        let bare = |piece: &&Piece| piece.kind == Kind::Placeholder && piece.quote == Quote::Bare;
        let Some(piece) = word.pieces.iter().find(bare) else { continue };
        let next = call.words.get(at + 1).map(|next| next.text.as_str());
        let severity = match next {
            Some(_) if line.command.statement.risk > Tier::Read => Severity::Warning,
            _ => Severity::Note,
        };
        let again = if severity == Severity::Note {
            std::mem::replace(mild, true)
        } else {
            !said.insert(piece.text.clone())
        };
        if again {
            continue;
        }
        let also = next.map(|next| format!(", and writes a file named `{next}`")).unwrap_or_default();
        out.say_as(
            severity,
            Rule::PlaceholderRedirects,
            line.at(call),
            format!("pasted as it is, `{}` makes the shell read a file of that name{also}", piece.text),
            "put it in quotes, or set a variable above: `NAME=…` and `\"${NAME:?}\"`",
        );
    }
}
