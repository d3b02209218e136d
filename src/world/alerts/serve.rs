//! Serves an Alertmanager over TCP.
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Alerts;
use crate::world::base::Handle;
use crate::world::http;

/// So many connections are served at once; others wait.
const MOST: usize = 128;

pub async fn serve(listener: TcpListener, alerts: Handle<Alerts>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MOST {
            connections.join_next().await;
        }
        let Ok((connection, _)) = listener.accept().await else {
            // Out of descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let alerts = alerts.clone();
        connections.spawn(http::serve(connection, move |request| {
            let alerts = alerts.clone();
            Box::pin(async move {
                let answer = alerts.with(|alerts| alerts.answer(&request));
                answer.unwrap_or_else(|| http::whole(503, "text/plain", "the world has ended\n"))
            })
        }));
    }
}
