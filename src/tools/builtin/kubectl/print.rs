//! Objects in the forms that `-o` names.
use serde_json::{Value, json};

use super::api::{Resource, text};
use super::jsonpath::Template;
use super::table::Table;
use super::{Done, Fault, Kubectl, yaml};

/// What is asked for by `-o`.
#[derive(Debug)]
pub enum Form {
    Table { wide: bool },
    Name,
    Json,
    Yaml,
    Path(String, Template),
    Columns(Vec<(String, Template)>),
}

impl Form {
    pub fn read(asked: Option<&str>) -> Result<Form, Fault> {
        let Some(asked) = asked else { return Ok(Form::Table { wide: false }) };
        let (form, rest) = asked.split_once('=').map_or((asked, None), |(form, rest)| (form, Some(rest)));
        match (form, rest) {
            ("wide", None) => Ok(Form::Table { wide: true }),
            ("name", None) => Ok(Form::Name),
            ("json", None) => Ok(Form::Json),
            ("yaml", None) => Ok(Form::Yaml),
            ("jsonpath", None) => Err(Fault::error("template format specified but no template given")),
            ("jsonpath", Some(text)) => {
                let wrong = |why| Fault::error(format!("error parsing jsonpath {text}, {why}"));
                Template::read(text).map(|template| Form::Path(text.to_owned(), template)).map_err(wrong)
            }
            ("custom-columns", Some(spec)) if !spec.is_empty() => columns(spec).map(Form::Columns),
            ("custom-columns", _) => {
                Err(Fault::error("custom-columns format specified but no custom columns given"))
            }
            _ => {
                let known = "custom-columns,json,jsonpath,name,wide,yaml";
                let text = format!("unable to match a printer suitable for the output format \"{form}\"");
                Err(Fault::error(format!("{text}, the built-in kubectl knows these formats: {known}")))
            }
        }
    }

    pub fn of(kubectl: &Kubectl<'_>) -> Result<Form, Fault> {
        Form::read(kubectl.call.value("output"))
    }
}

fn columns(spec: &str) -> Result<Vec<(String, Template)>, Fault> {
    let one = |part: &str| {
        let (head, path) = part.split_once(':').filter(|(_, path)| !path.is_empty()).ok_or_else(|| {
            Fault::error(format!(
                "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
            ))
        })?;
        Ok((head.to_owned(), Template::relaxed(path).map_err(Fault::error)?))
    };
    spec.split(',').map(one).collect()
}

/// An object in one of the forms that are no table of the server.
pub fn write(kubectl: &mut Kubectl<'_>, form: &Form, object: &Value) -> Done {
    let items = object.get("items").and_then(Value::as_array);
    let items: Vec<&Value> = items.map_or(vec![object], |items| items.iter().collect());
    let out = match form {
        Form::Json => json(object),
        Form::Yaml => yaml::yaml(object),
        Form::Name => items.into_iter().map(|one| name(one) + "\n").collect(),
        Form::Path(text, template) => template.text(object).map_err(|why| {
            let more =
                format!("Printing more information for debugging the template:\n\ttemplate was:\n\t\t{text}");
            Fault::error(format!(
                "error executing jsonpath {text:?}: Error executing template: {why}. {more}"
            ))
        })?,
        Form::Columns(columns) => {
            let mut table = Table::default();
            if !kubectl.call.on("no-headers") {
                table.head = columns.iter().map(|(head, _)| head.clone()).collect();
            }
            for one in items {
                let cell = |(_, path): &(String, Template)| {
                    let found: Vec<String> = path.values(one).map_err(Fault::error)?.iter().map(go).collect();
                    Ok(if found.is_empty() { "<none>".to_owned() } else { found.join(",") })
                };
                table.rows.push(columns.iter().map(cell).collect::<Result<_, Fault>>()?);
            }
            table.take()
        }
        Form::Table { .. } => String::new(),
    };
    kubectl.io.stdout.write_all(out.as_bytes())?;
    Ok(())
}

/// `deployment.apps/web`, from the object's own words.
pub fn name(object: &Value) -> String {
    let version = text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let kind =
        Resource { group: group.to_owned(), kind: text(object, "/kind").to_owned(), ..Resource::default() };
    format!("{}/{}", kind.one(), text(object, "/metadata/name"))
}

fn json(object: &Value) -> String {
    let mut out = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut writer = serde_json::Serializer::with_formatter(&mut out, indent);
    if serde::Serialize::serialize(object, &mut writer).is_err() {
        return String::new();
    }
    out.push(b'\n');
    escaped(&String::from_utf8_lossy(&out))
}

/// JSON with the signs escaped that mean something in a web page, as Go writes it.
pub fn escaped(json: &str) -> String {
    let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A value as Go prints it.
pub fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(go).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(name, value)| format!("{name}:{}", go(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}

/// Several objects as one.
pub fn together(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Without what says who wrote which field.
pub fn lean(object: &mut Value) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
}
