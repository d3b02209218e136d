//! Whether whoever wrote an event still runs on this box.
use std::fs;

use crate::store::journal::part;

/// What a clock may be off.
const SLACK: i64 = 5_000;
/// The kernel counts a process's start in hundredths of a second.
const TICK: i64 = 10;

/// This box, as writers of journals name it.
#[derive(Debug, Clone)]
pub(super) struct Here(String);

impl Here {
    pub(super) fn new(host: &str) -> Here {
        Here(format!("{}-", part(host)))
    }

    pub(super) fn is_here(&self, writer: &str) -> bool {
        writer.starts_with(&self.0)
    }

    /// `host-user-pid-time`: a process of that number runs that began no later than that.
    pub(super) fn lives(&self, writer: &str) -> bool {
        let mut parts = writer.rsplit('-');
        let (Some(time), Some(pid)) = (parts.next(), parts.next()) else { return false };
        let (Ok(time), Ok(pid)) = (time.parse::<i64>(), pid.parse::<i32>()) else { return false };
        self.is_here(writer) && runs(pid, time)
    }
}

fn runs(pid: i32, time: i64) -> bool {
    if !std::path::Path::new("/proc/self").exists() {
        return rustix::process::Pid::from_raw(pid)
            .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok());
    }
    let Ok(stat) = fs::read(format!("/proc/{pid}/stat")) else { return false };
    let Some((state, ticks)) = read_stat(&stat) else { return false };
    let boot = fs::read_to_string("/proc/stat").unwrap_or_default();
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok());
    let began = boot.map(|boot| boot.saturating_mul(1000).saturating_add(ticks.saturating_mul(TICK)));
    // A number that was given anew belongs to somebody who began later.
    !matches!(state, 'Z' | 'X') && began.is_none_or(|began| began <= time.saturating_add(SLACK))
}

/// The state and the start of a process. Its name, in parentheses, may have any bytes in it.
fn read_stat(stat: &[u8]) -> Option<(char, i64)> {
    let rest = stat.get(memchr::memrchr(b')', stat)? + 1..)?;
    let text = String::from_utf8_lossy(rest);
    let mut words = text.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((state, words.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_one_of_its_number_that_began_before_it_does_not() {
        let here = Here::new("box.example");
        let now = crate::sources::now().0;
        let pid = std::process::id();
        assert!(here.lives(&format!("box-example-ann-{pid}-{now}")));
        assert!(
            !here.lives(&format!("box-example-ann-{pid}-{}", now - 86_400_000 * 365)),
            "another one's number"
        );
        assert!(!here.lives(&format!("other-ann-{pid}-{now}")), "another box's");
        assert!(!here.lives(&format!("box-example-ann-{}-{now}", i32::MAX)));
        assert!(!here.lives("unrecorded") && !here.lives(""));
    }

    #[test]
    fn a_name_with_parentheses_and_blanks_hides_nothing() {
        let stat = b"7 (a) Z 9) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
        assert_eq!(read_stat(stat), Some(('S', 4242)));
    }
}
