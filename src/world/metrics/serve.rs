//! Serves a Prometheus over TCP.
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Metrics;
use crate::world::base::Handle;
use crate::world::http;

/// So many connections are served at once; others wait.
const MOST: usize = 128;

pub async fn serve(listener: TcpListener, metrics: Handle<Metrics>) {
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
        let metrics = metrics.clone();
        connections.spawn(http::serve(connection, move |request| {
            let metrics = metrics.clone();
            Box::pin(async move {
                let answer = metrics.look(|metrics| metrics.answer(&request));
                answer.unwrap_or_else(|| http::whole(503, "text/plain", "the world has ended\n"))
            })
        }));
    }
}
