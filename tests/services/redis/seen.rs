//! Nodes by two ways, the hottest keys, every setting.
use firedeck::domain::object::{Facts, Kind};
use firedeck::domain::redis::RedisFacts;

use super::server::{self, Cockpit, Server, versions};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_two_endpoints_see_stands_once_and_stays_when_one_of_them_is_gone() {
    let mut primary = Server::start("7.0", &[]).await;
    let replica = Server::start("7.0", &["--replicaof", "127.0.0.1", &primary.port.to_string()]).await;
    let other = replica.url().replace("127.0.0.1", "localhost");
    let cockpit = Cockpit::over(&[("one", &primary.url()), ("two", &other)], None);
    let both = |known: &server::Known| -> Option<Vec<String>> {
        let nodes = known.of(Kind::RedisNode);
        let ok = nodes.iter().all(|node| node.status() == "ok");
        let mut ids: Vec<&str> = nodes.iter().map(|node| &*node.uid).collect();
        ids.sort_unstable();
        ids.dedup();
        (ok && nodes.len() == 2 && ids.len() == 2)
            .then(|| nodes.iter().map(|node| node.id.context.to_string()).collect())
    };
    let under = cockpit.until("each node once", both).await;
    assert_eq!(under, ["one", "one"], "both stand under the first endpoint");
    primary.kill();
    cockpit.says(&primary, "down: ").await;
    let nodes = cockpit.look(|known| known.of(Kind::RedisNode).len());
    assert_eq!(nodes, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hottest_keys_are_told_where_the_server_counts_and_our_own_look_is_no_use() {
    for (version, _) in versions() {
        let server =
            Server::start(version, &["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu"]).await;
        let sessions = (0..15).map(|n| format!("set session:{n} x\n"));
        let fill: String = sessions.chain(["set page x\n".to_owned()]).collect();
        server.fed(&[], &(fill + &"get page\n".repeat(3_000)));
        server.cli(&["config", "resetstat"]);
        let cockpit = Cockpit::of(&server.url());
        cockpit.backend.watch(&[Kind::RedisNode, Kind::KeyGroup]);
        let heat = cockpit
            .until("a hot key", |known| {
                known.of(Kind::KeyGroup).into_iter().find_map(|object| match &object.facts {
                    Facts::Redis(RedisFacts::Keys(group)) if &*group.name == "page" => group.heat,
                    _ => None,
                })
            })
            .await;
        assert!(heat > 6, "{version}: {heat}");
        // Two looks later there were lookups, and all were our own.
        cockpit.until("rates", |known| known.node(&server.name())?.0.rates.evicted).await;
        let (node, _) = cockpit.look(|known| known.node(&server.name())).expect("it was just seen");
        assert_eq!(node.rates.hit_rate, None, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_is_told_by_its_name_and_no_secret() {
    let server = Server::start("8.0", &["--requirepass", "sesame"]).await;
    let cockpit = Cockpit::of(&server.url().replace("//", "//:sesame@"));
    let node = cockpit.says(&server, "ok").await;
    let page = cockpit.backend.inspect(&node.id).await;
    let others =
        page.sections.iter().find(|section| section.title == "All other settings").expect("they are told");
    let value =
        |name: &str| others.lines.iter().find(|line| line.label == name).map(|line| line.value.as_str());
    assert_eq!((value("hz"), value("requirepass")), (Some("10"), Some("(hidden)")));
    assert_eq!(value("maxclients"), None, "it stands among the chosen ones");
    assert!(!format!("{page:?}").contains("sesame"));
}
