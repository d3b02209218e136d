//! Services and hosts that would be stopped, and what needs them.
use super::{Answer, At, Reading, Undo};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `systemctl show`.
    Units { verb: String, undo: Option<String> },
    /// Lines that are shown as they are, after so many that are not.
    Lines { what: &'static str, skip: usize, gone: bool },
    /// `sysctl NAME`.
    Kernel { new: String, undo: Option<String> },
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Units { .. } => "the services",
            Sort::Lines { what, .. } => what,
            Sort::Kernel { .. } => "the kernel's setting",
        }
    }
}

fn host(sort: Sort) -> super::Sort {
    super::Sort::Host(sort)
}

fn lines(at: &mut At<'_>, ask: &str, what: &'static str, skip: usize, gone: bool) {
    at.ask(ask, host(Sort::Lines { what, skip, gone }));
}

pub(super) fn look(at: &mut At<'_>) {
    match at.tool {
        "systemctl" => systemctl(at),
        "service" => {
            let name = at.objects(0).first().map(|arg| arg.source.clone()).unwrap_or_default();
            lines(at, &format!("systemctl status --no-pager --lines 0 {name}"), "the service", 0, false);
            match at.args.operand(1) {
                "stop" => set_back(at, &format!("service {name} start")),
                "start" => set_back(at, &format!("service {name} stop")),
                _ => at.undo("a restart cannot be taken back"),
            }
        }
        "shutdown" if at.has("-c") => {
            at.looks.said.hits.push("a shutdown that is planned is called off".to_owned());
            at.undo("plan it again");
        }
        "reboot" | "shutdown" | "poweroff" | "halt" => machine(at),
        "iptables" | "ip6tables" => {
            let table = at.options("-t --table");
            lines(
                at,
                &format!("{}{table} -S", at.program()),
                "the rules as they are",
                0,
                at.has("-F --flush -X"),
            );
            at.evidence(&format!("{}-save", at.program()));
            at.undo("put the kept rules back: iptables-restore");
        }
        "ufw" => {
            lines(at, "ufw status numbered", "the rules as they are", 0, false);
            at.undo("add or delete the rule again");
        }
        "certbot" => lines(at, "certbot certificates", "the certificates", 0, false),
        "umount" => {
            let sources = at.sources(0);
            lines(at, &format!("findmnt -n{sources}"), "what is mounted there", 0, false);
            lines(at, &format!("lsof +f --{sources}"), "who uses it", 1, false);
            at.undo("mount it again");
        }
        "sysctl" => kernel(at),
        _ => at.unlooked(),
    }
}

fn set_back(at: &mut At<'_>, command: &str) {
    if let Some(undo) = at.inverse(command) {
        at.looks.said.undo.get_or_insert(Undo::Command(undo));
    }
}

fn machine(at: &mut At<'_>) {
    let verb = format!("the whole host goes down ({})", at.tool);
    at.looks.said.hits.push(verb);
    lines(at, "uptime", "how long it runs and its load", 0, false);
    lines(at, "who", "who is logged in", 0, false);
    lines(at, "systemctl --failed --no-legend --no-pager", "services that have failed already", 0, false);
    at.undo("it cannot be taken back once it begins");
}

fn systemctl(at: &mut At<'_>) {
    let verb = at.args.operand(0).to_owned();
    let machine_verbs =
        ["reboot", "poweroff", "halt", "kexec", "suspend", "hibernate", "rescue", "emergency"];
    if machine_verbs.contains(&verb.as_str()) {
        return machine(at);
    }
    let place = at.options("-H --host -M --machine --user --system");
    let units = at.sources(1);
    if units.is_empty() {
        return at.unlooked();
    }
    let back = match verb.as_str() {
        "stop" | "kill" => "start",
        "start" => "stop",
        "disable" => "enable",
        "enable" => "disable",
        "mask" => "unmask",
        "unmask" => "mask",
        _ => "",
    };
    let now = if at.has("--now") { " --now" } else { "" };
    let undo =
        at.inverse(&format!("{}{place} {back}{now}{units}", at.program())).filter(|_| !back.is_empty());
    let ask = format!(
        "{}{place} show -p Id -p LoadState -p ActiveState -p SubState -p MainPID -p ActiveEnterTimestamp -p RequiredBy -p BoundBy -p WantedBy -p TriggeredBy -p UnitFileState --{units}",
        at.program()
    );
    at.ask(&ask, host(Sort::Units { verb, undo }));
    let evidence = format!("{}{place} status --no-pager --lines 50 --{units}", at.program());
    at.evidence(&evidence);
}

fn kernel(at: &mut At<'_>) {
    at.beyond(at.objects(0).len(), 6, "settings");
    for arg in at.objects(0).into_iter().take(6) {
        let Some((name, new)) = arg.text.split_once('=') else { continue };
        let (name, new) = (name.trim(), new.trim());
        let Some(word) = at.quote(name) else { continue };
        let undo = at.inverse(&format!("sysctl -w {word}"));
        at.ask(&format!("sysctl -n {word}"), host(Sort::Kernel { new: format!("{name}={new}"), undo }));
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Units { verb, undo } => units(verb, undo.as_deref(), answer, reading),
        Sort::Lines { what, skip, gone } => {
            // A stopped service's status ends with 3, an unused mount's with 1.
            let told = answer.rows().next().is_some() && answer.code <= 4;
            if !told && answer.failed(what, reading) {
                return;
            }
            let mut any = false;
            for row in answer.rows().skip(*skip).take(12) {
                any = true;
                let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
                reading.hit(row.clone());
                // A policy stays, whatever is flushed.
                if *gone && !row.starts_with("-P") {
                    reading.drop(row);
                }
            }
            if !any {
                reading.hit(format!("{what}: none"));
            }
        }
        Sort::Kernel { new, undo } => {
            if answer.failed("the kernel's setting", reading) {
                return;
            }
            let (name, new) = new.split_once('=').unwrap_or((new, ""));
            reading.set(name, answer.value(), new);
            if let Some(undo) = undo {
                let old = crate::domain::text::quoted(answer.value());
                reading.undo(Undo::Command(format!("{undo}={old}")));
            }
        }
    }
}

fn units(verb: &str, undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the services", reading) {
        return;
    }
    let mut changes = false;
    for block in cut(answer) {
        let field = |name: &str| {
            block.iter().find_map(|row| row.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().trim()
        };
        let id = field("Id");
        if id.is_empty() {
            continue;
        }
        if field("LoadState") == "not-found" {
            reading.zero(format!("there is no service {id}"));
            continue;
        }
        let (active, since) = (field("ActiveState"), field("ActiveEnterTimestamp"));
        let since = if since.is_empty() { String::new() } else { format!(" since {since}") };
        reading.hit(format!("{id}: {active} ({}){since}", field("SubState")));
        let running = matches!(active, "active" | "activating" | "reloading");
        let ends = matches!(verb, "stop" | "restart" | "try-restart" | "kill" | "isolate");
        for (list, words) in
            [("RequiredBy", "needs it, and stops with it"), ("BoundBy", "is bound to it, and stops with it")]
        {
            for unit in field(list).split_whitespace().filter(|_| ends).take(12) {
                reading.hit(format!("{unit} {words}"));
            }
        }
        if ends && running {
            reading.drop(format!("what {id} serves, and its open connections"));
        }
        for unit in field("TriggeredBy").split_whitespace().filter(|_| verb == "stop").take(6) {
            reading.undone_by(format!("{unit} starts {id} again when it is called"));
        }
        changes |= match verb {
            "start" => !running,
            "enable" => field("UnitFileState") != "enabled",
            "disable" => field("UnitFileState") == "enabled",
            _ => running,
        };
    }
    match undo.filter(|_| changes) {
        Some(undo) => reading.undo(Undo::Command(undo.to_owned())),
        None if verb.contains("restart") => {
            reading.undo(Undo::Words("a restart cannot be taken back".to_owned()));
        }
        None => {}
    }
    if !changes && reading.has_hit() {
        reading.zero_more(|zero| {
            if zero.is_empty() {
                format!("nothing changes: it is as `{verb}` would leave it")
            } else {
                zero.to_owned()
            }
        });
    }
}

/// Blocks of lines with an empty line between them.
fn cut(answer: &Answer) -> Vec<Vec<&str>> {
    let mut blocks = vec![Vec::new()];
    for line in answer.lines() {
        if line.trim().is_empty() {
            blocks.push(Vec::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks
}
