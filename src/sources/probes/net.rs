//! Asks whether a port accepts connections, and whether a name leads anywhere.
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::super::reason::reason;
use super::ask::Asked;
use crate::domain::settings::limit::{BoundValue, Fact};
use crate::domain::vital::{Answer, Heard};

const CONNECT: Duration = Duration::from_secs(3);
const LOOKUP: Duration = Duration::from_secs(4);

/// Connects and hangs up.
pub(super) async fn tcp(fact: &Fact) -> Asked {
    let began = Instant::now();
    let stream = match connect(&fact.query).await {
        Ok(stream) => stream,
        Err(asked) => return asked,
    };
    let peer = stream.peer_addr().map_or_else(|_| String::new(), |peer| peer.to_string());
    let mut heard = match fact.unit.as_deref() {
        Some("ms") => Heard::value(began.elapsed().as_secs_f64() * 1000.0),
        _ => Heard::text("accepting"),
    };
    heard.note.clone_from(&peer);
    Asked::new(heard).seen("Connection", [("to".into(), peer)])
}

/// A connection, or what not getting one means.
pub(super) async fn connect(address: &str) -> Result<TcpStream, Asked> {
    let mut addresses = match timeout(LOOKUP, lookup_host(address)).await {
        Err(_) => return Err(Asked::failed("host name not found from here: the lookup timed out")),
        Ok(Err(_)) => return Err(Asked::failed("host name not found from here")),
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
    };
    addresses.truncate(4);
    match timeout(CONNECT, TcpStream::connect(addresses.as_slice())).await {
        Err(_) => Err(Asked::broken("not accepting: timed out")),
        Ok(Err(error)) => {
            let why = reason(&error);
            let here = ["network unreachable", "no route to host"].contains(&why.as_str());
            Err(if here {
                Asked::failed(&format!("{why} from here"))
            } else {
                Asked::broken(&format!("not accepting: {why}"))
            })
        }
        Ok(Ok(stream)) => Ok(stream),
    }
}

/// Looks a name up as this box does. A limit that names an address is held against all that came.
pub(super) async fn dns(fact: &Fact) -> Asked {
    let name = fact.query.trim_end_matches('.');
    let found = match timeout(LOOKUP, lookup_host((name, 0))).await {
        Err(_) => return Asked::failed("timed out"),
        Ok(Err(_)) => return Asked::broken("does not resolve"),
        Ok(Ok(found)) => found.map(|address| address.ip()).collect::<BTreeSet<IpAddr>>(),
    };
    let bounds = [&fact.ok, &fact.warning, &fact.critical].into_iter().flatten();
    let mut wanted = bounds.filter_map(|bound| match &bound.value {
        BoundValue::Text(text) => text.parse::<IpAddr>().ok(),
        BoundValue::Number(_) => None,
    });
    let first = found.first().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let answer = match wanted.next() {
        Some(address) if found.contains(&address) => Answer::Word(address.to_string().into()),
        Some(_) => Answer::Word(first.into()),
        None => Answer::Word("resolves".into()),
    };
    let all: Vec<String> = found.iter().map(ToString::to_string).collect();
    let heard = Heard::of(answer).note(all.join(", "));
    Asked::new(heard).seen("Addresses", all.into_iter().map(|one| (String::new(), one)))
}
