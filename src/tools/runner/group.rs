//! The processes of a session: who they are, and how they are told to end.
use std::fs;
use std::os::fd::AsFd;

use rustix::process::{Pid, Signal};

use super::event::Child;
use crate::domain::secret;
use crate::domain::text::clean_to;

/// More are not listed: whoever is attached is told of all of them at once.
const LISTED: usize = 1_000;

/// A line of `/proc/PID/stat`, as far as it is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) pid: i32,
    pub(super) group: i32,
}

/// Every process there is. Empty where the system has no `/proc`.
pub(super) fn all() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Everybody alive in the session that `leader` made, itself included.
pub(super) fn members(leader: i32) -> Vec<Member> {
    all().into_iter().filter_map(|pid| member(pid, leader)).collect()
}

/// Those that are left in a session whose leader is known to be gone. When its number is a process's again, it is
/// another's, and so is the session.
pub(super) fn left(leader: i32) -> Vec<Member> {
    let found = members(leader);
    if found.iter().any(|member| member.pid == leader) { Vec::new() } else { found }
}

fn member(pid: i32, leader: i32) -> Option<Member> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let (group, session) = read_stat(&stat)?;
    (session == leader).then_some(Member { pid, group })
}

/// The group and the session of one that is alive. The name, in parentheses, may have any bytes in it.
fn read_stat(stat: &[u8]) -> Option<(i32, i32)> {
    let rest = stat.get(memchr::memrchr(b')', stat)? + 1..)?;
    let text = String::from_utf8_lossy(rest);
    let mut words = text.split_whitespace();
    let state = words.next()?;
    let mut number = || words.next()?.parse::<i32>().ok();
    let (_parent, group, session) = (number()?, number()?, number()?);
    (!matches!(state, "Z" | "X")).then_some((group, session))
}

/// Those that go on beside the shell, with what they are.
pub(super) fn background(leader: i32, besides: i32) -> Vec<Child> {
    let others = members(leader).into_iter().filter(|member| ![leader, besides].contains(&member.pid));
    children(others)
}

pub(super) fn children(members: impl IntoIterator<Item = Member>) -> Vec<Child> {
    members.into_iter().take(LISTED).map(|member| child(member.pid)).collect()
}

pub(super) fn child(pid: i32) -> Child {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(line.get(..line.len().min(1024)).unwrap_or_default());
    let words: Vec<&str> = line.trim_end_matches('\0').split('\0').collect();
    Child { pid, command: clean_to(secret::command(&words).trim(), 200).into_owned() }
}

/// Whether a process was given the name of this session when it was started.
pub(super) fn bears(pid: i32, session: &str) -> bool {
    let mark = format!("FIREDECK_SESSION={session}");
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == mark.as_bytes()))
}

/// Signals the shell's own group, and the one in front on its terminal where that is another.
pub(super) fn signal_front(leader: i32, terminal: Option<impl AsFd>, signal: Signal) {
    let front = terminal.and_then(|terminal| rustix::termios::tcgetpgrp(terminal).ok());
    let own = Pid::from_raw(leader);
    for group in own.into_iter().chain(front.filter(|front| Some(*front) != own)) {
        // Nobody may be left in it.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Signals everybody in the session, whatever group they made. The leader's own number counts only while it is known
/// to be there: it may be another's by now.
pub(super) fn signal_all(leader: i32, is_there: bool, signal: Signal) {
    let found = if is_there { members(leader) } else { left(leader) };
    let mut groups: Vec<i32> = found.into_iter().map(|member| member.group).collect();
    groups.extend(is_there.then_some(leader));
    groups.sort_unstable();
    groups.dedup();
    for group in groups.into_iter().filter(|group| *group > 1).filter_map(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Signals everybody in the session but its leader, one by one: they may be in its group.
pub(super) fn signal_others(leader: i32, signal: Signal) {
    for member in members(leader).into_iter().filter(|member| member.pid != leader) {
        signal_one(member.pid, signal);
    }
}

/// What a process runs, if it can be seen.
pub(super) fn program(pid: i32) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Signals one process. It must be known to be there.
pub(super) fn signal_one(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_hides_nothing() {
        assert_eq!(read_stat(b"12 (a) Z 9 9 9) S 3 4 5 0 -1"), Some((4, 5)));
        assert_eq!(read_stat(b"12 (a) Z 3 4 5 0"), None, "it is dead");
        assert_eq!(read_stat(b"nonsense"), None);
    }

    #[test]
    fn this_process_is_found_in_its_own_session() {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        // Asked of `/proc`, not of the kernel: the leader may be outside of the space of numbers that is seen here.
        let (_group, leader) = read_stat(&fs::read("/proc/self/stat").expect("read")).expect("alive");
        assert!(members(leader).iter().any(|member| member.pid == own));
        assert!(program(own).is_some() && !child(own).command.is_empty());
    }
}
