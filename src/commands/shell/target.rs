//! What it means to write to a place by a redirection.
use crate::domain::approval::Tier;

/// What a redirection to `path` does; `None` if it writes nothing that stays.
pub fn written(path: &str, append: bool) -> Option<(Tier, &'static str)> {
    let harmless = ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/", "/dev/console"];
    if harmless.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let inside = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
        return Some((Tier::Change, "sends to another machine"));
    }
    if inside(&["/dev/shm/"]) {
        return Some((Tier::Read, "writes a file"));
    }
    if inside(&["/dev/"]) {
        return Some((Tier::Danger, "writes over a device"));
    }
    if inside(&["/proc/sysrq-trigger"]) {
        return Some((Tier::Danger, "orders the kernel to act at once"));
    }
    let vital = ["/etc/passwd", "/etc/shadow", "/etc/fstab", "/etc/sudoers", "/etc/group", "/boot/"];
    if !append && inside(&vital) {
        return Some((Tier::Danger, "replaces a file that the system cannot do without"));
    }
    let system = [
        "/etc/",
        "/boot/",
        "/usr/",
        "/bin/",
        "/sbin/",
        "/lib",
        "/proc/",
        "/sys/",
        "/var/lib/",
        "/var/spool/",
    ];
    let own = ["/root/.", "~/."];
    if inside(&system) || inside(&own) || path.contains("/.ssh/") || path.contains("/.kube/") {
        return Some((Tier::Change, "writes a file of the system"));
    }
    Some((Tier::Read, "writes a file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_systems_own_is_a_change_and_a_device_danger() {
        let risk = |path| written(path, false).map(|(risk, _)| risk);
        assert_eq!(risk("/dev/null"), None);
        assert_eq!(risk("notes.log"), Some(Tier::Read));
        assert_eq!(risk("/etc/hosts"), Some(Tier::Change));
        assert_eq!(risk("/dev/sda"), Some(Tier::Danger));
        assert_eq!(risk("/etc/passwd"), Some(Tier::Danger));
    }
}
