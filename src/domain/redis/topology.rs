//! Who belongs together: the nodes that a cluster, a sentinel, a primary or a replica names.
use std::collections::BTreeSet;
use std::fmt;

use super::node::{RedisNode, Replica, Role};
use crate::domain::Text;
use crate::domain::text::clean_to;

/// No estate has more nodes worth a connection each.
pub const MOST_NODES: usize = 16;
/// A cluster has a thousand nodes at most.
const MOST_LINES: usize = 2_000;

/// Where a node listens; what people call it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Spot {
    pub host: Text,
    /// 0 for a socket in the file system.
    pub port: u16,
}

impl Spot {
    pub fn new(host: &str, port: u16) -> Spot {
        Spot { host: clean_to(host, 255).into(), port }
    }

    /// `10.0.0.5:6379`, `::1:6379`, `[::1]:6379`.
    pub fn parse(text: &str) -> Option<Spot> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then_some(())?;
        Some(Spot::new(host, port.parse().ok()?))
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            0 => out.write_str(&self.host),
            port if self.host.contains(':') => write!(out, "[{}]:{port}", self.host),
            port => write!(out, "{}:{port}", self.host),
        }
    }
}

/// The nodes of a cluster that take part in it, from `CLUSTER NODES`.
pub fn of_cluster(text: &str) -> Vec<Spot> {
    let mut all = Vec::new();
    for line in text.lines().take(MOST_LINES) {
        let mut words = line.split(' ');
        let (Some(_), Some(place), Some(flags)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if flags.split(',').any(|flag| matches!(flag, "noaddr" | "handshake")) {
            continue;
        }
        // `10.0.0.5:6379@16379,name,shard-id=…`
        let (address, rest) = place.split_once('@').unwrap_or((place, ""));
        let named = rest.split(',').nth(1).filter(|name| !name.is_empty() && !name.contains('='));
        let spot = Spot::parse(address).or_else(|| {
            let port = address.rsplit_once(':')?.1.parse().ok()?;
            Some(Spot::new(named?, port))
        });
        all.extend(spot);
    }
    all
}

/// `cluster_state` of `CLUSTER INFO`.
pub fn cluster_state(text: &str) -> Option<Text> {
    let state = text.lines().find_map(|line| line.trim().strip_prefix("cluster_state:"))?;
    Some(clean_to(state, 40).into())
}

/// Whom a node names beside itself.
pub fn named_by(node: &RedisNode) -> BTreeSet<Spot> {
    let replicas = node.replication.replicas.iter().map(|replica| replica.at.clone());
    let watched = node.watched.iter().filter_map(|watched| watched.at.clone());
    let primary = node.replication.primary.clone().filter(|_| node.role == Role::Replica);
    replicas.chain(watched).chain(primary).filter(|spot| spot.port > 0).collect()
}

/// How a replica is doing in the eyes of its primary.
pub fn seen_by_primary<'n>(nodes: &'n [RedisNode], at: &Spot) -> Option<&'n Replica> {
    let primaries = nodes.iter().filter(|node| node.role == Role::Primary && node.trouble.is_none());
    primaries.flat_map(|node| &node.replication.replicas).find(|replica| replica.at == *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redis::info::Info;
    use crate::domain::redis::rates::History;
    use crate::domain::time::Timestamp;

    const NODES: &str = "\
07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,hostname4 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002,,shard-id=b2 master - 0 1426238316232 2 connected 5461-10922
292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f 127.0.0.1:30003@31003 master,fail - 0 1426238318243 3 disconnected 10923-16383
824fe116063bc5fcf9f4ffd895bc17aee7731ac3 :0@0 slave,noaddr 292f8b 0 1426238317741 6 disconnected
6ec23923021cf3ffec47632106199cb7f496ce01 :6379@16379,cache-5.example slave 67ed2d 0 1426238316232 5 connected
9ac23923021cf3ffec47632106199cb7f496ce01 [fe80::1]:6379@16379 slave 67ed2d 0 1426238316232 5 connected
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460
nonsense
";

    #[test]
    fn a_cluster_names_its_nodes_but_not_those_without_an_address() {
        let names: Vec<String> = of_cluster(NODES).iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "127.0.0.1:30004",
                "127.0.0.1:30002",
                "127.0.0.1:30003",
                "cache-5.example:6379",
                "[fe80::1]:6379",
                "127.0.0.1:30001",
            ]
        );
        assert_eq!(cluster_state("cluster_enabled:1\r\ncluster_state:fail\r\n").as_deref(), Some("fail"));
        assert_eq!(cluster_state(""), None);
    }

    fn node(text: &str) -> RedisNode {
        RedisNode::of(Spot::new("a", 1), &Info::parse(text), Timestamp(0), &History::default())
    }

    #[test]
    fn primaries_replicas_and_sentinels_name_each_other() {
        let names = |text: &str| named_by(&node(text)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            names(
                "role:master\nslave0:ip=10.0.0.7,port=6380,state=online,offset=5,lag=1\nslave_expires_tracked_keys:0"
            ),
            ["10.0.0.7:6380"]
        );
        assert_eq!(names("role:slave\nmaster_host:10.0.0.5\nmaster_port:6379"), ["10.0.0.5:6379"]);
        // A replica that was promoted follows nobody.
        assert_eq!(names("role:master\nmaster_host:10.0.0.5\nmaster_port:6379"), [""; 0]);
        assert_eq!(
            names(
                "redis_mode:sentinel\nmaster0:name=shop,status=ok,address=10.0.0.5:6379,slaves=2,sentinels=3"
            ),
            ["10.0.0.5:6379"]
        );
    }

    #[test]
    fn a_place_is_read_as_people_and_servers_write_it() {
        for (text, shown) in
            [("db:6379", "db:6379"), ("::1:6379", "[::1]:6379"), ("[::1]:6379", "[::1]:6379")]
        {
            assert_eq!(Spot::parse(text).map(|spot| spot.to_string()).as_deref(), Some(shown));
        }
        for text in ["", ":6379", "db", "db:port", "db:70000"] {
            assert_eq!(Spot::parse(text), None, "{text}");
        }
        assert_eq!(Spot::new("/run/redis.sock", 0).to_string(), "/run/redis.sock");
    }
}
