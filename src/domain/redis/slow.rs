//! A call that took long, as the slow log keeps it.
use crate::domain::Text;
use crate::domain::secret;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;

/// How much of one argument, and of the whole call, is shown.
const LONGEST_WORD: usize = 48;
const LONGEST: usize = 200;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlowCall {
    pub id: u64,
    pub at: Timestamp,
    pub micros: u64,
    /// The call, cut, harmless and without what must not be shown.
    pub command: Text,
    pub client: Text,
    pub client_name: Text,
}

impl SlowCall {
    pub fn new(id: u64, seconds: i64, micros: u64, words: &[&[u8]]) -> SlowCall {
        SlowCall {
            id,
            at: Timestamp::from_seconds(seconds),
            micros,
            command: command(words).into(),
            client: "".into(),
            client_name: "".into(),
        }
    }
}

/// What is stored, and what a script is given, is nobody's business here. `words` is the whole call.
fn is_hidden(name: &str, words: &[&[u8]], position: usize) -> bool {
    match name {
        "AUTH" | "HELLO" | "MIGRATE" => position > 0,
        "ACL" | "CONFIG" | "LINSERT" | "SMOVE" | "XADD" | "HSETEX" => position > 2,
        "SENTINEL" => position > 3,
        // The key stands first, and all that follows is data.
        "SETNX" | "GETSET" | "APPEND" | "LPUSH" | "RPUSH" | "LPUSHX" | "RPUSHX" | "SADD" | "SREM"
        | "SISMEMBER" | "SMISMEMBER" | "ZADD" | "ZREM" | "ZINCRBY" | "ZSCORE" | "ZMSCORE" | "ZRANK"
        | "ZREVRANK" | "PFADD" | "GEOADD" | "PUBLISH" | "SPUBLISH" | "LPOS" => position > 1,
        "SET" => position == 2,
        "SETEX" | "PSETEX" | "SETRANGE" | "LSET" | "LREM" | "RESTORE" | "JSON.SET" => position == 3,
        "MSET" | "MSETNX" => position > 0 && position.is_multiple_of(2),
        "HSET" | "HMSET" | "HSETNX" => position > 2 && !position.is_multiple_of(2),
        // The script, how many keys, the keys; then what it is given.
        "EVAL" | "EVAL_RO" | "EVALSHA" | "EVALSHA_RO" | "FCALL" | "FCALL_RO" => {
            let keys = words.get(2).and_then(|word| std::str::from_utf8(word).ok()?.parse::<usize>().ok());
            position > 2 && position > keys.unwrap_or(0).saturating_add(2)
        }
        _ => false,
    }
}

fn command(words: &[&[u8]]) -> String {
    let name = words.first().map(|word| String::from_utf8_lossy(word).to_uppercase()).unwrap_or_default();
    let mut out = String::new();
    for (position, word) in words.iter().enumerate() {
        if out.len() >= LONGEST {
            out.push_str(" …");
            break;
        }
        if position > 0 {
            out.push(' ');
        }
        if position == 0 {
            out.push_str(&clean_to(&name, LONGEST_WORD));
        } else if is_hidden(&name, words, position) {
            out.push_str(secret::HIDDEN);
        } else {
            let head = word.get(..word.len().min(LONGEST_WORD * 8)).unwrap_or_default();
            let text = String::from_utf8_lossy(head);
            out.push_str(&clean_to(&text.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_WORD));
        }
    }
    String::from_utf8_lossy(&secret::mask(out.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&str]) -> String {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        SlowCall::new(1, 0, 0, &words).command.to_string()
    }

    #[test]
    fn a_call_is_shown_on_one_harmless_line() {
        assert_eq!(shown(&["keys", "*"]), "KEYS *");
        assert_eq!(shown(&["eval", "local n = 0\n  return n", "0"]), "EVAL local n = 0 return n 0");
        assert_eq!(shown(&["set", "a\u{1b}[2Jb", "c"]), "SET ab (hidden)");
        let long = shown(&["mset", &"x".repeat(5_000)]);
        assert!(long.ends_with('…') && long.chars().count() < 70, "{long}");
        assert!(shown(&["del", "some-key-or-other"].repeat(200)).len() < 300);
        assert_eq!(SlowCall::new(1, 0, 0, &[b"GET", b"\xff\xfe"]).command.as_ref(), "GET ��");
        assert_eq!(shown(&[]), "");
    }

    #[test]
    fn what_must_not_be_seen_is_not() {
        assert_eq!(shown(&["auth", "app", "hunter2"]), "AUTH (hidden) (hidden)");
        assert_eq!(shown(&["acl", "setuser", "app", ">hunter2"]), "ACL setuser app (hidden)");
        assert_eq!(shown(&["config", "set", "requirepass", "hunter2"]), "CONFIG set requirepass (hidden)");
        assert_eq!(shown(&["keys", "redis://:hunter2@cache:6379"]), "KEYS redis://:(hidden)@cache:6379");
        for (words, line) in [
            (&["set", "card:7", "4111", "EX", "60"][..], "SET card:7 (hidden) EX 60"),
            (&["setex", "card:7", "60", "4111"], "SETEX card:7 60 (hidden)"),
            (&["mset", "a", "4111", "b", "4112"], "MSET a (hidden) b (hidden)"),
            (&["hset", "user:7", "card", "4111", "pin", "1"], "HSET user:7 card (hidden) pin (hidden)"),
            (&["eval", "return 1", "1", "user:7", "4111"], "EVAL return 1 1 user:7 (hidden)"),
            (&["evalsha", "ab12", "odd", "4111"], "EVALSHA ab12 odd (hidden)"),
            (&["sentinel", "set", "shop", "auth-pass", "x1"], "SENTINEL set shop auth-pass (hidden)"),
            (&["hgetall", "user:7"], "HGETALL user:7"),
        ] {
            assert_eq!(shown(words), line);
        }
    }
}
