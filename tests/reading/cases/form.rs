//! Cases of form: fences, titles, labels, lists, what a document says of itself.
use super::{commands, kinds, only, read, runs, step, steps, texts, titles};
use firedeck::commands::{Lang, Role};
use firedeck::runbook::{Kind, Mode, Status, StepKind};

#[test]
fn case_01_and_02_an_unclosed_fence_loses_no_later_runbook() {
    let text = "# Ops\n\n## Later: pods (Not Implemented)\n\n```yaml\n# FUTURE: nothing of this is there\n\n## Check images\n\n```bash\ncosign verify app\n```\n\n## Copy data\n\n```bash\npg_dump -h db -f out.sql shop\n```\n";
    assert_eq!(titles(&read(text)), [(8, "Check images"), (14, "Copy data")]);
}

#[test]
fn case_03_yaml_in_a_shell_fence_is_not_run() {
    let text = "# Ops\n\n## Tuning\n\n### Tune the queue\n\n```bash\nredis-cli CONFIG SET timeout 10\n```\n\n### Tune the app\n\n```bash\n# Set these in the compose file\nservices:\n  app:\n    environment:\n      POOL: 50  # by size\n      IDLE: 10\n```\n";
    let document = read(text);
    assert_eq!(titles(&document), [(5, "Tune the queue"), (11, "Tune the app")]);
    let tuned = document.runbooks.last().expect("two");
    assert_eq!((tuned.kind, runs(tuned).len(), tuned.steps.len()), (Kind::Reference, 0, 1));
}

#[test]
fn case_04_a_numbered_list_in_a_shell_fence_is_done_by_hand() {
    let text = "# Ops\n\n## Growing options\n\n```bash\n# The options now:\n\n1. Bigger machine\n   - Stop it\n   - Change its type\n\n2. Tune the containers\n   - Less memory\n\n3. Future: more machines\n   - Needs a balancer\n```\n";
    let book = only(text);
    assert_eq!(
        steps(&book),
        [("1", 8, "Bigger machine"), ("2", 12, "Tune the containers"), ("3", 15, "Future: more machines")]
    );
    assert_eq!(book.mode, Mode::Menu);
    assert!(runs(&book).is_empty());
    assert_eq!(step(&book, "Bigger machine").text, "Stop it\nChange its type");
}

#[test]
fn case_05_a_script_inside_a_manifest_is_read() {
    let text = "# Ops\n\n## Region lost\n\n```yaml\napiVersion: v1\nkind: ConfigMap\ndata:\n  script: |\n    #!/bin/bash\n    # Move over\n\n    UP=$(curl -s https://east.shop.example/health)\n    if [ \"$UP\" != ok ]; then\n        # Scale the other side\n        kubectl --context=west scale deployment web --replicas=6\n\n        # Tell the team\n        ./tell.sh moved\n    fi\n```\n";
    let book = only(text);
    let lines: Vec<u32> = runs(&book).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [13, 16, 19]);
    assert_eq!(step(&book, "Tell the team").line, 18);
}

#[test]
fn case_06_a_program_in_another_language_is_a_reference() {
    let text = "# Ops\n\n## Tuning\n\n### Tune the queue\n\n```bash\nredis-cli CONFIG SET timeout 10\n```\n\n### Load testing\n\n```javascript\nimport http from 'k6/http';\nexport default function() { http.get(`http://a/${__VU}`); }\n```\n";
    let document = read(text);
    let load = document.runbooks.last().expect("two");
    assert_eq!((load.title.as_str(), load.kind, runs(load).len()), ("Load testing", Kind::Reference, 0));
}

#[test]
fn case_07_a_query_language_is_copied_and_never_run() {
    let text = "# Ops\n\n## Searches\n\n```\n# Errors by path\nindex=\"web\" level=\"error\" | stats count by path\n\n# Slow ones\nindex=\"web\" tool=* | stats avg(ms) by tool\n```\n";
    let book = only(text);
    assert_eq!(steps(&book), [("1", 6, "Errors by path"), ("2", 9, "Slow ones")]);
    assert!(
        commands(&book)
            .iter()
            .all(|one| one.statement.role == Role::Query && one.statement.lang == Lang::Query)
    );
}

#[test]
fn case_08_comments_without_commands_are_steps_by_hand() {
    let text = "# Ops\n\n## Runbook: Outage\n\n1. **Take it** (0-5 min)\n   ```bash\n   # Take the page\n   # Tell the channel\n   ```\n\n2. **Look**\n   ```bash\n   kubectl get pods\n   ```\n";
    let book = only(text);
    assert_eq!(kinds(&book), [StepKind::Manual, StepKind::Command]);
    assert_eq!(step(&book, "Take it").text, "Take the page\nTell the channel");
    let trailing = only(
        "# Ops\n\n## Rotate\n\n```bash\n# Restart\nkubectl rollout restart deployment web\n\n# Notify the users of the old keys\n```\n",
    );
    assert_eq!(steps(&trailing), [("1", 6, "Restart"), ("2", 9, "Notify the users of the old keys")]);
}

#[test]
fn case_09_fences_and_expected_results_inside_numbered_items() {
    let text = "# Ops\n\n## Runbook: Morning\n\n1. **Ask it**\n   ```bash\n   curl -s http://a/health | jq\n   ```\n   Expected: `{\"up\": true}`\n\n2. **Next**\n   - Look around\n";
    let book = only(text);
    assert_eq!(runs(&book), [(7, "curl -s http://a/health | jq")]);
    assert_eq!(step(&book, "Ask it").expected.as_deref(), Some("`{\"up\": true}`"));
}

#[test]
fn case_10_a_time_budget_stands_behind_or_inside_the_bold_title() {
    let text = "# Ops\n\n## Runbook: Leak\n\n1. **Take it** (0-5 min)\n   - Page\n2. **Contain (5-15 minutes)**\n   - Cut it off\n";
    let budgets: Vec<Option<String>> = only(text).steps.into_iter().map(|step| step.time_budget).collect();
    assert_eq!(budgets, [Some("0-5 min".into()), Some("5-15 minutes".into())]);
}

#[test]
fn case_11_bold_conditions_inside_a_step_are_its_branches() {
    let text = "# Ops\n\n## Runbook: Outage\n\n1. **Find the cause**\n\n   **If pods crash:**\n   ```bash\n   kubectl get pods\n   ```\n\n   **Scale up (if load is high):**\n   ```bash\n   kubectl scale deployment web --replicas=5\n   ```\n\n2. **If done by hand:**\n   ```bash\n   certbot renew\n   ```\n";
    let book = only(text);
    assert_eq!(
        steps(&book),
        [
            ("1", 5, "Find the cause"),
            ("1a", 7, "If pods crash"),
            ("1b", 12, "Scale up"),
            ("2", 17, "If done by hand")
        ]
    );
    assert_eq!(kinds(&book).first(), Some(&StepKind::Branch));
    assert_eq!(step(&book, "Scale up").branch.as_deref(), Some("if load is high"));
    assert_eq!(book.steps.last().expect("last").branch.as_deref(), Some("If done by hand"));
}

#[test]
fn case_12_metadata_without_blank_lines_and_with_either_colon() {
    let text = "# Ops\n\n## Runbook: Outage\n\n**Severity:** P1 - Critical\n**Response Time**: 15 minutes\n**Trigger:** CPU > 70% for 10 minutes\n\n1. **Look**\n   - at it\n\n## Slow\n**Symptoms**: late pages, angry users\n**Investigation**:\n```bash\nkubectl top pods\n```\n";
    let document = read(text);
    let outage = document.runbooks.first().expect("two");
    assert_eq!(outage.severity.as_deref(), Some("P1 - Critical"));
    assert_eq!(outage.response_time.as_deref(), Some("15 minutes"));
    assert_eq!(outage.trigger.as_deref(), Some("CPU > 70% for 10 minutes"));
    let slow = document.runbooks.last().expect("two");
    assert_eq!(slow.symptoms, ["late pages", "angry users"]);
    assert_eq!(slow.steps.first().and_then(|step| step.phase.as_deref()), Some("Investigation"));
}

#[test]
fn case_13_an_alternative_without_a_command_stays_a_text() {
    let text = "# Ops\n\n## Runbook: Grow\n\n1. **Grow the database**\n   ```bash\n   # If managed\n   # Use the console\n\n   # If ours\n   kubectl scale statefulset/db --replicas=3\n   ```\n2. **Wait**\n   - a while\n";
    let book = only(text);
    assert_eq!(runs(&book), [(11, "kubectl scale statefulset/db --replicas=3")]);
    assert!(step(&book, "Grow the database").text.contains("Use the console"));
}

#[test]
fn case_14_ways_in_one_fence_are_a_menu() {
    let text = "# Ops\n\n## Scaling\n\n```bash\n# Scale up\nkubectl scale deployment web --replicas=5\n\n# Scale down\nkubectl scale deployment web --replicas=2\n```\n";
    assert_eq!(only(text).mode, Mode::Menu);
    let sequence = "# Ops\n\n## Scaling\n\n```bash\n# Scale the web\nkubectl scale deployment web --replicas=5\n\n# Scale the gate\nkubectl scale deployment gate --replicas=2\n```\n";
    assert_eq!(only(sequence).mode, Mode::Sequence);
}

#[test]
fn case_15_comments_for_one_platform_each_are_a_menu() {
    let text = "# Ops\n\n## Update\n\n```bash\n# For Docker Swarm\ndocker service update --image app:2 web\n\n# For Kubernetes\nkubectl set image deployment/web web=app:2\n```\n";
    let book = only(text);
    assert_eq!((book.mode, book.steps.len()), (Mode::Menu, 2));
}

#[test]
fn case_53_what_is_not_of_the_present_platform_is_marked() {
    let text = "# Ops\n\nIt currently runs on Docker Compose, not Kubernetes.\n\n## Version change\n\n```bash\n# Stop\ndocker-compose down\n\n# Scale\nkubectl scale deployment web --replicas=0\n```\n\n## Restart of the web\n\n```bash\nkubectl rollout restart deployment web\n```\n\n## Present state\n\n```bash\ndocker-compose ps\n```\n";
    let document = read(text);
    let all: Vec<Status> = document.runbooks.iter().map(|one| one.status).collect();
    assert_eq!(all, [Status::Mixed, Status::Aspirational, Status::Current]);
    let future: Vec<bool> =
        commands(document.runbooks.first().expect("three")).iter().map(|one| one.future).collect();
    assert_eq!(future, [false, true]);
}

#[test]
fn case_54_headings_that_begin_with_numbers_are_runbooks_of_their_own() {
    let text = "# Ops\n\n## Recovery Procedures\n\n### 1. Total failure\n\n```bash\n# 1. Look\nkubectl get pods\n```\n\n### 2. Database failure\n\n```bash\n# 1. Look\npg_isready\n```\n";
    assert_eq!(titles(&read(text)), [(5, "1. Total failure"), (12, "2. Database failure")]);
}

#[test]
fn case_55_a_bold_label_is_a_title_a_phase_or_a_fact() {
    let text = "# Ops\n\n## Common\n\n### Deployments\n\n**Rolling Update:**\n```bash\nkubectl set image deployment/web web=app:2\n```\n\n**Go Back:**\n```bash\nkubectl rollout undo deployment/web\n```\n\n#### Issue: High Memory\n\n**Symptoms:**\n- memory above 90%\n\n**Diagnosis:**\n```bash\nkubectl top pods\n```\n\n**Solutions:**\n```bash\nkubectl rollout restart deployment/web\n```\n";
    let document = read(text);
    assert_eq!(titles(&document), [(7, "Rolling Update"), (12, "Go Back"), (17, "Issue: High Memory")]);
    let issue = document.runbooks.last().expect("three");
    assert_eq!(issue.symptoms, ["memory above 90%"]);
    let phases: Vec<Option<&str>> = issue.steps.iter().map(|step| step.phase.as_deref()).collect();
    assert_eq!(phases, [Some("Diagnosis"), Some("Solutions")]);
    let first = document.runbooks.first().expect("three");
    assert_eq!((first.section.as_str(), first.parent.as_deref()), ("Common", Some("Deployments")));
}

#[test]
fn case_56_severity_and_response_time_are_joined_from_two_lists() {
    let text = "# Ops\n\n## Emergency\n\n### Escalation\n\n**Severity Levels:**\n- **P0 (Critical)**: all is down\n- **P1 (High)**: much is down\n\n**Response Times:**\n- P0: 15 minutes\n- P1: 1 hour\n\n### P0 Incident Response\n\n```bash\n# 1. Look\nkubectl get pods\n```\n";
    let book = only(text);
    assert_eq!(
        (book.severity.as_deref(), book.response_time.as_deref()),
        (Some("P0 (Critical)"), Some("15 minutes"))
    );
}

#[test]
fn case_57_pictures_decorate_and_tick_nothing() {
    let text = "# Ops\n\n## 📈 Tuning\n\n### Tuning Checklist\n\n**Application:**\n- ✅ Enable the cache\n- ✅ Join requests\n\n**Network:**\n- ✅ Set quotas\n";
    let book = only(text);
    assert_eq!(book.section, "Tuning");
    assert_eq!(steps(&book).first(), Some(&("1", 8, "Enable the cache")));
    assert_eq!(step(&book, "Set quotas").phase.as_deref(), Some("Network"));
    assert!(book.steps.iter().all(|step| step.checkbox != Some(true)));
}

#[test]
fn case_58_numbers_that_begin_anew_count_on() {
    let text = "# Ops\n\n## Slow\n\n**Investigation Steps**:\n1. Check the metrics\n2. Check the network\n\n**Resolution**:\n1. Add a cache\n2. Scale it\n";
    let numbers: Vec<String> = only(text).steps.into_iter().map(|step| step.n).collect();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
}

#[test]
fn case_59_a_heading_that_says_only_how_often_takes_its_parents_name() {
    let text = "# Ops\n\n## Maintenance\n\n### Regular Tasks\n\n#### Daily\n- [ ] Check the log\n- [ ] Check the disk\n\n#### Weekly\n- [ ] Clean up\n- [ ] Review alerts\n";
    let document = read(text);
    assert_eq!(titles(&document), [(7, "Regular Tasks: Daily"), (11, "Regular Tasks: Weekly")]);
    assert_eq!(document.runbooks.first().and_then(|one| one.frequency.as_deref()), Some("Daily"));
}

#[test]
fn case_60_the_head_of_a_script_is_no_step() {
    let text = "# Ops\n\n## Morning\n\n```bash\n#!/bin/bash\n# scripts/morning.sh\n\n# Check pods\nkubectl get pods\n```\n";
    assert_eq!(steps(&only(text)), [("1", 9, "Check pods")]);
}

#[test]
fn case_62_hard_breaks_and_a_missing_last_newline_change_nothing() {
    let text =
        "# Ops\n\n## Look  \n\n```bash\nkubectl get pods  \n```\n\n**Version**: 1.0  \n**Updated**: today";
    assert_eq!(texts(&only(text)), ["kubectl get pods"]);
}

#[test]
fn case_63_one_title_may_stand_twice() {
    let text = "# Ops\n\n## A\n\n### Pods at work\n\n```bash\nls\n```\n\n## B\n\n### Pods at work\n\n```bash\nkubectl get pods\n```\n";
    assert_eq!(titles(&read(text)), [(5, "Pods at work"), (13, "Pods at work")]);
}

#[test]
fn numbered_steps_right_behind_the_symptoms_are_steps() {
    let text = "# Yard\n\n## Crane does not lift\n\n**Symptoms:**\n- The hook hangs\n- Alarm rings\n\n1. **Look at the crane**\n   ```bash\n   kubectl get pods -n yard\n   ```\n\n2. **Write it down**\n";
    let book = only(text);
    assert_eq!(book.symptoms, ["The hook hangs", "Alarm rings"]);
    assert_eq!(steps(&book), [("1", 9, "Look at the crane"), ("2", 14, "Write it down")]);
    assert!(book.steps.iter().all(|step| step.phase.is_none()));
}

#[test]
fn code_below_what_is_expected_in_words_is_the_next_thing_to_run() {
    let text = "# Yard\n\n## Crane stands\n\n1. Look\n   ```bash\n   kubectl get pods\n   ```\n   Expected: all run\n   \
                ```bash\n   kubectl get nodes\n   ```\n2. Ask\n   ```bash\n   uptime\n   ```\n   Expected output:\n   \
                ```\n   up 3 days\n   ```\n";
    assert_eq!(texts(&only(text)), ["kubectl get pods", "kubectl get nodes", "uptime"]);
}

#[test]
fn what_follows_the_symptoms_is_no_runbook_of_symptoms() {
    let text = "# Yard\n\n## Crane stands\n\n### Symptoms\n\n- nothing moves\n\n1. Look\n   ```bash\n   kubectl get pods\n   \
                ```\n\n## Gate is shut\n\n### Symptoms\n\n- a queue\n\n```bash\nuptime\n```\n";
    assert_eq!(titles(&read(text)), [(3, "Crane stands"), (14, "Gate is shut")]);
}
