//! Alert rules, with their lines, out of Prometheus rule files, `PrometheusRule` objects, Helm values and lists.
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// Deeper than that is no rule file.
const DEEPEST: usize = 40;

/// An alert rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertRule {
    pub name: String,
    pub expr: String,
    pub labels: Vec<(String, String)>,
    pub annotations: Vec<(String, String)>,
    /// The file or server that it is from; left empty by [`rules`].
    pub source: String,
    /// The line of its `alert:`, counted from 1.
    pub line: u32,
}

impl AlertRule {
    pub fn annotation(&self, name: &str) -> Option<&str> {
        let hit = self.annotations.iter().find(|(key, value)| key == name && !value.trim().is_empty());
        hit.map(|(_, value)| value.as_str())
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The runbook that its author meant.
    pub fn url(&self) -> Option<&str> {
        ["runbook_url", "runbook", "runbookUrl", "playbook_url", "playbook"]
            .iter()
            .find_map(|name| self.annotation(name))
    }
}

/// A text that is no YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct RulesError {
    pub line: u32,
    pub what: String,
}

/// All alert rules in a text, wherever in it they stand. A text without any is no error; YAML that cannot be
/// read is.
pub fn rules(text: &str) -> Result<Vec<AlertRule>, RulesError> {
    let mut out = Vec::new();
    collect_text(text, 0, 0, &mut out)?;
    Ok(out)
}

/// Reads each YAML document of a text; `above` lines stand before it.
fn collect_text(text: &str, above: u32, depth: usize, out: &mut Vec<AlertRule>) -> Result<(), RulesError> {
    let mut first = 0_u32;
    let mut part = String::new();
    let mut line = 0_u32;
    for row in text.lines() {
        line += 1;
        if row == "---" || row.starts_with("--- ") {
            collect_part(&part, above + first, depth, out)?;
            part.clear();
            first = line;
        } else {
            part.push_str(row);
            part.push('\n');
        }
    }
    collect_part(&part, above + first, depth, out)
}

fn collect_part(part: &str, above: u32, depth: usize, out: &mut Vec<AlertRule>) -> Result<(), RulesError> {
    // What has no alert is not read, so that it need not be YAML.
    if !part.contains("alert") {
        return Ok(());
    }
    let node: Spanned<Node> = serde_saphyr::from_str(part).map_err(|error| RulesError {
        line: above + error.location().map_or(1, |place| line(place.line())),
        what: error.without_snippet().to_string().lines().next().unwrap_or_default().to_owned(),
    })?;
    collect(&node, above, depth, out)
}

fn line(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn collect(
    node: &Spanned<Node>,
    above: u32,
    depth: usize,
    out: &mut Vec<AlertRule>,
) -> Result<(), RulesError> {
    if depth > DEEPEST {
        return Ok(());
    }
    match &node.value {
        Node::Map(entries) => {
            if let Some(rule) = rule(entries, above) {
                out.push(rule);
                return Ok(());
            }
            entries.iter().try_for_each(|(_, value)| collect(value, above, depth + 1, out))
        }
        Node::List(items) => items.iter().try_for_each(|item| collect(item, above, depth + 1, out)),
        // A ConfigMap holds a rule file as text.
        Node::Text(text) if text.contains("alert:") && text.contains('\n') => {
            let above = (above + line(node.referenced.line())).saturating_sub(1);
            let before = out.len();
            if collect_text(text, above, depth + 1, out).is_err() {
                out.truncate(before);
            }
            Ok(())
        }
        Node::Text(_) => Ok(()),
    }
}

/// A map with a name and an expression is an alert rule.
fn rule(entries: &[(String, Spanned<Node>)], above: u32) -> Option<AlertRule> {
    let find = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let name = find("alert")?;
    let (Node::Text(text), Node::Text(expr)) = (&name.value, &find("expr")?.value) else { return None };
    let pairs = |key: &str| match find(key).map(|node| &node.value) {
        Some(Node::Map(entries)) => entries
            .iter()
            .filter_map(|(key, value)| match &value.value {
                Node::Text(text) => Some((key.clone(), text.clone())),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Some(AlertRule {
        name: text.clone(),
        expr: expr.trim().to_owned(),
        labels: pairs("labels"),
        annotations: pairs("annotations"),
        source: String::new(),
        line: above + line(name.referenced.line()),
    })
}

/// YAML of any form.
#[derive(Debug, Clone)]
enum Node {
    Map(Vec<(String, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Text(String),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Text(String::new()))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Text(String::new()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<String, Spanned<Node>>()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, u32)> {
        rules(text).unwrap().into_iter().map(|rule| (rule.name, rule.line)).collect()
    }

    const ONE: &str = "groups:\n- name: yard\n  rules:\n  - record: a:b\n    expr: 1\n  - alert: CraneDown\n    expr: up == 0\n    labels:\n      severity: critical\n    annotations:\n      runbook_url: https://x/y.md\n";

    #[test]
    fn a_rule_file_gives_its_alerts_with_their_lines() {
        assert_eq!(names(ONE), [("CraneDown".to_owned(), 6)]);
        let rule = rules(ONE).unwrap().remove(0);
        assert_eq!((rule.url(), rule.label("severity")), (Some("https://x/y.md"), Some("critical")));
    }

    #[test]
    fn several_documents_and_rules_in_any_wrapping_are_read() {
        let crd = "kind: Service\nspec:\n  ports: [80]\n---\nkind: PrometheusRule\nspec:\n  groups:\n  - name: g\n    rules:\n    - alert: A\n      expr: 1 > 0\n";
        assert_eq!(names(crd), [("A".to_owned(), 10)]);
        let list = "# high\n- alert: B\n  expr: vector(1)\n- alert: C\n  expr: 2\n";
        assert_eq!(names(list), [("B".to_owned(), 2), ("C".to_owned(), 4)]);
        let embedded = "kind: ConfigMap\ndata:\n  rules.yml: |\n    groups:\n    - rules:\n      - alert: D\n        expr: x\n";
        assert_eq!(names(embedded), [("D".to_owned(), 6)]);
    }

    #[test]
    fn what_is_no_yaml_is_an_error_with_its_line() {
        let error = rules("- alert: A\n  expr: [1\n").unwrap_err();
        assert!(error.line >= 1 && !error.what.is_empty(), "{error}");
        assert_eq!(rules("jsonnet { }\n"), Ok(Vec::new()));
    }
}
