//! The commands of Redis 6 to 8 and Valkey, with those of the modules that come with them.
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::commands::tools::rules::{
    C, D, R,
    mark::{E, HEAVY, L, NONE, OPAQUE, SECRET, WRITES},
};
use crate::domain::approval::Tier;

/// Names (blanks between them; `_` joins a command with its sub-command), risk, why, marks.
type Row = (&'static str, Tier, &'static str, u16);

#[rustfmt::skip]
static COMMANDS: &[Row] = &[
    ("GET MGET STRLEN GETRANGE SUBSTR GETBIT BITCOUNT BITPOS BITFIELD_RO LCS EXISTS TYPE TTL PTTL EXPIRETIME PEXPIRETIME DUMP RANDOMKEY TOUCH SCAN \
      HGET HMGET HEXISTS HLEN HSTRLEN HRANDFIELD HSCAN HTTL HPTTL HEXPIRETIME HPEXPIRETIME LINDEX LLEN LPOS LRANGE SCARD SISMEMBER SMISMEMBER \
      SRANDMEMBER SSCAN ZCARD ZCOUNT ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE \
      ZREVRANK ZSCORE ZSCAN ZINTERCARD SINTERCARD GEODIST GEOHASH GEOPOS GEORADIUS GEORADIUS_RO GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEOSEARCH \
      PFCOUNT XLEN XRANGE XREVRANGE XREAD XPENDING XINFO OBJECT SORT_RO DIGEST", R, "reads keys", NONE),
    ("KEYS", R, "walks every key while all others wait", HEAVY),
    ("HGETALL HKEYS HVALS SMEMBERS SORT SDIFF SINTER SUNION ZDIFF ZINTER ZUNION", R, "reads a key whole", HEAVY),
    ("PING ECHO TIME LASTSAVE DBSIZE ROLE INFO COMMAND LOLWUT AUTH HELLO SELECT QUIT RESET READONLY READWRITE ASKING WAIT WAITAOF SLOWLOG MEMORY LATENCY \
      DISCARD UNWATCH WATCH MULTI EXEC HELP CLEAR EXIT PUBSUB", R, "only reads or concerns this connection", NONE),
    ("AUTH HELLO", R, "signs in", SECRET),
    ("MONITOR", R, "prints every command of every client until it is stopped: the server slows down", E | HEAVY),
    ("SUBSCRIBE PSUBSCRIBE SSUBSCRIBE", R, "listens until it is stopped", E),
    ("UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE", R, "stops listening", NONE),
    ("SYNC PSYNC", R, "asks for a copy of everything until it is stopped", E | HEAVY),
    ("REPLCONF", C, "speaks as a replica", NONE),
    ("SET SETEX PSETEX SETNX MSET MSETNX APPEND SETRANGE SETBIT BITFIELD BITOP INCR INCRBY INCRBYFLOAT DECR DECRBY GETSET GETEX MSETEX DELEX \
      HSET HMSET HSETNX HSETEX HINCRBY HINCRBYFLOAT HGETEX HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST LPUSH LPUSHX RPUSH RPUSHX LINSERT LSET LMOVE RPOPLPUSH \
      SADD SMOVE ZADD ZINCRBY GEOADD GEOSEARCHSTORE PFADD PFMERGE PFDEBUG PFSELFTEST XADD XACK XACKDEL XCLAIM XAUTOCLAIM XGROUP XREADGROUP XSETID \
      SDIFFSTORE SINTERSTORE SUNIONSTORE ZDIFFSTORE ZINTERSTORE ZRANGESTORE ZUNIONSTORE EXPIRE EXPIREAT PEXPIRE PEXPIREAT PERSIST RENAMENX COPY", C, "changes keys", NONE),
    ("LPOP RPOP LMPOP SPOP ZPOPMIN ZPOPMAX ZMPOP GETDEL HGETDEL LREM LTRIM", C, "takes values out of a key", NONE),
    ("BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP", C, "waits for a value and takes it out", L),
    ("HDEL SREM ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE XDEL XDELEX XTRIM", D, "deletes values of a key", NONE),
    ("DEL UNLINK", D, "deletes keys", NONE),
    ("RENAME MOVE", C, "moves a key: what stood there is overwritten", NONE),
    ("RESTORE RESTORE-ASKING", C, "makes a key from a dump", NONE),
    ("MIGRATE", C, "copies keys to another server", NONE),
    ("FLUSHALL", D, "deletes every key of every database", NONE),
    ("FLUSHDB", D, "deletes every key of the database", NONE),
    ("SWAPDB", D, "swaps two databases: every client sees the other one's keys", NONE),
    ("SHUTDOWN", D, "stops the server", NONE),
    ("DEBUG", D, "may crash or block the server", NONE),
    ("REPLICAOF SLAVEOF", D, "makes it a replica of another server: its own keys are dropped", NONE),
    ("FAILOVER", D, "makes a replica the master", NONE),
    ("BGSAVE SAVE", C, "writes a dump to disk, over the one before", NONE),
    ("SAVE", D, "writes a dump to disk while all others wait", HEAVY),
    ("BGREWRITEAOF", C, "writes the append-only file anew", NONE),
    ("PUBLISH SPUBLISH", C, "sends a message to subscribers", NONE),
    ("EVAL EVALSHA FCALL", C, "runs a script: what it does cannot be seen here", OPAQUE),
    ("EVAL_RO EVALSHA_RO FCALL_RO", R, "runs a script that may only read", HEAVY),
    ("SCRIPT_LOAD", C, "stores a script", NONE),
    ("SCRIPT_FLUSH", C, "forgets every script: clients must load them again", NONE),
    ("SCRIPT_KILL FUNCTION_KILL", C, "stops a running script", NONE),
    ("SCRIPT_EXISTS SCRIPT_SHOW SCRIPT_HELP", R, "only reads", NONE),
    ("SCRIPT_DEBUG", C, "debugs scripts", NONE),
    ("FUNCTION_LIST FUNCTION_STATS FUNCTION_DUMP FUNCTION_HELP", R, "only reads", NONE),
    ("FUNCTION_LOAD FUNCTION_RESTORE", C, "stores functions", NONE),
    ("FUNCTION_DELETE FUNCTION_FLUSH", D, "deletes functions", NONE),
    ("CONFIG_GET CONFIG_HELP", R, "only reads", NONE),
    ("CONFIG_SET", C, "changes a setting of the running server", NONE),
    ("CONFIG_REWRITE", C, "writes the settings into the configuration file", WRITES),
    ("CONFIG_RESETSTAT", C, "throws gathered statistics away", NONE),
    ("SLOWLOG_GET SLOWLOG_LEN SLOWLOG_HELP LATENCY_DOCTOR LATENCY_GRAPH LATENCY_HISTORY LATENCY_LATEST LATENCY_HISTOGRAM LATENCY_HELP \
      MEMORY_USAGE MEMORY_STATS MEMORY_DOCTOR MEMORY_MALLOC-STATS MEMORY_HELP HOTKEYS_GET COMMANDLOG_GET COMMANDLOG_LEN", R, "only reads", NONE),
    ("SLOWLOG_RESET LATENCY_RESET COMMANDLOG_RESET HOTKEYS_START HOTKEYS_STOP HOTKEYS_RESET", C, "throws gathered statistics away", NONE),
    ("MEMORY_PURGE", C, "gives memory back", NONE),
    ("CLIENT_LIST CLIENT_INFO CLIENT_ID CLIENT_GETNAME CLIENT_GETREDIR CLIENT_TRACKINGINFO CLIENT_HELP CLIENT_SETNAME CLIENT_SETINFO CLIENT_REPLY \
      CLIENT_TRACKING CLIENT_CACHING CLIENT_NO-TOUCH CLIENT_NO-EVICT CLIENT_CAPA CLIENT_IMPORT-SOURCE", R, "looks at clients or concerns this connection", NONE),
    ("CLIENT_KILL", D, "ends connections of clients", NONE),
    ("CLIENT_PAUSE", D, "lets every client wait", NONE),
    ("CLIENT_UNPAUSE", C, "lets clients go on", NONE),
    ("CLIENT_UNBLOCK", C, "wakes a client that waits", NONE),
    ("CLUSTER_INFO CLUSTER_NODES CLUSTER_SLOTS CLUSTER_SHARDS CLUSTER_LINKS CLUSTER_MYID CLUSTER_MYSHARDID CLUSTER_KEYSLOT CLUSTER_COUNTKEYSINSLOT \
      CLUSTER_GETKEYSINSLOT CLUSTER_REPLICAS CLUSTER_SLAVES CLUSTER_COUNT-FAILURE-REPORTS CLUSTER_SLOT-STATS CLUSTER_HELP CLUSTER_GETSLOTMIGRATIONS", R, "only reads", NONE),
    ("CLUSTER_MEET CLUSTER_ADDSLOTS CLUSTER_ADDSLOTSRANGE CLUSTER_BUMPEPOCH CLUSTER_SAVECONFIG CLUSTER_SET-CONFIG-EPOCH CLUSTER_SETSLOT CLUSTER_MIGRATION CLUSTER_MIGRATESLOTS CLUSTER_CANCELSLOTMIGRATIONS", C, "changes the cluster", NONE),
    ("CLUSTER_FAILOVER", D, "makes a replica the master", NONE),
    ("CLUSTER_REPLICATE", D, "makes a node the replica of another: its keys are dropped", NONE),
    ("CLUSTER_FORGET CLUSTER_DELSLOTS CLUSTER_DELSLOTSRANGE CLUSTER_FLUSHSLOTS CLUSTER_RESET", D, "takes nodes or slots out of the cluster", NONE),
    ("ACL_LIST ACL_USERS ACL_CAT ACL_WHOAMI ACL_LOG ACL_GENPASS ACL_DRYRUN ACL_HELP", R, "only reads", NONE),
    ("ACL_GETUSER", R, "prints a user's rights", SECRET),
    ("ACL_SETUSER", C, "changes a user's rights", SECRET),
    ("ACL_DELUSER", D, "deletes a user and ends its connections", NONE),
    ("ACL_LOAD", D, "replaces all users by those of a file", NONE),
    ("ACL_SAVE", C, "writes the users to a file", WRITES),
    ("MODULE_LIST MODULE_HELP", R, "only reads", NONE),
    ("MODULE_LOAD MODULE_LOADEX", D, "loads code into the server", NONE),
    ("MODULE_UNLOAD", D, "takes code out of the server", NONE),
    ("XGROUP_CREATE XGROUP_CREATECONSUMER", C, "makes a group of consumers", NONE),
    ("XGROUP_SETID", D, "moves a group's place: messages are skipped or read again", NONE),
    ("XGROUP_DESTROY XGROUP_DELCONSUMER", D, "deletes a group or consumer: what it had not confirmed is lost", NONE),
    ("XINFO_STREAM XINFO_GROUPS XINFO_CONSUMERS OBJECT_ENCODING OBJECT_FREQ OBJECT_IDLETIME OBJECT_REFCOUNT PUBSUB_CHANNELS PUBSUB_NUMSUB PUBSUB_NUMPAT", R, "only reads", NONE),
    // Sentinel.
    ("SENTINEL", C, "changes a sentinel", NONE),
    ("SENTINEL_MASTERS SENTINEL_MASTER SENTINEL_REPLICAS SENTINEL_SLAVES SENTINEL_SENTINELS SENTINEL_GET-MASTER-ADDR-BY-NAME SENTINEL_CKQUORUM SENTINEL_MYID \
      SENTINEL_INFO-CACHE SENTINEL_PENDING-SCRIPTS SENTINEL_IS-MASTER-DOWN-BY-ADDR SENTINEL_HELP SENTINEL_PRIMARY SENTINEL_PRIMARIES SENTINEL_GET-PRIMARY-ADDR-BY-NAME", R, "only reads", NONE),
    ("SENTINEL_FAILOVER SENTINEL_REMOVE SENTINEL_RESET SENTINEL_SIMULATE-FAILURE", D, "fails over, or forgets a master", NONE),
    // Modules that come with Redis 8.
    ("JSON.GET JSON.MGET JSON.TYPE JSON.ARRLEN JSON.ARRINDEX JSON.OBJKEYS JSON.OBJLEN JSON.STRLEN JSON.RESP FT.SEARCH FT.AGGREGATE FT.INFO FT._LIST FT.EXPLAIN FT.PROFILE \
      FT.TAGVALS FT.DICTDUMP FT.SPELLCHECK FT.SYNDUMP FT.SUGGET FT.SUGLEN TS.GET TS.MGET TS.RANGE TS.REVRANGE TS.MRANGE TS.MREVRANGE TS.INFO TS.QUERYINDEX BF.EXISTS BF.MEXISTS \
      BF.INFO BF.CARD CF.EXISTS CF.COUNT CF.INFO CMS.QUERY CMS.INFO TOPK.QUERY TOPK.LIST TOPK.INFO VSIM VCARD VDIM VEMB VINFO VGETATTR VLINKS VRANDMEMBER VISMEMBER", R, "reads keys", NONE),
    ("JSON.DEL JSON.FORGET JSON.CLEAR FT.DROPINDEX FT.DROP FT.ALIASDEL FT.DICTDEL FT.SUGDEL TS.DEL TS.DELETERULE CF.DEL VREM", D, "deletes keys or an index", NONE),
];

/// What a command does; the last row that names it counts.
pub(super) fn find(name: &str) -> Option<(Tier, &'static str, u16)> {
    let name = name.trim_end();
    let name: Cow<'_, str> = if name.contains(' ') { name.replace(' ', "_").into() } else { name.into() };
    INDEX.get(&*name).map(|(_, risk, why, marks)| (*risk, *why, *marks))
}

/// About as many names as there are: the map need not grow.
const NAMES: usize = 700;

/// The last row of every name.
static INDEX: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
    let mut all = HashMap::with_capacity(NAMES);
    all.extend(COMMANDS.iter().flat_map(|row| row.0.split_ascii_whitespace().map(move |name| (name, row))));
    all
});
