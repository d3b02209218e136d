//! What the containers of an engine take, measured while somebody looks.
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::api::Stats;
use super::client::{Client, ONE_SHOT};
use super::engine::Engine;
use super::facts::Known;
use crate::domain::Text;
use crate::domain::container::ContainerState;
use crate::sources::now;

const EVERY: Duration = Duration::from_secs(10);
/// One measurement tells nothing of how busy it is: the second comes soon.
const AT_FIRST: Duration = Duration::from_secs(2);
/// Containers measured in one round, and at the same time.
const MOST: usize = 64;
const AT_ONCE: usize = 4;
const WITHIN: Duration = Duration::from_secs(4);

/// Measures while `watched`, and says so after every round; ends when nobody listens.
pub(super) async fn keep(
    engine: &Engine,
    client: &Client,
    mut watched: watch::Receiver<bool>,
    measured: &Notify,
) {
    loop {
        if watched.wait_for(|watched| *watched).await.is_err() {
            return;
        }
        let mut pause = AT_FIRST;
        while *watched.borrow_and_update() {
            round(engine, client).await;
            measured.notify_one();
            let _ = timeout(pause, watched.changed()).await;
            pause = EVERY;
        }
        engine.table().values_mut().for_each(Known::unmeasured);
        measured.notify_one();
        // Who goes to and fro between panes starts no round each time.
        sleep(Duration::from_millis(200)).await;
    }
}

async fn round(engine: &Engine, client: &Client) {
    let running: Vec<Text> = {
        let table = engine.table();
        let runs = table.iter().filter(|(_, known)| known.facts.state == ContainerState::Running);
        let mut runs: Vec<_> = runs.map(|(id, known)| (known.measured_at, id.clone())).collect();
        // Who was not measured for longest is first, so that all have their turn.
        runs.sort();
        runs.into_iter().take(MOST).map(|(_, id)| id).collect()
    };
    let query: &[(&str, &str)] = if client.api >= ONE_SHOT {
        &[("stream", "false"), ("one-shot", "true")]
    } else {
        &[("stream", "false")]
    };
    let asked = running.into_iter().map(|id| async move {
        let stats = client.get::<Stats>(&format!("/containers/{id}/stats"), query, WITHIN).await;
        (id, stats)
    });
    let mut asked = stream::iter(asked).buffer_unordered(AT_ONCE);
    let at = now();
    while let Some((id, stats)) = asked.next().await {
        let mut table = engine.table();
        let Some(known) = table.get_mut(&id) else { continue };
        known.measured_at = at;
        match stats {
            Ok(stats) => known.measured(&stats),
            Err(fault) => {
                tracing::debug!(%id, "not measured: {}", fault.words());
                known.unmeasured();
            }
        }
    }
}
