//! Which values must not be shown, told by their names.
use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;

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

/// Where a line that a program wrote gives a secret away: the password in an address, a bearer's token, the value
/// of a field whose name ends in such a word. `max_tokens=5` and `unexpected token: x` are none.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let colour = r"(?:\x1b\[[0-9;]*m)*";
    let name = r"(?:password|passwd|passphrase|secret|token|credentials?|cookie|(?:api|access|secret|private)[_.-]?key)";
    Regex::new(&format!(
        r#"(?x-u)(?i)
        (?P<url>[a-z]://[^\s:/@"']*:)[^\s@/"']+@
        |(?P<bearer>(?:\bbearer|authorization\W{{1,4}}basic)\ +)[a-z0-9._~+/=-]{{16,}}
        |(?P<json>{name}\\?["']\ ?:\ ?\\?["'])(?:[^"'\\]|\\[^"'])+
        |(?P<quoted>{name}{colour}={colour}\\?["'])(?:[^"'\\]|\\[^"'])+
        |(?P<bare>{name}{colour}={colour})[^\s,;&}}"'\\]+"#
    ))
    .ok()
});

/// A line of a log without what it must not show.
pub fn mask(line: &[u8]) -> Cow<'_, [u8]> {
    match &*TOLD {
        Some(told) => told.replace_all(line, |found: &regex::bytes::Captures<'_>| {
            let kept = found.iter().skip(1).flatten().next().map_or(&b""[..], |kept| kept.as_bytes());
            let at = if found.name("url").is_some() { "@" } else { "" };
            [kept, HIDDEN.as_bytes(), at.as_bytes()].concat()
        }),
        None => Cow::Borrowed(line),
    }
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

    #[test]
    fn a_line_of_a_log_gives_no_secret_away_and_loses_nothing_else() {
        assert!(TOLD.is_some());
        for (line, masked) in [
            ("url postgres://app:hunter2@db/app", "url postgres://app:(hidden)@db/app"),
            ("redis://:hunter2@cache:6379 up", "redis://:(hidden)@cache:6379 up"),
            ("DB_PASSWORD=hunter2 x=1", "DB_PASSWORD=(hidden) x=1"),
            ("password=\"hunter2 z\" y", "password=\"(hidden)\" y"),
            ("password='hunter2 z' y", "password='(hidden)' y"),
            ("\x1b[36mtoken=\x1b[0mhunter2 z", "\x1b[36mtoken=\x1b[0m(hidden) z"),
            ("GET /a?access_token=hunter2&b=1", "GET /a?access_token=(hidden)&b=1"),
            (r#"{"password":"hunter2","user":"a"}"#, r#"{"password":"(hidden)","user":"a"}"#),
            (r#"{"apiKey" : "hun\nter2", "a":1}"#, r#"{"apiKey" : "(hidden)", "a":1}"#),
            (r#"msg="{\"token\":\"hunter2\"}" a=1"#, r#"msg="{\"token\":\"(hidden)\"}" a=1"#),
            ("Authorization: Bearer hunter2hunter2hunter2", "Authorization: Bearer (hidden)"),
            ("authorization: Basic c3VwZXJzZWNyZXRzdHVm", "authorization: Basic (hidden)"),
        ] {
            assert_eq!(String::from_utf8_lossy(&mask(line.as_bytes())), masked);
        }
        for line in [
            "unexpected token: foo",
            "max_tokens=5 tokens=3 prompt_tokens=2",
            "secret \"db\" not found",
            "invalid password: authentication failed for user app",
            "GET http://web.shop:8080/cart?a=b@c took 12 ms",
            "basic authentication failed, bearer authentication failed",
            r#"{"token":null,"msg":"x"}"#,
        ] {
            assert!(matches!(mask(line.as_bytes()), Cow::Borrowed(_)), "{line}");
        }
    }
}
