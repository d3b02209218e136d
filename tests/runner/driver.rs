//! One shell for all statements, which no statement takes from the driver.
use firedeck::tools::runner::{Event, Stream, start};
use proptest::prelude::*;

use super::bench::{Desk, Place, bytes};

#[tokio::test]
async fn variables_the_directory_and_functions_live_on() {
    let mut desk = Desk::new().await;
    desk.run("where=/; say() { echo \"$1, $where\"; }; cd \"$where\"").await;
    assert_eq!(desk.out("say hello; pwd").await, "hello, /\n/\n");
    let ran = desk.run("cd /usr").await;
    assert_eq!(ran.ended.workdir, "/usr");
}

#[tokio::test]
async fn a_new_session_starts_clean() {
    let mut desk = Desk::new().await;
    desk.run("export LEFT=1").await;
    let mut other = Desk::new().await;
    assert_eq!(other.out("echo \"[${LEFT-}]\"").await, "[]\n");
}

#[tokio::test]
async fn the_codes_of_every_part_of_a_pipe_are_told() {
    let mut desk = Desk::new().await;
    for (text, status, codes) in [
        ("true", 0, &[0][..]),
        ("(exit 3)", 3, &[3]),
        ("false | true | (exit 4)", 4, &[1, 0, 4]),
        ("(exit 2) | cat", 0, &[2, 0]),
        ("! false | true", 1, &[1]),
        ("set -o pipefail; (exit 2) | cat", 2, &[2, 0]),
        ("set +o pipefail; for i in 1; do false | true; done; [ 1 = 1 ]", 0, &[0]),
        ("false | true # with a comment", 0, &[1, 0]),
        ("cat <<'E' | (cat; exit 5)\n1\nE", 5, &[0, 5]),
    ] {
        let ran = desk.run(text).await;
        assert_eq!((ran.ended.status, ran.ended.codes.as_slice()), (status, codes), "{text}: {ran:?}");
    }
}

#[tokio::test]
async fn the_status_of_the_statement_before_is_there_for_the_next() {
    let mut desk = Desk::new().await;
    desk.run("(exit 7)").await;
    assert_eq!(desk.out("echo $?").await, "7\n");
    assert_eq!(desk.out("echo $?").await, "0\n");
    desk.run("(exit 2) | (exit 0) | (exit 3)").await;
    assert_eq!(desk.out("echo $? ${PIPESTATUS[@]}").await, "3 2 0 3\n");
    desk.run("set -e; trap 'echo trapped' ERR; if false; then :; fi; false | true").await;
    assert_eq!(desk.out("echo ${PIPESTATUS[0]}; it=1").await, "1\n");
    assert_eq!(desk.out("echo $it").await, "1\n");
}

#[tokio::test]
async fn a_session_goes_on_for_as_many_statements_as_are_wanted() {
    let mut desk = Desk::new().await;
    desk.run("count=0").await;
    for n in 1..=230 {
        let ran = desk.run("count=$((count+1)); [ $? = 0 ] && (exit $((count % 5)))").await;
        assert_eq!(ran.ended.status, n % 5, "{n}");
        desk.run("true").await;
    }
    assert_eq!(desk.out("echo $count").await, "230\n");
}

#[tokio::test]
async fn what_never_ends_its_quotes_or_its_here_document_is_said_and_the_session_goes_on() {
    let mut desk = Desk::new().await;
    for (text, out, err) in [
        ("echo \"a", "", "unexpected EOF"),
        ("if true; then", "", "syntax error"),
        ("echo before\necho )", "before\n", "syntax error"),
        ("cat <<E\none\n\n", "one\n\n", ""),
        ("echo a\\", "a\\\n", ""),
        ("break; continue 3; return 4", "", "only meaningful"),
    ] {
        let ran = desk.run(text).await;
        assert!(ran.out == out && ran.err.contains(err), "{text}: {ran:?}");
        assert!(!ran.err.contains("firedeck"), "{ran:?}");
        assert_eq!(desk.out("echo on").await, "on\n");
    }
}

#[tokio::test]
async fn no_descriptor_of_a_statement_leads_to_the_driver() {
    let mut desk = Desk::new().await;
    let ran = desk.run("for f in /proc/$$/fd/*; do readlink $f; done").await;
    assert!(!ran.out.contains("session-"), "{ran:?}");
    let forging = "for i in {0..255}; do printf 'answer\\0000 1 0 0\\0\\0\\0/\\0\\0\\0\\0end\\0' >&$i; done 2>/dev/null; \
         for f in /proc/self/fd/*; do echo forged >$f; done 2>/dev/null; (exit 9)";
    for _ in 0..2 {
        let ran = desk.run(forging).await;
        assert_eq!(ran.ended.codes, [9], "{ran:?}");
    }
    let ran = desk.run("(for i in {3..255}; do echo forged >&$i; done) 2>/dev/null & wait; (exit 8)").await;
    assert_eq!(ran.ended.codes, [8]);
    assert_eq!(
        desk.out("ls -l /proc/self/fd | wc -l").await.trim(),
        "5",
        "three, the listing's own, and a title"
    );
}

#[tokio::test]
async fn a_session_survives_what_a_statement_redefines_traps_or_closes() {
    for text in [
        "printf() { echo mine; }; read() { :; }; exit() { :; }; unset() { :; }; trap() { :; }; set() { :; }; \
         builtin() { :; }; command() { :; }; export() { :; }; compgen() { :; }; jobs() { :; }",
        "alias eval='echo no' exit='echo no' if='echo no'; shopt -s expand_aliases",
        "trap 'echo debug' DEBUG; set -T",
        "trap 'echo error' ERR; set -E",
        "trap 'echo bye' EXIT",
        "trap '' HUP PIPE CHLD; trap 'echo child' CHLD",
        "PROMPT_COMMAND='echo prompt'; PS4='+$(echo four)'",
        "IFS=0123456789",
        "PATH=",
        "shopt -s failglob nullglob extglob dotglob",
        "set -f; set -C; set -u; set -o pipefail",
        "ulimit -f 0",
        "set -x",
        "set -v",
        "set -a",
        "set -o posix",
        "exec 0<&- 1>&- 2>&-",
        "exec 3</dev/null 4>/dev/null 9>&1",
        "enable -n printf read compgen jobs",
        "POSIXLY_CORRECT=1; LC_ALL=tr_TR; LANG=xx",
        "cd /; rm -rf /nowhere; HOME=/nowhere",
    ] {
        let mut desk = Desk::new().await;
        desk.run(text).await;
        let ran = desk.run("kept=5").await;
        assert_eq!(ran.ended.status, 0, "{text}: {ran:?}");
        let ran = desk.run("[ \"$kept\" = 5 ]").await;
        assert_eq!(ran.ended.status, 0, "{text}: {ran:?}");
        let ran = desk.run("[ \"$kept\" = 6 ]").await;
        assert_eq!(ran.ended.status, 1, "{text}: {ran:?}");
    }
}

#[tokio::test]
async fn a_time_limit_for_reading_is_none_for_the_session() {
    let mut desk = Desk::new().await;
    desk.run("TMOUT=1; kept=1").await;
    // The time has to pass; nothing tells of it.
    tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
    assert_eq!(desk.out("echo $kept").await, "1\n");
}

#[tokio::test]
async fn a_statement_that_takes_eval_from_the_driver_ends_the_session() {
    let mut desk = Desk::new().await;
    desk.run("first=1").await;
    let ran = desk.run("eval() { echo mine; }; (exit 3)").await;
    assert_eq!(ran.ended.codes, [3]);
    let gone = desk.lost().await;
    assert!(gone.why.contains("`eval`") && gone.statement.is_none(), "{gone:?}");
    assert_eq!((gone.variables, gone.functions), (vec!["first".to_owned()], vec!["eval".to_owned()]));
    desk.place.is_empty().await;
}

#[tokio::test]
async fn a_statement_with_a_nul_is_refused_and_nothing_of_it_runs() {
    let mut desk = Desk::new().await;
    let why = desk.handle.order(b"echo a\0b".to_vec(), 1).await.expect_err("refused");
    assert!(why.contains("NUL"), "{why}");
    let why = desk.handle.order(vec![b'#'; 2 << 20], 1).await.expect_err("refused");
    assert!(why.contains("too long"), "{why}");
    assert_eq!(desk.out("echo on").await, "on\n");
}

#[tokio::test]
async fn a_statement_may_be_nearly_a_megabyte_long() {
    let mut desk = Desk::new().await;
    let ran = desk.run(format!("x='{}'; echo ${{#x}} | cat", "x\n".repeat(450_000))).await;
    assert_eq!((ran.out.as_str(), ran.ended.codes.as_slice()), ("900000\n", &[0, 0][..]));
}

#[tokio::test]
async fn a_plain_shell_does_and_says_what_is_not_known() {
    let mut desk = Desk::with(|setup| setup.shell = Some("/bin/sh".into())).await;
    let mut other = desk.attach().await;
    let Some(Event::Ready { full, shell, .. }) = other.next().await else { panic!("not ready") };
    if full {
        // This box's `sh` is a `bash`.
        return;
    }
    assert_eq!(shell, "/bin/sh");
    desk.run("where=/; say() { echo \"$1, $where\"; }; cd $where").await;
    assert_eq!(desk.out("say 'hello\n there'").await, "hello\n there, /\n");
    assert_eq!(desk.run("false | (exit 4)").await.ended.codes, [4]);
    assert_eq!(desk.out("echo $?").await, "4\n");
    assert_eq!(desk.out("cat <<'E'\n\\1  \n $x\nE").await, "\\1  \n $x\n");
    for _ in 0..110 {
        desk.run("n=$((n+1))").await;
    }
    assert_eq!(desk.out("echo $n; break").await, "110\n");
    desk.start("exit 6").await;
    let gone = desk.shell_gone().await;
    assert_eq!((gone.code, gone.variables), (Some(6), Vec::new()));
}

#[tokio::test]
async fn a_shell_that_is_missing_or_none_is_said_and_nothing_runs() {
    for (shell, why) in
        [("/nowhere/bash", "No such file"), ("/bin/ls", "is no shell"), ("/etc/passwd", "denied")]
    {
        let place = Place::new();
        let mut setup = place.setup();
        setup.shell = Some(shell.into());
        let said = start(&setup).await.expect_err("no session");
        assert!(said.contains(shell) && said.contains(why), "{said}");
        place.is_empty().await;
    }
    let place = Place::new();
    let mut setup = place.setup();
    setup.workdir = Some("/nowhere".into());
    let said = start(&setup).await.expect_err("no session");
    assert!(said.contains("there is no directory `/nowhere`"), "{said}");
}

#[tokio::test]
async fn the_shell_has_the_callers_environment_without_what_leaks() {
    let mut desk = Desk::with(|setup| {
        setup.kubeconfig = Some("/tmp/one context".into());
        setup.env = vec![("OURS".into(), "it's\n2".into()), ("BASH_ENV".into(), "/dev/null".into())];
    })
    .await;
    let path = std::env::var("PATH").expect("a path");
    let pagers = "$PAGER $GIT_PAGER $SYSTEMD_PAGER $PSQL_PAGER $AWS_PAGER";
    assert_eq!(desk.out(&format!("echo {pagers}")).await, "cat cat cat cat cat\n");
    assert_eq!(
        desk.out("echo \"$PATH|$KUBECONFIG|$OURS\"").await,
        format!("{path}|/tmp/one context|it's\n2\n")
    );
    assert_eq!(desk.out("echo \"$0 $#\"").await, "bash 0\n");
}

/// Scripts that run on their own: what they print and how they end does not depend on who runs them. There is no `[[`
/// in them: after one that cannot be read, `bash` 5.2 misreads `]]` for as long as the shell lives.
fn script() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(1..=255u8, 0..40).prop_map(|bytes| {
        let quoted: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\'').collect();
        [b"printf '%s' '".as_slice(), &quoted, b"'"].concat()
    });
    let word = prop::sample::select(vec![
        "a",
        "\"b c\"",
        "'d'",
        "$x",
        "${x:-e}",
        "$(echo f)",
        "\\\n",
        "#",
        "\n",
        ";",
        "|",
        "&&",
        "||",
        "!",
        "{",
        "}",
        "(",
        ")",
        "x=1",
        "echo",
        "true",
        "false",
        "cat",
        "if",
        "then",
        "fi",
        "<<E\n1\nE\n",
        "<<E\n1",
        "\\",
        "\"",
        "'",
        "`",
        "$((1+1))",
        "for",
        "i",
        "in",
        "do",
        "done",
        "\t",
        " ",
        "\u{e4}",
        "$?",
    ]);
    let words = prop::collection::vec(word, 1..12).prop_map(|words| words.join(" ").into_bytes());
    prop_oneof![bytes, words]
}

/// As `bash -c` runs it, with nothing to read and no terminal.
fn bash(text: &[u8], dir: &std::path::Path) -> (Option<i32>, Vec<u8>, bool) {
    use std::os::unix::ffi::OsStrExt;
    let mut command = std::process::Command::new("bash");
    command.args(["--noprofile", "--norc", "-c"]).arg(std::ffi::OsStr::from_bytes(text)).arg("bash");
    let output = command.stdin(std::process::Stdio::null()).current_dir(dir).output().expect("bash");
    let said = String::from_utf8_lossy(&output.stderr);
    let is_said = said.contains("bash: -c: line ");
    (output.status.code(), output.stdout, is_said)
}

#[test]
fn any_bytes_but_nul_run_as_bash_runs_them() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let desk = std::cell::RefCell::new(runtime.block_on(Desk::new()));
    let dir = tempfile::tempdir().expect("a directory");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    });
    let checked = runner.run(&script(), |text| {
        let (code, out, is_said) = bash(&text, dir.path());
        let (status, seen) = runtime.block_on(alone(&mut desk.borrow_mut(), &text, dir.path()));
        // Of a script that cannot be read to its end, `bash -c` tells the code of what it ran before.
        prop_assert!(
            Some(status) == code || is_said && status == 2,
            "{} {code:?}: {}",
            status,
            String::from_utf8_lossy(&text)
        );
        prop_assert_eq!(seen, out, "{}", String::from_utf8_lossy(&text));
        Ok(())
    });
    checked.expect("as bash");
}

/// Runs a script in the session's own shell, without what the one before left in it.
async fn alone(desk: &mut Desk, text: &[u8], dir: &std::path::Path) -> (i32, Vec<u8>) {
    let clean = "exec </dev/null; unset x i; unset -f $(compgen -A function); true";
    desk.run(format!("cd '{}'; {clean}", dir.display())).await;
    let ran = desk.run(text).await;
    (ran.ended.status, bytes(&desk.place.dir(), ran.ended.statement, Stream::Out))
}
