//! Databases: `PostgreSQL`'s tools, `MySQL`, Redis, `MongoDB`.
use crate::commands::tools::database;
use crate::commands::tools::redis;
use crate::commands::tools::rules::{C, D, Otherwise, R, Tool, mark::NONE};

pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("psql pgcli")
        .values(&[("", "-c --command -d --dbname -f --file -h --host -p --port -U --username -v --set --variable -o --output -L --log-file -F --field-separator -R --record-separator -P --pset -T --table-attr")])
        .judge(database::psql),
    Tool::new("mysql mariadb mycli")
        .glued("p").values(&[("", "-e --execute -h --host -P --port -u --user -D --database -S --socket --defaults-file --defaults-extra-file --init-command --ssl-ca --ssl-cert --ssl-key --ssl-mode --default-character-set --delimiter --protocol --prompt --pager --tee --connect-timeout --login-path")])
        .judge(database::mysql),
    Tool::new("redis-cli valkey-cli keydb-cli")
        .values(&[("", "-h --host -p --port -s -a --pass -u --user -n -r -i -t -D -d --rdb --functions-rdb --pattern --quoted-pattern --count --cursor --top --intrinsic-latency --eval --cluster --sni --cacert --cacertdir --cert --key --tls-ciphers --tls-ciphersuites --pipe-timeout --lru-test --memkeys-samples --show-pushes --keystats-samples --client-name \
            --cluster-replicas --cluster-from --cluster-to --cluster-slots --cluster-timeout --cluster-pipeline --cluster-weight --cluster-threshold --cluster-master-id --cluster-from-user --cluster-from-pass")])
        .judge(redis::judge),
    Tool::new("pg_dump pg_dumpall")
        .values(&[("", "-f --file -d --dbname -h --host -p --port -U --username -F --format -j --jobs -n --schema -N --exclude-schema -t --table -T --exclude-table -Z --compress -E --encoding -S --superuser --role --section --exclude-table-data --lock-wait-timeout --snapshot -l --database --exclude-database")])
        .otherwise(Otherwise::Change("dumps a database"))
        .judge(database::pg_dump),
    Tool::new("pg_restore")
        .values(&[("", "-d --dbname -f --file -F --format -h --host -p --port -U --username -j --jobs -I --index -L --use-list -n --schema -N --exclude-schema -P --function -S --superuser -t --table -T --trigger --role --section")])
        .judge(database::pg_restore),
    Tool::new("pg_ctl pg_ctlcluster")
        .values(&[("", "-D --pgdata -l --log -o --options -p -m --mode -t --timeout -e -N -P -U -S")])
        .rules(&[
            ("status", R, "only reads", NONE),
            ("start", C, "starts the server", NONE),
            ("reload|logrotate", C, "lets the server read its configuration again", NONE),
            ("stop", D, "stops the server", NONE),
            ("restart", D, "restarts the server: every connection ends", NONE),
            ("promote", D, "makes a standby the primary: it cannot be taken back", NONE),
            ("kill", D, "sends a signal to a process of the server", NONE),
            ("init|initdb", C, "makes a new, empty database", NONE),
        ])
        .judge(database::pg_ctl),
];
