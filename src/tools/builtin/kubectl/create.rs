//! `create` and `autoscale`: objects that were not there.
use std::path::Path;

use http::Method;
use serde_json::{Map, Value, json};

use super::api::text;
use super::change::{Dry, STRICT, done};
use super::pick::{at, manifests};
use super::pods::named;
use super::{Done, Fault, Kubectl};

/// An object as it is made before a server has seen it.
fn made(version: &str, kind: &str, name: &str, space: Option<&str>) -> Value {
    let mut object =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "creationTimestamp": null}});
    if let (Some(space), Some(meta)) = (space, object.pointer_mut("/metadata").and_then(Value::as_object_mut))
    {
        meta.insert("namespace".to_owned(), space.into());
    }
    object
}

pub async fn create(kubectl: &mut Kubectl<'_>) -> Done {
    if kubectl.call.verb == "create" {
        if kubectl.call.value("filename").is_none() {
            return Err(Fault::error("must specify one of -f and -k"));
        }
        for manifest in manifests(kubectl)? {
            if let Err(fault) = post(kubectl, manifest.object.clone(), "created", "").await {
                kubectl.fail(&fault.with(&manifest, "creating"))?;
            }
        }
        return Ok(());
    }
    let words = kubectl.call.words.clone();
    let (sort, name) = match (kubectl.call.verb, words.as_slice()) {
        ("create secret", [sort, name]) => (sort.as_str(), name),
        ("create secret", _) => {
            return Err(Fault::error(
                "the built-in kubectl creates secrets of the sorts generic and tls, each with one NAME",
            ));
        }
        (_, [name]) => ("", name),
        (_, words) => return Err(Fault::error(format!("exactly one NAME is required, got {}", words.len()))),
    };
    // A namespace that is not asked for is not written down.
    let space = kubectl.call.value("namespace").map(str::to_owned);
    let space = space.as_deref();
    match (kubectl.call.verb, sort) {
        ("create namespace", _) => post(kubectl, made("v1", "Namespace", name, None), "created", "").await,
        ("create job", _) => job(kubectl, name).await,
        ("create configmap", _) => {
            let mut map = made("v1", "ConfigMap", name, space);
            let (data, binary) = data(kubectl)?
                .into_iter()
                .partition::<Vec<_>, _>(|(_, bytes)| std::str::from_utf8(bytes).is_ok());
            let data = data
                .into_iter()
                .map(|(key, bytes)| (key, String::from_utf8_lossy(&bytes).into_owned().into()));
            fill(&mut map, "data", data.collect());
            fill(&mut map, "binaryData", encoded(binary));
            post(kubectl, map, "created", "failed to create configmap: ").await
        }
        ("create secret", "generic") => {
            let mut secret = made("v1", "Secret", name, space);
            fill(&mut secret, "data", encoded(data(kubectl)?));
            if let (Some(sort), Some(secret)) = (kubectl.call.value("type"), secret.as_object_mut()) {
                secret.insert("type".to_owned(), sort.into());
            }
            post(kubectl, secret, "created", "failed to create secret ").await
        }
        ("create secret", "tls") => {
            let mut found = Vec::new();
            for (option, key) in [("cert", "tls.crt"), ("key", "tls.key")] {
                let path = kubectl.call.value(option);
                let path = path.ok_or_else(|| Fault::error("key and cert must be specified"))?;
                let unread = |fault: Fault| {
                    Fault::error(format!(
                        "Cannot read file {path}, {}",
                        fault.says.trim_start_matches("error: ")
                    ))
                };
                let bytes = read(Path::new(path)).map_err(unread)?;
                if !String::from_utf8_lossy(&bytes).contains("-----BEGIN ") {
                    let what = if option == "cert" { "certificate" } else { "key" };
                    return Err(Fault::error(format!("tls: failed to find any PEM data in {what} input")));
                }
                found.push((key.to_owned(), bytes));
            }
            let mut secret = made("v1", "Secret", name, space);
            fill(&mut secret, "data", encoded(found));
            if let Some(secret) = secret.as_object_mut() {
                secret.insert("type".to_owned(), "kubernetes.io/tls".into());
            }
            post(kubectl, secret, "created", "failed to create secret ").await
        }
        (_, other) => {
            Err(Fault::error(format!("the built-in kubectl does not know `create secret {other}`")))
        }
    }
}

fn fill(object: &mut Value, field: &str, data: Map<String, Value>) {
    if let (false, Some(object)) = (data.is_empty(), object.as_object_mut()) {
        object.insert(field.to_owned(), data.into());
    }
}

fn encoded(data: Vec<(String, Vec<u8>)>) -> Map<String, Value> {
    data.into_iter().map(|(key, bytes)| (key, base64(&bytes).into())).collect()
}

pub fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let whole =
            three.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let sign = SIGNS.get(whole >> (18 - 6 * at) & 63).copied().unwrap_or(b'=');
            out.push(if at > three.len() { '=' } else { char::from(sign) });
        }
    }
    out
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Fault::error(format!("open {}: no such file or directory", path.display()))
        }
        _ => Fault::error(format!("open {}: {error}", path.display())),
    })
}

/// What the options put into a secret or a config map.
fn data(kubectl: &Kubectl<'_>) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut data: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |key: &str, bytes: Vec<u8>| {
        if data.iter().any(|(one, _)| one == key) {
            return Err(Fault::error(format!(
                "cannot add key {key}, another key by that name already exists"
            )));
        }
        data.push((key.to_owned(), bytes));
        Ok(())
    };
    for literal in kubectl.call.values("from-literal") {
        let (key, value) = literal
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Fault::error(format!("invalid literal source {literal}, expected key=value")))?;
        let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        add(key, inner.unwrap_or(value).as_bytes().to_vec())?;
    }
    for source in kubectl.call.values("from-file") {
        let (key, path) = match source.split_once('=') {
            Some((key, path)) => (key.to_owned(), Path::new(path)),
            None => (String::new(), Path::new(source)),
        };
        let named = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && key.is_empty() {
            let mut files: Vec<_> =
                std::fs::read_dir(path)?.filter_map(|one| Some(one.ok()?.path())).collect();
            files.sort();
            for file in files.iter().filter(|file| file.is_file()) {
                add(&named(file), read(file)?)?;
            }
        } else {
            let bytes = read(path).map_err(|fault| {
                if path.exists() {
                    fault
                } else {
                    Fault::error(format!("error reading {}: no such file or directory", path.display()))
                }
            })?;
            add(&if key.is_empty() { named(path) } else { key }, bytes)?;
        }
    }
    for file in kubectl.call.values("from-env-file") {
        let text = String::from_utf8_lossy(&read(Path::new(file))?).into_owned();
        for line in
            text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            match line.split_once('=') {
                Some((key, value)) => add(key, value.as_bytes().to_vec())?,
                None => add(line, std::env::var(line).unwrap_or_default().into_bytes())?,
            }
        }
    }
    Ok(data)
}

/// Makes it; `failing` stands before what the server says against it.
async fn post(kubectl: &mut Kubectl<'_>, object: Value, said: &str, failing: &str) -> Done {
    let dry = Dry::of(kubectl)?;
    if dry == Dry::Client {
        return done(kubectl, &object, said);
    }
    let (_, path) = at(kubectl, &object, "").await?;
    let list = path.rsplit_once('/').map_or(path.as_str(), |(list, _)| list);
    let after = kubectl
        .api
        .send(Method::POST, &format!("{list}{}{STRICT}", dry.query()), "application/json", &object)
        .await;
    let after = after.map_err(|fault| match fault.says.split_once("): ") {
        Some((_, why)) if !failing.is_empty() => Fault::error(format!("{failing}{why}")),
        _ => fault,
    })?;
    done(kubectl, &after, said)
}

/// A job of a cron job, now.
async fn job(kubectl: &mut Kubectl<'_>, name: &str) -> Done {
    let from = kubectl.call.value("from").filter(|from| from.contains('/')).map(str::to_owned);
    let from =
        from.ok_or_else(|| Fault::error("the built-in kubectl creates a job only --from=cronjob/NAME"))?;
    let cron = named(kubectl, &from).await?;
    if cron.kind.plural != "cronjobs" {
        return Err(Fault::error(format!("from must be an existing cronjob: {from} is none")));
    }
    let template = cron.object.pointer("/spec/jobTemplate").cloned().unwrap_or_default();
    let mut job = made("batch/v1", "Job", name, Some(cron.namespace()));
    let mut marks =
        template.pointer("/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    marks.insert("cronjob.kubernetes.io/instantiate".to_owned(), "manual".into());
    if let Some(meta) = job.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        meta.insert("annotations".to_owned(), marks.into());
        meta.insert("labels".to_owned(), template.pointer("/metadata/labels").cloned().unwrap_or_default());
        let owner = json!({"apiVersion": "batch/v1", "kind": "CronJob", "controller": true,
            "name": cron.name(),            "uid": text(&cron.object, "/metadata/uid")});
        meta.insert("ownerReferences".to_owned(), json!([owner]));
    }
    if let Some(fields) = job.as_object_mut() {
        fields.insert("spec".to_owned(), template.get("spec").cloned().unwrap_or_default());
    }
    post(kubectl, job, "created", "failed to create job: ").await
}

pub async fn autoscale(kubectl: &mut Kubectl<'_>) -> Done {
    let most = kubectl.call.number("max").filter(|most| *most > 0);
    let most =
        most.ok_or_else(|| Fault::error("--max=MAXPODS is required and must be at least 1, max: -1"))?;
    for one in super::pick::pick(kubectl, 0, super::pick::Unnamed::Asked).await? {
        let name = kubectl.call.value("name").unwrap_or(one.name()).to_owned();
        let mut spec = json!({"maxReplicas": most, "scaleTargetRef": {"apiVersion": one.kind.api_version(),
            "kind": one.kind.kind, "name": one.name()}});
        if let Some(spec) = spec.as_object_mut() {
            if let Some(least) = kubectl.call.number("min").filter(|least| *least > 0) {
                spec.insert("minReplicas".to_owned(), least.into());
            }
            if let Some(share) = kubectl.call.number("cpu-percent").filter(|share| *share > 0) {
                let target = json!({"type": "Utilization", "averageUtilization": share});
                spec.insert(
                    "metrics".to_owned(),
                    json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]),
                );
            }
        }
        let mut scaler = made("autoscaling/v2", "HorizontalPodAutoscaler", &name, Some(one.namespace()));
        if let Some(fields) = scaler.as_object_mut() {
            fields.insert("spec".to_owned(), spec);
        }
        if let Err(fault) = post(kubectl, scaler, "autoscaled", "").await {
            kubectl.fail(&fault)?;
        }
    }
    Ok(())
}
