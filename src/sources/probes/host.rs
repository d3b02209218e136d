//! Disk and memory of this box, and of one that the system's own ssh reaches.
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::super::reason::{brief, reason};
use super::ask::Asked;
use crate::domain::settings::limit::{Fact, disk_place};
use crate::domain::text::quoted;
use crate::domain::vital::{Answer, Heard, amount, worst};

/// A file system of a server that is gone holds whoever asks.
const LOCAL: Duration = Duration::from_secs(3);
const REMOTE: Duration = Duration::from_secs(10);

/// One file system: how much is there, and how much is left to who is not root.
#[derive(Debug, Clone, PartialEq)]
struct Space {
    path: String,
    total: f64,
    used: f64,
    free: f64,
}

impl Space {
    /// As `df` counts: what root alone may use is not there.
    fn percent(&self) -> Option<f64> {
        let all = self.used + self.free;
        (all > 0.0).then(|| 100.0 * self.used / all)
    }
}

/// `/`, `/mnt/data /var/lib`, `ops@box:/`.
pub(super) async fn disk(fact: &Fact) -> Asked {
    let Some((target, paths)) = disk_place(&fact.query) else {
        return Asked::failed("write `/`, or `user@host:/`");
    };
    let paths: Vec<String> = paths.into_iter().map(str::to_owned).collect();
    let spaces = match target {
        None => local(paths).await,
        Some(target) => {
            let words: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
            ssh(target, &format!("LC_ALL=C df -Pk -- {}", words.join(" "))).await.map(|text| read_df(&text))
        }
    };
    match spaces {
        Ok(spaces) => fullest(fact, &spaces),
        Err(why) => Asked::failed(&why),
    }
}

fn fullest(fact: &Fact, spaces: &[Space]) -> Asked {
    let answers: Vec<Answer> =
        spaces.iter().map(|space| space.percent().map_or(Answer::Value(f64::NAN), Answer::Value)).collect();
    let Some((nth, _)) = worst(fact, &answers) else { return Asked::failed("there is no such file system") };
    let note = spaces.get(nth).map_or("", |space| &space.path);
    let heard = Heard::of(answers.get(nth).cloned().unwrap_or_default()).note(note);
    Asked::new(heard).seen(
        "File systems",
        spaces.iter().map(|space| {
            let [free, total] = [space.free, space.total].map(|bytes| amount(bytes, "bytes"));
            let percent = space.percent().map_or("–".into(), |percent| amount(percent, "%"));
            (space.path.clone(), format!("{percent} used, {free} free of {total}"))
        }),
    )
}

/// Those of the paths that there are; why there is none of them.
async fn local(paths: Vec<String>) -> Result<Vec<Space>, String> {
    let look = move || {
        let (found, lost): (Vec<_>, Vec<_>) = paths.into_iter().map(space).partition(Result::is_ok);
        match lost.into_iter().find_map(Result::err) {
            Some(why) if found.is_empty() => Err(why),
            _ => Ok(found.into_iter().flatten().collect()),
        }
    };
    match timeout(LOCAL, tokio::task::spawn_blocking(look)).await {
        Ok(Ok(spaces)) => spaces,
        _ => Err("the file system does not answer".into()),
    }
}

fn space(path: String) -> Result<Space, String> {
    let told = rustix::fs::statvfs(&path)
        .map_err(|error| format!("`{path}`: {}", reason(&std::io::Error::from(error))))?;
    let bytes = |blocks: u64| amount_of(blocks, told.f_frsize);
    Ok(Space {
        path,
        total: bytes(told.f_blocks),
        used: bytes(told.f_blocks.saturating_sub(told.f_bfree)),
        free: bytes(told.f_bavail),
    })
}

/// Blocks as bytes. Above 2^53 a byte more or less is nothing to a disk.
fn amount_of(blocks: u64, size: u64) -> f64 {
    let bytes = u128::from(blocks) * u128::from(size);
    let kib = u64::try_from(bytes >> 10).unwrap_or(u64::MAX);
    let (high, low) = (u32::try_from(kib >> 32).unwrap_or(u32::MAX), u32::try_from(kib & 0xFFFF_FFFF));
    (f64::from(high) * 4_294_967_296.0 + f64::from(low.unwrap_or(0))) * 1024.0
}

/// Lines of `df -Pk`: the path is everything after the percent.
fn read_df(text: &str) -> Vec<Space> {
    let line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let mut kib = || words.next()?.parse::<f64>().ok().map(|kib| kib * 1024.0);
        let (total, used, free) = (kib()?, kib()?, kib()?);
        let path = words.skip(1).collect::<Vec<_>>().join(" ");
        Some(Space { path, total, used, free })
    };
    text.lines().skip(1).filter_map(line).collect()
}

/// `here`, or `ops@box`.
pub(super) async fn memory(fact: &Fact) -> Asked {
    let text = match fact.query.trim() {
        "here" => match timeout(LOCAL, tokio::fs::read_to_string("/proc/meminfo")).await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => Err(format!("`/proc/meminfo`: {}", reason(&error))),
            Err(_) => Err("`/proc/meminfo` does not answer".into()),
        },
        target => ssh(target.trim_end_matches(':'), "cat /proc/meminfo").await,
    };
    match text.map(|text| read_memory(&text)) {
        Ok(Some((percent, lines))) => Asked::new(Heard::value(percent)).seen("Memory", lines),
        Ok(None) => Asked::failed("`/proc/meminfo` does not say how much is available"),
        Err(why) => Asked::failed(&why),
    }
}

/// What is not available to a new program, in percent.
fn read_memory(text: &str) -> Option<(f64, Vec<(String, String)>)> {
    let kib = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    let (total, available) = (kib("MemTotal")?, kib("MemAvailable")?);
    if total <= 0.0 {
        return None;
    }
    let shown = ["MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached", "SwapTotal", "SwapFree"];
    let lines =
        shown.iter().filter_map(|name| Some(((*name).to_owned(), amount(kib(name)? * 1024.0, "bytes"))));
    Some((100.0 * (total - available) / total, lines.collect()))
}

/// Runs one reading command there. No question is ever asked at a terminal, and nothing is left running here.
async fn ssh(target: &str, command: &str) -> Result<String, String> {
    if target.is_empty() || target.starts_with('-') || target.contains(char::is_whitespace) {
        return Err(format!("`{}` is no `user@host`", brief(target)));
    }
    let mut ssh = Command::new("ssh");
    ssh.args(["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=3"])
        .args(["-o", "ServerAliveCountMax=2", "-o", "ClearAllForwardings=yes", "--", target, command])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match timeout(REMOTE, ssh.output()).await {
        Err(_) => return Err(format!("`ssh {target}`: timed out")),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err("there is no `ssh` on this box".into());
        }
        Ok(Err(error)) => return Err(format!("`ssh`: {}", reason(&error))),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last =
        said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed and said nothing");
    Err(format!("`ssh {target}`: {}", brief(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_as_full_as_df_says() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    /dev/sda1 100 60 20 75% /\n/dev/sdb 200 20 180 10% /mnt/with space\n";
        let spaces = read_df(text);
        assert_eq!(spaces.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(), ["/", "/mnt/with space"]);
        assert_eq!(spaces.iter().map(Space::percent).collect::<Vec<_>>(), [Some(75.0), Some(10.0)]);
        assert_eq!(Space { used: 0.0, free: 0.0, ..spaces[0].clone() }.percent(), None, "proc has no size");
    }

    #[test]
    fn memory_that_can_be_had_is_not_used() {
        let text = "MemTotal:       1000 kB\nMemFree:  100 kB\nMemAvailable:    250 kB\nCached: 300 kB\n";
        let (percent, lines) = read_memory(text).expect("read");
        assert!((percent - 75.0).abs() < 1e-9);
        assert!(lines.contains(&("MemAvailable".into(), "250 KB".into())), "{lines:?}");
        assert_eq!(read_memory("MemTotal: 1000 kB\n"), None, "before Linux 3.14 it cannot be known");
    }

    #[test]
    fn large_disks_lose_no_bytes_that_matter() {
        assert!((amount_of(1 << 32, 4096) - 17_592_186_044_416.0).abs() < 1.0);
    }

    #[tokio::test]
    async fn a_target_that_would_be_an_option_is_refused() {
        assert!(ssh("-oProxyCommand=touch /tmp/x", "true").await.is_err());
        assert!(ssh("a b", "true").await.is_err());
    }
}
