//! Verbs that mean the same with every tool.

/// Verbs that take away, cut off or cannot be taken back.
const DESTROY: &str = "delete destroy drop purge wipe drain remove terminate erase truncate flush shutdown kill \
    decommission evict uninstall deregister format nuke obliterate del rm unregister revoke detach deprovision \
    poweroff halt reformat expunge rmi prune";

/// Names of scripts and paths that cut traffic over or overwrite.
const OVERTURN: &str = "failover switchover restore rollback promote demote dns teardown cleanup clear reset wipe \
    stop disable reboot isolate quarantine";

/// Verbs under which nothing changes.
const LOOK: &str = "check verify status list ls show get describe health healthcheck test smoke view print diff \
    validate lint version info ping monitor report audit inspect stat stats query search";

/// From here on a list is searched, not gone through.
const LONG: usize = 96;

/// One word of a list, blanks between them.
pub(super) fn one_of(list: &str, word: &str) -> bool {
    let (list, word) = (list.as_bytes(), word.as_bytes());
    if list.len() < LONG || word.is_empty() {
        return list.split(u8::is_ascii_whitespace).any(|one| one == word && !one.is_empty());
    }
    // A kubectl option is looked for among two hundred: a search that looks at many bytes at once is quicker.
    let ends = |at: Option<usize>| at.and_then(|at| list.get(at)).is_none_or(u8::is_ascii_whitespace);
    memchr::memmem::find_iter(list, word).any(|at| ends(at.checked_sub(1)) && ends(Some(at + word.len())))
        && !word.iter().any(u8::is_ascii_whitespace)
}

/// The words of a name: `drop_user`, `delete-by-query` and `deleteUser` have two or three each.
pub(super) fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars().take(200) {
        let camel = letter.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (!letter.is_alphanumeric() || camel) && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(String::new());
        }
        if let (true, Some(part)) = (letter.is_alphanumeric(), parts.last_mut()) {
            part.extend(letter.to_lowercase());
        }
        before = letter;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A verb, or the first word of a compound verb, that destroys.
pub(super) fn destroys(verb: &str) -> bool {
    // `--format` says how to print.
    if verb.starts_with('-') && verb.trim_start_matches('-').starts_with("format") {
        return false;
    }
    let verb = verb.trim_start_matches('-');
    if verb.contains(['/', '.', '=', ':', '@']) {
        return false;
    }
    parts(verb).first().is_some_and(|first| one_of(DESTROY, first))
}

/// Some word of it destroys.
pub(super) fn says_destroy(name: &str) -> bool {
    parts(name).iter().any(|part| one_of(DESTROY, part))
}

/// Some word of it cuts over or overwrites, or destroys.
pub(super) fn says_overturn(name: &str) -> bool {
    parts(name).iter().any(|part| one_of(OVERTURN, part) || one_of(DESTROY, part))
}

/// One word that cuts over or overwrites.
pub(super) fn overturns(word: &str) -> bool {
    word != "dns" && one_of(OVERTURN, word)
}

/// Its first word only looks.
pub(super) fn looks(name: &str) -> bool {
    parts(name).first().is_some_and(|first| one_of(LOOK, first))
}

/// Some word of it only looks.
pub(super) fn says_look(name: &str) -> bool {
    parts(name).iter().any(|part| one_of(LOOK, part))
}

/// It holds a password, a token or a key: `DB_PASSWORD=x`, `postgres://user:pass@host`.
pub(super) fn carries_secret(text: &str) -> bool {
    if let Some((name, value)) = text.split_once('=') {
        let names = [
            "password",
            "passwd",
            "token",
            "secret",
            "apikey",
            "api_key",
            "access_key",
            "private_key",
            "pgpass",
        ];
        let name = name.to_ascii_lowercase();
        if !value.is_empty() && names.iter().any(|one| name.contains(one)) {
            return true;
        }
    }
    let Some((_, after)) = text.split_once("://") else { return false };
    let authority = after.split(['/', '?', ' ']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

/// A place where the system or a service keeps what it needs.
pub(super) fn system_path(path: &str) -> bool {
    const KEPT: [&str; 9] =
        ["/usr/", "/bin/", "/sbin/", "/lib/", "/boot/", "/dev/", "/var/lib/", "/etc/", "/root/"];
    path == "/"
        || KEPT
            .iter()
            .any(|kept| path.starts_with(kept) || path.trim_end_matches('/') == kept.trim_end_matches('/'))
}

/// A place where an overwritten file breaks the system or a service's data; `/etc` is left out, as files there
/// are written every day.
pub(super) fn vital_path(path: &str) -> bool {
    system_path(path)
        && !["/etc", "/root", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/usr/local/bin/"]
            .iter()
            .any(|other| path.starts_with(other))
}

/// A file's name with this ending.
pub(super) fn is_script(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(ending))
}
