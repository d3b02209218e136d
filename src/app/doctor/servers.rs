//! Every other server of the profile: asked through the source that the cockpit uses, so that what is found here
//! is what will be seen there.
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Waiting;
use super::report::{Finding, Section, Status};
use crate::app::backends::Backends;
use crate::config::Options;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::news::{News, PlaceFacts};
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
}

impl Seen {
    /// Whether nothing more is to be waited for.
    fn is_told(&self) -> bool {
        match &self.state {
            Some(FeedState::Live) => self.place.is_some(),
            Some(FeedState::Down { .. } | FeedState::Forbidden { .. } | FeedState::Absent { .. }) => true,
            _ => false,
        }
    }
}

pub(super) async fn look(options: &Options, waiting: &Waiting) -> Vec<Section> {
    let profile = &options.effective.settings.profile;
    if profile.endpoints.is_empty() {
        return Vec::new();
    }
    let seen = waiting.during("the servers of the profile", gather(options)).await;
    let section = |endpoint: &Endpoint| {
        let seen = seen.get(&feed_of(endpoint));
        Section {
            about: endpoint.backend.name(),
            name: Some(endpoint.name.clone()),
            findings: findings(endpoint, seen.unwrap_or(&Seen::default())),
        }
    };
    profile.endpoints.iter().map(section).collect()
}

fn feed_of(endpoint: &Endpoint) -> Feed {
    Feed::Endpoint(endpoint.backend, endpoint.name.as_str().into())
}

async fn gather(options: &Options) -> BTreeMap<Feed, Seen> {
    let profile = &options.effective.settings.profile;
    let (out, mut news) = mpsc::channel(64);
    let signals = Signals { cancel: CancellationToken::new(), ..Signals::default() };
    let began = Instant::now();
    // Nobody asked for the probes: they go to boxes and servers of their own.
    let bare = Profile { probes: Vec::new(), limits: Vec::new(), ..profile.clone() };
    let backends = Backends::start(&bare, "firedeck doctor".into(), None, &out, &signals);
    let mut seen: BTreeMap<Feed, Seen> =
        profile.endpoints.iter().map(|endpoint| (feed_of(endpoint), Seen::default())).collect();
    let mut until = began + WITHIN;
    while let Ok(Some(batch)) = timeout_at(until, news.recv()).await {
        for one in batch {
            match one {
                News::Feed(feed, state) => {
                    if let Some(seen) = seen.get_mut(&feed).filter(|seen| !seen.is_told()) {
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
                _ => {}
            }
        }
        if seen.values().all(Seen::is_told) {
            until = until.min(Instant::now() + MOMENT);
        }
    }
    signals.cancel.cancel();
    drop(backends);
    seen
}

fn findings(endpoint: &Endpoint, seen: &Seen) -> Vec<Finding> {
    let place = seen.place.as_ref();
    let address = place.map_or_else(|| endpoint.url.clone(), |place| place.server.clone());
    let mut all = vec![server(endpoint, seen, &address)];
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

fn server(endpoint: &Endpoint, seen: &Seen, address: &str) -> Finding {
    let finding = |status, says: String| Finding::new("server", status, says);
    match &seen.state {
        Some(FeedState::Live) => {
            let version = seen.place.as_ref().and_then(|place| place.version.clone());
            let took = seen.took.unwrap_or_default().as_millis();
            let what = version.clone().unwrap_or_else(|| "answers".into());
            finding(Status::Good, format!("{address}: {what}, first answer after {took} ms")).data(
                json!({"address": address, "version": version, "milliseconds": u64::try_from(took).ok()}),
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
    let page = |path: &str| quoted(&format!("{}{path}", endpoint.url));
    finding.remedy(match endpoint.backend {
        Backend::Postgres => format!("psql {url} -c 'select 1'"),
        Backend::Redis => format!("redis-cli -u {url} ping"),
        Backend::Docker => format!("docker -H {url} version"),
        Backend::Alertmanager => format!("curl -sS {}", page("/-/healthy")),
        Backend::Prometheus => format!("curl -sS {}", page("/-/ready")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
            backend: Backend::Postgres,
            name: "db".into(),
            url: "postgres://ann@db/shop".into(),
            username: None,
            password: None,
            token: None,
            emergency_url: None,
            project: None,
        }
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
        let seen = Seen { state: Some(FeedState::Live), place: Some(place), took: None };
        let all = findings(&endpoint(), &seen);
        let says: Vec<&str> = all.iter().map(|finding| finding.says.as_str()).collect();
        assert!(says[0].contains("PostgreSQL 15.18") && says[1].contains("sees 1 of 12"), "{says:?}");
        assert_eq!(
            (all[2].status, all[2].remedy.as_slice()),
            (Status::Warning, &["GRANT pg_monitor TO ann".to_owned()][..])
        );
    }

    #[test]
    fn a_server_that_does_not_answer_is_wrong_and_says_how_to_try_it_by_hand() {
        let all = findings(&endpoint(), &Seen::default());
        assert_eq!(all[0].status, Status::Wrong);
        assert!(all[0].remedy[0].contains("postgres://ann@db/shop"), "{all:?}");
    }
}
