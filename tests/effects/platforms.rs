//! Helm, containers, Compose, git, clouds and terraform.
use firedeck::commands::effect::Undo;

use super::{asks, effect, failed, looked, ok, says};

const HISTORY: &str = r#"[{"revision":3,"status":"superseded","chart":"shop-1.3.0"},{"revision":4,"status":"deployed","chart":"shop-1.4.0"}]"#;

#[test]
fn a_release_goes_from_one_revision_to_another() {
    let found = effect("helm rollback shop -n prod", &[("helm history shop -n prod", ok(HISTORY))]);
    says(
        &found.hits,
        "release shop: revision 4 (shop-1.4.0, deployed) → revision 3 (shop-1.3.0, superseded)",
    );
    assert_eq!(found.undo, Some(Undo::Command("helm rollback shop -n prod 4".to_owned())));
    let gone = effect(
        "helm uninstall shop",
        &[("history", ok(HISTORY)), ("get manifest", ok("kind: Deployment\nkind: Service\nkind: Service\n"))],
    );
    says(&gone.drops, "release shop, its history and what it made");
    says(&gone.drops, "2 of kind Service");
    let none = effect("helm rollback shop 2", &[("history", ok(HISTORY))]);
    says(&[none.zero.unwrap_or_default()], "no such earlier revision");
    let first =
        effect("helm upgrade --install shop ./chart", &[("history", failed(1, "Error: release: not found"))]);
    says(&first.hits, "it would be installed");
}

#[test]
fn containers_are_named_with_their_state_and_policy() {
    let line = "/cache  running  redis:7  2  always  false\n";
    let stop = effect("docker stop cache", &[("docker inspect --type container", ok(line))]);
    says(&stop.hits, "container cache (running, redis:7, restarted 2 times)");
    assert_eq!(stop.undo, Some(Undo::Command("docker start cache".to_owned())));
    assert!(stop.undone_by.is_empty());
    let kill = effect("docker kill cache", &[("inspect --type container", ok(line))]);
    says(&kill.undone_by, "the restart policy of cache (always)");
    let rm = effect("docker rm -f cache", &[("inspect --type container", ok(line))]);
    says(&rm.drops, "container cache");
    let none = effect("docker stop cache", &[("inspect", failed(1, "Error: No such container: cache"))]);
    says(&[none.zero.unwrap_or_default()], "No such container");
    let down = effect(
        "docker stop cache",
        &[("inspect", failed(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."))],
    );
    assert_eq!(down.zero, None);
    says(&down.unknown, "Cannot connect");
}

#[test]
fn pruning_lists_what_would_go_and_what_it_frees() {
    let found = effect(
        "docker system prune -f",
        &[
            ("status=exited", ok("old  Exited (0) 3 days ago  app:1\n")),
            ("dangling=true", ok("")),
            (
                "system df",
                ok(
                    "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\nImages          12        4         5.1GB     3.2GB (62%)\n",
                ),
            ),
        ],
    );
    says(&found.drops, "stopped containers: old");
    says(&found.hits, "Images: 3.2GB (62%) could be freed");
    assert!(
        asks("docker system prune --volumes -f")
            .iter()
            .any(|ask| ask.contains("volume ls --filter dangling=true"))
    );
}

#[test]
fn compose_names_the_containers_and_the_volumes_that_go_with_them() {
    let ps = "NAME      IMAGE     COMMAND   SERVICE   CREATED      STATUS      PORTS\nshop-db   pg:16     \"run\"     db        2 days ago   Up 2 days   5432/tcp\n";
    let found = effect(
        "docker-compose -f prod.yml down -v",
        &[("-f prod.yml ps --all", ok(ps)), ("config --volumes", ok("data\n"))],
    );
    says(&found.hits, "container shop-db (Up 2 days)");
    says(&found.drops, "volumes, with their data: data");
    let keeps = looked("docker-compose -f prod.yml down");
    assert!(keeps.looks.iter().all(|look| !look.ask.contains("--volumes")), "{keeps:#?}");
    let one = asks("docker compose restart web");
    assert_eq!(one, ["docker compose ps --all web"]);
    let scale = looked("docker-compose up -d --scale web=3");
    says(&scale.said.hits, "scales web to 3");
}

#[test]
fn a_repository_says_what_is_not_committed_and_what_others_lose() {
    let reset = effect(
        "git reset --hard HEAD~2",
        &[("status --porcelain", ok(" M src/a.rs\n?? notes\n")), ("log --oneline", ok("abc one\ndef two\n"))],
    );
    says(&reset.drops, "changes of src/a.rs");
    assert!(reset.drops.iter().all(|line| !line.contains("notes")));
    says(&reset.hits, "2 commits off the branch");
    let push =
        effect("git push --force origin main", &[("HEAD..@{u}", ok("abc theirs\n")), ("@{u}..HEAD", ok(""))]);
    says(&push.hits, "1 commit taken away from others");
    let clean = effect("git clean -fd", &[("git clean -fd -n", ok("Would remove build/\n"))]);
    says(&clean.drops, "build/");
}

#[test]
fn a_cloud_is_asked_for_the_same_resource() {
    let scale = effect(
        "az aks nodepool scale --cluster-name shop --name pool --resource-group ops --node-count 5",
        &[(
            "az aks nodepool show",
            ok(r#"{"name":"pool","count":3,"powerState":{"code":"Running"},"location":"westeurope"}"#),
        )],
    );
    assert_eq!((scale.old_new[0].old.as_str(), scale.old_new[0].new.as_str()), ("3", "5"));
    let parameter = effect(
        "az postgres flexible-server parameter set --resource-group ops --server-name db --name max_connections --value 200",
        &[(
            "parameter show --resource-group ops --server-name db --name max_connections",
            ok(r#"{"name":"max_connections","value":"1718","isDynamicConfig":false}"#),
        )],
    );
    assert_eq!((parameter.old_new[0].old.as_str(), parameter.old_new[0].new.as_str()), ("1718", "200"));
    says(&parameter.hits, "counts from the next restart");
    let secret = looked("az keyvault secret set --vault-name v --name n --value x");
    assert!(secret.looks.is_empty());
    says(&secret.said.unknown, "is a secret");
    let amazon = asks("aws ec2 terminate-instances --instance-ids i-1 i-2 --region eu-west-1");
    assert_eq!(
        amazon,
        ["aws ec2 describe-instances --region eu-west-1 --instance-ids i-1 i-2 --output json"]
    );
    let google = asks("gcloud compute instances delete web-1 --zone europe-west1-b");
    assert_eq!(google, ["gcloud compute instances describe web-1 --zone europe-west1-b --format=json"]);
}

#[test]
fn terraform_answers_with_its_own_plan() {
    let found = effect(
        "terraform apply -auto-approve",
        &[(
            "terraform plan -input=false -lock=false -no-color",
            ok(
                "  # aws_instance.web must be replaced\n  # aws_s3_bucket.a will be created\nPlan: 2 to add, 0 to change, 1 to destroy.\n",
            ),
        )],
    );
    says(&found.hits, "plan: 2 to add, 0 to change, 1 to destroy.");
    says(&found.drops, "aws_instance.web must be replaced");
    assert_eq!(
        asks("terraform destroy -auto-approve")[0],
        "terraform plan -destroy -input=false -lock=false -no-color"
    );
    assert_eq!(asks("terraform apply plan.out"), ["terraform show -no-color plan.out"]);
}
