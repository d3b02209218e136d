//! Whose hands are on the keys.

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
