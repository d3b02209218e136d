//! What an engine, or who stands before it, lets us do: asked about a container that cannot be there.
use std::time::{Duration, Instant};

use serde_json::json;

use super::Docker;
use super::client::{Client, Fault};

const WITHIN: Duration = Duration::from_secs(3);
/// No container is called so; what would be done to it is done to nothing.
const NOBODY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A key for programs, what it is in words, and whether it may be done; else why that is not known.
pub type May = (&'static str, &'static str, Result<bool, String>);

impl Docker {
    /// What is let through by the engine of this name.
    pub async fn may(&self, name: &str) -> Result<Vec<May>, String> {
        let client = self.engine(name)?.client().map_err(|fault| fault.words())?;
        let at = |what: &str| format!("/containers/{NOBODY}/{what}");
        let logs = client.get::<serde_json::Value>(&at("logs"), &[("stdout", "1")], WITHIN).await;
        let stats = client.get::<serde_json::Value>(&at("stats"), &[("stream", "false")], WITHIN).await;
        let restart = client.post(&at("restart"), &[], WITHIN).await;
        let stop = client.post(&at("stop"), &[], WITHIN).await;
        let exec = client.tell(&at("exec"), &json!({"Cmd": ["true"]}), WITHIN).await;
        Ok(vec![
            ("may_read_logs", "read logs", told(logs)),
            ("may_see_stats", "see what containers use", told(stats)),
            ("may_restart", "restart and start", told(restart)),
            ("may_stop", "stop", told(stop)),
            ("may_exec", "open a shell", told(exec)),
        ])
    }

    /// How long three small requests took.
    pub async fn pings(&self, name: &str) -> Vec<Duration> {
        let Ok(client) = self.engine(name).and_then(|engine| engine.client().map_err(|f| f.words())) else {
            return Vec::new();
        };
        let client: &Client = &client;
        let mut all = Vec::new();
        for _ in 0..3 {
            let began = Instant::now();
            if client.ping(WITHIN).await.is_err() {
                return Vec::new();
            }
            all.push(began.elapsed());
        }
        all
    }
}

/// That there is no such container is what somebody says who would have done it.
fn told<T>(answer: Result<T, Fault>) -> Result<bool, String> {
    match answer {
        Ok(_) | Err(Fault::Gone) => Ok(true),
        Err(Fault::Says { code: 401 | 403 | 405, .. }) => Ok(false),
        Err(fault) => Err(fault.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_no_is_a_no() {
        let says = |code| told::<()>(Err(Fault::Says { code, says: "x".into() }));
        assert_eq!(told::<()>(Err(Fault::Gone)), Ok(true));
        assert_eq!((says(403), says(405)), (Ok(false), Ok(false)));
        assert!(says(500).is_err() && told::<()>(Err(Fault::Lost { why: "late".into() })).is_err());
    }
}
