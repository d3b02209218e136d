//! The terminal of a session: prompts, typing, its size, and programs that fill a screen.
use firedeck::tools::runner::{Event, Stream};

use super::bench::Desk;

#[tokio::test]
async fn a_prompt_is_answered_by_typing_and_a_secret_is_not_echoed() {
    let mut desk = Desk::new().await;
    let statement = desk
        .start("tty; read -p 'Sure? ' sure; read -s -p 'Word: ' word </dev/tty; echo \"$sure $word\"")
        .await;
    desk.wrote(statement, Stream::Err, "Sure? ").await;
    desk.handle.type_("yes\n").await.expect("typed");
    desk.wrote(statement, Stream::Err, "Word: ").await;
    desk.handle.type_("hunter2\n").await.expect("typed");
    let ended = desk.ended().await;
    assert_eq!(ended.status, 0);
    let out = desk.text(statement, Stream::Out);
    assert!(out.starts_with("/dev/pts/") && out.ends_with("yes hunter2\n"), "{out}");
    let seen = desk.text(statement, Stream::Term);
    assert!(seen.contains("yes") && !seen.contains("hunter2"), "{seen:?}");
}

#[tokio::test]
async fn an_interrupt_that_is_typed_ends_the_session_like_one_that_is_sent() {
    let mut desk = Desk::new().await;
    let statement = desk.start("echo ready; cat; echo next").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    desk.handle.type_("\x03").await.expect("typed");
    let gone = desk.shell_gone().await;
    assert_eq!((gone.statement, gone.signal), (Some(statement), Some(2)));
}

#[tokio::test]
async fn output_is_no_terminal_unless_the_whole_screen_is_asked_for() {
    let mut desk = Desk::new().await;
    assert_eq!(desk.out("[ -t 0 ] && [ ! -t 1 ] && [ ! -t 2 ] && echo as said").await, "as said\n");
    let mut desk = Desk::with(|setup| {
        setup.full_terminal = true;
        (setup.rows, setup.columns) = (31, 97);
    })
    .await;
    let ran = desk.run("[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty size").await;
    assert_eq!((ran.ended.status, ran.out.as_str()), (0, ""));
    assert_eq!(desk.text(1, Stream::Term), "31 97\r\n");
    assert_eq!(ran.ended.bytes, [0, 0, 7]);
}

#[tokio::test]
async fn a_screen_is_shown_as_it_comes_and_told_when_its_size_changes() {
    let mut desk = Desk::with(|setup| setup.full_terminal = true).await;
    let statement = desk
        .start(
            "trap 'stty size' WINCH; echo ready; while read -t 0.05 line || [ $? -gt 128 ]; do \
        [ \"$line\" = q ] && break; done; echo left",
        )
        .await;
    desk.wrote(statement, Stream::Term, "ready").await;
    desk.handle.resize(40, 120).await.expect("resized");
    desk.wrote(statement, Stream::Term, "40 120").await;
    desk.handle.type_("q\n").await.expect("typed");
    let mut live = Vec::new();
    let shown = |event: &Event| matches!(event, Event::Terminal(_) | Event::Ended(_));
    while let Event::Terminal(bytes) = desk.until(shown).await {
        live.extend(bytes);
    }
    assert!(String::from_utf8_lossy(&live).contains("left"), "{live:?}");
    assert!(desk.text(statement, Stream::Term).contains("left"));
}

#[tokio::test]
async fn what_is_typed_ahead_answers_no_later_statement() {
    let mut desk = Desk::new().await;
    let why = desk.handle.type_("yes\n").await.expect_err("refused");
    assert!(why.contains("no statement is running"), "{why}");
    let statement = desk.start("echo ready; read -r line; echo \"$line\"").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    desk.handle.type_("one\nyes\n").await.expect("typed");
    assert_eq!(desk.ended().await.status, 0);
    let ran = desk.run("read -t 0.1 -r line; echo \"[$line]\"").await;
    assert_eq!(ran.out, "[]\n");
}
