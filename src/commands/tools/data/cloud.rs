//! Clouds: their tools are judged by the verb's words.
use crate::commands::tools::rules::Tool;
use crate::commands::tools::{azure, cloud};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("aws awslocal").values(&[("", "--profile --region --output --query --endpoint-url --ca-bundle --cli-read-timeout --cli-connect-timeout --color --page-size --max-items --starting-token \
        --exclude --include --acl --storage-class --content-type --metadata --cache-control --sse --source-region --expires-in --cli-input-json --cli-input-yaml --filters --filter --instance-ids --desired-count --service \
        --cluster --name --command --parameters --document-name --targets --sql --master-user-password --db-instance-identifier --reserved-concurrent-executions --desired-capacity --max-size --min-size --since --format")]).judge(cloud::aws),
    Tool::new("az").values(&[("", "-g --resource-group -n --name -o --output --query --subscription -s --set --add --remove -l --location --command -c --file -f --scripts --command-id --vault-name --value --querytext -q \
        --method -m --uri --url -u --username -p --password --admin-password --sku --vm-size --storage-size --sku-name --node-count --access --image --repository --orderby --tenant -t --cluster-name --account-name --container-name \
        --server-name --app --workspace --analytics-query --resource --start-time --end-time --metric --interval --key-type --ids --tags --type --kubernetes-version -k --max-count --min-count --source-server --body -b --headers --min-replicas --max-replicas --instance-count --number-of-workers --new-capacity --capacity --replica-count")]).judge(azure::az),
    Tool::new("gcloud").values(&[("", "--project --account --configuration --format --filter --limit --sort-by --zone --region --location --verbosity --impersonate-service-account --flags-file --billing-project --trace-token --access-token-file \
        --command --num-nodes --node-pool --cluster --size --member --role --image --tier --database-version --instance --page-size --freshness --order --user -u --database -d --source-ranges --action --rules --min-instances --max-instances --to-revisions --to-tags --splits")]).judge(cloud::gcloud),
    Tool::new("gsutil").values(&[("", "-o -h -u -p -c -l -s")]).judge(cloud::gsutil),
    Tool::new("bq").values(&[("", "--project_id --dataset_id --location --format --job_id --destination_table --max_rows -n --schedule --display_name")]).judge(cloud::bq),
    Tool::new("doctl oci ibmcloud hcloud linode-cli heroku fly flyctl vercel netlify scw exo openstack nova cinder neutron glance aliyun yc civo vultr-cli railway firebase wrangler kamal dokku amplify copilot eb ecs-cli cf rosa ocm cloudctl tsh teleport rancher jenkins-cli pd opsgenie datadog-ci newrelic sentry-cli mimirtool cortextool")
        .values(&[("", "-t --access-token -c --config --context -o --output --format --profile --region --app -a --org --project --remote -r --image --size --count -C --command")]).judge(cloud::generic),
];
