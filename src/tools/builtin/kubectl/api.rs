//! The server: where it is, which kinds of objects it has, requests and what it says against them.
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use http::{Method, Request};
use http_body_util::BodyExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use kube::{Client, Config};
use serde_json::Value;

use super::super::curl::url::encoded;
use super::Fault;
use super::call::Call;

const DISCOVERY: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
pub const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,\
    application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

/// A kind of objects, as the server tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resource {
    pub group: String,
    pub version: String,
    pub plural: String,
    pub singular: String,
    pub kind: String,
    pub namespaced: bool,
    pub short: Vec<String>,
    pub categories: Vec<String>,
}

impl Resource {
    /// `deployments.apps`
    pub fn full(&self) -> String {
        self.with_group(&self.plural)
    }

    /// `deployment.apps`
    pub fn one(&self) -> String {
        self.with_group(&self.kind.to_lowercase())
    }

    fn with_group(&self, name: &str) -> String {
        if self.group.is_empty() { name.to_owned() } else { format!("{name}.{}", self.group) }
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    fn is(&self, name: &str) -> bool {
        let bare = |name: &str| {
            self.plural == name
                || self.singular == name
                || self.kind.eq_ignore_ascii_case(name)
                || self.short.iter().any(|short| short == name)
        };
        let behind = |rest: &str| rest == self.group || rest == format!("{}.{}", self.version, self.group);
        bare(name) || name.split_once('.').is_some_and(|(name, rest)| bare(name) && behind(rest))
    }

    /// Where its objects lie, or one of them.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        let namespace = namespace.filter(|_| self.namespaced).map(|namespace| ["namespaces", namespace]);
        for part in namespace.into_iter().flatten().chain([self.plural.as_str()]).chain(name) {
            path.push('/');
            path.push_str(&escaped(part));
        }
        path
    }
}

/// As it stands in a URL.
pub fn escaped(text: &str) -> String {
    encoded(text.as_bytes(), "-._~")
}

pub struct Api {
    /// Absent where no server is named.
    client: Option<Client>,
    pub namespace: String,
    pub server: String,
    kinds: Option<Vec<Resource>>,
    /// What the server wants said beside its answers.
    pub warnings: Mutex<Vec<String>>,
}

/// The kubeconfig's files: the option's, the variable's, or the one at home.
pub fn files(call: &Call) -> Vec<PathBuf> {
    if let Some(path) = call.value("kubeconfig") {
        return vec![PathBuf::from(path)];
    }
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        return std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
    }
    std::env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect()
}

/// What all of the kubeconfig's files say together.
pub fn kubeconfig(call: &Call) -> Result<Kubeconfig, Fault> {
    let mut all = Kubeconfig::default();
    for path in files(call) {
        if !path.exists() && call.value("kubeconfig").is_none() {
            continue;
        }
        let one = Kubeconfig::read_from(&path).map_err(|error| {
            if path.exists() {
                Fault::error(format!("error loading config file \"{}\": {error}", path.display()))
            } else {
                Fault::error(format!("stat {}: no such file or directory", path.display()))
            }
        })?;
        all = all.merge(one).map_err(Fault::error)?;
    }
    Ok(all)
}

impl Api {
    pub async fn open(call: &Call) -> Result<Api, Fault> {
        let said = kubeconfig(call)?;
        let options =
            KubeConfigOptions { context: call.value("context").map(str::to_owned), ..Default::default() };
        if let Some(name) = &options.context
            && !said.contexts.iter().any(|one| one.name == *name)
        {
            return Err(Fault::new(format!(
                "Error in configuration: context was not found for specified context: {name}"
            )));
        }
        let unnamed = said.clusters.is_empty();
        let mut config = if unnamed || said.current_context.is_none() && options.context.is_none() {
            Config::new("http://localhost:8080".parse().map_err(Fault::error)?)
        } else {
            Config::from_custom_kubeconfig(said, &options).await.map_err(Fault::error)?
        };
        config.auth_info.impersonate = call.value("as").map(str::to_owned).or(config.auth_info.impersonate);
        if let Some(most) = call.span("request-timeout") {
            config.read_timeout = Some(most);
        }
        if config.cluster_url.scheme_str() == Some("http") && config.root_cert.is_none() {
            // Without TLS there is nothing to verify, and a box without a CA store must not fail on it.
            config.root_cert = Some(Vec::new());
        }
        let namespace = call.value("namespace").map_or(config.default_namespace.clone(), str::to_owned);
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        config.default_retry = false;
        let client = if unnamed { None } else { Some(Client::try_from(config).map_err(Fault::error)?) };
        Ok(Api { client, namespace, server, kinds: None, warnings: Mutex::default() })
    }

    pub fn client(&self) -> Result<&Client, Fault> {
        let refused = || Fault::new(refused("localhost:8080"));
        self.client.as_ref().ok_or_else(refused)
    }

    /// No part of a path may be empty or lead up: a server would take it for another path.
    fn request(method: Method, path: &str, accept: &str) -> Result<http::request::Builder, Fault> {
        let mut parts = path.split('?').next().unwrap_or_default().split('/').skip(1);
        if let Some(part) = parts.find(|part| matches!(*part, "" | "." | "..")) {
            return Err(Fault::error(if part.is_empty() {
                "resource name may not be empty".to_owned()
            } else {
                format!("invalid resource name \"{part}\": [may not be '{part}']")
            }));
        }
        Ok(Request::builder().method(method).uri(path).header("Accept", accept))
    }

    async fn answer(&self, request: http::Result<Request<Vec<u8>>>) -> Result<String, Fault> {
        let request = request.map_err(Fault::error)?.map(kube::client::Body::from);
        let answer = self.client()?.send(request).await.map_err(|error| self.fault(&error))?;
        // `299 - "what is to be said"`
        let warnings = answer.headers().get_all("warning").iter().filter_map(|one| one.to_str().ok());
        let warnings =
            warnings.filter_map(|one| Some(one.split_once('"')?.1.strip_suffix('"')?.replace("\\\"", "\"")));
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).extend(warnings);
        let (status, body) = (answer.status(), answer.into_body());
        let bytes = body.collect().await.map_err(|error| self.fault(&error))?.to_bytes();
        if status.is_client_error() || status.is_server_error() {
            let plain = || format!("Error from server: {status}: {}", String::from_utf8_lossy(&bytes));
            return Err(Fault::new(
                serde_json::from_slice(&bytes).map_or_else(|_| plain(), |status| words(&status)),
            ));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub async fn read(&self, path: &str, accept: &str) -> Result<Value, Fault> {
        let text = self.answer(Api::request(Method::GET, path, accept)?.body(Vec::new())).await?;
        serde_json::from_str(&text).map_err(Fault::error)
    }

    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.read(path, "application/json").await
    }

    /// Sends an object or a patch.
    pub async fn send(&self, method: Method, path: &str, sort: &str, body: &Value) -> Result<Value, Fault> {
        let request = Api::request(method, path, "application/json")?.header("Content-Type", sort);
        let text = self.answer(request.body(body.to_string().into_bytes())).await?;
        serde_json::from_str(&text).map_err(Fault::error)
    }

    /// What went wrong, in the original's words.
    pub fn fault(&self, error: &kube::Error) -> Fault {
        if let kube::Error::Api(status) = error {
            return Fault::new(words(status));
        }
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        let mut last = error.to_string();
        while let Some(error) = cause {
            let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            if kind == Some(std::io::ErrorKind::ConnectionRefused) {
                return Fault::new(refused(
                    self.server.split_once("://").map_or(&self.server, |(_, host)| host),
                ));
            }
            last = error.to_string();
            cause = error.source();
        }
        Fault::new(format!("Unable to connect to the server: {last}"))
    }

    /// Every kind that the server has; asked once.
    pub async fn kinds(&mut self) -> Result<&[Resource], Fault> {
        if self.kinds.is_none() {
            let mut kinds = Vec::new();
            for root in ["/api", "/apis"] {
                let said = self.read(root, DISCOVERY).await?;
                let items = said.get("items").ok_or_else(|| {
                    Fault::error("the server is too old: it does not tell of its kinds at once")
                })?;
                aggregated(items, &mut kinds);
            }
            self.kinds = Some(kinds);
        }
        Ok(self.kinds.as_deref().unwrap_or_default())
    }

    /// The kind of this name.
    pub async fn kind(&mut self, name: &str) -> Result<Resource, Fault> {
        let lower = name.to_lowercase();
        let found = self.kinds().await?.iter().find(|kind| kind.is(&lower)).cloned();
        found.ok_or_else(|| Fault::error(format!("the server doesn't have a resource type \"{name}\"")))
    }
}

fn refused(host: &str) -> String {
    let host = host.split('/').next().unwrap_or_default();
    format!("The connection to the server {host} was refused - did you specify the right host or port?")
}

fn aggregated(items: &Value, kinds: &mut Vec<Resource>) {
    for group in items.as_array().into_iter().flatten() {
        let Some(version) = list(group, "versions").first() else { continue };
        for one in list(version, "resources") {
            kinds.push(Resource {
                group: text(group, "/metadata/name").to_owned(),
                version: text(version, "/version").to_owned(),
                plural: text(one, "/resource").to_owned(),
                singular: text(one, "/singularResource").to_owned(),
                kind: text(one, "/responseKind/kind").to_owned(),
                namespaced: text(one, "/scope") == "Namespaced",
                short: strings(one, "shortNames"),
                categories: strings(one, "categories"),
            });
        }
    }
}

/// A refusal in the original's words.
fn words(status: &Status) -> String {
    match (status.reason.as_str(), &status.details) {
        ("Invalid", Some(details)) => {
            let causes = details.causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message));
            let causes: Vec<String> = causes.collect();
            let causes = match causes.as_slice() {
                [] => status.message.clone(),
                [one] => one.clone(),
                many => format!("\n* {}", many.join("\n* ")),
            };
            format!("The {} \"{}\" is invalid: {causes}", details.kind, details.name)
        }
        ("Unauthorized", _) => "error: You must be logged in to the server \
                (the server has asked for the client to provide credentials)"
            .to_owned(),
        ("" | "Unknown", _) => format!("Error from server: {}", status.message),
        (reason, _) => format!("Error from server ({reason}): {}", status.message),
    }
}

/// The text at a pointer, empty where there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let found = if name.starts_with('/') { value.pointer(name) } else { value.get(name) };
    found.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn strings(value: &Value, name: &str) -> Vec<String> {
    list(value, name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An answer that goes on.
pub type Lines = std::pin::Pin<Box<dyn futures::io::AsyncBufRead + Send>>;

/// What changes, one event after the other.
pub struct Events {
    lines: futures::io::Lines<Lines>,
}

impl Events {
    pub async fn next(&mut self) -> Result<Option<Value>, Fault> {
        use futures::StreamExt;
        let Some(line) = self.lines.next().await else { return Ok(None) };
        serde_json::from_str(&line?).map(Some).map_err(Fault::error)
    }
}

impl Api {
    /// The lines of an answer that goes on.
    pub async fn lines(&self, path: &str, accept: &str) -> Result<Lines, Fault> {
        // An answer that is packed comes late.
        let request = Api::request(Method::GET, path, accept)?.header("Accept-Encoding", "identity");
        let request = request.body(Vec::new()).map_err(Fault::error)?;
        let stream = self.client()?.request_stream(request).await.map_err(|error| self.fault(&error))?;
        Ok(Box::pin(stream))
    }

    pub async fn watch(&self, path: &str, accept: &str) -> Result<Events, Fault> {
        use futures::AsyncBufReadExt;
        Ok(Events { lines: self.lines(path, accept).await?.lines() })
    }
}
