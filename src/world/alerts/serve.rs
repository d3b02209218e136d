//! Serves an Alertmanager over TCP.
use tokio::net::TcpListener;

use super::Alerts;
use crate::world::base::Handle;
use crate::world::http;

pub async fn serve(listener: TcpListener, alerts: Handle<Alerts>) {
    http::listen(listener, move |request| alerts.with(|alerts| alerts.answer(request))).await;
}
