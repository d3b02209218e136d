//! The hard cases of the requirements (section 6) that are about reading: one test for each, named after it, on
//! texts of our own.
use firedeck::commands::tools::Tables;
use firedeck::commands::{Lang, Role};
use firedeck::runbook::{Command, Document, Kind, Mode, Runbook, Status, Step, StepKind, catalogue};

fn read(text: &str) -> Document {
    catalogue::read("page.md", text, &Tables::default())
}

/// The only runbook of a text.
fn only(text: &str) -> Runbook {
    let document = read(text);
    assert_eq!(titles(&document).len(), 1, "{:?}", titles(&document));
    Runbook::clone(document.runbooks.first().expect("one"))
}

fn titles(document: &Document) -> Vec<(u32, &str)> {
    document.runbooks.iter().map(|one| (one.line, one.title.as_str())).collect()
}

fn commands(runbook: &Runbook) -> Vec<&Command> {
    runbook.steps.iter().flat_map(|step| &step.commands).collect()
}

/// What would run, with its line.
fn runs(runbook: &Runbook) -> Vec<(u32, &str)> {
    let real = commands(runbook).into_iter().filter(|one| one.statement.role == Role::Action);
    real.map(|one| (one.statement.line, one.statement.text.as_str())).collect()
}

fn texts(runbook: &Runbook) -> Vec<&str> {
    runs(runbook).into_iter().map(|(_, text)| text).collect()
}

fn steps(runbook: &Runbook) -> Vec<(&str, u32, &str)> {
    runbook.steps.iter().map(|step| (step.n.as_str(), step.line, step.title.as_str())).collect()
}

fn kinds(runbook: &Runbook) -> Vec<StepKind> {
    runbook.steps.iter().map(|step| step.kind).collect()
}

fn step<'a>(runbook: &'a Runbook, title: &str) -> &'a Step {
    runbook
        .steps
        .iter()
        .find(|step| step.title == title)
        .unwrap_or_else(|| panic!("{title}: {:?}", steps(runbook)))
}

fn asked(runbook: &Runbook) -> Vec<&str> {
    commands(runbook).iter().flat_map(|one| &one.placeholders).map(|one| one.text.as_str()).collect()
}

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
            ("2", 17, "If done by hand:")
        ]
        .map(|(n, l, t)| (n, l, t.trim_end_matches(':')))
        .map(|one| one)
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
fn case_16_the_arms_of_a_case_are_branches() {
    let text = "# Ops\n\n## Degraded\n\n```bash\n#!/bin/bash\n# answer to an alert\n\nKIND=$1\n\ncase $KIND in\n    \"slow\")\n        # Restart it\n        docker restart web\n        # Look at memory\n        free -h\n        ;;\n    \"down\")\n        # Read the log\n        docker logs web\n        ;;\nesac\n```\n";
    let book = only(text);
    assert_eq!(book.mode, Mode::Menu);
    let told: Vec<(&str, &str)> =
        book.steps.iter().map(|step| (step.n.as_str(), step.title.as_str())).collect();
    assert_eq!(
        told,
        [
            ("0", "(script preamble)"),
            ("1", "slow"),
            ("1a", "Restart it"),
            ("1b", "Look at memory"),
            ("2", "down"),
            ("2a", "Read the log")
        ]
    );
    assert_eq!(step(&book, "Read the log").branch.as_deref(), Some("down"));
}

#[test]
fn case_17_steps_inside_an_if_keep_its_condition() {
    let text = "# Ops\n\n## Failover\n\n```bash\n# 1. Is the primary down?\nif ! pg_isready -h one; then\n    # 2. Promote the other\n    pg_ctl promote\n\n    # 3. Restart\n    kubectl rollout restart deployment/web\nfi\n```\n";
    let book = only(text);
    assert_eq!(book.steps.iter().map(|step| step.n.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(step(&book, "Promote the other").branch.as_deref(), Some("! pg_isready -h one"));
}

#[test]
fn case_18_a_test_with_its_two_answers_is_one_step() {
    let text = "# Ops\n\n## Morning\n\n```bash\n# 1. Check it\nif curl -s http://a/health | grep -q \"healthy\"; then\n    echo PASS\nelse\n    echo FAIL\nfi\n\n# 2. Check the disk\ndf -h\n```\n";
    let book = only(text);
    assert_eq!(book.steps.len(), 2);
    assert_eq!(runs(&book).first().map(|(line, text)| (*line, text.lines().count())), Some((7, 5)));
}

#[test]
fn case_19_and_20_what_a_script_sets_is_not_asked_for_but_its_arguments_are() {
    let text = "# Ops\n\n## Restore\n\n```bash\n#!/bin/bash\n# restore.sh\n\nDAY=$1\nFROM=\"/backups/$DAY\"\nKEEP=${2:-30}\n\n# Copy it\ncp $FROM/a.sql /tmp\n\n# Say so\n./tell.sh $DAY $KEEP\n```\n";
    let book = only(text);
    assert_eq!(asked(&book), ["$1", "$DAY", "$2", "$DAY", "$KEEP"]);
    let names: Vec<Option<&str>> = book.arguments.iter().map(|one| one.name.as_deref()).collect();
    assert_eq!(names, [Some("DAY"), Some("KEEP")]);
    assert_eq!(book.steps.first().map(|step| step.n.as_str()), Some("0"));
}

#[test]
fn case_22_and_23_here_documents_belong_to_their_statement() {
    let text = "# Ops\n\n## New box\n\n```bash\n# 1. Set it up\nssh -i your-key.pem ops@box << 'EOF'\n  # Install\n  sudo yum install -y docker\nEOF\n\n# 2. Say so\nkubectl apply -f - <<EOF\nkind: ConfigMap\nEOF\n```\n";
    let book = only(text);
    assert_eq!(book.steps.len(), 2);
    let spans: Vec<(u32, u32)> =
        commands(&book).iter().map(|one| (one.statement.line, one.statement.end_line)).collect();
    assert_eq!(spans, [(7, 10), (13, 15)]);
}

#[test]
fn case_24_to_27_statements_of_several_lines_keep_their_bytes() {
    let text = "# Ops\n\n## Runbook: Pool\n\n1. **Count**\n   ```bash\n   kubectl exec deploy/db -- psql -U app -c \\\n     \"SELECT count(*) FROM t WHERE s = 'idle';\"\n   ```\n2. **Patch**\n   ```bash\n   kubectl patch x -p '[\n     {\"op\":\"add\"}\n   ]'\n   psql -c \"\n       SELECT 1\n   \"\n   ```\n";
    assert_eq!(
        texts(&only(text)),
        [
            "kubectl exec deploy/db -- psql -U app -c \\\n  \"SELECT count(*) FROM t WHERE s = 'idle';\"",
            "kubectl patch x -p '[\n  {\"op\":\"add\"}\n]'",
            "psql -c \"\n    SELECT 1\n\"",
        ]
    );
}

#[test]
fn case_28_a_comment_behind_the_last_argument_stays_where_it_is() {
    let text = "# Ops\n\n## Restore\n\n```bash\n# Over there\naz x restore \\\n  --location north  # for the worst day\n```\n";
    assert_eq!(texts(&only(text)), ["az x restore \\\n  --location north  # for the worst day"]);
}

#[test]
fn case_29_and_30_a_loop_is_one_command() {
    let text = "# Ops\n\n## Clean\n\n```bash\n# 1. Delete old images\nfor r in $(az acr repository list -o tsv); do\n  az acr x --repository $r | \\\n  while read d; do\n    az acr repository delete --image $r@$d --yes\n  done\ndone\n\n# 2. Look\nkubectl get pods\n```\n";
    let book = only(text);
    assert_eq!(runs(&book).into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [7, 15]);
    assert!(asked(&book).is_empty());
}

#[test]
fn case_32_a_function_prepares_and_is_no_step() {
    let text = "# Ops\n\n## Health\n\n```bash\n#!/bin/bash\n# health\n\n# Function to ask one\nask() {\n    local url=$1\n    curl -s $url\n}\n\n# Ask all\nask http://a/health\n```\n";
    let book = only(text);
    let counted: Vec<&str> =
        book.steps.iter().filter(|step| step.n != "0").map(|step| step.title.as_str()).collect();
    assert_eq!(counted, ["Ask all"]);
}

#[test]
fn case_33_and_34_signs_of_a_shell_are_told_from_values_to_fill_in() {
    let text = "# Ops\n\n## Isolate\n\n```bash\n# Isolate\nkubectl label pod <pod-name> -n shop q=true\n\n# List\ndocker images | grep -v \"<none>\"\n\n# Count\npsql -c \"SELECT 1 WHERE pid <> pg_backend_pid()\"\n```\n";
    assert_eq!(asked(&only(text)), ["<pod-name>"]);
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
