//! Which objects are meant: by labels and by fields.
use serde_json::Value;

use super::refusal::Refusal;
use super::value::Dig;

#[derive(Debug, Clone, PartialEq)]
struct Need {
    key: String,
    /// The value must be one of these, or must not be; none at all asks whether the key is there.
    values: Vec<String>,
    holds: bool,
}

impl Need {
    fn fits(&self, value: Option<&str>) -> bool {
        let found = match value {
            Some(value) => self.values.is_empty() || self.values.iter().any(|one| one == value),
            None => false,
        };
        found == self.holds
    }
}

/// What a list or a watch is narrowed to. Empty fits all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Need>,
    fields: Vec<Need>,
}

impl Selector {
    pub fn parse(labels: &str, fields: &str) -> Result<Selector, Refusal> {
        let all = |text: &str| {
            let needs = parts(text).into_iter().map(need).collect::<Option<Vec<_>>>();
            needs.ok_or_else(|| Refusal::bad("unable to parse requirement: found an unexpected token"))
        };
        Ok(Selector { labels: all(labels)?, fields: all(fields)? })
    }

    /// As an object writes it at a place: `matchLabels` and `matchExpressions`.
    pub fn at(object: &Value, place: &str) -> Selector {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut selector = Selector::pairs(object, &format!("{place}/matchLabels"));
        let expressions = object.list(&format!("{place}/matchExpressions")).iter();
        selector.labels.extend(expressions.map(|one| Need {
            key: one.text("/key").into(),
            values: one.list("/values").iter().map(text).collect(),
            holds: matches!(one.text("/operator"), "In" | "Exists"),
        }));
        selector
    }

    /// A plain map of labels, as services and node selectors have it.
    pub fn pairs(object: &Value, place: &str) -> Selector {
        let need = |(key, value): (&String, &Value)| {
            let values = vec![value.as_str().unwrap_or_default().to_owned()];
            Need { key: key.clone(), values, holds: true }
        };
        Selector { labels: object.map(place).map(need).collect(), fields: Vec::new() }
    }

    pub fn fits(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        let label = |key: &str| labels.and_then(|all| all.get(key)).and_then(Value::as_str);
        self.labels.iter().all(|need| need.fits(label(&need.key)))
            && self
                .fields
                .iter()
                .all(|need| need.fits(Some(&*field(object, &format!("/{}", need.key.replace('.', "/"))))))
    }
}

fn field(object: &Value, place: &str) -> String {
    match object.at(place) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None if place == "/spec/unschedulable" => "false".into(),
        None => String::new(),
    }
}

/// Split at commas that stand in no parentheses.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let split = text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    split.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn need(part: &str) -> Option<Need> {
    let made = |key: &str, values: &[&str], holds: bool| {
        let values = values.iter().map(|value| value.trim().to_owned()).collect();
        let key = key.trim();
        let well = !key.is_empty() && !key.contains(char::is_whitespace);
        well.then(|| Need { key: key.to_owned(), values, holds })
    };
    if let Some((before, list)) = part.split_once('(') {
        let (key, operator) = before.trim().rsplit_once(' ')?;
        let values: Vec<&str> = list.strip_suffix(')')?.split(',').collect();
        return made(key, &values, operator == "in").filter(|_| matches!(operator, "in" | "notin"));
    }
    match (part.split_once("!="), part.split_once('='), part.strip_prefix('!')) {
        (Some((key, value)), ..) => made(key, &[value], false),
        (_, Some((key, value)), _) => made(key, &[value.trim_start_matches('=')], true),
        (.., Some(key)) => made(key, &[], false),
        _ => made(part, &[], true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_fields_are_understood_in_every_spelling() {
        let pod = json!({"metadata": {"name": "a", "labels": {"app": "web", "tier": "front"}}, "status": {"phase": "Running"}});
        let fits = |labels: &str, fields: &str| Selector::parse(labels, fields).unwrap().fits(&pod);
        for yes in [
            "app=web",
            "app==web,tier",
            "app in (web, api)",
            "tier notin (back)",
            "!gone",
            "app!=api",
            "gone!=x",
        ] {
            assert!(fits(yes, ""), "{yes}");
        }
        for no in ["app=api", "gone", "!app", "app notin (web)", "app in (a,b),tier"] {
            assert!(!fits(no, ""), "{no}");
        }
        assert!(fits("", "status.phase=Running,metadata.name!=b") && !fits("", "status.phase!=Running"));
        assert!(Selector::parse("a b", "").is_err() && Selector::parse("", "x y=1").is_err());
    }
}
