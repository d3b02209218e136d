//! YAML as the original writes it.
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Where a line goes on below.
const WIDTH: usize = 80;

pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(map, 0, &mut out),
        Value::Array(list) if !list.is_empty() => sequence(list, 0, &mut out),
        scalar => {
            out.push_str(&plain(scalar, 0, 0));
            out.push('\n');
        }
    }
    out
}

fn mapping(map: &serde_json::Map<String, Value>, indent: usize, out: &mut String) {
    let mut keys: Vec<(&String, &Value)> = map.iter().collect();
    keys.sort_by(|a, b| order(a.0, b.0));
    for (at, (key, value)) in keys.into_iter().enumerate() {
        // The first key of an element stands behind its dash.
        if at > 0 || !out.ends_with("- ") {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&string(key, indent));
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                mapping(map, indent + 2, out);
            }
            Value::Array(list) if !list.is_empty() => {
                out.push('\n');
                sequence(list, indent, out);
            }
            scalar => {
                out.push(' ');
                out.push_str(&plain(scalar, indent + 2, indent + key.chars().count() + 2));
                out.push('\n');
            }
        }
    }
}

fn sequence(list: &[Value], indent: usize, out: &mut String) {
    for (at, value) in list.iter().enumerate() {
        if at > 0 || !out.ends_with("- ") {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => mapping(map, indent + 2, out),
            Value::Array(list) if !list.is_empty() => sequence(list, indent + 2, out),
            scalar => {
                out.push_str(&plain(scalar, indent + 2, indent + 2));
                out.push('\n');
            }
        }
    }
}

fn plain(value: &Value, indent: usize, column: usize) -> String {
    match value {
        Value::String(text) => folded(&string(text, indent), indent, column),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        other => other.to_string(),
    }
}

/// A long line goes on below, at a space that stands alone.
fn folded(text: &str, indent: usize, mut column: usize) -> String {
    if text.contains('\n') {
        return text.to_owned();
    }
    let (mut out, mut before) = (String::new(), ' ');
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let alone = sign == ' ' && before != ' ' && signs.peek().is_some_and(|next| *next != ' ');
        if alone && column > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            out.push(sign);
            column += 1;
        }
        before = sign;
    }
    out
}

/// What would be read as something else than text.
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:|~|<<|=|null|Null|NULL|true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES",
        r"|n|N|no|No|NO|on|On|ON|off|Off|OFF",
        r"|\.nan|\.NaN|\.NAN|[+-]?\.(?:inf|Inf|INF)",
        r"|[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?",
        r"|[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-fA-F_]+",
        r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
        r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
        r"(?:[Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:Z|[-+][0-9:]+)?)?)$",
    ))
    .ok()
});

fn string(text: &str, indent: usize) -> String {
    let special =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}');
    let broken =
        text.contains(" \n") || text.starts_with('\n') && text.trim_start_matches('\n').starts_with(' ');
    if text.chars().any(special) || text.contains('\n') && (broken || text.ends_with(' ')) {
        return double(text);
    }
    if text.contains('\n') {
        return literal(text, indent);
    }
    if OTHER.as_ref().is_some_and(|other| other.is_match(text)) {
        return double(text);
    }
    let first = text.chars().next().unwrap_or(' ');
    let dash = matches!(first, '-' | '?' | ':') && text.chars().nth(1).is_none_or(char::is_whitespace);
    let marks = "#,[]{}&*!|>'\"%@`".contains(first) || text.starts_with("---") || text.starts_with("...");
    let inside = text.contains(": ") || text.ends_with(':') || text.contains(" #");
    if dash || marks || inside || first == ' ' || text.ends_with(' ') {
        return format!("'{}'", text.replace('\'', "''"));
    }
    text.to_owned()
}

fn literal(text: &str, indent: usize) -> String {
    let body = text.trim_end_matches('\n');
    let hint = if text.starts_with([' ', '\n']) { "2" } else { "" };
    let chomp = match text.len() - body.len() {
        0 => "-",
        1 if !body.is_empty() => "",
        _ => "+",
    };
    let mut out = format!("|{hint}{chomp}");
    let body = text.strip_suffix('\n').unwrap_or(text);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent.max(2)));
            out.push_str(line);
        }
    }
    out
}

fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            sign if u32::from(sign) < 0x100 && sign.is_control() => {
                let _ = write!(out, "\\x{:02X}", u32::from(sign));
            }
            '\u{feff}' => out.push_str("\\uFEFF"),
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}

/// Keys in their order: numbers by their value, letters behind all else.
fn order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len().cmp(&b.len()) };
    let (Some(x), Some(y)) = (a.get(at), b.get(at)) else { return Ordering::Equal };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let digits = |list: &[char]| -> (u64, usize) {
        let run = list.iter().skip(at).take(18).map_while(|c| c.to_digit(10));
        run.fold((0, 0), |(sum, count), digit| (sum * 10 + u64::from(digit), count + 1))
    };
    digits(&a).cmp(&digits(&b)).then(x.cmp(y))
}
