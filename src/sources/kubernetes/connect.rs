//! One context's clients, and who and where we are.
use std::time::Duration;

use kube::Client;
use kube::client::AuthError;
use tokio::time::timeout;

use super::kubeconfig::{Options, read};
use crate::defect;
use crate::domain::Text;
use crate::sources::reason::{brief, reason};
use crate::sources::supervise::SourceError;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A login plugin may go through a browser's cached session or a slow identity server, but not for ever.
const LOGIN_WITHIN: Duration = Duration::from_secs(30);

/// A connected context. Cheap to clone; every clone shares one login.
#[derive(Clone)]
pub struct Cluster {
    pub context: Text,
    /// For reads.
    pub client: Client,
    /// For changes: never repeats a request by itself.
    pub actions: Client,
    /// The namespaces in view; empty means all.
    pub namespaces: Vec<Text>,
    /// Where they come from: `flag`, `profile`, `kubeconfig`, `default, none given`.
    pub namespace_origin: &'static str,
    /// What the kubeconfig names for the context; empty where it names none.
    pub own_namespace: Text,
    /// Where requests go, without credentials.
    pub server: Text,
    /// As the kubeconfig names the user.
    pub user: Option<Text>,
    /// Which login this is; a newer one has a higher number.
    pub generation: u64,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cluster")
            .field("context", &self.context)
            .field("server", &self.server)
            .field("namespaces", &self.namespaces)
            .finish_non_exhaustive()
    }
}

/// Makes the clients of one context. Nothing is asked of the server yet, though a login plugin may run.
pub async fn connect(options: &Options, context: &Text) -> Result<Cluster, SourceError> {
    let origin = read(options)?;
    let mut config = origin.config(context).await?;
    config.connect_timeout = Some(CONNECT_WITHIN);
    // The supervisor and the operator decide what is tried again, so no request is ever repeated by itself.
    config.default_retry = false;
    if config.cluster_url.scheme_str() == Some("http") && config.root_cert.is_none() {
        // Without TLS there is nothing to verify, and a box without a CA store must not fail on it.
        config.root_cert = Some(Vec::new());
    }
    let server = config.cluster_url.clone();
    let chosen = origin.namespaces(context, options);
    let client = login(config).await?;
    Ok(Cluster {
        context: context.clone(),
        actions: client.clone(),
        client,
        namespaces: chosen.names,
        namespace_origin: chosen.origin,
        own_namespace: origin.own_namespace(context).unwrap_or_default(),
        server: address(&server).into(),
        user: origin.user(context).map(Text::from),
        generation: 0,
    })
}

/// Building a client runs the login plugin and waits for it, so it is done on a thread of its own.
async fn login(config: kube::Config) -> Result<Client, SourceError> {
    let runtime = tokio::runtime::Handle::current();
    let part: std::sync::Arc<str> = format!("client of {}", config.cluster_url).into();
    if let Some(said) = defect::failed(&part) {
        return Err(SourceError::Panicked(brief(&said)));
    }
    let building = tokio::task::spawn_blocking(move || {
        let _inside = runtime.enter();
        defect::within(&part, || Client::try_from(config))
    });
    match timeout(LOGIN_WITHIN, building).await {
        Ok(Ok(Ok(client))) => Ok(client),
        Ok(Ok(Err(error))) => Err(cannot_build(&error)),
        Ok(Err(panic)) => Err(SourceError::Panicked(brief(&panic.to_string()))),
        Err(_) => Err(SourceError::Unauthorized {
            why: format!("the login plugin did not answer within {} s", LOGIN_WITHIN.as_secs()),
        }),
    }
}

fn cannot_build(error: &kube::Error) -> SourceError {
    match error {
        kube::Error::Auth(error) => SourceError::Unauthorized { why: login_failed(error) },
        other => SourceError::Absent { why: reason(other) },
    }
}

/// What the login plugin said. Its standard output and its arguments may hold secrets and are not shown.
pub fn login_failed(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => {
            let program = program(cmd);
            let said = String::from_utf8_lossy(&out.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty());
            match last {
                Some(line) => brief(&format!("`{program}` failed: {line}")),
                None => format!("`{program}` failed: {}", out.status),
            }
        }
        AuthError::AuthExecStart(error) => format!("the login plugin cannot be started: {}", reason(error)),
        AuthError::AuthExecParse(_) => "the login plugin's answer cannot be read".into(),
        other => reason(other),
    }
}

/// The program of a command that is printed with its environment and arguments, each in quotes.
fn program(command: &str) -> String {
    let quoted = command.split('"').nth(1).unwrap_or("login plugin");
    // The environment stands before the program, unquoted names with quoted values.
    let first = command
        .split_whitespace()
        .find(|word| word.starts_with('"'))
        .map_or(quoted, |word| word.trim_matches('"'));
    first.rsplit('/').next().unwrap_or(first).to_owned()
}

/// The address without a user or password that someone may have put into it.
fn address(uri: &http::Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or("https");
    format!("{scheme}://{host}{port}{}", uri.path().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_the_password_in_it() {
        let uri = "https://me:secret@api.example:6443/".parse().unwrap();
        assert_eq!(address(&uri), "https://api.example:6443");
    }

    #[test]
    fn a_login_plugin_is_named_without_its_secrets() {
        assert_eq!(program(r#"TOKEN="abc def" "/usr/bin/aws" "--key" "hidden""#), "aws");
    }
}
