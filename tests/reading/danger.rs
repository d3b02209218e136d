//! Danger is never read lower, however it is wrapped; and words that only look like it are none.
use firedeck::commands::tools::Tables;
use firedeck::commands::{Source, shell};
use firedeck::domain::approval::Tier;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Commands that destroy, as words.
const DESTROY: &[&[&str]] = &[
    &["rm", "-rf", "/srv/data"],
    &["kubectl", "delete", "namespace", "shop"],
    &["kubectl", "-n", "shop", "delete", "pvc", "--all"],
    &["psql", "-h", "db", "-c", "DROP TABLE orders"],
    &["psql", "-c", "SELECT 1; TRUNCATE orders"],
    &["redis-cli", "-h", "cache", "FLUSHALL"],
    &["dd", "if=/dev/zero", "of=/dev/sda"],
    &["mkfs.ext4", "/dev/sdb1"],
    &["terraform", "destroy", "-auto-approve"],
    &["helm", "uninstall", "shop"],
    &["docker", "system", "prune", "-f"],
    &["aws", "s3", "rb", "s3://backups", "--force"],
    &["az", "group", "delete", "--name", "prod", "--yes"],
    &["git", "push", "--force", "origin", "main"],
    &["systemctl", "stop", "postgresql"],
];

/// The highest risk that is read in a text.
fn risk(text: &str) -> Tier {
    let lines: Vec<u32> = (1..).take(text.lines().count() + 1).collect();
    let script = shell::read(Source { text, lines: &lines }, &Tables::default());
    script.statements.iter().map(|one| one.risk).max().unwrap_or(Tier::Read)
}

/// A piece of shell.
#[derive(Debug, Clone)]
struct Piece {
    text: String,
    /// One command, without `;`, pipes or keywords, so that a wrapper may stand in front.
    simple: bool,
}

impl Piece {
    fn new(text: String) -> Piece {
        Piece { text, simple: false }
    }

    fn simple(text: String) -> Piece {
        Piece { text, simple: true }
    }

    /// As words behind a wrapper.
    fn words(&self) -> String {
        if self.simple { self.text.clone() } else { format!("sh -c {}", single(&self.text)) }
    }
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        if matches!(sign, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(sign);
    }
    out + "\""
}

fn backticks(text: &str) -> String {
    let mut out = String::from("`");
    for sign in text.chars() {
        if matches!(sign, '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(sign);
    }
    out + "`"
}

/// A word in one of the ways to write it.
fn written(word: &str, style: u8) -> String {
    let plain = word.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_./:=".contains(sign));
    let (first, rest) = word.split_at(1);
    match style % 7 {
        0 | 1 if plain => word.to_owned(),
        2 => double(word),
        3 if plain => format!("{first}\"\"{rest}"),
        4 if plain => format!("\\{word}"),
        5 if plain => format!("{}{rest}", single(first)),
        6 if !word.contains('\'') => format!("$'{word}'"),
        _ => single(word),
    }
}

const WRAPPERS: u8 = 72;

/// Wraps a piece in one more layer; `level` keeps names apart.
fn wrap(piece: &Piece, kind: u8, level: usize) -> Piece {
    let text = &piece.text;
    let words = piece.words();
    let end = format!("END{level}");
    let name = format!("v{level}");
    let s = single(text);
    let d = double(text);
    match kind {
        0 => Piece::simple(format!("sudo {words}")),
        1 => Piece::simple(format!("sudo -u postgres -- {words}")),
        2 => Piece::simple(format!("env A=b {words}")),
        3 => Piece::new(format!("time {text}")),
        4 => Piece::new(format!("nohup {words} > /dev/null 2>&1 &")),
        5 => Piece::simple(format!("timeout 5 {words}")),
        6 => Piece::simple(format!("nice -n 10 {words}")),
        7 => Piece::simple(format!("command {words}")),
        8 => Piece::simple(format!("exec {words}")),
        9 => Piece::new(format!("echo a b | xargs {words}")),
        10 => Piece::new(format!("ls | xargs -n 1 -I@@ {words} @@")),
        11 => Piece::simple(format!("find . -name '*.log' -exec {words} \\;")),
        12 => Piece::simple(format!("find /tmp -type f -exec {words} {{}} +")),
        13 => Piece::simple(format!("ssh db1 {s}")),
        14 => Piece::simple(format!("ssh -o BatchMode=yes root@db1 {d}")),
        15 => Piece::new(format!("ssh db1 <<'{end}'\n{text}\n{end}\n")),
        16 => Piece::simple(format!("sh -c {s}")),
        17 => Piece::simple(format!("bash -lc {d}")),
        18 => Piece::simple(format!("docker exec app {words}")),
        19 => Piece::simple(format!("docker exec -i app sh -c {s}")),
        20 => Piece::simple(format!("kubectl exec -n shop deploy/app -- {words}")),
        21 => Piece::simple(format!("kubectl exec app -c web -- bash -c {d}")),
        22 => Piece::simple(format!("eval {s}")),
        23 => Piece::simple(format!("eval {d}")),
        24 => Piece::new(format!("echo $({text}\n)")),
        25 => Piece::new(format!("echo \"it is $({text}\n)\"")),
        26 => Piece::new(format!("echo {}", backticks(text))),
        27 => Piece::new(format!("echo {s} | sh")),
        28 => Piece::new(format!("printf '%s\\n' {s} | sudo bash")),
        29 => Piece::new(format!("cat <<'{end}' | bash -s\n{text}\n{end}\n")),
        30 => Piece::new(format!("bash <<'{end}'\n{text}\n{end}\n")),
        31 => Piece::new(format!("cat <<{end}\n$({text}\n)\n{end}\n")),
        32 => Piece::new(format!("{name}={s}\neval \"${name}\"")),
        33 => Piece::new(format!("{name}={s}; sh -c \"${{{name}}}\"")),
        34 => Piece::new(format!("{name}() {{\n{text}\n}}\n{name} x")),
        35 => Piece::new(format!("function {name} {{ {text}\n}}; {name}")),
        36 => Piece::new(format!("for i in 1 2; do\n{text}\ndone")),
        37 => Piece::new(format!("while read -r x; do {text}\ndone < list")),
        38 => Piece::new(format!("if test -f x; then\n  ls\nelse\n  {text}\nfi")),
        39 => Piece::new(format!("if {text}\nthen ls; fi")),
        40 => Piece::new(format!("case $1 in\n  a)\n    ls\n    ;;\n  *)\n    {text}\n    ;;\nesac")),
        41 => Piece::new(format!("({text}\n)")),
        42 => Piece::new(format!("{{ {text}\n}}")),
        43 => Piece::new(format!("cd /tmp && {text}")),
        44 => Piece::new(format!("ls /x || {text}")),
        45 => Piece::new(format!("ls; {text}")),
        46 => Piece::new(format!("{text}\nls")),
        47 => Piece::new(format!("kubectl get pods\n\n# then\n{text}")),
        48 => Piece::new(format!("{words} | tee out.log")),
        49 => Piece::new(format!("cat list | {words}")),
        50 => Piece::new(format!("{words} && echo done")),
        51 => Piece::new(format!("diff <({text}\n) /dev/null")),
        52 => Piece::new(format!("x=$({text}\n)")),
        53 => Piece::new(format!("echo ${{x:-$({text}\n)}}")),
        54 => Piece::new(format!("trap {s} EXIT")),
        55 => Piece::new(format!("echo $(( $({text}\n) + 1 ))")),
        56 => Piece::new(format!("[[ -n $({text}\n) ]] && ls")),
        57 => Piece::new(format!("list=(a $({text}\n) b)")),
        58 => Piece::new(format!("> out.log 2>&1 {words}")),
        59 => Piece::new(format!("A=b C=d {words}")),
        60 => Piece::new(format!("! {words}")),
        61 => Piece::new(format!("bash <<< {s}")),
        62 => Piece::new(format!("alias {name}={s}\n{name}")),
        63 => Piece::new(format!("run() {{ shift; \"$@\"; }}\nrun once {words}")),
        64 => Piece::new(format!("export {name}={s}\nbash -c \"${name}\"")),
        65 => Piece::new(format!("{name}=$(cat <<'{end}'\n{text}\n{end}\n)\nssh db1 \"${name}\"")),
        66 => Piece::new(format!("until {text}\ndo sleep 1; done")),
        67 => Piece::simple(format!("watch -n 5 {s}")),
        68 => Piece::simple(format!("su - postgres -c {s}")),
        69 => Piece::new(format!("{words} \\\n  | cat")),
        70 => Piece::new(format!("local x=\"$({text}\n)\"")),
        _ => Piece::new(format!("{words} > /dev/null 2>&1 &\nwait")),
    }
}

fn base(command: usize, styles: &[u8], broken: bool, held: bool) -> Piece {
    let words = DESTROY[command % DESTROY.len()];
    let style = |at: usize| styles[at % styles.len()];
    let written: Vec<String> = words.iter().enumerate().map(|(at, word)| written(word, style(at))).collect();
    let glue = if broken { " \\\n    " } else { " " };
    if held {
        let first =
            words[..2].iter().filter(|word| !word.contains('\'')).copied().collect::<Vec<_>>().join(" ");
        return Piece::new(format!("CMD={}\n$CMD {}", double(&first), written[2..].join(glue)));
    }
    Piece::simple(written.join(glue))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_shrink_iters: 400, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_destructive_command_is_danger_in_every_wrapping(
        command in 0..DESTROY.len(),
        styles in prop::collection::vec(0_u8..7, 1..5),
        broken in any::<bool>(),
        held in prop::bool::weighted(0.15),
        wrappers in prop::collection::vec(0..WRAPPERS, 0..=4),
    ) {
        let start = base(command, &styles, broken, held);
        let piece = wrappers.iter().enumerate().fold(start, |piece, (level, kind)| wrap(&piece, *kind, level));
        prop_assert_eq!(risk(&piece.text), Tier::Danger, "{}", piece.text);
    }
}

#[test]
fn each_destructive_command_is_danger_alone_and_in_each_single_wrapping() {
    let mut low = Vec::new();
    for command in 0..DESTROY.len() {
        let start = base(command, &[0], false, false);
        if risk(&start.text) < Tier::Danger {
            low.push(start.text);
            continue;
        }
        for kind in 0..WRAPPERS {
            let piece = wrap(&start, kind, 0);
            if risk(&piece.text) < Tier::Danger {
                low.push(piece.text);
            }
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n----\n"));
}

#[test]
fn danger_behind_indirection_is_danger() {
    let texts = [
        "CMD=\"rm -rf\"\n$CMD /srv",
        "CMD=ls\nif [ -n \"$1\" ]; then CMD='rm -rf'; fi\n$CMD /srv",
        "for c in ls 'rm -rf'; do $c /srv; done",
        "SQL=$(cat <<'EOF'\nDROP TABLE orders;\nEOF\n)\npsql -c \"$SQL\"",
        "read -r -d '' SQL <<EOF\nTRUNCATE orders;\nEOF\npsql <<< \"$SQL\"",
        "psql <<EOF\nBEGIN;\nDELETE FROM orders;\nCOMMIT;\nEOF",
        "echo \"DROP DATABASE shop\" | psql",
        "echo FLUSHALL | redis-cli",
        "printf 'FLUSHDB\\n' | kubectl exec -i cache-0 -- redis-cli",
        "ssh a \"ssh b 'sudo sh -c \\\"rm -rf /srv\\\"'\"",
        "kubectl get pods -o name | xargs kubectl delete ns",
        "echo 'rm -rf /srv' | xargs -I{} sh -c '{}'",
        "echo x > /dev/sda",
        "cat image | sudo tee /dev/sda",
        "args=(-rf /srv)\nrm \"${args[@]}\"",
        "R=rm\n\"$R\" -rf /srv",
        "a=r; b=m; $a$b -rf /srv",
        "${SUDO:-sudo} rm -rf /srv",
        "$SUDO rm -rf /srv",
        "run() { \"$@\"; }\nrun rm -rf /srv",
        "retry() { local n=$1; shift; \"$@\"; }\nretry 3 rm -rf /srv",
        "do_it() { local what=$1; $what /srv; }\ndo_it 'rm -rf'",
        "cleanup() { rm -rf /srv; }\ntrap cleanup EXIT",
        "set -- rm -rf /srv\n\"$@\"",
        "\\rm -rf /srv",
        "/bin/rm -rf /srv",
        "{rm,-rf,/srv}",
        "rm -{r,f} /srv",
        "kubectl delete ns <name of the namespace>",
        "kubectl delete ns {{ .Values.name | quote }}",
        "kubectl \u{200b}delete ns shop",
        "kubectl delete\u{a0}ns shop",
        "rm \u{2013}rf /srv",
        "psql -c \u{201c}DROP TABLE orders\u{201d}",
        "kubectl delete \\  \n  ns shop",
        "kubectl delete \\\n  # for good\n  ns shop",
        "echo \\ \nrm -rf /srv",
        "Don't wait:\nrm -rf /srv\nit's fine",
        "echo \"open\nrm -rf /srv",
        "if true; then\nrm -rf /srv",
        "cat <<EOF\nx\nrm -rf /srv $(rm -rf /srv)",
        ") rm -rf /srv",
        "cat <list|xargs rm -rf>log",
        "X='rm -rf /srv' bash -c '$X'",
        "coproc rm -rf /srv",
        "select x in a b; do rm -rf /srv; done",
        "time -p rm -rf /srv",
        "echo `echo \\`rm -rf /srv\\``",
        "echo \"${x:-\"$(rm -rf /srv)\"}\"",
        "echo ${x/$(rm -rf /srv)/b}",
        "x[$(rm -rf /srv)]=1",
        "echo ${x[$(rm -rf /srv)]}",
        "f() { g; }\ng() { rm -rf /srv; }\nf",
        "./with-lock.sh prod kubectl delete ns shop",
        "vault-env exec prod -- terraform destroy",
        "crictl rmi --prune; rm -rf /var/lib/kubelet",
    ];
    let low: Vec<&str> = texts.into_iter().filter(|text| risk(text) < Tier::Danger).collect();
    assert!(low.is_empty(), "{}", low.join("\n----\n"));
}

#[test]
fn words_that_only_look_like_danger_are_none() {
    let texts = [
        "# rm -rf /srv\nkubectl get pods # then rm -rf",
        "echo \"never rm -rf /srv\"",
        "echo 'DROP TABLE orders;'",
        "grep -i 'rm -rf\\|delete ns' audit.log",
        "kubectl logs app | grep DELETE",
        "psql -c \"SELECT 'DROP TABLE x' AS text -- TRUNCATE orders\"",
        "psql -c \"SELECT count(*) FROM audit WHERE action = 'delete'\"",
        "cat <<'EOF'\nrm -rf /srv\nEOF",
        "kubectl get ns -l drop=all",
        "kubectl describe pod rm-rf",
        "X='rm -rf /srv'",
        "echo $((1 + 2))",
        "[[ $x == *rm* ]]",
        "case $x in rm) echo a ;; esac",
        "command -v rm",
        "echo \"it is $(date) and `hostname`\"",
        "kubectl get pods > pods-$(date +%s).txt",
        "X=$(cat <<'EOF'\nrm -rf /srv\nEOF\n)",
        "x=$(kubectl get pods -n \"$(cat ns)\" -o name | grep \"${app:-$(hostname)}\")",
        "[[ $(kubectl get ns) == *shop* ]]",
        "echo $(( $(date +%s) - 10 ))",
        "diff <(kubectl get cm a -o yaml) <(kubectl get cm b -o yaml)",
        "for p in $(kubectl get pods -o name); do kubectl logs \"$p\" | grep -c 'delete'; done",
        "f() { rm -rf /srv; }",
    ];
    let high: Vec<&str> = texts.into_iter().filter(|text| risk(text) > Tier::Read).collect();
    assert!(high.is_empty(), "{}", high.join("\n----\n"));
    for text in ["kubectl delete ns shop --dry-run=client", "git push --dry-run --force origin main"] {
        assert!(risk(text) < Tier::Danger, "{text}");
    }
}

/// Each line, and the risk that is read in it.
fn all_are(want: Tier, lines: &str) {
    let other: Vec<_> = lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| (line, risk(line)))
        .filter(|(_, have)| *have != want)
        .collect();
    assert!(other.is_empty(), "not {want:?}: {other:#?}");
}

#[test]
fn what_runs_later_elsewhere_or_by_a_framework_is_danger_when_it_destroys() {
    all_are(
        Tier::Danger,
        "
        echo 'rm -rf /srv/x' | at 22:00
        at now <<< 'systemctl stop shop'
        at -f wipe-all.sh now
        heroku run -a shop -- rails db:drop
        heroku run rake db:reset -a shop
        bundle exec rake db:schema:load
        php artisan migrate:fresh
        python manage.py flush
        uv run python manage.py flush
        npx prisma migrate reset --force
        direnv exec . rm -rf x
        fly ssh console -C 'rm -rf /data'
        bash bin/kafka-topics.sh --delete --topic x
        git gc --prune=now
        git -c gc.pruneExpire=now gc
        git -C <repo_path update-ref -d <the refs>
        az sql failover-group set-primary -n a -g b
        lpadmin -x counter
        ",
    );
}

#[test]
fn a_redirection_of_nothing_empties_what_is_kept() {
    all_are(
        Tier::Danger,
        "
        > ledger.db
        : > /var/lib/x/ledger.db
        true > /var/log/app.log
        cat /dev/null > /var/log/app.log
        ",
    );
    all_are(Tier::Change, ": > /tmp/x\n: >> /var/log/app.log");
}

#[test]
fn a_secret_that_a_pipe_makes_replaces_the_one_in_use() {
    let made = "kubectl create secret generic x --from-file=a --dry-run=client -o yaml";
    assert_eq!(risk(&format!("{made} | kubectl apply -f -")), Tier::Danger);
    assert_eq!(risk(&format!("{made} | tee x.yaml | kubectl apply -f -")), Tier::Danger);
    assert_eq!(risk(&made.replace("secret generic", "namespace").replace("--from-file=a ", "")), Tier::Read);
    let map = made.replace("secret generic", "configmap");
    assert_eq!(risk(&format!("{map} | kubectl apply -f -")), Tier::Change);
}

#[test]
fn what_only_looks_is_a_look_whatever_words_it_has() {
    all_are(
        Tier::Read,
        "
        date -Is
        NOW=$(date -Iseconds)
        ceph osd pool stats
        kafka-consumer-groups.sh --bootstrap-server x --group g -describe
        bash bin/kafka-consumer-groups.sh --list
        rsync --dry-run --delete a b
        helm uninstall x --dry-run
        terraform plan -destroy
        php artisan migrate:status
        nvidia-smi
        mosquitto_sub -h a -t x -C 3
        lpstat -p
        NS='<the name of it>'; kubectl -n $NS logs deploy/x
        openssl s_client -connect a:443 </dev/null 2>/dev/null
        ",
    );
    all_are(Tier::Change, "domectl show --format json\ndomectl --format=json list");
}

#[test]
fn what_empties_a_file_or_feeds_a_dump_into_a_console_is_danger() {
    for text in [
        "echo \"\" > /var/log/x.log",
        "printf '' > /var/log/x.log",
        "echo -n > app.db",
        "cat dump.sql | docker exec -i db psql -U app",
        "cat dump.sql | psql shop",
        "sort dump.sql | mysql shop",
        "# Restore the volumes\n./volumes.sh x.tgz",
    ] {
        assert_eq!(risk(text), Tier::Danger, "{text}");
    }
    for text in
        ["echo \"\" > /tmp/x", "echo \"a\" > /var/log/x.log", "# Look at the volumes\n./volumes.sh x.tgz"]
    {
        assert_eq!(risk(text), Tier::Change, "{text}");
    }
    for text in ["echo 'SELECT 1' | cat | psql", "cat x | grep y"] {
        assert_eq!(risk(text), Tier::Read, "{text}");
    }
}
