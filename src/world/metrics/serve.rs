//! Serves a Prometheus over TCP.
use tokio::net::TcpListener;

use super::Metrics;
use crate::world::base::Handle;
use crate::world::http;

pub async fn serve(listener: TcpListener, metrics: Handle<Metrics>) {
    http::listen(listener, move |request| metrics.look(|metrics| metrics.answer(request))).await;
}
