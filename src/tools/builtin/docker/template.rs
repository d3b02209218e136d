//! Templates as `--format` takes them: fields, `json`, `len`, `index`, conditions, ranges, and tables of their rows.
use serde_json::Value;

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Value(Vec<String>),
    If(Vec<String>, Vec<Part>, Vec<Part>),
    Range(Vec<String>, Vec<Part>),
}

#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
    pub table: bool,
}

/// The words of an action; what stands in quotes is one word, and keeps its first quote.
fn words(action: &str) -> Vec<String> {
    let (mut all, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for sign in action.chars() {
        match sign {
            '"' => {
                if !quoted {
                    word.push('"');
                }
                quoted = !quoted;
            }
            ' ' if !quoted => all.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            sign => word.push(sign),
        }
    }
    all.extend(Some(word).filter(|word| !word.is_empty()));
    all
}

/// Parts up to the word that ends them.
fn parts(mut rest: &str, depth: usize) -> Result<(Vec<Part>, &'static str, &str), String> {
    let mut parts = Vec::new();
    loop {
        let Some((text, action)) = rest.split_once("{{") else {
            parts.push(Part::Text(rest.to_owned()));
            return Ok((parts, "", ""));
        };
        parts.push(Part::Text(text.to_owned()));
        let (action, behind) = action.split_once("}}").ok_or("unclosed action")?;
        rest = behind;
        let words = words(action);
        let tail = words.get(1..).unwrap_or_default().to_vec();
        match words.first().map(String::as_str) {
            _ if depth > 16 => return Err("too deep".to_owned()),
            None => return Err("missing value for command".to_owned()),
            Some("end") => return Ok((parts, "end", rest)),
            Some("else") => return Ok((parts, "else", rest)),
            Some("if") => {
                let (then, how, behind) = self::parts(rest, depth + 1)?;
                let (other, how, behind) =
                    if how == "else" { self::parts(behind, depth + 1)? } else { (Vec::new(), how, behind) };
                rest = Some(behind).filter(|_| how == "end").ok_or("unexpected EOF")?;
                parts.push(Part::If(tail, then, other));
            }
            Some("range") => {
                let (inner, how, behind) = self::parts(rest, depth + 1)?;
                rest = Some(behind).filter(|_| how == "end").ok_or("unexpected EOF")?;
                parts.push(Part::Range(tail, inner));
            }
            Some(first) if first.starts_with('.') || ["json", "len", "index", "println"].contains(&first) => {
                parts.push(Part::Value(words));
            }
            Some(first) => return Err(format!("function \"{first}\" not defined")),
        }
    }
}

impl Template {
    /// `json` and `table …` are forms of their own.
    pub fn read(text: &str) -> Result<Template, String> {
        let (table, text) = text.strip_prefix("table ").map_or((false, text), |rest| (true, rest));
        let text = if text.trim() == "json" { "{{json .}}" } else { text.trim() };
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let (parts, how, _) = parts(&text, 0).map_err(|why| format!("template: :1: {why}"))?;
        if how.is_empty() {
            Ok(Template { parts, table })
        } else {
            Err(format!("template: :1: unexpected {{{{{how}}}}}"))
        }
    }

    pub fn filled(&self, value: &Value) -> Result<String, String> {
        fill(&self.parts, value)
    }
}

fn fill(parts: &[Part], value: &Value) -> Result<String, String> {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Value(words) => out.push_str(&said(&worth(words, value)?)),
            Part::If(words, then, other) => {
                let holds = match worth(words, value)? {
                    Value::Null => false,
                    Value::Bool(holds) => holds,
                    Value::Number(number) => number.as_f64() != Some(0.0),
                    Value::String(text) => !text.is_empty(),
                    Value::Array(all) => !all.is_empty(),
                    Value::Object(all) => !all.is_empty(),
                };
                out.push_str(&fill(if holds { then } else { other }, value)?);
            }
            Part::Range(words, inner) => {
                let all = match worth(words, value)? {
                    Value::Array(all) => all,
                    Value::Object(all) => all.into_iter().map(|(_, value)| value).collect(),
                    _ => Vec::new(),
                };
                for one in &all {
                    out.push_str(&fill(inner, one)?);
                }
            }
        }
    }
    Ok(out)
}

fn worth(words: &[String], value: &Value) -> Result<Value, String> {
    let argument = |at: usize| words.get(at).map_or(Ok(value.clone()), |word| field(word, value));
    match words.first().map(String::as_str) {
        Some("json") => Ok(Value::String(argument(1)?.to_string())),
        Some("println") => Ok(Value::String(said(&argument(1)?) + "\n")),
        Some("len") => Ok(match argument(1)? {
            Value::Array(all) => all.len(),
            Value::Object(all) => all.len(),
            Value::String(text) => text.len(),
            _ => 0,
        }
        .into()),
        Some("index") => {
            let mut of = argument(1)?;
            for key in words.get(2..).unwrap_or_default() {
                let key = key.trim_start_matches('"');
                let next = key.parse::<usize>().ok().and_then(|at| of.get(at)).or_else(|| of.get(key));
                of = next.cloned().unwrap_or(Value::String(String::new()));
            }
            Ok(of)
        }
        _ => argument(0),
    }
}

fn field(path: &str, value: &Value) -> Result<Value, String> {
    let mut value = value;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        value = value.get(name).ok_or_else(|| {
            format!("template: :1:2: executing \"\" at <{path}>: can't evaluate field {name} in type *formatter.Context")
        })?;
    }
    Ok(value.clone())
}

/// As Go prints it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => format!("[{}]", all.iter().map(said).collect::<Vec<_>>().join(" ")),
        Value::Object(all) => {
            let pairs = all.iter().map(|(name, value)| format!("{name}:{}", said(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

/// Rows in columns, three spaces between them, none narrower than `least`.
pub fn columns(rows: &[Vec<String>], least: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let widest = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
        (widest.unwrap_or(0) + 3).max(least)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut out = String::new();
    for row in rows {
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let width = if at + 1 < row.len() { *width } else { 0 };
            out.extend([cell.as_str(), &" ".repeat(width.saturating_sub(cell.chars().count()))]);
        }
        out.push('\n');
    }
    out
}

/// Names of fields, and what stands over each in a table.
pub type Heads = [(&'static str, &'static str)];

/// What is printed of rows: by a template, or in the columns that are usual.
pub fn listed(rows: &[Value], format: Option<&str>, usual: &str, heads: &Heads) -> Result<String, String> {
    let template =
        Template::read(format.unwrap_or(usual)).map_err(|why| format!("failed to parse template: {why}"))?;
    let mut lines = Vec::new();
    if template.table {
        let over = heads.iter().map(|(name, head)| ((*name).to_owned(), Value::from(*head)));
        // A field without a head has none in the original, too.
        let mut over: serde_json::Map<String, Value> = over.collect();
        for name in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
            over.entry(name.clone()).or_insert(Value::Null);
        }
        lines.push(template.filled(&Value::Object(over))?);
    }
    for row in rows {
        lines.push(template.filled(row).map_err(|why| format!("failed to execute template: {why}"))?);
    }
    if !template.table {
        return Ok(lines.iter().flat_map(|line| [line, "\n"]).collect());
    }
    let cells = lines.iter().map(|line| line.split('\t').map(str::to_owned).collect());
    Ok(columns(&cells.collect::<Vec<_>>(), 10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_filled_as_the_original_fills_it() {
        let value = json!({"Name": "/a", "N": 0, "State": {"Up": true}, "L": ["x", "y"], "M": {"k.l": "v"}});
        let filled = |text: &str| Template::read(text).and_then(|template| template.filled(&value));
        let every = "{{.Name}} {{.State.Up}} {{len .L}} {{json .L}} {{index .M \"k.l\"}} {{.M}}{{range .L}} <{{.}}>{{end}}";
        assert_eq!(filled(every).as_deref(), Ok("/a true 2 [\"x\",\"y\"] v map[k.l:v] <x> <y>"));
        assert_eq!(filled("{{if .N}}yes{{else}}no{{end}}").as_deref(), Ok("no"));
        for wrong in ["{{.Name", "{{nosuch .Name}}", "{{if .N}}", "{{.No}}", "{{end}}"] {
            assert!(filled(wrong).is_err(), "{wrong}");
        }
        let rows = [json!({"A": "1", "B": "x"}), json!({"A": "longer than ten", "B": ""})];
        let table = listed(&rows, Some("table {{.A}}\\t{{.B}}"), "", &[("A", "HEAD")]).expect("table");
        assert_eq!(table, "HEAD              <no value>\n1                 x\nlonger than ten   \n");
    }
}
