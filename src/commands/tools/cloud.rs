//! A closer look at the tools of clouds: aws, az, gcloud and their like.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::sql::Dialect;
use super::{Meaning, Nested, Through, database, words};

/// First words of verbs that only look.
const READS: &str = "list show get describe head lookup search query scan select view estimate simulate check test validate \
    detect filter tail wait ls exists version help browse log logs read preview diff what print info stat cat du whoami \
    status history export download explain batch-get find ps top releases tree cost";

/// First words of verbs that take away, cut off or move traffic.
const TAKES: &str = "delete terminate remove deregister purge stop reboot restart failover promote detach disassociate \
    revoke disable cancel reset rotate release reject abort unassign evict destroy drop regenerate upgrade deallocate \
    reimage redeploy generalize unregister drain kill suspend rm rb wipe erase shutdown poweroff force \
    clear flush hibernate decommission switchover unlink set-primary \
    simulate-eviction schedule-key-deletion rebuild down \
    fail-over manual-failover break break-pair offline-region recycle forget discard dispose retire shrink";

/// First words of verbs that change: a name behind one of them says nothing more (`eb deploy test-env`).
const MAKES: &str = "create add set unset deploy push up launch start update patch apply put import install link login \
    publish copy cp mv move sync scp upload write edit rename migrate enable pull attach connect invoke trigger new \
    alias rollback restore";

/// Verbs that print or make secrets.
const SECRETS: &str = "get-secret-value get-parameter get-parameters get-parameters-by-path get-session-token assume-role get-password-data \
    get-login-password get-federation-token decrypt list-keys list-credentials get-access-token list-connection-strings \
    show-connection-string list-admin-keys list-query-keys access print-access-token print-identity-token get-authorization-token \
    create-access-key create-login-profile put-secret-value update-secret create-secret put-parameter regenerate-key regenerate-keys \
    get-random-password generate-data-key reset-windows-password create-for-rbac create-token generate-sas";

/// The first word of `delete-db-instance`; `batch-get-item` and `admin-delete-user` count by their second.
pub(super) fn head(verb: &str) -> &str {
    let mut words = verb.split(['-', ':', '_']).filter(|word| !matches!(*word, "batch" | "admin" | "fast"));
    let first = words.next().unwrap_or(verb);
    let begun = matches!(first, "start" | "execute" | "request").then(|| words.next()).flatten();
    begun.filter(|word| words::one_of(TAKES, word)).unwrap_or(first)
}

/// By a verb's words alone.
pub(super) fn by_verb(verb: &str, meaning: &mut Meaning) {
    let first = head(verb);
    if verb.contains(UNKNOWN) || verb.is_empty() {
        meaning.set(C, "what it does is only known when it runs");
        meaning.mark(mark::OPAQUE);
    } else if words::one_of(TAKES, first) || words::one_of(TAKES, verb) || words::destroys(verb) {
        meaning.set(D, format!("`{verb}` takes something away, cuts it off or replaces it"));
    } else if words::one_of(READS, first) || matches!(verb, "open" | "report") {
        meaning.set(R, "only reads");
    } else {
        meaning.set(C, format!("`{verb}` changes something of the cloud"));
    }
    if words::one_of(SECRETS, verb) {
        meaning.mark(mark::SECRET);
    }
}

/// `--replicas 0` and its like.
pub(super) fn zero(seen: &Seen<'_>, options: &str, meaning: &mut Meaning) {
    if seen.args.all(options).any(|option| option.value == Some("0")) {
        meaning.raise(D, "scales to zero: nothing is left running");
    }
}

pub(super) fn password(seen: &Seen<'_>, options: &str, meaning: &mut Meaning) {
    if seen.args.get(options).is_some() {
        meaning.mark(mark::SECRET);
        meaning.raise(D, "changes a password: whoever uses the old one is cut off");
    }
}

pub(super) fn shell(text: Option<&str>, meaning: &mut Meaning) {
    meaning.through = Through::Elsewhere;
    match text {
        Some(text) if !text.starts_with('@') => {
            meaning.set(R, "runs a command elsewhere");
            meaning.mark(mark::REMOTE);
            meaning.nested.push(Nested::Shell(text.to_owned()));
        }
        _ => {
            meaning.set(C, "opens a shell, or runs a script that is not seen here");
            meaning.mark(mark::OPAQUE | mark::REMOTE);
        }
    }
}

pub(super) fn aws(seen: &Seen<'_>, meaning: &mut Meaning) {
    let (service, verb) = (seen.args.operand(0), seen.args.operand(1));
    by_verb(verb, meaning);
    meaning.subcommand = Some(format!("{service} {verb}").trim().to_owned());
    let set = |meaning: &mut Meaning, risk, why: &'static str| meaning.set(risk, why);
    match (service, verb) {
        ("help", _) | (_, "help") => set(meaning, R, "shows its help"),
        ("configure", "list" | "list-profiles" | "get") => set(meaning, R, "only reads"),
        ("configure", _) => {
            set(meaning, C, "changes credentials or settings of this account");
            meaning.mark(mark::SECRET | mark::I);
        }
        ("sso" | "login", _) => {
            set(meaning, C, "signs in: later commands may go elsewhere");
            meaning.mark(mark::I);
        }
        ("s3", _) => s3(seen, verb, meaning),
        ("s3api", "get-object") => meaning.mark(mark::WRITES),
        ("eks" | "emr-containers", "update-kubeconfig") => {
            set(meaning, C, "switches the context: every later kubectl goes elsewhere");
        }
        ("ecs", "execute-command") => {
            shell(seen.args.value("--command"), meaning);
            meaning.mark(mark::I);
        }
        ("ssm", "start-session") => {
            shell(None, meaning);
            meaning.mark(mark::I);
        }
        ("ssm", "send-command") => send(seen, meaning),
        ("ec2-instance-connect", "ssh") => shell(None, meaning),
        ("route53", "change-resource-record-sets") => set(meaning, D, "changes DNS records: moves traffic"),
        ("kms", "schedule-key-deletion" | "disable-key") => {
            set(meaning, D, "takes a key away: what it protects cannot be read");
        }
        ("cloudformation", "deploy" | "update-stack" | "execute-change-set") => {
            set(meaning, D, "makes, replaces and destroys infrastructure");
        }
        ("cloudformation" | _, "wait") => {
            set(meaning, R, "waits until it is so");
            meaning.mark(mark::L);
        }
        ("logs", "tail") if seen.args.has("--follow") => meaning.mark(mark::E),
        ("logs", "start-query") | ("sts", _) | ("ssm", "describe-instance-information") => {
            meaning.set(R, "only reads");
        }
        ("sqs", "receive-message") => set(meaning, C, "takes messages: others do not see them for a while"),
        ("dynamodb", "scan") => meaning.mark(mark::HEAVY),
        ("rds-data" | "redshift-data", "execute-statement") => {
            set(meaning, R, "runs SQL");
            database::run(seen.args.value("--sql").unwrap_or("\u{FFFC}"), Dialect::Postgres, meaning);
        }
        ("iam" | "ec2", verb)
            if verb.starts_with("put-") || verb.contains("acl") && verb.starts_with("replace-") =>
        {
            set(meaning, D, "replaces a policy or list");
        }
        ("ec2", "modify-instance-attribute")
        | ("elbv2", "modify-listener" | "modify-rule" | "set-rule-priorities") => {
            set(meaning, C, "changes an instance or where traffic goes");
        }
        (
            _,
            "put-bucket-policy"
            | "put-bucket-acl"
            | "put-bucket-lifecycle-configuration"
            | "put-public-access-block",
        ) => {
            set(meaning, D, "replaces who may read, or what is deleted by itself");
        }
        _ => {}
    }
    zero(seen, "--desired-count --desired-capacity --max-size --reserved-concurrent-executions", meaning);
    password(seen, "--master-user-password", meaning);
    if seen.args.has("--apply-immediately") && verb.starts_with("modify-") {
        meaning.raise(D, "changes it at once: it may restart");
    }
    if seen.args.has("--with-decryption") || service == "sts" && verb != "get-caller-identity" {
        meaning.mark(mark::SECRET);
    }
    if seen.args.has("--dryrun --dry-run --generate-cli-skeleton") {
        meaning.set(R, "only says what it would do");
        meaning.nested.clear();
    }
}

fn s3(seen: &Seen<'_>, verb: &str, meaning: &mut Meaning) {
    match verb {
        "ls" => meaning.set(R, "lists objects"),
        "presign" => {
            meaning.set(R, "prints an address that lets anybody read");
            meaning.mark(mark::SECRET);
        }
        "rm" | "rb" => meaning.set(D, "deletes objects"),
        "mv" => meaning.set(D, "moves objects: they are gone from where they were"),
        "sync" if seen.args.has("--delete") => {
            meaning.set(D, "copies, and deletes what the source does not have");
            meaning.mark(mark::L);
        }
        "cp" | "sync" => {
            meaning.set(C, "copies objects, over those that are there");
            if seen.args.has("--recursive") || verb == "sync" {
                meaning.mark(mark::L);
            }
            let to = seen.args.operand(3);
            if !to.is_empty() && !to.starts_with("s3://") && to != "-" {
                meaning.mark(mark::WRITES);
                if words::vital_path(to) {
                    meaning.raise(D, "overwrites files that a service keeps");
                }
            }
        }
        _ => meaning.set(C, "changes a bucket"),
    }
}

/// `--parameters commands="…"` or JSON.
fn send(seen: &Seen<'_>, meaning: &mut Meaning) {
    let given = seen.args.value("--parameters").unwrap_or_default();
    if let Some(all) = listed(given) {
        meaning.set(R, "runs commands on other hosts");
        meaning.through = Through::Elsewhere;
        meaning.mark(mark::REMOTE);
        meaning.nested.push(Nested::Shell(all.join("\n")));
    } else {
        let text = given.strip_prefix("commands=").map(|text| text.trim_matches(['[', ']', '"', '\'']));
        shell(text, meaning);
        if text.is_none() && words::says_destroy(given) {
            meaning.set(D, "by its words, what it runs takes something away");
        }
    }
    // Only where every command is seen, and a shell runs it, do these decide alone.
    let by_shell =
        seen.args.value("--document-name").is_some_and(|name| name.ends_with("AWS-RunShellScript"));
    if listed(given).is_none() || !by_shell {
        meaning.raise(C, "runs a command on other hosts");
    }
}

/// The commands of a list as JSON has it: `commands=["df -h"]`, `{"commands":["df -h"]}`.
fn listed(given: &str) -> Option<Vec<String>> {
    let all: Vec<String> = match given.strip_prefix("commands=") {
        Some(list) if list.starts_with('[') => serde_json::from_str(list).ok()?,
        Some(text) if !text.starts_with(['"', '\'']) => vec![text.to_owned()],
        Some(_) => return None,
        None => {
            let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(given).ok()?;
            if map.len() != 1 {
                return None;
            }
            serde_json::from_value(map.get("commands")?.clone()).ok()?
        }
    };
    (!all.is_empty() && all.iter().all(|one| !one.trim().is_empty())).then_some(all)
}

/// Verbs of gcloud; the first operand that is one of them, behind the group, is the verb.
const GCLOUD: &str = "create set add import enable update patch deploy start resume submit run upload configure init login activate apply \
    move migrate replace rolling-action resize clone connect ssh scp call execute publish pull access undelete retry \
    get-credentials print-access-token print-identity-token set-iam-policy add-iam-policy-binding invoke copy cp mv rsync attach expand switch \
    restore restore-backup seek snapshot rollback rollout promote-replica";

pub(super) fn gcloud(seen: &Seen<'_>, meaning: &mut Meaning) {
    let path: Vec<_> = seen
        .args
        .operands
        .iter()
        .map(|word| word.text.as_str())
        .filter(|word| !matches!(*word, "alpha" | "beta" | "preview"))
        .collect();
    let is_verb = |word: &str| {
        let first = head(word);
        words::one_of(GCLOUD, word)
            || words::one_of(GCLOUD, first)
            || words::one_of(READS, first)
            || words::one_of(TAKES, first)
            || words::destroys(word)
    };
    let at = path.iter().enumerate().skip(1).find(|(_, word)| is_verb(word)).map(|(at, _)| at);
    let at = at.unwrap_or(path.len().saturating_sub(1));
    let verb = path.get(at).copied().unwrap_or_default();
    let group = path.first().copied().unwrap_or_default();
    by_verb(verb, meaning);
    meaning.subcommand = Some(path.get(..=at).unwrap_or_default().join(" ")).filter(|path| !path.is_empty());
    let sub = path.get(1).copied().unwrap_or_default();
    match (group, verb) {
        ("" | "info" | "version" | "help" | "topic", _) => meaning.set(R, "only reads"),
        ("config", "set" | "unset" | "activate" | "configurations") | ("init", _) => {
            meaning.set(C, "switches the project or its defaults: every later command goes elsewhere");
        }
        ("auth", "login" | "activate-service-account" | "application-default" | "configure-docker") => {
            meaning.set(C, "signs in: later commands may go elsewhere");
            meaning.mark(mark::I | mark::SECRET);
        }
        (_, "get-credentials") => meaning.set(C, "switches the context: every later kubectl goes elsewhere"),
        ("secrets", "access") | ("auth", "print-access-token" | "print-identity-token") => {
            meaning.set(R, "prints a secret");
            meaning.mark(mark::SECRET);
        }
        ("compute" | "cloud-shell" | "app", "ssh") => {
            shell(seen.args.value("--command"), meaning);
            if seen.args.value("--command").is_none() {
                meaning.mark(mark::I);
            }
        }
        ("sql" | "spanner" | "alloydy", "connect") => {
            meaning.set(C, "opens a console of the database");
            meaning.mark(mark::I | mark::OPAQUE);
        }
        ("sql", _)
            if matches!(
                verb,
                "restore-backup" | "promote-replica" | "failover" | "restart" | "import" | "restore"
            ) =>
        {
            meaning.set(D, "overwrites, restarts or fails over a database");
        }
        ("storage", "rm") => meaning.set(D, "deletes objects"),
        ("storage", "mv") => meaning.set(D, "moves objects: they are gone from where they were"),
        ("storage", "rsync") if seen.args.has("--delete-unmatched-destination-objects") => {
            meaning.set(D, "copies, and deletes what the source does not have");
        }
        ("logging", "tail") => meaning.mark(mark::E),
        ("pubsub", "pull") => meaning.set(C, "takes messages"),
        _ if matches!(verb, "set-iam-policy") => meaning.set(D, "replaces who may do what"),
        _ if group == "dns" && sub == "record-sets" && meaning.risk == C => {
            meaning.set(D, "changes DNS records: moves traffic");
        }
        _ => {}
    }
    zero(seen, "--num-nodes --size --max-instances", meaning);
    if seen.args.value("--action").is_some_and(|action| action.eq_ignore_ascii_case("deny")) {
        meaning.raise(D, "a rule that denies: may cut traffic off");
    }
    password(seen, "--password --root-password", meaning);
    let asks = !matches!(head(verb), "stop" | "reset" | "suspend" | "remove" | "detach");
    if asks && meaning.risk == D && !seen.args.has("--quiet -q") && meaning.nested.is_empty() {
        meaning.mark(mark::I);
    }
    if seen.args.has("--dry-run --validate-only") {
        meaning.set(R, "only says what it would do");
    }
}

pub(super) fn gsutil(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.args.operand(0);
    meaning.subcommand = Some(verb.to_owned());
    match verb {
        "ls" | "cat" | "du" | "stat" | "hash" | "version" | "help" | "" => meaning.set(R, "only reads"),
        "rm" | "rb" => meaning.set(D, "deletes objects"),
        "mv" => meaning.set(D, "moves objects: they are gone from where they were"),
        "rsync" if seen.args.has("-n") => meaning.set(R, "only says what it would do"),
        "rsync" if seen.args.has("-d") => meaning.set(D, "copies, and deletes what the source does not have"),
        "lifecycle" | "retention" | "acl" | "defacl" | "iam" | "versioning" | "cors" | "logging" | "web"
        | "label"
            if seen.args.operand(1) == "get" =>
        {
            meaning.set(R, "only reads");
        }
        "lifecycle" | "retention" | "acl" | "defacl" | "iam" if seen.args.operand(1) == "set" => {
            meaning.set(D, "replaces who may read, or what is deleted by itself");
        }
        _ => meaning.set(C, "copies objects or changes a bucket"),
    }
}

pub(super) fn bq(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.args.operand(0);
    meaning.subcommand = Some(verb.to_owned());
    match verb {
        "ls" | "show" | "head" | "version" | "help" | "wait" | "get-iam-policy" | "" => {
            meaning.set(R, "only reads");
        }
        "query" if seen.args.has("--dry_run") => meaning.set(R, "only says what it would do"),
        "query" => {
            meaning.set(R, "runs SQL");
            match (seen.args.operands.get(1), seen.input) {
                (Some(text), _) => database::run(&text.text, Dialect::Postgres, meaning),
                (None, super::Input::Text(text)) => database::run(text, Dialect::Postgres, meaning),
                (None, _) => meaning.raise(C, "runs SQL that is not seen here"),
            }
            if seen.args.has("--replace") {
                meaning.raise(D, "overwrites a table");
            }
        }
        "rm" | "cancel" | "truncate" | "undelete" | "set-iam-policy" => {
            meaning.set(D, "deletes, cancels or replaces");
        }
        "load" | "cp" if seen.args.has("--replace -f --force") => meaning.set(D, "overwrites a table"),
        _ => meaning.set(C, "changes tables or data sets"),
    }
}

/// Any other cloud: `doctl compute droplet delete 5`, `heroku ps:restart`.
pub(super) fn generic(seen: &Seen<'_>, meaning: &mut Meaning) {
    let path: Vec<_> = seen.args.operands.iter().take(5).map(|word| word.text.as_str()).collect();
    let parts = path.iter().flat_map(|word| std::iter::once(word.rsplit(':').next().unwrap_or(word)));
    let parts: Vec<_> = parts.collect();
    let takes = parts.iter().find(|word| words::one_of(TAKES, head(word)) || words::destroys(word));
    // What stands behind the first verb is a name.
    let makes = |word: &str| words::one_of(MAKES, head(word));
    let reads = parts
        .iter()
        .find(|word| makes(word) || words::one_of(READS, head(word)))
        .is_some_and(|word| !makes(word));
    let asks = seen.args.has("-h --help -v -V --version");
    let bare = path.is_empty() && (asks || seen.args.options.is_empty() && seen.tool != "vercel");
    meaning.subcommand =
        (!path.is_empty()).then(|| path.iter().take(2).copied().collect::<Vec<_>>().join(" "));
    match (takes, reads || bare) {
        (Some(verb), _) => {
            meaning.set(D, format!("`{verb}` takes something away, cuts it off or replaces it"));
        }
        (None, true) => meaning.set(R, "only reads"),
        (None, false) if path.is_empty() && seen.tool == "vercel" => {
            meaning.set(C, "deploys what is in this directory");
        }
        (None, false) => meaning.set(C, "changes something of the cloud"),
    }
    let none = |word: &&&str| **word == "0" || word.ends_with("=0");
    if parts.contains(&"scale") && path.iter().any(|word| none(&word)) {
        meaning.raise(D, "scales to zero: nothing is left running");
    }
    if seen.args.value("-C --command").is_some_and(words::says_destroy) {
        meaning.raise(D, "by its words, what it runs takes something away");
    }
    if seen.tool == "wrangler" && path.contains(&"tail") {
        meaning.mark(mark::E);
    }
    if path.iter().any(|word| word.contains(UNKNOWN)) && meaning.risk == R {
        meaning.set(C, "what it does is only known when it runs");
    }
    if let Some(text) = seen.args.value("-C --command").filter(|_| path.contains(&"ssh")) {
        return shell(Some(text), meaning);
    }
    // `heroku run COMMAND` and `heroku run -- COMMAND`.
    if matches!(seen.tool, "heroku" | "railway") && seen.verb().starts_with("run") {
        meaning.set(C, "runs a command elsewhere");
        meaning.mark(mark::REMOTE);
        return meaning.runs(seen.from(1), Through::Elsewhere);
    }
    // `dokku run APP COMMAND`, `dokku enter APP PROCESS COMMAND`, `kamal app exec TEXT`.
    let own = match (seen.tool, seen.verb(), path.get(1)) {
        ("dokku", "run" | "run:detached", _) => seen.from(2),
        ("dokku", "enter", _) => seen.from(3),
        ("kamal", "app" | "server" | "accessory", Some(&"exec")) => {
            let text: Vec<_> = seen.from(2).iter().map(|word| word.text.as_str()).collect();
            meaning.nested.push(Nested::Shell(text.join(" ")));
            &[]
        }
        _ => &[],
    };
    if !own.is_empty() || !meaning.nested.is_empty() {
        meaning.raise(C, "runs a command elsewhere");
        meaning.mark(mark::REMOTE);
        return meaning.runs(own, Through::Elsewhere);
    }
    if path.contains(&"ssh") || path.contains(&"exec") || path.contains(&"console") {
        meaning.raise(C, "opens a shell elsewhere");
        meaning.mark(mark::I | mark::OPAQUE | mark::REMOTE);
    }
}
