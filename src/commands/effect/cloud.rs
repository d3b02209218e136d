//! Clouds and terraform: what they say of the resource that would be changed, in their own words.
use serde_json::Value;

use super::answer::count;
use super::{Answer, At, Reading, context};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// JSON of one resource or several, with the new values of fields by their names.
    Resource { verb: String, new: Vec<(String, String)> },
    /// A plan of terraform.
    Plan,
    /// Lines of `aws s3 ls`.
    Objects,
}

fn cloud(sort: Sort) -> super::Sort {
    super::Sort::Cloud(sort)
}

pub(super) fn look(at: &mut At<'_>) {
    let words: Vec<_> = leading(at).iter().take(4).map(|arg| arg.text.as_str()).collect();
    if context::switches(&[&[at.tool], words.as_slice()].concat()) {
        return context::look(at);
    }
    let secret = ["secret", "key", "keys", "credential", "password", "token", "secretsmanager", "kms"];
    if words.iter().any(|word| word.split('-').any(|part| secret.contains(&part))) {
        return at.unknown("what it holds is a secret: it is not looked at");
    }
    match at.tool {
        "terraform" | "tofu" => terraform(at),
        "az" => azure(at),
        "gcloud" => google(at),
        _ => amazon(at),
    }
}

fn terraform(at: &mut At<'_>) {
    let program = at.program();
    let change = at.options("-chdir");
    match at.args.operand(0) {
        verb @ ("apply" | "destroy") => {
            let ask = match at.objects(1).first() {
                Some(plan) if verb == "apply" => format!("{program}{change} show -no-color {}", plan.source),
                _ => {
                    let options = at.options(
                        "-var -var-file -target -replace -refresh-only -state --var --var-file --target",
                    );
                    let destroy =
                        if verb == "destroy" || at.has("-destroy --destroy") { " -destroy" } else { "" };
                    format!("{program}{change} plan{destroy}{options} -input=false -lock=false -no-color")
                }
            };
            at.ask(&ask, cloud(Sort::Plan));
            at.evidence(&format!("{program}{change} state list"));
            at.undo("apply the former configuration again; what is destroyed is gone");
        }
        "state" | "taint" | "untaint" | "import" => {
            at.evidence(&format!("{program}{change} state list"));
            at.unlooked();
        }
        _ => at.unlooked(),
    }
}

/// The words in front of the first option.
fn leading<'a>(at: &At<'a>) -> Vec<&'a super::Arg> {
    let words = at.found.words.iter().skip(1);
    words.take_while(|word| !word.text.starts_with('-')).collect()
}

/// The words up to the verb, which is the last of them, with another one in its place.
fn path(at: &At<'_>, verb: &str) -> String {
    let objects = leading(at);
    let front = super::at::spaced(objects.split_last().map_or(&[][..], |(_, front)| front));
    format!("{}{front} {verb}", at.program())
}

fn azure(at: &mut At<'_>) {
    let options = written(
        at,
        &[
            "--name",
            "-n",
            "--resource-group",
            "-g",
            "--ids",
            "--subscription",
            "--cluster-name",
            "--server-name",
            "--server",
            "-s",
            "--vault-name",
            "--account-name",
            "--registry",
            "--workspace-name",
            "--namespace-name",
            "--profile-name",
            "--vmss-name",
            "--vm-name",
            "--nodepool-name",
            "--database-name",
            "--slot",
        ],
    );
    let verb = leading(at).last().map_or("", |arg| arg.text.as_str()).to_owned();
    let known = [
        "delete",
        "scale",
        "update",
        "set",
        "stop",
        "start",
        "restart",
        "deallocate",
        "upgrade",
        "resize",
        "failover",
        "purge",
        "reimage",
    ];
    if !known.contains(&verb.as_str()) || leading(at).len() < 2 || options.is_empty() {
        return at.unlooked();
    }
    let ask = format!("{}{options} -o json", path(at, "show"));
    let new = new_values(at);
    at.ask(&ask, cloud(Sort::Resource { verb, new }));
    at.evidence(&ask);
}

/// These options as they are written: the tool's table does not tell which of them take a value.
fn written(at: &At<'_>, names: &[&str]) -> String {
    let words = &at.found.words;
    let mut out = String::new();
    for (place, word) in words.iter().enumerate() {
        let (name, glued) = match word.text.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word.text.as_str(), false),
        };
        if !names.contains(&name) {
            continue;
        }
        out.push(' ');
        out.push_str(&word.source);
        if glued {
            continue;
        }
        for value in words.iter().skip(place + 1).take_while(|word| !word.text.starts_with('-')).take(40) {
            out.push(' ');
            out.push_str(&value.source);
        }
    }
    out
}

/// `--node-count 5` is the field `nodeCount`, or `count`.
fn new_values(at: &At<'_>) -> Vec<(String, String)> {
    let mut new = Vec::new();
    for (place, word) in at.found.words.iter().enumerate() {
        let short = if at.tool == "az" && word.text == "-c" { Some("node-count") } else { None };
        let Some(name) = word.text.strip_prefix("--").or(short) else { continue };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, at.found.words.get(place + 1).map(|word| word.text.as_str())),
        };
        let Some(value) = value.filter(|value| !value.starts_with('-') && !value.is_empty()) else {
            continue;
        };
        let skipped = [
            "name",
            "resource-group",
            "subscription",
            "ids",
            "output",
            "query",
            "cluster-name",
            "server-name",
            "zone",
            "region",
            "project",
        ];
        if skipped.contains(&name) || crate::domain::secret::looks_secret(name) {
            continue;
        }
        let shown = if super::is_open(value) { "what its variable holds" } else { value };
        new.push((name.replace('-', "").to_lowercase(), shown.to_owned()));
    }
    new.truncate(12);
    new
}

fn google(at: &mut At<'_>) {
    let objects = leading(at);
    let verbs = [
        "delete",
        "resize",
        "update",
        "stop",
        "start",
        "reset",
        "suspend",
        "patch",
        "scale",
        "restart",
        "failover",
        "upgrade",
        "set-machine-type",
    ];
    let Some(place) = objects.iter().position(|arg| verbs.contains(&arg.text.as_str())) else {
        return at.unlooked();
    };
    let verb = objects.get(place).map_or("", |arg| arg.text.as_str()).to_owned();
    let words: Vec<_> = objects
        .iter()
        .enumerate()
        .map(|(at, arg)| if at == place { "describe" } else { arg.source.as_str() })
        .collect();
    let options = written(at, &["--zone", "--region", "--project", "--cluster", "--location", "--instance"]);
    let ask = format!("{} {}{options} --format=json", at.program(), words.join(" "));
    let new = new_values(at);
    at.ask(&ask, cloud(Sort::Resource { verb, new }));
    at.evidence(&ask);
}

/// A verb of aws, the one that describes the same, the option that names it, and its name there.
const AMAZON: &[(&str, &str, &str, &str, &str)] = &[
    (
        "ec2",
        "terminate-instances stop-instances start-instances reboot-instances",
        "describe-instances",
        "--instance-ids",
        "--instance-ids",
    ),
    ("ec2", "delete-volume detach-volume", "describe-volumes", "--volume-id", "--volume-ids"),
    ("ec2", "delete-security-group", "describe-security-groups", "--group-id", "--group-ids"),
    ("ecs", "update-service delete-service", "describe-services", "--service", "--services"),
    (
        "rds",
        "delete-db-instance reboot-db-instance modify-db-instance stop-db-instance",
        "describe-db-instances",
        "--db-instance-identifier",
        "--db-instance-identifier",
    ),
    (
        "rds",
        "delete-db-cluster failover-db-cluster modify-db-cluster",
        "describe-db-clusters",
        "--db-cluster-identifier",
        "--db-cluster-identifier",
    ),
    (
        "autoscaling",
        "set-desired-capacity update-auto-scaling-group delete-auto-scaling-group",
        "describe-auto-scaling-groups",
        "--auto-scaling-group-name",
        "--auto-scaling-group-names",
    ),
    (
        "eks",
        "update-nodegroup-config delete-nodegroup",
        "describe-nodegroup",
        "--nodegroup-name",
        "--nodegroup-name",
    ),
    ("eks", "delete-cluster update-cluster-config", "describe-cluster", "--name", "--name"),
    (
        "elasticache",
        "delete-cache-cluster reboot-cache-cluster modify-cache-cluster",
        "describe-cache-clusters",
        "--cache-cluster-id",
        "--cache-cluster-id",
    ),
    ("dynamodb", "delete-table update-table", "describe-table", "--table-name", "--table-name"),
    ("cloudformation", "delete-stack update-stack", "describe-stacks", "--stack-name", "--stack-name"),
];

fn amazon(at: &mut At<'_>) {
    let place = written(at, &["--region", "--profile", "--endpoint-url", "--cluster", "--cluster-name"]);
    let objects = leading(at);
    let text = |at: usize| objects.get(at).map_or("", |arg| arg.text.as_str());
    let (service, verb) = (text(0).to_owned(), text(1).to_owned());
    if service == "s3" && matches!(verb.as_str(), "rm" | "rb" | "mv" | "sync" | "cp") {
        let target = if matches!(verb.as_str(), "sync" | "cp") { 3 } else { 2 };
        let Some(target) = objects.get(target).filter(|arg| arg.text.starts_with("s3://")) else {
            return at.unlooked();
        };
        let ask =
            format!("{} s3 ls{place} --recursive --summarize {} | tail -n 20", at.program(), target.source);
        return at.ask(&ask, cloud(Sort::Objects));
    }
    let row =
        AMAZON.iter().find(|(group, verbs, ..)| *group == service && verbs.split(' ').any(|one| one == verb));
    let Some((_, _, describe, option, there)) = row else { return at.unlooked() };
    let named = written(at, &[option]).replacen(option, there, 1);
    if named.is_empty() {
        return at.unlooked();
    }
    let ask = format!("{} {service} {describe}{place}{named} --output json", at.program());
    let new = new_values(at);
    at.ask(&ask, cloud(Sort::Resource { verb, new }));
    at.evidence(&ask);
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Plan => plan(answer, reading),
        Sort::Objects => {
            if answer.failed("the objects", reading) {
                return;
            }
            for row in answer.rows() {
                let row = row.trim();
                if row.starts_with("Total Objects:") || row.starts_with("Total Size:") {
                    reading.hit(row);
                }
            }
        }
        Sort::Resource { verb, new } => {
            if answer.failed("the cloud's resource", reading) {
                return;
            }
            // A loop prints one after the other.
            let all = serde_json::Deserializer::from_str(answer.out.trim()).into_iter::<Value>();
            let mut any = false;
            for value in all.take(20) {
                any = true;
                if let Ok(value) = value {
                    resource(verb, new, &value, reading);
                } else {
                    reading.unknown("what the cloud says of the resource cannot be read");
                    break;
                }
            }
            if !any {
                reading.unknown("the cloud says nothing of the resource");
            }
        }
    }
}

/// Fields that say what a resource is, and how it is.
const ABOUT: [&str; 26] = [
    "name",
    "id",
    "instanceid",
    "dbinstanceidentifier",
    "dbclusteridentifier",
    "servicename",
    "autoscalinggroupname",
    "tablename",
    "stackname",
    "type",
    "instancetype",
    "location",
    "kind",
    "state",
    "status",
    "provisioningstate",
    "powerstate",
    "engine",
    "count",
    "desiredcount",
    "runningcount",
    "desiredcapacity",
    "value",
    "dbinstancestatus",
    "allocatedstorage",
    "size",
];

fn resource(verb: &str, new: &[(String, String)], value: &Value, reading: &mut Reading) {
    let mut fields = Vec::new();
    flat(value, 0, &mut fields);
    let mut about = Vec::new();
    for (name, value) in &fields {
        if ABOUT.contains(&name.to_lowercase().as_str()) && about.len() < 14 {
            about.push(format!("{name} {value}"));
        }
    }
    if about.is_empty() {
        return reading.unknown("the cloud says nothing of the resource");
    }
    let words = about.join(", ");
    reading.hit(words.clone());
    if ["delete", "terminate", "purge"].iter().any(|start| verb.starts_with(start)) {
        reading.drop(words);
    }
    for (name, value) in new {
        let same = |field: &str| {
            let field = field.to_lowercase();
            field == *name || (field.len() >= 4 && name.ends_with(field.as_str()))
        };
        if let Some((field, old)) = fields.iter().find(|(field, _)| same(field)) {
            reading.set(field, old, value);
        }
    }
    for (name, value) in &fields {
        let restart = matches!(name.as_str(), "isConfigPendingRestart" | "isDynamicConfig");
        if restart && value == "false" && name == "isDynamicConfig" {
            reading.hit("it counts from the next restart of the server on");
        }
        if matches!(name.as_str(), "deletionProtection" | "DeletionProtection") && value == "true" {
            reading.hit("it is protected against deletion");
        }
    }
}

/// Plain values with their names, as deep as resources go.
fn flat(value: &Value, depth: u8, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if depth < 8 => {
            for (name, value) in map {
                if out.len() >= 400 {
                    return;
                }
                match value {
                    Value::String(text) if !crate::domain::secret::looks_secret(name) => {
                        out.push((name.clone(), text.clone()));
                    }
                    Value::Number(_) | Value::Bool(_) => out.push((name.clone(), value.to_string())),
                    _ => {}
                }
            }
            map.values().for_each(|value| flat(value, depth + 1, out));
        }
        Value::Array(list) if depth < 8 => list.iter().take(40).for_each(|value| flat(value, depth + 1, out)),
        _ => {}
    }
}

/// `# aws_instance.web will be destroyed`, `Plan: 1 to add, 2 to change, 3 to destroy.`
fn plan(answer: &Answer, reading: &mut Reading) {
    if answer.failed("the plan", reading) {
        return;
    }
    let mut said = false;
    let mut gone = 0;
    for row in answer.lines().map(str::trim) {
        if let Some(rest) = row.strip_prefix("Plan: ") {
            said = true;
            reading.hit(format!("plan: {rest}"));
        } else if row.starts_with("No changes.") {
            reading.zero("nothing differs from the configuration");
            said = true;
        } else if let Some(rest) = row.strip_prefix("# ") {
            if rest.contains("will be destroyed") || rest.contains("must be replaced") {
                gone += 1;
                reading.drop(rest);
            } else if rest.contains(" will be ") {
                reading.hit(rest);
            }
        }
    }
    if gone > 0 {
        reading.hit(format!("{} destroyed or made anew", count(gone, "resource is", "resources are")));
    }
    if !said {
        reading.unknown("the plan has no summary");
    }
}
