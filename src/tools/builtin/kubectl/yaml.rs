//! YAML as the original writes it, but that it never breaks a line and quotes in doubt.
use serde_json::Value;

/// Words that would be read as something else than text.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// What stands behind a key or a dash, up to the end of its last line.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (at, (key, value)) in map.iter().enumerate() {
                begin(at, indent, out);
                out.extend([&string(key, indent), ":"]);
                // A list stands as far to the left as its key.
                block(value, if value.is_array() { indent } else { indent + 2 }, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (at, value) in list.iter().enumerate() {
                begin(at, indent, out);
                out.push_str("- ");
                block(value, indent + 2, out);
            }
        }
        scalar => {
            out.push_str(if out.is_empty() || out.ends_with("- ") { "" } else { " " });
            out.push_str(&match scalar {
                Value::String(text) => string(text, indent),
                other => other.to_string(),
            });
            out.push('\n');
        }
    }
}

/// The next line, but that the first of an element stands behind its dash.
fn begin(at: usize, indent: usize, out: &mut String) {
    if at == 0 && out.ends_with("- ") {
        return;
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(&" ".repeat(indent));
}

fn string(text: &str, indent: usize) -> String {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let whole = !lines.starts_with([' ', '\n']) && !lines.ends_with('\n') && !lines.contains(" \n");
    let odd = |sign: char| sign.is_control() && sign != '\n' || "\u{feff}\u{2028}\u{2029}".contains(sign);
    if text.contains('\n') && !lines.is_empty() && whole && !lines.contains(odd) {
        let mut out = if text.ends_with('\n') { "|" } else { "|-" }.to_owned();
        for line in lines.split('\n') {
            out.push('\n');
            out.push_str(&" ".repeat(if line.is_empty() { 0 } else { indent.max(2) }));
            out.push_str(line);
        }
        return out;
    }
    // Numbers and times in all their forms, and a little more.
    let digits = |c: char| c.is_ascii_digit() || "eETZxob_.:+-".contains(c);
    let counts = text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(digits);
    let counts = counts || text.starts_with("0x");
    let begins = text.starts_with(|c: char| c.is_alphanumeric() || "/_".contains(c)) && !counts;
    let means = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']);
    let known = WORDS.contains(&text.to_lowercase().as_str());
    let plain = begins && !means && !known && !text.contains(|sign| odd(sign) || sign == '\n');
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}
