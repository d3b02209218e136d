//! What a container does by its own command, as far as that is understood: it talks, waits, and ends.
use super::container::{Behaviour, Spec};
use super::terminal::words;

/// A line of this beginning goes to standard error.
pub(super) const LOUD: &str = "2>";
/// As long as a command takes that does nothing.
const MOMENT: f64 = 0.05;

#[derive(Debug, Default)]
struct Script {
    lines: Vec<String>,
    seconds: f64,
    code: i64,
    circles: bool,
    oom: bool,
}

/// A shell's `echo`, `sleep`, `exit N` and `while true` in a row; whatever else there is takes no time.
fn read(text: &str) -> Script {
    let mut script = Script { circles: text.contains("while true"), ..Script::default() };
    for line in text.split([';', '\n']).map(words) {
        let at = line.iter().position(|word| !["do", "done", "exec"].contains(&word.as_str())).unwrap_or(0);
        let Some((name, rest)) = line.get(at..).and_then(<[String]>::split_first) else { continue };
        let first = rest.first().map_or("", String::as_str);
        match name.as_str() {
            "echo" => {
                let loud = rest.last().is_some_and(|last| last == ">&2");
                let said = rest.get(..rest.len() - usize::from(loud)).unwrap_or_default().join(" ");
                script.lines.push(format!("{}{}", if loud { LOUD } else { "" }, said.replace("$n", "{n}")));
            }
            "sleep" => script.seconds += first.parse::<f64>().unwrap_or(0.0).clamp(0.0, 1e9),
            "exit" => script.code = first.parse().unwrap_or(0),
            "tail" => script.oom = first == "/dev/zero",
            _ => {}
        }
    }
    script
}

fn text(command: &[String]) -> Option<String> {
    match command {
        [] => None,
        [shell, flag, text] if shell == "sh" && flag == "-c" => Some(text.clone()),
        all => Some(all.join(" ")),
    }
}

/// What its command and its check come to.
pub(super) fn follow(spec: &mut Spec) -> Option<Behaviour> {
    let script = read(&text(&spec.command)?);
    // The first process of a container has no default for a signal.
    spec.deaf = true;
    if script.circles {
        let count = u32::try_from(script.lines.len()).unwrap_or(0);
        (spec.rate, spec.says) = (f64::from(count) / script.seconds.max(0.1), script.lines);
    } else {
        spec.first = script.lines;
        let after = script.seconds.max(MOMENT);
        match script.code {
            _ if script.oom => return Some(Behaviour::Oom { after }),
            0 => spec.done_after = after,
            code => return Some(Behaviour::Crash { after, code, says: String::new() }),
        }
    }
    let check = read(&text(spec.check.get(1..)?)?);
    (check.code != 0).then(|| Behaviour::Unhealthy { says: check.lines.join("\n") })
}
