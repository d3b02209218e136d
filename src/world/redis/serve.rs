//! Redis' protocol over TCP.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Redis;
use super::reply::take;
use crate::world::base::Handle;
use crate::world::http::accept;

/// An answer that nobody reads must not grow without end.
const MOST_AT_ONCE: usize = 4 << 20;

pub async fn serve(listener: TcpListener, part: Handle<Redis>) {
    let mut connections = JoinSet::new();
    loop {
        let mut stream = accept(&listener, &mut connections).await;
        let part = part.clone();
        connections.spawn(async move {
            let address = stream.peer_addr().map_or(String::new(), |address| address.to_string());
            match part.with(|redis| redis.connect(&address)) {
                Some(Ok((id, gone))) => {
                    talk(&mut stream, id, &gone, part.clone()).await;
                    part.with(|redis| redis.leave(id));
                }
                Some(Err(why)) if !why.is_empty() => {
                    let _ = stream.write_all(format!("-{why}\r\n").as_bytes()).await;
                }
                _ => {}
            }
        });
    }
}

async fn talk(stream: &mut TcpStream, id: u64, gone: &Arc<AtomicBool>, mut part: Handle<Redis>) {
    let _ = stream.set_nodelay(true);
    let mut heard = BytesMut::with_capacity(4_096);
    loop {
        let mut out = Vec::new();
        let broken = loop {
            match take(&mut heard) {
                Ok(Some(words)) if words.is_empty() => {}
                Ok(Some(words)) => drop(part.with(|redis| redis.answer(id, &words, &mut out))),
                Ok(None) => break false,
                Err(why) => {
                    out.extend_from_slice(format!("-{why}\r\n").as_bytes());
                    break true;
                }
            }
            if gone.load(Ordering::Relaxed) {
                break true;
            }
            if out.len() > MOST_AT_ONCE && stream.write_all(&std::mem::take(&mut out)).await.is_err() {
                return;
            }
        };
        if stream.write_all(&out).await.is_err() || broken {
            return;
        }
        // Whoever is killed hears it when anything happens; to look at the flag changes nothing.
        let read = async {
            loop {
                tokio::select! {
                    read = stream.read_buf(&mut heard) => return read.is_ok_and(|count| count > 0),
                    alive = part.changed() => if !alive || gone.load(Ordering::Relaxed) { return false },
                }
            }
        };
        if !read.await {
            return;
        }
    }
}
