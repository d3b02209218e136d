//! Tools of platforms: clouds, Helm, Terraform, secrets, message brokers, databases, automation.
use firedeck::domain::approval::Tier::{self, Change as C, Danger as D, Read as R};

use super::tools::hold_groups;

const CLOUDS_ARE_JUDGED_BY_THE_WORDS_OF_THEIR_VERBS: &[(Tier, &str, &str)] = &[
    (
        R,
        "",
        r"
            aws ec2 describe-instances --filters Name=x
            aws --profile prod --region eu-west-1 rds describe-db-instances
            aws s3 ls s3://b --recursive
            aws s3 rm s3://b/x --dryrun
            aws cloudwatch get-metric-statistics --namespace AWS/EC2
            aws sts get-caller-identity
            aws logs filter-log-events --log-group-name x
            aws ec2 terminate-instances --instance-ids i --dry-run
            az vm list -o table
            az account show
            az --subscription x aks show -g r -n c
            az deployment group what-if -g r
            gcloud compute instances list
            gcloud container clusters describe c
            gcloud logging read x --limit 5
            gcloud config list
            gsutil ls gs://b
            bq query --use_legacy_sql=false 'SELECT 1'
            doctl compute droplet list
            heroku ps -a x
        ",
    ),
    (
        R,
        "s",
        "aws secretsmanager get-secret-value --secret-id x\naz keyvault secret show --name x --vault-name v\naz storage account keys list-keys -n x\ngcloud secrets versions access latest --secret=x\naws sts assume-role --role-arn x",
    ),
    (R, "e", "aws logs tail x --follow\ngcloud logging tail x"),
    (R, "l", "aws ec2 wait instance-running --instance-ids i"),
    (
        C,
        "",
        r"
            aws ec2 start-instances --instance-ids i
            az vm open-port -g x -n y --port 80
            aws ec2 run-instances --image-id x
            aws s3 cp s3://b/x s3://b/y
            aws ecs update-service --cluster c --service s --desired-count 3
            aws ecs update-service --cluster c --service s --force-new-deployment
            aws autoscaling set-desired-capacity --desired-capacity 4
            aws lambda invoke --function-name x out
            aws eks update-kubeconfig --name c
            aws rds create-db-snapshot --db-instance-identifier x
            aws rds restore-db-instance-from-db-snapshot --db-instance-identifier x
            az vm start -g r -n v
            az account set --subscription x
            az aks get-credentials -g r -n c
            az postgres flexible-server restore -g r -n n --source-server s
            gcloud config set project x
            gcloud container clusters get-credentials c
            gcloud compute instances start x
            gcloud run deploy s --image x
            gsutil cp a gs://b/a
            doctl compute droplet create x
        ",
    ),
    (C, "l", "aws s3 sync a s3://b"),
    (C, "w", "aws s3 cp s3://b/x /tmp/x"),
    (
        D,
        "",
        r"
            aws cognito-idp admin-delete-user --username x
            aws cognito-idp admin-forget-device --device-key x
            aws medialive start-delete-monitor-deployment --identifier x
            aws neptune execute-fast-reset --action x
            az iot hub manual-failover -n x
            az servicebus georecovery-alias fail-over -n x
            az cosmosdb offline-region -n x
            aws ec2 terminate-instances --instance-ids i
            aws ec2 stop-instances --instance-ids i
            aws ec2 reboot-instances --instance-ids i
            aws rds failover-db-cluster --db-cluster-identifier c
            aws rds delete-db-instance --db-instance-identifier x
            aws rds promote-read-replica --db-instance-identifier x
            aws s3 rm s3://b/x
            aws s3 rb s3://b --force
            aws s3 mv s3://b/x s3://b/y
            aws elbv2 deregister-targets --target-group-arn x
            aws ecs update-service --cluster c --service s --desired-count 0
            aws route53 change-resource-record-sets --hosted-zone-id z
            aws iam detach-role-policy --role-name x
            aws sqs purge-queue --queue-url x
            aws kms schedule-key-deletion --key-id x
            aws lambda put-function-concurrency --function-name x --reserved-concurrent-executions 0
            aws cloudformation delete-stack --stack-name x
            aws dynamodb delete-item --table-name x
            aws rds modify-db-instance --db-instance-identifier x --apply-immediately
            az vm restart -g r -n v
            az vm deallocate -g r -n v
            az webapp stop -g r -n v
            az sql failover-group az sql db delete -y -g r -n d
            az network nsg rule create -g r --nsg-name x -n y --access Deny
            az redis force-reboot -n x -g r
            az rest --method delete --uri https://x
            gcloud compute instances delete x --quiet
            gcloud sql instances failover x -q
            gcloud sql instances restart x -q
            gcloud dns record-sets update x -q
            gcloud services disable x -q
            gsutil rm gs://b/x
            gsutil rsync -d a gs://b
            bq rm -f d.t
            bq query 'DROP TABLE x'
            doctl compute droplet delete x
            heroku ps:restart -a x
            heroku pg:reset DATABASE
        ",
    ),
    (D, "l", "aws s3 sync a s3://b --delete\naz aks upgrade -g r -n c --yes"),
    (D, "i", "az group delete -n r\ngcloud compute instances delete x"),
    (
        D,
        "s",
        "az redis regenerate-key -n x -g r\naws rds modify-db-instance --db-instance-identifier x --master-user-password y",
    ),
    (
        R,
        "r",
        "az vm run-command invoke -g r -n v --command-id RunShellScript --scripts 'df -h'\ngcloud compute ssh vm --command='uptime'",
    ),
    (
        D,
        "r",
        "az vm run-command invoke -g r -n v --command-id RunShellScript --scripts 'rm -rf /x'\ngcloud compute ssh vm --command='sudo reboot'",
    ),
    (R, "ir", "aws ecs execute-command --cluster c --task t --interactive --command 'ls'"),
    (C, "ior", "aws ssm start-session --target i\ngcloud compute ssh vm"),
];

#[test]
fn clouds_are_judged_by_the_words_of_their_verbs() {
    hold_groups(CLOUDS_ARE_JUDGED_BY_THE_WORDS_OF_THEIR_VERBS);
}

const PLATFORMS_ARE_JUDGED_BY_THEIR_VERBS: &[(Tier, &str, &str)] = &[
    (
        R,
        "",
        r"
            helm list -A
            helm -n x status web
            helm get values web
            helm history web
            helm template x ./x
            helm repo list
            helm upgrade --dry-run x y
            terraform show
            terraform state list
            terraform output
            terraform workspace list
            vault status
            vault list secret/
            vault operator raft list-peers
            consul members
            consul kv get x
            etcdctl endpoint health --cluster
            etcdctl member list
            nomad status
            nomad job status x
            argocd app list
            argocd app get x
            argocd app sync x --dry-run
            flux get all
            istioctl proxy-status
            linkerd check
            velero backup get
            kubeadm certs check-expiration
            kops get cluster
            kops update cluster
            eksctl get cluster
            promtool check rules x
            amtool alert
            amtool silence query
            kubectx
            cilium status
            cosign verify x
            certbot certificates
            openssl x509 -in x -noout -dates
            openssl verify x
            gpg --list-keys
            ssh-keygen -l -f x
            base64 -d x
        ",
    ),
    (R, "l", "terraform plan\nterraform plan -destroy\nargocd app wait x"),
    (
        R,
        "e",
        "stern web\nargocd app logs x -f\nflux logs -f\nistioctl dashboard kiali\nlinkerd viz tap deploy/x\netcdctl watch x\nconsul monitor",
    ),
    (
        R,
        "s",
        "vault read secret/x\nvault kv get secret/x\nterraform state pull\nopenssl rand -hex 32\npwgen 32 1",
    ),
    (R, "is", "gpg --decrypt x\ngpg -c x\nansible-vault view x"),
    (R, "isw", "gpg --symmetric --output x.gpg y\ngpg -o x -d y"),
    (R, "i", "openssl s_client -connect h:443"),
    (R, "w", "etcdctl snapshot save x.db\nconsul snapshot save x.snap"),
    (
        C,
        "",
        r"
            helm repo add x https://y
            terraform workspace select prod
            consul kv put a b
            etcdctl put a b
            flux suspend kustomization x
            amtool silence add alertname=x
            kubectx prod
            kubens x
            kops create -f x
            argocd app set x -p a=b
        ",
    ),
    (
        C,
        "l",
        "helm install x y\nhelm upgrade --install x y\nhelm rollback x 3\nnomad job run x\nargocd app sync x\nargocd app rollback x 5\nflux reconcile kustomization x\ncertbot renew",
    ),
    (C, "s", "vault kv put secret/x a=b\nvault write x y=z"),
    (
        D,
        "",
        r"
            vault kv delete secret/x
            vault kv metadata delete secret/x
            vault operator seal
            vault lease revoke x
            vault secrets disable x
            vault operator raft remove-peer x
            consul kv delete -recurse x
            consul leave
            consul operator raft remove-peer -address=x
            consul snapshot restore x
            etcdctl del --prefix x
            etcdctl member remove x
            etcdctl auth disable
            nomad job stop x
            nomad system gc
            argocd app delete x
            argocd app terminate-op x
            terraform state rm x
            terraform state push x
            terraform workspace delete x
            kubeadm token delete x
            flux delete kustomization x
            certbot revoke --cert-path x -n
            cilium bpf ct flush global
        ",
    ),
    (
        D,
        "l",
        r"
            helm uninstall x
            helm delete x
            helm upgrade --force x y
            terraform apply -auto-approve
            terraform destroy -auto-approve
            terraform apply plan.out
            nomad node drain -enable x
            nomad job scale x 0
            argocd app sync x --prune
            velero restore create --from-backup x
            kubeadm upgrade apply v1.30.0
            kops delete cluster --yes
            kops rolling-update cluster --yes
            eksctl delete cluster x
            eksctl drain nodegroup x
            etcdctl defrag
        ",
    ),
    (D, "il", "terraform apply\nterraform destroy\nterraform apply -target=x"),
    (D, "w", "etcdctl snapshot restore x"),
    (D, "i", "kubeadm reset\nistioctl uninstall --purge\nterraform force-unlock x\nvelero backup delete x"),
];

#[test]
fn platforms_are_judged_by_their_verbs() {
    hold_groups(PLATFORMS_ARE_JUDGED_BY_THEIR_VERBS);
}

#[test]
fn automation_is_judged_by_what_it_runs() {
    hold_groups(&[
        (
            R,
            "r",
            "ansible all -m ping\nansible web -a uptime\nansible web -m shell -a 'df -h'\nansible web -m service -a 'name=x state=stopped' --check\nsalt '*' test.ping\nsalt '*' cmd.run 'df -h'\nknife ssh 'name:x' 'uptime'\npdsh -w h[1-5] uptime",
        ),
        (
            D,
            "r",
            "ansible web -m shell -a 'rm -rf /x'\nansible web -m service -a 'name=x state=stopped'\nansible web -m reboot\nansible web -m apt -a 'name=x state=absent'\nansible nodes -m apt -a 'upgrade=dist'\nsalt '*' cmd.run 'reboot'\nsalt '*' service.stop x\npdsh -w h[1-5] 'rm -rf /x'\nknife ssh 'name:x' 'sudo reboot'",
        ),
        (
            C,
            "r",
            "ansible web -m service -a 'name=x state=restarted'\nansible web -m copy -a 'src=a dest=b'\nsalt '*' service.restart x",
        ),
        (C, "lor", "ansible-playbook site.yml\nansible-playbook -i hosts deploy.yml --limit web"),
        (
            R,
            "",
            "ansible-playbook --check site.yml\nansible-playbook site.yml --list-hosts\nansible-inventory --list\nknife node list\npuppet agent -t --noop\nfacter\nsalt-key -L\nchef-client -W",
        ),
        (D, "lor", "ansible-playbook restore.yml"),
        (D, "", "knife node delete x\npuppet node clean x\nsalt-key -d x"),
        (C, "lo", "puppet agent -t\nchef-client"),
    ]);
}

const BROKERS_AND_DATABASES_ARE_JUDGED_BY_THEIR_VERBS: &[(Tier, &str, &str)] = &[
    (
        R,
        "",
        r"
            rabbitmqctl list_queues name messages
            rabbitmqctl cluster_status
            rabbitmq-diagnostics check_running
            rabbitmqadmin list queues
            kafka-topics.sh --bootstrap-server b:9092 --list
            kafka-topics --describe --topic t --bootstrap-server b
            kafka-consumer-groups.sh --bootstrap-server b --describe --group g
            kafka-consumer-groups.sh --bootstrap-server b --group g --reset-offsets --to-earliest --topic t
            kcat -b b -L
            nodetool status
            cqlsh -e 'SELECT * FROM t WHERE a = 1'
            mongosh --eval 'rs.status()'
            mongosh --quiet --eval 'db.stats()'
            mongo --eval 'db.currentOp()'
            ceph -s
            ceph status
            ceph health detail
            ceph osd tree
            ceph df
            patronictl list
            patronictl -c /etc/patroni.yml list
            pgbackrest info
            pgbackrest --stanza=main check
            barman list-backup main
            repmgr cluster show
            mysqladmin -u root processlist
            mysqladmin status
            pg_lsclusters
            sqlite3 x.db 'SELECT 1'
            cockroach node status
            zkCli.sh -server z ls /
            git status
            git log --oneline -5
            git diff HEAD~1
            git branch
            git branch -a
            git remote -v
            git config --list
            gh pr list
            gh run view 5
            gh api repos/x/y
        ",
    ),
    (R, "e", "kafka-console-consumer.sh --bootstrap-server b --topic t\nmongostat"),
    (R, "lh", "mysqldump -u root shop"),
    (
        C,
        "",
        r"
            rabbitmqctl start_app
            rabbitmqctl set_policy x y z
            kafka-topics.sh --bootstrap-server b --create --topic t
            kafka-topics.sh --bootstrap-server b --alter --topic t --partitions 5
            kafka-configs.sh --bootstrap-server b --alter --entity-type topics --entity-name t --add-config a=b
            ceph osd set noout
            ceph osd in 3
            patronictl pause
            git commit -m x
            git checkout main
            git branch x
            git revert HEAD
            gh pr merge 5
            redis-server --daemonize yes
            createdb x
        ",
    ),
    (C, "l", "git pull\ngit push origin main\nvacuumdb -a -z\ngit fetch"),
    (C, "lh", "pgbackrest --stanza=main backup\nnodetool repair"),
    (
        D,
        "",
        r"
            rabbitmqctl purge_queue x
            rabbitmqctl delete_queue x
            rabbitmqctl stop_app
            rabbitmqctl reset
            rabbitmqctl forget_cluster_node x
            rabbitmqctl close_all_connections x
            rabbitmqadmin delete queue name=x
            rabbitmqadmin purge queue name=x
            kafka-topics.sh --bootstrap-server b --delete --topic t
            kafka-consumer-groups.sh --bootstrap-server b --group g --reset-offsets --to-latest --topic t --execute
            kafka-consumer-groups.sh --bootstrap-server b --delete --group g
            kafka-delete-records.sh --bootstrap-server b --offset-json-file x
            kafka-acls.sh --bootstrap-server b --remove --topic t
            mongosh --eval 'db.users.drop()'
            mongosh --eval 'db.users.deleteMany({})'
            mongosh --eval 'rs.stepDown()'
            mongosh --eval 'db.adminCommand({shutdown: 1})'
            mongosh <<< 'db.dropDatabase()'
            cqlsh -e 'DROP KEYSPACE x'
            ceph osd out 3
            ceph osd pool delete x x --yes-i-really-really-mean-it
            ceph osd crush reweight osd.3 0
            ceph mon remove x
            rbd rm pool/x
            mysqladmin shutdown
            mysqladmin drop x
            dropdb x
            pg_dropcluster 15 main
            pg_ctlcluster 15 main stop
            pgbackrest --stanza=main expire
            barman delete main x
            sqlite3 x.db 'DELETE FROM t'
            zkCli.sh -server z deleteall /x
            git reset --hard HEAD~1
            git clean -fd
            git checkout -- x
            git branch -D x
            gh repo delete x
            gh api -X DELETE repos/x/y
            memcflush --servers=x
            varnishadm ban req.url
        ",
    ),
    (D, "i", "patronictl switchover\npatronictl failover x\npatronictl restart x"),
    (
        D,
        "l",
        "pgbackrest --stanza=main restore\nnodetool decommission\nnodetool removenode x\nmongorestore x\nvacuumdb -f -a\nreindexdb x\ngit push --force\ngit push -f origin main\ngit push origin +main\ngit push origin :x\ncockroach node decommission 4",
    ),
    (D, "o", "cat x.sql | mysql shop"),
];

#[test]
fn brokers_and_databases_are_judged_by_their_verbs() {
    hold_groups(BROKERS_AND_DATABASES_ARE_JUDGED_BY_THEIR_VERBS);
}
