//! A closer look at tools for keys, certificates and signatures.
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Nested, words};

pub(super) fn openssl(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let verb = seen.verb();
    meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
    let out = args.get("-out -keyout").is_some();
    match verb {
        "s_client" => {
            let waits = seen.input == Input::Nothing;
            meaning.is(R, "opens a TLS connection", if waits { mark::I } else { mark::NONE });
        }
        "x509" | "verify" | "version" | "ciphers" | "crl" | "asn1parse" | "dgst" | "sha256" | "md5"
        | "ocsp" | "list" | "prime" | "errstr" | "nseq" | "storeutl" | "info" | "help" | "ts" | "sess_id" => {
            meaning.is(R, "only reads", mark::NONE);
            if args.has("-req -signkey -CA") {
                meaning.is(C, "signs a certificate", mark::NONE);
            }
        }
        "rand" => meaning.is(R, "prints random bytes for a secret", mark::SECRET),
        "passwd" => meaning.is(
            R,
            "prints a password's hash",
            mark::SECRET | if args.operands.len() > 1 || args.has("-stdin") { mark::NONE } else { mark::I },
        ),
        "enc" | "aes-256-cbc" | "cms" | "smime" | "pkeyutl" | "rsautl" => meaning.is(
            R,
            "encrypts or decrypts",
            mark::SECRET
                | if args.get("-pass -k -kfile -K -passin -inkey").is_some() { mark::NONE } else { mark::I },
        ),
        "rsa" | "pkey" | "ec" | "dsa" | "pkcs8" | "pkcs12" | "spkac" | "pkcs7" => {
            meaning.is(R, "reads a key", mark::SECRET);
        }
        "req" if args.has("-text -verify -subject -modulus") && !args.has("-new -newkey -x509") => {
            meaning.is(R, "only reads", mark::NONE);
        }
        "req" | "genrsa" | "genpkey" | "gendsa" | "ecparam" | "dhparam" | "dsaparam" => {
            meaning.is(if out { C } else { R }, "makes a key or a request for a certificate", mark::SECRET);
            if verb == "req" && args.get("-subj -config").is_none() {
                meaning.mark(mark::I);
            }
        }
        "ca" if args.get("-revoke").is_some() => meaning.is(D, "revokes a certificate", mark::NONE),
        "ca" => meaning.is(C, "signs a certificate", if args.has("-batch") { mark::NONE } else { mark::I }),
        "speed" | "s_time" => meaning.is(R, "measures", mark::HEAVY | mark::L),
        "s_server" => meaning.is(C, "serves until it is stopped", mark::E),
        "" => meaning.is(C, "opens a console", mark::I | mark::OPAQUE),
        _ => meaning.is(C, "not a known use of this tool", mark::NONE),
    }
    if out {
        meaning.mark(mark::WRITES);
        if args.value("-out").is_some_and(words::vital_path) {
            meaning.raise(C, "writes a file of the system");
        }
    }
}

pub(super) fn gpg(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    let given = args.get("--passphrase --passphrase-file --passphrase-fd").is_some();
    let asks = if given { mark::SECRET } else { mark::SECRET | mark::I };
    let names = || args.options.iter().map(|option| option.name);
    if names().any(|name| name.starts_with("--delete-")) {
        meaning.is(D, "deletes keys", mark::I);
    } else if args.has("-d --decrypt --decrypt-files") {
        meaning.is(R, "decrypts: asks for a passphrase", asks);
    } else if args.has("-c --symmetric") {
        meaning.is(R, "encrypts: asks for a passphrase", asks);
    } else if names().any(|name| name.starts_with("--export-secret")) {
        meaning.is(R, "prints secret keys", asks);
    } else if args.has("--list-keys -k --list-secret-keys -K --list-sigs --check-sigs --fingerprint --verify --list-packets --show-keys --export --print-md --version --list-options --armor-only --dearmor --list-config --search-keys") {
        meaning.is(R, "only reads", mark::NONE);
    } else if args.has("-e --encrypt -s --sign --clearsign --clear-sign -b --detach-sign --dearmor --enarmor") {
        meaning.is(R, "encrypts or signs", if args.has("-s --sign --clearsign --clear-sign -b --detach-sign") { asks } else { mark::NONE });
    } else if names().any(|name| name.starts_with("--gen") || name.starts_with("--full-gen") || name.starts_with("--quick-") || name == "--edit-key") {
        meaning.is(C, "makes or changes a key", asks);
    } else if args.has("--import --recv-keys --refresh-keys --import-ownertrust --send-keys --receive-keys") {
        meaning.is(C, "changes the ring of keys", mark::NONE);
    } else if args.operands.is_empty() {
        meaning.is(C, "not a known use of this tool", mark::NONE);
    } else {
        meaning.is(R, "decrypts or checks a file", asks);
    }
    if args.get("-o --output").is_some_and(|option| option.value != Some("-")) {
        meaning.mark(mark::WRITES);
    }
}

pub(super) fn others(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.verb();
    let all = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    match seen.tool {
        "pwgen" | "apg" | "mkpasswd" => meaning.is(R, "prints random words for a secret", mark::SECRET),
        "age" | "rage" => meaning.is(R, "encrypts or decrypts", mark::SECRET),
        "age-keygen" => meaning.is(C, "makes a key", mark::SECRET),
        "keytool" if all.contains("-delete") => meaning.is(D, "deletes a key", mark::SECRET),
        "keytool"
            if ["-list", "-printcert", "-exportcert", "-printcrl"].iter().any(|one| all.contains(one)) =>
        {
            meaning.is(
                R,
                "only reads",
                mark::SECRET
                    | if all.contains("-storepass") || all.contains("-printcert") {
                        mark::NONE
                    } else {
                        mark::I
                    },
            );
        }
        "htpasswd" if seen.args.has("-D") => meaning.is(D, "deletes a user", mark::SECRET),
        "htpasswd" if seen.args.has("-n -v") => meaning.is(R, "prints a password's hash", mark::SECRET),
        "htpasswd" if seen.args.has("-c") => meaning.is(
            D,
            "makes a new file of passwords, over the one that is there",
            mark::SECRET | mark::WRITES,
        ),
        "pass" | "gopass" | "bw" | "op" | "lpass" | "keepassxc-cli"
            if words::destroys(verb) || words::says_destroy(verb) =>
        {
            meaning.is(D, "deletes a secret", mark::SECRET);
        }
        "pass" | "gopass" | "bw" | "op" | "lpass" | "keepassxc-cli"
            if matches!(
                verb,
                "show"
                    | "get"
                    | "list"
                    | "ls"
                    | "read"
                    | "find"
                    | "item"
                    | "grep"
                    | "status"
                    | ""
                    | "inject"
                    | "generate-not"
            ) =>
        {
            meaning.is(R, "prints secrets", mark::SECRET);
        }
        "step"
            if matches!(
                seen.args.operand(1),
                "inspect" | "verify" | "lint" | "health" | "fingerprint" | "list" | "roots"
            ) =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        "step" | "cfssl" if all.contains("revoke") => meaning.is(D, "revokes a certificate", mark::NONE),
        "cfssl" if matches!(verb, "certinfo" | "info" | "version" | "scan" | "bundle") => {
            meaning.is(R, "only reads", mark::NONE);
        }
        _ => meaning.is(C, "makes or changes keys", mark::SECRET),
    }
}

pub(super) fn ssh(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "ssh-keyscan" => meaning.is(R, "reads the keys of hosts", mark::NONE),
        "ssh-keygen" if args.has("-l -F -B -L -y -Q -e") => meaning.is(R, "only reads", mark::NONE),
        "ssh-keygen" if args.get("-R").is_some() => meaning.is(C, "forgets a known host", mark::NONE),
        "ssh-keygen" => meaning.is(
            C,
            "makes or changes a key",
            mark::SECRET | mark::WRITES | if args.get("-N").is_some() { mark::NONE } else { mark::I },
        ),
        "ssh-add" if args.has("-l -L -T") => meaning.is(R, "lists keys", mark::NONE),
        "ssh-add" => meaning.is(C, "changes which keys the agent holds", mark::SECRET | mark::I),
        "ssh-copy-id" => meaning.is(C, "lets a key into another host", mark::REMOTE | mark::I),
        _ => {
            meaning.is(R, "starts an agent for keys", mark::NONE);
            let inner = super::Nested::Argv(args.operands.iter().map(|word| (*word).clone()).collect());
            if !args.operands.is_empty() {
                meaning.nested.push(inner);
            }
        }
    }
}

pub(super) fn certbot(seen: &Seen<'_>, meaning: &mut Meaning) {
    let quiet = seen.args.has("-n --non-interactive --noninteractive --force-interactive -q --quiet");
    if quiet || seen.verb() == "renew" {
        meaning.traits.interactive = false;
    } else if matches!(seen.verb(), "certonly" | "run" | "revoke") {
        meaning.mark(mark::I);
    }
    for hook in seen.args.all("--deploy-hook --pre-hook --post-hook").filter_map(|option| option.value) {
        meaning.nested.push(Nested::Shell(hook.to_owned()));
    }
}

pub(super) fn acme(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let all = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    if all.contains("revoke")
        || all.contains("--remove")
        || all.contains("deactivate")
        || all.contains("--uninstall")
    {
        meaning.is(D, "revokes or removes a certificate", mark::NONE);
    } else if all.contains("--list") || all.contains("--info") || all == "list" || all.contains("--version") {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "asks for certificates and installs them", mark::L);
    }
}

pub(super) fn base64(_: &Seen<'_>, meaning: &mut Meaning) {
    meaning.is(R, "writes bytes as letters, or back", mark::NONE);
}

pub(super) fn directory(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let asks = if seen.args.has("-W") { mark::I | mark::SECRET } else { mark::NONE };
    match seen.tool {
        "klist" | "ldapsearch" | "ldapwhoami" => meaning.is(R, "only reads", asks),
        "ldapdelete" => meaning.is(D, "deletes entries of the directory", asks),
        "ldappasswd" => meaning.is(D, "changes a password", asks | mark::SECRET),
        "kinit" => meaning.is(
            C,
            "signs in",
            mark::SECRET
                | if seen.args.has("-k") || seen.args.value("-t").is_some() { mark::NONE } else { mark::I },
        ),
        "kadmin" | "kadmin.local" => match seen.args.value("-q") {
            Some(text)
                if words::destroys(text.split_whitespace().next().unwrap_or_default())
                    || text.starts_with("delprinc")
                    || text.starts_with("cpw") =>
            {
                meaning.is(D, "deletes a principal or changes its password", mark::SECRET);
            }
            Some(text)
                if words::looks(text) || text.starts_with("listprincs") || text.starts_with("getprinc") =>
            {
                meaning.is(R, "only reads", mark::NONE);
            }
            Some(_) => meaning.is(C, "changes principals", mark::SECRET),
            None => meaning.is(C, "opens a console", mark::I | mark::OPAQUE),
        },
        _ => meaning.is(C, "changes the directory", asks),
    }
    if seen.args.get("-w").is_some() {
        meaning.mark(mark::SECRET);
    }
}
