//! What a container does by its own command, as far as that is understood: it talks, waits, and ends.
use super::terminal::words;

/// As long as a command takes that does nothing.
const MOMENT: f64 = 0.05;

#[derive(Debug, Clone, Default)]
pub struct Script {
    /// What it writes, and whether to standard error.
    pub lines: Vec<(String, bool)>,
    pub seconds: f64,
    pub code: i64,
    /// It begins again and again.
    pub circles: bool,
    pub oom: bool,
}

impl Script {
    /// A shell's `echo`, `sleep`, `exit N` and `while true` in a row; whatever else there is takes no time.
    pub fn read(command: &[String]) -> Option<Script> {
        let text = match command {
            [] => return None,
            [shell, flag, text] if shell == "sh" && flag == "-c" => text.clone(),
            all => all.join(" "),
        };
        let mut script = Script { circles: text.contains("while true"), ..Script::default() };
        for line in text.split([';', '\n']).map(words) {
            let at =
                line.iter().position(|word| !["do", "done", "exec"].contains(&word.as_str())).unwrap_or(0);
            let Some((name, rest)) = line.get(at..).and_then(<[String]>::split_first) else { continue };
            let first = rest.first().map_or("", String::as_str);
            match name.as_str() {
                "echo" => {
                    let loud = rest.last().is_some_and(|last| last == ">&2");
                    let said = rest.get(..rest.len() - usize::from(loud)).unwrap_or_default().join(" ");
                    script.lines.push((said.replace("$n", "{n}"), loud));
                }
                "sleep" => script.seconds += first.parse::<f64>().unwrap_or(0.0).clamp(0.0, 1e9),
                "exit" => script.code = first.parse().unwrap_or(0),
                "tail" => script.oom = first == "/dev/zero",
                _ => {}
            }
        }
        Some(script)
    }

    /// How it has ended once it has run for so long.
    pub fn end(&self, up: f64) -> Option<(i64, bool)> {
        let code = if self.oom { 137 } else { self.code };
        (!self.circles && up >= self.seconds.max(MOMENT)).then_some((code, self.oom))
    }

    /// Lines a second.
    pub fn rate(&self) -> f64 {
        let count = if self.circles { self.lines.len() } else { 0 };
        f64::from(u32::try_from(count).unwrap_or(0)) / self.seconds.max(0.1)
    }
}
