//! Servers that speak HTTP: the files that their way in needs, how fast they answer, and what we may do there.
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use serde_json::json;
use x509_cert::der::Decode;

use super::report::{Finding, Section, Status};
use crate::domain::settings::web::{Said, Site};
use crate::domain::settings::{Backend, Endpoint, WebOptions};
use crate::domain::text::quoted;
use crate::domain::time::Timestamp;
use crate::sources::backend::Secrets;
use crate::sources::docker::May;
use crate::sources::http::{Entry, Files, Way};
use crate::sources::now;

const ANSWER: Duration = Duration::from_secs(3);
const TRIES: usize = 3;
/// A certificate of ours that ends sooner is told of.
const SOON: Duration = Duration::from_hours(14 * 24);

/// What was tried at one server.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub took: Vec<Duration>,
    pub may: Vec<May>,
}

/// A few small requests, and those that tell what is let through.
pub(super) async fn try_out(endpoint: &Endpoint, secrets: &Secrets) -> Tried {
    let mut tried = Tried::default();
    let Ok(way) = Way::open(Entry::from(endpoint), secrets, ANSWER).await else { return tried };
    let at = |path: &str| Url::parse(&format!("{}/{path}", endpoint.url.trim_end_matches('/')));
    let health = if endpoint.backend == Backend::Alertmanager { "-/healthy" } else { "-/ready" };
    for _ in 0..TRIES {
        let (Ok(url), began) = (at(health), Instant::now()) else { return tried };
        if way.request(Method::GET, url).send().await.is_ok() {
            tried.took.push(began.elapsed());
        }
    }
    let asked: &[(&'static str, &'static str, Method, &str)] = match endpoint.backend {
        Backend::Alertmanager => &[
            (
                "may_see_silences",
                "see silences",
                Method::GET,
                "api/v2/silences?filter=firedeck%3D%22doctor%22",
            ),
            // Refused as it is empty, by whoever would have taken another one.
            ("may_silence", "silence", Method::POST, "api/v2/silences"),
        ],
        _ => &[
            ("may_query", "ask for values", Method::GET, "api/v1/query?query=1"),
            ("may_see_targets", "see targets", Method::GET, "api/v1/targets?scrapePool=firedeck-doctor"),
        ],
    };
    for (key, what, method, path) in asked {
        let Ok(url) = at(path) else { continue };
        let mut request = way.request(method.clone(), url);
        if *method == Method::POST {
            request = request.header("content-type", "application/json").body("{}");
        }
        let said = request.send().await.map(|answer| answer.status()).map_err(|error| way.why(&error));
        tried.may.push((key, what, said.and_then(told)));
    }
    tried
}

fn told(status: StatusCode) -> Result<bool, String> {
    match status.as_u16() {
        200..300 | 400 | 422 => Ok(true),
        401 | 403 | 405 => Ok(false),
        code => Err(format!("answers {code}")),
    }
}

/// What may be done, one line for each.
pub(super) fn rights(all: &[May]) -> impl Iterator<Item = Finding> + '_ {
    all.iter().map(|(key, what, may)| match may {
        Ok(true) => Finding::new(key, Status::Good, what).data(json!({"allowed": true})),
        Ok(false) => Finding::new(key, Status::Warning, format!("may not {what}: it is not let through"))
            .data(json!({"allowed": false})),
        Err(why) => Finding::new(key, Status::Warning, format!("{what}: not known: {why}")),
    })
}

/// What the files are worth; nothing where none is named.
pub(super) async fn files(options: &WebOptions) -> Option<Finding> {
    if options.ca.is_none() && options.cert.is_none() {
        return None;
    }
    Some(match Files::read(options).await {
        Err(why) => Finding::new("files", Status::Wrong, why),
        Ok(files) => judge(options, &files, now()),
    })
}

fn judge(options: &WebOptions, files: &Files, now: Timestamp) -> Finding {
    let (mut status, mut says) = (Status::Good, Vec::new());
    let named = [("ca", &options.ca, &files.authorities), ("cert", &options.cert, &files.own)];
    for (name, path, all) in named {
        let Some(path) = path else { continue };
        // Of several authorities one that is good will do; of our own the first is ours.
        let ends = all.iter().filter_map(ends);
        let end = if name == "ca" { ends.max() } else { all.first().and_then(self::ends) };
        let at = path.display();
        let (worth, words) = match end {
            None => (Status::Warning, format!("`{name}` {at}: it is not known when it ends")),
            Some(end) if end <= now => (Status::Wrong, format!("`{name}` {at}: expired {}", day(end))),
            Some(end) if name == "cert" && end.since(now) < SOON => {
                (Status::Warning, format!("`{name}` {at}: ends {}", day(end)))
            }
            Some(end) => (Status::Good, format!("`{name}` {at}: good until {}", day(end))),
        };
        if worth == Status::Wrong || status == Status::Good {
            status = worth;
        }
        says.push(words);
    }
    Finding::new("files", status, says.join(", "))
}

fn ends(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let parsed = x509_cert::Certificate::from_der(certificate).ok()?;
    let seconds = parsed.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
    Some(Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

fn day(at: Timestamp) -> String {
    at.rfc3339().chars().take(10).collect()
}

/// The places that probes ask: only their files are looked at, for nobody asked for the probes.
pub(super) async fn sites(sites: &[Site]) -> Vec<Section> {
    let mut all = Vec::new();
    for site in sites {
        if let Some(finding) = files(&site.web).await {
            all.push(Section { about: "http", name: Some(site.url.clone()), findings: vec![finding] });
        }
    }
    all
}

/// The same by hand.
pub(super) fn curl(url: &str, path: &str, options: &WebOptions) -> String {
    let mut words = vec!["curl -sS".to_owned()];
    for (flag, file) in [("--cacert", &options.ca), ("--cert", &options.cert), ("--key", &options.key)] {
        words.extend(file.as_ref().map(|file| format!("{flag} {}", quoted(&file.display().to_string()))));
    }
    for (name, said) in &options.headers {
        words.push(match said {
            Said::Plain(text) => format!("-H {}", quoted(&format!("{name}: {text}"))),
            Said::Secret(_) => format!("-H {}", quoted(&format!("{name}: …"))),
        });
    }
    words.push(quoted(&format!("{}{path}", url.trim_end_matches('/'))));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::endpoint::SecretRef;

    #[test]
    fn who_refuses_an_empty_silence_would_take_another_one() {
        let told = |code| told(StatusCode::from_u16(code).expect("a status"));
        assert_eq!((told(400), told(422), told(200)), (Ok(true), Ok(true), Ok(true)));
        assert_eq!((told(401), told(403), told(405)), (Ok(false), Ok(false), Ok(false)));
        assert!(told(404).is_err() && told(502).is_err());
    }

    #[test]
    fn what_is_to_be_tried_by_hand_takes_the_same_way_and_tells_no_secret() {
        let options = WebOptions {
            ca: Some("/etc/my ca.pem".into()),
            headers: vec![
                ("X-Scope-OrgID".into(), Said::Plain("shop".into())),
                ("X-Api-Key".into(), Said::Secret(SecretRef::Env("KEY".into()))),
            ],
            ..WebOptions::default()
        };
        assert_eq!(
            curl("https://am/", "/-/healthy", &options),
            "curl -sS --cacert '/etc/my ca.pem' -H 'X-Scope-OrgID: shop' -H 'X-Api-Key: …' https://am/-/healthy"
        );
    }

    #[tokio::test]
    async fn a_file_that_is_no_good_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ca.pem");
        let options = WebOptions { ca: Some(path.clone()), ..WebOptions::default() };
        let says = async || files(&options).await.expect("a finding");
        let absent = says().await;
        assert_eq!(absent.status, Status::Wrong);
        assert!(absent.says.contains("ca.pem") && absent.says.contains("no such file"), "{}", absent.says);
        std::fs::write(&path, "hello").expect("written");
        assert!(says().await.says.contains("holds no certificate in PEM"));
        let old = |year| {
            let mut parameters = rcgen::CertificateParams::new(vec!["x".into()]).expect("parameters");
            parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
            let key = rcgen::KeyPair::generate().expect("a key");
            parameters.self_signed(&key).expect("a certificate").pem()
        };
        std::fs::write(&path, old(2020)).expect("written");
        let expired = says().await;
        assert_eq!(expired.status, Status::Wrong, "{}", expired.says);
        assert!(expired.says.ends_with("expired 2020-01-01"), "{}", expired.says);
        std::fs::write(&path, old(2020) + &old(2090)).expect("written");
        assert_eq!(says().await.status, Status::Good);
        assert!(files(&WebOptions::default()).await.is_none());
    }
}
