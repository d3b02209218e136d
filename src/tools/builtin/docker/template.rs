//! Templates as `--format` takes them: fields, `json` and `len` of them, and tables of their rows.
use serde_json::Value;

use super::super::kubectl::table::Table;

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    /// A function, where there is one, and the path of a field.
    Value(Option<&'static str>, String),
}

#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
    pub table: bool,
}

impl Template {
    /// `json` and `table …` are forms of their own.
    pub fn read(text: &str) -> Result<Template, String> {
        let (table, text) = text.strip_prefix("table ").map_or((false, text), |rest| (true, rest));
        let text = if text.trim() == "json" { "{{json .}}" } else { text.trim() };
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, action)) = rest.split_once("{{") {
            parts.push(Part::Text(before.to_owned()));
            let (action, behind) = action.split_once("}}").ok_or("template: :1: unclosed action")?;
            rest = behind;
            let words: Vec<&str> = action.split_whitespace().collect();
            let (function, path) = match words.as_slice() {
                [path] => (None, *path),
                ["json", path] => (Some("json"), *path),
                ["len", path] => (Some("len"), *path),
                _ => (None, ""),
            };
            if !path.starts_with('.') {
                return Err(format!("template: :1: the built-in docker has no {{{{{action}}}}}"));
            }
            parts.push(Part::Value(function, path.to_owned()));
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template { parts, table })
    }

    pub fn filled(&self, value: &Value) -> Result<String, String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(None, path) => out.push_str(&said(field(path, value)?)),
                Part::Value(Some("json"), path) => out.push_str(&field(path, value)?.to_string()),
                Part::Value(Some(_), path) => {
                    let length = match field(path, value)? {
                        Value::Array(all) => all.len(),
                        Value::Object(all) => all.len(),
                        Value::String(text) => text.len(),
                        _ => 0,
                    };
                    out.push_str(&length.to_string());
                }
            }
        }
        Ok(out)
    }
}

fn field<'a>(path: &str, mut value: &'a Value) -> Result<&'a Value, String> {
    for name in path.split('.').filter(|name| !name.is_empty()) {
        value = value.get(name).ok_or_else(|| {
            format!("template: :1:2: executing \"\" at <{path}>: can't evaluate field {name} in type *formatter.Context")
        })?;
    }
    Ok(value)
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
    Table::of(rows, least).take()
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
        let every = "{{.Name}} {{.State.Up}} {{ len .L }} {{json .L}} {{.M}}";
        assert_eq!(filled(every).as_deref(), Ok("/a true 2 [\"x\",\"y\"] map[k.l:v]"));
        for wrong in ["{{.Name", "{{nosuch .Name}}", "{{if .N}}", "{{.No}}", "{{end}}", "{{}}"] {
            assert!(filled(wrong).is_err(), "{wrong}");
        }
        let rows = [json!({"A": "1", "B": "x"}), json!({"A": "longer than ten", "B": ""})];
        let table = listed(&rows, Some("table {{.A}}\\t{{.B}}"), "", &[("A", "HEAD")]).expect("table");
        assert_eq!(table, "HEAD              <no value>\n1                 x\nlonger than ten   \n");
    }
}
