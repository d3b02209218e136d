//! Backups that are overwritten, incomplete or not yet there.
use super::call::Call;
use super::scene::{Line, Scene, has_any};
use super::word::Word;
use super::{Findings, Rule};

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for (lines, _) in scene.runbooks() {
        for (at, line) in lines.iter().enumerate() {
            for call in &line.calls {
                restore(line, call, out);
                get_all(line, call, out);
            }
            overwrites(line, out);
            not_awaited(lines, at, out);
        }
    }
}

/// A restore that runs the tool that writes backups.
fn restore(line: &Line<'_>, call: &Call, out: &mut Findings) {
    let heading = line.heading.to_lowercase();
    let restores = has_any(&heading, &["restore", "restoring", "restores", "import", "recover"]);
    // `before the restore, back up …` is another matter than `restore from backup`.
    let saves = has_any(
        &heading,
        &["before", "save", "dump", "export", "create", "take", "backing", "verify", "test", "then"],
    ) || heading.contains("back up")
        || (heading.contains("backup") && !from_backup(&heading));
    if !restores || saves {
        return;
    }
    let says = |word: &str| call.words.iter().any(|w| w.text == word);
    let (what, instead) = match call.tool() {
        "redis-cli" if call.has(&["--rdb"]) => (
            "`redis-cli --rdb` writes the server's data into that file",
            "stop the server, put the file in the place of its `dump.rdb`, and start it",
        ),
        "pg_dump" | "pg_dumpall" => ("it writes a dump", "use `pg_restore` or `psql -f`"),
        "mysqldump" => ("it writes a dump", "use `mysql < FILE`"),
        "mongodump" => ("it writes a dump", "use `mongorestore`"),
        "etcdctl" if says("save") => ("`snapshot save` writes a snapshot", "use `etcdctl snapshot restore`"),
        _ => return,
    };
    out.say(
        Rule::RestoreOverwrites,
        line.at(call),
        format!("under \"{}\" {what}, so the backup is overwritten", line.heading),
        instead,
    );
}

/// The word backup stands only where the data comes from.
fn from_backup(heading: &str) -> bool {
    let Some((before, after)) = heading.split_once("from") else { return false };
    !before.contains("backup") && after.contains("backup")
}

/// A pipe that empties the file that it reads.
fn overwrites(line: &Line<'_>, out: &mut Findings) {
    for call in &line.calls {
        for redirect in
            call.redirects.iter().filter(|redirect| matches!(redirect.sign.as_str(), ">" | "1>" | ">|"))
        {
            let file = &redirect.target.text;
            if !file.contains(char::is_alphanumeric) || file.starts_with("/dev/") {
                continue;
            }
            let reads = |other: &&Call| {
                let speaks = matches!(other.tool(), "echo" | "printf" | "touch" | "mkdir" | "[" | "test");
                let named = |word: &Word| word.text == *file;
                let fed = other.redirects.iter().any(|r| r.sign == "<" && r.target.text == *file);
                !speaks && other.pipe == call.pipe && !other.elsewhere && (other.plain().any(named) || fed)
            };
            if line.calls.iter().any(|other| reads(&other)) {
                out.say(
                    Rule::OverwritesInput,
                    line.at(call),
                    format!("the shell empties `{file}` before it is read"),
                    format!("write to another file, then move it: `… > {file}.new && mv {file}.new {file}`"),
                );
            }
        }
    }
}

/// A copy of a dump that may still be being written.
fn not_awaited(lines: &[Line<'_>], at: usize, out: &mut Findings) {
    let Some(line) = lines.get(at) else { return };
    let saves = |line: &Line<'_>| {
        line.calls.iter().any(|call| {
            call.tool() == "redis-cli"
                && call.words.iter().any(|word| word.text.eq_ignore_ascii_case("bgsave"))
        })
    };
    if !saves(line) {
        return;
    }
    let after = lines.get(at + 1..).unwrap_or_default();
    let after = after.get(..after.len().min(30)).unwrap_or_default();
    let copy = after.iter().find(|line| line.calls.iter().any(copies_rdb));
    let Some(copy) = copy else { return };
    let asks = after.iter().take_while(|other| !std::ptr::eq(*other, copy)).any(|line| {
        let text = line.text().to_lowercase();
        text.contains("lastsave") || text.contains("bgsave_in_progress") || text.contains("info persistence")
    });
    if !asks {
        out.say(
            Rule::BackupNotAwaited,
            copy.lines(),
            format!(
                "the save of line {} goes on in the background, and the file may still be the old one",
                line.lines().0
            ),
            "wait until `redis-cli LASTSAVE` has changed before you copy it",
        );
    }
}

fn copies_rdb(call: &Call) -> bool {
    let copies = matches!(call.tool(), "cp" | "mv" | "scp" | "rsync" | "aws" | "gsutil" | "tar")
        || (matches!(call.tool(), "kubectl" | "oc" | "docker")
            && call.words.iter().any(|word| word.text == "cp"));
    copies && call.words.iter().any(|word| word.text.contains(".rdb"))
}

/// `kubectl get all` kept as a backup.
fn get_all(line: &Line<'_>, call: &Call, out: &mut Findings) {
    let kubectl = matches!(call.tool(), "kubectl" | "oc" | "k");
    let mut plain = call.plain();
    let all = plain.next().is_some_and(|word| word.text == "get")
        && plain.next().is_some_and(|word| word.text == "all");
    let kept = call.redirects.iter().any(|redirect| redirect.sign.starts_with('>'));
    if kubectl && all && kept {
        out.say(
            Rule::GetAll,
            line.at(call),
            "`kubectl get all` leaves out config maps, secrets, ingresses, claims and custom resources",
            "name every kind that a restore needs, or back up with a tool made for it",
        );
    }
}
