//! A session on another box, as far as it can be tried without one: the other end of `ssh` is a shell here.
use std::os::unix::fs::PermissionsExt;

use firedeck::tools::runner::{Setup, Stream};

use super::bench::Desk;

/// `ssh` does `connecting` and is then the shell of the other box.
async fn far(connecting: &str) -> Desk {
    let connecting = connecting.to_owned();
    Desk::with(move |setup: &mut Setup| {
        let bin = setup.dir.with_file_name("bin");
        std::fs::create_dir(&bin).expect("made");
        let ssh = bin.join("ssh");
        std::fs::write(&ssh, format!("#!/bin/bash\n{connecting}\nexec bash\n")).expect("written");
        std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o700)).expect("set");
        let path = std::env::var("PATH").expect("a path");
        setup.env = vec![("PATH".into(), format!("{}:{path}", bin.display()))];
        (setup.remote, setup.workdir) = (Some("ops@box".into()), None);
    })
    .await
}

#[tokio::test]
async fn a_trap_there_does_not_let_the_next_command_of_a_stopped_statement_run() {
    let mut desk = far("").await;
    let statement = desk.start("trap 'echo cleaning' INT TERM; echo ready; sleep 309; echo next").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    desk.handle.stop(statement).await.expect("stopping");
    assert!(desk.lost().await.stopped);
    desk.place.is_empty().await;
    assert!(!desk.text(statement, Stream::Out).contains("next"));
}

#[tokio::test]
async fn a_connection_that_a_master_keeps_open_does_not_keep_the_runner() {
    // As the master of shared connections does, something holds on to stderr.
    let mut desk =
        far("(while [ -d /proc/$PPID ] && [ ! -e \"$0.done\" ]; do sleep 0.05; done) >/dev/null &").await;
    desk.start("exit 3").await;
    assert_eq!(desk.shell_gone().await.code, Some(3));
    let gone = async {
        while desk.place.processes().iter().any(|(_, line)| line.contains(" runner ")) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(std::time::Duration::from_secs(10), gone).await;
    std::fs::write(desk.place.root.path().join("bin/ssh.done"), "").expect("told");
    assert!(gone.is_ok(), "its shell is gone, and so is the connection");
}
