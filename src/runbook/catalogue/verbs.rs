//! Verbs that begin an instruction, and tools that begin a command.
use super::super::words::Words;
use super::text::{is_letter, plain, words};

static VERBS: Words = Words::new(
    "\
    abort prime access acknowledge activate add adjust alert allocate allow analyze analyse announce apply
    approve archive ask assess assign assume attach audit await backup back balance begin block boot
    brief build bump call cancel capture change check choose clean clear click clone close collect
    combine commit communicate compare complete compute conduct configure confirm connect consider
    consult contact contain continue convert copy cordon correct correlate create cut decide decrease
    define delete deploy describe design detach detect determine diagnose disable disconnect dismiss do
    document double-check download drain drop dump edit eliminate enable encrypt engage ensure enter
    eradicate escalate establish estimate evaluate evict examine exclude execute exit expand export
    extend extract fail fetch file fill filter find finish fix flush follow force forward free freeze
    gather generate get give go grant halt have hold identify implement import improve increase inform
    initiate inspect install introduce investigate isolate issue join keep kill launch leave let limit
    list load locate lock log login look lower maintain make manually mark match measure merge migrate
    mitigate modify monitor mount move navigate note notify observe obtain open optimize optimise order
    page pass paste patch pause perform pick pin ping plan post prepare preserve press prevent
    prioritize proceed profile promote provide provision prune publish pull purge push put query quit
    raise rate re-enable re-run reach read reboot rebuild recheck reconfigure reconnect record recover
    recreate redeploy redirect reduce reenable refresh regenerate register reindex reinstall release
    reload remediate remember remind remove rename renew repair repeat replace replay replicate report
    reproduce request rerun reset resize resolve respond restart restore resume retain retrieve retry
    return revert review revoke right-size roll rollback rotate route run save scale scan schedule
    search secure select send serve set setup share shift shut shutdown sign silence simulate snapshot
    specify spin split ssh stabilize stage start stop store submit summarize suspend swap switch sync
    tag take talk tell temporarily terminate test throttle track trace transfer transition trigger
    troubleshoot truncate try tune turn type unblock uncordon understand undo uninstall unlock unmount
    untaint update upgrade upload use validate verify view visit wait walk warm watch whitelist wipe
    work write attempt bring clarify coordinate cross-check hand invoke map mute pre-pull rehearse
    reassign rebalance restrict retire revisit sanity-check scrub sort spot-check trim allowlist
    quarantine redact decommission failover invalidate enforce prepend append seed mirror bootstrap",
);

/// Adverbs and fillers before the verb.
const BEFORE: &[&str] = &[
    "then",
    "now",
    "next",
    "first",
    "finally",
    "please",
    "optionally",
    "always",
    "also",
    "quickly",
    "immediately",
    "carefully",
    "manually",
    "temporarily",
    "gracefully",
    "again",
    "lastly",
    "otherwise",
    "either",
];

/// Whether a sentence tells somebody to do something.
pub fn is_imperative(text: &str) -> bool {
    let plain = plain(text);
    let lower = plain.to_lowercase();
    let mut rest = lower.trim();
    // `If the disk is full, free some` and `On the replica, run …` tell what to do behind the comma.
    if ["if ", "when ", "once ", "on ", "in ", "from ", "after ", "to ", "for ", "with ", "using "]
        .iter()
        .any(|s| rest.starts_with(s))
    {
        match rest.split_once([',', ':']) {
            Some((_, after)) => rest = after.trim(),
            None => return false,
        }
    }
    if rest.starts_with("note that") || rest.starts_with("note:") {
        return false;
    }
    let first = rest.split(|c: char| !is_letter(c)).find(|w| !w.is_empty() && !BEFORE.contains(w));
    let first = first.filter(|w| VERBS.contains(w));
    let hyphened = rest.split_whitespace().next().unwrap_or_default().trim_end_matches([',', ':', '.']);
    let hyphened = Some(hyphened).filter(|w| VERBS.contains(w));
    if first.is_none() && hyphened.is_none() {
        return false;
    }
    hyphened.is_some_and(|w| !is_noun_here(w, rest)) || first.is_some_and(|w| !is_noun_here(w, rest))
}

/// `Opens a way`, `Removes the old ones`: what something does, not what to do.
pub fn is_description(text: &str) -> bool {
    let first =
        text.split(|c: char| !is_letter(c)).find(|w| !w.is_empty()).unwrap_or_default().to_lowercase();
    let stem =
        first.strip_suffix("es").filter(|stem| VERBS.contains(stem)).or_else(|| first.strip_suffix('s'));
    !VERBS.contains(&first)
        && stem.is_some_and(|stem| stem.len() > 2 && VERBS.contains(stem))
        && text.split_whitespace().count() >= 3
}

/// `Update process`, `Backup location`, `Log files`: the verb is a noun.
fn is_noun_here(verb: &str, text: &str) -> bool {
    const NOUNS: &[&str] = &[
        "process",
        "procedure",
        "procedures",
        "policy",
        "strategy",
        "location",
        "frequency",
        "level",
        "levels",
        "target",
        "targets",
        "time",
        "times",
        "status",
        "window",
        "response",
        "history",
        "rate",
    ];
    const BOTH: &[&str] = &[
        "update", "backup", "log", "test", "release", "change", "review", "query", "request", "report",
        "rate", "order", "page", "plan", "access", "alert", "file", "restore", "response", "issue",
        "support", "schedule", "load",
    ];
    if !BOTH.contains(&verb) {
        return false;
    }
    let all = words(text);
    let joined = all.get(1).is_some_and(|w| w == "and" || w == "or") && all.len() <= 4;
    let abstracts = ["tion", "tions", "ment", "sis", "ance", "ity", "ure", "ures", "ing", "terns"];
    let ends = all.len() <= 3
        && all
            .last()
            .is_some_and(|w| NOUNS.contains(&w.as_str()) || abstracts.iter().any(|end| w.ends_with(end)));
    ends || joined
}

/// Tools that runbooks begin their commands with, beside those in the tables.
static TOOLS: Words = Words::new(
    "\
    kubectl oc helm docker docker-compose podman crictl ctr nerdctl psql pg_dump pg_restore pg_ctl
    pg_isready pg_basebackup pg_ctlcluster mysql mysqldump mysqladmin redis-cli mongo mongosh mongodump
    curl wget aws az gcloud gsutil bq terraform ansible ansible-playbook systemctl journalctl ssh scp
    rsync sudo su cat ls grep egrep zgrep awk sed tail df du ps netstat ss ip iptables nft dig nslookup
    traceroute tcpdump openssl certbot git jq yq etcdctl etcdutl kubeadm kubelet cosign velero istioctl
    linkerd argocd flux kustomize k9s stern nc ncat telnet chmod chown rm mv cp mkdir tar gzip gunzip
    unzip echo export cd vi vim nano apt apt-get yum dnf brew pip pip3 npm npx yarn node python python3
    ruby perl java jstack jmap jcmd rabbitmqctl rabbitmq-diagnostics kafka-topics kafka-topics.sh
    kafka-consumer-groups.sh kafka-consumer-groups nodetool cqlsh consul nomad vault knife chef-client
    gitlab-ctl gitlab-rails gitlab-rake gitlab-psql gitlab-redis-cli haproxy nginx ceph rados rbd zpool
    zfs lsblk lsof fdisk parted mkfs umount dmesg uptime free vmstat iostat sar mpstat strace pgrep
    pkill killall crontab xargs bash sh source eval set chroot ping route ethtool virsh nmcli
    hostnamectl timedatectl sysctl modprobe smartctl mdadm lvextend resize2fs xfs_growfs pvs vgs lvs
    base64 sha256sum md5sum gpg keytool htop iotop pg_repack patronictl pgbouncer wal-g pgbackrest
    barman swift openstack nova doctl flyctl fly heroku eksctl kops calicoctl cilium hubble logcli
    promtool amtool thanos supervisorctl monit service exim postqueue postsuper sendmail varnishadm
    elasticsearch make go cargo bundle rake rails php composer mkcert nsenter setfacl sestatus
    setenforce ufw firewall-cmd unset printf adoc osd osdctl ocm backplane rosa glctl sq lxc pct qm
    multipath iscsiadm drbdadm pcs crm corosync-cfgtool racadm ipmitool ipa kinit ldapsearch sqlite3
    sqlcmd sqlplus cockroach influx clickhouse-client neo4j solr zkCli.sh zkcli.sh gh hub glab k gk
    kubectx kubens minikube kind k3s k3d microk8s talosctl clusterctl cmctl kubeseal sops age trivy
    kubesec ec2-metadata lsmod sync swapoff swapon mysqlcheck pt-kill pt-online-schema-change gh-ost
    orchestrator-client proxysql ldapmodify rndc named-checkconf unbound-control chronyc ntpq ntpdate
    dropdb createdb dropuser createuser vacuumdb reindexdb mariadb mariadb-dump mongorestore wipefs sgdisk cryptsetup
    shred vgremove lvremove pvremove ip6tables conntrack userdel groupdel rclone restic s3cmd dpkg rpm apk skopeo tofu
    pm2 uwsgi gunicorn celery flask airflow spark-submit hdfs hadoop hive beeline impala-shell",
);

/// Commands that are English words as well.
static WORDY: Words = Words::new(
    "\
    find test cut sort watch kill at date file head host id last less link look mail more sleep split
    stop time top touch users wait which who install restart mount reboot shutdown halt set free service
    make source export go route hub age kind thanos consul vault fly swift flux node sync beeline
    orchestrator sq k ping echo monit osd hive celery flask airflow ip crm patch join read exit type
    screen start command history hostname env nice nohup tee tr uniq wc timeout yes true false logger
    unset expand comm diff dd passwd useradd usermod stat tmux printf bundle",
);

/// What a word is as the first of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    Tool,
    /// A tool whose name is a common word: the rest of the line must say which is meant.
    Wordy,
    Path,
    Unknown,
}

pub fn first(word: &str) -> First {
    let word = if word.starts_with(|c: char| c.is_ascii_lowercase()) {
        word
    } else {
        word.trim_start_matches(['\\', '\u{200b}', '\u{feff}'])
    };
    // A tool's name begins with a small letter and ends in a letter or a digit.
    if let [b'a'..=b'z', .., b'a'..=b'z' | b'0'..=b'9'] | [b'a'..=b'z'] = word.as_bytes() {
        if WORDY.contains(word) {
            return First::Wordy;
        }
        if TOOLS.contains(word) {
            return First::Tool;
        }
    }
    let path = word.starts_with("./")
        || word.starts_with("../")
        || word.starts_with("~/")
        || word.starts_with('/') && word.len() > 2 && word.matches('/').count() > 1;
    let script = matches!(
        word.as_bytes(),
        [.., b'.', b's', b'h'] | [.., b'.', b'p', b'y' | b'l'] | [.., b'.', b'r', b'b']
    ) && !word.contains("://");
    if path || script {
        return First::Path;
    }
    let named = word.len() > 4
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if named && ["ctl", "-cli", "adm", "-tool"].iter().any(|end| word.ends_with(end)) {
        return First::Tool;
    }
    if word.starts_with("kubectl-")
        || word.starts_with("docker-")
        || word.starts_with("pg_")
        || word.starts_with("gitlab-")
    {
        return First::Tool;
    }
    First::Unknown
}

/// Whether a line begins as a command does, and does not read as a sentence.
pub fn is_command(line: &str) -> bool {
    let line = line.trim();
    let mut rest = line;
    while let Some((word, after)) = assignment(rest) {
        if after.is_empty() {
            return !word.is_empty();
        }
        rest = after;
    }
    let word = rest.split_whitespace().next().unwrap_or_default();
    let begins = match first(word) {
        First::Tool | First::Path => !word.ends_with(':'),
        First::Wordy => wordy_is_meant(rest),
        First::Unknown => {
            is_program(word) && (has_options(rest) || has_blanks(rest))
                || matches!(word, "for" | "while" | "until" | "if" | "case" | "[" | "[[" | "((" | "function")
                    && rest.contains([';', '[', '(', '$'])
        }
    };
    begins && !is_sentence(rest)
}

/// A name that a program could have.
pub fn is_program(word: &str) -> bool {
    word.len() >= 2
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b'/'))
        && !word.ends_with(['.', '-'])
}

/// A value to fill in, a quoted word, or a pipe into a known tool.
fn has_blanks(line: &str) -> bool {
    let mut words = line.split_whitespace().skip(1);
    let piped = line.split_once(" | ").is_some_and(|(_, after)| {
        let tool = after.split_whitespace().next().unwrap_or_default();
        matches!(first(tool), First::Tool)
            || matches!(tool, "sort" | "head" | "uniq" | "wc" | "less" | "cut" | "tee")
    });
    let blank = words
        .clone()
        .any(|w| w.starts_with('<') && w.len() > 2 && w.chars().nth(1).is_some_and(char::is_alphabetic));
    let quoted =
        words.any(|w| w.len() > 2 && w.starts_with('"')) && line.matches('"').count().is_multiple_of(2);
    (piped || blank || quoted) && !line.ends_with(['.', ':'])
}

/// `--option` or `-o` among the words.
fn has_options(line: &str) -> bool {
    line.split_whitespace().skip(1).any(|w| {
        let name = w.trim_start_matches('-');
        name.len() < w.len()
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'.' | b'/' | b':'))
    })
}

/// A cmdlet of PowerShell: `Get-Service`.
pub fn is_cmdlet(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    word.split_once('-').is_some_and(|(verb, noun)| {
        let named = |part: &str| {
            part.len() > 2
                && part.starts_with(|c: char| c.is_ascii_uppercase())
                && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        named(verb) && named(noun) && verb.bytes().skip(1).all(|b| b.is_ascii_lowercase())
    }) && (line.contains(" -") || !line.contains(' ') || line.contains('|'))
}

/// `NAME=value rest`: the name and the rest.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b'=', text.as_bytes())?;
    let name = text.get(..at)?;
    let valid = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if !valid {
        return None;
    }
    let value = text.get(at + 1..)?;
    if value.starts_with('<')
        && let Some(end) = value.find('>')
    {
        return Some((name, value.get(end + 1..)?.trim_start()));
    }
    let mut quote = None;
    let mut depth = 0_u32;
    for (i, c) in value.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 && c.is_whitespace() => {
                return Some((name, value.get(i..)?.trim_start()));
            }
            _ => {}
        }
    }
    Some((name, ""))
}

fn wordy_is_meant(line: &str) -> bool {
    let mut all = line.split_whitespace();
    let tool = all.next().unwrap_or_default();
    let second = all.next();
    let alone = matches!(
        tool,
        "reboot"
            | "shutdown"
            | "halt"
            | "top"
            | "free"
            | "mount"
            | "who"
            | "id"
            | "date"
            | "history"
            | "hostname"
            | "env"
            | "sync"
            | "stat"
            | "screen"
            | "tmux"
            | "set"
            | "echo"
            | "exit"
    );
    match second {
        // A line of a configuration has more words.
        Some(_) if tool == "host" && line.split_whitespace().count() > 3 => false,
        None => alone,
        Some(_) => {
            line.split_whitespace().skip(1).any(|w| {
                w.starts_with(['-', '/', '$', '"', '\'', '~', '.', '|', '>', '*', '<'])
                    || w.contains(['=', '/', '|'])
                    || w.bytes().all(|b| b.is_ascii_digit())
            }) || second.is_some_and(|w| matches!(first(w), First::Tool))
                || tool == "service" && line.split_whitespace().count() == 3
                || matches!(
                    tool,
                    "node"
                        | "vault"
                        | "consul"
                        | "go"
                        | "flux"
                        | "fly"
                        | "swift"
                        | "celery"
                        | "airflow"
                        | "ip"
                        | "bundle"
                        | "crm"
                        | "hub"
                        | "thanos"
                        | "k"
                ) && line.split_whitespace().count() <= 6
                || matches!(
                    tool,
                    "export"
                        | "source"
                        | "unset"
                        | "ping"
                        | "make"
                        | "host"
                        | "which"
                        | "touch"
                        | "sleep"
                        | "kill"
                ) && line.split_whitespace().count() == 2
        }
    }
}

/// Reads as a sentence, though its first word may be a tool's name.
pub fn is_sentence(line: &str) -> bool {
    static GLUE: Words = Words::new(
        "the a an is are will should can this that these you your we it then which when was were has have must and \
         with because may might if to of be not by as",
    );
    const LONGEST_GLUE: usize = "because".len();
    let line = line.trim().trim_start_matches(['-', '*']).trim_start();
    let sign = |b| matches!(b, b'|' | b';' | b'`' | b'$' | b'>' | b'<' | b'\\' | b'=' | b'"');
    let option = |two: &[u8; 2]| matches!(two, b" -" | b"'{");
    if line.bytes().any(sign) || line.as_bytes().array_windows().any(option) {
        return false;
    }
    let mut all = line.split_whitespace();
    let head = all.next().unwrap_or_default();
    if all.clone().nth(1).is_none() {
        return false;
    }
    let capital = line.starts_with(|c: char| c.is_uppercase());
    let ends = line.ends_with(['.', ':', '!', '?']);
    let glue = all
        .map(|w| w.trim_end_matches(['.', ',', ':', ';']))
        .filter(|w| w.len() <= LONGEST_GLUE && GLUE.contains_in_any_case(w))
        .count();
    capital && (ends || glue >= 1) && first(head) == First::Unknown || glue >= 3 || (glue >= 2 && ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_begins_with_a_verb() {
        assert!(is_imperative("Check the pods"));
        assert!(is_imperative("**Acknowledge** the page"));
        assert!(is_imperative("If the disk is full, remove old dumps"));
        assert!(!is_imperative("Code is pushed to the main branch"));
        assert!(!is_imperative("On-call engineer"));
    }

    #[test]
    fn a_sentence_that_begins_with_a_tools_name_is_no_command() {
        assert!(is_command("kubectl get pods"));
        assert!(!is_command("kubectl will then show you the list of pods."));
        assert!(!is_command("find the pod that is broken"));
        assert!(is_command("find /var -name x"));
        assert!(is_command("A=1 B=\"c d\" ./run.sh now"));
    }
}
