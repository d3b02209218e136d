//! What redis-cli asks by itself: all keys, the biggest of them, and how long an answer takes.
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::reply::{Form, Reply, quoted};
use super::{Io, Link, Options};

const SCAN: &str = "SCAN error";

/// A type of keys: how the size of one is asked for, and what is counted.
struct Kind {
    name: &'static str,
    size: &'static str,
    unit: &'static str,
    count: u64,
    total: u64,
    biggest: Option<(u64, String)>,
}

pub async fn run(mode: &str, link: &mut Link, options: &Options, io: &mut Io) -> io::Result<()> {
    match mode {
        "--scan" => scan(link, options, io).await,
        "--latency" => latency(link, io).await,
        _ => biggest(mode == "--memkeys", link, options, io).await,
    }
}

fn refused(what: &str, reply: &Reply) -> io::Error {
    match reply {
        Reply::Error(why) => io::Error::other(format!("{what}: {why}")),
        _ => io::Error::other(format!("{what}: unexpected reply")),
    }
}

/// The next keys, and where to go on; zero at the end.
async fn keys(cursor: u64, pattern: Option<&str>, link: &mut Link) -> io::Result<(u64, Vec<Vec<u8>>)> {
    let cursor = cursor.to_string();
    let mut words = vec!["SCAN", &cursor];
    words.extend(pattern.iter().flat_map(|pattern| ["MATCH", pattern]));
    let (next, keys) = match link.tell(&words).await? {
        Reply::Array(pair) => match <[Reply; 2]>::try_from(pair) {
            Ok([Reply::Bulk(next), Reply::Array(keys)]) => (next, keys),
            _ => return Err(refused(SCAN, &Reply::Nil)),
        },
        other => return Err(refused(SCAN, &other)),
    };
    let key = |reply| if let Reply::Bulk(key) = reply { Some(key) } else { None };
    let next = String::from_utf8_lossy(&next).parse().map_err(|_| refused(SCAN, &Reply::Nil))?;
    Ok((next, keys.into_iter().filter_map(key).collect()))
}

async fn scan(link: &mut Link, options: &Options, io: &mut Io) -> io::Result<()> {
    let mut cursor = 0;
    loop {
        let (next, found) = keys(cursor, options.pattern.as_deref(), link).await?;
        for key in found {
            let shown = if options.form == Form::Terminal { quoted(&key).into_bytes() } else { key };
            io.stdout.write_all(&shown)?;
            io.stdout.write_all(b"\n")?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
        tokio::time::sleep(options.interval).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "two digits of it are shown")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

async fn biggest(memory: bool, link: &mut Link, options: &Options, io: &mut Io) -> io::Result<()> {
    let kind = |(name, size, unit)| Kind { name, size, unit, count: 0, total: 0, biggest: None };
    let mut kinds = [
        ("list", "LLEN", "items"),
        ("hash", "HLEN", "fields"),
        ("string", "STRLEN", "bytes"),
        ("stream", "XLEN", "entries"),
        ("set", "SCARD", "members"),
        ("zset", "ZCARD", "members"),
    ]
    .map(kind);
    let all = match link.tell(&["DBSIZE"]).await? {
        Reply::Integer(all) => u64::try_from(all).unwrap_or(0),
        other => return Err(refused("Couldn't determine DBSIZE", &other)),
    };
    let out = &mut io.stdout;
    writeln!(out, "\n# Scanning the entire keyspace to find biggest keys as well as")?;
    writeln!(out, "# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec")?;
    writeln!(out, "# per 100 SCAN commands (not usually needed).\n")?;
    let (mut cursor, mut sampled, mut length, mut rounds) = (0, 0_u64, 0_u64, 0_u64);
    loop {
        let share = 100.0 * ratio(sampled, all);
        let (next, found) = keys(cursor, options.pattern.as_deref(), link).await?;
        for key in found {
            let Reply::Status(name) = link.ask(&[b"TYPE".to_vec(), key.clone()]).await? else { continue };
            let Some(kind) = kinds.iter_mut().find(|kind| kind.name == name) else { continue };
            let ask = if memory { "MEMORY USAGE" } else { kind.size };
            let mut words: Vec<Vec<u8>> = ask.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            words.push(key.clone());
            let Reply::Integer(size) = link.ask(&words).await? else { continue };
            let size = u64::try_from(size).unwrap_or(0);
            let unit = if memory { "bytes" } else { kind.unit };
            sampled += 1;
            length += key.len() as u64;
            kind.count += 1;
            kind.total += size;
            if kind.biggest.as_ref().is_none_or(|(most, _)| size > *most) {
                let key = quoted(&key);
                writeln!(out, "[{share:05.2}%] Biggest {name:<6} found so far '{key}' with {size} {unit}")?;
                kind.biggest = Some((size, key));
            }
        }
        rounds += 1;
        if rounds.is_multiple_of(100) {
            tokio::time::sleep(options.interval).await;
        }
        cursor = next;
        if next == 0 {
            break;
        }
    }
    writeln!(out, "\n-------- summary -------\n\nSampled {sampled} keys in the keyspace!")?;
    let average = ratio(length, sampled);
    writeln!(out, "Total key length in bytes is {length} (avg len {average:.2})\n")?;
    for kind in &kinds {
        if let Some((size, key)) = &kind.biggest {
            let unit = if memory { "bytes" } else { kind.unit };
            writeln!(out, "Biggest {:>6} found '{key}' has {size} {unit}", kind.name)?;
        }
    }
    writeln!(out)?;
    for Kind { name, count, total, unit, .. } in &kinds {
        let unit = if memory { "bytes" } else { unit };
        let (share, average) = (100.0 * ratio(*count, sampled), ratio(*total, *count));
        writeln!(out, "{count} {name}s with {total} {unit} ({share:05.2}% of keys, avg size {average:.2})")?;
    }
    Ok(())
}

/// For a second, and where nobody reads it as it comes.
async fn latency(link: &mut Link, io: &mut Io) -> io::Result<()> {
    let (began, mut least, mut most, mut sum, mut count) = (Instant::now(), u64::MAX, 0, 0, 0);
    while began.elapsed() <= Duration::from_secs(1) {
        let asked = Instant::now();
        if let Reply::Error(why) = link.tell(&["PING"]).await? {
            return Err(io::Error::other(why));
        }
        let took = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        (least, most, sum, count) = (least.min(took), most.max(took), sum + took, count + 1);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    writeln!(io.stdout, "{least} {most} {:.2} {count}", ratio(sum, count))
}
