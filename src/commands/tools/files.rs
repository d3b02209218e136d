//! A closer look at tools that work on files: what they overwrite, delete, and run.
use super::args::{Args, UNKNOWN};
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Through, Word, words};

mod text;

pub(super) use text::{awk, sed};

fn fresh(
    risk: crate::domain::approval::Tier,
    why: impl Into<std::borrow::Cow<'static, str>>,
    marks: u16,
) -> Meaning {
    Meaning::new(risk, why, marks)
}

/// Where a copy goes: `-t DIRECTORY`, or the last operand.
fn target<'a>(args: &Args<'a>) -> &'a str {
    let last = args.rest.last().map(|word| word.text.as_str());
    let last = last.or(args.operands.last().map(|word| word.text.as_str()));
    args.value("-t --target-directory").or(last).unwrap_or_default()
}

/// A backup that goes back over what it was made of: `cp data/x.db.bak data/x.db`.
fn restores(args: &Args<'_>) -> bool {
    const BACKUPS: &str = "backup backups bak bkp snapshot snapshots orig old saved";
    const APART: &str = "tmp temp test restore restored archive archives staging scratch";
    let says = |text: &str, list: &str| words::parts(text).iter().any(|part| words::one_of(list, part));
    let to = target(args);
    let (directory, own) = to.rsplit_once('/').unwrap_or(("", to));
    if own == "." || to.starts_with(UNKNOWN) || says(to, BACKUPS) || says(to, APART) {
        return false;
    }
    let ends = ["db", "sqlite", "sqlite3", "rdb", "aof", "mdb"];
    let kept = |name: &str| ends.iter().any(|end| words::is_script(name, end));
    args.operands.iter().map(|word| word.text.as_str()).filter(|from| *from != to).any(|from| {
        let (place, name) = from.rsplit_once('/').unwrap_or(("", from));
        // The same name, but for what says that it is a backup.
        let marked = own.len() > 2
            && name
                .split_once(own)
                .is_some_and(|(before, after)| says(before, BACKUPS) || says(after, BACKUPS));
        let same = name == own || own.is_empty() && !directory.is_empty() || kept(name) && kept(own);
        marked || says(place, BACKUPS) && same
    })
}

pub(super) fn rm(seen: &Seen<'_>, meaning: &mut Meaning) {
    let recursive = seen.args.has("-r -R --recursive");
    *meaning = fresh(
        D,
        if recursive { "deletes directories and all that is in them" } else { "deletes files" },
        mark::NONE,
    );
}

pub(super) fn moved(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "moves or renames files", mark::WRITES);
    let to = target(&seen.args);
    let from_vital = seen.args.operands.iter().any(|word| words::vital_path(&word.text) && word.text != to);
    if words::vital_path(to) || to.starts_with("/dev/null") {
        meaning.raise(D, "overwrites files that a service keeps");
    } else if from_vital {
        meaning.raise(D, "takes files away that a service keeps");
    } else if restores(&seen.args) {
        meaning.raise(D, "puts a backup over what is there");
    }
}

pub(super) fn copied(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "copies files, over those that are there", mark::WRITES);
    if words::vital_path(target(&seen.args)) {
        meaning.raise(D, "overwrites files that a service keeps");
    } else if restores(&seen.args) {
        meaning.raise(D, "puts a backup over what is there");
    }
}

pub(super) fn dd(seen: &Seen<'_>, meaning: &mut Meaning) {
    let to = seen.args.operands.iter().find_map(|word| word.text.strip_prefix("of="));
    *meaning = match to {
        None | Some("/dev/null" | "/dev/stdout") => fresh(R, "reads blocks", mark::HEAVY | mark::L),
        Some(_) => fresh(D, "overwrites a file or device, block by block", mark::WRITES | mark::L),
    };
}

pub(super) fn emptied(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = if seen.tool == "fallocate"
        && !seen.args.has("-p --punch-hole -z --zero-range -c --collapse-range")
    {
        fresh(C, "makes a file of this size", mark::WRITES)
    } else {
        fresh(D, "empties or overwrites a file", mark::WRITES)
    };
}

pub(super) fn made(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(C, "makes a file or directory");
    meaning.mark(mark::WRITES);
    if seen.tool == "mktemp" {
        meaning.set(R, "makes a temporary file");
    }
}

pub(super) fn rights(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "changes rights or owners", mark::NONE);
    let recursive = seen.args.has("-R --recursive");
    let paths = || seen.args.operands.iter().skip(1).map(|word| word.text.as_str());
    let broad = paths().any(|path| {
        words::system_path(path) || matches!(path, "/" | "." | "/*" | "/home" | "/opt" | "/srv" | "/var")
    });
    if recursive && broad {
        meaning.raise(D, "changes rights or owners of everything below: the old ones are lost");
    } else if matches!(seen.args.operand(0), "000" | "0" | "777" | "a-rwx") && recursive {
        meaning.raise(D, "opens or closes everything below to everybody: the old rights are lost");
    }
    if seen.args.operand(0).starts_with('-') && seen.tool == "chattr" {
        meaning.set(C, "changes attributes");
    }
}

pub(super) fn tee(seen: &Seen<'_>, meaning: &mut Meaning) {
    let files: Vec<_> = seen
        .args
        .operands
        .iter()
        .map(|word| word.text.as_str())
        .filter(|file| !file.starts_with("/dev/"))
        .collect();
    *meaning = if files.is_empty() {
        fresh(R, "prints", mark::NONE)
    } else {
        fresh(C, "writes a file", mark::WRITES)
    };
    let append = seen.args.has("-a --append");
    if files.iter().any(|file| words::vital_path(file) && !append) {
        meaning.raise(D, "overwrites a file that a service keeps");
    }
    let devices =
        seen.args.operands.iter().any(|word| words::vital_path(&word.text) && word.text.starts_with("/dev/"));
    let trigger = seen.args.operands.iter().any(|word| word.text.starts_with("/proc/sysrq"));
    if devices || trigger {
        meaning.raise(D, "writes to a device or to the kernel");
    }
}

/// `-exec COMMAND … ;` and its like run a command for each file.
pub(super) fn find(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(R, "finds files", mark::NONE);
    let mut words = seen.words.iter().enumerate();
    while let Some((at, word)) = words.next() {
        match word.text.as_str() {
            "-delete" => meaning.raise(D, "deletes every file that it finds"),
            "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch" => {
                let rest = seen.words.get(at + 1..).unwrap_or_default();
                let length = rest
                    .iter()
                    .position(|word| matches!(word.text.as_str(), ";" | "+" | "\\;"))
                    .unwrap_or(rest.len());
                let inner: Vec<_> = rest.iter().take(length).map(found).collect();
                meaning.runs(&inner, Through::Elsewhere);
                meaning.mark(if word.text.starts_with("-ok") { mark::I } else { mark::NONE });
                if length > 0 {
                    words.nth(length - 1);
                }
            }
            "-fprint" | "-fprintf" | "-fls" | "-fprint0" => {
                meaning.raise(C, "writes what it finds to a file");
                meaning.mark(mark::WRITES);
            }
            _ => {}
        }
    }
}

/// `{}` stands for a file that is not known yet.
fn found(word: &Word) -> Word {
    let known = !word.text.contains("{}");
    Word { text: word.text.replace("{}", &UNKNOWN.to_string()), known: word.known && known, bare: word.bare }
}

/// The letters of the old style (`czf`) and the options.
fn tar_has(args: &Args<'_>, letter: char, long: &str) -> bool {
    let old = args.operands.first().is_some_and(|word| {
        args.options.iter().all(|option| option.after > 0)
            && word.text.chars().all(|letter| letter.is_ascii_alphabetic())
            && word.text.contains(letter)
    });
    old || args.options.iter().any(|option| option.short == Some(letter)) || args.get(long).is_some()
}

pub(super) fn tar(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let has = |letter, long: &str| tar_has(args, letter, long);
    let to_screen = has('O', "--to-stdout");
    *meaning = if has('t', "--list") {
        fresh(R, "lists an archive", mark::NONE)
    } else if has('d', "--diff --compare") {
        fresh(R, "compares an archive", mark::NONE)
    } else if has('x', "--extract --get") && to_screen {
        fresh(R, "prints files of an archive", mark::NONE)
    } else if has('x', "--extract --get") {
        fresh(C, "unpacks files, over those that are there", mark::WRITES)
    } else if args.get("--delete").is_some() {
        fresh(D, "deletes files of an archive", mark::WRITES)
    } else if has('c', "--create") && args.value("-f --file") == Some("-") {
        fresh(R, "prints an archive", mark::NONE)
    } else {
        fresh(C, "writes an archive", mark::WRITES)
    };
    let into = args.value("-C --directory").or_else(|| directory(seen.words));
    if meaning.risk == C
        && has('x', "--extract --get")
        && into.is_some_and(|path| words::system_path(path) || path == "/")
    {
        meaning.raise(D, "unpacks over files of the system");
    }
    if args.get("--remove-files").is_some() {
        meaning.raise(D, "deletes the files that it packs");
    }
    if args.get("--to-command --checkpoint-action -I --use-compress-program").is_some() {
        meaning.raise(C, "runs another program");
    }
}

/// `tar xzf x.tgz -C /`: in the old style the options are letters, and `-C` follows later.
fn directory(words: &[Word]) -> Option<&str> {
    let at = words.iter().position(|word| word.text == "-C")?;
    words.get(at + 1).map(|word| word.text.as_str())
}

pub(super) fn packed(seen: &Seen<'_>, meaning: &mut Meaning) {
    let screen =
        seen.args.has("-c --stdout --to-stdout -l --list -t --test") || seen.args.operands.is_empty();
    *meaning = if screen {
        fresh(R, "packs or unpacks what goes through", mark::NONE)
    } else {
        fresh(C, "replaces files by packed or unpacked ones", mark::WRITES)
    };
}

pub(super) fn archive(seen: &Seen<'_>, meaning: &mut Meaning) {
    let lists = match seen.tool {
        "unzip" => seen.args.has("-l -p -t -v -Z"),
        "7z" | "7za" => matches!(seen.args.operand(0), "l" | "t" | "i"),
        "cpio" => seen.args.has("-t --list"),
        _ => false,
    };
    *meaning = if lists {
        fresh(R, "lists an archive", mark::NONE)
    } else {
        fresh(C, "packs or unpacks files", mark::WRITES)
    };
    if seen.tool == "zip" && seen.args.has("-m --move -d --delete") {
        meaning.raise(D, "deletes the files that it packs, or those of the archive");
    }
    if seen.tool == "unzip" && seen.args.value("-d").is_some_and(words::vital_path) {
        meaning.raise(D, "unpacks over files of the system");
    }
}

fn remote(seen: &Seen<'_>) -> bool {
    seen.args.operands.iter().any(|word| word.text.split('/').next().is_some_and(|host| host.contains(':')))
}

pub(super) fn rsync(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "copies files, over those that are there", mark::WRITES | mark::L);
    let deletes =
        seen.args.options.iter().any(|option| option.name.starts_with("--delete") || option.name == "--del");
    if deletes {
        meaning.raise(D, "copies, and deletes what the source does not have");
    } else if seen.args.has("--remove-source-files") {
        meaning.raise(D, "deletes the files that it has copied");
    } else if words::vital_path(target(&seen.args)) {
        meaning.raise(D, "overwrites files that a service keeps");
    } else if restores(&seen.args) {
        meaning.raise(D, "puts a backup over what is there");
    }
    if remote(seen) {
        meaning.mark(mark::REMOTE);
    }
    let lists = seen.args.operands.len() == 1;
    if seen.args.has("-n --dry-run --list-only") || lists {
        *meaning = fresh(R, "only says what it would do", mark::NONE);
    }
}

pub(super) fn scp(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "copies files, over those that are there", mark::WRITES | mark::REMOTE);
    let to = target(&seen.args);
    let path = to.split_once(':').map_or(to, |(_, path)| path);
    if words::vital_path(path) {
        meaning.raise(D, "overwrites files that a service keeps");
    }
}

pub(super) fn sftp(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "moves files between hosts", mark::REMOTE | mark::OPAQUE);
    if let Input::Text(text) = seen.input {
        let deletes = text.lines().any(|line| {
            line.split_whitespace().next().is_some_and(|verb| words::destroys(verb) || verb == "mdelete")
        });
        meaning.raise(if deletes { D } else { C }, "deletes files on another host");
    } else if seen.args.get("-b -e -c").is_none() {
        meaning.mark(mark::I);
    }
    if seen.args.value("-e -c").is_some_and(words::says_destroy) {
        meaning.raise(D, "deletes files on another host");
    }
}

pub(super) fn logrotate(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = if seen.args.has("-d --debug") {
        fresh(R, "only says what it would do", mark::NONE)
    } else {
        fresh(C, "rotates logs, and deletes the oldest", mark::NONE)
    };
}

pub(super) fn mount(seen: &Seen<'_>, meaning: &mut Meaning) {
    let bare = seen.args.operands.is_empty() && !seen.args.has("-a --all");
    let lists = bare || seen.args.has("-l --list --show -s --summary");
    *meaning = match seen.tool {
        "umount" if seen.args.has("-f --force -l --lazy -a --all") => {
            fresh(D, "takes a file system away from whoever uses it", mark::NONE)
        }
        "umount" => fresh(C, "takes a file system away, unless it is in use", mark::NONE),
        "swapoff" => fresh(C, "takes swap space away", mark::L),
        "mount" if lists && !seen.args.has("-o") => fresh(R, "lists what is mounted", mark::NONE),
        "losetup" if seen.args.has("-d --detach -D --detach-all") => {
            fresh(D, "takes devices away", mark::NONE)
        }
        "losetup" | "swapon" if lists => fresh(R, "only reads", mark::NONE),
        _ => fresh(C, "mounts a file system or makes a device", mark::NONE),
    };
}

pub(super) fn format(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(D, "formats, wipes or shrinks a device: what is on it is gone", mark::NONE);
    let lists = match seen.tool {
        "sgdisk" | "sfdisk" | "gdisk" => {
            seen.args.has("-p --print -l --list -d --dump -i --info")
                && !seen.args.has("--delete -Z --zap-all -o --clear -n --new")
        }
        "wipefs" => !seen.args.has("-a --all -o --offset"),
        "lvremove" | "vgremove" | "pvremove" | "lvreduce" | "vgreduce" => seen.args.has("-t --test"),
        "mke2fs" | "mkfs.ext4" | "mkfs.ext3" | "mkfs.ext2" => seen.args.has("-n"),
        _ => false,
    };
    // `sgdisk -d` deletes a partition, `sfdisk -d` prints the table.
    if lists && !(seen.tool == "sgdisk" && seen.args.has("-d")) {
        *meaning = fresh(R, "only reads", mark::NONE);
    }
}

pub(super) fn partition(seen: &Seen<'_>, meaning: &mut Meaning) {
    let lists = seen.args.has("-l --list") || seen.args.operands.iter().any(|word| word.text == "print");
    let tool = seen.tool;
    *meaning = if lists
        && !seen.args.operands.iter().any(|word| {
            words::destroys(&word.text)
                || matches!(word.text.as_str(), "mklabel" | "mktable" | "mkpart" | "resizepart")
        }) {
        fresh(R, "lists partitions", mark::NONE)
    } else if matches!(tool, "partprobe" | "kpartx") {
        fresh(C, "lets the kernel read partitions again", mark::NONE)
    } else {
        let scripted = seen.args.has("-s --script")
            || !matches!(seen.input, Input::Nothing)
            || tool == "parted" && seen.args.operands.len() > 1;
        fresh(D, "changes a device's partitions", if scripted { mark::NONE } else { mark::I | mark::OPAQUE })
    };
}

pub(super) fn volumes(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = fresh(C, "changes a volume or file system", mark::NONE);
    let shrinks = seen.tool == "lvresize"
        && seen.args.value("-L --size -l --extents").is_some_and(|size| !size.starts_with('+'));
    let minus = seen.words.iter().any(|word| word.text.starts_with("-L-") || word.text.contains("=-"));
    if shrinks || minus {
        meaning.raise(D, "may make a volume smaller: what is beyond is gone");
    }
    if matches!(seen.tool, "lvchange" | "vgchange")
        && seen.words.iter().any(|word| word.text == "-an" || word.text == "n")
    {
        meaning.raise(D, "takes volumes away");
    }
    if seen.tool == "tune2fs" && seen.args.has("-l") || seen.args.has("-t --test") && seen.tool != "fstrim" {
        *meaning = fresh(R, "only reads", mark::NONE);
    }
    if seen.tool == "pvmove" {
        meaning.mark(mark::L);
    }
}

pub(super) fn fsck(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = if seen.args.has("-n -N") {
        fresh(R, "checks a file system", mark::L)
    } else {
        fresh(D, "repairs a file system: damaged files may be lost", mark::L)
    };
}

pub(super) fn mdadm(seen: &Seen<'_>, meaning: &mut Meaning) {
    let has = |names: &str| seen.args.has(names);
    *meaning = if has("--fail -f --remove -r --stop -S --zero-superblock --create -C --grow -G") {
        fresh(D, "stops, degrades or makes an array", mark::NONE)
    } else if has("--detail -D --examine -E --query -Q --test --version") {
        fresh(R, "only reads", mark::NONE)
    } else {
        fresh(C, "changes an array", mark::NONE)
    };
}
