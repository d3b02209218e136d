//! Files that would be deleted, overwritten, emptied or given other rights: how many, how large, how old.
use super::answer::{bytes, count};
use super::at::filled;
use super::place::Place;
use super::raw::Arg;
use super::{Answer, At, Reading, Undo};

/// Files are counted up to here.
const FILES: u64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    Delete,
    Overwrite,
    /// What stands there stays: more is added.
    Append,
    Empty,
    Change,
    Move,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `ls -ld`.
    Listed { doing: Doing },
    /// `du -sk`.
    Sizes,
    /// One number.
    Count { what: &'static str, gone: bool },
    /// `stat -c '%a %U:%G %n'`.
    Rights { new: String, owner: bool, undo: Option<String> },
    /// `rsync --dry-run --itemize-changes`.
    Itemized,
    /// Paths, one on each line.
    Paths { gone: bool },
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Rights { .. } => "the rights as they are",
            Sort::Sizes => "the files' sizes",
            Sort::Count { what, .. } => what,
            _ => "the files",
        }
    }
}

fn files(sort: Sort) -> super::Sort {
    super::Sort::Files(sort)
}

/// The words of paths, written again, and the place in which they are safe to ask about.
fn paths(at: &At<'_>, words: &[&Arg]) -> Option<(String, Place)> {
    let mut out = String::new();
    let mut open = String::new();
    for word in words {
        out.push(' ');
        out.push_str(&word.source);
        if word.splits && !word.source.is_empty() {
            open.push_str(&word.text);
        }
    }
    let place = at.place();
    let names = at.marks.variables(&open, place.level())?;
    Some((out, filled(&place.guarded(&names), words)))
}

fn list(at: &mut At<'_>, words: &[&Arg], doing: Doing) {
    if words.is_empty() {
        return at.unlooked();
    }
    match paths(at, words) {
        Some((words, place)) => {
            at.ask_in(&place, &format!("ls -ld --{words}"), files(Sort::Listed { doing }));
        }
        None => at.unknown("which files it means is only known when it runs"),
    }
}

fn all_below(at: &mut At<'_>, words: &[&Arg], gone: bool) {
    let Some((sources, place)) = paths(at, words) else { return };
    at.ask_in(&place, &format!("du -sk --{sources}"), files(Sort::Sizes));
    // Paths that come in stand last, where find takes none; a path of its own needs no option's look.
    if words.iter().all(|word| !word.source.is_empty() && !word.text.starts_with('-')) {
        let ask = format!("find{sources} -xdev -type f | head -n {} | wc -l", FILES + 1);
        at.ask_in(&place, &ask, files(Sort::Count { what: "the files below", gone }));
    }
}

pub(super) fn look(at: &mut At<'_>) {
    let objects = at.objects(0);
    match at.tool {
        "rm" | "unlink" => {
            list(at, &objects, Doing::Delete);
            if at.has("-r -R --recursive") {
                all_below(at, &objects, true);
            }
            at.undo("deleted files come back from a backup alone");
        }
        "truncate" | "shred" => list(at, &objects, Doing::Empty),
        "tee" => {
            let doing = if at.has("-a --append") { Doing::Append } else { Doing::Overwrite };
            list(at, &objects, doing);
        }
        "sed" => {
            let script = usize::from(at.args.get("-e --expression -f --file").is_none());
            list(at, objects.get(script..).unwrap_or_default(), Doing::Change);
        }
        "mv" | "cp" | "install" => moved(at, &objects),
        "chmod" | "chown" | "chgrp" => rights(at, &objects),
        "find" => found(at),
        "dd" => match at.found.words.iter().find(|word| word.text.starts_with("of=")) {
            Some(word) => written_to(at, word.text.trim_start_matches("of="), Doing::Overwrite),
            None => at.unlooked(),
        },
        "openssl" => {
            let words = &at.found.words;
            let place = words.iter().position(|word| matches!(word.text.as_str(), "-out" | "-keyout"));
            match place.and_then(|place| words.get(place + 1)) {
                Some(word) => list(at, &[word], Doing::Overwrite),
                None => at.unlooked(),
            }
        }
        "rsync" if at.args.get("-e --rsh --rsync-path").is_some() && starts_another(at) => at.unlooked(),
        "rsync" => {
            let words: Vec<_> = at.found.words.iter().map(|word| word.source.as_str()).collect();
            let ask = format!("{} --dry-run --itemize-changes", words.join(" "));
            at.ask(&ask, files(Sort::Itemized));
            at.undo("overwritten and deleted files come back from a backup alone");
        }
        _ => at.unlooked(),
    }
}

/// A shell of its own, or another program at the other end: even a dry run starts it.
fn starts_another(at: &At<'_>) -> bool {
    let shell = at.value("-e --rsh").unwrap_or("ssh");
    let plain = |word: &str| {
        word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '~'))
    };
    let ssh =
        shell == "ssh" || shell.strip_prefix("ssh ").is_some_and(|rest| plain(rest) && !rest.contains("-o"));
    !ssh || at.args.get("--rsync-path").is_some()
}

fn written_to(at: &mut At<'_>, path: &str, doing: Doing) {
    match at.quote(path) {
        Some(path) => at.ask(&format!("ls -ld -- {path}"), files(Sort::Listed { doing })),
        None => at.unknown("which file it writes is only known when it runs"),
    }
}

/// Files that redirections write.
pub(super) fn written(at: &mut At<'_>) {
    let found = at.found;
    for out in &found.outs {
        let target = &out.target;
        let devices = ["null", "std", "fd/", "tty", "tcp/", "udp/", "zero", "full", "pts/", "console"];
        let device = target.text.strip_prefix("/dev/");
        let nothing = device.is_some_and(|name| devices.iter().any(|known| name.starts_with(known)))
            || out.sign == ">&"
            || target.text == "-";
        if nothing {
            continue;
        }
        let doing = if out.sign.contains(">>") { Doing::Append } else { Doing::Overwrite };
        list(at, &[target], doing);
    }
}

fn moved(at: &mut At<'_>, objects: &[&Arg]) {
    let (sources, target) = match at.args.get("-t --target-directory") {
        Some(option) => {
            let word = at.found.words.get(option.at + 1 + usize::from(option.two));
            (objects, word.filter(|_| option.two))
        }
        None => match objects.split_last() {
            Some((last, rest)) => (rest, Some(*last)),
            None => return at.unlooked(),
        },
    };
    if at.tool == "mv" {
        list(at, sources, Doing::Move);
    }
    let Some(target) = target else { return at.unlooked() };
    list(at, &[target], Doing::Overwrite);
    // In a directory, the files of the same names.
    at.beyond(sources.len(), 6, "files");
    for source in sources.iter().filter(|source| source.is_plain()).take(6) {
        let name = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if !name.is_empty() && target.is_plain() {
            let path = format!("{}/{name}", target.text.trim_end_matches('/'));
            written_to(at, &path, Doing::Overwrite);
        }
    }
    at.undo("an overwritten file comes back from a backup alone");
}

fn rights(at: &mut At<'_>, objects: &[&Arg]) {
    let Some((new, rest)) = objects.split_first() else { return at.unlooked() };
    let owner = at.tool != "chmod";
    let Some((sources, place)) = paths(at, rest).filter(|_| !rest.is_empty()) else { return at.unlooked() };
    let recursive = at.has("-R --recursive");
    let undo = at.inverse(at.program()).filter(|_| !recursive && at.tool != "chgrp");
    let sort = Sort::Rights { new: new.text.clone(), owner, undo };
    at.ask_in(&place, &format!("stat -c '%a %U:%G %n' --{sources}"), files(sort));
    if recursive {
        all_below(at, rest, false);
        at.undo("the old rights of what lies below are kept nowhere");
    }
}

/// `find … -delete` and `-exec …`: what it finds.
fn found(at: &mut At<'_>) {
    let acts = ["-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprintf", "-fls"];
    let words = &at.found.words;
    let end = words.iter().position(|word| acts.contains(&word.text.as_str())).unwrap_or(words.len());
    let gone = words.iter().any(|word| matches!(word.text.as_str(), "-delete" | "rm" | "unlink" | "shred"));
    let front: Vec<_> = words.get(..end).unwrap_or_default().iter().collect();
    match paths(at, &front) {
        Some((words, place)) => {
            let ask = format!("{} -print | head -n 2001", words.trim());
            at.ask_in(&place, &ask, files(Sort::Paths { gone }));
        }
        None => at.unknown("which files it means is only known when it runs"),
    }
    if gone {
        at.undo("deleted files come back from a backup alone");
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    let absent = |line: &str| line.contains("No such file") || line.contains("Not a directory");
    let missing = answer.err.lines().any(absent);
    let partly = missing && matches!(sort, Sort::Listed { .. } | Sort::Sizes | Sort::Rights { .. });
    if !partly && answer.failed(sort.what(), reading) {
        return;
    }
    // The end of a pipe is well whatever becomes of its front.
    let heard = answer.err.lines().find(|line| !line.trim().is_empty() && !absent(line));
    if let (Sort::Count { .. } | Sort::Paths { .. }, Some(line)) = (sort, heard) {
        reading.unknown(format!("{}: {line}", sort.what()));
        if answer.rows().next().is_none_or(|row| row.trim() == "0") {
            return;
        }
    }
    if let (true, Some(line)) = (partly, heard) {
        reading.unknown(format!("{}: {line}", sort.what()));
    }
    if partly && answer.is_cut() {
        reading.unknown(format!("{}: the answer is too long to be read whole", sort.what()));
    }
    match sort {
        Sort::Listed { doing } => listed(*doing, missing && heard.is_none(), answer, reading),
        Sort::Sizes => {
            for row in answer.rows().take(20) {
                if let Some((size, path)) = row.split_once(['\t', ' '])
                    && let Ok(size) = size.trim().parse::<u64>()
                {
                    reading.hit(format!("{}: {}", path.trim(), bytes(size.saturating_mul(1024))));
                }
            }
        }
        Sort::Count { gone, .. } => match answer.value().parse::<u64>() {
            Ok(found) => {
                let words = if found > FILES {
                    format!("more than {}", count(FILES, "file", "files"))
                } else {
                    count(found, "file", "files")
                };
                reading.hit(format!("{words} below"));
                if *gone {
                    reading.drop(words);
                }
            }
            Err(_) => reading.unknown("how many files lie below cannot be read"),
        },
        Sort::Rights { new, owner, undo } => rights_read(new, *owner, undo.as_deref(), answer, reading),
        Sort::Itemized => itemized(answer, reading),
        Sort::Paths { gone } => {
            let paths: Vec<_> = answer.rows().collect();
            if paths.is_empty() {
                return reading.zero("it finds no file");
            }
            let many = u64::try_from(paths.len()).unwrap_or(u64::MAX);
            let words =
                if many > 2_000 { "more than 2,000 files".to_owned() } else { count(many, "file", "files") };
            reading.hit(words.clone());
            paths.iter().take(12).for_each(|path| reading.hit(*path));
            if *gone {
                reading.drop(words);
            }
        }
    }
}

/// `-rw-r--r-- 1 root root 1234 Jan  5 10:00 /etc/app.conf`: the file, its size and its time.
fn entry(row: &str) -> Option<(bool, u64, String, String)> {
    let mut rest = row.trim_start();
    let mut cells = Vec::with_capacity(8);
    for _ in 0..8 {
        let end = rest.find(char::is_whitespace)?;
        cells.push(rest.get(..end)?);
        rest = rest.get(end..)?.trim_start();
    }
    let directory = row.starts_with('d');
    let size = cells.get(4)?.parse().unwrap_or(0);
    let time = cells.get(5..8)?.join(" ");
    let path = rest.split(" -> ").next().unwrap_or(rest);
    (!path.is_empty()).then(|| (directory, size, time, path.to_owned()))
}

fn listed(doing: Doing, missing: bool, answer: &Answer, reading: &mut Reading) {
    let mut any = false;
    for row in answer.rows() {
        // A disk has no size of its own there, and everything on it.
        if row.starts_with(['b', 'c']) {
            let path = row.split_whitespace().next_back().unwrap_or_default();
            any = true;
            reading.hit(format!("device {path}"));
            if row.starts_with('b') && matches!(doing, Doing::Overwrite | Doing::Empty | Doing::Append) {
                reading.drop(format!("everything on {path}"));
            }
            continue;
        }
        let Some((directory, size, time, path)) = entry(row) else {
            reading.unknown("a file's line cannot be read");
            continue;
        };
        any = true;
        let about = if directory {
            format!("directory {path}")
        } else {
            format!("{path} ({}, of {time})", bytes(size))
        };
        match doing {
            Doing::Delete => {
                reading.hit(about.clone());
                reading.drop(about);
            }
            Doing::Overwrite if directory => reading.hit(format!("{about} takes it in")),
            Doing::Overwrite | Doing::Empty => {
                let verb = if doing == Doing::Empty { "is emptied" } else { "is overwritten" };
                reading.hit(format!("{about} {verb}"));
                if size > 0 {
                    reading.drop(format!("what {path} holds now"));
                }
            }
            Doing::Append => reading.hit(format!("{about} grows")),
            Doing::Change => reading.hit(format!("{about} is changed")),
            Doing::Move => reading.hit(format!("{about} is moved")),
        }
    }
    if !any && missing {
        reading.zero(match doing {
            Doing::Overwrite | Doing::Append => "no file of this name is there: nothing is overwritten",
            _ => "no such file is there",
        });
    }
}

fn rights_read(new: &str, owner: bool, undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    let mut any = false;
    for row in answer.rows() {
        let mut cells = row.splitn(3, ' ');
        let (Some(mode), Some(owners), Some(path)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        any = true;
        let old = if owner { owners } else { mode };
        let what = if owner { format!("owner of {path}") } else { format!("rights of {path}") };
        reading.hit(path);
        reading.set(&what, old, new);
        if let Some(undo) = undo {
            let (old, path) = (crate::domain::text::quoted(old), crate::domain::text::quoted(path));
            reading.undo(Undo::Command(format!("{undo} {old} -- {path}")));
        }
    }
    if !any && reading.effect.unknown.is_empty() {
        reading.zero("no such file is there");
    }
}

fn itemized(answer: &Answer, reading: &mut Reading) {
    let (mut sent, mut rights, mut gone) = (0, 0, Vec::new());
    for row in answer.rows() {
        if let Some(path) = row.strip_prefix("*deleting") {
            gone.push(path.trim().to_owned());
        } else if row.starts_with(['<', '>', 'c', 'h']) {
            sent += 1;
        } else if row.starts_with('.') {
            rights += 1;
        }
    }
    if rights > 0 {
        reading.hit(format!("the rights or times of {}", count(rights, "file", "files")));
    }
    if sent > 0 {
        reading.hit(format!("{} copied over what is there", count(sent, "file is", "files are")));
    }
    if !gone.is_empty() {
        let many = u64::try_from(gone.len()).unwrap_or(u64::MAX);
        reading.hit(format!("{} deleted at the target", count(many, "file is", "files are")));
        gone.into_iter().take(12).for_each(|path| reading.drop(path));
    }
    reading.zero("both sides are the same already");
}
