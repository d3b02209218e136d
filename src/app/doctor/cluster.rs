//! The kubeconfig, and every context in view: reachable, how fast, as whom, with which rights.
use std::time::Duration;

use futures::future::join_all;
use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::report::{Finding, Section, Status};
use super::{Waiting, access};
use crate::app::hands::kube_options;
use crate::config::Options;
use crate::domain::Text;
use crate::domain::time::Timestamp;
use crate::sources::kubernetes::connect::{Cluster, connect};
use crate::sources::kubernetes::{self, kubeconfig};
use crate::sources::now;
use crate::sources::reason::{brief, reason};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A login plugin may be slow; a doctor that never ends is of no use.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// All of a context together.
const CONTEXT_WITHIN: Duration = Duration::from_secs(40);
const TRIES: usize = 3;
/// A server's clock is told in whole seconds.
const CLOCK_OFF: i64 = 3_000;

/// A connected cluster, and where in it we look.
pub(super) struct Asked<'a> {
    client: &'a Client,
    /// Empty means all.
    pub namespaces: &'a [String],
}

pub(super) async fn look(options: &Options, waiting: &Waiting) -> Vec<Section> {
    let kube = kube_options(options);
    let found = match kubeconfig::read(&kube).and_then(|origin| Ok((origin.contexts(&kube)?, origin))) {
        Ok((contexts, origin)) => {
            let names: Vec<&str> = contexts.iter().map(|name| &**name).collect();
            let from = match origin {
                kubeconfig::Origin::InCluster => "the account of the pod we run in".to_owned(),
                kubeconfig::Origin::Kubeconfig(_) => whence(options, &kube),
            };
            let finding = Finding::new("kubeconfig", Status::Good, format!("{from}: {}", names.join(", ")))
                .data(json!({"from": from, "contexts": names}));
            (finding, contexts)
        }
        Err(error) => {
            // A system without a cluster needs none.
            let profile = &options.effective.settings.profile;
            let needed = profile.endpoints.is_empty() || !profile.contexts.is_empty();
            let status = if needed { Status::Wrong } else { Status::Plain };
            let finding = Finding::new("kubeconfig", status, error.to_string())
                .remedy("export KUBECONFIG=/path/to/a/kubeconfig, or write ~/.kube/config")
                .remedy("or name one: firedeck --kubeconfig FILE, or `kubeconfig` in the config file");
            (finding, Vec::new())
        }
    };
    let (finding, contexts) = found;
    let each = contexts.iter().map(|name| {
        let what = format!("context {name}");
        let kube = &kube;
        async move {
            let looking = waiting.during(&what, context(kube, name));
            let findings = timeout(CONTEXT_WITHIN, looking).await.unwrap_or_else(|_| {
                let says = format!("not everything was answered within {} s", CONTEXT_WITHIN.as_secs());
                vec![Finding::new("server", Status::Wrong, says)]
            });
            Section { about: "context", name: Some(name.to_string()), findings }
        }
    });
    let mut sections = vec![Section::new("kubeconfig", vec![finding])];
    sections.extend(join_all(each).await);
    sections
}

/// Which file, and who named it.
fn whence(options: &Options, kube: &kubernetes::Options) -> String {
    let listed: Vec<_> = match std::env::var_os("KUBECONFIG").filter(|_| kube.kubeconfig.is_empty()) {
        Some(listed) => std::env::split_paths(&listed).filter(|path| path.exists()).collect(),
        None => kube.kubeconfig.clone(),
    };
    if listed.is_empty() {
        return "~/.kube/config, the usual place".into();
    }
    let names: Vec<String> = listed.iter().map(|path| path.display().to_string()).collect();
    let row = options.effective.shown.iter().find(|row| row.name == "kubeconfig");
    let by = row.map_or_else(|| "$KUBECONFIG".to_owned(), |row| row.origin.to_string());
    format!("{} (by {by})", names.join(" + "))
}

async fn context(kube: &kubernetes::Options, name: &Text) -> Vec<Finding> {
    let cluster = match timeout(CONNECT_WITHIN, connect(kube, name)).await {
        Ok(Ok(cluster)) => cluster,
        Ok(Err(error)) => {
            return vec![
                Finding::new("login", Status::Wrong, error.to_string())
                    .remedy("kubectl config get-contexts shows what the kubeconfig has"),
            ];
        }
        Err(_) => {
            let says = format!("no login within {} s", CONNECT_WITHIN.as_secs());
            return vec![
                Finding::new("login", Status::Wrong, says)
                    .remedy("run the login plugin that the kubeconfig names by hand"),
            ];
        }
    };
    let namespaces: Vec<String> = cluster.namespaces.iter().map(ToString::to_string).collect();
    let asked = Asked { client: &cluster.client, namespaces: &namespaces };
    let mut findings = Vec::new();
    let reached = asked.reach(&mut findings, &cluster).await;
    findings.push(in_view(&cluster));
    if !reached {
        return findings;
    }
    let identity = asked.identity(&cluster).await;
    let named = identity.data.pointer("/name").and_then(Value::as_str).map(str::to_owned);
    findings.push(identity);
    let (metrics, certificates) = tokio::join!(
        asked.api("metrics_api", "/apis/metrics.k8s.io/v1beta1", "CPU and memory are not shown"),
        asked.api("cert_manager", "/apis/cert-manager.io/v1", "certificates are not shown"),
    );
    let absent: Vec<&str> = [(&metrics, access::METRICS), (&certificates, access::CERTIFICATES)]
        .into_iter()
        .filter(|(finding, _)| finding.status == Status::Plain)
        .map(|(_, group)| group)
        .collect();
    let rights = access::look(&asked, named.as_deref(), &absent).await;
    findings.extend([metrics, certificates]);
    findings.extend(rights);
    findings
}

fn in_view(cluster: &Cluster) -> Finding {
    let names: Vec<&str> = cluster.namespaces.iter().map(|name| &**name).collect();
    let shown = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
    Finding::new("namespaces", Status::Good, format!("{shown} ({})", cluster.namespace_origin))
        .data(json!({"names": names, "origin": cluster.namespace_origin}))
}

impl Asked<'_> {
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response<Body>, String> {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(Body::from(bytes))
            .map_err(|error| error.to_string())?;
        match timeout(ANSWER_WITHIN, self.client.send(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
        }
    }

    async fn read(response: Response<Body>) -> Result<Value, String> {
        let status = response.status();
        let collecting = timeout(ANSWER_WITHIN, response.into_body().collect_bytes()).await;
        let bytes = collecting.map_err(|_| "the answer did not end".to_owned())?.map_err(|e| reason(&e))?;
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let says = value.pointer("/message").and_then(Value::as_str).unwrap_or_default();
        Err(brief(&format!("{status}: {says}")))
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        Self::read(self.send(Method::POST, path, Some(body)).await?).await
    }

    /// Version, latency and clock, from a few small requests; whether the server answered at all.
    async fn reach(&self, findings: &mut Vec<Finding>, cluster: &Cluster) -> bool {
        let (mut took, mut version, mut clock) = (Vec::new(), None, None);
        for _ in 0..TRIES {
            let (began, sent) = (Instant::now(), now());
            let answer = match self.send(Method::GET, "/version", None).await {
                Ok(response) => {
                    clock = clock.or_else(|| off_by(response.headers(), sent, now()));
                    Self::read(response).await
                }
                Err(why) => Err(why),
            };
            match answer {
                Ok(value) => {
                    took.push(began.elapsed());
                    version = value.pointer("/gitVersion").and_then(Value::as_str).map(brief).or(version);
                }
                Err(why) => {
                    let says = format!("{}: {why}", cluster.server);
                    let finding = Finding::new("server", Status::Wrong, says)
                        .remedy(format!("curl -kv {}/version shows how far one gets", cluster.server))
                        .data(json!({"url": &*cluster.server, "reachable": false}));
                    findings.push(finding);
                    return false;
                }
            }
        }
        took.sort();
        let median = took.get(took.len() / 2).copied().unwrap_or_default();
        let millis = u64::try_from(median.as_millis()).unwrap_or(u64::MAX);
        let version = version.unwrap_or_else(|| "of unknown version".into());
        let slow = median >= Duration::from_secs(1);
        findings.push(
            Finding::new(
                "server",
                if slow { Status::Warning } else { Status::Good },
                format!("{} {version}, answers in {millis} ms (median of {TRIES})", cluster.server),
            )
            .data(json!({
                "url": &*cluster.server, "reachable": true, "version": version, "latency_ms": millis,
            })),
        );
        findings.push(clocks(clock));
        true
    }

    /// As the server sees us, or as the kubeconfig names us where it does not say.
    async fn identity(&self, cluster: &Cluster) -> Finding {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let answer = self.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &body).await;
        let said = answer.as_ref().ok().and_then(|answer| answer.pointer("/status/userInfo"));
        let name = said.and_then(|info| info.get("username")).and_then(Value::as_str);
        match (name, &cluster.user) {
            (Some(name), _) => Finding::new("identity", Status::Good, name)
                .data(json!({"name": name, "groups": said.and_then(|info| info.get("groups"))})),
            (None, user) => {
                let why = answer.err().unwrap_or_else(|| "it did not say".into());
                let user = user.as_deref().unwrap_or("nobody by name");
                Finding::new(
                    "identity",
                    Status::Warning,
                    format!("{user} by the kubeconfig; the server: {why}"),
                )
            }
        }
    }

    async fn api(&self, key: &'static str, path: &str, without: &str) -> Finding {
        let answer = match self.send(Method::GET, path, None).await {
            Ok(response) if response.status() == 404 => {
                return Finding::new(key, Status::Plain, format!("not there: {without}"))
                    .data(json!({"there": false}));
            }
            Ok(response) => Self::read(response).await,
            Err(why) => Err(why),
        };
        match answer {
            Ok(_) => Finding::new(key, Status::Good, "there").data(json!({"there": true})),
            Err(why) => Finding::new(key, Status::Warning, format!("{why}: {without}")),
        }
    }
}

/// How far the server's clock is ahead of ours, in milliseconds.
fn off_by(headers: &http::HeaderMap, sent: Timestamp, received: Timestamp) -> Option<i64> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond();
    // It was written somewhere between the two, and says the second that had begun.
    Some(theirs + 500 - i64::midpoint(sent.0, received.0))
}

fn clocks(off: Option<i64>) -> Finding {
    match off {
        None => Finding::new("clock", Status::Plain, "the server does not tell its time"),
        Some(off) if off.abs() < CLOCK_OFF => Finding::new("clock", Status::Good, "the same as the server's")
            .data(json!({"server_ahead_ms": off})),
        Some(off) => {
            let word = if off > 0 { "behind" } else { "ahead of" };
            let says = format!("{} s {word} the server's: ages are wrong by that", off.abs() / 1_000);
            Finding::new("clock", Status::Warning, says)
                .remedy("timedatectl set-ntp true, on whichever of the two is wrong")
                .data(json!({"server_ahead_ms": off}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_are_compared_in_the_middle_of_the_request() {
        let mut headers = http::HeaderMap::new();
        headers.insert("date", "Wed, 25 Mar 2026 12:00:00 GMT".parse().expect("a value"));
        let noon = Timestamp::parse("2026-03-25T12:00:00Z").expect("a time").0;
        let off = |ours: i64| off_by(&headers, Timestamp(ours - 100), Timestamp(ours + 100));
        assert_eq!(off(noon + 500), Some(0));
        assert_eq!(off(noon - 9_500), Some(10_000));
        assert!(clocks(off(noon - 9_500)).says.starts_with("10 s behind"));
        assert!(clocks(off(noon + 10_500)).says.starts_with("10 s ahead of"));
        assert_eq!(clocks(off(noon + 1_000)).status, Status::Good);
        assert_eq!(clocks(None).status, Status::Plain);
    }
}
