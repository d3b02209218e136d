//! The cockpit's end of the talk with a runner, against one that is made up.
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use firedeck::domain::time::Timestamp;
use firedeck::tools::runner::{Ended, Event, Gone, attach};
use tempfile::TempDir;

use super::bench::{PATIENCE, next};

/// A session's directory with whoever holds its lock and listens.
struct Fake {
    dir: TempDir,
    lock: File,
    door: UnixListener,
}

impl Fake {
    fn new(events: &[Event]) -> Fake {
        let dir = tempfile::tempdir().expect("a directory");
        let lock = File::create(dir.path().join("lock")).expect("made");
        lock.lock().expect("held");
        let door = UnixListener::bind(dir.path().join("socket")).expect("bound");
        let lines: Vec<u8> = events.iter().flat_map(|event| [json(event), b"\n".to_vec()].concat()).collect();
        std::fs::write(dir.path().join("events"), lines).expect("written");
        Fake { dir, lock, door }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }
}

fn json(event: &Event) -> Vec<u8> {
    serde_json::to_vec(event).expect("json")
}

fn say(to: &mut UnixStream, events: &[Event]) {
    for event in events {
        let json = json(event);
        let length = u32::try_from(json.len()).expect("short").to_be_bytes();
        to.write_all(&[&length[..], b"e", &json].concat()).expect("said");
    }
}

fn started(statement: u64) -> Event {
    Event::Started { statement, at: Timestamp(1) }
}

fn ended(statement: u64) -> Event {
    Event::Ended(Ended {
        statement,
        status: 0,
        codes: vec![0],
        background: Vec::new(),
        workdir: "/".into(),
        ms: 1,
        bytes: [0; 3],
        unwritten: [0; 3],
    })
}

fn story() -> Vec<Event> {
    let ready = Event::Ready { at: Timestamp(1), shell: "bash".into(), full: true };
    vec![ready, started(1), ended(1), started(2), ended(2), Event::Lost(Gone::default())]
}

#[tokio::test]
async fn what_a_dead_runner_wrote_down_but_did_not_say_is_told_whole() {
    for said in 0..=story().len() {
        let fake = Fake::new(&story());
        let mut handle = attach(&fake.path()).await.expect("attached");
        let (mut link, _) = fake.door.accept().expect("somebody");
        say(&mut link, &story()[..said]);
        drop(link);
        drop(fake.lock);
        let mut told = Vec::new();
        while let Some(event) = handle.next().await {
            told.push(event);
        }
        assert_eq!(told, story(), "{said} were said");
    }
}

#[tokio::test]
async fn whoever_waits_in_short_pieces_hears_the_same() {
    let fake = Fake::new(&story());
    let mut handle = attach(&fake.path()).await.expect("attached");
    let (mut link, _) = fake.door.accept().expect("somebody");
    say(&mut link, &story()[..4]);
    drop((link, fake.door));
    let mut told = Vec::new();
    // It has not let go of its lock yet, and is waited for.
    for _ in 0..20 {
        if let Ok(event) = tokio::time::timeout(Duration::from_millis(5), handle.next()).await {
            told.push(event.expect("not the end"));
        }
    }
    drop(fake.lock);
    while let Some(event) = handle.next().await {
        told.push(event);
    }
    assert_eq!(told, story());
}

#[tokio::test]
async fn a_runner_that_lives_is_not_called_dead_when_a_connection_to_it_breaks() {
    let fake = Fake::new(&[]);
    let mut handle = attach(&fake.path()).await.expect("attached");
    let (mut link, _) = fake.door.accept().expect("somebody");
    say(&mut link, &story()[..4]);
    drop(link);
    let again = std::thread::spawn(move || {
        let (mut link, _) = fake.door.accept().expect("somebody, again");
        say(&mut link, &story());
        (fake.lock, link)
    });
    let mut told = Vec::new();
    while told.len() < story().len() {
        told.push(next(&mut handle).await);
    }
    assert_eq!(told, story());
    drop(again.join().expect("said"));
    assert_eq!(handle.next().await, None);
}

#[tokio::test]
async fn a_request_that_is_given_up_half_sent_is_never_finished_by_the_next_one() {
    let fake = Fake::new(&[]);
    let mut handle = attach(&fake.path()).await.expect("attached");
    let (mut link, _) = fake.door.accept().expect("somebody");
    let text = vec![b'x'; 3 << 20];
    // Nobody reads, so it cannot be sent whole.
    let given_up = tokio::time::timeout(Duration::from_millis(50), handle.order(text.clone(), 1)).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        link.read_to_end(&mut all).expect("read");
        let (mut second, _) = fake.door.accept().expect("a connection of its own");
        say(&mut second, &story()[..1]);
        let mut head = [0; 5];
        second.read_exact(&mut head).expect("read");
        (all.len(), head, fake.lock)
    });
    // Nobody answers it.
    let _ = tokio::time::timeout(Duration::from_secs(3), handle.stop(1)).await;
    let (sent, head, _lock) = reading.join().expect("read");
    assert!(sent < text.len(), "{sent}");
    assert_eq!(head[4], b'a', "the stop is a frame of its own");
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused_here_and_the_talk_goes_on() {
    let mut desk = super::bench::Desk::new().await;
    let why = desk.handle.order(vec![b'#'; 5 << 20], 1).await.expect_err("refused");
    assert!(why.contains("too long"), "{why}");
    let out = tokio::time::timeout(PATIENCE, desk.out("echo on")).await.expect("it runs");
    assert_eq!(out, "on\n");
}
