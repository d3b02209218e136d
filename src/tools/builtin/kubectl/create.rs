//! `create secret` and `autoscale`: objects that were not there.
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::{Map, Value, json};

use super::change::{Dry, STRICT, done};
use super::pick::{Unnamed, pick};
use super::{Done, Fault, Kubectl};

pub async fn secret(kubectl: &mut Kubectl<'_>) -> Done {
    let words = kubectl.call.words.clone();
    let (data, sort) = match words.as_slice() {
        [sort, _] if sort == "generic" => (data(kubectl)?, kubectl.call.value("type").map(str::to_owned)),
        [sort, _] if sort == "tls" => (pair(kubectl)?, Some("kubernetes.io/tls".to_owned())),
        _ => {
            return Err(Fault::error(
                "the built-in kubectl creates secrets of the sorts generic and tls, each with one NAME",
            ));
        }
    };
    let name = words.get(1).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Fault::error("name must be specified"))?;
    let mut meta = json!({"name": name, "creationTimestamp": null});
    // A namespace that is not asked for is not written down.
    if let (Some(space), Some(meta)) = (kubectl.call.value("namespace"), meta.as_object_mut()) {
        meta.insert("namespace".to_owned(), space.into());
    }
    let mut secret = Map::new();
    if !data.is_empty() {
        let encoded = |(key, bytes)| (key, Value::from(BASE64_STANDARD.encode::<Vec<u8>>(bytes)));
        secret.insert("data".to_owned(), data.into_iter().map(encoded).collect::<Map<_, _>>().into());
    }
    secret.extend(sort.map(|sort| ("type".to_owned(), sort.into())));
    for (field, value) in [("apiVersion", "v1".into()), ("kind", "Secret".into()), ("metadata", meta)] {
        secret.insert(field.to_owned(), value);
    }
    post(kubectl, "secrets", secret.into(), "created", "failed to create secret ").await
}

/// A certificate and its key.
fn pair(kubectl: &Kubectl<'_>) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut found = Vec::new();
    for (option, key, what) in [("cert", "tls.crt", "certificate"), ("key", "tls.key", "key")] {
        let path = kubectl.call.value(option);
        let path = path.ok_or_else(|| Fault::error("key and cert must be specified"))?;
        let bytes = read(Path::new(path))?;
        if !String::from_utf8_lossy(&bytes).contains("-----BEGIN ") {
            return Err(Fault::error(format!("tls: failed to find any PEM data in {what} input")));
        }
        found.push((key.to_owned(), bytes));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Fault::error(format!("open {}: no such file or directory", path.display()))
        }
        _ => Fault::error(format!("open {}: {error}", path.display())),
    })
}

/// What the options put into a secret.
fn data(kubectl: &Kubectl<'_>) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let given = |name| kubectl.call.values(name).next().is_some();
    if given("from-env-file") && (given("from-file") || given("from-literal")) {
        let why = "from-env-file cannot be combined with from-file or from-literal";
        return Err(Fault::error(why));
    }
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
        let path = Path::new(source.split_once('=').map_or(source, |(_, path)| path));
        let own = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let key = source.split_once('=').map_or_else(own, |(key, _)| key.to_owned());
        add(&key, read(path)?)?;
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
async fn post(kubectl: &mut Kubectl<'_>, kind: &str, object: Value, said: &str, failing: &str) -> Done {
    let dry = Dry::of(kubectl)?;
    if dry == Dry::Client {
        return done(kubectl, &object, said);
    }
    let list = kubectl.api.kind(kind).await?.path(Some(&kubectl.api.namespace), None);
    let to = format!("{list}{}{STRICT}", dry.query());
    let after = kubectl.api.send(Method::POST, &to, "application/json", &object).await;
    let after = after.map_err(|fault| match fault.says.split_once("): ") {
        Some((_, why)) if !failing.is_empty() => Fault::error(format!("{failing}{why}")),
        _ => fault,
    })?;
    done(kubectl, &after, said)
}

pub async fn autoscale(kubectl: &mut Kubectl<'_>) -> Done {
    let most = kubectl.call.number("max").filter(|most| *most > 0);
    let most =
        most.ok_or_else(|| Fault::error("--max=MAXPODS is required and must be at least 1, max: -1"))?;
    for one in pick(kubectl, 0, Unnamed::Asked).await? {
        let target = json!({"apiVersion": one.kind.api_version(), "kind": one.kind.kind, "name": one.name()});
        let mut spec = json!({"maxReplicas": most, "scaleTargetRef": target});
        if let Some(spec) = spec.as_object_mut() {
            if let Some(least) = kubectl.call.number("min").filter(|least| *least > 0) {
                spec.insert("minReplicas".to_owned(), least.into());
            }
            if let Some(share) = kubectl.call.number("cpu-percent").filter(|share| *share > 0) {
                let target = json!({"type": "Utilization", "averageUtilization": share});
                let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
                spec.insert("metrics".to_owned(), json!([metric]));
            }
        }
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": spec,
            "metadata": {"name": one.name(), "namespace": one.namespace()}});
        let kind = "horizontalpodautoscalers.autoscaling";
        if let Err(fault) = post(kubectl, kind, scaler, "autoscaled", "").await {
            kubectl.fail(&fault)?;
        }
    }
    Ok(())
}
