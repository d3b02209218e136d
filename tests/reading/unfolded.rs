//! Lists in other forms than Markdown's: drawn in a fence, numbered in a sentence, as the rows of a table.
use firedeck::commands::Lang;
use firedeck::domain::approval::Tier;
use firedeck::runbook::{Runbook, StepKind};

use super::cases::{commands, only, read, runs, step, steps, texts, titles};

/// What a fence holds below a heading.
fn fenced(tag: &str, body: &str) -> String {
    format!("# Ops\n\n## Shop is down\n\n```{tag}\n{body}\n```\n")
}

fn risks(runbook: &Runbook) -> Vec<Tier> {
    commands(runbook).iter().map(|one| one.statement.risk).collect()
}

#[test]
fn boxes_to_tick_in_a_fence_are_steps_to_tick() {
    for tag in ["", "text", "checklist"] {
        let book =
            only(&fenced(tag, "☐ Check the pods\n[ ] Look at the graph: is it red?\n[x] Tell the team"));
        assert_eq!(
            steps(&book),
            [
                ("1", 6, "Check the pods"),
                ("2", 7, "Look at the graph: is it red?"),
                ("3", 8, "Tell the team")
            ]
        );
        let ticks: Vec<Option<bool>> = book.steps.iter().map(|step| step.checkbox).collect();
        assert_eq!(ticks, [Some(false), Some(false), Some(true)]);
    }
}

#[test]
fn branches_of_a_tree_are_steps_with_their_commands_in_order() {
    for (first, last) in [("├─", "└─"), ("├──", "└──"), ("→", "→"), ("|--", "`--"), ("->", "->")]
    {
        let body = format!(
            "Pods crash\n{first} kubectl get pods -n shop\n{first} Delete what is stuck: kubectl delete ns shop\n{last} kubectl rollout undo deploy/shop"
        );
        let book = only(&fenced("", &body));
        assert_eq!(
            runs(&book),
            [
                (7, "kubectl get pods -n shop"),
                (8, "kubectl delete ns shop"),
                (9, "kubectl rollout undo deploy/shop")
            ],
            "{first}"
        );
        assert_eq!(risks(&book), [Tier::Read, Tier::Danger, Tier::Change], "{first}");
        assert_eq!(book.steps.len(), 3, "{first}");
    }
}

#[test]
fn a_drawn_playbook_has_its_phases_ways_and_the_commands_below_its_lines() {
    let body = "SEVERITY: P2\n\nIMMEDIATE (0-5 min):\n  1. Check logs\n     kubectl logs deploy/shop\n     \n  2. Ask the database\n     kubectl exec -it db-0 -- \\\n       psql -c \"SELECT 1;\n        \"\n     If it is full: stop\n\nMITIGATION:\n  Option A: Pods leak\n    └─ Restart them:\n       kubectl rollout restart deploy/shop\n    └─ Wait 2 minutes\n  Option B: Sessions hang\n    └─ End them:\n       SELECT pg_terminate_backend(pid)\n       FROM pg_stat_activity;\n\nVALIDATION:\n  ✓ No alerts\n  ✓ All pods run (kubectl get pods)";
    let book = only(&fenced("", body));
    assert_eq!(book.severity.as_deref(), Some("P2"));
    assert_eq!(
        steps(&book),
        [
            ("1", 9, "Check logs"),
            ("2", 12, "Ask the database"),
            ("3", 19, "Option A: Pods leak"),
            ("3a", 20, "Restart them"),
            ("3b", 22, "Wait 2 minutes"),
            ("4", 23, "Option B: Sessions hang"),
            ("4a", 24, "End them"),
            ("5", 29, "No alerts"),
            ("6", 30, "All pods run: kubectl get pods"),
        ]
    );
    assert_eq!(book.steps[0].phase.as_deref(), Some("IMMEDIATE (0-5 min)"));
    assert_eq!(book.steps[0].time_budget.as_deref(), Some("0-5 min"));
    assert_eq!(book.steps[3].phase.as_deref(), Some("MITIGATION"));
    assert_eq!(book.steps[8].phase.as_deref(), Some("VALIDATION"));
    assert_eq!(
        runs(&book),
        [
            (10, "kubectl logs deploy/shop"),
            (13, "kubectl exec -it db-0 -- \\\n  psql -c \"SELECT 1;\n   \""),
            (21, "kubectl rollout restart deploy/shop"),
            (25, "SELECT pg_terminate_backend(pid)\nFROM pg_stat_activity;"),
            (30, "kubectl get pods"),
        ]
    );
    assert_eq!(risks(&book)[3], Tier::Danger);
    assert_eq!(book.end_line, 31);
}

#[test]
fn the_phases_of_a_drawing_end_with_it() {
    let drawn = "FIRST:\n  1. Look: df -h\n  2. Drop it: dropdb shop";
    let book = only(&format!("{}\n```bash\nuptime\n```\n", fenced("", drawn)));
    assert_eq!(texts(&book), ["df -h", "dropdb shop", "uptime"]);
    let phases: Vec<Option<&str>> = book.steps.iter().map(|step| step.phase.as_deref()).collect();
    assert_eq!(phases, [Some("FIRST"), Some("FIRST"), None]);
    assert_eq!(risks(&book)[1], Tier::Danger);
}

#[test]
fn numbers_in_a_fence_of_a_shell_are_no_commands() {
    let body = "1. Find the last good one\n   kubectl rollout history deploy/shop\n2. Go back\n   kubectl rollout undo deploy/shop";
    for tag in ["", "bash", "console"] {
        let book = only(&fenced(tag, body));
        assert_eq!(steps(&book), [("1", 6, "Find the last good one"), ("2", 8, "Go back")], "{tag}");
        assert_eq!(
            texts(&book),
            ["kubectl rollout history deploy/shop", "kubectl rollout undo deploy/shop"],
            "{tag}"
        );
    }
}

#[test]
fn several_issues_in_one_fence_are_runbooks_of_their_own() {
    let body = "ISSUE: \"CrashLoop\"\n  Fix:\n  1. Look: kubectl logs {pod} --previous\n  2. Restart it:\n     kubectl delete pod {pod}\n\nISSUE: Disk full\n  1. Look: df -h\n  2. Clean up: rm -rf /var/old";
    let document = read(&format!("# Ops\n\n## Common issues\n\n```\n{body}\n```\n"));
    assert_eq!(titles(&document), [(6, "ISSUE: \"CrashLoop\""), (12, "ISSUE: Disk full")]);
    assert_eq!(texts(&document.runbooks[0]), ["kubectl logs {pod} --previous", "kubectl delete pod {pod}"]);
    assert_eq!(risks(&document.runbooks[1]), [Tier::Read, Tier::Danger]);
}

#[test]
fn pictures_trees_of_files_and_output_draw_nothing_to_do() {
    for body in [
        "┌──────────┐\n│ Check db │\n└──────────┘\n   ├─ Restart the api\n   └─ Restart the worker",
        "shop/\n├── deploy.sh      # Deploy it to production\n├── test/\n├── restart.sh      # Restart the shop\n└── run.py",
        ".\n├── backup\n│   ├── restore.sh\n│   └── check.sh\n└── README.md",
        "├─1234 nginx: master process\n└─1235 nginx: worker process",
        "✅ Backup done\n✅ Upload done",
        "Alert → Primary → Secondary → Manager",
        "Week 1: Team A\nWeek 2: Team B",
    ] {
        assert_eq!(titles(&read(&fenced("", body))), [], "{body}");
    }
    let shown = only(&fenced("", "systemctl status shop\n├─ 12 nginx -g x\n└─ 13 kubectl delete pod y"));
    assert_eq!(texts(&shown), ["systemctl status shop"]);
}

#[test]
fn what_a_sentence_numbers_is_a_list() {
    let text = "# Ops\n\n## Go back\n\nTo recover: 1) stop it with `systemctl stop shop` 2) restart the db: `systemctl restart db`, and\n3) tell the team.\n";
    let book = only(text);
    assert_eq!(texts(&book), ["systemctl stop shop", "systemctl restart db"]);
    assert_eq!(book.steps.len(), 3);
    assert_eq!(step(&book, "tell the team").kind, StepKind::Manual);
    let begun = only("# Ops\n\n## Go back\n\n1) check the pods 2) restart the shop 3) tell the team\n");
    assert_eq!(
        steps(&begun),
        [("1", 5, "check the pods"), ("2", 5, "restart the shop"), ("3", 5, "tell the team")]
    );
    // What only counts is no list of what to do.
    let counted = "# Ops\n\n## Look\n\nThere are two ways it breaks: 1) the disk 2) the network.\n\n```bash\ndf -h\n```\n";
    assert_eq!(texts(&only(counted)), ["df -h"]);
    assert_eq!(only(counted).steps.len(), 1);
}

#[test]
fn commands_of_one_item_keep_their_order_whatever_joins_them() {
    for text in [
        "`kubectl cordon n1` → `kubectl drain n1` → `kubectl uncordon n1`",
        "`kubectl cordon n1` && `kubectl drain n1` && `kubectl uncordon n1`",
        "`kubectl cordon n1`, `kubectl drain n1`, `kubectl uncordon n1`",
        "`kubectl cordon n1`; then `kubectl drain n1`; then `kubectl uncordon n1`",
        "Move it: kubectl cordon n1; then kubectl drain n1; then kubectl uncordon n1",
        "**Step 2** - `kubectl cordon n1` then `kubectl drain n1` then `kubectl uncordon n1`",
        "You may `kubectl cordon n1` → then `kubectl drain n1` → then `kubectl uncordon n1`",
        "1) `kubectl cordon n1` 2) `kubectl drain n1` 3) `kubectl uncordon n1`",
        "If the node is bad → `kubectl cordon n1`, then `kubectl drain n1`, then `kubectl uncordon n1`",
    ] {
        let book = only(&format!("# Ops\n\n## Node is bad\n\n- {text}\n"));
        assert_eq!(texts(&book), ["kubectl cordon n1", "kubectl drain n1", "kubectl uncordon n1"], "{text}");
    }
    for text in [
        "Never `kubectl drain n1` → `kubectl delete node n1`",
        "The `a b` → `c d` flow",
        "See: kubectl is a tool",
    ] {
        let none = read(&format!("# Ops\n\n## Node is bad\n\n- {text}\n"));
        assert_eq!(titles(&none), [], "{text}");
    }
}

#[test]
fn each_row_of_a_table_of_troubles_is_a_runbook() {
    let text = "# Ops\n\n## Common issues\n\n| Symptom | Severity | Cause | Fix |\n|---|---|---|---|\n| Pods crash | P2 | OOM | Look with `kubectl describe pod <pod>`, then `kubectl rollout restart deploy/shop` |\n| Disk full | P1 | logs | 1) df -h 2) rm -rf /var/old |\n| Slow | P3 | cache | Restart the cache by hand |\n| Odd | P3 | nobody knows | |\n\n## Alerts\n\n| Alert | Meaning | Command |\n|---|---|---|\n| ShopHighErrors | it fails | kubectl logs deploy/shop<br>kubectl rollout undo deploy/shop |\n";
    let document = read(text);
    assert_eq!(titles(&document), [(7, "Pods crash"), (8, "Disk full"), (9, "Slow"), (16, "ShopHighErrors")]);
    let first = &document.runbooks[0];
    assert_eq!((first.severity.as_deref(), first.section.as_str()), (Some("P2"), "Common issues"));
    assert_eq!(first.symptoms, ["Pods crash"]);
    assert_eq!(first.notes[0].text, "Cause: OOM");
    assert_eq!(texts(first), ["kubectl describe pod <pod>", "kubectl rollout restart deploy/shop"]);
    assert_eq!(steps(&document.runbooks[1]), [("1", 8, "df -h"), ("2", 8, "rm -rf /var/old")]);
    assert_eq!(risks(&document.runbooks[1]), [Tier::Read, Tier::Danger]);
    assert_eq!(document.runbooks[3].alerts, ["ShopHighErrors"]);
    assert_eq!(
        texts(&document.runbooks[3]),
        ["kubectl logs deploy/shop", "kubectl rollout undo deploy/shop"]
    );
}

#[test]
fn inside_a_runbook_such_a_table_holds_its_ways() {
    let text = "# Ops\n\n## Runbook: Shop is down\n\n```bash\nkubectl get pods\n```\n\n| Problem | Solution |\n|---|---|\n| Pods crash | `kubectl rollout undo deploy/shop` |\n| ShopDiskFull | `kubectl delete pvc old` |\n";
    let book = only(text);
    assert_eq!(book.steps.len(), 3);
    assert_eq!(step(&book, "ShopDiskFull").branch.as_deref(), Some("ShopDiskFull"));
    assert_eq!(book.alerts, ["ShopDiskFull"]);
    assert_eq!(risks(&book), [Tier::Read, Tier::Change, Tier::Danger]);
}

#[test]
fn queries_of_metrics_and_logs_are_looked_at_and_never_run() {
    for query in [
        "rate(http_requests_total[5m])",
        "sum(rate(http_requests_total{code=~\"5..\"}[5m])) by (app)\n/ sum(rate(http_requests_total[5m])) by (app) > 0.05",
        "(etcd_db_total_size_in_bytes / etcd_server_quota_backend_bytes) * 100",
        "http_requests_total",
        "shop_errors_total / shop_requests_total > 0.1",
        "{app=\"shop\"} |= \"error\" | json",
        "histogram_quantile(0.99,\n  sum(rate(shop_seconds_bucket[5m])) by (le)\n)",
    ] {
        for tag in ["", "bash", "console", "promql", "text"] {
            let book = only(&fenced(tag, query));
            let all: Vec<_> =
                commands(&book).iter().map(|one| (one.statement.lang, one.statement.text.as_str())).collect();
            assert_eq!(all, [(Lang::Query, query)], "{tag}: {query}");
            assert_eq!(runs(&book), [], "{tag}: {query}");
        }
    }
    let mixed = only(&fenced(
        "bash",
        "# look\nkubectl get pods\nsum by (pod) (rate(x_total[5m]))\n  / 2\nkubectl delete ns shop",
    ));
    assert_eq!(texts(&mixed), ["kubectl get pods", "kubectl delete ns shop"]);
    assert_eq!(risks(&mixed), [Tier::Read, Tier::Read, Tier::Danger]);
}

#[test]
fn what_a_shell_runs_is_no_query() {
    for text in [
        "run_backup > /dev/null",
        "run_my_dump > out.sql",
        "count() { rm -rf /x; }",
        "host=\"db\"",
        "drop_all_tables",
    ] {
        for one in read(&fenced("bash", text)).runbooks.iter().flat_map(|book| commands(book)) {
            assert_eq!(one.statement.lang, Lang::Shell, "{text}");
        }
    }
}

#[test]
fn lists_without_end_are_answered() {
    let many = |part: &str| part.repeat(20_000);
    let numbered: String = (1..20_000).map(|n| n.to_string() + ") stop `a b` ").collect();
    for text in [
        format!("- {}\n", many("ls /x, then ")),
        format!("- {}\n", many("see: ")),
        format!("- {numbered}\n"),
        format!("{numbered}\n"),
        format!("```\n{}```\n", "├─ ls /x, then ls /y\n".repeat(1000)),
        format!("| Issue | Fix |\n|---|---|\n| a | {} |\n", many("ls /x; then ")),
    ] {
        let read = read(&format!("# Ops\n\n## Shop\n\n{text}"));
        assert_eq!(read.title, "Ops");
    }
}
