//! Checks that pass when they should not.
use super::call::Call;
use super::known::Known;
use super::scene::{Line, Scene, has_word};
use super::word::{Kind, Word};
use super::{Findings, Rule, Severity};

/// Good words, and an opposite in which each of them stands.
const OPPOSITES: &[(&str, &str)] = &[
    ("healthy", "unhealthy"),
    ("ready", "not ready"),
    ("Ready", "NotReady"),
    ("active", "inactive"),
    ("available", "unavailable"),
    ("connected", "disconnected"),
    ("reachable", "unreachable"),
    ("valid", "invalid"),
    ("complete", "incomplete"),
    ("stable", "unstable"),
    ("ok", "broken"),
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for (lines, known) in scene.runbooks() {
        for line in lines {
            for call in &line.calls {
                loose(line, call, out);
            }
            numbers(known, line, out);
        }
    }
    for line in &scene.lines {
        expected(line, out);
    }
}

fn loose(line: &Line<'_>, call: &Call, out: &mut Findings) {
    let Some((word, opposite)) = good_word(call).filter(|(_, opposite)| !line.text().contains(opposite))
    else {
        return;
    };
    let knows =
        line.calls.iter().any(|other| other.pipe == call.pipe && other.tool() == "grep" && flag(other, 'v'));
    if !knows {
        out.say(
            Rule::LooseMatch,
            line.at(call),
            format!("`{word}` is also found in `{opposite}`, so the check passes when it should fail"),
            format!("compare the whole value, e.g. `jq -e '.status == \"{word}\"'`, or `grep -qx {word}`"),
        );
    }
}

/// The good word that a search takes for success.
fn good_word(call: &Call) -> Option<(&'static str, &'static str)> {
    match call.tool() {
        "grep" | "egrep" | "rg" if call.decides || flag(call, 'q') => {
            if flag(call, 'w') || flag(call, 'x') || flag(call, 'v') {
                return None;
            }
            let pattern = call.option(&["-e", "--regexp"]).or_else(|| call.plain().next().cloned())?;
            pattern.text.split('|').find_map(|part| opposite(part.trim_end_matches('\\'), flag(call, 'i')))
        }
        "[[" => {
            let at = call.words.iter().position(|word| matches!(word.text.as_str(), "==" | "=" | "=~"))?;
            let pattern = call.words.get(at + 1)?;
            let open = call.words.get(at)?.text == "=~"
                || (pattern.text.starts_with('*') && pattern.bare_has(&['*']));
            open.then(|| opposite(pattern.text.trim_matches('*'), false)).flatten()
        }
        tool if tool.starts_with('*') && call.words.len() == 1 => opposite(tool.trim_matches('*'), false),
        _ => None,
    }
}

fn opposite(pattern: &str, any_case: bool) -> Option<(&'static str, &'static str)> {
    let same = |word: &str| if any_case { word.eq_ignore_ascii_case(pattern) } else { word == pattern };
    OPPOSITES.iter().find(|(word, _)| same(word)).copied()
}

/// Whether a short option is given, alone or among others.
pub(super) fn flag(call: &Call, letter: char) -> bool {
    call.words.iter().skip(1).any(|word| {
        word.text.starts_with('-')
            && !word.text.starts_with("--")
            && word.text.chars().skip(1).any(|c| c == letter)
    })
}

/// What a variable's value comes from.
struct Origin {
    /// `jq` prints `null` for what is not there.
    null: bool,
    /// It may be empty.
    empty: bool,
    /// It counts the lines of this tool, none when the tool fails.
    counts: Option<String>,
    line: u32,
}

fn origin(known: &Known, name: &str) -> Option<Origin> {
    let setter = known.setter(name)?;
    let from = setter.value.pieces.iter().find_map(|piece| match &piece.kind {
        Kind::Command(text) => Some(super::through::read(text)),
        _ => None,
    })?;
    Some(judge(&from, setter.line))
}

fn judge(from: &[Call], line: u32) -> Origin {
    let jq = from.iter().find(|call| call.tool() == "jq");
    let careful = jq.is_some_and(|call| {
        call.has(&["-e", "--exit-status"])
            || call.words.iter().any(|word| word.text.contains("//") || word.text.contains("length"))
    });
    let null = jq.is_some() && !careful;
    let is_number = from.iter().any(|call| match call.tool() {
        "wc" | "bc" | "date" => true,
        "grep" => flag(call, 'c'),
        _ => false,
    });
    let empty = from.iter().any(|call| match call.tool() {
        "psql" | "mysql" => !call.words.iter().any(|word| {
            let text = word.text.to_lowercase();
            text.contains("count(") || text.contains("coalesce(")
        }),
        "kubectl" | "oc" => call.words.iter().any(|word| word.text.contains("jsonpath")),
        "redis-cli" => true,
        _ => false,
    });
    let producer = from.first().map(Call::tool).filter(|tool| PRODUCERS.contains(tool));
    let counted =
        from.last().is_some_and(|call| call.tool() == "wc" || (call.tool() == "grep" && flag(call, 'c')));
    let counts = producer.filter(|_| counted).map(str::to_owned);
    Origin { null, empty: (empty || null) && !is_number, counts, line }
}

/// Tools that talk to a system, and may fail.
const PRODUCERS: &[&str] = &[
    "kubectl",
    "oc",
    "docker",
    "docker-compose",
    "curl",
    "aws",
    "az",
    "gcloud",
    "psql",
    "mysql",
    "redis-cli",
    "ssh",
    "helm",
];

const NUMERIC: &[&str] = &["-lt", "-le", "-gt", "-ge", "-eq", "-ne"];

fn numbers(known: &Known, line: &Line<'_>, out: &mut Findings) {
    for call in &line.calls {
        let compares = match call.tool() {
            "bc" | "awk" => true,
            "[" | "[[" | "test" => call.words.iter().any(|word| NUMERIC.contains(&word.text.as_str())),
            _ => false,
        };
        if !compares {
            continue;
        }
        let pipe = line.calls.iter().filter(|other| other.pipe == call.pipe);
        let names: Vec<String> = pipe
            .filter(|other| matches!(other.tool(), "echo" | "printf") || *other == call)
            .flat_map(|other| &other.words)
            .flat_map(Word::variables)
            .filter(|(_, guarded)| !guarded)
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in names {
            compared(known, line, call, &name, out);
        }
    }
}

fn compared(known: &Known, line: &Line<'_>, call: &Call, name: &str, out: &mut Findings) {
    let Some(origin) = origin(known, name) else { return };
    let (written, from) = (line.text(), origin.line);
    let test = matches!(call.tool(), "[" | "[[" | "test");
    let orders = !test && (written.contains('<') || written.contains('>'));
    let settled = known.guarded(name) || (!test && known.compares(name, &["null", "", "N/A"]));
    if origin.null && orders && !settled {
        let tool = call.tool();
        out.say(
            Rule::NoDataPasses,
            line.at(call),
            format!("`{name}` (line {from}) is `null` when there is no data, and `{tool}` takes that for 0"),
            format!("stop on missing data first: `jq -e`, or `[ \"${name}\" = null ] && echo \"no data\"`"),
        );
    }
    if test && origin.empty && !settled {
        out.say(
            Rule::EmptyNumber,
            line.at(call),
            format!("`{name}` (line {from}) may be empty or no number: the comparison then is an error"),
            format!("ask first whether there is one, `[ -n \"${name}\" ]`, and say `no data` when not"),
        );
    } else if let Some(tool) = origin.counts.filter(|_| test && !known.pipefail && with_zero(call)) {
        out.say_as(
            Severity::Warning,
            Rule::NoDataPasses,
            line.at(call),
            format!(
                "when `{tool}` fails, it prints nothing, and `{name}` (line {from}) is 0 as if all were well"
            ),
            format!("`set -o pipefail`, or look at whether `{tool}` answered before you count"),
        );
    }
}

/// It compares with nothing at all.
fn with_zero(call: &Call) -> bool {
    let none = |sign: &Word| matches!(sign.text.as_str(), "-eq" | "-gt" | "-ne" | "==");
    call.words.windows(2).any(|pair| matches!(pair, [sign, zero] if zero.text == "0" && none(sign)))
}

/// The expected output stands in one line, but `jq` prints several.
fn expected(line: &Line<'_>, out: &mut Findings) {
    let Some(expected) = &line.step.expected else { return };
    let expected = expected.trim().trim_matches('`').trim();
    let object = expected.starts_with('{')
        && expected.ends_with('}')
        && expected.contains(':')
        && !expected.contains('\n');
    let last = line.step.commands.iter().rfind(|command| command.statement.traits.pipe);
    let plain = line.calls.last().is_some_and(|call| {
        call.tool() == "jq"
            && call.plain().all(|word| word.text == ".")
            && !flag(call, 'c')
            && !call.has(&["--compact-output"])
    });
    if object && plain && last == Some(line.command) && has_word(line.text(), "jq") {
        out.say(
            Rule::ExpectedForm,
            line.lines(),
            "the expected JSON stands in one line, but `jq` prints it over several".to_owned(),
            "write `jq -c`, or test the value: `jq -e '.status == \"…\"'`".to_owned(),
        );
    }
}
