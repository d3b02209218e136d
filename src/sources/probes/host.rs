//! Disk and memory of this box, and of one that the system's own ssh reaches.
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use tokio::process::Command;
use tokio::time::timeout;

use super::super::reason::{brief, reason};
use super::ask::Asked;
use super::servers::Servers;
use crate::domain::level::Level;
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
    /// As `df` counts: what root alone may use is not there, and a part of a percent is a whole one.
    fn percent(&self) -> Option<f64> {
        let all = self.used + self.free;
        (all > 0.0).then(|| (100.0 * self.used / all).ceil())
    }
}

/// `/`, `/mnt/data /var/lib`, `ops@box:/`.
pub(super) async fn disk(fact: &Fact, servers: &Servers) -> Asked {
    let Some((target, paths)) = disk_place(&fact.query) else {
        return Asked::failed("write `/`, or `user@host:/`");
    };
    let found = match target {
        None => join_all(paths.into_iter().map(|path| local(path, servers))).await,
        Some(target) => match remote(target, &paths, servers).await {
            Ok(found) => found,
            Err(why) => vec![Err(why)],
        },
    };
    let (mut spaces, mut lost) = (Vec::new(), Vec::new());
    for one in found {
        match one {
            Ok(space) => spaces.push(space),
            Err(why) => lost.push(why),
        }
    }
    fullest(fact, &spaces, &lost)
}

/// The fullest of those that there are; what could not be looked at is named, and may be fuller.
fn fullest(fact: &Fact, spaces: &[Space], lost: &[String]) -> Asked {
    let answers: Vec<Answer> =
        spaces.iter().map(|space| space.percent().map_or(Answer::Value(f64::NAN), Answer::Value)).collect();
    let lost = lost.join(", ");
    let Some((nth, _)) = worst(fact, &answers) else {
        return Asked::failed(if lost.is_empty() { "there is no such file system" } else { &lost });
    };
    let path = spaces.get(nth).map_or("", |space| &space.path);
    let heard = Heard::of(answers.get(nth).cloned().unwrap_or_default());
    let heard = if lost.is_empty() {
        heard.note(path)
    } else {
        Heard { floor: Some(Level::Unknown), ..heard.note(format!("{path}; {lost}")) }
    };
    Asked::new(heard).seen(
        "File systems",
        spaces.iter().map(|space| {
            let [free, total] = [space.free, space.total].map(|bytes| amount(bytes, "bytes"));
            let percent = space.percent().map_or("–".into(), |percent| amount(percent, "%"));
            (space.path.clone(), format!("{percent} used, {free} free of {total}"))
        }),
    )
}

/// A file system that hangs keeps whoever asked, and nobody after him: each has one asker at a time.
async fn local(path: &str, servers: &Servers) -> Result<Space, String> {
    let asking = async {
        let turn = servers.turn(path).lock_owned().await;
        let path = path.to_owned();
        let looked = tokio::task::spawn_blocking(move || {
            let looked = space(path);
            drop(turn);
            looked
        });
        looked.await.unwrap_or_else(|_| Err("firedeck failed here".into()))
    };
    let answer = timeout(LOCAL, asking).await;
    answer.unwrap_or_else(|_| Err(format!("`{path}`: the file system does not answer")))
}

/// What `df` tells of the paths, and what it complains about.
async fn remote(
    target: &str,
    paths: &[&str],
    servers: &Servers,
) -> Result<Vec<Result<Space, String>>, String> {
    let words: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
    let command = format!("LC_ALL=C df -Pk -- {}", words.join(" "));
    let turn = timeout(REMOTE, servers.turn(&format!("{target} {command}")).lock_owned()).await;
    let _turn = turn.map_err(|_| format!("`ssh {target}`: timed out"))?;
    let said = ssh(target, &command).await?;
    Ok(read_df(&said.text).into_iter().map(Ok).chain(said.failed.map(Err)).collect())
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
        target => match ssh(target.trim_end_matches(':'), "cat /proc/meminfo").await {
            Ok(Said { text, failed: None }) => Ok(text),
            Ok(Said { failed: Some(why), .. }) | Err(why) => Err(why),
        },
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

/// What a command on another box wrote, and its last complaint when it failed.
struct Said {
    text: String,
    failed: Option<String>,
}

/// Runs one reading command there. No question is ever asked at a terminal, and nothing is left running here.
async fn ssh(target: &str, command: &str) -> Result<Said, String> {
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
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(Said { text, failed: None });
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last =
        said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed and said nothing");
    Ok(Said { text, failed: Some(format!("`ssh {target}`: {}", brief(last))) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn nobody() -> Servers {
        Servers::new(super::super::servers::Reach {
            access: Vec::new(),
            sites: Vec::new(),
            secrets: Arc::new(|_| Box::pin(async { Err(String::new()) })),
            counts: None,
        })
    }
    use crate::domain::settings::limit::{Bound, FactSource};

    #[test]
    fn a_disk_is_as_full_as_df_says() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    /dev/sda1 100 60 20 75% /\n/dev/sdb 200 20 180 10% /mnt/with space\n\
                    /dev/sdc 1000 795 205 80% /most\n";
        let spaces = read_df(text);
        assert_eq!(
            spaces.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(),
            ["/", "/mnt/with space", "/most"]
        );
        assert_eq!(
            spaces.iter().map(Space::percent).collect::<Vec<_>>(),
            [Some(75.0), Some(10.0), Some(80.0)]
        );
        assert_eq!(Space { used: 0.0, free: 0.0, ..spaces[0].clone() }.percent(), None, "proc has no size");
    }

    fn fact(query: &str) -> Fact {
        Fact {
            name: "disk".into(),
            source: FactSource::Disk,
            query: query.into(),
            on: None,
            unit: Some("%".into()),
            pick: None,
            every: Duration::from_secs(30),
            ok: Bound::parse("<= 100").ok(),
            warning: None,
            critical: None,
        }
    }

    #[tokio::test]
    async fn a_path_that_is_not_there_is_named_beside_one_that_is() {
        let servers = nobody();
        let asked = disk(&fact("/ /no/such/place"), &servers).await;
        assert_eq!(asked.heard.floor, Some(Level::Unknown));
        assert!(asked.heard.note.starts_with("/; `/no/such/place`: "), "{}", asked.heard.note);
        let asked = disk(&fact("/"), &servers).await;
        assert_eq!((asked.heard.floor, asked.heard.note.as_str()), (None, "/"));
        assert!(disk(&fact("/no/such/place"), &servers).await.heard.failed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_system_that_hangs_has_one_asker() {
        let servers = nobody();
        let hung = servers.turn("/").lock_owned().await;
        let asked = disk(&fact("/ /proc"), &servers).await;
        let why = "`/`: the file system does not answer";
        assert!(asked.heard.note.ends_with(why), "{}", asked.heard.note);
        assert_eq!(asked.heard.floor, Some(Level::Unknown));
        drop(hung);
        assert!(!disk(&fact("/"), &servers).await.heard.failed());
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
