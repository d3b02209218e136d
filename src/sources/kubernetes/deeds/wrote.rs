//! What a container that crashes wrote last, before it was restarted.
use std::time::Duration;

use kube::Client;
use serde_json::Value;
use tokio::time::timeout;

use super::api::{self, Fault};
use super::facts::{container_status, containers};
use super::pick::{count, number, text};
use crate::domain::object::ObjectRef;
use crate::domain::secret::mask;
use crate::domain::text::clean_to;

const LINES: usize = 10;
/// A line longer than this is cut: the whole of it is in the log.
const LONGEST: usize = 400;
/// So many containers of a pod are asked for.
const MOST: usize = 4;
/// The rest of the page does not wait for longer.
const WITHIN: Duration = Duration::from_millis(1_500);

/// The last lines of one container's last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrote {
    pub(super) container: String,
    /// An error says why there are none to be read.
    pub(super) lines: Result<Vec<String>, String>,
}

/// Which containers crash, and whether their last run is the one before.
fn crashing(object: &Value) -> Vec<(String, bool)> {
    let all = containers(object, "/spec");
    let ended = |status: &Value, at: &str| {
        let code = number(status, &format!("{at}/terminated/exitCode"));
        code.is_some_and(|code| code != 0) || text(status, &format!("{at}/terminated/reason")) == "OOMKilled"
    };
    let one = |role, spec: &Value| {
        let name = text(spec, "/name");
        let status = container_status(object, role, name)?;
        let now = ended(status, "/state");
        let before = count(status, "/restartCount") > 0 && ended(status, "/lastState");
        (now || before).then(|| (name.to_owned(), !now))
    };
    all.into_iter().filter_map(|(role, spec)| one(role, spec)).take(MOST).collect()
}

/// Reads what the crashing containers of a pod wrote last.
pub(super) async fn wrote(client: &Client, pod: &ObjectRef, object: &Value) -> Vec<Wrote> {
    let path = api::path(pod);
    let reads = crashing(object).into_iter().map(|(container, previous)| {
        let name = api::encode(&container);
        let query = format!("container={name}&previous={previous}&tailLines={LINES}&limitBytes=200000");
        let path = format!("{path}/log?{query}");
        async move {
            let lines = match timeout(WITHIN, api::read_text(client, &path)).await {
                Ok(Ok(log)) => Ok(last(&log)),
                Ok(Err(Fault::Forbidden(_))) => Err("forbidden: needs get pods/log".into()),
                Ok(Err(fault)) => Err(fault.says("its log")),
                Err(_) => Err(format!("no answer within {:.1} s", WITHIN.as_secs_f32())),
            };
            Wrote { container, lines }
        }
    });
    futures::future::join_all(reads).await
}

/// The last lines, harmless and without what must not be shown.
fn last(log: &str) -> Vec<String> {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().iter();
    let line = |line: &str| {
        let masked = mask(line.as_bytes());
        clean_to(&String::from_utf8_lossy(&masked), LONGEST).into_owned()
    };
    shown.map(|text| line(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(statuses: &str) -> Value {
        serde_json::from_str(&format!(
            r#"{{"spec":{{"containers":[{{"name":"app"}},{{"name":"side"}}]}},"status":{{"containerStatuses":{statuses}}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_container_that_crashes_is_asked_for_the_run_that_ended() {
        let looping = pod(
            r#"[{"name":"app","restartCount":6,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
            "lastState":{"terminated":{"exitCode":1,"reason":"Error"}}},{"name":"side","restartCount":0,"state":{"running":{}}}]"#,
        );
        assert_eq!(crashing(&looping), [("app".to_owned(), true)]);
        let over = pod(
            r#"[{"name":"app","restartCount":0,"state":{"terminated":{"exitCode":3,"reason":"Error"}}}]"#,
        );
        assert_eq!(crashing(&over), [("app".to_owned(), false)]);
        let well = pod(
            r#"[{"name":"app","restartCount":1,"state":{"running":{}},"lastState":{"terminated":{"exitCode":0}}}]"#,
        );
        assert!(crashing(&well).is_empty());
    }

    #[test]
    fn only_the_last_lines_are_shown_and_no_secret() {
        let numbered: Vec<String> = (1..=12).map(|n| format!("line {n}")).collect();
        let log = format!("{}\n\npassword=hunter2 \u{1b}[31mno\n", numbered.join("\n"));
        let lines = last(&log);
        assert_eq!((lines.len(), &*lines[0]), (10, "line 4"));
        assert!(!lines[9].contains("hunter2") && !lines[9].contains('\u{1b}'), "{lines:?}");
    }
}
