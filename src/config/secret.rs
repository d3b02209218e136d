//! Secrets: read where their reference points, when they are needed, and never shown.
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;
use tokio::io::AsyncReadExt;
use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Located, Table};
use crate::domain::settings::endpoint::SecretRef;
use crate::domain::text::clean;

/// A password manager may ask a key on a token; more than this is a hang.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// How a reference is written.
pub(super) const HELP: &str =
    "write `{ env = \"NAME\" }`, `{ file = \"/path\" }` or `{ command = [\"pass\", \"show\", \"x\"] }`";

/// No secret is longer.
const MOST_BYTES: u64 = 64 << 10;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum SecretError {
    #[error("`{0}` is not set, and the secret is to be read from it")]
    NoVariable(String),
    #[error("the file `{0}` of this secret cannot be read: {1}")]
    File(String, String),
    #[error("the command `{0}` of this secret {1}")]
    Command(String, String),
    #[error("the secret from {0} is empty")]
    Empty(String),
    #[error("the secret from {0} is longer than 64 kB or is not text")]
    NotText(String),
    #[error("the secret from {0} did not come within {1} s")]
    Late(String, u64),
}

/// Reads the secret, within `deadline`. A trailing newline is not part of it.
pub async fn resolve(reference: &SecretRef, deadline: Duration) -> Result<SecretString, SecretError> {
    let bytes = match tokio::time::timeout(deadline, fetch(reference)).await {
        Ok(bytes) => bytes?,
        Err(_) => return Err(SecretError::Late(reference.to_string(), deadline.as_secs())),
    };
    let text = String::from_utf8(bytes).map_err(|_| SecretError::NotText(reference.to_string()))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(SecretError::Empty(reference.to_string()));
    }
    if text.len() as u64 > MOST_BYTES {
        return Err(SecretError::NotText(reference.to_string()));
    }
    Ok(SecretString::from(text))
}

async fn fetch(reference: &SecretRef) -> Result<Vec<u8>, SecretError> {
    match reference {
        SecretRef::Env(name) => match std::env::var_os(name) {
            Some(value) => Ok(value.into_encoded_bytes()),
            None => Err(SecretError::NoVariable(name.clone())),
        },
        SecretRef::File(path) => {
            let cannot =
                |error: std::io::Error| SecretError::File(path.display().to_string(), error.to_string());
            let file = tokio::fs::File::open(path).await.map_err(cannot)?;
            let mut bytes = Vec::new();
            file.take(MOST_BYTES + 2).read_to_end(&mut bytes).await.map_err(cannot)?;
            Ok(bytes)
        }
        SecretRef::Command(words) => run(words).await,
    }
}

/// Without a terminal: a command that wants to ask must fail, not take the keys.
async fn run(words: &[String]) -> Result<Vec<u8>, SecretError> {
    let name = words.first().map_or("", String::as_str);
    let failed = |what: String| SecretError::Command(name.to_owned(), what);
    let mut child = tokio::process::Command::new(name)
        .args(words.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    let (mut out, mut said) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read_out = async {
        if let Some(pipe) = stdout {
            let _ = pipe.take(MOST_BYTES + 2).read_to_end(&mut out).await;
        }
    };
    let read_said = async {
        if let Some(pipe) = stderr {
            let _ = pipe.take(4096).read_to_end(&mut said).await;
        }
    };
    tokio::join!(read_out, read_said);
    let status = child.wait().await.map_err(|error| failed(format!("was lost: {error}")))?;
    if status.success() {
        return Ok(out);
    }
    let said = String::from_utf8_lossy(&said);
    let last = clean(said.trim().lines().last().unwrap_or("")).chars().take(200).collect::<String>();
    Err(failed(format!("ended with {status}: {last}")))
}

/// Reads `{ env = "X" }`, `{ file = "…" }` or `{ command = […] }`, and refuses the secret itself.
pub(super) fn reference(table: &Table<'_, '_>, key: &'static str) -> Option<SecretRef> {
    reference_in(table, key, table.raw(key)?)
}

/// The same, of a value that was found by a name of the reader's own.
pub(super) fn reference_in(
    table: &Table<'_, '_>,
    key: &str,
    raw: &Spanned<DeValue<'_>>,
) -> Option<SecretRef> {
    if !raw.get_ref().is_table() {
        let what = format!("`{key}` is a secret and is not written here");
        table.reader.fault(&raw.span(), what, HELP);
        return None;
    }
    let inner = table.inside(key, raw)?;
    let (env, file, command) = (inner.text("env"), inner.text("file"), inner.texts("command"));
    inner.done();
    let made = match (env, file, command) {
        (Some(env), None, None) => SecretRef::Env(env.value),
        (None, Some(file), None) => SecretRef::File(table.reader.path(&file.value)),
        (None, None, Some(Located { value, .. })) if !value.is_empty() => {
            SecretRef::Command(value.into_iter().map(|word| word.value).collect())
        }
        _ => {
            table.reader.fault(&inner.span, format!("`{key}` needs exactly one place to read it from"), HELP);
            return None;
        }
    };
    Some(made)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    async fn read(reference: SecretRef) -> Result<String, SecretError> {
        resolve(&reference, DEADLINE).await.map(|secret| secret.expose_secret().to_owned())
    }

    fn command(words: &[&str]) -> SecretRef {
        SecretRef::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[tokio::test]
    async fn a_secret_is_read_from_where_its_reference_points() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        std::fs::write(&path, "hunter2\n").expect("written");
        assert_eq!(read(SecretRef::File(path)).await.as_deref(), Ok("hunter2"));
        assert_eq!(read(command(&["printf", "%s\\n", "a b"])).await.as_deref(), Ok("a b"));
        assert!(read(SecretRef::Env("PATH".into())).await.is_ok());
    }

    #[tokio::test]
    async fn a_secret_that_does_not_come_says_why_and_nothing_else() {
        let says = async |reference| read(reference).await.expect_err("no secret").to_string();
        assert!(says(SecretRef::Env("FIREDECK_NO_SUCH".into())).await.contains("`FIREDECK_NO_SUCH`"));
        assert!(says(SecretRef::File("/nowhere/at/all".into())).await.contains("/nowhere/at/all"));
        assert!(says(command(&["firedeck-no-such-program"])).await.contains("cannot be started"));
        assert!(says(command(&["sh", "-c", "echo sorry >&2; exit 3"])).await.contains("sorry"));
        assert!(says(command(&["true"])).await.contains("is empty"));
        let late = resolve(&command(&["sleep", "60"]), Duration::from_millis(20)).await;
        assert!(matches!(late, Err(SecretError::Late(..))));
    }
}
