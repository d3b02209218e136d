//! Tools that change many hosts, and message brokers.
use crate::commands::tools::rules::{
    C, D, Otherwise, R, Tool,
    mark::{NONE, SECRET, WRITES},
};
use crate::commands::tools::{automation, brokers};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("ansible").values(&[("", "-i --inventory -m --module-name -a --args -u --user -l --limit -e --extra-vars -f --forks --private-key --key-file -c --connection -T --timeout -B --background -P --poll -t --tree --become-user --become-method --vault-password-file --vault-id --ssh-common-args --ssh-extra-args -M --module-path")]).judge(automation::ansible),
    Tool::new("ansible-playbook ansible-pull").values(&[("", "-i --inventory -u --user -l --limit -e --extra-vars -f --forks -t --tags --skip-tags --start-at-task --private-key -c -T --vault-password-file --vault-id -U --url -d --directory --become-user")]).judge(automation::playbook),
    Tool::new("ansible-vault ansible-inventory ansible-galaxy ansible-doc ansible-config ansible-console ansible-lint molecule").values(&[("", "-i --vault-password-file --vault-id -p")]).judge(automation::ansible_others),
    Tool::new("knife").values(&[("", "-c --config -E --environment -x --ssh-user -i --identity-file -a --attribute -F --format -z -r --run-list -N --node-name -P --ssh-password")]).judge(automation::knife),
    Tool::new("chef-client chef-solo chef-apply cinc-client chef").judge(automation::chef),
    Tool::new("puppet").values(&[("", "--server --environment --certname -e --execute --modulepath --confdir")]).judge(automation::puppet),
    Tool::new("facter ohai hiera").otherwise(Otherwise::Reads),
    Tool::new("salt salt-call salt-ssh").values(&[("", "-t --timeout -b --batch-size --out --output -c --config-dir -u --user -l --log-level --batch")]).judge(automation::salt),
    Tool::new("salt-key salt-run").judge(automation::salt_keys),
    Tool::new("pdsh pssh parallel-ssh clush dsh cssh mssh").values(&[("", "-w -g -l -x -f -h -H -p -t -u -o -e -R")]).judge(automation::many),
    Tool::new("rabbitmqctl rabbitmq-diagnostics rabbitmq-queues rabbitmq-streams rabbitmq-upgrade rabbitmq-plugins").values(&[("", "-n --node -p --vhost -t --timeout --formatter -l")]).judge(brokers::rabbit),
    Tool::new("rabbitmqadmin").values(&[("", "-H --host -P --port -u --username -p --password -V --vhost -f --format -c --config -N --node -s -d -S")]).rules(&[
        ("list|show|help", R, "only reads", NONE),
        ("export", R, "writes settings to a file", WRITES | SECRET),
        ("declare|publish|get", C, "makes queues or sends and takes messages", NONE),
        ("delete|purge|close|import", D, "deletes or overwrites queues, messages or settings", NONE),
    ]),
    Tool::new("kafka-topics kafka-topics.sh kafka-consumer-groups kafka-consumer-groups.sh kafka-configs kafka-configs.sh kafka-acls kafka-acls.sh kafka-console-consumer kafka-console-consumer.sh kafka-console-producer kafka-console-producer.sh \
        kafka-reassign-partitions kafka-reassign-partitions.sh kafka-leader-election kafka-leader-election.sh kafka-preferred-replica-election kafka-preferred-replica-election.sh kafka-delete-records kafka-delete-records.sh kafka-log-dirs kafka-log-dirs.sh kafka-dump-log kafka-dump-log.sh \
        kafka-get-offsets kafka-get-offsets.sh kafka-broker-api-versions kafka-broker-api-versions.sh kafka-metadata-quorum kafka-metadata-quorum.sh kafka-metadata-shell kafka-metadata-shell.sh kafka-cluster kafka-cluster.sh kafka-features kafka-features.sh kafka-server-start kafka-server-start.sh kafka-server-stop kafka-server-stop.sh \
        kafka-storage kafka-storage.sh kafka-producer-perf-test kafka-producer-perf-test.sh kafka-consumer-perf-test kafka-consumer-perf-test.sh kafka-run-class kafka-run-class.sh kafka-mirror-maker kafka-mirror-maker.sh kafka-transactions kafka-transactions.sh kafka-streams-application-reset kafka-streams-application-reset.sh kafka-verifiable-producer.sh \
        kafka-replica-verification.sh kafka-delegation-tokens.sh kafka-groups.sh kafka-share-groups.sh kafka-e2e-latency.sh kafka-client-metrics.sh connect-distributed.sh connect-standalone.sh zookeeper-server-start.sh zookeeper-server-stop.sh")
        .values(&[("", "--bootstrap-server --bootstrap-controller --zookeeper --topic --group --command-config --config --add-config --delete-config --entity-type --entity-name --partitions --replication-factor --partition --from --to-offset --to-datetime --shift-by --by-duration --max-messages --timeout-ms --offset --property --formatter --reassignment-json-file --topics-to-move-json-file --broker-list --throttle --offset-json-file --election-type --path-to-json-file --from-file --producer.config --consumer.config --time --broker --files --transactional-id --application-id --input-topics --describe-topics --producer-property --consumer-property --principal --allow-principal --deny-principal --operation")])
        .judge(brokers::kafka),
    Tool::new("mosquitto_sub mosquitto_rr").values(&[("", "-h --host -p --port -t --topic -u --username -P --pw -i --id -C -W -F -q --qos --cafile --capath --cert --key -V --will-topic -R -T")]).judge(brokers::mqtt),
    Tool::new("mosquitto_pub").otherwise(Otherwise::Change("sends messages")),
    Tool::new("kcat kafkacat").values(&[("", "-b -t -p -o -c -X -F -G -K -D -k -f -s -r")]).judge(brokers::kcat),
    Tool::new("zkCli.sh zkCli zookeeper-shell zookeeper-shell.sh zkServer.sh").values(&[("", "-server -timeout")]).one_dash().judge(brokers::zookeeper),
    Tool::new("nats nsc pulsar-admin").judge(brokers::broker),
];
