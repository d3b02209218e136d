//! Cases of scripts: branches, variables, here-documents, statements of several lines.
use super::{asked, commands, only, runs, step, texts};
use firedeck::runbook::Mode;

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
