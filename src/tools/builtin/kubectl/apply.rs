//! `apply` and `diff`: what a manifest says against what is there.
use std::process::Command;

use http::Method;
use serde_json::{Map, Value, json};

use super::api::{Resource, text};
use super::change::{Dry, MERGE, STRATEGIC, STRICT, done};
use super::pick::{Manifest, manifests, place};
use super::print::lean;
use super::{Done, Fault, Kubectl, yaml};

const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What tells the elements of a list apart, by the name of the list.
const KEYS: &[(&str, &str)] = &[
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("env", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("secrets", "name"),
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
    ("ports", "containerPort"),
    ("ports", "port"),
    ("hostAliases", "ip"),
    ("topologySpreadConstraints", "topologyKey"),
    ("conditions", "type"),
];

/// What has to be sent so that an object becomes what its manifest says.
struct Change {
    kind: Resource,
    path: String,
    live: Option<Value>,
    body: Value,
}

impl Change {
    fn changes(&self) -> bool {
        self.live.is_none() || self.body != json!({})
    }

    async fn send(&self, kubectl: &Kubectl<'_>, query: &str) -> Result<Value, Fault> {
        let sort = if builtin(&self.kind) { STRATEGIC } else { MERGE };
        if self.live.is_some() {
            return kubectl
                .api
                .send(Method::PATCH, &format!("{}{query}{STRICT}", self.path), sort, &self.body)
                .await;
        }
        let list = self.path.rsplit_once('/').map_or(self.path.as_str(), |(list, _)| list);
        kubectl
            .api
            .send(Method::POST, &format!("{list}{query}{STRICT}"), "application/json", &self.body)
            .await
    }
}

/// Whether the server knows how lists of this kind are merged.
fn builtin(kind: &Resource) -> bool {
    !kind.group.contains('.') || kind.group.ends_with(".k8s.io")
}

async fn change(kubectl: &mut Kubectl<'_>, manifest: &Manifest) -> Result<Change, Fault> {
    let (kind, path) = place(kubectl, manifest).await?;
    let mut manifest = manifest.object.clone();
    if text(&manifest, "/metadata/name").is_empty() {
        return Err(Fault::error("resource name may not be empty"));
    }
    let space = kubectl.api.namespace.clone();
    let meta = manifest.pointer_mut("/metadata").and_then(Value::as_object_mut);
    let meta = meta.ok_or_else(|| Fault::error("the manifest has no metadata"))?;
    if kind.namespaced {
        meta.entry("namespace").or_insert_with(|| space.into());
    }
    // A comparison leaves no mark.
    if kubectl.call.verb == "apply" {
        let marks = meta.entry("annotations").or_insert_with(|| json!({}));
        marks.as_object_mut().ok_or_else(|| Fault::error("annotations are no object"))?.remove(LAST);
        let applied = format!("{}\n", super::print::escaped(&manifest.to_string()));
        if let Some(marks) = manifest.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            marks.insert(LAST.to_owned(), applied.into());
        }
    }
    match kubectl.api.get(&path).await {
        Ok(live) => {
            // Without annotations it does not mean that there shall be none.
            if let Some(meta) = manifest.pointer_mut("/metadata").and_then(Value::as_object_mut) {
                meta.entry("annotations").or_insert_with(|| json!({}));
            }
            let last = live.pointer(&format!("/metadata/annotations/{}", LAST.replace('/', "~1")));
            let known =
                last.and_then(Value::as_str).and_then(|last| serde_json::from_str::<Value>(last).ok());
            if known.is_none() && kubectl.call.verb == "apply" {
                kubectl.warn(&format!(
                    "Warning: resource {}/{} is missing the {LAST} annotation which is required by kubectl \
                    apply. kubectl apply should only be used on resources created declaratively by either \
                    kubectl create --save-config or kubectl apply. The missing annotation will be patched \
                    automatically.",
                    kind.plural,
                    text(&live, "/metadata/name")
                ))?;
            }
            let body = differing(&known.unwrap_or_default(), &manifest, &live, builtin(&kind));
            Ok(Change { kind, path, live: Some(live), body })
        }
        Err(fault) if fault.says.contains("(NotFound)") => {
            Ok(Change { kind, path, live: None, body: manifest })
        }
        Err(fault) => Err(fault),
    }
}

/// A patch from what is there to what is wanted; what was wanted before and is no more goes away.
fn differing(before: &Value, wanted: &Value, live: &Value, lists: bool) -> Value {
    let mut patch = Map::new();
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        let before = before.get(name).unwrap_or(&Value::Null);
        match (wanted, live.get(name)) {
            (wanted, None) => {
                patch.insert(name.clone(), wanted.clone());
            }
            (Value::Object(_), Some(live @ Value::Object(_))) => {
                let inside = differing(before, wanted, live, lists);
                if inside != json!({}) {
                    patch.insert(name.clone(), inside);
                }
            }
            (Value::Array(all), Some(Value::Array(live))) if lists && key(name, all).is_some() => {
                let key = key(name, all).unwrap_or_default();
                let inside = elements(before, all, live, key);
                if !inside.is_empty() {
                    patch.insert(name.clone(), inside.into());
                }
            }
            (wanted, Some(live)) if wanted != live => {
                patch.insert(name.clone(), wanted.clone());
            }
            _ => {}
        }
    }
    for name in before.as_object().into_iter().flatten().map(|(name, _)| name) {
        if wanted.get(name).is_none() && live.get(name).is_some() {
            patch.insert(name.clone(), Value::Null);
        }
    }
    patch.into()
}

fn key(list: &str, elements: &[Value]) -> Option<&'static str> {
    let all = |key: &str| elements.iter().all(|one| one.get(key).is_some());
    KEYS.iter().find(|(name, key)| *name == list && all(key)).map(|(_, key)| *key)
}

fn elements(before: &Value, wanted: &[Value], live: &[Value], key: &str) -> Vec<Value> {
    let of = |list: &[Value], id: Option<&Value>| list.iter().find(|one| one.get(key) == id).cloned();
    let before = before.as_array().map_or(&[][..], Vec::as_slice);
    let mut out = Vec::new();
    for one in wanted {
        let id = one.get(key);
        match of(live, id) {
            None => out.push(one.clone()),
            Some(live) => {
                let mut inside = differing(&of(before, id).unwrap_or_default(), one, &live, true);
                if let (Some(fields), Some(id)) =
                    (inside.as_object_mut().filter(|fields| !fields.is_empty()), id)
                {
                    fields.insert(key.to_owned(), id.clone());
                    out.push(inside);
                }
            }
        }
    }
    for one in before {
        let id = one.get(key);
        if of(wanted, id).is_none() && of(live, id).is_some() {
            out.push(json!({key: id, "$patch": "delete"}));
        }
    }
    out
}

pub async fn apply(kubectl: &mut Kubectl<'_>) -> Done {
    if kubectl.call.value("filename").is_none() {
        return Err(Fault::error("must specify one of -f and -k"));
    }
    let dry = Dry::of(kubectl)?;
    for manifest in manifests(kubectl)? {
        if let Err(fault) = one(kubectl, &manifest, dry).await {
            kubectl.fail(&fault)?;
        }
    }
    Ok(())
}

async fn one(kubectl: &mut Kubectl<'_>, manifest: &Manifest, dry: Dry) -> Done {
    let change = change(kubectl, manifest).await?;
    let said = match (&change.live, change.changes()) {
        (None, _) => "created",
        (Some(_), true) => "configured",
        (Some(_), false) => "unchanged",
    };
    let after = match (&change.live, dry) {
        (Some(live), Dry::No | Dry::Server) if !change.changes() => live.clone(),
        (Some(live), Dry::Client) => live.clone(),
        (None, Dry::Client) => change.body,
        (live, _) => {
            let doing = if live.is_some() { "applying patch to" } else { "creating" };
            change.send(kubectl, dry.query()).await.map_err(|fault| fault.with(manifest, doing))?
        }
    };
    done(kubectl, &after, said)
}

/// Exit code 1 where something would change.
pub async fn diff(kubectl: &mut Kubectl<'_>) -> Done {
    if kubectl.call.value("filename").is_none() {
        return Err(Fault::error("must specify one of -f and -k"));
    }
    let id = jiff::Timestamp::now().as_nanosecond();
    let dirs = ["LIVE", "MERGED"].map(|name| std::env::temp_dir().join(format!("{name}-{id}")));
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for dir in &dirs {
        builder.create(dir)?;
    }
    let [live, merged] = &dirs;
    let compared = compared(kubectl, live, merged).await;
    for dir in &dirs {
        let _ = std::fs::remove_dir_all(dir);
    }
    let out = compared?;
    kubectl.io.stdout.write_all(&out.stdout)?;
    kubectl.io.stderr.write_all(&out.stderr)?;
    match out.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(Fault::code(1)),
        code => Err(Fault {
            code: code.and_then(|code| u8::try_from(code).ok()).unwrap_or(2),
            says: "error: diff failed".to_owned(),
        }),
    }
}

async fn compared(
    kubectl: &mut Kubectl<'_>,
    live: &std::path::Path,
    merged: &std::path::Path,
) -> Result<std::process::Output, Fault> {
    for manifest in manifests(kubectl)? {
        let change = change(kubectl, &manifest).await?;
        let after = match &change.live {
            Some(live) if !change.changes() => live.clone(),
            _ => change.send(kubectl, Dry::Server.query()).await?,
        };
        let mut both = (change.live, Some(after.clone()));
        hide(&mut both);
        let (version, kind) = (change.kind.api_version().replace('/', "."), &change.kind.kind);
        let name = format!(
            "{version}.{kind}.{}.{}",
            text(&after, "/metadata/namespace"),
            text(&after, "/metadata/name")
        );
        for (dir, object) in [(live, both.0), (merged, both.1)] {
            let text = object.map_or(String::new(), |mut object| {
                lean(&mut object);
                yaml::yaml(&object)
            });
            std::fs::write(dir.join(&name), text)?;
        }
    }
    let missing = |error| Fault { code: 2, says: format!("error: failed to run \"diff\": {error}") };
    Command::new("diff").arg("-u").arg("-N").arg(live).arg(merged).output().map_err(missing)
}

/// No secret is shown, only that it changes.
fn hide((live, merged): &mut (Option<Value>, Option<Value>)) {
    let before = live.clone();
    for (one, mark) in [(live, "before"), (merged, "after")] {
        let Some(object) = one.as_mut().filter(|object| text(object, "/kind") == "Secret") else { continue };
        let data = object.get_mut("data").and_then(Value::as_object_mut);
        for (name, value) in data.into_iter().flatten() {
            let held = before.as_ref().and_then(|before| before.get("data")?.get(name));
            let after = mark == "after" && held.is_some_and(|held| held != value);
            *value = if after { "*** (changed)".into() } else { "***".into() };
        }
        if let Some(marks) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            marks.remove(LAST);
        }
    }
}
