//! Front matter: YAML between lines of `---`, TOML between lines of `+++`.
use super::FrontEntry;
use super::defects::{Defects, number};

/// More than this is not given to the YAML parser; its lines are read by themselves.
const LONGEST: usize = 64 * 1024;
/// Front matter is short; a rule at the top of a page with another one far below is none.
const MOST_LINES: usize = 400;

/// Reads the front matter; also the index of the first line behind it.
pub fn read(lines: &[&str], defects: &mut Defects) -> (Vec<FrontEntry>, usize) {
    let none = (Vec::new(), 0);
    let mark = lines.first().map(|line| line.trim_end()).unwrap_or_default();
    if mark != "---" && mark != "+++" {
        return none;
    }
    let ends = |line: &&str| line.trim_end() == mark || (mark == "---" && line.trim_end() == "...");
    let Some(length) = lines.iter().skip(1).take(MOST_LINES).position(ends) else { return none };
    let inner = lines.get(1..=length).unwrap_or_default();
    if !inner.iter().all(|line| line.trim().is_empty())
        && !inner.iter().any(|line| pair(line, mark).is_some())
    {
        return none;
    }
    // A page between two rules has headings and sentences; front matter begins with a name.
    let first = inner.iter().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if first.is_some_and(|line| pair(line, mark).is_none() && !line.starts_with(['[', '{'])) {
        return none;
    }
    let mut entries = by_lines(inner, mark);
    if mark == "---" && !yaml(inner, &mut entries) {
        defects.note(0, "the front matter is no valid YAML; its lines were read one by one");
    }
    (entries, length + 2)
}

/// `name: value` at the start of a line, or `name = value`.
fn pair<'a>(line: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let sign = if mark == "+++" { '=' } else { ':' };
    if line.starts_with([' ', '\t', '#', '-']) {
        return None;
    }
    let (name, value) = line.split_once(sign)?;
    let name = name.trim().trim_matches(['"', '\'']);
    let word = !name.is_empty()
        && name.len() <= 80
        && name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c));
    let apart = sign == '=' || value.is_empty() || value.starts_with([' ', '\t']);
    (word && apart).then_some((name, value.trim()))
}

/// Each line by itself: names with their values, and the `- item` lines below a name.
fn by_lines(lines: &[&str], mark: &str) -> Vec<FrontEntry> {
    let mut entries: Vec<FrontEntry> = Vec::new();
    let mut section = String::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) =
            line.strip_prefix('[').filter(|_| mark == "+++").and_then(|rest| rest.split(']').next())
        {
            section = format!("{name}.");
        } else if let Some((name, value)) = pair(line, mark) {
            let name = format!("{section}{name}");
            entries.push(FrontEntry { line: number(at + 1), name, values: scalars(value) });
        } else if let Some(entry) = entries.last_mut() {
            let text = line.trim().trim_end_matches(',');
            let item = text.strip_prefix("- ").or(text.strip_prefix(['"', '\'']).map(|_| text));
            entry.values.extend(item.map(unquoted).filter(|value| !value.is_empty()));
        }
    }
    entries
}

/// `a`, `"a"`, `[a, b]`.
fn scalars(value: &str) -> Vec<String> {
    if matches!(value, "" | "|" | ">" | "|-" | ">-" | "[" | "~" | "null") {
        return Vec::new();
    }
    match value.strip_prefix('[') {
        Some(list) => {
            let list = list.strip_suffix(']').unwrap_or(list);
            list.split(',').map(unquoted).filter(|value| !value.is_empty()).collect()
        }
        None => vec![unquoted(value)],
    }
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.rsplit_once(quote)) {
            return inner.to_owned();
        }
    }
    // A comment behind a bare value.
    value.split(" #").next().unwrap_or_default().trim().to_owned()
}

/// Puts the parser's values in place of what the lines say, where they hold more than one line.
fn yaml(lines: &[&str], entries: &mut Vec<FrontEntry>) -> bool {
    let text = lines.join("\n");
    if text.trim().is_empty() {
        return true;
    }
    if text.len() > LONGEST {
        return false;
    }
    let Ok(serde_json::Value::Object(map)) = serde_saphyr::from_str::<serde_json::Value>(&text) else {
        return false;
    };
    let mut more = Vec::new();
    for (name, value) in map {
        let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) else { continue };
        match value {
            serde_json::Value::Array(list) => entry.values = list.iter().map(plain).collect(),
            serde_json::Value::Object(inner) => {
                entry.values.clear();
                more.extend(inner.into_iter().map(|(key, value)| FrontEntry {
                    line: entry.line,
                    name: format!("{name}.{key}"),
                    values: match value {
                        serde_json::Value::Array(list) => list.iter().map(plain).collect(),
                        value => vec![plain(&value)],
                    },
                }));
            }
            // A value on one line stays as it is written: `1.10` is no number here.
            serde_json::Value::String(text) => entry.values = vec![text.trim().to_owned()],
            _ => {}
        }
    }
    entries.extend(more);
    true
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}
