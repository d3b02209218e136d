//! Which values must not be shown, told by their names and by what they are.
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
    "accountkey",
    "sharedkey",
    "connectionstring",
    "dsn",
    "cookie",
    "requirepass",
    "masterauth",
    "pgpass",
    "bindpw",
];

/// Words that tell of a secret only where a name ends in them: `DB_PW`, but not `PASSIVE_PORTS`.
const ENDS: &[&str] = &["key", "pass", "auth", "pw"];

/// Flags of the usual clients whose word is a secret, although their name does not tell.
const FLAGS: &[&str] = &["a", "p"];

/// How every private key ends its first line.
const PRIVATE: &str = "PRIVATE KEY-----";

/// Names such as `DB_PASSWORD`, `apiKey` or `github.token`; a lone `KEY` at the end of a name counts too.
pub fn looks_secret(name: &str) -> bool {
    let flat: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    WORDS.iter().any(|word| flat.contains(word)) || ends_in_key(name)
}

fn ends_in_key(name: &str) -> bool {
    let last = name.rsplit(['_', '-', '.', '/']).next().unwrap_or(name);
    ENDS.iter().any(|word| last.eq_ignore_ascii_case(word))
}

/// A value that gives a secret away whatever it is called: an address with its password
/// (`postgres://app:secret@db/app`), a storage account with its key, a private key.
pub fn carries_password(value: &str) -> bool {
    let account = || {
        let flat = value.to_ascii_lowercase();
        ["accountkey=", "sharedaccesskey=", "sharedkey="].iter().any(|name| flat.contains(name))
    };
    is_private_key(value) || address_with_password(value) || account()
}

pub fn is_private_key(value: &str) -> bool {
    value.contains(PRIVATE)
}

fn address_with_password(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

/// Where a line that a program wrote gives a secret away: the password in an address, a bearer's token, the value
/// of a field whose name ends in such a word. `max_tokens=5` and `unexpected token: x` are none.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let colour = r"(?:\x1b\[[0-9;]*m)*";
    let name = r"(?:password|passwd|passphrase|secret|token|credentials?|cookie|requirepass|masterauth|pgpass|bindpw|\bpw|[_.-]pwd?|(?:api|access|secret|private|account|shared)[_.-]?key)";
    Regex::new(&format!(
        r#"(?x-u)(?i)
        (?P<url>[a-z]://[^\s:/@"']*:)[^\s@/"']+@
        |(?P<bearer>(?:\bbearer|authorization\W{{1,4}}basic)\ +)[a-z0-9._~+/=-]{{16,}}
        |(?P<json>{name}\\?["']\ ?:\ ?\\?["'])(?:[^"'\\]|\\[^"'])+
        |(?P<quoted>{name}{colour}={colour}\\?["'])(?:[^"'\\]|\\[^"'])+
        |(?P<field>^[\s-]*["']?[\w.-]*?{name}["']?:[\ \t]+)(?:"[^"]+"|'[^']+'|[^\s"'<>{{\[|&*]\S*)\s*$
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

/// The same for a text of several lines.
pub fn mask_lines(text: &[u8]) -> Vec<u8> {
    let lines: Vec<Cow<'_, [u8]>> = text.split(|byte| *byte == b'\n').map(mask).collect();
    lines.join(&b'\n')
}

/// What of a command has to be hidden next.
enum Hide {
    Nothing,
    Word,
    /// The rest of a word that began with this quote.
    Until(char),
}

impl Hide {
    /// What is left to be hidden after this word was.
    fn after(word: &str) -> Hide {
        match word.chars().next() {
            Some(quote @ ('"' | '\'')) if word.len() == 1 || !word.ends_with(quote) => Hide::Until(quote),
            _ => Hide::Nothing,
        }
    }
}

/// A command as one line without its secrets: what a flag such as `-a` or `--password` is given, the value of a name
/// that tells of one, and all that [`mask`] finds. Each argument may be a script of its own.
pub fn command(arguments: &[&str]) -> String {
    // Only these take a password right behind the letter.
    let attached = arguments.iter().any(|one| one.contains("mysql") || one.contains("mariadb"));
    let mut awaited = false;
    let shown = arguments.iter().map(|argument| {
        let whole = awaited && !is_flag(argument);
        if whole || is_private_key(argument) {
            awaited = false;
            return HIDDEN.to_owned();
        }
        let masked = mask(argument.as_bytes());
        let (text, asks) = script(&String::from_utf8_lossy(&masked), attached);
        awaited = asks;
        text
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The words of one argument; true where the next argument is to be hidden.
fn script(text: &str, attached: bool) -> (String, bool) {
    let (mut out, mut hide) = (String::with_capacity(text.len()), Hide::Nothing);
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let gap = piece.strip_prefix(word).unwrap_or_default();
        hide = match hide {
            Hide::Until(quote) if word.ends_with(quote) => Hide::Nothing,
            Hide::Until(quote) => Hide::Until(quote),
            hide if word.is_empty() => hide,
            Hide::Word if !is_flag(word) => {
                out.push_str(HIDDEN);
                Hide::after(word)
            }
            _ => shown(word, attached, &mut out),
        };
        if !matches!(hide, Hide::Until(_)) {
            out.push_str(gap);
        }
    }
    (out, matches!(hide, Hide::Word))
}

/// Writes a word that is no secret itself; says what of the next ones is.
fn shown(word: &str, attached: bool, out: &mut String) -> Hide {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    match word.split_once('=') {
        Some((name, value)) if !value.is_empty() && plain(name) && asks_for_secret(name, true) => {
            out.extend([name, "=", HIDDEN]);
            Hide::after(value)
        }
        _ if attached && word.len() > 2 && word.starts_with("-p") => {
            out.extend(["-p", HIDDEN]);
            Hide::after(word.get(2..).unwrap_or_default())
        }
        _ => {
            out.push_str(word);
            if asks_for_secret(word, false) { Hide::Word } else { Hide::Nothing }
        }
    }
}

/// Whether what follows this word is a secret: `--password`, or a line of a configuration that a script writes.
fn asks_for_secret(word: &str, any_name: bool) -> bool {
    let word = word.trim_matches(['"', '\'']);
    let name = word.trim_start_matches('-');
    if name.len() < word.len() {
        FLAGS.contains(&name) || looks_secret(name)
    } else {
        matches!(name, "requirepass" | "masterauth") || (any_name && looks_secret(name))
    }
}

/// `-x` or `--long`: what stands in a secret's place then is none.
fn is_flag(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => name.starts_with(|first: char| first.is_ascii_alphabetic()),
        None => word.len() == 2 && word.starts_with('-'),
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
        for name in
            ["PGPASS", "DB_PW", "pw", "LDAP_BINDPW", "requirepass", "masterauth", "AccountKey", "SHARED_KEY"]
        {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["LOG_LEVEL", "KEYBOARD", "HOST", "PORT", "MONKEY", "PASSIVE_PORTS", "SPAWN", "a", "p"] {
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
    fn a_key_is_found_by_what_it_is() {
        assert!(carries_password("-----BEGIN RSA PRIVATE KEY-----\nMIIE"));
        assert!(carries_password("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=aHVudGVyMg==;B=c"));
        assert!(carries_password("Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey=hunter2"));
        assert!(!carries_password("-----BEGIN CERTIFICATE-----\nMIIE"));
    }

    #[test]
    fn a_command_is_shown_without_what_its_secret_flags_are_given() {
        for (arguments, shown) in [
            (
                &["redis-server", "--requirepass", "hunter2", "--port", "1"][..],
                "redis-server --requirepass (hidden) --port 1",
            ),
            (&["redis-server", "--masterauth", "hunter 2"], "redis-server --masterauth (hidden)"),
            (&["redis-cli", "-a", "hunter2", "ping"], "redis-cli -a (hidden) ping"),
            (&["redis-cli", "-a", "-hunter2", "ping"], "redis-cli -a (hidden) ping"),
            (&["app", "-p", "hunter2"], "app -p (hidden)"),
            (&["app", "--password", "hunter2", "-v"], "app --password (hidden) -v"),
            (&["app", "-p", "--password", "hunter2"], "app -p --password (hidden)"),
            (&["app", "--pass=hunter2", "--db-pw=hunter2"], "app --pass=(hidden) --db-pw=(hidden)"),
            (
                &["CMD-SHELL", "redis-cli -a hunter2  ping || exit 1"],
                "CMD-SHELL redis-cli -a (hidden)  ping || exit 1",
            ),
            (&["sh", "-c", "app --token 'hunter2 hunter2' -v"], "sh -c app --token (hidden) -v"),
            (&["sh", "-c", "DB_PW=hunter2 app"], "sh -c DB_PW=(hidden) app"),
            (&["sh", "-c", "echo \"requirepass hunter2\" >a"], "sh -c echo \"requirepass (hidden) >a"),
            (&["mysqladmin", "ping", "-uroot", "-phunter2"], "mysqladmin ping -uroot -p(hidden)"),
            (&["app", "--no-password", "--port", "80"], "app --no-password --port 80"),
            (&["app", "-port", "80", "--keyboard", "us"], "app -port 80 --keyboard us"),
            (&["app", "-----BEGIN PRIVATE KEY-----\nhunter2"], "app (hidden)"),
            (&["redis-cli", "-u", "redis://:hunter2@cache"], "redis-cli -u redis://:(hidden)@cache"),
        ] {
            assert_eq!(command(arguments), shown);
        }
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
            ("      DB_PASSWORD:   hunter2", "      DB_PASSWORD:   (hidden)"),
            ("  password: aHVudGVyMg==", "  password: (hidden)"),
            ("- api_key: \"hunter2 z\"", "- api_key: (hidden)"),
            ("PGPASS=hunter2 bindpw=hunter2 z", "PGPASS=(hidden) bindpw=(hidden) z"),
            ("DB_PW=hunter2 MYSQL_PWD=hunter2 z", "DB_PW=(hidden) MYSQL_PWD=(hidden) z"),
            ("AccountName=a;AccountKey=aHU=;B=c", "AccountName=a;AccountKey=(hidden);B=c"),
        ] {
            assert_eq!(String::from_utf8_lossy(&mask(line.as_bytes())), masked);
        }
        for line in [
            "unexpected token: foo",
            "      DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
            "password: authentication failed",
            "max_tokens: 5",
            "max_tokens=5 tokens=3 prompt_tokens=2",
            "secret \"db\" not found",
            "invalid password: authentication failed for user app",
            "GET http://web.shop:8080/cart?a=b@c took 12 ms",
            "basic authentication failed, bearer authentication failed",
            r#"{"token":null,"msg":"x"}"#,
            "PWD=/app raw=3 spw=2",
        ] {
            assert!(matches!(mask(line.as_bytes()), Cow::Borrowed(_)), "{line}");
        }
    }
}
