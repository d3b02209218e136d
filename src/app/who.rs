//! Whose hands are on the keys, on which box, and how the journal is told so.
use crate::domain::settings::Profile;
use crate::domain::time::Timestamp;
use crate::incident::day;
use crate::incident::event::SessionOpened;
use crate::store::{Places, Setup};

pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The day's journal, as this program writes it.
pub(super) fn setup(started: Timestamp) -> Setup {
    Setup {
        places: Places::new(|name| std::env::var_os(name)),
        incident: day(started),
        host: host(),
        user: user(),
        pid: std::process::id(),
        started,
    }
}

/// The first word of its writer.
pub(super) fn session(setup: &Setup, profile: &Profile) -> SessionOpened {
    SessionOpened {
        version: env!("CARGO_PKG_VERSION").into(),
        host: setup.host.clone(),
        user: setup.user.clone(),
        pid: setup.pid,
        profile: profile.name.clone(),
        contexts: profile.contexts.clone(),
        read_only: profile.read_only,
    }
}

pub(super) fn user() -> String {
    let named = |name| std::env::var(name).ok().filter(|name| !name.trim().is_empty());
    let uid = rustix::process::getuid().as_raw().to_string();
    let listed = || name_of(&uid, &std::fs::read_to_string("/etc/passwd").unwrap_or_default());
    named("USER").or_else(|| named("LOGNAME")).or_else(listed).unwrap_or(uid)
}

/// The name that a list of users has for a number.
fn name_of(uid: &str, users: &str) -> Option<String> {
    let mut rows = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let row = rows.find(|row| row.get(2) == Some(&uid))?;
    row.first().filter(|name| !name.is_empty()).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_number_is_named_as_the_box_names_it() {
        let users = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/bash\nbroken\n";
        assert_eq!(name_of("1000", users).as_deref(), Some("ada"));
        assert_eq!(name_of("7", users), None);
    }
}
