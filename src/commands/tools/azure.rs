//! A closer look at az.
use super::cloud::{by_verb, head, password, shell, zero};
use super::rules::{C, D, R, Seen, mark};
use super::sql::Dialect;
use super::{Meaning, database, words};

pub(super) fn az(seen: &Seen<'_>, meaning: &mut Meaning) {
    // The verb is the last word before the options; what follows them are objects.
    let path: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    let first_option = seen.args.options.first().map_or(usize::MAX, |option| option.after);
    let leading = if first_option == 0 { path.len() } else { first_option.min(path.len()) };
    let path = path.get(..leading).unwrap_or_default();
    let verb = path.last().copied().unwrap_or_default();
    by_verb(verb, meaning);
    let whole = path.join(" ");
    meaning.subcommand = (!whole.is_empty()).then(|| whole.clone());
    let group = path.first().copied().unwrap_or_default();
    match (group, verb) {
        ("", _) => meaning.set(R, "shows its help"),
        ("login", _) => {
            meaning.set(C, "signs in: later commands may go elsewhere");
            meaning.mark(mark::I | mark::SECRET);
        }
        ("account" | "cloud", "set")
        | ("configure" | "logout", _)
        | ("config", "set" | "unset")
        | ("account", "clear") => {
            meaning.set(C, "switches the subscription or its defaults: every later command goes elsewhere");
        }
        (_, "get-credentials") => meaning.set(C, "switches the context: every later kubectl goes elsewhere"),
        ("rest", _) => rest(seen, meaning),
        (_, "get-access-token") => meaning.mark(mark::SECRET),
        ("interactive" | "ssh" | "serial-console", _)
        | (_, "connect")
        | ("container" | "webapp" | "containerapp", "exec" | "ssh") => {
            shell(seen.args.value("--command --exec-command"), meaning);
            meaning.mark(mark::I);
        }
        (_, "invoke") if whole.contains("command") => {
            shell(seen.args.value("--command -c --scripts"), meaning);
        }
        (_, "execute") if whole.contains("server") => {
            meaning.set(R, "runs SQL");
            match seen.args.value("--querytext -q") {
                Some(text) => database::run(text, Dialect::Postgres, meaning),
                None => meaning.raise(C, "runs a file of SQL that is not seen here"),
            }
        }
        ("keyvault" | "appconfig", _) if whole.contains("secret") || whole.contains("key") => {
            keys(verb, meaning);
        }
        ("deployment" | "stack", "create" | "update") => {
            meaning.raise(C, "makes or changes what a template names");
        }
        (_, "renew") if whole.contains("key") => {
            meaning.is(D, "makes a new key: whoever has the old one is cut off", mark::SECRET);
        }
        ("aks", "upgrade") if seen.args.has("--node-image-only") => {
            meaning.set(D, "reimages the nodes: each is drained and replaced, one after the other");
        }
        ("aks", "upgrade") => {
            meaning.set(D, "upgrades the cluster: it does not go back, and its nodes are replaced");
        }
        (_, "restore") if whole.contains("backup") => meaning.set(D, "overwrites with a backup"),
        _ => {}
    }
    az_options(seen, &whole, verb, meaning);
}

fn az_options(seen: &Seen<'_>, whole: &str, verb: &str, meaning: &mut Meaning) {
    let updates = matches!(verb, "update" | "create" | "scale" | "set" | "patch");
    if updates {
        if whole.starts_with("redis") && seen.args.get("--sku --vm-size").is_some() {
            meaning.raise(D, "moves the cache to other machines: it cannot always be taken back");
        }
        if verb == "update" && seen.args.get("--storage-size").is_some() {
            meaning.raise(D, "storage can be enlarged, never made smaller again");
        }
        if verb == "update" {
            password(seen, "--admin-password --password", meaning);
        }
        zero(
            seen,
            "--node-count -c --max-count --instance-count --new-capacity --max-replicas --number-of-workers",
            meaning,
        );
        if seen.args.value("--access").is_some_and(|access| access.eq_ignore_ascii_case("deny")) {
            meaning.raise(D, "a rule that denies: may cut traffic off");
        }
        if seen.args.get("--remove").is_some() {
            meaning.raise(D, "takes a property away");
        }
    }
    if meaning.risk == D
        && matches!(head(verb), "delete" | "purge" | "upgrade" | "regenerate")
        && !seen.args.has("--yes -y")
    {
        let asks = !whole.contains("regenerate");
        meaning.mark(if asks { mark::I } else { mark::NONE });
    }
    if meaning.risk == D && seen.args.has("--yes -y") {
        meaning.why = format!("{}; with `--yes` az does not ask", meaning.why).into();
    }
    if matches!(verb, "wait" | "upgrade") && !seen.args.has("--no-wait") {
        meaning.mark(mark::L);
    }
    if verb == "tail" || seen.args.has("--follow") && whole.contains("log") {
        meaning.mark(mark::E);
    }
    let downloads = verb == "download" || whole.ends_with("download-batch");
    if downloads {
        meaning.mark(mark::WRITES);
    }
    if seen.args.has("--what-if --dryrun --dry-run --validate-only") {
        meaning.set(R, "only says what it would do");
    }
}

fn keys(verb: &str, meaning: &mut Meaning) {
    if matches!(verb, "show" | "download" | "set" | "import" | "backup" | "rotate") {
        meaning.mark(mark::SECRET);
    }
}

fn rest(seen: &Seen<'_>, meaning: &mut Meaning) {
    let method = seen.args.value("--method -m").unwrap_or("get").to_ascii_lowercase();
    match method.as_str() {
        "get" | "head" | "options" => meaning.set(R, "HTTP GET"),
        "delete" => meaning.set(D, "HTTP DELETE: takes away what the address names"),
        _ => {
            meaning.set(C, format!("HTTP {}", method.to_ascii_uppercase()));
            if seen.args.value("--uri --url -u").is_some_and(words::says_destroy) {
                meaning.set(D, "by its address, it takes something away");
            }
        }
    }
}
