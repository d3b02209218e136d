//! A closer look at tools of the network.
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Nested, Through, words};

fn cuts(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| {
        matches!(
            word.to_ascii_lowercase().as_str(),
            "drop" | "reject" | "blackhole" | "prohibit" | "unreachable"
        )
    })
}

pub(super) fn iptables(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    if args.get("-F --flush -X --delete-chain -D --delete -P --policy -R --replace").is_some() {
        meaning.is(D, "takes rules away, or changes what happens without one", mark::NONE);
    } else if args.get("-A --append -I --insert").is_some() {
        if args.value("-j --jump").is_some_and(cuts) {
            meaning.is(D, "cuts traffic off", mark::NONE);
        } else {
            meaning.is(C, "adds a rule of the packet filter", mark::NONE);
        }
    } else if args.get("-N --new-chain -Z --zero -E --rename-chain").is_some() {
        meaning.is(C, "changes the packet filter", mark::NONE);
    } else if args.get("-L --list -S --list-rules -C --check -h -V --version").is_some() {
        meaning.is(R, "lists rules", mark::NONE);
    } else {
        meaning.is(C, "changes the packet filter", mark::NONE);
    }
}

pub(super) fn iptables_files(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.args.operand(0);
    match seen.tool {
        "ipset" => match verb {
            "list" | "save" | "test" | "version" | "help" | "-L" => meaning.is(R, "only reads", mark::NONE),
            "destroy" | "flush" | "del" | "restore" | "swap" => {
                meaning.is(D, "takes addresses or sets away", mark::NONE);
            }
            _ => meaning.is(C, "changes a set of addresses", mark::NONE),
        },
        tool if tool.ends_with("-save") => meaning.is(R, "prints rules", mark::NONE),
        _ if seen.args.has("-t --test") => meaning.is(R, "only checks", mark::NONE),
        _ => meaning.is(D, "replaces every rule of the packet filter", mark::NONE),
    }
}

pub(super) fn nft(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.args.operand(0);
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    if seen.args.has("-c --check") {
        meaning.is(R, "only checks", mark::NONE);
    } else if seen.args.get("-f --file").is_some() {
        meaning.is(D, "replaces or changes rules by a file", mark::OPAQUE);
    } else {
        // A single quoted word may hold the whole command.
        match verb.split_whitespace().next().unwrap_or_default() {
            "list" | "describe" | "get" => meaning.is(R, "lists rules", mark::NONE),
            "monitor" => meaning.is(R, "watches rules until it is stopped", mark::E),
            "flush" | "delete" | "destroy" | "replace" | "reset" => {
                meaning.is(D, "takes rules away", mark::NONE);
            }
            "" => meaning.is(C, "opens a console", mark::I | mark::OPAQUE),
            _ if cuts(&text) => meaning.is(D, "cuts traffic off", mark::NONE),
            _ => meaning.is(C, "changes the packet filter", mark::NONE),
        }
    }
}

pub(super) fn firewalld(seen: &Seen<'_>, meaning: &mut Meaning) {
    let names = || seen.args.options.iter().map(|option| option.name);
    let values = || {
        seen.args
            .options
            .iter()
            .filter_map(|option| option.value)
            .chain(seen.args.operands.iter().map(|word| word.text.as_str()))
    };
    let hard = names().any(|name| {
        name.starts_with("--remove-")
            || name.starts_with("--delete-")
            || name.starts_with("--set-")
            || matches!(
                name,
                "--panic-on" | "--complete-reload" | "--load-zone-defaults" | "--reset-to-defaults"
            )
    });
    if hard || values().any(cuts) {
        meaning.is(D, "cuts traffic off, or takes rules away", mark::NONE);
    } else if names().all(|name| {
        name.starts_with("--list-")
            || name.starts_with("--get-")
            || name.starts_with("--query-")
            || name.starts_with("--info-")
            || matches!(
                name,
                "--state" | "--zone" | "--permanent" | "--version" | "--check-config" | "--policy"
            )
    }) {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "changes the packet filter", mark::NONE);
    }
}

/// The objects of `ip` may be shortened: `ip a`, `ip r del`.
pub(super) fn ip(seen: &Seen<'_>, meaning: &mut Meaning) {
    let (object, verb) = (seen.args.operand(0), seen.args.operand(1));
    if object.starts_with("netns") && "exec".starts_with(verb) && !verb.is_empty() {
        meaning.is(R, "runs a command in a network of its own", mark::NONE);
        let words = seen.args.rest;
        meaning.runs(words, Through::Here);
        if words.is_empty() {
            meaning.is(C, "opens a shell in a network of its own", mark::I | mark::OPAQUE);
        }
        return;
    }
    if seen.args.get("-b -batch -force").is_some() {
        meaning.is(C, "runs commands of a file that is not seen here", mark::OPAQUE);
        return;
    }
    let down = seen.args.operands.iter().any(|word| word.text == "down");
    let text = seen.args.operands.iter().skip(1).map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let reads =
        ["", "show", "sh", "list", "ls", "lst", "s", "l", "get", "g", "help", "save", "count", "stats"];
    if object.starts_with("mon") || verb.starts_with("mon") {
        meaning.is(R, "watches until it is stopped", mark::E);
    } else if reads.contains(&verb) || verb.starts_with("sho") || object == "help" {
        meaning.is(R, "only reads", mark::NONE);
    } else if ["d", "de", "del", "dele", "delet", "delete", "f", "fl", "flu", "flus", "flush", "reset"]
        .contains(&verb)
    {
        meaning.is(D, "takes an address, route or interface away", mark::NONE);
    } else if down {
        meaning.is(D, "takes an interface down", mark::NONE);
    } else if cuts(&text) {
        meaning.is(D, "cuts traffic off", mark::NONE);
    } else if matches!(verb, "dev" | "to" | "via" | "from" | "type" | "up" | "link") {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "changes an address, route or interface", mark::NONE);
    }
    meaning.subcommand = (!verb.is_empty()).then(|| format!("{object} {verb}"));
}

pub(super) fn old(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let (first, second) = (args.operand(0), args.operand(1));
    match seen.tool {
        "ifdown" => meaning.is(D, "takes an interface down", mark::NONE),
        "ifup" => meaning.is(C, "brings an interface up", mark::NONE),
        "ifconfig" if args.operands.iter().any(|word| word.text == "down") => meaning.is(D, "takes an interface down", mark::NONE),
        "ifconfig" if second.is_empty() => meaning.is(R, "only reads", mark::NONE),
        "route" | "arp" if first == "del" || first == "flush" || args.has("-d") => meaning.is(D, "takes a route or address away", mark::NONE),
        "route" if first.is_empty() || first == "get" => meaning.is(R, "only reads", mark::NONE),
        "arp" if !args.has("-s -f") => meaning.is(R, "only reads", mark::NONE),
        "brctl" if first.starts_with("show") => meaning.is(R, "only reads", mark::NONE),
        "brctl" if first.starts_with("del") => meaning.is(D, "takes a bridge or port away", mark::NONE),
        "ethtool" if !args.has("-r -s -K -G -L -C -A -X -N -E -f -F -p -t --reset --negotiate --change --offload --set-ring --set-channels --coalesce --pause --flash --config-ntuple --set-priv-flags --identify --test") => {
            meaning.is(R, "only reads", mark::NONE);
        }
        "iw" | "iwconfig" if args.operands.len() < 2 => meaning.is(R, "only reads", mark::NONE),
        _ => meaning.is(C, "changes an interface, route or bridge", mark::NONE),
    }
}

pub(super) fn tc(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.args.operand(1) {
        "" | "show" | "ls" | "list" | "get" | "help" => meaning.is(R, "only reads", mark::NONE),
        "del" | "delete" => meaning.is(C, "no longer shapes traffic", mark::NONE),
        "monitor" => meaning.is(R, "watches until it is stopped", mark::E),
        _ => meaning.is(D, "shapes traffic: may slow or drop it", mark::NONE),
    }
}

pub(super) fn bridge(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.args.operand(1) {
        "" | "show" | "ls" | "list" => meaning.is(R, "only reads", mark::NONE),
        "del" | "delete" | "flush" | "reload" => {
            meaning.is(D, "takes a part of the network away", mark::NONE);
        }
        _ => meaning.is(C, "changes the network", mark::NONE),
    }
}

pub(super) fn nmcli(seen: &Seen<'_>, meaning: &mut Meaning) {
    let (object, verb) = (seen.args.operand(0), seen.args.operand(1));
    let reads = [
        "",
        "s",
        "sh",
        "show",
        "st",
        "status",
        "list",
        "permissions",
        "logging",
        "hostname",
        "connectivity",
        "lldp",
        "wifi",
    ];
    if verb.starts_with("mon") || object.starts_with("mon") {
        meaning.is(R, "watches until it is stopped", mark::E);
    } else if reads.contains(&verb) && seen.args.operands.len() <= 3 {
        meaning.is(R, "only reads", mark::NONE);
    } else if matches!(verb, "down" | "delete" | "del" | "d" | "disconnect" | "off" | "dis" | "delet") {
        meaning.is(D, "takes a connection down or deletes it", mark::NONE);
    } else {
        meaning.is(C, "changes connections", mark::NONE);
    }
}

pub(super) fn capture(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    meaning.is(R, "captures packets", mark::NONE);
    let file = args.get("-r").is_some() || args.has("-D --list-interfaces");
    let ends = args.get("-c -a").is_some() || file || args.get("-G -W").is_some() && args.get("-W").is_some();
    if !ends {
        meaning.mark(mark::E);
        meaning.why = "captures packets until it is stopped".into();
    }
    if args.value("-w").is_some_and(|file| file != "-") {
        meaning.mark(mark::WRITES);
    }
    if matches!(seen.tool, "termshark" | "wireshark") {
        meaning.mark(mark::I);
    }
    if let Some(text) = args.value("-z").filter(|_| seen.tool == "tcpdump") {
        meaning.nested.push(Nested::Shell(text.to_owned()));
    }
}

pub(super) fn ping(seen: &Seen<'_>, meaning: &mut Meaning) {
    let ends = seen.args.get("-c --count -w").is_some() || matches!(seen.tool, "fping" | "nping");
    meaning.is(R, "asks whether a host answers", if ends { mark::NONE } else { mark::E });
    if seen.args.has("-f --flood") || seen.tool == "hping3" {
        meaning.raise(C, "floods a host with packets");
        meaning.mark(mark::HEAVY);
    }
}

pub(super) fn route(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.is(R, "follows the way to a host", mark::NONE);
    if seen.tool == "mtr"
        && !seen
            .args
            .has("-r --report -w --report-wide -c --report-cycles -j --json -x --xml -C --csv -l --raw")
    {
        meaning.mark(mark::I | mark::E);
    }
}

/// Bytes to a port: a probe (`-z`), or whatever protocol listens there.
pub(super) fn nc(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    if args.has("-z") {
        meaning.is(R, "asks whether a port is open", mark::NONE);
        return;
    }
    // A host, a port and nothing to send: whether it answers. Port 23 asks for a login.
    let port = args.operand(1).parse::<u16>().is_ok_and(|port| port != 23);
    if seen.tool == "telnet" && port && args.operands.len() == 2 && seen.input == Input::Nothing {
        meaning.is(R, "asks whether a port is open", mark::I);
        return;
    }
    meaning.is(C, "sends bytes to a port", mark::OPAQUE);
    match seen.input {
        Input::Text(text) => {
            meaning.traits.opaque = false;
            let words = || text.split(|letter: char| !letter.is_alphanumeric());
            if words().any(words::destroys)
                || words().any(|word| {
                    matches!(
                        word.to_ascii_lowercase().as_str(),
                        "flushall" | "flushdb" | "flush_all" | "debug"
                    )
                })
            {
                meaning.raise(D, "what it sends takes something away");
            } else if text.trim().is_empty()
                || matches!(
                    text.trim(),
                    "ruok"
                        | "stat"
                        | "mntr"
                        | "srvr"
                        | "conf"
                        | "cons"
                        | "envi"
                        | "stats"
                        | "PING"
                        | "ping"
                        | "INFO"
                        | "QUIT"
                        | "quit"
                        | "version"
                )
            {
                meaning.is(R, "asks a server how it is", mark::NONE);
            }
        }
        Input::Unseen => {}
        Input::Nothing if seen.tool == "socat" => meaning.mark(mark::L),
        Input::Nothing if args.has("-l --listen") => meaning.mark(mark::E),
        Input::Nothing => meaning.mark(mark::I),
    }
    if args.get("-e -c --exec --sh-exec").is_some() {
        meaning.raise(D, "gives a program to whoever connects");
    }
}

pub(super) fn load(seen: &Seen<'_>, meaning: &mut Meaning) {
    match (seen.tool, seen.args.operand(0)) {
        ("nmap", _) => meaning.is(R, "scans ports", mark::HEAVY | mark::L),
        ("vegeta", "report" | "plot" | "encode")
        | ("k6", "version" | "inspect" | "archive")
        | ("sysbench", "--version") => meaning.is(R, "only reads", mark::NONE),
        _ => meaning.is(C, "puts load on a system", mark::HEAVY | mark::L),
    }
}

pub(super) fn conntrack(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.tool != "conntrack" {
        meaning.is(R, "only reads", mark::NONE);
    } else if seen.args.has("-D --delete -F --flush") {
        meaning.is(D, "forgets connections: they may break", mark::NONE);
    } else if seen.args.has("-E --event") {
        meaning.is(R, "watches until it is stopped", mark::E);
    } else if seen.args.has("-I --create -U --update") {
        meaning.is(C, "changes connections", mark::NONE);
    } else {
        meaning.is(R, "only reads", mark::NONE);
    }
}
