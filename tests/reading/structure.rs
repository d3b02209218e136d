//! How headings, labels, lists and fences come together, in the ways of many teams: what is a runbook, what is a
//! step of one, and what only says something.
use super::cases::{only, read, runs, step, steps, texts, titles};

#[test]
fn numbered_chapters_with_sections_of_their_own_are_no_steps_of_one_runbook() {
    let text = "# Shop operations\n\n## 1. Overview\n\nText.\n\n## 2. Deploy\n\n### 2.1 Roll out\n\n```bash\nkubectl apply -f k8s/\n```\n\n### 2.2 Undo it\n\n```bash\nkubectl rollout undo deployment/shop\n```\n\n## 3. Database\n\n### 3.1 Backup\n\n```bash\npg_dump shop > shop.sql\n```\n\n## 4. Restore it\n\n```bash\npg_restore -d shop shop.dump\n```\n";
    assert_eq!(
        titles(&read(text)),
        [(9, "2.1 Roll out"), (15, "2.2 Undo it"), (23, "3.1 Backup"), (29, "4. Restore it")]
    );
    let steps_of_one = "# Move the shop\n\n## Step 1: Prepare\n\n### Drain it\n\n```bash\nkubectl drain n1\n```\n\n## Step 2: Move\n\n### Start it\n\n```bash\nkubectl uncordon n2\n```\n";
    assert_eq!(titles(&read(steps_of_one)), [(1, "Move the shop")]);
}

#[test]
fn several_ways_to_do_one_thing_are_runbooks_and_no_phases() {
    let text = "# Shop operations\n\n## Pre-Deployment Checklist\n\n- [ ] Backup done\n- [ ] Team told\n\n## Rollback Procedures\n\n### Quick Rollback\n\n```bash\nkubectl rollout undo deployment/shop\n```\n\n### Full Rollback\n\n```bash\nkubectl delete deployment shop\n```\n\n## Post-Rollback Verification\n\n```bash\ncurl -s http://shop/health\n```\n";
    assert_eq!(
        titles(&read(text)),
        [
            (3, "Pre-Deployment Checklist"),
            (10, "Quick Rollback"),
            (16, "Full Rollback"),
            (22, "Post-Rollback Verification")
        ]
    );
}

#[test]
fn a_bold_line_between_a_heading_and_its_fence_does_not_take_its_title() {
    let text = "# Ops\n\n## Deployment\n\n### Emergency Rollback\n\n**Max rollback time: 5 minutes**\n\n```bash\n# Undo it\nkubectl rollout undo deployment/shop\n```\n\n### Full Rollback\n\n**Use this if data is corrupt:**\n\n```bash\nkubectl delete deployment shop\n```\n\n### Drain\n\n**Requires approval**\n\n```bash\nkubectl drain n1\n```\n\n### Quick Look\n\n**Check overall health:**\n```bash\ncurl http://x/health\n```\n";
    let document = read(text);
    assert_eq!(
        titles(&document),
        [(5, "Emergency Rollback"), (14, "Full Rollback"), (22, "Drain"), (30, "Quick Look")]
    );
    let notes: Vec<Vec<&str>> = document
        .runbooks
        .iter()
        .map(|one| one.notes.iter().map(|note| note.text.as_str()).collect())
        .collect();
    assert_eq!(
        notes,
        [
            vec!["Max rollback time: 5 minutes"],
            vec!["Use this if data is corrupt"],
            vec!["Requires approval"],
            vec![]
        ]
    );
    assert_eq!(steps(&document.runbooks[2]), [("1", 27, "Drain")]);
    assert_eq!(steps(&document.runbooks[3]), [("1", 32, "Check overall health")]);
    // Several names beside each other stay runbooks.
    let several = "# Ops\n\n## Losses\n\n### By hand\n\n**Server lost:**\n```bash\nterraform apply\n```\n\n**Table lost:**\n```bash\npg_restore -d shop shop.dump\n```\n";
    assert_eq!(titles(&read(several)), [(7, "Server lost"), (12, "Table lost")]);
}

#[test]
fn what_a_symptom_is_looked_into_with_is_no_runbook_for_each_look() {
    let text = "# Ops\n\n## Known trouble\n\n### App Not Accessible (502/504)\n\n**Check tunnel:**\n```bash\nsystemctl status tunnel\n```\n\n**Check proxy:**\n```bash\ndocker logs proxy\n```\n";
    let book = only(text);
    assert_eq!(book.title, "App Not Accessible (502/504)");
    assert_eq!(steps(&book), [("1", 7, "Check tunnel"), ("2", 12, "Check proxy")]);
}

#[test]
fn probable_causes_and_immediate_actions_are_parts_of_the_alert_above_them() {
    let text = "# Ops\n\n## Error budget burns\n\n**Alert names:** `ShopFastBurn`, `CartFastBurn`\n\n**Trigger:** errors > 3.6 % over 1 hour\n\n### Probable Causes\n\n1. Database full\n2. Bad release\n\n### Immediate Actions\n\n1. Look:\n   ```bash\n   kubectl get pods\n   ```\n\n### Escalation Path\n\n- **> 15 min:** the lead\n\n## Disk fills\n\n### Probable Causes\n\n1. Logs\n\n### Immediate Actions\n\n1. Look:\n   ```bash\n   df -h\n   ```\n";
    let document = read(text);
    assert_eq!(titles(&document), [(3, "Error budget burns"), (25, "Disk fills")]);
    let first = &document.runbooks[0];
    assert_eq!(first.alerts, ["ShopFastBurn", "CartFastBurn"]);
    assert_eq!(first.trigger.as_deref(), Some("errors > 3.6 % over 1 hour"));
    assert_eq!(texts(first), ["kubectl get pods"]);
}

#[test]
fn a_label_carries_its_time_budget_in_parentheses_behind_its_mark() {
    let text = "# Ops\n\n## Runbook: API down\n\n**Immediate Actions** (0-5 minutes):\n1. Look:\n   ```bash\n   kubectl get pods\n   ```\n\n**Investigation** (5-15 minutes):\n1. See:\n   ```bash\n   kubectl get nodes\n   ```\n";
    let book = only(text);
    let told: Vec<(Option<&str>, Option<&str>)> =
        book.steps.iter().map(|one| (one.phase.as_deref(), one.time_budget.as_deref())).collect();
    assert_eq!(
        told,
        [(None, Some("0-5 minutes")), (Some("Investigation (5-15 minutes)"), Some("5-15 minutes"))]
    );
}

#[test]
fn a_phase_ends_at_the_label_beside_it_and_at_a_heading() {
    let text = "# Ops\n\n## Runbook: Recovery\n\n**Database Recovery**:\n1. Stop it:\n   ```bash\n   kubectl scale deployment shop --replicas=0\n   ```\n\n**Configuration Store**:\n```bash\nkubectl apply -f config.yaml\n```\n\n**Diagnosis:**\n\n**Pods:**\n```bash\nkubectl get pods\n```\n\n**Nodes:**\n```bash\nkubectl get nodes\n```\n\n### 2. Look at the load\n\n```bash\nuptime\n```\n";
    let book = only(text);
    let phases: Vec<(&str, Option<&str>)> =
        book.steps.iter().map(|one| (one.title.as_str(), one.phase.as_deref())).collect();
    assert_eq!(
        phases,
        [
            ("Stop it", Some("Database Recovery")),
            ("Configuration Store", None),
            ("Pods", Some("Diagnosis")),
            ("Nodes", Some("Diagnosis")),
            ("Look at the load", None)
        ]
    );
}

#[test]
fn code_behind_a_list_that_speaks_of_something_else_is_a_step_of_its_own() {
    let text = "# Ops\n\n## Morning\n\n- [ ] Look at errors\n- [ ] Look at disks\n\n```bash\n# Quick check\ncurl -s http://x/health\n```\n";
    let book = only(text);
    assert_eq!(
        steps(&book),
        [("1", 5, "Look at errors"), ("2", 6, "Look at disks"), ("3", 9, "Quick check")]
    );
    assert!(step(&book, "Look at disks").commands.is_empty());
    let told = "# Ops\n\n## Evening\n\n1. Log in\n2. Look at the disks\n\n```bash\n# Disks\ndf -h\n```\n";
    assert_eq!(steps(&only(told)), [("1", 5, "Log in"), ("2", 6, "Look at the disks")]);
}

#[test]
fn what_is_numbered_below_a_condition_is_done_only_then() {
    let text = "# Ops\n\n## Issue: Model missing\n\n**Diagnosis:**\n1. Look:\n   ```bash\n   uptime\n   ```\n\n**Resolution:**\n\n**If it is young:**\n- Wait\n\n**If it is old:**\n1. Read its log:\n   ```bash\n   docker logs model\n   ```\n\n2. Read the disk:\n   ```bash\n   df -h\n   ```\n\n**Afterwards:**\n1. Look again:\n   ```bash\n   docker ps\n   ```\n";
    let book = only(text);
    assert_eq!(
        steps(&book),
        [
            ("1", 6, "Look"),
            ("2", 13, "If it is young"),
            ("3", 16, "If it is old"),
            ("3a", 17, "Read its log"),
            ("3b", 22, "Read the disk"),
            ("4", 28, "Look again")
        ]
    );
}

#[test]
fn what_a_server_answers_is_expected_and_no_runbook() {
    let text = "# Ops\n\n## Status\n\n### Health\n\n**Ask the shop:**\n```bash\ncurl https://shop/health\n```\n\n**Expected responses:**\n\n**Healthy (all of them there):**\n```json\n{\"status\": \"healthy\"}\n```\n\n**Degraded (one is gone):**\n```json\n{\"status\": \"degraded\"}\n```\n\n### Endpoints\n\n**Failure response (ready):**\n```json\n{\"status\": \"not ready\"}\n```\n\n### Set the limits\n\n```bash\nkubectl apply -f limits.yaml\n```\n";
    let document = read(text);
    assert_eq!(titles(&document), [(5, "Health"), (31, "Set the limits")]);
    let health = &document.runbooks[0];
    assert_eq!(steps(health), [("1", 7, "Ask the shop")]);
    assert_eq!(health.steps[0].expected.as_deref(), Some("{\"status\": \"healthy\"}"));
}

#[test]
fn what_has_caused_it_is_no_story_behind_if() {
    let text = "# Ops\n\n## Runbook: API down\n\n**Resolution:**\n- If a deployment caused it: `kubectl rollout undo deployment/a`\n- If memory caused the restart, run `kubectl rollout restart deployment/c`\n- If it was lost, never run `kubectl delete pvc data`\n";
    let lines: Vec<u32> = runs(&only(text)).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [6, 7]);
}

#[test]
fn an_alert_is_as_severe_as_the_index_of_alerts_says() {
    let text = "# Ops\n\n## Alert index\n\n| Alert | Severity | Routing |\n|---|---|---|\n| *_FastBurn | critical | pager |\n| DiskFull | warning | chat |\n\n## Error budget burns\n\n**Alert names:** `ShopFastBurn`, `Shop_FastBurn`\n\n1. Look: `kubectl get pods`\n2. Wait\n\n## Disk fills\n\n**Alert:** DiskFull\n\n1. Look: `df -h`\n2. Wait\n";
    let document = read(text);
    let told: Vec<Option<&str>> = document.runbooks.iter().map(|one| one.severity.as_deref()).collect();
    assert_eq!(told, [Some("critical"), Some("warning")]);
}
