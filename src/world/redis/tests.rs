//! What the clients of the world's Redis are promised.
use super::reply::{fits, human, take};
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

fn say(redis: &mut Redis, line: &str) -> String {
    redis.run("default", &line.split(' ').collect::<Vec<_>>())
}

fn pages(kind: &'static str) -> Writer {
    Writer { prefix: "page:".into(), bytes_per_second: 200_000.0, value: 1_000, ttl: None, kind }
}

#[test]
fn at_its_limit_writes_are_refused_or_old_keys_go_as_the_policy_says() {
    let mut redis = redis();
    redis.writer(pages("string"));
    pass(&mut redis, 20);
    let full = redis.facts();
    assert!(full.counts.refused > 0 && full.counts.evicted == 0 && full.used <= full.max + 2_000, "{full:?}");
    assert_eq!(say(&mut redis, "SET a 1"), "OOM command not allowed when used memory > 'maxmemory'.\n\n");
    assert!(say(&mut redis, "INFO errorstats").contains("errorstat_OOM:count="));
    assert_eq!(say(&mut redis, "GET page:1").trim().len(), 1_000, "reads go on");
    say(&mut redis, "CONFIG SET maxmemory-policy allkeys-lru");
    pass(&mut redis, 5);
    assert!(redis.facts().counts.evicted > 100 && redis.facts().used <= full.max);
    assert_eq!(say(&mut redis, "SET a 1"), "OK\n");
}

#[test]
fn volatile_policies_leave_keys_without_a_time_to_live_alone() {
    let mut redis = redis();
    redis.setting("maxmemory-policy", "volatile-lru");
    redis.writer(pages("string"));
    pass(&mut redis, 20);
    assert_eq!((redis.facts().counts.evicted, redis.facts().counts.refused > 0), (0, true));
    redis.clear_writer("page:");
    say(&mut redis, "EXPIRE page:7 1000");
    redis.setting("maxmemory", "1900kb");
    assert_eq!((say(&mut redis, "EXISTS page:7"), redis.facts().counts.evicted), ("0\n".into(), 1));
}

#[test]
fn after_a_flush_lookups_miss_until_the_keys_are_there_again() {
    let mut redis = redis();
    redis.setting("maxmemory", "0");
    redis.writer(Writer { ttl: Some(60.0), ..pages("hash") });
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
    assert_eq!(say(&mut redis, "FLUSHALL"), "OK\n");
    assert_eq!(say(&mut redis, "DBSIZE"), "0\n");
    let cold = rate(&mut redis);
    assert!(cold < 30, "{cold}");
    assert!(redis.deeds().iter().any(|deed| deed.command == "FLUSHALL" && deed.user == "default"));
}

#[test]
fn keys_end_when_their_time_is_over_and_scan_meets_every_one_that_stays() {
    let mut redis = redis();
    for key in 0..50 {
        say(&mut redis, &format!("SET key:{key} x EX 30"));
    }
    assert_eq!((say(&mut redis, "TTL key:1"), say(&mut redis, "TTL none")), ("30\n".into(), "-2\n".into()));
    assert_eq!(say(&mut redis, "PERSIST key:1"), "1\n");
    assert_eq!(redis.run("default", &["--scan", "--pattern", "key:*"]).lines().count(), 50);
    pass(&mut redis, 31);
    assert_eq!((say(&mut redis, "DBSIZE"), redis.facts().counts.expired), ("1\n".into(), 49));
    assert_eq!(redis.run("default", &["--scan"]), "key:1\n");
}

#[test]
fn every_type_has_its_commands_and_refuses_those_of_others() {
    let mut redis = redis();
    for (line, said) in [
        ("HSET user:1 name ada plan free", "2"),
        ("HGETALL user:1", "name\nada\nplan\nfree"),
        ("RPUSH queue a b c", "3"),
        ("LMOVE queue aside RIGHT LEFT", "c"),
        ("LRANGE queue 0 -1", "a\nb"),
        ("LLEN aside", "1"),
        ("SADD tags x y x", "2"),
        ("ZADD board 3 c 1 a 2 b", "3"),
        ("ZRANGE board 0 1 WITHSCORES", "a\n1\nb\n2"),
        ("GET board", "WRONGTYPE Operation against a key holding the wrong kind of value\n"),
        ("TYPE tags", "set"),
        ("INCR count", "1"),
        ("INCR user:1", "WRONGTYPE Operation against a key holding the wrong kind of value\n"),
        ("SREM tags x y", "2"),
        ("EXISTS tags", "0"),
        ("XPENDING s g", "NOGROUP No such key 's' or consumer group 'g'\n"),
        ("EVAL x 0", "ERR unknown command 'EVAL', with args beginning with: 'x' '0' \n"),
        ("CLIENT FOO", "ERR unknown subcommand 'FOO'. Try CLIENT HELP.\n"),
        ("GET", "ERR wrong number of arguments for 'get' command\n"),
        ("SENTINEL masters", "ERR unknown command 'SENTINEL', with args beginning with: 'masters' \n"),
    ] {
        assert_eq!(say(&mut redis, line), format!("{said}\n"), "{line}");
    }
}

#[test]
fn what_is_held_is_weighed_and_nothing_is_left_when_all_is_gone() {
    let mut redis = redis();
    let empty = redis.facts().used;
    for line in
        ["SET a xxxxxxxxxxxxxxxx", "HSET h a 1 b 2", "RPUSH l 1 2 3", "ZADD z 1 a", "SET a x", "LTRIM l 1 1"]
    {
        say(&mut redis, line);
    }
    assert!(redis.facts().used > empty);
    say(&mut redis, "RENAME a b");
    say(&mut redis, "DEL b h l z");
    assert_eq!(redis.facts().used, empty);
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
        if matches!(command, "shutdown" | "quit" | "config|set" | "client|kill" | "acl|setuser") {
            continue;
        }
        let mut line: Vec<&str> = command.split('|').collect();
        for _ in 0..below(5) {
            line.push(words[below(words.len())]);
        }
        redis.run("default", &line);
    }
    redis.run("default", &["FLUSHALL"]);
    assert_eq!((redis.facts().used, redis.facts().keys), (empty, 0));
}

#[test]
fn users_are_let_in_by_their_password_and_may_what_their_rules_say() {
    let mut redis = redis();
    redis.setting("requirepass", "sesame");
    redis.user("labro", &["on", ">labro", "~app:*", "+@all", "-@dangerous", "+client|list"]);
    let (id, _) = redis.connect("127.0.0.1:5").unwrap();
    let mut say = |line: &str| {
        let words: Vec<Bytes> = line.split(' ').map(|word| Bytes::from(word.to_owned())).collect();
        redis.ask(id, &words).raw().trim().to_owned()
    };
    assert_eq!(say("PING"), "NOAUTH Authentication required.");
    assert_eq!(say("AUTH labro wrong"), "WRONGPASS invalid username-password pair or user is disabled.");
    assert!(say("HELLO 3 AUTH labro labro").contains("redis"));
    assert_eq!(say("FLUSHALL"), "NOPERM User labro has no permissions to run the 'flushall' command");
    assert_eq!(
        say("CLIENT KILL ID 1"),
        "NOPERM User labro has no permissions to run the 'client|kill' command"
    );
    assert_eq!(say("GET other"), "NOPERM No permissions to access a key");
    assert_eq!((say("GET app:1").as_str(), say("CLIENT LIST").lines().count()), ("", 1));
    assert_eq!(say("AUTH sesame"), "OK");
    assert_eq!(say("ACL SETUSER labro +client|kill"), "OK");
    assert_eq!(say("ACL DRYRUN labro CLIENT KILL"), "OK");
}

#[test]
fn a_script_keeps_everybody_out_until_it_is_killed() {
    let mut redis = redis();
    redis.block(30.0);
    assert!(say(&mut redis, "PING").starts_with("BUSY Redis is busy running a script."));
    pass(&mut redis, 10);
    assert_eq!(say(&mut redis, "SCRIPT KILL"), "OK\n");
    assert_eq!(say(&mut redis, "PING"), "PONG\n");
    assert!(say(&mut redis, "SLOWLOG GET").contains("EVAL"));
    assert!(say(&mut redis, "SCRIPT KILL").starts_with("NOTBUSY"));
    redis.load(10.0);
    pass(&mut redis, 5);
    assert!(say(&mut redis, "GET a").starts_with("LOADING"));
    assert!(say(&mut redis, "INFO").contains("loading_loaded_perc:50.00"));
}

#[test]
fn a_client_that_is_killed_is_gone_and_its_application_comes_back_with_empty_buffers() {
    let mut redis = redis();
    redis.client(&Crowd {
        name: "worker".into(),
        host: "10.1.2.3".into(),
        count: 1,
        memory: 900_000,
        ..Crowd::default()
    });
    let line = say(&mut redis, "CLIENT LIST TYPE normal");
    let id = line.lines().find(|line| line.contains("name=worker") && line.contains("tot-mem=900000"));
    let id = id.and_then(|line| line.strip_prefix("id=")?.split(' ').next()).unwrap().to_owned();
    assert_eq!(say(&mut redis, &format!("CLIENT KILL ID {id}")), "1\n");
    assert_eq!(say(&mut redis, &format!("CLIENT LIST ID {id}")), "\n");
    pass(&mut redis, 1);
    let line = say(&mut redis, "CLIENT LIST");
    assert!(line.contains("name=worker") && !line.contains("tot-mem=900000"));
    redis.setting("maxclients", "1");
    assert_eq!(say(&mut redis, "PING"), "Error: ERR max number of clients reached\n");
}

#[test]
fn a_backup_is_as_large_as_what_is_held() {
    let mut redis = redis();
    redis.writer(pages("string"));
    redis.stock("page:", 500);
    let said = redis.run("default", &["--rdb", "/backup/redis.rdb"]);
    let bytes =
        said.split_once("writing ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<usize>().ok());
    assert!(bytes.is_some_and(|bytes| bytes > 500_000), "{said}");
    assert!(redis.deeds().iter().any(|deed| deed.command == "SYNC to /backup/redis.rdb"));
}

#[test]
fn a_stopped_server_is_empty_when_it_is_back() {
    let mut redis = redis();
    say(&mut redis, "SET a 1");
    say(&mut redis, "SHUTDOWN");
    assert!(!redis.facts().up && say(&mut redis, "PING").starts_with("Could not connect"));
    redis.start();
    assert_eq!(say(&mut redis, "DBSIZE"), "0\n");
}

#[test]
fn commands_come_in_pieces_and_limits_hold() {
    let mut bytes = bytes::BytesMut::from(&b"*2\r\n$3\r\nGET\r\n$1\r\n"[..]);
    assert_eq!(take(&mut bytes), Ok(None));
    bytes.extend_from_slice(b"a\r\nPING \"x\"\r\n*1\r\n");
    assert_eq!(take(&mut bytes).unwrap().unwrap(), ["GET", "a"]);
    assert_eq!(take(&mut bytes).unwrap().unwrap(), ["PING", "x"]);
    assert_eq!(take(&mut bytes), Ok(None));
    for hostile in
        ["*99999999\r\n", "*-1\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\nGET\r\n", "*1\r\n$1500000\r\n"]
    {
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
        assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), yes, "{pattern} {name}");
    }
    let slow = ("*a".repeat(200) + "b", "a".repeat(20_000));
    assert!(!fits(slow.0.as_bytes(), slow.1.as_bytes()));
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
    stream.write_all(b"CONFIG GET maxmemory\r\nHELLO 3\r\nCONFIG GET maxmemory\r\n").await.unwrap();
    let mut heard = String::new();
    while !heard.contains("%1\r\n$9\r\nmaxmemory") {
        let mut piece = [0; 512];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    assert!(heard.starts_with("*2\r\n$9\r\nmaxmemory\r\n"));
    shared.whole().with(|redis| redis.run("default", &["CLIENT", "KILL", "TYPE", "normal"]));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    server.abort();
}
