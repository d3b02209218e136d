//! Rules from other teams' runbooks: prompts, no fence at all, lying fences, values, whole pages.
use super::{asked, commands, only, read, step, steps, texts};
use firedeck::commands::{Lang, Role};

#[test]
fn case_64_beside_prompts_everything_else_is_output() {
    let text = "# Mon lost\n\n## Mitigation\n\n```\n$ oc adm top nodes\nNAME=value\nrm -rf /old would be removed \\\n$ oc get pods \\\n    -n store\nweb 1/1\n```\n";
    assert_eq!(texts(&only(text)), ["oc adm top nodes", "oc get pods \\\n    -n store"]);
}

#[test]
fn case_65_a_sign_of_root_is_a_prompt_in_roots_shell() {
    let text = "# Clock off\n\n## Mitigation\n\n```\n$ sudo su -\n# systemctl restart chronyd\n```\n\n```\n# reboot\n```\n";
    assert_eq!(texts(&only(text)), ["sudo su -", "systemctl restart chronyd", "reboot"]);
    let commented = "# Clock off\n\n## Mitigation\n\n```\n# kubectl delete pod web\nkubectl get pods\n```\n";
    assert_eq!(texts(&only(commented)), ["kubectl get pods"]);
}

#[test]
fn case_66_and_67_prompts_of_consoles_change_the_language() {
    let text = "# Pool full\n\n## Mitigation\n\n```\nops@db:~$ psql shop\nshop=# SELECT pg_terminate_backend(7);\n t\nshop=# \\q\nops@db:~$ redis-cli\n127.0.0.1:6379> FLUSHALL\nOK\n```\n";
    let book = only(text);
    let all: Vec<(Lang, &str)> =
        commands(&book).iter().map(|one| (one.statement.lang, one.statement.text.as_str())).collect();
    assert_eq!(
        all,
        [
            (Lang::Shell, "psql shop"),
            (Lang::Sql, "SELECT pg_terminate_backend(7);"),
            (Lang::Sql, "\\q"),
            (Lang::Shell, "redis-cli"),
            (Lang::Redis, "FLUSHALL"),
        ]
    );
}

#[test]
fn case_68_commands_without_a_fence_are_found_and_words_in_passing_are_not() {
    let text = "# Job stuck\n\n## Diagnosis\n\n- Check it with `kubectl describe job sync`.\n- The tool `kubectl` is on the bastion.\n\n    kubectl get jobs\n\n## Mitigation\n\n1. Run `kubectl delete job sync` and wait.\n2. kubectl get pods -w\n\nIn May somebody ran `kubectl delete ns shop`; never run `kubectl delete pvc data`.\n";
    let book = only(text);
    assert_eq!(
        texts(&book),
        ["kubectl describe job sync", "kubectl get jobs", "kubectl delete job sync", "kubectl get pods -w"]
    );
}

#[test]
fn case_69_an_info_string_may_lie() {
    let text = "# Buoy low\n\n## Diagnosis\n\n``` basch\nkubectl get pods\n```\n\n```yaml\nkubectl get nodes\n```\n\n```sql \npsql -c \"SELECT 1\"\n```\n\n```bash\nsum(rate(errors_total[5m])) by (pod)\n```\n\n```bash\n2025-02-03T04:10:12Z buoy WARN rm: cannot remove it\n```\n\n```bash\nsleep_below = 11\nreport_every = 3600\n```\n";
    let book = only(text);
    assert_eq!(texts(&book), ["kubectl get pods", "kubectl get nodes", "psql -c \"SELECT 1\""]);
    assert!(commands(&book).iter().any(|one| one.statement.role == Role::Query));
}

#[test]
fn case_70_a_fence_left_open_to_the_end_keeps_its_commands() {
    let text = "# Line stuck\n\n## Mitigation\n\n```bash\nkubectl get pods\nkubectl delete pod web-0\n";
    assert_eq!(texts(&only(text)), ["kubectl get pods", "kubectl delete pod web-0"]);
}

#[test]
fn case_71_line_ends_of_windows_and_invisible_signs_are_survived() {
    let text = "# Line stuck\r\n\r\n## Mitigation\r\n\r\n```bash\r\nkubectl get \\\r\n  pods\r\ncat <<EOF\r\nx\r\nEOF\r\n```\r\n";
    assert_eq!(texts(&only(text)), ["kubectl get \\\n  pods", "cat <<EOF\nx\nEOF"]);
}

#[test]
fn case_72_a_line_wrapped_before_an_option_is_one_command_and_as_risky_as_its_first_line() {
    let text = "# Queue stuck\n\n## Mitigation\n\n```bash\nkubectl scale deployment web\n    --replicas=3\n\nkubectl delete namespace shop\n  --dry-run=client\n```\n";
    let book = only(text);
    assert_eq!(
        texts(&book),
        [
            "kubectl scale deployment web\n    --replicas=3",
            "kubectl delete namespace shop\n  --dry-run=client"
        ]
    );
    assert_eq!(format!("{:?}", commands(&book).last().expect("two").statement.risk), "Danger");
}

#[test]
fn case_73_values_of_many_forms_are_asked_for() {
    let text = "# Line stuck\n\n## Mitigation\n\n```bash\noc debug node/<name of the node>\noc get pods -n {namespace}\nexport TOKEN=TODO\nkubectl logs [pod-name]\naz x --scope /subscriptions/.../a\n```\n";
    assert_eq!(
        asked(&only(text)),
        ["<name of the node>", "{namespace}", "TODO", "[pod-name]", "/subscriptions/.../a"]
    );
}

#[test]
fn case_77_titles_come_from_front_matter_and_lists_of_ones_count() {
    let text = "---\ntitle: Kiosk restore\nseverity: high\nalerts:\n  - KioskDead\n---\n\n# {{ $frontmatter.title }}\n\n1. Take the image\n\n   ```bash\n   rsync a:/img .\n   ```\n\n1. Tell the quay\n\n1. Write it down\n";
    let book = only(text);
    assert_eq!(book.title, "Kiosk restore");
    assert_eq!(
        (book.severity.as_deref(), book.alerts.first().map(String::as_str)),
        (Some("high"), Some("KioskDead"))
    );
    assert_eq!(book.steps.iter().map(|step| step.n.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
}

#[test]
fn case_78_sentences_on_command_lines_do_not_run() {
    let text = "# Arm stuck\n\n## Mitigation\n\n```bash\nLog on to the box and look at the pods:\nkubectl get pods\n\nkubectl is not needed for the next one, but the daemon must be up.\ndocker restart arm\n```\n";
    assert_eq!(texts(&only(text)), ["kubectl get pods", "docker restart arm"]);
}

#[test]
fn a_page_of_an_alert_is_one_runbook_with_phases() {
    let text = "# KubeJobStuck\n\n## Meaning\n\nA job does not end.\n\n## Impact\n\nReports are late.\n\n## Diagnosis\n\nList the jobs:\n\n```shell\n$ kubectl get jobs\n```\n\n## Mitigation\n\nDelete it:\n\n```shell\n$ kubectl delete job <job>\n```\n";
    let book = only(text);
    assert_eq!((book.line, book.title.as_str()), (1, "KubeJobStuck"));
    assert_eq!(book.alerts, ["KubeJobStuck"]);
    assert_eq!(steps(&book), [("1", 13, "List the jobs"), ("2", 21, "Delete it")]);
    assert_eq!(step(&book, "Delete it").phase.as_deref(), Some("Mitigation"));
}

#[test]
fn a_fences_attributes_raise_its_risk_and_never_lower_it() {
    let text = "# Kiln\n\n## Vent\n\n```sh {name=vent risk=danger timeout=5m undo=\"kubectl get pods\"}\nkubectl get nodes\n```\n\n## Wipe\n\n```sh {risk=read}\nkubectl delete namespace shop\n```\n";
    let document = read(text);
    let risks: Vec<String> = document
        .runbooks
        .iter()
        .flat_map(|one| commands(one))
        .map(|one| format!("{:?}", one.statement.risk))
        .collect();
    assert_eq!(risks, ["Danger", "Danger"]);
    let first = commands(document.runbooks.first().expect("two"));
    assert_eq!(first.first().and_then(|one| one.attributes.undo.as_deref()), Some("kubectl get pods"));
}

#[test]
fn what_is_of_another_platform_names_the_line_that_says_so_and_what_is_planned_is_listed() {
    let page = "# Yard\n\nThe yard currently runs on Docker Compose, not Kubernetes.\n\n## Lift\n\n```bash\n\
                # Restart the lift\ndocker-compose restart lift\nkubectl rollout restart deployment/lift\n```\n\n\
                ## Future: Robots (Not Implemented)\n\nThey will come.\n";
    let document = read(page);
    let commands = document.runbooks.iter().flat_map(|one| &one.steps).flat_map(|step| &step.commands);
    let elsewhere: Vec<(bool, Option<u32>)> = commands.map(|one| (one.future, one.elsewhere)).collect();
    assert_eq!(elsewhere, [(false, None), (true, Some(3))]);
    let planned: Vec<(u32, &str)> =
        document.planned.iter().map(|note| (note.line, note.text.as_str())).collect();
    assert_eq!(planned, [(13, "Future: Robots (Not Implemented)")]);
}
