//! How long the way to a server is, without the login.
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::report::Status;
use crate::domain::settings::Backend;

const TRIES: usize = 3;
const WITHIN: Duration = Duration::from_secs(2);
/// Nobody works well with a server that is farther away.
const SLOW: Duration = Duration::from_secs(1);

/// How long connections to a place took: `db.example:5432/shop`, `/run/redis.sock`. Nothing where one failed.
pub(super) async fn connects(place: &str) -> Vec<Duration> {
    let mut all = Vec::new();
    for _ in 0..TRIES {
        let began = Instant::now();
        let opened = async {
            if place.starts_with('/') {
                return UnixStream::connect(place).await.is_ok();
            }
            match place.split('/').next().filter(|at| at.contains(':')) {
                Some(at) => TcpStream::connect(at).await.is_ok(),
                None => false,
            }
        };
        if !timeout(WITHIN, opened).await.unwrap_or(false) {
            return Vec::new();
        }
        all.push(began.elapsed());
    }
    all
}

/// The median in words, before what follows.
pub(super) fn told(backend: Backend, tries: &[Duration]) -> (Status, String, Option<f64>) {
    let mut sorted = tries.to_vec();
    sorted.sort();
    let Some(median) = sorted.get(sorted.len() / 2) else { return (Status::Good, String::new(), None) };
    let verb = if matches!(backend, Backend::Postgres | Backend::Redis) { "connects" } else { "answers" };
    let milliseconds = (median.as_secs_f64() * 10_000.0).round() / 10.0;
    let shown = if milliseconds < 10.0 { format!("{milliseconds}") } else { format!("{milliseconds:.0}") };
    let status = if *median >= SLOW { Status::Warning } else { Status::Good };
    (status, format!("{verb} in {shown} ms (median of {}), ", tries.len()), Some(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_counts_and_a_slow_way_is_no_good_one() {
        let ms = Duration::from_micros;
        let (status, says, number) = told(Backend::Redis, &[ms(900), ms(412), ms(90_000)]);
        assert_eq!((status, says.as_str()), (Status::Good, "connects in 0.9 ms (median of 3), "));
        assert_eq!(number, Some(0.9));
        let slow = told(Backend::Prometheus, &[Duration::from_secs(2); 3]);
        assert_eq!((slow.0, slow.1.as_str()), (Status::Warning, "answers in 2000 ms (median of 3), "));
        assert_eq!(told(Backend::Docker, &[]).1, "");
    }

    #[tokio::test]
    async fn a_way_is_measured_without_a_login() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("one").to_string();
        assert_eq!(connects(&format!("{at}/shop")).await.len(), 3);
        // Held, so that no other test comes to listen there.
        let silent = tokio::net::TcpSocket::new_v4().expect("a socket");
        silent.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let at = silent.local_addr().expect("one").to_string();
        assert!(connects(&at).await.is_empty() && connects("somewhere").await.is_empty());
    }
}
