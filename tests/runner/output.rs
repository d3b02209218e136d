//! Output of any size and any bytes, on any disk.
use std::os::unix::fs::FileExt;
use std::time::Duration;

use firedeck::domain::text::Ink;
use firedeck::tools::runner::{Event, HEAD, Output, Stream, TAIL, page};

use super::bench::{Desk, bytes, kept, wrap};

/// The most memory that a process ever had, in KiB.
fn peak(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("alive");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("known");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_hundred_megabytes_are_kept_at_both_ends_in_little_memory() {
    let mut desk = Desk::new().await;
    let before = peak(desk.place.runner());
    let total = 100_000_000;
    let ran = desk.start(format!("yes 0123456789abcde | head -c {total}; echo >&2 done")).await;
    let ended = desk.ended().await;
    assert_eq!((ended.bytes, ended.unwritten), ([total, 5, 0], [0; 3]));
    let grown = peak(desk.place.runner()) - before;
    assert!(grown < 8_000, "{grown} KiB");
    let mut output = desk.handle.output(ran, Stream::Out).expect("readable");
    assert_eq!(output.total().expect("known"), total);
    assert_eq!(output.dropped().expect("known"), Some(HEAD..total - TAIL));
    let last = output.read(total - 20, 100).expect("read");
    assert_eq!(last.bytes, b"cde\n0123456789abcde\n");
    assert_eq!(output.read(HEAD, 100).expect("read").from, total - TAIL);
    let kept: u64 = std::fs::read_dir(desk.place.dir())
        .expect("files")
        .map(|file| file.expect("a file").metadata().expect("known").len())
        .sum();
    assert!(kept < HEAD + TAIL + 200_000, "{kept}");
}

#[tokio::test]
async fn output_that_never_ends_is_told_as_it_comes_and_can_be_stopped() {
    let mut desk = Desk::new().await;
    let statement = desk.start("yes").await;
    let mut seen = 0;
    while seen < 1_000_000 {
        let event = desk.until(|event| matches!(event, Event::Output { .. })).await;
        let Event::Output { from, len, .. } = event else { panic!("{event:?}") };
        assert_eq!(from, seen, "nothing is told twice and nothing is left out");
        seen += len;
    }
    desk.handle.stop(statement).await.expect("stopping");
    assert!(desk.lost().await.stopped);
}

#[tokio::test]
async fn both_streams_are_told_apart_and_every_byte_is_kept() {
    let mut desk = Desk::new().await;
    let ran = desk.run("printf 'a\\0\\377\\033[31mred\\n\\033[2J'; printf 'oops' >&2").await;
    assert_eq!(bytes(&desk.place.dir(), 1, Stream::Out), b"a\0\xff\x1b[31mred\n\x1b[2J");
    assert_eq!(ran.err, "oops");
    let mut output = Output::open(&desk.place.dir(), 1, Stream::Out).expect("readable");
    let page = page(&mut output, 0, 1 << 16).expect("a page");
    assert_eq!(page.line(0), Some(("a\u{fffd}\u{fffd}red", vec![(7, Ink::Red)])));
    assert_eq!(page.line(1), Some(("", Vec::new())));
}

#[tokio::test]
async fn all_that_a_statement_wrote_is_there_when_it_has_ended() {
    let mut desk = Desk::new().await;
    for n in [1, 4096, 65_536, 70_000, 300_000_usize] {
        let ran = desk.run(format!("head -c {n} /dev/zero; head -c {n} /dev/zero >&2")).await;
        assert_eq!((ran.ended.bytes, ran.out.len(), ran.err.len()), ([n as u64, n as u64, 0], n, n));
    }
}

#[tokio::test]
async fn an_answer_that_is_heard_before_the_output_overtakes_nothing() {
    let mut desk = Desk::new().await;
    let runner = desk.place.runner();
    // Halted meanwhile, the runner finds everything at once, and what it hears first is chance.
    let late = format!("(sleep 0.2; kill -CONT {runner}) >/dev/null 2>&1 & kill -STOP {runner}");
    for _ in 0..8 {
        let ran = desk.run(format!("{late}; printf 'to stdout'; printf 'to stderr' >&2")).await;
        assert_eq!(
            (ran.ended.bytes, ran.out.as_str(), ran.err.as_str()),
            ([9, 9, 0], "to stdout", "to stderr")
        );
    }
}

#[test]
fn reading_ends_where_the_output_ended_when_it_began_however_fast_that_grows() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = std::fs::File::create(dir.path().join("1.out")).expect("made");
    let mut length = 3 << 20;
    file.set_len(length).expect("long");
    let mut output = Output::open(dir.path(), 1, Stream::Out).expect("readable");
    let all = kept(&mut output, || {
        length += 2 << 20;
        file.set_len(length).expect("longer");
    });
    assert_eq!(all.len(), 3 << 20);
}

#[test]
fn what_was_dropped_is_passed_over_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let make = |name: &str, length| {
        let file = std::fs::File::create(dir.path().join(name)).expect("made");
        file.set_len(length).expect("long");
        file
    };
    make("1.out", HEAD);
    // The ring begins with how many bytes there were in all.
    let total = 4 * (HEAD + TAIL);
    make("1.out.tail", 8 + TAIL + (64 << 10)).write_all_at(&total.to_le_bytes(), 0).expect("marked");
    let all = bytes(dir.path(), 1, Stream::Out);
    assert_eq!(all.len() as u64, HEAD + TAIL);
}

#[tokio::test]
async fn a_background_child_that_writes_for_ever_holds_up_no_answer() {
    let mut desk = Desk::new().await;
    desk.run("yes & job=$!").await;
    let ran = desk.run("true").await;
    assert!(ran.ended.ms < 5_000, "{ran:?}");
    desk.run("kill $job").await;
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_said_and_the_statement_goes_on() {
    // No file may become longer than 64 KiB, which is an error of writing like any other.
    let mut desk = Desk::with(|setup| wrap(setup, "trap '' XFSZ; ulimit -f 64")).await;
    let ran = desk.start("head -c 300000 /dev/zero; echo >&2 finished").await;
    let event = desk.until(|event| matches!(event, Event::Trouble { .. })).await;
    let Event::Trouble { why, .. } = event else { panic!("{event:?}") };
    assert!(why.contains("`out` of statement 1 cannot be kept") && why.contains("File too large"), "{why}");
    let ended = desk.ended().await;
    assert_eq!((ended.status, ended.bytes, ended.unwritten), (0, [300_000, 9, 0], [300_000 - 65_536, 0, 0]));
    assert_eq!(desk.text(ran, Stream::Err), "finished\n");
    // What happened is told to everybody even when it cannot be written down any more.
    for _ in 0..400 {
        desk.run(format!("true # {}", "x".repeat(100))).await;
    }
    let mut other = desk.attach().await;
    let mut ends = 0;
    while ends < 401 {
        let event = tokio::time::timeout(Duration::from_secs(20), other.next()).await.expect("told");
        ends += usize::from(matches!(event, Some(Event::Ended(_))));
    }
}

#[tokio::test]
async fn the_end_of_a_session_is_written_down_once_the_disk_takes_it() {
    use firedeck::tools::runner::{State, session};
    use rustix::process::{Pid, Resource, getrlimit, prlimit};
    let mut desk = Desk::with(|setup| wrap(setup, "trap '' XFSZ")).await;
    desk.run("true").await;
    let runner = Pid::from_raw(desk.place.runner());
    let limits = getrlimit(Resource::Fsize);
    let full = rustix::process::Rlimit { current: Some(8), maximum: limits.maximum };
    prlimit(runner, Resource::Fsize, full).expect("set");
    desk.start("exit 3").await;
    assert_eq!(desk.shell_gone().await.code, Some(3));
    assert_ne!(session(&desk.place.dir()).expect("a session").last, 2, "the disk took nothing");
    prlimit(runner, Resource::Fsize, limits).expect("set");
    desk.place.is_empty().await;
    let found = session(&desk.place.dir()).expect("a session");
    assert!(matches!(found.state, State::Over(Event::ShellGone(_))) && found.last == 2, "{found:?}");
}
