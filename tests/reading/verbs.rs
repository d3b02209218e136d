//! Facts from the tools' own help: every verb is known, and every one that destroys is danger.
//!
//! The lists were taken from `--help` of kubectl 1.32, Docker 28.2, systemd 252, git 2.39, redis-cli 7.0,
//! docker-compose 1.29, Terraform 1.11 and psql 15, from the command references of Compose 2 and Helm, and from the
//! catalogue of PostgreSQL 15.
use firedeck::domain::approval::Tier::{Change as C, Danger as D, Read as R};

use super::tools::{hold, seen};

const KUBECTL: &[(&str, &str)] = &[
    (
        "",
        "create expose run set explain get edit delete rollout scale autoscale certificate cluster-info top cordon uncordon drain taint describe logs attach exec port-forward proxy cp auth debug events diff apply patch replace wait kustomize label annotate completion api-resources api-versions config plugin version",
    ),
    (
        "create",
        "clusterrole clusterrolebinding configmap cronjob deployment ingress job namespace poddisruptionbudget priorityclass quota role rolebinding secret service serviceaccount token",
    ),
    (
        "config",
        "current-context delete-cluster delete-context delete-user get-clusters get-contexts get-users rename-context set set-cluster set-context set-credentials unset use-context view",
    ),
    ("set", "env image resources selector serviceaccount subject"),
    ("rollout", "history pause restart resume status undo"),
    ("auth", "can-i reconcile whoami"),
    ("certificate", "approve deny"),
    ("apply", "edit-last-applied set-last-applied view-last-applied"),
    ("top", "node pod"),
];

const DOCKER: &[(&str, &str)] = &[
    (
        "",
        "run exec ps build pull push images login logout search version info builder checkpoint container context image manifest network plugin system trust volume config node secret service stack swarm attach commit cp create diff events export history import inspect kill load logs pause port rename restart rm rmi save start stats stop tag top unpause update wait",
    ),
    (
        "container",
        "attach commit cp create diff exec export inspect kill logs ls pause port prune rename restart rm run start stats stop top unpause update wait",
    ),
    ("image", "build history import inspect load ls prune pull push rm save tag"),
    ("context", "create export import inspect ls rm show update use"),
    ("manifest", "annotate create inspect push rm"),
    ("network", "connect create disconnect inspect ls prune rm"),
    ("node", "demote inspect ls promote ps rm update"),
    ("plugin", "create disable enable inspect install ls push rm set upgrade"),
    ("secret", "create inspect ls rm"),
    ("config", "create inspect ls rm"),
    ("service", "create inspect logs ls ps rm rollback scale update"),
    ("stack", "config deploy ls ps rm services"),
    ("swarm", "ca init join join-token leave unlock unlock-key update"),
    ("system", "df events info prune"),
    ("trust", "key signer inspect revoke sign"),
    ("volume", "create inspect ls prune rm update"),
    ("builder", "build prune"),
    (
        "compose",
        "attach build config cp create down events exec export images kill logs ls pause port ps publish pull push restart rm run scale start stats stop top unpause up version volumes wait watch",
    ),
];

const COMPOSE: &[(&str, &str)] = &[(
    "",
    "attach build commit config cp create down events exec export help images kill logs ls pause port ps publish pull push restart rm run scale start stats stop top unpause up version volumes wait watch",
)];

const HELM: &[(&str, &str)] = &[
    (
        "",
        "completion create dependency env get help history install lint list package plugin pull push registry repo rollback search show status template test uninstall upgrade verify version",
    ),
    ("dependency", "build list update"),
    ("get", "all hooks manifest metadata notes values"),
    ("plugin", "install list uninstall update"),
    ("registry", "login logout"),
    ("repo", "add index list remove update"),
    ("search", "hub repo"),
    ("show", "all chart crds readme values"),
];

const TERRAFORM: &[(&str, &str)] = &[
    (
        "",
        "init validate plan apply destroy console fmt force-unlock get graph import login logout metadata modules output providers refresh show state taint test untaint version workspace",
    ),
    ("state", "list mv pull push replace-provider rm show"),
    ("workspace", "delete list new select show"),
    ("providers", "lock mirror schema"),
    ("metadata", "functions"),
];

/// Commands of psql itself, without their backslash.
const PSQL: &str = "! ? C H T a c cd conninfo copy copyright crosstabview d dA dAc dAf dAo dAp dC dD dE dF dFd dFp dFt dL dO dP dRp dRs dT dX da db dc dconfig dd ddp des det deu dew df dg di dl dm dn do dp drds ds dt du dv dx dy e echo ef elif else encoding endif errverbose ev f g gdesc getenv gexec gset gx h i if ir l lo_export lo_import lo_list lo_unlink o p password prompt pset q qecho r restrict s set setenv sf sv t timing unrestrict unset w warn watch x z";

const SYSTEMCTL: &[(&str, &str)] = &[(
    "",
    "list-units list-automounts list-sockets list-timers is-active is-failed status show cat help list-dependencies start stop reload restart try-restart reload-or-restart try-reload-or-restart isolate kill clean freeze thaw set-property bind mount-image service-log-level service-log-target reset-failed list-unit-files enable disable reenable preset preset-all is-enabled mask unmask link revert add-wants add-requires edit get-default set-default list-machines list-jobs cancel show-environment set-environment unset-environment import-environment daemon-reload daemon-reexec log-level log-target service-watchdogs is-system-running default rescue emergency halt poweroff reboot kexec exit switch-root suspend hibernate hybrid-sleep suspend-then-hibernate",
)];

const GIT: &[(&str, &str)] = &[(
    "",
    "add am archive bisect branch bundle checkout cherry-pick clean clone commit describe diff fetch format-patch gc grep init log maintenance merge mv notes pull push range-diff rebase reset restore revert rm shortlog show sparse-checkout stash status submodule switch tag worktree config filter-branch mergetool pack-refs prune reflog remote repack replace annotate blame count-objects difftool fsck help rerere verify-commit verify-tag version whatchanged request-pull apply commit-tree read-tree symbolic-ref update-index update-ref write-tree cat-file cherry diff-tree for-each-ref ls-files ls-remote ls-tree merge-base name-rev rev-list rev-parse show-ref var check-attr check-ignore",
)];

const REDIS: &str = "ACL CAT,ACL DELUSER,ACL DRYRUN,ACL GENPASS,ACL GETUSER,ACL LIST,ACL LOAD,ACL LOG,ACL SAVE,ACL SETUSER,ACL USERS,ACL WHOAMI,APPEND,ASKING,AUTH,BGREWRITEAOF,BGSAVE,BITCOUNT,BITFIELD,BITFIELD_RO,BITOP,BITPOS,BLMOVE,BLMPOP,BLPOP,BRPOP,BRPOPLPUSH,BZMPOP,BZPOPMAX,BZPOPMIN,CLIENT CACHING,CLIENT GETNAME,CLIENT GETREDIR,CLIENT ID,CLIENT INFO,CLIENT KILL,CLIENT LIST,CLIENT NO-EVICT,CLIENT PAUSE,CLIENT REPLY,CLIENT SETNAME,CLIENT TRACKING,CLIENT TRACKINGINFO,CLIENT UNBLOCK,CLIENT UNPAUSE,CLUSTER ADDSLOTS,CLUSTER ADDSLOTSRANGE,CLUSTER BUMPEPOCH,CLUSTER COUNT-FAILURE-REPORTS,CLUSTER COUNTKEYSINSLOT,CLUSTER DELSLOTS,CLUSTER DELSLOTSRANGE,CLUSTER FAILOVER,CLUSTER FLUSHSLOTS,CLUSTER FORGET,CLUSTER GETKEYSINSLOT,CLUSTER INFO,CLUSTER KEYSLOT,CLUSTER LINKS,CLUSTER MEET,CLUSTER MYID,CLUSTER NODES,CLUSTER REPLICAS,CLUSTER REPLICATE,CLUSTER RESET,CLUSTER SAVECONFIG,CLUSTER SET-CONFIG-EPOCH,CLUSTER SETSLOT,CLUSTER SHARDS,CLUSTER SLAVES,CLUSTER SLOTS,COMMAND,COMMAND COUNT,COMMAND DOCS,CONFIG GET,CONFIG RESETSTAT,CONFIG REWRITE,CONFIG SET,COPY,DBSIZE,DEBUG,DECR,DECRBY,DEL,DISCARD,DUMP,ECHO,EVAL,EVALSHA,EVALSHA_RO,EVAL_RO,EXEC,EXISTS,EXPIRE,EXPIREAT,EXPIRETIME,FAILOVER,FCALL,FCALL_RO,FLUSHALL,FLUSHDB,FUNCTION DELETE,FUNCTION DUMP,FUNCTION FLUSH,FUNCTION KILL,FUNCTION LIST,FUNCTION LOAD,FUNCTION RESTORE,FUNCTION STATS,GEOADD,GEODIST,GEOHASH,GEOPOS,GEORADIUS,GEORADIUSBYMEMBER,GEOSEARCH,GEOSEARCHSTORE,GET,GETBIT,GETDEL,GETEX,GETRANGE,GETSET,HDEL,HELLO,HEXISTS,HGET,HGETALL,HINCRBY,HINCRBYFLOAT,HKEYS,HLEN,HMGET,HMSET,HRANDFIELD,HSCAN,HSET,HSETNX,HSTRLEN,HVALS,INCR,INCRBY,INCRBYFLOAT,INFO,KEYS,LASTSAVE,LATENCY DOCTOR,LATENCY GRAPH,LATENCY HISTOGRAM,LATENCY HISTORY,LATENCY LATEST,LATENCY RESET,LCS,LINDEX,LINSERT,LLEN,LMOVE,LMPOP,LOLWUT,LPOP,LPOS,LPUSH,LPUSHX,LRANGE,LREM,LSET,LTRIM,MEMORY DOCTOR,MEMORY MALLOC-STATS,MEMORY PURGE,MEMORY STATS,MEMORY USAGE,MGET,MIGRATE,MODULE LIST,MODULE LOAD,MODULE LOADEX,MODULE UNLOAD,MONITOR,MOVE,MSET,MSETNX,MULTI,OBJECT ENCODING,OBJECT FREQ,OBJECT IDLETIME,OBJECT REFCOUNT,PERSIST,PEXPIRE,PEXPIREAT,PEXPIRETIME,PFADD,PFCOUNT,PFDEBUG,PFMERGE,PFSELFTEST,PING,PSETEX,PSUBSCRIBE,PSYNC,PTTL,PUBLISH,PUBSUB CHANNELS,PUBSUB NUMPAT,PUBSUB NUMSUB,PUNSUBSCRIBE,QUIT,RANDOMKEY,READONLY,READWRITE,RENAME,RENAMENX,REPLCONF,REPLICAOF,RESET,RESTORE,RESTORE-ASKING,ROLE,RPOP,RPOPLPUSH,RPUSH,RPUSHX,SADD,SAVE,SCAN,SCARD,SCRIPT DEBUG,SCRIPT EXISTS,SCRIPT FLUSH,SCRIPT KILL,SCRIPT LOAD,SDIFF,SDIFFSTORE,SELECT,SET,SETBIT,SETEX,SETNX,SETRANGE,SHUTDOWN,SINTER,SINTERCARD,SINTERSTORE,SISMEMBER,SLAVEOF,SLOWLOG GET,SLOWLOG LEN,SLOWLOG RESET,SMEMBERS,SMISMEMBER,SMOVE,SORT,SORT_RO,SPOP,SPUBLISH,SRANDMEMBER,SREM,SSCAN,SSUBSCRIBE,STRLEN,SUBSCRIBE,SUBSTR,SUNION,SUNIONSTORE,SUNSUBSCRIBE,SWAPDB,SYNC,TIME,TOUCH,TTL,TYPE,UNLINK,UNSUBSCRIBE,UNWATCH,WAIT,WATCH,XACK,XADD,XAUTOCLAIM,XCLAIM,XDEL,XGROUP CREATE,XGROUP CREATECONSUMER,XGROUP DELCONSUMER,XGROUP DESTROY,XGROUP SETID,XINFO CONSUMERS,XINFO GROUPS,XINFO STREAM,XLEN,XPENDING,XRANGE,XREAD,XREADGROUP,XREVRANGE,XSETID,XTRIM,ZADD,ZCARD,ZCOUNT,ZDIFF,ZDIFFSTORE,ZINCRBY,ZINTER,ZINTERCARD,ZINTERSTORE,ZLEXCOUNT,ZMPOP,ZMSCORE,ZPOPMAX,ZPOPMIN,ZRANDMEMBER,ZRANGE,ZRANGEBYLEX,ZRANGEBYSCORE,ZRANGESTORE,ZRANK,ZREM,ZREMRANGEBYLEX,ZREMRANGEBYRANK,ZREMRANGEBYSCORE,ZREVRANGE,ZREVRANGEBYLEX,ZREVRANGEBYSCORE,ZREVRANK,ZSCAN,ZSCORE,ZUNION,ZUNIONSTORE";

/// Those of Redis' commands that write nothing, by its own flags.
const REDIS_READS: &str = "GET MGET STRLEN GETRANGE SUBSTR GETBIT BITCOUNT BITPOS BITFIELD_RO LCS EXISTS TYPE TTL PTTL EXPIRETIME PEXPIRETIME DUMP RANDOMKEY TOUCH SCAN KEYS HGET HMGET HGETALL HKEYS HVALS LRANGE SMEMBERS ZRANGE XRANGE INFO PING DBSIZE ROLE TIME SLOWLOG";

/// Functions of PostgreSQL that change something, stop something, or take something away.
const POSTGRES_ACTING: &str = "brin_desummarize_range brin_summarize_new_values gin_clean_pending_list lo_creat lo_create lo_export lo_from_bytea lo_import lo_put lo_truncate lo_unlink lowrite nextval setval set_config pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock pg_try_advisory_lock pg_try_advisory_xact_lock_shared pg_advisory_unlock_all pg_backup_start pg_backup_stop pg_cancel_backend pg_copy_logical_replication_slot pg_create_logical_replication_slot pg_create_physical_replication_slot pg_create_restore_point pg_drop_replication_slot pg_export_snapshot pg_import_system_collations pg_log_backend_memory_contexts pg_logical_emit_message pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_notify pg_promote pg_reload_conf pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop pg_replication_slot_advance pg_rotate_logfile pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru pg_stat_reset_single_table_counters pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stop_making_pinned_objects pg_switch_wal pg_terminate_backend pg_wal_replay_pause pg_wal_replay_resume query_to_xml";

/// Functions of PostgreSQL that only look although they may answer differently each time.
const POSTGRES_LOOKING: &str = "clock_timestamp current_query currval lastval gen_random_uuid pg_blocking_pids pg_control_checkpoint pg_control_system pg_current_logfile pg_current_wal_lsn pg_database_size pg_get_backend_memory_contexts pg_get_shmem_allocations pg_hba_file_rules pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_ls_logdir pg_ls_waldir pg_notification_queue_usage pg_partition_tree pg_prepared_xact pg_relation_size pg_sequence_last_value pg_show_all_file_settings pg_stat_file pg_stat_get_xact_tuples_deleted pg_table_size pg_tablespace_size pg_total_relation_size pg_xact_status random setseed timeofday txid_status now version current_setting pg_size_pretty pg_backend_pid pg_postmaster_start_time";

/// Words that destroy when they stand as a verb.
const DESTROY: &[&str] = &[
    "delete",
    "drain",
    "prune",
    "rm",
    "rmi",
    "down",
    "kill",
    "stop",
    "remove",
    "clean",
    "leave",
    "revoke",
    "delete-cluster",
    "delete-context",
    "delete-user",
    "disconnect",
    "halt",
    "poweroff",
    "reboot",
    "kexec",
    "isolate",
    "filter-branch",
    "uninstall",
    "destroy",
    "force-unlock",
];

fn known(tool: &str, table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (group, verbs) in table {
        for verb in verbs.split_whitespace() {
            let line = [tool, group, verb, "x"]
                .iter()
                .filter(|word| !word.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(" ");
            let (risk, _, why) = seen(&line);
            let is_group = group.is_empty() && table.iter().any(|(group, _)| *group == verb);
            if why.contains("not a known") && !is_group {
                wrong.push(format!("{line}: {why}"));
            }
            let only_staged = (tool, verb) == ("git", "rm");
            if DESTROY.contains(&verb) && risk < D && !only_staged {
                wrong.push(format!("{line}: {risk} {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_verb_of_the_tools_own_help_is_known() {
    known("kubectl", KUBECTL);
    known("docker", DOCKER);
    known("systemctl", SYSTEMCTL);
    known("git", GIT);
    known("docker-compose", COMPOSE);
    known("docker compose", COMPOSE);
    known("helm", HELM);
    known("terraform", TERRAFORM);
}

#[test]
fn what_fetches_or_writes_files_is_no_read() {
    hold(&[
        ("terraform get", C, "lw"),
        ("terraform providers", R, ""),
        ("terraform providers lock -platform=linux_amd64", C, "lw"),
        ("terraform providers mirror /srv/mirror", C, "lw"),
        ("terraform providers schema -json", R, ""),
    ]);
}

#[test]
fn every_command_of_redis_is_known_and_only_those_that_write_nothing_read() {
    for command in REDIS.split(',') {
        let (risk, _, why) = seen(&format!("redis-cli {command}"));
        assert!(!why.contains("not a known"), "{command}: {why}");
        let destroys = ["DEL", "FLUSH", "SHUTDOWN", "KILL", "FORGET", "RESET", "UNLINK", "DESTROY", "UNLOAD"];
        let last = command.split(' ').next_back().unwrap_or_default();
        let exempt = [
            "RESET",
            "CONFIG RESETSTAT",
            "GETDEL",
            "CLUSTER FLUSHSLOTS",
            "LATENCY RESET",
            "SLOWLOG RESET",
            "SCRIPT FLUSH",
            "SCRIPT KILL",
            "FUNCTION KILL",
        ];
        assert!(
            risk == D || exempt.contains(&command) || !destroys.iter().any(|word| last.starts_with(word)),
            "{command}: {risk} {why}"
        );
    }
    for command in REDIS_READS.split_whitespace() {
        assert_eq!(seen(&format!("redis-cli {command}")).0, R, "{command}");
    }
}

#[test]
fn a_function_of_postgresql_that_acts_is_never_a_read() {
    for function in POSTGRES_ACTING.split_whitespace() {
        for call in [
            format!("SELECT {function}(1)"),
            format!("select Pg_Catalog . \"{function}\" (pid) from pg_stat_activity where true"),
        ] {
            let (risk, _, why) = seen(&format!("psql -c '{call}'"));
            assert!(risk > R, "{call}: {why}");
        }
    }
    for function in POSTGRES_LOOKING.split_whitespace() {
        let (risk, _, why) = seen(&format!("psql -c 'SELECT {function}(1)'"));
        assert_eq!(risk, R, "{function}: {why}");
    }
}

#[test]
fn a_command_of_psql_reads_unless_it_writes_or_runs() {
    for name in PSQL.split_whitespace() {
        let (_, _, why) = seen(&format!("psql -c '\\{name} x'"));
        assert!(!why.contains("not a known command of psql"), "{name}: {why}");
    }
    let reads = "? C H T a cd restrict conninfo dA dAc dt dt+ dS d dRp+ des errverbose f h l l+ p q r set sf sv t timing unset x z encoding echo";
    for name in reads.split_whitespace() {
        assert_eq!(seen(&format!("psql -c '\\{name}'")).0, R, "{name}");
    }
    hold(&[
        ("psql -c '\\copy t from x.csv'", C, ""),
        ("psql -c '\\copy t to x.csv'", R, "wh"),
        ("psql -c '\\copy (delete from t returning *) to x.csv'", D, "wh"),
        ("psql -c '\\i x.sql'", C, "o"),
        ("psql -c '\\password'", C, "is"),
        ("psql -c '\\lo_unlink 5'", D, ""),
        ("psql -c 'SELECT 1 \\gexec'", D, "o"),
        ("psql -c 'SELECT 1 \\watch 2'", R, "e"),
        ("psql -c '\\frobnicate'", C, "o"),
    ]);
}
