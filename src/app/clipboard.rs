//! Copies text: through the terminal, which also works over SSH, and through this box's own clipboard.
use std::io;
use std::process::Stdio;
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use tokio::io::AsyncWriteExt;

/// Terminals cut OSC 52 off at about 100,000 bytes, base64 included; tmux at 74,994 of text.
const THROUGH_TERMINAL: usize = 74_000;
const PATIENCE: Duration = Duration::from_secs(2);

/// What the terminal has to be sent; `None` for text that is too long for it.
pub fn through_terminal(text: &str) -> Option<String> {
    if text.len() > THROUGH_TERMINAL {
        return None;
    }
    let mut bytes = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut bytes).ok()?;
    Some(bytes)
}

/// The program that reaches this box's clipboard, if it has a display. `var` reads the environment.
pub fn program(var: impl Fn(&str) -> Option<std::ffi::OsString>) -> Vec<&'static [&'static str]> {
    let shown = |name| var(name).is_some_and(|value| !value.is_empty());
    let mut programs: Vec<&'static [&'static str]> = Vec::new();
    if shown("WAYLAND_DISPLAY") {
        programs.push(&["wl-copy"]);
    }
    if shown("DISPLAY") {
        programs.extend([&["xclip", "-selection", "clipboard"][..], &["xsel", "-ib"]]);
    }
    if cfg!(target_os = "macos") {
        programs.push(&["pbcopy"]);
    }
    programs
}

/// Gives the text to the first of the programs that takes it; its name.
pub async fn through_program(text: &str, programs: &[&'static [&'static str]]) -> io::Result<&'static str> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "this box has no display");
    for program in programs {
        let [name, arguments @ ..] = program else { continue };
        match tokio::time::timeout(PATIENCE, give(text, name, arguments)).await {
            Ok(Ok(())) => return Ok(name),
            Ok(Err(error)) => last = io::Error::new(error.kind(), format!("`{name}`: {error}")),
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, format!("`{name}` took over 2 s")),
        }
    }
    Err(last)
}

async fn give(text: &str, name: &str, arguments: &[&str]) -> io::Result<()> {
    // Nothing of the terminal is inherited: what it printed would go over the screen.
    let mut child = tokio::process::Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await?;
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("ended with {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_through_the_terminal_as_osc_52_unless_it_is_too_long() {
        assert_eq!(through_terminal("text").as_deref(), Some("\x1b]52;c;dGV4dA==\x1b\\"));
        assert_eq!(through_terminal(&"x".repeat(THROUGH_TERMINAL + 1)), None);
    }

    #[test]
    fn without_a_display_no_program_is_tried() {
        if !cfg!(target_os = "macos") {
            assert!(program(|_| None).is_empty());
        }
        let both = program(|name| (name != "HOME").then(|| ":0".into()));
        assert_eq!(both[0], ["wl-copy"]);
    }

    #[tokio::test]
    async fn the_first_program_that_takes_the_text_is_named() {
        let programs: &[&'static [&'static str]] =
            &[&["no-such-program"], &["false"], &["sh", "-c", "cat >/dev/null"]];
        assert_eq!(through_program("text", programs).await.expect("taken"), "sh");
        let error = through_program("text", &[&["false"]]).await.expect_err("refused");
        assert!(error.to_string().contains("`false`"), "{error}");
    }
}
