//! The screen, the keyboard and the signals of `app` in a real terminal, with the smallest cockpit around them.
//!
//! The cockpit is a test of this very binary: `a_small_cockpit` does nothing unless it is told to.
use std::io::{Read, Write};
use std::time::Duration;

use firedeck::app::full::{self, Back};
use firedeck::app::input::Input;
use firedeck::app::screen::Screen;
use firedeck::app::signals::{Signals, Told};
use firedeck::app::terminal;
use firedeck::domain::time::Timestamp;
use firedeck::model::msg::Msg;
use rustix::process::Signal;

use crate::common::terminal::{Cockpit, Start};

const CHILD: &str = "FIREDECK_SMALL_COCKPIT";
const LOG: &str = "FIREDECK_SMALL_LOG";

fn small() -> Start {
    Start::new(std::env::current_exe().expect("this program"))
        .size(80, 24)
        .arg("--exact")
        .arg("manners::a_small_cockpit")
        .arg("--nocapture")
        .arg("--test-threads=1")
        .env(CHILD, "1")
}

fn live() -> Cockpit {
    let cockpit = small().run();
    cockpit.wait_for("live 80x24");
    cockpit
}

#[test]
fn a_small_cockpit() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    terminal::install_hooks().expect("hooks");
    if let Some(log) = std::env::var_os(LOG) {
        let file = std::fs::File::create(log).expect("a log");
        tracing_subscriber::fmt().with_writer(file).with_ansi(false).init();
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let how = runtime.block_on(run()).expect("no error");
    println!("ended by {how}");
}

async fn run() -> std::io::Result<String> {
    let (mut screen, mut input, mut signals) = (Screen::enter()?, Input::start()?, Signals::new()?);
    let (mut log, mut ticks) = (String::new(), 0);
    let mut clock = tokio::time::interval(Duration::from_millis(10));
    loop {
        let drawn = screen.draw(|frame| {
            let area = frame.area();
            let text = format!("live {}x{}\n{log}", area.width, area.height);
            frame.render_widget(ratatui::widgets::Paragraph::new(text), area);
        });
        drawn?;
        let msgs = tokio::select! {
            read = input.next() => match read {
                Some(read) => read.into_msgs(Timestamp(0)),
                None => return Ok("a lost terminal".into()),
            },
            told = signals.next() => match told {
                Told::End(signal) => return Ok(signal.into()),
                Told::Resized => continue,
                Told::Continued => {
                    screen.resume()?;
                    continue;
                }
            },
            // The clock changes nothing that is shown.
            _ = clock.tick() => {
                ticks += 1;
                continue;
            }
        };
        for msg in msgs {
            let Msg::Keys { keys, .. } = msg else {
                log = format!("{msg:?}");
                continue;
            };
            let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
            log = format!("keys {}", names.join(" "));
            match log.as_str() {
                "keys q" => return Ok("quit".into()),
                "keys e" => return Err(std::io::Error::other("on purpose")),
                "keys p" => panic!("on purpose"),
                "keys t" => {
                    log = format!("task {:?}", tokio::spawn(async { panic!("in a task") }).await.is_err());
                }
                "keys n" | "keys N" => log = format!("{} after {ticks}", names[0]),
                "keys m" => screen.set_mouse(true)?,
                "keys Ctrl-Z" => signals.suspend(&mut screen).await?,
                "keys s" => log = format!("{:?}", shell(&mut screen, &mut input, &mut signals).await?),
                _ => {}
            }
        }
    }
}

/// The other side says what it is given, and leaves the terminal in a mess.
async fn shell(screen: &mut Screen, input: &mut Input, signals: &mut Signals) -> std::io::Result<Back> {
    let (mut ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(theirs);
        let mess =
            b"\x1b[?1049h\x1b[?1003h\x1b[?2004h\x1b[?25l\x1b[3;5r\x1b[31m\x1b(0\x1b[?1h\x1b=remote\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut to, mess).await?;
        tokio::io::copy(&mut from, &mut to).await
    });
    let (mut from, mut to) = tokio::io::split(&mut ours);
    full::lend(screen, input, signals, "shell in api-1", (&mut from, &mut to), |_, _| {}).await
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut cockpit = live();
    cockpit.press("m");
    cockpit.wait_for("keys m");
    cockpit.press("q");
    assert!(cockpit.exits().success());
    cockpit.gave_the_terminal_back();
    cockpit.asked_nothing();
    assert!(cockpit.screen().contains("ended by quit"), "{}", cockpit.screen());
}

#[test]
fn an_error_gives_the_terminal_back_and_is_seen() {
    let mut cockpit = live();
    cockpit.press("e");
    assert!(!cockpit.exits().success());
    cockpit.gave_the_terminal_back();
    assert!(cockpit.screen().contains("on purpose"), "{}", cockpit.screen());
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_reported() {
    let mut cockpit = live();
    cockpit.press("p");
    assert!(!cockpit.exits().success());
    cockpit.gave_the_terminal_back();
    assert!(cockpit.screen().contains("on purpose"), "{}", cockpit.screen());
}

#[test]
fn a_task_that_panics_leaves_the_cockpit_on_the_screen() {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let name = log.path().display().to_string();
    let mut cockpit = small().env(LOG, name).log(log.path()).run();
    cockpit.wait_for("live 80x24");
    cockpit.press("t");
    let screen = cockpit.wait_for("task true");
    assert!(screen.starts_with("live 80x24") && !screen.contains("in a task"), "{screen}");
    cockpit.press("q");
    assert!(cockpit.exits().success());
    let log = std::fs::read_to_string(log.path()).expect("the log");
    assert!(log.contains("in a task"), "{log}");
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP"), (Signal::INT, "SIGINT")] {
        let mut cockpit = live();
        cockpit.signal(signal);
        assert!(cockpit.exits().success());
        cockpit.gave_the_terminal_back();
        assert!(cockpit.screen().contains(&format!("ended by {name}")), "{}", cockpit.screen());
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_the_program() {
    let mut cockpit = live();
    cockpit.hang_up();
    cockpit.exits();
}

#[test]
fn a_program_that_was_stopped_from_outside_paints_itself_anew() {
    let mut cockpit = live();
    cockpit.signal(Signal::STOP);
    cockpit.wait_until_stopped();
    let start = cockpit.written();
    cockpit.signal(Signal::CONT);
    cockpit.wait_for_bytes(start, b"80x24");
    cockpit.press("q");
    cockpit.exits();
    cockpit.gave_the_terminal_back();
}

#[test]
fn a_stop_without_a_shell_goes_on_at_once() {
    // The program leads its session, so nobody could say `fg`: the kernel forgets the stop.
    let cockpit = live();
    let start = cockpit.written();
    cockpit.press("\x1a");
    cockpit.wait_for_bytes(start, b"\x1b[?1049l");
    cockpit.wait_for_bytes(start, b"80x24");
    cockpit.press("x");
    cockpit.wait_for("keys x");
}

#[test]
fn ctrl_z_stops_the_job_and_fg_paints_it_anew() {
    let program = std::env::current_exe().expect("this program");
    let line = format!("{} --exact manners::a_small_cockpit --nocapture --test-threads=1", program.display());
    let mut shell =
        Start::new("/bin/bash").arg("--norc").arg("-i").env("PS1", "ready> ").env(CHILD, "1").run();
    shell.wait_for("ready>");
    shell.press(format!("{line}\r"));
    shell.wait_for("live 80x24");
    shell.press("\x1a");
    shell.wait_until("the shell's own screen", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().contains("Stopped")
    });
    shell.resize(100, 30);
    shell.press("fg\r");
    shell.wait_until("the cockpit again", |screen| {
        screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("live 100x30")
    });
    shell.press("x");
    shell.wait_for("keys x");
    shell.press("q");
    shell.wait_for("ended by quit");
    shell.press("exit\r");
    shell.exits();
}

#[test]
fn a_storm_of_resizes_ends_at_the_last_size() {
    let cockpit = live();
    for n in 0..60 {
        cockpit.resize(40 + n, 10 + n % 20);
    }
    cockpit.resize(97, 33);
    cockpit.wait_for("live 97x33");
    cockpit.asked_nothing();
}

#[test]
fn a_screen_that_does_not_change_costs_no_bytes() {
    let cockpit = live();
    let ticks = |asked: &str| {
        cockpit.press(asked);
        let screen = cockpit.wait_for(&format!("{asked} after "));
        screen.split(" after ").nth(1).and_then(|rest| rest.trim().parse::<u64>().ok()).expect("a number")
    };
    let begun = ticks("n");
    let start = cockpit.written();
    // Each tick draws a frame; only the answers to the keys may be written.
    let mut asked = 0;
    while ticks(if asked % 2 == 0 { "N" } else { "n" }) < begun + 20 {
        asked += 1;
    }
    let bytes = cockpit.bytes(start);
    let frames = bytes.windows(8).filter(|window| window == b"\x1b[?2026h").count();
    assert_eq!(frames, asked + 1, "{:?}", String::from_utf8_lossy(&bytes));
}

#[test]
fn a_paste_is_not_taken_for_keys() {
    let cockpit = live();
    cockpit.press("\x1b[200~q\rq\x1b[201~");
    cockpit.wait_for(r#"Paste("q\rq")"#);
    cockpit.press("x");
    cockpit.wait_for("keys x");
}

#[test]
fn a_lent_terminal_comes_back_as_it_was() {
    let mut cockpit = live();
    cockpit.press("s");
    cockpit.wait_for_bytes(0, b"Ctrl-] returns to firedeck");
    cockpit.wait_for_bytes(0, b"remote");
    let start = cockpit.written();
    cockpit.press("q typed\r");
    cockpit.wait_for_bytes(start, b"q typed");
    cockpit.press("\x1d");
    cockpit.wait_until("the cockpit as it was", |screen| {
        let mouse = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
        mouse
            && !screen.application_cursor()
            && !screen.application_keypad()
            && screen.contents().contains("Returned")
    });
    cockpit.press("x");
    cockpit.wait_for("keys x");
    cockpit.press("q");
    cockpit.exits();
    cockpit.gave_the_terminal_back();
}

#[test]
fn nothing_is_written_where_there_is_no_terminal() {
    let mut child = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "manners::a_small_cockpit", "--nocapture"])
        .env(CHILD, "1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("started");
    if let Some(mut stdin) = child.stdin.take() {
        // It may be gone already.
        let _ = stdin.write_all(b"q");
    }
    let mut said = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut said).expect("read");
    child.wait().expect("its status");
    assert!(!said.contains(&0x1b), "{:?}", String::from_utf8_lossy(&said));
}
