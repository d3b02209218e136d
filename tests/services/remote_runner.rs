//! Sessions on another box, over a real SSH server: the same driver, and never a statement here.
use firedeck::tools::runner::{Event, State, Stream, session, start};

use crate::bench::{Desk, Place, bytes, kill, next};
use crate::suite::setting;

/// `ssh://127.0.0.1:PORT`, without the engine's socket behind it.
fn target() -> String {
    let all = setting("DOCKER_SSH");
    let rest = all.strip_prefix("ssh://").expect("an address");
    format!("ssh://{}", rest.split('/').next().expect("a host"))
}

async fn far() -> Desk {
    Desk::with(|setup| (setup.remote, setup.workdir) = (Some(target()), Some("/usr".into()))).await
}

/// The number of the shell there.
async fn held(desk: &mut Desk) -> i32 {
    desk.run("echo $$").await.out.trim().parse().expect("a number")
}

#[tokio::test]
async fn statements_run_there_as_they_do_here() {
    let mut desk = Desk::with(|setup| {
        (setup.remote, setup.workdir) = (Some(target()), Some("/usr".into()));
        setup.env = vec![("OURS".into(), "it's\n2".into())];
    })
    .await;
    assert_eq!(
        desk.out("pwd; echo \"$PAGER ${SSH_CONNECTION:+far}\"; echo \"$OURS\"").await,
        "/usr\ncat far\nit's\n2\n"
    );
    desk.run("kept=1; say() { echo \"said $1\"; }; cd /").await;
    assert_eq!(desk.out("say $kept; pwd").await, "said 1\n/\n");
    assert_eq!(desk.run("false | true | (exit 4)").await.ended.codes, [1, 0, 4]);
    assert_eq!(desk.out("echo $? ${PIPESTATUS[@]}").await, "4 1 0 4\n");
    let ran = desk.run("printf 'a\\0\\377\\n'; echo oops >&2").await;
    assert_eq!(bytes(&desk.place.dir(), ran.ended.statement, Stream::Out), b"a\0\xff\n");
    assert_eq!(ran.err, "oops\n");
    let ran = desk
        .run("[ ! -t 0 ] && ! read -r line && head -c 300000 /dev/zero && head -c 300000 /dev/zero >&2")
        .await;
    assert_eq!((ran.ended.status, ran.ended.bytes), (0, [300_000, 300_000, 0]));
    for n in 0..110 {
        assert_eq!(desk.run(format!("(exit {})", n % 7)).await.ended.codes, [n % 7]);
    }
    let ran = desk.run("exec >/dev/null 2>&1; for i in {0..255}; do echo forged >&$i; done; (exit 9)").await;
    assert_eq!(ran.ended.codes, [9], "its own stdout was taken from it, and it answers all the same");
}

#[tokio::test]
async fn the_shell_there_that_ends_says_how() {
    let mut desk = far().await;
    desk.run("mine=1; trap 'echo bye' EXIT").await;
    let statement = desk.start("exit 3").await;
    let gone = desk.shell_gone().await;
    assert_eq!((gone.statement, gone.code), (Some(statement), Some(3)));
    assert_eq!(gone.variables, ["mine"]);
    assert_eq!(desk.text(statement, Stream::Out), "bye\n");
    desk.place.is_empty().await;
}

#[tokio::test]
async fn a_statement_there_is_stopped_there() {
    let mut desk = far().await;
    let pid = held(&mut desk).await;
    let statement = desk.start("echo ready; sleep 311; echo next").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    desk.handle.stop(statement).await.expect("stopping");
    let gone = desk.lost().await;
    assert!(gone.stopped && gone.statement == Some(statement), "{gone:?}");
    assert!(!desk.text(statement, Stream::Out).contains("next"));
    desk.place.is_empty().await;
    is_gone(pid).await;
}

/// The box there is this one: its process is seen here.
async fn is_gone(pid: i32) {
    let waiting = async {
        while std::path::Path::new(&format!("/proc/{pid}")).exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(crate::bench::PATIENCE, waiting).await;
    assert!(gone.is_ok(), "process {pid} goes on");
}

#[tokio::test]
async fn a_connection_that_breaks_loses_the_session_and_ends_what_ran_there() {
    let mut desk = far().await;
    desk.run("mine=1").await;
    let pid = held(&mut desk).await;
    let statement = desk.start("echo ready; sleep 312; echo next >/tmp/firedeck-never").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    let found = desk.place.processes();
    let ssh = found
        .iter()
        .find(|(_, line)| line.starts_with("ssh ") || line.contains("/ssh "))
        .expect("a connection");
    kill(ssh.0);
    let gone = desk.lost().await;
    assert!(gone.why.contains("broke") && gone.statement == Some(statement), "{gone:?}");
    assert_eq!(gone.variables, ["mine"]);
    desk.place.is_empty().await;
    is_gone(pid).await;
    let found = session(&desk.place.dir()).expect("a session");
    assert!(matches!(found.state, State::Over(Event::Lost(_))), "{found:?}");
}

#[tokio::test]
async fn killing_the_runner_here_ends_what_ran_there() {
    let mut desk = far().await;
    let pid = held(&mut desk).await;
    let statement = desk.start("echo ready; sleep 313").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    kill(desk.place.runner());
    assert_eq!(desk.until(Event::is_final).await, Event::Interrupted { statement: Some(statement) });
    is_gone(pid).await;
}

#[tokio::test]
async fn a_session_there_ends_softly_and_leaves_nothing() {
    let mut desk = far().await;
    let pid = held(&mut desk).await;
    let mut other = desk.attach().await;
    desk.handle.end(false).await.expect("ended");
    let gone = desk.lost().await;
    assert_eq!((gone.why.as_str(), gone.statement), ("the session was ended", None));
    desk.place.is_empty().await;
    is_gone(pid).await;
    while !next(&mut other).await.is_final() {}
}

#[tokio::test]
async fn a_box_that_cannot_be_reached_or_has_no_terminal_to_give_is_said() {
    let place = Place::new();
    let mut setup = place.setup();
    setup.remote = Some("ssh://127.0.0.1:1".into());
    let why = start(&setup).await.expect_err("refused");
    assert!(why.contains("ssh://127.0.0.1:1") && why.contains("refused"), "{why}");
    place.is_empty().await;
    let place = Place::new();
    let mut setup = place.setup();
    (setup.remote, setup.workdir) = (Some(target()), Some("/nowhere".into()));
    let why = start(&setup).await.expect_err("refused");
    assert!(why.contains("/nowhere"), "{why}");
    for bad in ["-oProxyCommand=x", "a b", ""] {
        setup.remote = Some(bad.into());
        let why = start(&setup).await.expect_err("refused");
        assert!(why.contains("is no `user@host`"), "{why}");
    }
    (setup.remote, setup.full_terminal) = (Some(target()), true);
    let why = start(&setup).await.expect_err("refused");
    assert!(why.contains("has no terminal"), "{why}");
}
