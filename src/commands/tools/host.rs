//! A closer look at tools that look after a host.
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Nested, words};

pub(super) fn systemctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.operands.is_empty() {
        meaning.is(R, "lists services", mark::NONE);
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
    let verbs = usize::from(seen.tool != "sv");
    let verb = seen.args.operand(verbs);
    meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
    match verb {
        "status" | "configtest" | "check" => meaning.is(R, "only reads", mark::NONE),
        "" if seen.args.has("--status-all") => meaning.is(R, "only reads", mark::NONE),
        "stop" | "down" | "kill" | "force-stop" | "exit" | "shutdown" | "d" => {
            meaning.is(D, "stops a service: what it serves is gone", mark::NONE);
        }
        _ => meaning.is(C, "starts or restarts a service", mark::NONE),
    }
}

pub(super) fn journalctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.get("--vacuum-size --vacuum-time --vacuum-files").is_some() {
        meaning.is(D, "deletes old logs", mark::NONE);
    } else if seen
        .args
        .has("--rotate --flush --sync --relinquish-var --smart-relinquish-var --setup-keys --update-catalog")
    {
        meaning.is(C, "rotates or moves logs", mark::NONE);
    } else {
        meaning.is(R, "reads logs", mark::NONE);
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
        _ if lists => meaning.is(R, "lists signals", mark::NONE),
        Some("0") => meaning.is(R, "asks whether a process runs", mark::NONE),
        Some(
            "HUP" | "1" | "USR1" | "10" | "USR2" | "12" | "WINCH" | "28" | "CONT" | "18" | "QUIT" | "3"
            | "hup" | "usr1" | "usr2",
        ) => {
            meaning.is(C, "sends a signal to processes", mark::NONE);
        }
        _ if seen.has_word("--list") => meaning.is(R, "lists", mark::NONE),
        _ => meaning.is(D, "ends processes", mark::NONE),
    }
}

pub(super) fn fuser(seen: &Seen<'_>, meaning: &mut Meaning) {
    let kills = seen.words.iter().any(|word| {
        word.text == "--kill"
            || word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('k')
    });
    if kills {
        meaning.is(D, "ends every process that uses it", mark::NONE);
    } else {
        meaning.is(R, "lists processes", mark::NONE);
    }
}

pub(super) fn reboot(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.tool == "shutdown" && seen.args.has("-c") {
        meaning.is(C, "calls a shutdown off", mark::NONE);
    } else if seen.has_word("-w --wtmp-only -k --show") {
        meaning.is(C, "only notes or announces it", mark::NONE);
    } else {
        meaning.is(D, "stops or restarts the whole host", mark::NONE);
    }
}

pub(super) fn crontab(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-l") {
        meaning.is(R, "lists jobs", mark::NONE);
    } else if seen.args.has("-e") {
        meaning.is(C, "changes jobs in an editor", mark::I);
    } else if seen.args.has("-r") {
        meaning.is(D, "deletes all jobs of a user", mark::NONE);
    } else {
        meaning.is(D, "replaces all jobs of a user", mark::NONE);
    }
}

pub(super) fn at(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.tool == "atq" {
        meaning.is(R, "lists jobs", mark::NONE);
    } else {
        meaning.is(D, "deletes jobs", mark::NONE);
    }
}

pub(super) fn users(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "userdel" | "deluser" | "groupdel" | "delgroup" => {
            meaning.is(D, "deletes a user or group", mark::NONE);
        }
        "chage" if args.has("-l --list") => meaning.is(R, "only reads", mark::NONE),
        "passwd" if args.has("-S --status") => meaning.is(R, "only reads", mark::NONE),
        "passwd" if args.has("-l --lock -d --delete -e --expire") => {
            meaning.is(D, "locks a user out, or lets everybody in", mark::NONE);
        }
        "passwd" => meaning.is(
            C,
            "changes a password",
            mark::SECRET | if args.has("--stdin") { mark::NONE } else { mark::I },
        ),
        "chpasswd" | "newusers" => meaning.is(D, "changes passwords of users", mark::SECRET),
        "usermod"
            if args.has("-L --lock") || args.get("-G --groups").is_some() && !args.has("-a --append") =>
        {
            meaning.is(D, "locks a user out, or takes groups away", mark::NONE);
        }
        "gpasswd" if args.get("-d --delete -M -r").is_some() => {
            meaning.is(D, "takes users out of a group", mark::NONE);
        }
        _ => meaning.is(C, "makes or changes a user or group", mark::NONE),
    }
    if args.get("-p --password").is_some() {
        meaning.mark(mark::SECRET);
    }
}

pub(super) fn editor(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.tool == "visudo" && seen.args.has("-c --check") {
        meaning.is(R, "checks a file", mark::NONE);
    } else {
        meaning.is(C, "changes a file in an editor", mark::I);
    }
}

/// A pager in a pipe or on a file: it reads, on a terminal.
pub(super) fn pager(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let follows = seen.args.has("+F") || seen.has_word("+F --follow-name");
    meaning.is(R, "shows text a page at a time", mark::I | if follows { mark::E } else { mark::NONE });
}

pub(super) fn tail(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let follows = seen.tool == "multitail"
        || seen.args.has("-F")
        || seen.args.get("-f --follow").is_some()
        || seen.args.has("--retry");
    meaning.is(R, "reads the end of a text", if follows { mark::E } else { mark::NONE });
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
        meaning.is(R, "reads what is used", mark::NONE);
    } else if matches!(seen.tool, "k9s" | "lazydocker" | "ctop") {
        meaning.is(C, "opens a screen in which everything can be done", mark::I | mark::E | mark::OPAQUE);
    } else if matches!(seen.tool, "tig" | "ncdu") {
        meaning.is(C, "opens a screen in which things can be changed", mark::I);
    } else if seen.tool == "top" && seen.args.has("-b") || seen.tool == "dstat" {
        meaning.is(R, "prints what is used until it is stopped", mark::E);
    } else {
        meaning.is(R, "shows what is used until it is stopped", mark::I | mark::E);
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
        meaning.is(R, "shows its help", mark::NONE);
    }
}

pub(super) fn pacman(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let first = seen.words.first().map_or("", |word| word.text.as_str());
    match first.as_bytes().get(1) {
        Some(b'Q' | b'F' | b'V' | b'T') => meaning.is(R, "only reads", mark::NONE),
        Some(b'S') if first.contains(['s', 'i', 'p', 'l', 'g']) => meaning.is(R, "only reads", mark::NONE),
        Some(b'R') => meaning.is(D, "removes packages", mark::L),
        _ => meaning.is(C, "installs or upgrades packages", mark::L),
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
        meaning.is(D, "removes packages", mark::NONE);
    } else if reads {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(
            C,
            "installs or sets up packages",
            if seen.tool == "dpkg-reconfigure" { mark::I } else { mark::NONE },
        );
    }
}

pub(super) fn builtin(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.is(R, "concerns this shell alone", mark::NONE);
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
    meaning.is(R, "concerns this shell alone", mark::NONE);
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

/// Printers, sound and graphics cards.
pub(super) fn desk(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let loops = || seen.args.get("-l --loop").is_some() || seen.has_word("dmon pmon");
    match seen.tool {
        "lpstat" | "lpq" | "lpinfo" => meaning.is(R, "only reads", mark::NONE),
        "nvidia-smi" | "rocm-smi" => {
            let sets = seen.words.iter().map(|word| word.text.as_str()).any(|word| {
                matches!(
                    word,
                    "-r" | "-pm"
                        | "-pl"
                        | "-c"
                        | "-e"
                        | "-p"
                        | "-mig"
                        | "-ac"
                        | "-lgc"
                        | "-rac"
                        | "mig"
                        | "drain"
                ) || word.starts_with("--set")
                    || word.starts_with("--gpu-reset")
                    || word.starts_with("--reset")
            });
            if seen.has_word("-r --gpu-reset --gpureset drain") {
                meaning.is(D, "resets a graphics card: what runs on it is lost", mark::NONE);
            } else if !sets {
                meaning.is(R, "only reads", if loops() { mark::E } else { mark::NONE });
            }
        }
        _ if seen.args.has("-l -L --list-devices --list-pcms") => meaning.is(R, "only reads", mark::NONE),
        _ => {}
    }
}
