//! How a session is begun: what the caller says, what is kept of it, and what its shell finds in its environment.
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Stream;

/// What a session is to be like.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Must not exist yet; its last part is the session's name.
    pub dir: PathBuf,
    /// The program that becomes the runner; the one that runs now, if none is named.
    pub program: Option<PathBuf>,
    /// `bash` where there is one, else `sh`, if none is named.
    pub shell: Option<PathBuf>,
    /// On the box where it runs; where this process stands, or the home there, if none is named.
    pub workdir: Option<PathBuf>,
    /// Set on top of this process's own environment, or of the one that the remote box gives.
    pub env: Vec<(String, String)>,
    /// What kubectl sees; the variable of this process never gets through.
    pub kubeconfig: Option<PathBuf>,
    /// `user@host`: the shell runs there, by the box's own `ssh`, and never here.
    pub remote: Option<String>,
    /// stdout and stderr are the terminal too.
    pub full_terminal: bool,
    pub rows: u16,
    pub columns: u16,
    /// How long a statement may take to heed INT, and then TERM.
    pub patience: Duration,
}

impl Setup {
    pub fn new(dir: impl Into<PathBuf>) -> Setup {
        Setup {
            dir: dir.into(),
            program: None,
            shell: None,
            workdir: None,
            env: Vec::new(),
            kubeconfig: None,
            remote: None,
            full_terminal: false,
            rows: 24,
            columns: 80,
            patience: Duration::from_secs(5),
        }
    }
}

/// What the runner reads; no value of a variable is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) version: String,
    #[serde(default)]
    pub(super) shell: Option<PathBuf>,
    #[serde(default)]
    pub(super) workdir: Option<PathBuf>,
    #[serde(default)]
    pub(super) remote: Option<String>,
    /// Names of the variables that go along to a remote box.
    #[serde(default)]
    pub(super) exports: Vec<String>,
    #[serde(default)]
    pub(super) full_terminal: bool,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) patience_ms: u64,
}

impl Kept {
    pub(super) fn of(setup: &Setup) -> Kept {
        Kept {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            shell: setup.shell.clone(),
            workdir: setup.workdir.clone(),
            remote: setup.remote.clone(),
            exports: setup.env.iter().map(|(name, _)| name.clone()).collect(),
            full_terminal: setup.full_terminal,
            rows: setup.rows,
            columns: setup.columns,
            patience_ms: u64::try_from(setup.patience.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }
}

/// Names in a session's directory.
#[derive(Debug, Clone)]
pub(super) struct Files(pub(super) PathBuf);

impl Files {
    pub(super) fn setup(&self) -> PathBuf {
        self.0.join("setup.json")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(super) fn orders(&self) -> PathBuf {
        self.0.join("in")
    }

    pub(super) fn answers(&self) -> PathBuf {
        self.0.join("answer")
    }

    pub(super) fn driver(&self) -> PathBuf {
        self.0.join("driver")
    }

    pub(super) fn events(&self) -> PathBuf {
        self.0.join("events")
    }

    /// What the runner itself complains of.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(super) fn output(&self, statement: u64, stream: Stream) -> PathBuf {
        self.0.join(format!("{statement}.{}", stream.name()))
    }

    pub(super) fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Opens a file of ours: never through a link, never for others to read.
pub(super) fn options() -> std::fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let flags = rustix::fs::OFlags::NOFOLLOW;
    options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    options
}

/// The words of a path as a shell reads them back, whatever bytes they are.
pub(super) fn quoted(text: &OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut out = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => out.extend(br"'\''"),
            other => out.push(*other),
        }
    }
    out.push(b'\'');
    out
}

/// Variables that would change what a script means, or that speak of this process.
const NOT_TAKEN: [&str; 17] = [
    "BASH_ENV",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "BASH_COMPAT",
    "BASH_XTRACEFD",
    "POSIXLY_CORRECT",
    "CDPATH",
    "GLOBIGNORE",
    "EXECIGNORE",
    "PROMPT_COMMAND",
    "PS4",
    "TMOUT",
    "LINES",
    "COLUMNS",
    "KUBECONFIG",
    "OLDPWD",
];

/// Programs that would page their output write it.
pub(super) const PAGERS: [&str; 9] = [
    "PAGER",
    "GIT_PAGER",
    "SYSTEMD_PAGER",
    "PSQL_PAGER",
    "MANPAGER",
    "AWS_PAGER",
    "GH_PAGER",
    "BAT_PAGER",
    "DELTA_PAGER",
];

/// What a session's shell finds: the caller's variables without what must not leak, pagers that are `cat`, and what
/// the setup says.
pub fn environment(
    caller: impl IntoIterator<Item = (OsString, OsString)>,
    setup: &Setup,
) -> Vec<(OsString, OsString)> {
    let leaks = |name: &OsStr| {
        let name = name.to_string_lossy();
        // Functions of the caller's shell would stand before the commands of their names.
        NOT_TAKEN.contains(&&*name) || name.starts_with("BASH_FUNC_") || name.starts_with("FIREDECK_")
    };
    let mut all: Vec<(OsString, OsString)> = caller.into_iter().filter(|(name, _)| !leaks(name)).collect();
    let mut set = |name: &str, value: &OsStr| {
        all.retain(|(known, _)| known != name);
        all.push((name.into(), value.into()));
    };
    for pager in PAGERS {
        set(pager, OsStr::new("cat"));
    }
    if let Some(path) = &setup.kubeconfig {
        set("KUBECONFIG", path.as_os_str());
    }
    for (name, value) in &setup.env {
        set(name, OsStr::new(value));
    }
    set("FIREDECK_SESSION", setup.dir.file_name().unwrap_or_default());
    all
}

/// Why a setup cannot be begun, before anything is made.
pub(super) fn refuse(setup: &Setup) -> Option<String> {
    let bad = |name: &str| name.is_empty() || name.contains(['=', '\0']);
    if let Some((name, _)) = setup.env.iter().find(|(name, value)| bad(name) || value.contains('\0')) {
        return Some(format!("`{}` cannot be a variable", name.escape_default()));
    }
    let Some(target) = &setup.remote else {
        return match &setup.workdir {
            Some(dir) if !dir.is_dir() => Some(format!("there is no directory `{}`", shown(dir))),
            _ => None,
        };
    };
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if target.is_empty() || target.starts_with('-') || target.contains(odd) {
        return Some(format!("`{}` is no `user@host`", target.escape_default()));
    }
    setup
        .full_terminal
        .then(|| format!("a session on `{target}` has no terminal: it cannot run what needs one"))
}

/// A path for people.
pub(super) fn shown(path: &Path) -> String {
    crate::domain::text::clean(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_a_scripts_meaning_is_not_taken_along() {
        let mut setup = Setup::new("/sessions/s1");
        setup.kubeconfig = Some("/pinned".into());
        setup.env = vec![("EDITOR".into(), "vi".into()), ("PAGER".into(), "less".into())];
        let caller = [
            ("PATH", "/bin"),
            ("PAGER", "more"),
            ("KUBECONFIG", "/all"),
            ("BASH_ENV", "/evil"),
            ("BASH_FUNC_ls%%", "() { rm; }"),
            ("FIREDECK_THEME", "night"),
            ("CDPATH", "/"),
            ("EDITOR", "ed"),
        ];
        let caller = caller.map(|(name, value)| (name.into(), value.into()));
        let all = environment(caller, &setup);
        let of = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_str());
        assert_eq!(of("PATH"), Some(Some("/bin")));
        assert_eq!(
            [of("PAGER"), of("EDITOR"), of("KUBECONFIG")],
            ["less", "vi", "/pinned"].map(|v| Some(Some(v)))
        );
        assert_eq!([of("GIT_PAGER"), of("FIREDECK_SESSION")], ["cat", "s1"].map(|v| Some(Some(v))));
        assert_eq!([of("BASH_ENV"), of("BASH_FUNC_ls%%"), of("FIREDECK_THEME"), of("CDPATH")], [None; 4]);
        setup.kubeconfig = None;
        let all = environment([("KUBECONFIG".into(), "/all".into())], &setup);
        assert!(all.iter().all(|(name, _)| name != "KUBECONFIG"), "what is not pinned is not inherited");
    }

    #[test]
    fn a_setup_that_cannot_be_is_refused_before_anything_is_made() {
        let of = |change: &dyn Fn(&mut Setup)| {
            let mut setup = Setup::new("/nowhere");
            change(&mut setup);
            refuse(&setup)
        };
        assert_eq!(of(&|_| ()), None);
        assert!(of(&|setup| setup.env = vec![("A=B".into(), String::new())]).is_some());
        assert!(of(&|setup| setup.env = vec![("A".into(), "\0".into())]).is_some());
        assert!(of(&|setup| setup.remote = Some("-oProxyCommand=x".into())).is_some());
        assert_eq!(of(&|setup| setup.remote = Some("ops@box".into())), None);
    }
}
