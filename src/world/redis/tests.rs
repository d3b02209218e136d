//! What the clients of the world's Redis are promised.
use super::reply::{Reply, human, pattern, take};
use super::*;

fn redis() -> Redis {
    let mut redis = Redis::new(7, Timestamp::UNIX_EPOCH);
    redis.setting("maxmemory", "2mb");
    redis
}

fn pass(redis: &mut Redis, seconds: u32) {
    for _ in 0..seconds * 4 {
        redis.tick(later(redis.now, 0.25));
    }
}

fn words(line: &str) -> Vec<Bytes> {
    line.split(' ').map(|word| Bytes::from(word.to_owned())).collect()
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Nil => String::new(),
        Reply::Int(number) => number.to_string(),
        Reply::Word(word) => (*word).into(),
        Reply::Error(why) => why.clone(),
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into(),
        Reply::List(all) | Reply::Map(all) => all.iter().map(shown).collect::<Vec<_>>().join("\n"),
    }
}

/// By a client that comes and goes.
pub fn say(redis: &mut Redis, line: &str) -> String {
    let Ok((id, _)) = redis.connect("127.0.0.1:5") else { return "no connection".into() };
    let said = shown(&redis.ask(id, &words(line)));
    redis.leave(id);
    said
}

fn pages() -> Writer {
    Writer { prefix: "page:".into(), bytes_per_second: 200_000.0, value: 1_000, ttl: None }
}

#[test]
fn at_its_limit_writes_are_refused_or_old_keys_go_as_the_policy_says() {
    let mut redis = redis();
    redis.writer(pages());
    pass(&mut redis, 20);
    let full = redis.facts();
    assert!(full.counts.refused > 0 && full.counts.evicted == 0 && full.used <= full.max + 2_000, "{full:?}");
    assert_eq!(say(&mut redis, "SET a 1"), "OOM command not allowed when used memory > 'maxmemory'.");
    assert!(say(&mut redis, "INFO errorstats").contains("errorstat_OOM:count="));
    assert_eq!(say(&mut redis, "GET page:1").trim().len(), 1_000, "reads go on");
    say(&mut redis, "CONFIG SET maxmemory-policy allkeys-lru");
    pass(&mut redis, 5);
    assert!(redis.facts().counts.evicted > 100 && redis.facts().used <= full.max);
    assert_eq!(say(&mut redis, "SET a 1"), "OK");
}

#[test]
fn volatile_policies_leave_keys_without_a_time_to_live_alone() {
    let mut redis = redis();
    redis.setting("maxmemory-policy", "volatile-lru");
    redis.writer(pages());
    pass(&mut redis, 20);
    assert_eq!((redis.facts().counts.evicted, redis.facts().counts.refused > 0), (0, true));
    redis.clear_writer("page:");
    say(&mut redis, "EXPIRE page:7 1000");
    redis.setting("maxmemory", "1900kb");
    assert_eq!((say(&mut redis, "EXISTS page:7"), redis.facts().counts.evicted), ("0".into(), 1));
}

#[test]
fn after_a_flush_lookups_miss_until_the_keys_are_there_again() {
    let mut redis = redis();
    redis.setting("maxmemory", "0");
    redis.writer(Writer { ttl: Some(60.0), ..pages() });
    redis.stock("page:", 12_000);
    redis.lookups(500.0, 1.0);
    let rate = |redis: &mut Redis| {
        let before = redis.facts();
        pass(redis, 4);
        let after = redis.facts();
        let (hits, misses) =
            (after.counts.hits - before.counts.hits, after.counts.misses - before.counts.misses);
        hits * 100 / (hits + misses)
    };
    let warm = rate(&mut redis);
    assert!(warm > 70, "{warm}");
    assert_eq!(say(&mut redis, "FLUSHALL"), "OK");
    assert_eq!(say(&mut redis, "DBSIZE"), "0");
    let cold = rate(&mut redis);
    assert!(cold < 30, "{cold}");
    assert!(redis.deeds().iter().any(|deed| deed.command == "FLUSHALL"));
}

#[test]
fn keys_end_when_their_time_is_over_and_scan_meets_every_one_that_stays() {
    let mut redis = redis();
    for key in 0..50 {
        say(&mut redis, &format!("SET key:{key} x EX 30"));
    }
    assert_eq!((say(&mut redis, "TTL key:1"), say(&mut redis, "TTL none")), ("30".into(), "-2".into()));
    assert_eq!(say(&mut redis, "PERSIST key:1"), "1");
    assert_eq!(say(&mut redis, "SCAN 0 MATCH key:* COUNT 1000").lines().count(), 51);
    let (mut cursor, mut met) = ("0".to_owned(), 0);
    while cursor != "0" || met == 0 {
        let said = say(&mut redis, &format!("SCAN {cursor} COUNT 7"));
        met += said.lines().count() - 1;
        cursor = said.lines().next().unwrap().to_owned();
    }
    assert_eq!(met, 50);
    pass(&mut redis, 31);
    assert_eq!((say(&mut redis, "DBSIZE"), redis.facts().counts.expired), ("1".into(), 49));
    assert_eq!(say(&mut redis, "SCAN 0"), "0\nkey:1");
}

#[test]
fn what_is_not_known_is_refused_in_the_words_of_the_original() {
    let mut redis = redis();
    say(&mut redis, "SET a 1");
    for (line, said) in [
        ("TYPE a", "string"),
        ("LLEN a", "WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("LLEN queue", "0"),
        ("LMOVE queue aside RIGHT LEFT", ""),
        ("XPENDING s g", "NOGROUP No such key 's' or consumer group 'g'"),
        ("SET a 1 EX 0", "ERR invalid expire time"),
        ("EVAL x 0", "ERR unknown command 'EVAL', with args beginning with: 'x' '0' "),
        ("CLIENT FOO", "ERR unknown subcommand 'FOO'. Try CLIENT HELP."),
        ("GET", "ERR wrong number of arguments for 'get' command"),
        ("SCRIPT KILL", "NOTBUSY No scripts in execution right now."),
        ("CONFIG SET maxmemory-policy none-lru", "ERR CONFIG SET failed (possibly related to argument"),
        (
            "CONFIG SET port 1",
            "ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable",
        ),
        ("AUTH other secret", "WRONGPASS invalid username-password pair or user is disabled."),
        ("ACL DRYRUN default CLIENT KILL ID 1", "OK"),
        ("ACL DRYRUN default EVAL x 0", "ERR unknown command"),
    ] {
        let answer = say(&mut redis, line);
        assert!(answer.starts_with(said) && (!said.is_empty() || answer.is_empty()), "{line}: {answer}");
    }
}

#[test]
fn what_is_held_is_weighed_and_nothing_is_left_when_all_is_gone() {
    let mut redis = redis();
    let empty = redis.facts().used;
    for line in ["SET a xxxxxxxxxxxxxxxx", "SETEX b 5 1", "SET a x", "EXPIRE a 9", "PERSIST a"] {
        say(&mut redis, line);
    }
    assert!(redis.facts().used > empty);
    say(&mut redis, "DEL a b");
    assert_eq!((redis.facts().used, redis.facts().lasting), (empty, 0));
}

#[test]
fn no_command_breaks_it_and_what_was_weighed_goes_with_the_keys() {
    let (mut redis, mut dice) = (redis(), Dice::new(5));
    let empty = redis.facts().used;
    let words =
        ["a", "b", "-1", "0", "7", "*", "[", "EX", "COUNT", "LEFT", "", "9223372036854775807", "nan", "ID"];
    for _ in 0..30_000 {
        let mut below = |limit: usize| usize::try_from(dice.below(limit as u64)).unwrap();
        let command = super::table::COMMANDS[below(super::table::COMMANDS.len())].name;
        if matches!(command, "shutdown" | "config|set" | "client|kill") {
            continue;
        }
        let mut line: Vec<&str> = command.split('|').collect();
        for _ in 0..below(5) {
            line.push(words[below(words.len())]);
        }
        say(&mut redis, &line.join(" "));
    }
    say(&mut redis, "FLUSHALL");
    assert_eq!((redis.facts().used, redis.facts().keys), (empty, 0));
}

#[test]
fn a_client_that_is_killed_is_gone_and_no_more_are_let_in_than_may_be() {
    let mut redis = redis();
    let (id, gone) = redis.connect("10.1.2.3:4711").unwrap();
    redis.ask(id, &words("CLIENT SETNAME worker"));
    let line = say(&mut redis, "CLIENT LIST TYPE normal");
    assert!(line.contains("addr=10.1.2.3:4711") && line.contains("name=worker"), "{line}");
    assert_eq!(say(&mut redis, "CLIENT KILL NOBODY 0"), "ERR syntax error");
    assert_eq!(say(&mut redis, &format!("CLIENT KILL ID {id} ADDR 10.1.2.3:1")), "0", "both have to fit");
    assert_eq!(say(&mut redis, &format!("CLIENT KILL ID {id} ADDR 10.1.2.3:4711")), "1");
    assert_eq!(say(&mut redis, &format!("CLIENT LIST ID {id}")), "");
    assert!(gone.load(Ordering::Relaxed));
    redis.setting("maxclients", "0");
    assert!(redis.connect("10.1.2.3:1").is_err());
}

#[test]
fn whoever_says_the_password_is_let_in() {
    let mut redis = redis();
    assert!(say(&mut redis, "AUTH secret").starts_with("ERR AUTH <password> called without"));
    redis.setting("requirepass", "sesame");
    let (id, _) = redis.connect("10.1.2.3:4711").unwrap();
    for (line, said) in [
        ("PING", "NOAUTH Authentication required."),
        ("HELLO 3", "NOAUTH HELLO must be called"),
        ("AUTH wrong", "WRONGPASS invalid"),
        ("HELLO 3 AUTH mon sesame", "WRONGPASS invalid"),
        ("HELLO 3 AUTH default sesame", "server\nredis"),
        ("PING", "PONG"),
    ] {
        let answer = shown(&redis.ask(id, &words(line)));
        assert!(answer.starts_with(said), "{line}: {answer}");
    }
    assert_eq!(say(&mut redis, "AUTH sesame"), "OK");
}

#[test]
fn a_save_takes_its_time_and_is_told() {
    let mut redis = redis();
    say(&mut redis, "SET a 1");
    let saving = |redis: &mut Redis| say(redis, "INFO persistence").contains("rdb_bgsave_in_progress:1");
    assert_eq!(say(&mut redis, "BGSAVE"), "Background saving started");
    assert!(saving(&mut redis));
    pass(&mut redis, 2);
    assert!(!saving(&mut redis));
    assert!(say(&mut redis, "INFO").contains("rdb_changes_since_last_save:0\r\n"));
}

#[test]
fn a_server_that_was_shut_down_lets_nobody_in() {
    let mut redis = redis();
    say(&mut redis, "SET a 1");
    say(&mut redis, "SHUTDOWN");
    assert!(!redis.facts().up && say(&mut redis, "PING") == "no connection");
    assert_eq!(redis.facts().keys, 0);
}

#[test]
fn commands_come_in_pieces_and_limits_hold() {
    let mut bytes = bytes::BytesMut::from(&b"*2\r\n$3\r\nGET\r\n$1\r\n"[..]);
    assert_eq!(take(&mut bytes), Ok(None));
    bytes.extend_from_slice(b"a\r\n*1\r\n");
    assert_eq!(take(&mut bytes).unwrap().unwrap(), ["GET", "a"]);
    assert_eq!(take(&mut bytes), Ok(None));
    for hostile in [
        "PING\r\n",
        "*99999999\r\n",
        "*-1\r\n",
        "*1\r\n$99999999999999999999\r\n",
        "*1\r\nGET\r\n",
        "*1\r\n$1500000\r\n",
    ] {
        assert!(take(&mut bytes::BytesMut::from(hostile)).is_err(), "{hostile:?}");
    }
    assert!(take(&mut bytes::BytesMut::from(vec![b'x'; 70_000].as_slice())).is_err());
    let huge = format!("*2\r\n$3\r\nGET\r\n${}\r\n", usize::MAX);
    assert!(take(&mut bytes::BytesMut::from(huge.as_str())).is_err());
}

#[test]
fn patterns_fit_as_the_original_has_it() {
    for (pattern, name, yes) in [
        ("*", "", true),
        ("page:*", "page:1", true),
        ("p?ge:[0-9]", "page:7", true),
        ("p?ge:[^0-9]", "page:7", false),
        ("a\\*", "a*", true),
        ("*a*b*c", "xxaxxbxxcc", true),
        ("*a*b*c", "xxaxxcxxb", false),
        ("[a", "a", false),
    ] {
        assert_eq!(super::reply::pattern(pattern)(name.as_bytes()), yes, "{pattern} {name}");
    }
    let slow = ("*a".repeat(200) + "b", "a".repeat(20_000));
    assert!(!pattern(&slow.0)(slow.1.as_bytes()));
    assert_eq!(
        (human(512).as_str(), human(1 << 20).as_str(), human(1_600_000).as_str()),
        ("512B", "1.00M", "1.52M")
    );
}

#[tokio::test]
async fn a_connection_is_answered_in_both_protocols_and_closed_when_it_is_killed() {
    use crate::world::base::Shared;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let shared = Shared::new(redis());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, shared.whole()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let get = "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$9\r\nmaxmemory\r\n";
    let asked = format!("{get}*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n{get}");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("%1\r\n$9\r\nmaxmemory") {
        let mut piece = [0; 512];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    assert!(heard.starts_with("*2\r\n$9\r\nmaxmemory\r\n"));
    let own = stream.local_addr().unwrap();
    let killed = shared.whole().with(|redis| say(redis, &format!("CLIENT KILL ADDR {own}")));
    assert_eq!(killed.as_deref(), Some("1"));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    server.abort();
}
