//! What a command becomes with its values, and when it becomes nothing.
use std::sync::Arc;

use super::*;
use crate::commands::{Lang, Script};
use crate::runbook::placeholder::{Scope, find};
use crate::runbook::types::Attributes;
use crate::runbook::{Runbook, Step};

fn commands_of(text: &str) -> Vec<Command> {
    let lines: Vec<u32> = (1..=100).collect();
    let script: Script = commands::read(Source { text, lines: &lines }, Lang::Shell, &Tables::default());
    let mut scope = Scope::default();
    let mut all = Vec::new();
    for statement in script.statements {
        let placeholders = find(&statement, &scope);
        scope.learn(&statement);
        all.push(Command {
            statement,
            placeholders,
            future: false,
            elsewhere: None,
            attributes: Attributes::default(),
        });
    }
    all
}

fn with(pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, text) in pairs {
        values.set(name, Value { text: (*text).into(), origin: Origin::Operator });
    }
    values
}

fn resolved(text: &str, pairs: &[(&str, &str)]) -> Result<Resolved, String> {
    let commands = commands_of(text);
    let [command] = commands.as_slice() else { panic!("{} commands in {text}", commands.len()) };
    resolve(command, &with(pairs), &Tables::default()).map_err(|refusal| refusal.to_string())
}

fn text(text: &str, pairs: &[(&str, &str)]) -> Result<String, String> {
    resolved(text, pairs).map(|resolved| resolved.text)
}

#[test]
fn a_value_is_quoted_for_its_place() {
    for (template, value, wanted) in [
        ("kubectl logs <pod>", "web-1", "kubectl logs web-1"),
        ("kubectl logs <pod>", "it's $x", r"kubectl logs 'it'\''s $x'"),
        ("curl -d '<v>'", "a'b", r"curl -d 'a'\''b'"),
        ("curl -d \"<v>\"", "a\"$(id)`x`\\", "curl -d \"a\\\"\\$(id)\\`x\\`\\\\\""),
        ("kubectl patch x -p '{\"a\":\"<v>\"}'", "q\"'\n", "kubectl patch x -p '{\"a\":\"q\\\"'\\''\\n\"}'"),
        ("kubectl patch x -p '{\"a\":<v>}'", "3", "kubectl patch x -p '{\"a\":3}'"),
        ("psql -c \"SELECT 1 WHERE a = '<v>'\"", "o'neil", "psql -c \"SELECT 1 WHERE a = 'o''neil'\""),
        ("psql -c \"SELECT * FROM <relation> LIMIT 1\"", "a.b", "psql -c \"SELECT * FROM a.b LIMIT 1\""),
    ] {
        let name = template.split_once('<').and_then(|(_, rest)| rest.split_once('>')).expect("a name").0;
        assert_eq!(text(template, &[(name, value)]), Ok(wanted.to_owned()), "{template} {value}");
    }
}

#[test]
fn what_cannot_stand_there_is_refused_with_the_reason() {
    for (template, value, why) in [
        ("kubectl logs <v>", "-n", "read as an option"),
        ("kubectl logs \"<v>\"", "--all", "read as an option"),
        ("kubectl patch x -p '{\"a\":<v>}'", "3, \"b\": 4", "no number"),
        ("psql -c \"SELECT 1 WHERE a = <v>\"", "1 OR 1=1", "no name and no number"),
        ("psql -c \"SELECT 1 WHERE a = '<v>'\"", "a\\", "literal of SQL"),
        ("ssh host \"rm <v>\"", "a; reboot", "another program reads it again"),
        ("sh -c 'rm <v>'", "$(reboot)", "another program reads it again"),
        ("ls `cat <v>`", "a b", "another program reads it again"),
        ("kubectl apply -f - <<EOF\nname: <v>\nEOF", "a: b", "here-document"),
        ("kubectl logs <v>", "a\0b", "NUL"),
    ] {
        let refused = text(template, &[("v", value)]).expect_err(template);
        assert!(refused.contains(why), "{template}: {refused}");
    }
    assert_eq!(text("ssh host \"rm <v>\"", &[("v", "/tmp/a.txt")]), Ok("ssh host \"rm /tmp/a.txt\"".into()));
}

#[test]
fn nothing_is_put_together_while_a_value_is_missing_or_empty() {
    assert_eq!(text("kubectl logs <pod> -n <ns>", &[("pod", "a")]), Err("not filled in: `<ns>`".into()));
    assert_eq!(text("kubectl logs <pod>", &[("pod", "  ")]), Err("not filled in: `<pod>`".into()));
    assert_eq!(text("docker pull x:$VERSION", &[("VERSION", "")]), Err("not filled in: `$VERSION`".into()));
}

#[test]
fn variables_and_arguments_are_set_before_a_script_that_stays_as_it_is() {
    let script = "docker pull \"x:${VERSION}\" && echo $1";
    let resolved = resolved(script, &[("version", "1.2 b"), ("1", "prod")]).expect("resolved");
    assert_eq!(resolved.text, script);
    assert_eq!(resolved.variables, [("VERSION".to_owned(), "1.2 b".to_owned())]);
    assert_eq!(resolved.arguments, ["prod"]);
    assert_eq!(resolved.shown, format!("VERSION='1.2 b'\nset -- prod\n{script}"));
}

#[test]
fn a_default_of_the_document_stands_in_and_one_name_is_asked_for_once() {
    let commands =
        commands_of("M=${1:-30}\nsleep $M\nkubectl logs <pod-name>\nkubectl describe pod <pod_name>");
    let step = Step { commands, ..Step::default() };
    let runbook = Arc::new(Runbook { steps: vec![step], ..Runbook::default() });
    let all = wanted(&runbook);
    let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.default.as_deref(), one.sort)).collect();
    assert_eq!(names, [("M", Some("30"), Sort::Other), ("pod-name", None, Sort::Pod)]);
    assert_eq!(all[1].texts, ["<pod-name>", "<pod_name>"]);
    let sleep = &runbook.steps[0].commands[1];
    let resolved = resolve(sleep, &Values::default(), &Tables::default()).expect("by its default");
    assert_eq!(resolved.variables, [("M".to_owned(), "30".to_owned())]);
}

#[test]
fn a_secret_is_in_the_text_and_never_in_what_is_shown() {
    let resolved = resolved(
        "curl -H \"X-Token: <api-token>\" http://a/$DB_PASSWORD",
        &[("api-token", "s3cr3t"), ("DB_PASSWORD", "hunter2")],
    )
    .expect("resolved");
    assert!(resolved.text.contains("s3cr3t"));
    assert!(!resolved.shown.contains("s3cr3t") && !resolved.shown.contains("hunter2"), "{}", resolved.shown);
}

#[test]
fn a_value_can_make_a_command_riskier_and_never_less_so() {
    let read = resolved("kubectl get <what>", &[("what", "pods")]).expect("resolved");
    let danger = resolved("<command> pods --all", &[("command", "kubectl")]).expect("resolved");
    let worse = resolved("kubectl <verb> pods --all", &[("verb", "delete")]).expect("resolved");
    assert_eq!(read.risk, Tier::Read);
    assert!(danger.risk >= Tier::Change);
    assert_eq!(worse.risk, Tier::Danger, "{}", worse.why);
}

#[test]
fn a_variable_that_is_not_what_it_seems_where_the_shell_puts_it_in_is_refused() {
    for (script, value, why) in [
        ("kubectl delete pod $V", "--all", "read as an option"),
        ("kubectl delete pod \"$V\"", "--all", "read as an option"),
        ("kubectl delete pod $V", "web-1 web-2", "take it apart"),
        ("rm -rf $V/cache", "/ /x", "take it apart"),
        ("rm -rf /data/$V", "*", "look for files"),
        ("cat $1", "a b", "take it apart"),
        ("env A=$V printenv", "a b", "take it apart"),
        ("psql -c \"DELETE FROM t WHERE id = $V\"", "1 OR 1=1", "no name and no number"),
        ("psql -c \"SELECT 1 WHERE a = '$V'\"", "x'; DROP TABLE t; SELECT '", "holds `'`"),
        ("ssh db-1 \"systemctl status $V\"", "a; reboot", "another program reads it again"),
        ("cat <<EOF | ssh db-1 bash\nls $V\nEOF", "a; reboot", "another program reads it again"),
        ("watch \"kubectl get pod $V\"", "a; reboot", "another program reads it again"),
        ("bash -c \"ls ${V}\"", "$(reboot)", "another program reads it again"),
        ("echo-it $((1 + $V))", "a[$(reboot)]", "another program reads it again"),
        ("curl -d \"{\\\"a\\\":\\\"$V\\\"}\" http://x/", "q\", \"b\": \"c", "holds `\"`"),
        ("printenv \"$V\"", "a\u{1b}[2Jb", "a screen does not show"),
        ("printenv \"$V\"", "a\u{202e}b", "a screen does not show"),
    ] {
        let name = if script.contains("$1") { "1" } else { "V" };
        let refused = text(script, &[(name, value)]).expect_err(script);
        assert!(refused.contains(why), "{script}: {refused}");
    }
}

#[test]
fn a_variable_is_set_as_it_is_where_it_stays_that_value() {
    for (script, value) in [
        ("kubectl logs \"$V\"", "it's a $pod"),
        ("V2=$V", "a b"),
        ("export V2=$V", "a b"),
        ("for P in $V; do kubectl describe pod \"$P\"; done", "web-1 web-2"),
        ("kubectl logs -n $V web-1", "yard"),
        ("psql -c \"SELECT 1 WHERE a = '$V'\"", "crane 3"),
    ] {
        assert_eq!(text(script, &[("V", value)]), Ok(script.to_owned()), "{value}");
    }
}

#[test]
fn the_value_of_a_variable_can_make_a_command_riskier_too() {
    let risk = |verb| resolved("kubectl $VERB pods --all", &[("VERB", verb)]).expect("resolved").risk;
    assert_eq!(risk("delete"), Tier::Danger);
    assert!(risk("get") >= Tier::Change, "never less than the document's reading");
}

#[test]
fn a_default_that_the_shell_works_out_is_left_to_it_and_is_never_a_text() {
    let day = "tar cf ${DAY:-$(date +%F)}.tar yard";
    let left = resolved(day, &[]).expect("left to the shell");
    assert!(left.variables.is_empty() && left.text == day, "{left:?}");
    let given = resolved(day, &[("DAY", "today")]).expect("given");
    assert_eq!(given.variables, [("DAY".to_owned(), "today".to_owned())]);
    // Nobody sets what this default is made of, and a second place has none.
    for open in ["kubectl get pods -n ${NS:-${OTHER}}", "kubectl get pods -n ${NS:-$(date)} -l a=$NS"] {
        assert_eq!(text(open, &[]), Err("not filled in: `$NS`".into()), "{open}");
    }
}

#[test]
fn a_value_cannot_leave_the_text_that_it_stands_in() {
    for (template, value, why) in [
        ("cat <<EOF\n<v>\nrm -rf /data\nEOF", "EOF", "takes the command apart"),
        ("kubectl get pods -n \"${NS:-your-v}\"", "a}b", "holds `}`"),
        ("psql -c \"SELECT '$(date)' || <v>\"", "1; DROP TABLE x", "behind a substitution"),
        ("psql -c \"SELECT 1 -- it's\n, <v>\"", "1; DROP TABLE x", "no name and no number"),
        ("kubectl logs '<v>'", "a\u{1b}[2Jb", "a screen does not show"),
    ] {
        let refused = text(template, &[("v", value), ("your-v", value)]).expect_err(template);
        assert!(refused.contains(why), "{template}: {refused}");
    }
}

#[test]
fn what_another_fence_would_have_set_is_looked_at_like_any_value() {
    let commands = commands_of("HOST_DIR=/srv\nssh db-1 \"ls $HOST_DIR\"");
    let set = ["HOST_DIR".to_owned()];
    let resolved =
        |value: &str| resolve_setting(&commands[1], &set, &with(&[("HOST_DIR", value)]), &Tables::default());
    assert_eq!(
        resolved("/srv/yard").expect("fits").variables,
        [("HOST_DIR".to_owned(), "/srv/yard".to_owned())]
    );
    let refused = resolved("a; reboot").expect_err("another shell reads it").to_string();
    assert!(refused.contains("another program reads it again"), "{refused}");
}

#[test]
fn a_value_by_its_place_is_asked_for_by_its_name_too() {
    let page = "### Move the yard\n\n```bash\nYARD=$1\nmv a \"/srv/$YARD\"\nls <crane>\n```\n";
    let document = crate::runbook::catalogue::read("yard.md", page, &Tables::default());
    let all = wanted(document.runbooks.first().expect("a runbook"));
    let asked = |text: &str| {
        all.iter().find(|one| one.texts.iter().any(|known| known == text)).map(|one| one.asked_as(text))
    };
    assert_eq!(asked("$1").as_deref(), Some("YARD ($1)"));
    assert_eq!(asked("<crane>").as_deref(), Some("<crane>"));
}
