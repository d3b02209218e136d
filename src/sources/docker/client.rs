//! The engine's HTTP interface, over whatever way leads to it. Every answer has a deadline.
use std::path::Path;
use std::time::Duration;

use reqwest::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use reqwest::{Certificate, Identity, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::api::Version;
use super::hop::Hop;
use super::way::Way;
use crate::sources::reason::{brief, reason};
use crate::sources::supervise::SourceError;

const CONNECT: Duration = Duration::from_secs(5);
/// The newest interface whose words are known here, and the oldest.
const NEWEST: Api = Api(1, 51);
const OLDEST: Api = Api(1, 24);
/// Since then a measurement need not wait for a second one.
pub(super) const ONE_SHOT: Api = Api(1, 41);
/// No answer of an engine that is as it should be is larger.
const MOST_BYTES: usize = 64 << 20;

/// A version of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Api(pub(super) u32, pub(super) u32);

impl Api {
    fn parse(text: &str) -> Option<Api> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Api(major.parse().ok()?, minor.parse().ok()?))
    }
}

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No such container.
    Gone,
    /// The engine, or who stands before it, says no.
    Says { code: u16, says: String },
    /// Nothing went out.
    Unreached { why: String },
    /// It went out, and no answer came back.
    Lost { why: String },
}

impl Fault {
    pub(super) fn words(&self) -> String {
        match self {
            Fault::Gone => "it is gone".into(),
            Fault::Says { code, says } if says.is_empty() => format!("the engine answers {code}"),
            Fault::Says { says, .. } => says.clone(),
            Fault::Unreached { why } | Fault::Lost { why } => why.clone(),
        }
    }

    pub(super) fn is_forbidden(&self) -> bool {
        matches!(self, Fault::Says { code: 401 | 403, .. })
    }
}

impl From<Fault> for SourceError {
    fn from(fault: Fault) -> SourceError {
        match fault {
            Fault::Says { code: 401, says } => SourceError::Unauthorized { why: says },
            Fault::Says { code: 403, says } => {
                SourceError::Forbidden { needs: format!("rights there: {says}") }
            }
            Fault::Unreached { why } if why.ends_with("permission denied") => SourceError::Forbidden {
                needs: "the group of the engine's socket, which is mostly `docker`, or root".into(),
            },
            other => SourceError::Unreachable { why: other.words() },
        }
    }
}

/// A way that was gone once, and what answered there.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    /// `http://box:2375`
    base: String,
    pub(super) api: Api,
    pub(super) way: Way,
    pub(super) version: Version,
    hop: Option<Hop>,
}

impl Client {
    /// Goes the way and asks who is there.
    pub(super) async fn connect(way: Way, within: Duration) -> Result<Client, Fault> {
        let unreached = |why: String| Fault::Unreached { why };
        let hop = match &way {
            Way::Ssh(remote) => Some(Hop::open(remote).await.map_err(unreached)?),
            Way::Unix(path) if !path.exists() => {
                return Err(unreached(format!(
                    "there is no socket `{}`: does the engine run?",
                    path.display()
                )));
            }
            _ => None,
        };
        let (http, base) = dial(&way, hop.as_ref()).map_err(unreached)?;
        let mut client = Client { http, base, api: Api(0, 0), way, version: Version::default(), hop };
        client.version = client.get("/version", &[], within).await?;
        client.api = agree(&client.version).map_err(unreached)?;
        Ok(client)
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let version = match self.api {
            // What the engine speaks is not known yet.
            Api(0, 0) => String::new(),
            Api(major, minor) => format!("/v{major}.{minor}"),
        };
        let request = self.http.request(method, format!("{}{version}{path}", self.base));
        if query.is_empty() { request } else { request.query(query) }
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        within: Duration,
    ) -> Result<T, Fault> {
        let answer = async {
            let answer = self.answer(self.request(Method::GET, path, query)).await?;
            body(answer).await
        };
        let bytes = timeout(within, answer).await.map_err(|_| late(within))??;
        serde_json::from_slice(&bytes).map_err(|error| Fault::Lost {
            why: brief(&format!("the answer to {path} makes no sense: {error}")),
        })
    }

    /// Whether it is there.
    pub(super) async fn ping(&self, within: Duration) -> Result<(), Fault> {
        let answer = self.answer(self.request(Method::GET, "/_ping", &[]));
        timeout(within, answer).await.map_err(|_| late(within))?.map(drop)
    }

    /// True when it was done, false when there was nothing to do.
    pub(super) async fn post(
        &self,
        path: &str,
        query: &[(&str, &str)],
        within: Duration,
    ) -> Result<bool, Fault> {
        let answer = self.answer(self.request(Method::POST, path, query));
        let answer = timeout(within, answer).await.map_err(|_| late(within))??;
        Ok(answer.status() != StatusCode::NOT_MODIFIED)
    }

    /// What is asked for by a document.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        document: &serde_json::Value,
        within: Duration,
    ) -> Result<T, Fault> {
        let bytes = self.tell(path, document, within).await?;
        serde_json::from_slice(&bytes).map_err(|error| Fault::Lost {
            why: brief(&format!("the answer to {path} makes no sense: {error}")),
        })
    }

    /// The same where the answer need not make sense.
    pub(super) async fn tell(
        &self,
        path: &str,
        document: &serde_json::Value,
        within: Duration,
    ) -> Result<Vec<u8>, Fault> {
        let request = self.request(Method::POST, path, &[]).header(CONTENT_TYPE, "application/json");
        let answer = async {
            let answer = self.answer(request.body(document.to_string())).await?;
            body(answer).await
        };
        timeout(within, answer).await.map_err(|_| late(within))?
    }

    /// An answer that goes on; its beginning has to come in time.
    pub(super) async fn stream(
        &self,
        path: &str,
        query: &[(&str, &str)],
        within: Duration,
    ) -> Result<Response, Fault> {
        let answer = self.answer(self.request(Method::GET, path, query));
        timeout(within, answer).await.map_err(|_| late(within))?
    }

    /// A connection that is no longer HTTP.
    pub(super) async fn upgrade(
        &self,
        path: &str,
        document: &serde_json::Value,
        within: Duration,
    ) -> Result<reqwest::Upgraded, Fault> {
        let request = self
            .request(Method::POST, path, &[])
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "tcp")
            .body(document.to_string());
        let upgraded = async {
            let answer = self.answer(request).await?;
            match answer.upgrade().await {
                Ok(upgraded) => Ok(upgraded),
                Err(error) => Err(self.failed(&error).await),
            }
        };
        timeout(within, upgraded).await.map_err(|_| late(within))?
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(&error).await),
        };
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_MODIFIED | StatusCode::SWITCHING_PROTOCOLS => Ok(answer),
            status => {
                #[derive(Deserialize)]
                struct Complaint {
                    message: String,
                }
                let bytes = body(answer).await.unwrap_or_default();
                let says = match serde_json::from_slice::<Complaint>(&bytes) {
                    Ok(complaint) => brief(&complaint.message),
                    Err(_) => brief(&String::from_utf8_lossy(&bytes)),
                };
                // An image or an exec that is missing is called by its own name.
                let container = says.is_empty() || says.contains("o such container");
                Err(match status.as_u16() {
                    404 if container => Fault::Gone,
                    code => Fault::Says { code, says },
                })
            }
        }
    }

    async fn failed(&self, error: &reqwest::Error) -> Fault {
        let why = reason(error);
        // What `ssh` says tells more than that its end of a socket closed.
        let said = match &self.hop {
            Some(hop) => hop.complaint().await,
            None => None,
        };
        let why = match (said, &self.way) {
            (Some(said), Way::Ssh(remote)) if said.contains("open failed") => {
                format!("`{}` cannot be opened on `{}`: ssh says: {said}", remote.socket, remote.shown())
            }
            (Some(said), _) => format!("{why}; ssh says: {said}"),
            (None, _) => why,
        };
        if error.is_connect() { Fault::Unreached { why } } else { Fault::Lost { why } }
    }
}

fn late(within: Duration) -> Fault {
    Fault::Lost { why: format!("no answer within {} s", within.as_secs()) }
}

/// The interface that both speak.
fn agree(version: &Version) -> Result<Api, String> {
    let theirs = Api::parse(&version.newest).ok_or("what answers is no Docker engine")?;
    let least = Api::parse(&version.oldest).unwrap_or(OLDEST);
    if theirs < OLDEST {
        return Err(format!(
            "the engine is too old: API {}.{}, needs {}.{}",
            theirs.0, theirs.1, OLDEST.0, OLDEST.1
        ));
    }
    if least > NEWEST {
        let (least, newest) = (least, NEWEST);
        return Err(format!(
            "the engine is too new: API {}.{} at least, known here up to {}.{}",
            least.0, least.1, newest.0, newest.1
        ));
    }
    Ok(theirs.min(NEWEST))
}

fn dial(way: &Way, hop: Option<&Hop>) -> Result<(reqwest::Client, String), String> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("firedeck/", env!("CARGO_PKG_VERSION")));
    let (builder, base) = match (way, hop) {
        (Way::Unix(path), _) => {
            (builder.tls_certs_only([]).unix_socket(path.clone()), "http://docker".to_owned())
        }
        (_, Some(hop)) => (builder.tls_certs_only([]).unix_socket(hop.socket()), "http://docker".to_owned()),
        (Way::Tcp { at, certificates: None }, _) => (builder.tls_certs_only([]), format!("http://{at}")),
        (Way::Tcp { at, certificates: Some(from) }, _) => {
            (with_certificates(builder, from)?, format!("https://{at}"))
        }
        (Way::Ssh(_), None) => return Err("the hop is not open".into()),
    };
    builder.build().map(|client| (client, base)).map_err(|error| reason(&error))
}

fn with_certificates(builder: reqwest::ClientBuilder, from: &Path) -> Result<reqwest::ClientBuilder, String> {
    let read = |name: &str| match std::fs::read(from.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}` cannot be read: {error}", from.join(name).display())),
    };
    let bad = |name: &str, error: &reqwest::Error| {
        format!("`{}` is no certificate: {}", from.join(name).display(), reason(error))
    };
    // Without an authority of its own the box's are asked.
    let mut builder = match read("ca.pem")? {
        Some(pem) => {
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| bad("ca.pem", &error))?;
            builder.tls_certs_only(authorities)
        }
        None => builder,
    };
    if let (Some(certificate), Some(key)) = (read("cert.pem")?, read("key.pem")?) {
        let both = [certificate, b"\n".to_vec(), key].concat();
        builder = builder.identity(Identity::from_pem(&both).map_err(|error| bad("cert.pem", &error))?);
    }
    Ok(builder)
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Fault::Lost { why: reason(&error) })? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(Fault::Lost { why: format!("the answer has more than {} MB", MOST_BYTES >> 20) });
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(theirs: &str, least: &str) -> Result<Api, String> {
        agree(&Version { newest: theirs.into(), oldest: least.into(), ..Version::default() })
    }

    #[test]
    fn both_speak_the_newest_interface_that_both_know() {
        assert_eq!(agreed("1.41", "1.12"), Ok(Api(1, 41)));
        assert_eq!(agreed("1.99", "1.44"), Ok(NEWEST));
        assert!(agreed("1.99", "1.90").unwrap_err().contains("too new"));
        assert!(agreed("1.18", "1.12").unwrap_err().contains("too old"));
        assert!(agreed("", "").unwrap_err().contains("no Docker engine"));
    }
}
