//! What a document expects of an output, compared with what came.
use serde_json::Value;

use super::super::facts::limit::{self, Limit};
use super::{Case, Said, figure, told};
use crate::incident::event::Verdict;

/// Longer prose is read by a person.
const LONGEST: usize = 4_096;

/// Nothing is expected to be found.
pub fn wants_nothing(expected: &str) -> bool {
    let lower = strip(expected).to_lowercase();
    let lower = lower.trim_end_matches(['.', '!']).trim();
    let first = lower.split([',', ';', '(']).next().unwrap_or_default().trim();
    matches!(
        first,
        "no output"
            | "nothing"
            | "empty"
            | "none"
            | "no results"
            | "no rows"
            | "0 rows"
            | "no lines"
            | "0 lines"
            | "empty output"
            | "no matches"
            | "no errors"
            | "no error lines"
            | "no entries"
            | "no resources"
            | "no response"
            | "zero rows"
            | "no results found"
            | "an empty list"
            | "no pods"
            | "no differences"
    )
}

/// The output is what is expected, and nothing else.
pub fn is_all(expected: &str, out: &str) -> bool {
    let (plain, out) = (strip(expected), out.trim());
    !plain.is_empty() && plain == out
}

/// A number or a truth value: it is the whole output, or another one came.
fn is_value(text: &str) -> bool {
    matches!(text, "true" | "false") || text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The verdict of a comparison; none where it cannot be compared.
pub fn compare(case: &Case<'_>, expected: &str) -> Option<Said> {
    let plain = strip(expected);
    if plain.is_empty() || expected.len() > LONGEST {
        return None;
    }
    if wants_nothing(expected) {
        return Some(nothing(case, &plain));
    }
    if is_all(expected, case.out) {
        return Some((Verdict::Ok, format!("{plain}, as expected")));
    }
    if is_value(&plain) && status_in(&plain).is_none() {
        let only = figure::of(case.out, "").zip(plain.parse::<f64>().ok());
        if only.is_some_and(|((value, _), wanted)| (value - wanted).abs() < f64::EPSILON) {
            return Some((Verdict::Ok, format!("{plain}, as expected")));
        }
        let said = if case.out.trim().is_empty() {
            (Verdict::NoData, format!("it gave no output; expected {plain}"))
        } else {
            (Verdict::Failed, format!("{}; expected {plain}", told::result(case)))
        };
        return Some(said);
    }
    if let Some(wanted) = json_in(&plain) {
        return Some(json(case, &wanted));
    }
    if let Some(wanted) = status_in(&plain) {
        return Some(status(case, wanted));
    }
    if let Some(limit) =
        limit::by_sign(&plain).or_else(|| limit::by_word(&plain)).filter(|one| !one.sign.is_empty())
    {
        return Some(number(case, &limit));
    }
    words(case, &plain, expected)
}

/// Without Markdown's signs and without the words that only lead to what is expected.
fn strip(expected: &str) -> String {
    let mut text = expected.trim().trim_matches('`').trim();
    let lead = [
        "expected output:",
        "expected result:",
        "expected:",
        "output:",
        "you should see",
        "should return",
        "should show",
        "should be",
        "should print",
        "should say",
        "should contain",
        "must be",
        "must return",
        "returns",
        "return",
        "shows",
        "show",
        "prints",
        "print",
        "outputs",
        "responds with",
        "response:",
        "it is",
        "to be",
        "result:",
        "status is",
        "the output is",
        "output is",
    ];
    for _ in 0..4 {
        let found = lead.iter().find_map(|lead| {
            let head = text.get(..lead.len())?;
            let rest = text.get(lead.len()..)?;
            let apart = lead.ends_with(':') || rest.starts_with([' ', '\t', '\n', '`', '"', '{', ':']);
            (head.eq_ignore_ascii_case(lead) && apart).then_some(rest)
        });
        match found {
            Some(rest) => text = rest.trim_start_matches([':', ' ', '\t', '\n']),
            None => break,
        }
    }
    text.trim().trim_matches('`').trim().trim_end_matches('.').trim().to_owned()
}

fn nothing(case: &Case<'_>, plain: &str) -> Said {
    let some = case.out.lines().any(told::counts_rows);
    let rows = case.out.contains("(0 rows)") && !some
        || case.out.trim() == "0"
        || case.out.contains("No resources found");
    let lines = case.out.lines().filter(|line| !line.trim().is_empty()).count();
    if lines == 0 && !case.is_clean() && !case.err.contains("No resources found") {
        return (Verdict::NoData, format!("nothing came, and this was said: {}", super::first_of(case)));
    }
    if lines == 0 || rows {
        return (Verdict::Ok, "nothing, as expected".to_owned());
    }
    // `no errors` of something that is no search: none of its lines may speak of one.
    let lower = plain.to_lowercase();
    let searches = case.calls.iter().any(super::Call::is_search);
    if lower.starts_with("no error") && !searches {
        let words = ["error", "fatal", "panic", "exception", "traceback", "critical", "fail"];
        let bad = case.out.lines().find(|line| {
            let lower = line.to_lowercase();
            words.iter().any(|word| lower.contains(word))
        });
        return match bad {
            Some(line) => (Verdict::Failed, format!("an error: {}", line.trim())),
            None => (Verdict::Ok, "no errors".to_owned()),
        };
    }
    (Verdict::Failed, format!("{lines} lines; expected {plain}"))
}

/// The first JSON object or list in a text.
fn json_in(text: &str) -> Option<Value> {
    let start = text.find(['{', '['])?;
    let tail = text.get(start..)?;
    let value = serde_json::Deserializer::from_str(tail).into_iter::<Value>().next()?.ok()?;
    // `[ok]` and `{name}` are no JSON, and an empty one says nothing.
    (value.as_object().is_some_and(|all| !all.is_empty())
        || value.as_array().is_some_and(|all| !all.is_empty()))
    .then_some(value)
}

/// The output as JSON: all of it, or what begins behind headers.
fn json_of(out: &str) -> Option<Value> {
    let text = out.trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let mut at = 0;
    for line in text.split_inclusive('\n').take(64) {
        if line.starts_with(['{', '[']) {
            return serde_json::from_str(text.get(at..)?).ok();
        }
        at += line.len();
    }
    None
}

fn json(case: &Case<'_>, wanted: &Value) -> Said {
    if !case.whole {
        return (Verdict::NoData, "too long to be compared".to_owned());
    }
    let Some(have) = json_of(case.out) else {
        // `jq -r .status` prints the one value of what is expected.
        let word = case.out.trim().trim_matches('"');
        if let Some(object) = wanted.as_object().filter(|object| object.len() == 1) {
            let only = object.values().next().and_then(Value::as_str).unwrap_or_default();
            if case.uses(&["jq"])
                && !only.is_empty()
                && !word.is_empty()
                && !word.contains(char::is_whitespace)
            {
                return same(word == only, word, only);
            }
        }
        let empty = case.out.trim().is_empty();
        return if empty {
            (Verdict::NoData, "it gave no output".to_owned())
        } else {
            (Verdict::Failed, format!("not JSON: {}", super::first_of(case)))
        };
    };
    if let (Value::String(word), Some(object)) =
        (&have, wanted.as_object().filter(|object| object.len() == 1))
    {
        let only = object.values().next().and_then(Value::as_str).unwrap_or_default();
        return same(word == only, word, only);
    }
    match differs(&have, wanted, "") {
        None => (Verdict::Ok, "as expected".to_owned()),
        Some(where_) => (Verdict::Failed, where_),
    }
}

fn same(same: bool, have: &str, wanted: &str) -> Said {
    if same {
        (Verdict::Ok, format!("`{have}`, as expected"))
    } else {
        (Verdict::Failed, format!("`{have}`; expected `{wanted}`"))
    }
}

/// Where the value differs from what is wanted; more fields than are wanted do no harm. The parser lets nothing nest
/// deeper than the stack bears.
fn differs(have: &Value, wanted: &Value, at: &str) -> Option<String> {
    match (have, wanted) {
        (Value::Object(have), Value::Object(wanted)) => wanted.iter().find_map(|(name, wanted)| {
            let place = format!("{at}.{name}");
            match have.get(name) {
                Some(have) => differs(have, wanted, &place),
                None => Some(format!("`{place}` is missing")),
            }
        }),
        (Value::Array(have), Value::Array(wanted)) if have.len() == wanted.len() => {
            have.iter().zip(wanted).enumerate().find_map(|(i, (a, b))| differs(a, b, &format!("{at}[{i}]")))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (have, wanted) if have == wanted => None,
        (have, wanted) => {
            let place = if at.is_empty() { "it" } else { at };
            Some(format!("`{place}` is {}; expected {}", short(have), short(wanted)))
        }
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}

/// `200 OK`, `HTTP 200`, `status 200`.
fn status_in(text: &str) -> Option<u16> {
    if limit::by_sign(text).is_some_and(|limit| !limit.sign.is_empty()) {
        return None;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let code =
        |word: &&&str| word.len() == 3 && word.parse::<u16>().is_ok_and(|code| (100..600).contains(&code));
    let found = words.iter().find(code)?.parse().ok()?;
    let named =
        words.iter().any(|word| matches!(*word, "http" | "https" | "status" | "ok" | "code" | "created"));
    (named || words.len() == 1).then_some(found).filter(|_| words.len() <= 6)
}

/// Whether the status stands there as one, and not as a number of something else: `under 500 ms`.
pub fn names_status(expected: &str, status: u16) -> bool {
    let lower = expected.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '`' | '"' | '.' | '/'))
        .collect();
    let units =
        ["ms", "s", "seconds", "milliseconds", "mb", "gb", "kb", "%", "requests", "connections", "rows"];
    let leads = ["under", "below", "than", "within", "over", "above", "<", ">", "<=", ">=", "most", "least"];
    let wanted = status.to_string();
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
        let behind = words.get(at + 1).copied().unwrap_or_default();
        word.trim_matches([':', '\'', '*']) == wanted && !leads.contains(&before) && !units.contains(&behind)
    })
}

fn status(case: &Case<'_>, wanted: u16) -> Said {
    if let Some(status) = told::status(case) {
        return same(status == wanted, &status.to_string(), &wanted.to_string());
    }
    let word = case.out.trim();
    if word == wanted.to_string() {
        return (Verdict::Ok, format!("{wanted}, as expected"));
    }
    // With `-f` curl ends well only below 400.
    let fails =
        case.all.iter().any(|call| call.tool == "curl" && call.has(&["-f", "--fail", "--fail-with-body"]));
    if fails && (200..300).contains(&wanted) {
        return (Verdict::Ok, "it answered without an error".to_owned());
    }
    (Verdict::NoData, format!("the output does not show its status; expected {wanted}"))
}

fn number(case: &Case<'_>, limit: &Limit) -> Said {
    let Some((value, unit)) = figure::of(case.out, &limit.before) else {
        return (Verdict::NoData, format!("no number to compare; expected {}", limit.text()));
    };
    let shown = format!("{value}{unit}");
    match figure::keeps(limit, value, &unit) {
        Some(true) => (Verdict::Ok, format!("{shown}; expected {}", limit.text())),
        Some(false) => (Verdict::Failed, format!("{shown}; expected {}", limit.text())),
        None => (Verdict::NoData, format!("{shown} cannot be compared with {}", limit.text())),
    }
}

/// A few words that have to stand in the output, as words, and not turned around.
fn words(case: &Case<'_>, plain: &str, expected: &str) -> Option<Said> {
    let lower = plain.to_lowercase();
    let every = ["all ", "every ", "each "].iter().any(|word| lower.starts_with(word));
    let pieces = marked(expected);
    let wanted: Vec<String> = if pieces.is_empty() {
        let bare = lower
            .trim_start_matches("all ")
            .trim_start_matches("every ")
            .trim_start_matches("each ")
            .trim_start_matches("pods ")
            .trim_start_matches("nodes ")
            .trim_start_matches("services ")
            .trim_start_matches("containers ")
            .trim_start_matches("pod ")
            .trim_start_matches("are ")
            .trim_start_matches("is ")
            .trim_start_matches("in ")
            .trim();
        if bare.split_whitespace().count() > 4 || bare.is_empty() {
            return longer(case, plain);
        }
        vec![bare.to_owned()]
    } else {
        pieces.into_iter().map(|piece| piece.to_lowercase()).collect()
    };
    for piece in &wanted {
        if let Some(said) = one(case, piece, every) {
            return Some(said);
        }
    }
    Some((Verdict::Ok, format!("`{}`, as expected", wanted.join("`, `"))))
}

/// What a document puts into backticks or quotes.
fn marked(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for sign in ['`', '"'] {
        let mut parts = text.split(sign);
        parts.next();
        while let (Some(inside), Some(_)) = (parts.next(), parts.clone().next()) {
            if !inside.trim().is_empty() && inside.len() < 200 {
                out.push(inside.trim().to_owned());
            }
            parts.next();
        }
        if !out.is_empty() {
            break;
        }
    }
    out.truncate(8);
    out
}

/// Why the output does not say this; none where it does.
fn one(case: &Case<'_>, piece: &str, every: bool) -> Option<Said> {
    let lines: Vec<&str> = case.out.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return Some((Verdict::NoData, format!("it gave no output; expected `{piece}`")));
    }
    let head = lines.first().copied().unwrap_or_default();
    let table = lines.len() > 1 && head.contains("  ") && head.chars().all(|c| !c.is_lowercase());
    let rows = if table { lines.get(1..).unwrap_or_default() } else { &lines };
    // A column of that name: each row has to say yes in it.
    if table && let Some(column) = head.split_whitespace().position(|name| name.eq_ignore_ascii_case(piece)) {
        let bad = rows.iter().find(|row| !row.split_whitespace().nth(column).is_some_and(is_yes));
        return bad.map(|row| (Verdict::Failed, format!("not {piece}: {}", row.trim())));
    }
    if let Some(row) = rows.iter().find(|row| is_turned(&row.to_lowercase(), piece)) {
        return Some((Verdict::Failed, format!("expected `{piece}`: {}", row.trim())));
    }
    let says = |row: &&&str| stands(&row.to_lowercase(), piece);
    let missing = if every || rows.len() > 1 && is_state(piece) && (table || is_list(case, rows)) {
        rows.iter().find(|row| !says(row)).copied()
    } else if rows.iter().any(|row| says(&row)) {
        None
    } else {
        Some(head)
    };
    missing.map(|row| (Verdict::Failed, format!("expected `{piece}`: {}", row.trim())))
}

/// A list without its header: one thing a row.
fn is_list(case: &Case<'_>, rows: &[&str]) -> bool {
    let lists = case.calls.first().is_some_and(|call| match call.tool.as_str() {
        "kubectl" | "oc" => call.says("get"),
        "docker" | "podman" | "nerdctl" => call.says("ps") || call.says("ls"),
        _ => false,
    });
    let columns = |row: &str| row.split_whitespace().count();
    let first = rows.first().map_or(0, |row| columns(row));
    lists && first > 1 || first > 2 && rows.iter().all(|row| columns(row) == first)
}

/// A state that every row of a list is meant to be in.
fn is_state(piece: &str) -> bool {
    matches!(piece, "running" | "ready" | "healthy" | "up" | "active" | "bound" | "true" | "available")
}

/// `True`, `2/2`, `3`.
fn is_yes(cell: &str) -> bool {
    match cell.split_once('/') {
        Some((have, all)) => have == all && have != "0",
        None => {
            !matches!(cell.to_ascii_lowercase().as_str(), "false" | "no" | "0" | "<none>" | "unknown" | "n/a")
        }
    }
}

/// The words stand there as words.
fn stands(line: &str, piece: &str) -> bool {
    line.match_indices(piece).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + piece.len()..).unwrap_or_default();
        let inner = |c: char| c.is_alphanumeric() || c == '_';
        let begins = piece.starts_with(|c: char| inner(c));
        let ends = piece.ends_with(|c: char| inner(c));
        let joined = begins && before.ends_with(inner) || ends && after.starts_with(inner);
        !joined && !turns(before)
    })
}

/// The line says the opposite: `unhealthy`, `NotReady`, `not ready`.
fn is_turned(line: &str, piece: &str) -> bool {
    if !piece.starts_with(|c: char| c.is_alphabetic()) {
        return false;
    }
    line.match_indices(piece).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        ["un", "not", "in", "dis", "non-", "im"].iter().any(|turn| {
            before.strip_suffix(turn).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric()))
        }) || turns(before)
    })
}

fn turns(before: &str) -> bool {
    let before = before.trim_end();
    ["not", "isn't", "never", "no longer"].iter().any(|word| {
        before.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric()))
    })
}

/// A sample of several lines, or prose: where it is the same it is good, otherwise a person compares.
fn longer(case: &Case<'_>, plain: &str) -> Option<Said> {
    let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.contains('\n') && tidy(plain) == tidy(case.out) {
        return Some((Verdict::Ok, "as expected".to_owned()));
    }
    None
}
