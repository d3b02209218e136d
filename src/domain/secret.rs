//! Which values must not be shown, told by their names.

/// What stands in place of a value that is not shown.
pub const HIDDEN: &str = "(hidden)";

const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "token",
    "secret",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "connectionstring",
    "dsn",
    "cookie",
];

/// Names such as `DB_PASSWORD`, `apiKey` or `github.token`; a lone `KEY` at the end of a name counts too.
pub fn looks_secret(name: &str) -> bool {
    let flat: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    WORDS.iter().any(|word| flat.contains(word)) || ends_in_key(name)
}

fn ends_in_key(name: &str) -> bool {
    let last = name.rsplit(['_', '-', '.', '/']).next().unwrap_or(name);
    last.eq_ignore_ascii_case("key") || last.eq_ignore_ascii_case("pass") || last.eq_ignore_ascii_case("auth")
}

/// An address that carries its password: `postgres://app:secret@db/app`.
pub fn carries_password(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_secrets_are_known_however_they_are_written() {
        for name in
            ["DB_PASSWORD", "apiKey", "API_KEY", "github.token", "AWS_SECRET_ACCESS_KEY", "SIGNING-KEY"]
        {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["LOG_LEVEL", "KEYBOARD", "HOST", "PORT", "MONKEY"] {
            assert!(!looks_secret(name), "{name}");
        }
    }

    #[test]
    fn a_password_inside_an_address_is_found() {
        assert!(carries_password("postgres://app:hunter2@db:5432/app"));
        assert!(!carries_password("http://db:5432/a@b"));
        assert!(!carries_password("plain text with a : and an @"));
    }
}
