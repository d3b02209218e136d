//! Databases beside their consoles: clusters, backups, poolers, other engines.
use crate::commands::tools::rules::{
    C, D, R, Tool,
    mark::{HEAVY, L, NONE},
};
use crate::commands::tools::{consoles, engines, servers};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("pg_basebackup pg_receivewal pg_recvlogical pg_rewind pg_resetwal pg_upgrade pg_archivecleanup pg_checksums pg_repack pgbench pg_combinebackup pg_createsubscriber pg_test_fsync pg_test_timing initdb pg_createcluster pg_dropcluster pg_lsclusters pg_renamecluster pg_upgradecluster pg_squeeze postgres postmaster")
        .values(&[("", "-h --host -p --port -U --username -d --dbname -D --pgdata -X --wal-method -F --format -c --checkpoint -S --slot -T -t --table -j --jobs -n -f --file -b -B -o -O -l --label -Z --compress -r --max-rate -I")]).judge(engines::postgres),
    Tool::new("pg_amcheck").rules(&[("", R, "reads all of a database to check it", HEAVY)]).riders(&[("", "--install-missing", C, "creates an extension", NONE)]),
    Tool::new("vacuumdb reindexdb clusterdb createdb createuser dropdb dropuser").values(&[("", "-h --host -p --port -U --username -d --dbname -t --table -j --jobs -n --schema -i --index --maintenance-db -O --owner -T --template -E --encoding -c --connection-limit -P --parallel")]).judge(engines::admin),
    Tool::new("pgbackrest").values(&[("", "--stanza --type --target --set --repo --log-level-console --config --process-max --output --target-action --pg1-path --db-include --annotation")]).rules(&[
        ("info|check|version|help|verify|repo-ls|repo-get|archive-get|server-ping|manifest", R, "only reads", NONE),
        ("backup", C, "makes a backup", L | HEAVY),
        ("restore", D, "overwrites a database's files with a backup", L),
        ("expire|stanza-delete|repo-rm", D, "deletes backups", NONE),
        ("stop", D, "stops backups and archiving", NONE),
        ("start|stanza-create|stanza-upgrade|archive-push|annotate|repo-put|server", C, "changes backups", NONE),
    ]),
    Tool::new("barman").values(&[("", "-c --config --target-time --target-name --target-xid --remote-ssh-command -j --jobs")]).rules(&[
        ("list-servers|list-server|list-backups|list-backup|list-files|show-server|show-servers|show-backup|show-backups|status|check|diagnose|replication-status|get-wal|check-backup|verify-backup|verify", R, "only reads", NONE),
        ("backup|cron|sync-backup|sync-info|sync-wals|keep|generate-manifest|switch-wal|switch-xlog|receive-wal|put-wal|archive-wal|lock-directory-cleanup|config-switch|config-update", C, "makes a backup or changes its settings", L),
        ("recover|restore", D, "overwrites a database's files with a backup", L),
        ("delete|terminate-process", D, "deletes a backup, or ends one that runs", NONE),
    ]),
    Tool::new("wal-g wal-e").rules(&[
        ("backup-list|wal-show|wal-verify|wal-fetch|help|flags|binlog-find-pitr, st ls|cat", R, "only reads", NONE),
        ("backup-push|wal-push|backup-mark|copy|daemon|wal-receive|wal-restore|catchup-push", C, "makes a backup", L),
        ("backup-fetch|catchup-fetch|binlog-replay", D, "overwrites a database's files with a backup", L),
        ("delete", R, "only says what it would delete", NONE),
        ("delete everything", R, "only says what it would delete", NONE),
    ]).riders(&[("delete", "--confirm", D, "deletes backups", NONE)]),
    Tool::new("patronictl").values(&[("", "-c --config-file -d --dcs-url --dcs --leader --primary --master --candidate --scheduled --group -r --role -m --member -t --timeout -s --set -p --pg -o --format -U --username --dbname --file --command --delimiter")]).judge(engines::patroni),
    Tool::new("repmgr").values(&[("", "-f --config-file -h --host -U --username -d --dbname -p --port -D --pgdata --upstream-node-id --node-id -L --log-level")]).rules(&[
        ("cluster show|matrix|crosscheck|event", R, "only reads", NONE),
        ("node status|check", R, "only reads", NONE),
        ("daemon status, service status, version, help", R, "only reads", NONE),
        ("primary|master register, standby register|clone, witness register, daemon start, service unpause, daemon unpause", C, "changes the cluster", L),
        ("standby promote|switchover|follow|unregister, primary unregister, witness unregister, node rejoin|service, cluster cleanup, daemon stop|pause, service pause", D, "promotes, switches over, or takes a node away", NONE),
    ]).pretends(&[("", "--dry-run")]),
    Tool::new("pg_autoctl").rules(&[
        ("show|version|inspect|watch|get, config get", R, "only reads", NONE),
        ("perform failover|switchover|promotion, drop, disable, stop, enable maintenance", D, "fails over, or takes a node away", NONE),
    ]),
    Tool::new("pgbouncer pgpool pcp_node_info pcp_promote_node pcp_detach_node pcp_recovery_node").values(&[("", "-u -h -p -U -n")]).judge(engines::pooler),
    Tool::new("mysqladmin mariadb-admin").glued("p").values(&[("", "-h --host -P --port -u --user -S --socket -i --sleep -c --count --defaults-file --defaults-extra-file")]).judge(engines::mysqladmin),
    Tool::new("mysqldump mariadb-dump mysqlpump mydumper").glued("p").values(&[("", "-h --host -P --port -u --user -S --socket -r --result-file --defaults-file --defaults-extra-file --ignore-table -w --where -o --outputdir")]).judge(engines::dump),
    Tool::new("myloader mysqlimport mysqlcheck mariadb-check mysqlbinlog mysql_upgrade mysql_secure_installation xtrabackup mariabackup innobackupex mysqlslap mysqld mysqld_safe mysql_install_db mysqlshow mysql_config_editor")
        .glued("p").values(&[("", "-h --host -P --port -u --user -S --socket --defaults-file --target-dir --datadir -d")]).judge(engines::mysql_tools),
    Tool::new("pt-kill pt-online-schema-change pt-table-checksum pt-table-sync pt-query-digest pt-archiver pt-stalk pt-summary pt-mysql-summary pt-duplicate-key-checker pt-slave-restart pt-heartbeat gh-ost orchestrator orchestrator-client").values(&[("", "-c -i -d -a -h --host -u --user")]).judge(engines::percona),
    Tool::new("mongosh mongo").values(&[("", "--eval --host --port -u --username -p --password --authenticationDatabase --authenticationMechanism -f --file --tlsCAFile --tlsCertificateKeyFile")]).judge(consoles::mongo),
    Tool::new("mongodump mongoexport mongorestore mongoimport mongostat mongotop mongofiles bsondump mongod mongos").values(&[("", "-h --host --port -u --username -p --password -d --db -c --collection -o --out --uri --authenticationDatabase -q --query --file --type -f --fields -n --rowcount")]).judge(consoles::mongo_tools),
    Tool::new("nodetool").values(&[("", "-h --host -p --port -u --username -pw --password -pwf -t --tag")]).judge(consoles::cassandra),
    Tool::new("cqlsh").values(&[("", "-e --execute -f --file -u --username -p --password -k --keyspace --cqlshrc --request-timeout --connect-timeout")]).judge(consoles::console),
    Tool::new("clickhouse-client clickhouse").values(&[("", "-q --query -h --host --port -u --user --password -d --database -f --format --queries-file --max_execution_time")]).judge(consoles::console),
    Tool::new("sqlite3 duckdb").values(&[("", "-cmd -separator -nullvalue -init -c")]).one_dash().judge(consoles::file_console),
    Tool::new("sqlcmd mssql-cli bsqldb trino presto beeline impala-shell snowsql hive spark-sql sqlplus isql usql db2").values(&[("", "-Q --query -q -e --execute --server -S -U -P -d -i -f --file -u -n -p --catalog --schema --user")]).judge(consoles::console),
    Tool::new("cockroach").values(&[("", "-e --execute --host --certs-dir --url -u --user -d --database -p --port -f --file --format")]).judge(consoles::cockroach),
    Tool::new("influx influxd").values(&[("", "-execute -database -host -port -username -password -t --token -o --org -b --bucket --host")]).one_dash().judge(consoles::influx),
    Tool::new("redis-server valkey-server redis-sentinel redis-benchmark redis-check-aof redis-check-rdb valkey-check-aof valkey-benchmark memcached memccat memcstat memcflush memcrm").one_dash().judge(servers::redis_tools),
    Tool::new("elasticdump curator curator_cli elasticsearch elasticsearch-reset-password elasticsearch-node elasticsearch-certutil elasticsearch-keystore elasticsearch-users elasticsearch-plugin opensearch-cli").judge(servers::elastic),
    Tool::new("ceph").values(&[("", "-c --conf -n --name --id -f --format -o -i -k --keyring --cluster -m --connect-timeout")]).judge(servers::ceph),
    Tool::new("rados rbd radosgw-admin gluster mc s3cmd s5cmd").values(&[("", "-p --pool -n --name -c --conf --uid --bucket --id -k --keyring --namespace --format --max-entries --tenant --access-key --secret")]).judge(servers::storage),
    Tool::new("lctl lfs beegfs-ctl drbdadm drbdsetup crm pcs crm_mon crm_resource crm_attribute cibadmin corosync-cfgtool corosync-quorumtool stonith_admin").judge(servers::cluster),
    Tool::new("exim exim4 postqueue postsuper mailq sendmail postfix mail mailx mutt swaks postconf").judge(servers::mail),
    Tool::new("nginx apachectl apache2ctl httpd haproxy caddy envoy traefik varnishadm varnishlog varnishstat varnishd squid a2ensite a2dissite a2enmod a2dismod squidclient php-fpm uwsgi gunicorn").values(&[("", "-c -s -f -g -p -k -T -S -n -q -sf -st")]).one_dash().judge(servers::web_server),
    Tool::new("rndc named-checkconf named-checkzone unbound-control pdnsutil pdns_control nsupdate dnsmasq").judge(servers::names),
    Tool::new("zabbix_get zabbix_sender snmpwalk snmpget snmpset telegraf nagios check_mk icinga2 node_exporter statsd collectd fluentd fluent-bit filebeat logger write wall notify-send pagerduty").judge(servers::monitor),
];
