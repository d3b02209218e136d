//! `describe`: one object with what belongs to it, in lines for people.
use serde_json::Value;
use std::fmt::Write as _;

use super::api::{escaped, text};
use super::pick::{Picked, Unnamed, of_list, pick};
use super::table::{align, harmless};
use super::{Done, Fault, Kubectl, print, time};

mod others;
mod pod;

const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Lines with tabs between their cells, which are aligned up to where a new table begins.
#[derive(Default)]
struct Page {
    done: String,
    open: String,
}

impl Page {
    fn line(&mut self, level: usize, text: impl std::fmt::Display) {
        let _ = writeln!(self.open, "{}{text}", "  ".repeat(level));
    }

    /// `Name:` and a value.
    fn put(&mut self, level: usize, name: &str, value: impl std::fmt::Display) {
        self.line(level, format!("{name}:\t{value}"));
    }

    /// The same where there is a value.
    fn put_some(&mut self, level: usize, name: &str, value: &str) {
        if !value.is_empty() {
            self.put(level, name, value);
        }
    }

    fn flush(&mut self) {
        self.done.push_str(&align(&self.open, 0, 2));
        self.open.clear();
    }

    fn finish(mut self) -> String {
        self.flush();
        harmless(&self.done)
    }

    /// Amounts by their names, where there are any.
    fn amounts(&mut self, level: usize, name: &str, amounts: Option<&Value>) {
        let amounts = amounts.and_then(Value::as_object).filter(|all| !all.is_empty());
        if let Some(amounts) = amounts {
            self.line(level, format!("{name}:"));
            amounts.iter().for_each(|(name, amount)| self.put(level + 1, name, print::go(amount)));
        }
    }

    /// Several values of one name under each other.
    fn under(&mut self, name: &str, values: &[String]) {
        if values.is_empty() {
            self.put(0, name, "<none>");
        }
        for (at, value) in values.iter().enumerate() {
            let name = if at == 0 { format!("{name}:") } else { String::new() };
            self.line(0, format!("{name}\t{value}"));
        }
    }

    fn labels(&mut self, name: &str, labels: Option<&Value>) {
        let labels = labels.and_then(Value::as_object).into_iter().flatten();
        let labels: Vec<String> =
            labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
        self.under(name, &labels);
    }

    /// What every kind begins with.
    fn head(&mut self, object: &Value) {
        self.put(0, "Name", text(object, "/metadata/name"));
        self.put_some(0, "Namespace", text(object, "/metadata/namespace"));
    }

    fn signs(&mut self, object: &Value) {
        self.labels("Labels", object.pointer("/metadata/labels"));
        let all = object.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten();
        let all = all.filter(|(name, _)| *name != LAST);
        let line = |(name, value): (&String, &Value)| {
            format!("{name}: {}", value.as_str().unwrap_or_default().trim().replace('\n', "\n\t  "))
        };
        self.under("Annotations", &all.map(line).collect::<Vec<_>>());
    }
}

/// A number, or what stands for none.
fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
    if text.is_empty() { none } else { text }
}

pub async fn describe(kubectl: &mut Kubectl<'_>) -> Done {
    let picked = pick(kubectl, 0, Unnamed::All).await?;
    if picked.is_empty() && kubectl.faults.is_empty() {
        let everywhere = kubectl.call.on("all-namespaces");
        let place = format!(" in {} namespace.", kubectl.api.namespace);
        kubectl.warn(&format!("No resources found{}", if everywhere { "" } else { &place }))?;
    }
    for (at, one) in picked.iter().enumerate() {
        let page = page(kubectl, one).await?;
        kubectl.io.stdout.write_all(if at > 0 { b"\n\n" } else { b"" })?;
        kubectl.io.stdout.write_all(page.as_bytes())?;
    }
    Ok(())
}

async fn page(kubectl: &mut Kubectl<'_>, one: &Picked) -> Result<String, Fault> {
    let mut page = Page::default();
    let object = &one.object;
    match one.kind.full().as_str() {
        "pods" => pod::pod(&mut page, object),
        "nodes" => others::node(kubectl, &mut page, one).await?,
        "secrets" => {
            others::secret(&mut page, object);
            return Ok(page.finish());
        }
        _ => {
            page.head(object);
            page.signs(object);
            plain(&mut page, 0, object, "");
        }
    }
    events(kubectl, &mut page, one).await?;
    Ok(page.finish())
}

/// Every field, of a kind that is not known better.
fn plain(page: &mut Page, level: usize, value: &Value, above: &str) {
    const SKIP: &[&str] = &[
        ".metadata.managedFields",
        ".metadata.name",
        ".metadata.namespace",
        ".metadata.labels",
        ".metadata.annotations",
    ];
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{above}.{name}");
        // What users name stands as they wrote it.
        let own = [".data", ".labels", ".annotations", ".matchLabels", ".selector"].iter();
        let shown = if own.copied().any(|end| above.ends_with(end)) { name.clone() } else { titled(name) };
        if SKIP.contains(&path.as_str()) {
            continue;
        }
        match value {
            Value::Object(_) => {
                page.line(level, format!("{shown}:"));
                plain(page, level + 1, value, &path);
            }
            Value::Array(items) => {
                page.line(level, format!("{shown}:"));
                for item in items {
                    if item.is_object() {
                        plain(page, level + 1, item, &path);
                    } else {
                        page.line(level + 1, print::go(item));
                    }
                }
            }
            Value::String(text) if text.contains('\n') => {
                page.line(level, format!("{shown}:"));
                text.lines().for_each(|line| page.line(level + 1, line));
            }
            value => page.put(level, &shown, print::go(value)),
        }
    }
}

/// `renewalTime` as `Renewal Time`.
fn titled(name: &str) -> String {
    if name.chars().any(|c| !c.is_alphabetic()) {
        return name.to_owned();
    }
    let (mut out, mut before) = (String::new(), None::<char>);
    for sign in name.chars() {
        if before.is_some_and(|before| before.is_lowercase() && sign.is_uppercase()) {
            out.push(' ');
        }
        match before {
            None => out.extend(sign.to_uppercase()),
            Some(_) => out.push(sign),
        }
        before = Some(sign);
    }
    out
}

/// What was said about it.
async fn events(kubectl: &mut Kubectl<'_>, page: &mut Page, one: &Picked) -> Done {
    let kind = kubectl.api.kind("events").await?;
    let object = &one.object;
    let mut fields =
        format!("involvedObject.name={},involvedObject.namespace={}", one.name(), one.namespace());
    let _ = write!(fields, ",involvedObject.kind={}", text(object, "/kind"));
    // A node's events bear its name in place of its id.
    if one.kind.plural != "nodes" {
        let _ = write!(fields, ",involvedObject.uid={}", text(object, "/metadata/uid"));
    }
    let space = Some(one.namespace()).filter(|name| !name.is_empty());
    let path = format!("{}?fieldSelector={}&limit=500", kind.path(space, None), escaped(&fields));
    let Ok(mut found) = of_list(kubectl, &kind, &path).await else { return Ok(()) };
    found.sort_by(|a, b| last(a).cmp(last(b)));
    if found.is_empty() {
        page.put(0, "Events", "<none>");
        return Ok(());
    }
    page.flush();
    page.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    page.line(1, "----\t------\t----\t----\t-------");
    for event in &found {
        let from = or(text(event, "/source/component"), text(event, "/reportingComponent"));
        let message = text(event, "/message").trim();
        page.line(
            1,
            format!(
                "{}\t{}\t{}\t{from}\t{message}",
                text(event, "/type"),
                text(event, "/reason"),
                seen(event)
            ),
        );
    }
    Ok(())
}

/// When an event was last seen.
pub fn last(event: &Value) -> &str {
    let series = text(event, "/series/lastObservedTime");
    or(series, or(text(event, "/lastTimestamp"), text(event, "/eventTime")))
}

/// `98m (x18 over 141m)`
pub fn seen(event: &Value) -> String {
    let count = number(event, "/series/count").max(number(event, "/count"));
    let first = or(text(event, "/firstTimestamp"), text(event, "/eventTime"));
    if count > 1 {
        return format!("{} (x{count} over {})", time::ago(last(event)), time::ago(first));
    }
    time::ago(first)
}
