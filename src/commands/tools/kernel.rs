//! A closer look at tools for the kernel, for running programs, and for the settings of a host.
use super::rules::{C, D, R, Seen, mark};
use super::{Meaning, Through};

pub(super) fn trace(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.get("-p").is_some() {
        meaning.is(C, "slows a process down while it is watched", mark::E);
    } else {
        meaning.is(R, "runs a command and watches it", mark::NONE);
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
        ) => meaning.is(R, "only reads", mark::NONE),
        ("perf", "top") => meaning.is(R, "shows where time goes until it is stopped", mark::I | mark::E),
        ("perf", "record") => meaning.is(C, "samples the host and writes a file", mark::WRITES | mark::L),
        ("perf", "stat") => meaning.is(C, "counts while a command runs", mark::L),
        ("gcore" | "crash", _) => {
            meaning.is(
                C,
                "stops a process while its memory is written to a file",
                mark::WRITES | mark::HEAVY,
            );
        }
        ("gdb" | "lldb", _) => meaning.is(C, "stops a process to look into it", mark::I | mark::OPAQUE),
        _ => meaning.is(C, "watches the kernel until it is stopped", mark::E | mark::OPAQUE),
    }
}

pub(super) fn java(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let verb = seen.args.operand(1);
    match seen.tool {
        "jps" | "jstat" | "jstack" | "jfr" => meaning.is(R, "only reads", mark::NONE),
        "jinfo" if !text.contains("-flag") => meaning.is(R, "only reads", mark::NONE),
        "jmap" if text.contains("dump") => {
            meaning.is(
                C,
                "stops the program while its heap is written to a file",
                mark::WRITES | mark::HEAVY,
            );
        }
        "jmap" if text.contains("live") || text.contains("finalizer") => {
            meaning.is(C, "collects garbage to count what is left", mark::HEAVY);
        }
        "jmap" if text.contains("histo") => meaning.is(R, "counts objects", mark::HEAVY),
        "jcmd"
            if verb.is_empty()
                || verb == "help"
                || verb.starts_with("VM.") && !verb.contains("set_flag")
                || verb.split('.').any(|part| part == "print")
                || verb.ends_with("info")
                || verb == "GC.class_histogram" =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        "jcmd" if verb == "GC.heap_dump" => {
            meaning.is(
                C,
                "stops the program while its heap is written to a file",
                mark::WRITES | mark::HEAVY,
            );
        }
        _ => meaning.is(C, "changes a running program", mark::NONE),
    }
}

pub(super) fn sysctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let sets = seen.args.has("-w --write -p --load --system")
        || seen.words.iter().any(|word| word.text.contains('=') && !word.text.starts_with("--"));
    if sets {
        meaning.is(C, "changes a setting of the kernel", mark::NONE);
    } else {
        meaning.is(R, "only reads", mark::NONE);
    }
}

pub(super) fn modules(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let removes = seen.tool == "rmmod" || seen.tool == "modprobe" && seen.args.has("-r --remove");
    if seen.args.has("-n --dry-run --show -c --showconfig -D") {
        meaning.is(R, "only says what it would do", mark::NONE);
    } else if removes {
        meaning.is(D, "takes a module out of the kernel", mark::NONE);
    } else {
        meaning.is(C, "loads a module into the kernel", mark::NONE);
    }
}

pub(super) fn policy(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    match seen.tool {
        "getenforce" | "sestatus" | "getsebool" | "aa-status" | "ausearch" | "aureport" => {
            meaning.is(R, "only reads", mark::NONE);
        }
        "auditctl" if seen.args.has("-l -s") => meaning.is(R, "only reads", mark::NONE),
        "auditctl" if seen.args.has("-D -d -W") => meaning.is(D, "deletes audit rules", mark::NONE),
        "semanage" if seen.has_word("-l --list") => meaning.is(R, "only reads", mark::NONE),
        "semanage" if seen.has_word("-d --delete -D --deleteall") => {
            meaning.is(D, "deletes rules of the security policy", mark::NONE);
        }
        "restorecon" if seen.args.has("-n") => meaning.is(R, "only says what it would do", mark::NONE),
        _ => meaning.is(C, "changes the security policy", mark::NONE),
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
            meaning.is(D, "changes the host's clock", mark::NONE);
        }
        "date" => meaning.is(R, "prints the time", mark::NONE),
        "hwclock" if seen.args.has("-r --show --get --verbose") || seen.words.is_empty() => {
            meaning.is(R, "prints the time", mark::NONE);
        }
        "hostname" | "domainname" if first.is_empty() && seen.args.get("-F --file -b").is_none() => {
            meaning.is(R, "prints the name", mark::NONE);
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
            meaning.is(R, "only reads", mark::NONE);
        }
        _ => meaning.is(C, "changes the host's name, clock or resolver", mark::NONE),
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
        "chronyc" if reads => meaning.is(R, "only reads", mark::NONE),
        "chronyc" if verb.is_empty() => meaning.is(C, "opens a console", mark::I | mark::OPAQUE),
        "ntpq" => meaning.is(R, "only reads", mark::NONE),
        "ntpdate" if seen.args.has("-q -d") => meaning.is(R, "only reads", mark::NONE),
        _ => meaning.is(C, "changes the host's clock", mark::NONE),
    }
}

pub(super) fn dmesg(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-C --clear -c --read-clear") {
        meaning.is(D, "empties the kernel's log", mark::NONE);
    } else if seen.args.get("-n --console-level -D --console-off -E --console-on").is_some() {
        meaning.is(C, "changes what the kernel prints", mark::NONE);
    } else {
        meaning.is(
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
    meaning.is(R, "reads what is used", if endless { mark::E } else { mark::NONE });
}
