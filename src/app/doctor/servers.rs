//! Every other server of the profile: asked through the source that the cockpit uses, so that what is found here
//! is what will be seen there.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::report::{Finding, Section, Status};
use super::web::{self, Tried};
use super::{Waiting, latency};
use crate::app::backends::{Backends, secrets};
use crate::config::Options;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::news::{News, PlaceFacts};
use crate::domain::object::Kind;
use crate::domain::settings::{Backend, Endpoint, Profile};
use crate::domain::text::quoted;
use crate::sources::supervise::Signals;

/// As long as a way in that is slow may take.
const WITHIN: Duration = Duration::from_secs(8);
/// What a server says of itself comes a moment after its first answer.
const MOMENT: Duration = Duration::from_millis(400);

/// What became of one server.
#[derive(Debug, Default)]
struct Seen {
    state: Option<FeedState>,
    place: Option<PlaceFacts>,
    took: Option<Duration>,
    /// Of which kinds something was told, be it that there is none.
    kinds: BTreeSet<Kind>,
}

/// What a server cannot be asked for is told when somebody looks at it, and only then.
const TOLD_LATER: [Kind; 2] = [Kind::Relation, Kind::Statement];

impl Seen {
    /// Whether it is known how it stands.
    fn is_settled(&self) -> bool {
        use FeedState::{Absent, Down, Forbidden, Live};
        matches!(self.state, Some(Live | Down { .. } | Forbidden { .. } | Absent { .. }))
    }

    /// Whether nothing more is to be waited for.
    fn is_told(&self, backend: Backend) -> bool {
        if self.state != Some(FeedState::Live) {
            return self.is_settled();
        }
        self.place.as_ref().is_some_and(|place| {
            let read = |kind: &Kind| {
                let without = |line: &String| line.starts_with(kind.plural());
                self.kinds.contains(kind) || place.missing.iter().any(without)
            };
            backend != Backend::Postgres || TOLD_LATER.iter().all(read)
        })
    }
}

pub(super) async fn look(options: &Options, waiting: &Waiting) -> Vec<Section> {
    let profile = &options.effective.settings.profile;
    let mut sections = Vec::new();
    if !profile.endpoints.is_empty() {
        let all = waiting.during("the servers of the profile", gather(options)).await;
        for (endpoint, (seen, tried)) in profile.endpoints.iter().zip(all) {
            let mut findings = findings(endpoint, &seen, &tried);
            findings.extend(web::files(&endpoint.web).await);
            findings.extend(web::rights(&tried.may));
            let name = Some(endpoint.name.clone());
            sections.push(Section { about: endpoint.backend.name(), name, findings });
        }
    }
    sections.extend(web::sites(&profile.sites).await);
    sections
}

fn feed_of(endpoint: &Endpoint) -> Feed {
    Feed::Endpoint(endpoint.backend, endpoint.name.as_str().into())
}

/// What became of each server, in the order of the profile.
async fn gather(options: &Options) -> Vec<(Seen, Tried)> {
    let profile = &options.effective.settings.profile;
    let (out, mut news) = mpsc::channel(64);
    let signals = Signals { cancel: CancellationToken::new(), ..Signals::default() };
    let began = Instant::now();
    // Nobody asked for the probes: they go to boxes and servers of their own.
    let bare = Profile { probes: Vec::new(), limits: Vec::new(), ..profile.clone() };
    let backends = Backends::start(&bare, "firedeck doctor".into(), None, &out, &signals);
    // What is not seen of a database shows when it is looked at.
    backends.watch(&[Kind::Session, Kind::Database, Kind::Relation, Kind::Statement, Kind::Replica]);
    let mut seen: BTreeMap<Feed, Seen> =
        profile.endpoints.iter().map(|endpoint| (feed_of(endpoint), Seen::default())).collect();
    let told = |seen: &BTreeMap<Feed, Seen>| {
        let one = |endpoint: &Endpoint| {
            seen.get(&feed_of(endpoint)).is_none_or(|seen| seen.is_told(endpoint.backend))
        };
        profile.endpoints.iter().all(one)
    };
    let mut until = began + WITHIN;
    while let Ok(Some(batch)) = timeout_at(until, news.recv()).await {
        for one in batch {
            match one {
                // What it said first counts.
                News::Feed(feed, state) => {
                    if let Some(seen) = seen.get_mut(&feed).filter(|seen| !seen.is_settled()) {
                        if state == FeedState::Live {
                            seen.took.get_or_insert_with(|| began.elapsed());
                        }
                        seen.state = Some(state);
                    }
                }
                News::Place(feed, place) => {
                    if let Some(seen) = seen.get_mut(&feed) {
                        seen.took.get_or_insert_with(|| began.elapsed());
                        seen.place = Some(place);
                    }
                }
                News::Rows(feed, kind, _) => {
                    if let Some(seen) = seen.get_mut(&feed) {
                        seen.kinds.insert(kind);
                    }
                }
                _ => {}
            }
        }
        if told(&seen) {
            until = until.min(Instant::now() + MOMENT);
        }
    }
    let tried = join_all(profile.endpoints.iter().map(|endpoint| {
        let seen = seen.get(&feed_of(endpoint));
        try_out(endpoint, seen.filter(|seen| matches!(seen.state, Some(FeedState::Live))), &backends)
    }))
    .await;
    signals.cancel.cancel();
    drop(backends);
    let each = profile.endpoints.iter().map(|endpoint| seen.remove(&feed_of(endpoint)).unwrap_or_default());
    each.zip(tried).collect()
}

/// How fast a server that answers is, and what it lets through.
async fn try_out(endpoint: &Endpoint, live: Option<&Seen>, backends: &Backends) -> Tried {
    let Some(seen) = live else { return Tried::default() };
    match endpoint.backend {
        Backend::Alertmanager | Backend::Prometheus => web::try_out(endpoint, &secrets()).await,
        Backend::Docker => match backends.docker() {
            Some(docker) => Tried {
                took: docker.pings(&endpoint.name).await,
                may: docker.may(&endpoint.name).await.unwrap_or_default(),
            },
            None => Tried::default(),
        },
        Backend::Postgres | Backend::Redis => {
            let place = seen.place.as_ref().map(|place| place.server.as_str());
            Tried { took: latency::connects(place.unwrap_or_default()).await, may: Vec::new() }
        }
    }
}

fn findings(endpoint: &Endpoint, seen: &Seen, tried: &Tried) -> Vec<Finding> {
    let place = seen.place.as_ref();
    let address = place.map_or_else(|| endpoint.url.clone(), |place| place.server.clone());
    let mut all = vec![server(endpoint, seen, &address, &tried.took)];
    let Some(place) = place else { return all };
    if let Some(identity) = &place.identity {
        let rights = place.rights.as_ref().map_or_else(String::new, |rights| format!(": {rights}"));
        all.push(
            Finding::new("identity", Status::Good, format!("{identity}{rights}"))
                .data(json!({"identity": identity, "rights": place.rights})),
        );
    }
    if !place.missing.is_empty() {
        let says = match place.missing.len() {
            1 => "one thing is not seen".to_owned(),
            n => format!("{n} things are not seen"),
        };
        let finding = Finding::new("rights", Status::Warning, says).data(json!({"missing": place.missing}));
        all.push(place.missing.iter().fold(finding, Finding::remedy));
    }
    all
}

fn server(endpoint: &Endpoint, seen: &Seen, address: &str, tries: &[Duration]) -> Finding {
    let finding = |status, says: String| Finding::new("server", status, says);
    match &seen.state {
        Some(FeedState::Live) => {
            let version = seen.place.as_ref().and_then(|place| place.version.clone());
            let took = seen.took.unwrap_or_default().as_millis();
            let what = version.clone().unwrap_or_else(|| "answers".into());
            let (status, fast, milliseconds) = latency::told(endpoint.backend, tries);
            finding(status, format!("{address}: {what}, {fast}logged in and read after {took} ms")).data(
                json!({
                    "address": address, "version": version, "latency_ms": milliseconds,
                    "milliseconds": u64::try_from(took).ok(),
                }),
            )
        }
        Some(FeedState::Down { why, .. }) => {
            remedy(endpoint, finding(Status::Wrong, format!("{address}: {why}")))
        }
        Some(FeedState::Forbidden { needs }) => {
            finding(Status::Wrong, format!("{address}: forbidden")).remedy(needs)
        }
        Some(FeedState::Absent { why }) => finding(Status::Warning, format!("{address}: {why}")),
        _ => remedy(
            endpoint,
            finding(Status::Wrong, format!("{address}: no answer within {} s", WITHIN.as_secs())),
        ),
    }
}

/// How to try the same by hand.
fn remedy(endpoint: &Endpoint, finding: Finding) -> Finding {
    let url = &quoted(&endpoint.url);
    let page = |path: &str| web::curl(&endpoint.url, path, &endpoint.web);
    finding.remedy(match endpoint.backend {
        Backend::Postgres => format!("psql {url} -c 'select 1'"),
        Backend::Redis => format!("redis-cli -u {url} ping"),
        Backend::Docker => format!("docker -H {url} version"),
        Backend::Alertmanager => page("/-/healthy"),
        Backend::Prometheus => page("/-/ready"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new(Backend::Postgres, "db", "postgres://ann@db/shop")
    }

    #[test]
    fn what_is_not_seen_is_told_with_the_statement_that_shows_it() {
        let place = PlaceFacts {
            server: "db:5432/shop".into(),
            version: Some("PostgreSQL 15.18".into()),
            identity: Some("ann".into()),
            rights: Some("sees 1 of 12 sessions".into()),
            missing: vec!["GRANT pg_monitor TO ann".into()],
        };
        let seen = Seen { state: Some(FeedState::Live), place: Some(place), ..Seen::default() };
        let all = findings(&endpoint(), &seen, &Tried::default());
        let says: Vec<&str> = all.iter().map(|finding| finding.says.as_str()).collect();
        assert!(says[0].contains("PostgreSQL 15.18") && says[1].contains("sees 1 of 12"), "{says:?}");
        assert_eq!(
            (all[2].status, all[2].remedy.as_slice()),
            (Status::Warning, &["GRANT pg_monitor TO ann".to_owned()][..])
        );
    }

    #[test]
    fn a_server_that_does_not_answer_is_wrong_and_says_how_to_try_it_by_hand() {
        let all = findings(&endpoint(), &Seen::default(), &Tried::default());
        assert_eq!(all[0].status, Status::Wrong);
        assert!(all[0].remedy[0].contains("postgres://ann@db/shop"), "{all:?}");
    }
}
