//! A proxy before any backend whose faults are switched while it runs: slow, reset, black hole, refused,
//! cut, garbage. With TLS ended in it, it also answers chosen HTTP requests itself: 429, 410, bad JSON.
pub(crate) mod http;
mod pump;
pub(crate) mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use http::{Answer, Rules};
use pump::{End, Line};
use tls::Tls;

/// What happens to every connection, new and open, from the moment it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Everything passes.
    Pass,
    /// Answers trickle.
    Slow { bytes_per_second: u32 },
    /// Every piece of an answer comes late.
    Delay(Duration),
    /// Connections are broken off with a reset.
    Reset,
    /// Connections are accepted, and nothing passes either way until the next fault is set.
    BlackHole,
    /// Nobody listens; open connections are closed.
    Refuse,
    /// Each connection is closed after this many more bytes of answers.
    Cut { after: u64 },
    /// The bytes of answers are replaced by random ones.
    Garbage,
}

/// What the connections of one proxy look at.
#[derive(Clone)]
struct Switch {
    fault: watch::Receiver<(u64, Fault)>,
    hung_up: watch::Receiver<u64>,
    rules: Rules,
}

/// It ends, with its connections, when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<(u64, Fault)>,
    hung_up: watch::Sender<u64>,
    /// The number of the last fault that the listener has taken up.
    taken_up: watch::Receiver<u64>,
    accepted: Arc<AtomicUsize>,
    rules: Rules,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes bytes as they are: TLS, if any, is between the client and the backend.
    pub(crate) async fn before(backend: SocketAddr) -> Proxy {
        Proxy::start(backend, None).await
    }

    /// Ends TLS here, so that requests can be read and answered; speaks TLS to the backend again.
    pub(crate) async fn ending_tls(backend: SocketAddr, tls: Tls) -> Proxy {
        Proxy::start(backend, Some(tls)).await
    }

    async fn start(backend: SocketAddr, tls: Option<Tls>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let (fault, fault_seen) = watch::channel((0, Fault::Pass));
        let (hung_up, hung_up_seen) = watch::channel(0);
        let (took_up, taken_up) = watch::channel(0);
        let (accepted, rules) = (Arc::new(AtomicUsize::new(0)), Rules::default());
        let switch = Switch { fault: fault_seen, hung_up: hung_up_seen, rules: rules.clone() };
        let door = Door { address, backend, tls, switch, took_up, accepted: accepted.clone() };
        let task = tokio::spawn(door.keep(listener));
        Proxy { address, fault, hung_up, taken_up, accepted, rules, task }
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when the fault holds, for new connections too.
    pub(crate) async fn set(&self, fault: Fault) {
        let number = self.fault.borrow().0 + 1;
        self.fault.send_replace((number, fault));
        let mut taken_up = self.taken_up.clone();
        taken_up.wait_for(|taken| *taken >= number).await.expect("the proxy lives");
    }

    /// Closes the connections that are open now, as a server does that restarts.
    pub(crate) fn hang_up(&self) {
        self.hung_up.send_modify(|times| *times += 1);
    }

    /// Answers each request whose line (`GET /api/v1/pods?watch=true`) holds this text, until forgotten.
    /// Only where TLS ends here or there is none.
    pub(crate) fn answer(&self, holding: &str, answer: Answer) {
        self.rules.add(holding, None, answer);
    }

    /// The same for this many requests only.
    pub(crate) fn answer_times(&self, holding: &str, times: u32, answer: Answer) {
        self.rules.add(holding, Some(times), answer);
    }

    pub(crate) fn forget_answers(&self) {
        self.rules.clear();
    }

    /// How many connections came in since the start.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The listening side.
struct Door {
    address: SocketAddr,
    backend: SocketAddr,
    tls: Option<Tls>,
    switch: Switch,
    took_up: watch::Sender<u64>,
    accepted: Arc<AtomicUsize>,
}

impl Door {
    async fn keep(self, first: TcpListener) {
        let mut listener = Some(first);
        let mut fault = self.switch.fault.clone();
        let mut connections = JoinSet::new();
        loop {
            let (number, now) = *fault.borrow_and_update();
            if now == Fault::Refuse {
                listener = None;
            } else if listener.is_none() {
                listener = Some(self.open_again().await);
            }
            self.took_up.send_replace(number);
            loop {
                tokio::select! {
                    changed = fault.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    Some(client) = accept(listener.as_ref()) => {
                        self.accepted.fetch_add(1, Ordering::SeqCst);
                        connections.spawn(serve(client, self.backend, self.tls.clone(), self.switch.clone()));
                    }
                    Some(_) = connections.join_next(), if !connections.is_empty() => {}
                }
            }
        }
    }

    /// The port was ours a moment ago; whoever borrowed it gives it back.
    async fn open_again(&self) -> TcpListener {
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

/// Never, while nobody listens.
async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(client, _)| client),
        None => std::future::pending().await,
    }
}

async fn serve(client: TcpStream, backend: SocketAddr, tls: Option<Tls>, switch: Switch) {
    let _ = client.set_nodelay(true);
    let mut line = Line::new(switch);
    if let Err(end) = line.may_pass().await {
        return hang_up(&client, end);
    }
    let Some(tls) = tls else {
        let (client, end) = both(line, client, TcpStream::connect(backend)).await;
        return hang_up(&client, end);
    };
    // A client that does not trust the proxy, or goes away, ends here.
    let Ok(client) = tls.accept(client).await else { return };
    let (client, end) = both(line, client, tls.connect(backend)).await;
    hang_up(client.get_ref().0, end);
}

async fn both<C, B>(
    mut line: Line,
    mut client: C,
    backend: impl Future<Output = std::io::Result<B>>,
) -> (C, End)
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let end = match backend.await {
        Ok(mut backend) => line.pump(&mut client, &mut backend).await,
        Err(_) => End::Reset,
    };
    (client, end)
}

fn hang_up(client: &TcpStream, end: End) {
    if end == End::Reset {
        let _ = client.set_zero_linger();
    }
}
