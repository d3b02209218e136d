//! A closer look at tools that look after a host.
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Nested, Through, words};
use crate::domain::approval::Tier;

fn is(meaning: &mut Meaning, risk: Tier, why: &'static str, marks: u16) {
    let verb = meaning.subcommand.take();
    *meaning = Meaning::new(risk, why, marks);
    meaning.subcommand = verb;
}

fn has_word(seen: &Seen<'_>, list: &str) -> bool {
    seen.words.iter().any(|word| list.split_whitespace().any(|one| one == word.text))
}

pub(super) fn systemctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.operands.is_empty() {
        is(meaning, R, "lists services", mark::NONE);
    }
    let core = ["network", "networking", "sshd", "ssh", "NetworkManager", "systemd-networkd", "firewalld"];
    let cuts = seen.objects().any(|word| core.contains(&word.text.trim_end_matches(".service")));
    if cuts && meaning.subcommand.as_deref() == Some("restart") {
        meaning.why = "restarts the way into the host: a mistake locks you out".into();
    }
    if seen.args.get("-H --host").is_some() {
        meaning.mark(mark::REMOTE);
    }
}

/// `service NAME VERB`.
pub(super) fn service(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verbs = if seen.tool == "sv" { 0 } else { 1 };
    let verb = seen.args.operand(verbs);
    meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
    match verb {
        "status" | "configtest" | "check" => is(meaning, R, "only reads", mark::NONE),
        "" if seen.args.has("--status-all") => is(meaning, R, "only reads", mark::NONE),
        "stop" | "down" | "kill" | "force-stop" | "exit" | "shutdown" | "d" => {
            is(meaning, D, "stops a service: what it serves is gone", mark::NONE)
        }
        _ => is(meaning, C, "starts or restarts a service", mark::NONE),
    }
}

pub(super) fn journalctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.get("--vacuum-size --vacuum-time --vacuum-files").is_some() {
        is(meaning, D, "deletes old logs", mark::NONE);
    } else if seen
        .args
        .has("--rotate --flush --sync --relinquish-var --smart-relinquish-var --setup-keys --update-catalog")
    {
        is(meaning, C, "rotates or moves logs", mark::NONE);
    } else {
        is(meaning, R, "reads logs", mark::NONE);
    }
    if seen.args.has("-f --follow") {
        meaning.mark(mark::E);
    }
}

/// A signal by name or number, without `SIG` and dashes.
fn signal<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    let by_option = seen.args.value("-s --signal -n");
    let by_dash = seen.words.first().map(|word| word.text.as_str()).filter(|text| {
        let name = text.trim_start_matches('-').trim_start_matches("SIG");
        text.starts_with('-')
            && !text.starts_with("--")
            && (name.parse::<u8>().is_ok()
                || name.len() > 1
                    && name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit()))
    });
    by_option.or(by_dash).map(|name| name.trim_start_matches('-').trim_start_matches("SIG"))
}

pub(super) fn kill(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let lists = seen
        .words
        .first()
        .is_some_and(|word| matches!(word.text.as_str(), "-l" | "-L" | "--list" | "--table"));
    match signal(seen) {
        _ if lists => is(meaning, R, "lists signals", mark::NONE),
        Some("0") => is(meaning, R, "asks whether a process runs", mark::NONE),
        Some(
            "HUP" | "1" | "USR1" | "10" | "USR2" | "12" | "WINCH" | "28" | "CONT" | "18" | "QUIT" | "3"
            | "hup" | "usr1" | "usr2",
        ) => {
            is(meaning, C, "sends a signal to processes", mark::NONE);
        }
        _ if has_word(seen, "--list") => is(meaning, R, "lists", mark::NONE),
        _ => is(meaning, D, "ends processes", mark::NONE),
    }
}

pub(super) fn fuser(seen: &Seen<'_>, meaning: &mut Meaning) {
    let kills = seen.words.iter().any(|word| {
        word.text == "--kill"
            || word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('k')
    });
    if kills {
        is(meaning, D, "ends every process that uses it", mark::NONE);
    } else {
        is(meaning, R, "lists processes", mark::NONE);
    }
}

pub(super) fn reboot(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.tool == "shutdown" && seen.args.has("-c") {
        is(meaning, C, "calls a shutdown off", mark::NONE);
    } else if has_word(seen, "-w --wtmp-only -k --show") {
        is(meaning, C, "only notes or announces it", mark::NONE);
    } else {
        is(meaning, D, "stops or restarts the whole host", mark::NONE);
    }
}

pub(super) fn crontab(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-l") {
        is(meaning, R, "lists jobs", mark::NONE);
    } else if seen.args.has("-e") {
        is(meaning, C, "changes jobs in an editor", mark::I);
    } else if seen.args.has("-r") {
        is(meaning, D, "deletes all jobs of a user", mark::NONE);
    } else {
        is(meaning, D, "replaces all jobs of a user", mark::NONE);
    }
}

pub(super) fn at(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.tool == "atq" {
        is(meaning, R, "lists jobs", mark::NONE);
    } else {
        is(meaning, D, "deletes jobs", mark::NONE);
    }
}

pub(super) fn users(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "userdel" | "deluser" | "groupdel" | "delgroup" => {
            is(meaning, D, "deletes a user or group", mark::NONE)
        }
        "chage" if args.has("-l --list") => is(meaning, R, "only reads", mark::NONE),
        "passwd" if args.has("-S --status") => is(meaning, R, "only reads", mark::NONE),
        "passwd" if args.has("-l --lock -d --delete -e --expire") => {
            is(meaning, D, "locks a user out, or lets everybody in", mark::NONE)
        }
        "passwd" => is(
            meaning,
            C,
            "changes a password",
            mark::SECRET | if args.has("--stdin") { mark::NONE } else { mark::I },
        ),
        "chpasswd" | "newusers" => is(meaning, D, "changes passwords of users", mark::SECRET),
        "usermod"
            if args.has("-L --lock") || args.get("-G --groups").is_some() && !args.has("-a --append") =>
        {
            is(meaning, D, "locks a user out, or takes groups away", mark::NONE);
        }
        "gpasswd" if args.get("-d --delete -M -r").is_some() => {
            is(meaning, D, "takes users out of a group", mark::NONE)
        }
        _ => is(meaning, C, "makes or changes a user or group", mark::NONE),
    }
    if args.get("-p --password").is_some() {
        meaning.mark(mark::SECRET);
    }
}

pub(super) fn editor(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.tool == "visudo" && seen.args.has("-c --check") {
        is(meaning, R, "checks a file", mark::NONE);
    } else {
        is(meaning, C, "changes a file in an editor", mark::I);
    }
}

/// A pager in a pipe or on a file: it reads, on a terminal.
pub(super) fn pager(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let follows = seen.args.has("+F") || has_word(seen, "+F --follow-name");
    is(meaning, R, "shows text a page at a time", mark::I | if follows { mark::E } else { mark::NONE });
}

pub(super) fn tail(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let follows = seen.tool == "multitail"
        || seen.args.has("-F")
        || seen.args.get("-f --follow").is_some()
        || seen.args.has("--retry");
    is(meaning, R, "reads the end of a text", if follows { mark::E } else { mark::NONE });
}

/// Full screens; some have a form that prints and ends.
pub(super) fn screen(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let prints = match seen.tool {
        "top" => seen.args.has("-b") && seen.args.get("-n").is_some() || seen.args.value("-l").is_some(),
        "iotop" | "nethogs" => seen.args.get("-n -c -b").is_some() && seen.args.get("-n -c").is_some(),
        "slabtop" => seen.args.has("-o --once"),
        "iftop" => seen.args.has("-t") && seen.args.get("-s").is_some(),
        "atop" | "nmon" => seen.args.get("-r -c -w").is_some(),
        _ => false,
    };
    if prints {
        is(meaning, R, "reads what is used", mark::NONE);
    } else if matches!(seen.tool, "k9s" | "lazydocker" | "ctop") {
        is(meaning, C, "opens a screen in which everything can be done", mark::I | mark::E | mark::OPAQUE);
    } else if matches!(seen.tool, "tig" | "ncdu") {
        is(meaning, C, "opens a screen in which things can be changed", mark::I);
    } else if seen.tool == "top" && seen.args.has("-b") || seen.tool == "dstat" {
        is(meaning, R, "prints what is used until it is stopped", mark::E);
    } else {
        is(meaning, R, "shows what is used until it is stopped", mark::I | mark::E);
    }
}

pub(super) fn dmesg(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-C --clear -c --read-clear") {
        is(meaning, D, "empties the kernel's log", mark::NONE);
    } else if seen.args.get("-n --console-level -D --console-off -E --console-on").is_some() {
        is(meaning, C, "changes what the kernel prints", mark::NONE);
    } else {
        is(
            meaning,
            R,
            "reads the kernel's log",
            if seen.args.has("-w --follow -W --follow-new") { mark::E } else { mark::NONE },
        );
    }
}

/// `vmstat 1` never ends, `vmstat 1 5` does.
pub(super) fn intervals(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let numbers = seen.args.operands.iter().filter(|word| word.text.parse::<f64>().is_ok()).count();
    let endless = numbers == 1 && seen.tool != "nfsstat";
    is(meaning, R, "reads what is used", if endless { mark::E } else { mark::NONE });
}

pub(super) fn trace(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.get("-p").is_some() {
        is(meaning, C, "slows a process down while it is watched", mark::E);
    } else {
        is(meaning, R, "runs a command and watches it", mark::NONE);
        let first = seen.args.operands.first().map(|word| (*word).clone());
        let words: Vec<_> = first.into_iter().chain(seen.args.rest.iter().cloned()).collect();
        meaning.runs(&words, Through::Here);
    }
    if seen.args.get("-o").is_some() {
        meaning.mark(mark::WRITES);
    }
}

pub(super) fn probe(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let verb = seen.args.operand(0);
    match (seen.tool, verb) {
        (
            "perf",
            "list" | "report" | "script" | "annotate" | "version" | "diff" | "evlist" | "buildid-list"
            | "help",
        ) => is(meaning, R, "only reads", mark::NONE),
        ("perf", "top") => is(meaning, R, "shows where time goes until it is stopped", mark::I | mark::E),
        ("perf", "record") => is(meaning, C, "samples the host and writes a file", mark::WRITES | mark::L),
        ("perf", "stat") => is(meaning, C, "counts while a command runs", mark::L),
        ("gcore" | "crash", _) => is(
            meaning,
            C,
            "stops a process while its memory is written to a file",
            mark::WRITES | mark::HEAVY,
        ),
        ("gdb" | "lldb", _) => is(meaning, C, "stops a process to look into it", mark::I | mark::OPAQUE),
        _ => is(meaning, C, "watches the kernel until it is stopped", mark::E | mark::OPAQUE),
    }
}

pub(super) fn java(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let verb = seen.args.operand(1);
    match seen.tool {
        "jps" | "jstat" | "jstack" | "jfr" => is(meaning, R, "only reads", mark::NONE),
        "jinfo" if !text.contains("-flag") => is(meaning, R, "only reads", mark::NONE),
        "jmap" if text.contains("dump") => is(
            meaning,
            C,
            "stops the program while its heap is written to a file",
            mark::WRITES | mark::HEAVY,
        ),
        "jmap" if text.contains("live") || text.contains("finalizer") => {
            is(meaning, C, "collects garbage to count what is left", mark::HEAVY)
        }
        "jmap" if text.contains("histo") => is(meaning, R, "counts objects", mark::HEAVY),
        "jcmd"
            if verb.is_empty()
                || verb == "help"
                || verb.starts_with("VM.") && !verb.contains("set_flag")
                || verb.ends_with(".print")
                || verb.ends_with("info")
                || verb == "GC.class_histogram" =>
        {
            is(meaning, R, "only reads", mark::NONE);
        }
        "jcmd" if verb == "GC.heap_dump" => is(
            meaning,
            C,
            "stops the program while its heap is written to a file",
            mark::WRITES | mark::HEAVY,
        ),
        _ => is(meaning, C, "changes a running program", mark::NONE),
    }
}

pub(super) fn sysctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let sets = seen.args.has("-w --write -p --load --system")
        || seen.words.iter().any(|word| word.text.contains('=') && !word.text.starts_with("--"));
    if sets {
        is(meaning, C, "changes a setting of the kernel", mark::NONE);
    } else {
        is(meaning, R, "only reads", mark::NONE);
    }
}

pub(super) fn modules(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let removes = seen.tool == "rmmod" || seen.tool == "modprobe" && seen.args.has("-r --remove");
    if seen.args.has("-n --dry-run --show -c --showconfig -D") {
        is(meaning, R, "only says what it would do", mark::NONE);
    } else if removes {
        is(meaning, D, "takes a module out of the kernel", mark::NONE);
    } else {
        is(meaning, C, "loads a module into the kernel", mark::NONE);
    }
}

pub(super) fn policy(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    match seen.tool {
        "getenforce" | "sestatus" | "getsebool" | "aa-status" | "ausearch" | "aureport" => {
            is(meaning, R, "only reads", mark::NONE)
        }
        "auditctl" if seen.args.has("-l -s") => is(meaning, R, "only reads", mark::NONE),
        "auditctl" if seen.args.has("-D -d -W") => is(meaning, D, "deletes audit rules", mark::NONE),
        "semanage" if has_word(seen, "-l --list") => is(meaning, R, "only reads", mark::NONE),
        "semanage" if has_word(seen, "-d --delete -D --deleteall") => {
            is(meaning, D, "deletes rules of the security policy", mark::NONE)
        }
        "restorecon" if seen.args.has("-n") => is(meaning, R, "only says what it would do", mark::NONE),
        _ => is(meaning, C, "changes the security policy", mark::NONE),
    }
}

pub(super) fn settings(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let first = seen.args.operand(0);
    match seen.tool {
        "date"
            if seen.args.get("-s --set").is_some()
                || !first.is_empty()
                    && !first.starts_with('+')
                    && first.chars().all(|letter| letter.is_ascii_digit() || letter == '.') =>
        {
            is(meaning, D, "changes the host's clock", mark::NONE);
        }
        "date" => is(meaning, R, "prints the time", mark::NONE),
        "hwclock" if seen.args.has("-r --show --get --verbose") || seen.words.is_empty() => {
            is(meaning, R, "prints the time", mark::NONE)
        }
        "hostname" | "domainname" if first.is_empty() && seen.args.get("-F --file -b").is_none() => {
            is(meaning, R, "prints the name", mark::NONE)
        }
        "hostnamectl" | "timedatectl" | "localectl" | "resolvectl" | "systemd-resolve"
            if first.is_empty()
                && seen
                    .words
                    .iter()
                    .all(|word| !word.text.starts_with("--set") && !word.text.starts_with("--flush"))
                || [
                    "status",
                    "show",
                    "list-",
                    "query",
                    "statistics",
                    "timesync-status",
                    "show-timesync",
                    "log-level",
                    "service",
                    "tlsa",
                    "openpgp",
                    "dns",
                    "domain",
                    "default-route",
                    "llmnr",
                    "mdns",
                ]
                .iter()
                .any(|verb| {
                    first.starts_with(verb) && !first.is_empty() && seen.args.operands.len() <= 2
                }) =>
        {
            is(meaning, R, "only reads", mark::NONE);
        }
        _ => is(meaning, C, "changes the host's name, clock or resolver", mark::NONE),
    }
}

pub(super) fn clock(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let verb = seen.args.operand(0);
    let reads = matches!(
        verb,
        "tracking"
            | "sources"
            | "sourcestats"
            | "activity"
            | "clients"
            | "serverstats"
            | "ntpdata"
            | "rtcdata"
            | "selectdata"
            | "waitsync"
            | "authdata"
            | "help"
    );
    match seen.tool {
        "chronyc" if reads => is(meaning, R, "only reads", mark::NONE),
        "chronyc" if verb.is_empty() => is(meaning, C, "opens a console", mark::I | mark::OPAQUE),
        "ntpq" => is(meaning, R, "only reads", mark::NONE),
        "ntpdate" if seen.args.has("-q -d") => is(meaning, R, "only reads", mark::NONE),
        _ => is(meaning, C, "changes the host's clock", mark::NONE),
    }
}

/// Without `-y` a package manager asks.
pub(super) fn package(seen: &Seen<'_>, meaning: &mut Meaning) {
    let asks = meaning.traits.long_running && matches!(seen.input, Input::Nothing);
    let quiet = seen.args.has("-y --yes --assume-yes --assumeyes -qq --non-interactive -n")
        || seen.verb() == "makecache";
    if asks && !quiet {
        meaning.mark(mark::I);
    }
    if seen.args.operands.is_empty() {
        is(meaning, R, "shows its help", mark::NONE);
    }
}

pub(super) fn pacman(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let first = seen.words.first().map_or("", |word| word.text.as_str());
    match first.as_bytes().get(1) {
        Some(b'Q' | b'F' | b'V' | b'T') => is(meaning, R, "only reads", mark::NONE),
        Some(b'S') if first.contains(['s', 'i', 'p', 'l', 'g']) => is(meaning, R, "only reads", mark::NONE),
        Some(b'R') => is(meaning, D, "removes packages", mark::L),
        _ => is(meaning, C, "installs or upgrades packages", mark::L),
    }
}

pub(super) fn dpkg(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    let removes = match seen.tool {
        "rpm" => args.has("-e --erase"),
        _ => args.has("-r --remove -P --purge --forget-old-unavail --clear-avail"),
    };
    let reads = match seen.tool {
        "rpm" => args.has("-q --query -V --verify -K --checksig --showrc --eval --querytags"),
        "dpkg-query" => true,
        "dpkg" => args.has("-l --list -s --status -L --listfiles -S --search -p --print-avail -I --info -c --contents --audit -C --print-architecture --get-selections -V --verify --compare-versions"),
        _ => false,
    };
    if removes {
        is(meaning, D, "removes packages", mark::NONE);
    } else if reads {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        is(
            meaning,
            C,
            "installs or sets up packages",
            if seen.tool == "dpkg-reconfigure" { mark::I } else { mark::NONE },
        );
    }
}

pub(super) fn builtin(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    is(meaning, R, "concerns this shell alone", mark::NONE);
    if seen.tool == "read" {
        meaning.mark(mark::I);
        meaning.why = "asks for a value".into();
    }
    if seen.words.iter().any(|word| words::carries_secret(&word.text)) {
        meaning.mark(mark::SECRET);
    }
}

/// `trap 'text' EXIT` runs the text later.
pub(super) fn trap(seen: &Seen<'_>, meaning: &mut Meaning) {
    is(meaning, R, "concerns this shell alone", mark::NONE);
    meaning.subcommand = None;
    if let Some(text) = seen
        .args
        .operands
        .first()
        .filter(|word| !matches!(word.text.as_str(), "" | "-") && seen.args.operands.len() > 1)
    {
        meaning.nested.push(Nested::Shell(text.text.clone()));
    }
}
