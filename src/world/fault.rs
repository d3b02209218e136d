//! Stands before a server of the world, and breaks what goes through it when somebody wants that.
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::domain::exercise::{Backend, Fault, Faults};

/// How late a slow answer comes.
const LATE: Duration = Duration::from_secs(2);
/// How soon a fault is seen by what waits.
const LOOK: Duration = Duration::from_millis(50);
const PIECE: usize = 16 << 10;
const NONSENSE: &[u8] = b"\x00\xff this is no answer \x1b[31m\r\n\r\n";

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// Where clients come in, and where the server is.
pub enum Door {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

impl Door {
    async fn next(&self) -> io::Result<Box<dyn Both>> {
        Ok(match self {
            Door::Tcp(listener, _) => Box::new(listener.accept().await?.0),
            Door::Unix(listener, _) => Box::new(listener.accept().await?.0),
        })
    }

    async fn through(&self) -> io::Result<Box<dyn Both>> {
        Ok(match self {
            Door::Tcp(_, to) => Box::new(TcpStream::connect(to).await?),
            Door::Unix(_, to) => Box::new(UnixStream::connect(to).await?),
        })
    }
}

/// Takes connections until it is dropped, and passes each on.
pub async fn stand(door: Door, backend: Backend, faults: Faults) {
    let (door, mut all) = (Arc::new(door), JoinSet::new());
    loop {
        tokio::select! {
            Some(_) = all.join_next(), if !all.is_empty() => {}
            taken = door.next() => match taken {
                Ok(client) => {
                    let (door, now) = (door.clone(), Now { backend, faults: faults.clone() });
                    all.spawn(async move { pass(client, &door, &now).await });
                }
                // Out of descriptors: those that end make room.
                Err(_) => tokio::time::sleep(LOOK).await,
            },
        }
    }
}

struct Now {
    backend: Backend,
    faults: Faults,
}

impl Now {
    fn fault(&self) -> Fault {
        self.faults.of(self.backend)
    }

    /// Returns when connections are to be cut.
    async fn cut(&self) {
        while self.fault() != Fault::Cut {
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn pass(client: Box<dyn Both>, door: &Door, now: &Now) {
    if now.fault() == Fault::Cut {
        return;
    }
    let Ok(server) = door.through().await else { return };
    let (mut asked, mut told) = tokio::io::split(client);
    let (mut answers, mut asks) = tokio::io::split(server);
    tokio::select! {
        () = now.cut() => {}
        _ = tokio::io::copy(&mut asked, &mut asks) => {
            // Who has asked everything may still wait for the answer.
            let _ = asks.shutdown().await;
            answer(&mut answers, &mut told, now).await;
        }
        () = answer(&mut answers, &mut told, now) => {}
    }
}

async fn answer(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), now: &Now) {
    let mut piece = vec![0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let mut said = piece.get(..read).unwrap_or_default();
        match now.fault() {
            Fault::None | Fault::Cut => {}
            Fault::Slow => tokio::time::sleep(LATE).await,
            Fault::Silent => {
                while now.fault() == Fault::Silent {
                    tokio::time::sleep(LOOK).await;
                }
            }
            Fault::Garbage => said = NONSENSE,
        }
        if to.write_all(said).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, mut tasks) = (listener.local_addr().expect("an address"), JoinSet::new());
        tasks.spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = client.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        (address, tasks)
    }

    #[tokio::test]
    async fn a_backend_is_broken_for_those_who_are_there_and_for_those_who_come_and_is_whole_again() {
        let (to, _server) = echo().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, faults, mut tasks) =
            (listener.local_addr().expect("an address"), Faults::default(), JoinSet::new());
        tasks.spawn(stand(Door::Tcp(listener, to), Backend::Redis, faults.clone()));
        let mut said = [0; 4];
        let mut client = TcpStream::connect(address).await.expect("a connection");
        client.write_all(b"ping").await.expect("sent");
        client.read_exact(&mut said).await.expect("answered");
        assert_eq!(&said, b"ping");
        faults.set(Backend::Redis, Fault::Garbage);
        client.write_all(b"ping").await.expect("sent");
        client.read_exact(&mut said).await.expect("answered");
        assert_eq!(said, NONSENSE[..4]);
        faults.set(Backend::Redis, Fault::Cut);
        assert!(client.read_to_end(&mut Vec::new()).await.is_ok(), "it was cut");
        let mut other = TcpStream::connect(address).await.expect("a connection");
        assert!(matches!(other.read(&mut said).await, Ok(0) | Err(_)), "new ones are cut too");
        faults.set(Backend::Redis, Fault::None);
        let mut whole = TcpStream::connect(address).await.expect("a connection");
        whole.write_all(b"pong").await.expect("sent");
        whole.read_exact(&mut said).await.expect("answered");
        assert_eq!(&said, b"pong");
    }
}
