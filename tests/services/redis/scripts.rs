//! What keeps a node busy is ended by its key, and nothing else is.
use firedeck::domain::action::{Check, Native, Outcome, Verb};
use firedeck::domain::object::Object;

use super::act;
use super::server::{Cockpit, Server, versions};

fn end_script(node: &Object, function: bool) -> Native {
    Native { target: node.id.clone(), uid: node.uid.clone(), verb: Verb::EndScript { function } }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_keeps_a_node_busy_is_ended_and_one_that_has_written_is_not() {
    for (version, _) in versions() {
        let name = if version == "6.2" { "--lua-time-limit" } else { "--busy-reply-threshold" };
        let server = Server::start(version, &[name, "300"]).await;
        let cockpit = Cockpit::of(&server.url());
        let native = end_script(&cockpit.says(&server, "ok").await, false);
        let nothing = cockpit.backend.look(std::slice::from_ref(&native)).await;
        assert!(nothing.drift.is_some_and(|why| why.contains("no script runs")), "{version}");
        let _busy = server.client(&["eval \"while true do end\" 0"]);
        cockpit.says(&server, "only SCRIPT KILL helps").await;
        let findings = cockpit.backend.look(std::slice::from_ref(&native)).await;
        assert_eq!(findings.drift, None, "{version}");
        let known = if version == "6.2" { Check::NotChecked } else { Check::Yes };
        assert_eq!(findings.allowed, known, "{version}");
        let outcome = act(&cockpit, &native).await;
        assert!(matches!(&outcome, Outcome::Settled { .. }), "{version}: {outcome:?}");
        cockpit.says(&server, "ok").await;
        let again = act(&cockpit, &native).await;
        assert!(
            matches!(&again, Outcome::Refused { why } if why.contains("any more")),
            "{version}: {again:?}"
        );
        let _writes = server.client(&["eval \"redis.call('set', 'a', '1') while true do end\" 0"]);
        cockpit.says(&server, "BUSY").await;
        let written = act(&cockpit, &native).await;
        assert!(
            matches!(&written, Outcome::Refused { why } if why.starts_with("UNKILLABLE")),
            "{version}: {written:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_keeps_a_node_busy_is_named_and_ended() {
    for version in ["7.0", "8.0", "valkey"] {
        let server = Server::start(version, &["--busy-reply-threshold", "300"]).await;
        let library = "#!lua name=lib\nredis.register_function('spin', function() while true do end end)";
        server.cli(&["function", "load", library]);
        let cockpit = Cockpit::of(&server.url());
        cockpit.says(&server, "ok").await;
        let _busy = server.client(&["fcall spin 0"]);
        let native = end_script(&cockpit.says(&server, "only FUNCTION KILL helps").await, true);
        let findings = cockpit.backend.look(std::slice::from_ref(&native)).await;
        let said = findings.effect.join("\n");
        assert!(said.starts_with("spin runs for ") && said.contains("spin 0"), "{version}: {said}");
        assert_eq!((&findings.allowed, &findings.drift), (&Check::Yes, &None), "{version}");
        // What was asked about is what is ended.
        let script = Native { verb: Verb::EndScript { function: false }, ..native.clone() };
        assert!(matches!(act(&cockpit, &script).await, Outcome::Refused { .. }), "{version}");
        let outcome = act(&cockpit, &native).await;
        assert!(matches!(&outcome, Outcome::Settled { .. }), "{version}: {outcome:?}");
        cockpit.says(&server, "ok").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_end_a_script_is_told_before() {
    let server = Server::start("7.0", &["--busy-reply-threshold", "300"]).await;
    server.cli(&["acl", "setuser", "mon", "on", ">pw", "~*", "+@all", "-script|kill"]);
    let cockpit = Cockpit::known_as(&server.url(), Some(("mon", "pw")));
    cockpit.says(&server, "ok").await;
    let _busy = server.client(&["eval \"while true do end\" 0"]);
    let native = end_script(&cockpit.says(&server, "BUSY").await, false);
    let findings = cockpit.backend.look(std::slice::from_ref(&native)).await;
    assert_eq!(findings.allowed, Check::No("ACL SETUSER mon +script|kill".into()));
    let outcome = act(&cockpit, &native).await;
    assert!(matches!(&outcome, Outcome::Refused { why } if why.contains("+script|kill")), "{outcome:?}");
    server.cli(&["script", "kill"]);
}
