//! Where settings, logs and state are kept, and what the environment says.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every variable that has a say; nothing else of the environment is looked at here.
const VARIABLES: [&str; 15] = [
    "DOCKER_HOST",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "FIREDECK_CONFIG",
    "FIREDECK_PROFILE",
    "FIREDECK_THEME",
    "FIREDECK_LOG",
    "KUBECONFIG",
    "NO_COLOR",
    "COLORTERM",
    "TERM",
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
];

/// Where the backends' own tools look for passwords.
const SECRETS: [&str; 2] = ["PGPASSWORD", "REDISCLI_AUTH"];

/// What the environment said when the program began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// What is not text is as if it were not set.
    pub fn read() -> Env {
        let plain = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        // Of a secret it is enough to know that it is there.
        let secrets =
            SECRETS.iter().filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        Env(plain.chain(secrets.map(|name| ((*name).to_owned(), "set".to_owned()))).collect())
    }

    pub fn of(values: &[(&str, &str)]) -> Env {
        Env(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One that is set to nothing counts as not set.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The locale that holds, and which variable says so.
    pub fn locale(&self) -> Option<(&'static str, &str)> {
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, self.given(name)?)))
    }

    /// The variable that says that this terminal shows nothing beyond ASCII: a locale of other letters, or
    /// the console of Linux, whose font has none of the signs.
    pub fn only_ascii(&self) -> Option<&'static str> {
        if self.given("TERM") == Some("linux") {
            return Some("TERM");
        }
        self.locale().filter(|(_, locale)| !speaks_utf8(locale)).map(|(name, _)| name)
    }

    /// `firedeck` under an XDG place; relative values are ignored, as XDG asks.
    fn xdg(&self, name: &str, beside_home: &str) -> Option<PathBuf> {
        let base = self
            .given(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| self.given("HOME").map(|home| Path::new(home).join(beside_home)))?;
        Some(base.join("firedeck"))
    }

    /// Where `config.toml`, `keys.toml`, `themes/` and `profiles/` are.
    pub fn config_dir(&self) -> Option<PathBuf> {
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// Where the log and the journal are.
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }
}

pub fn speaks_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// `~` is home; what is not absolute is beside `base`.
pub(super) fn expand(text: &str, base: Option<&Path>) -> PathBuf {
    let below_home = if text == "~" { Some("") } else { text.strip_prefix("~/") };
    if let (Some(rest), Some(home)) = (below_home, std::env::var_os("HOME")) {
        return Path::new(&home).join(rest);
    }
    match base {
        // The runbooks that come with firedeck are in no directory.
        Some(base) if Path::new(text).is_relative() && !text.starts_with("models:") => base.join(text),
        _ => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_xdg_and_fall_back_to_home() {
        let env = Env::of(&[("HOME", "/home/jane"), ("XDG_STATE_HOME", "relative")]);
        assert_eq!(env.config_dir(), Some("/home/jane/.config/firedeck".into()));
        assert_eq!(env.state_dir(), Some("/home/jane/.local/state/firedeck".into()));
        let env = Env::of(&[("HOME", "/home/jane"), ("XDG_CONFIG_HOME", "/etc/x")]);
        assert_eq!(env.config_dir(), Some("/etc/x/firedeck".into()));
        assert_eq!(Env::default().config_dir(), None);
    }

    #[test]
    fn a_path_in_a_file_is_beside_that_file() {
        assert_eq!(expand("a/b", Some(Path::new("/etc/firedeck"))), PathBuf::from("/etc/firedeck/a/b"));
        assert_eq!(expand("/a", Some(Path::new("/etc"))), PathBuf::from("/a"));
    }
}
