//! Whatever stands in a file, it is read, in a time that grows with its size, and what is good in it is found.
use std::time::Duration;

use firedeck::commands::tools::Tables;
use firedeck::runbook::{Document, catalogue};
use proptest::prelude::*;

const MORNING: &str = "# Harbour\n\n## Morning look\n\n```bash\nkubectl get pods -n harbour\n```\n\n";
const EVENING: &str =
    "\n\n## Evening restart\n\n```bash\nkubectl -n harbour rollout restart deployment/crane\n```\n";

fn read(text: &str) -> Document {
    catalogue::read("hostile.md", text, &Tables::default())
}

fn has(document: &Document, command: &str) -> bool {
    let mut steps = document.runbooks.iter().flat_map(|book| &book.steps);
    steps.any(|step| step.commands.iter().any(|have| have.statement.text == command))
}

/// A kind of rubbish, of about so many bytes.
type Rubbish = fn(usize) -> String;

fn repeated(part: &str, size: usize) -> String {
    part.repeat(size / part.len() + 1)
}

/// So many numbered parts.
fn numbered(size: usize, part: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut n = 0;
    while text.len() < size {
        text.push_str(&part(n));
        n += 1;
    }
    text
}

fn shell(body: &str) -> String {
    format!("```bash\n{body}\n```\n")
}

/// Noise that looks like nothing: a fixed sequence, the same each time.
fn noise(size: usize) -> Vec<u8> {
    let mut state: u32 = 0x9e37_79b9;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..size).map(|_| step()).collect()
}

const RUBBISH: [(&str, Rubbish); 53] = [
    ("binary", |n| String::from_utf8_lossy(&noise(n)).into_owned()),
    ("NUL", |n| "\0".repeat(n)),
    ("NUL lines", |n| repeated("\0kubectl\0get\0pods\n", n)),
    ("control signs", |n| repeated("\u{1b}[31mred\u{7}\u{8}\u{85}\u{2028}", n)),
    ("one line", |n| "x".repeat(n)),
    ("one line of words", |n| repeated("check the pump and ", n)),
    ("blank lines", |n| "\n".repeat(n)),
    ("blanks", |n| " ".repeat(n)),
    ("tabs", |n| "\t".repeat(n)),
    ("carriage returns", |n| repeated("a\r", n)),
    ("backticks", |n| "`".repeat(n)),
    ("backticks of every length", |n| numbered(n, |k| format!("{} a ", "`".repeat(k % 500 + 1)))),
    ("fences of every length", |n| numbered(n, |k| format!("{}\na\n", "`".repeat(k % 300 + 3)))),
    ("inline code", |n| repeated("run `kubectl get pods` or ", n)),
    ("inline code that tells", |n| format!("# Crane\n\n{}", repeated("run `kubectl get pods` or ", n))),
    ("inline code on lines", |n| repeated("- run `kubectl get pods -n a`\n", n)),
    ("tildes", |n| "~".repeat(n)),
    ("quotes in quotes", |n| repeated("> ", n)),
    ("lists in lists", |n| repeated("- ", n)),
    ("numbers in numbers", |n| repeated("1. ", n)),
    // Each line is longer than the one before.
    ("deeper and deeper items", |n| {
        (0..n.isqrt()).fold(String::new(), |text, k| text + &"  ".repeat(k) + "- a\n")
    }),
    ("ten thousand levels", |n| format!("{}\n", repeated("> - ", n.min(40_000)))),
    ("headings", |n| repeated("# a\n\n", n)),
    ("headings and fences", |n| {
        numbered(n, |k| format!("## Part {k}\n\n```bash\nkubectl get pod p{k}\n```\n\n"))
    }),
    ("bold", |n| "*".repeat(n)),
    ("bold labels", |n| repeated("**a:**\n\n", n)),
    ("lines under headings", |n| repeated("a\n=\n", n)),
    ("brackets", |n| "[".repeat(n)),
    ("links", |n| repeated("[a](b", n)),
    ("angles", |n| "<".repeat(n)),
    ("comments that never end", |n| repeated("<!-- a\n", n)),
    ("elements", |n| repeated("<details><summary>a</summary>\n\n", n)),
    ("braces", |n| repeated("{{", n)),
    ("table of columns", |n| format!("{}\n{}\n", repeated("| a ", n / 2), repeated("|---", n / 2))),
    ("table of rows", |n| format!("| a | b |\n|---|---|\n{}", repeated("| `ls` | b |\n", n))),
    ("admonitions", |n| repeated("!!! note\n\n    a\n\n", n)),
    ("fences that never end", |n| repeated("```yaml\na: b\n\n", n)),
    ("fence in many indentations", |n| numbered(n, |k| format!("{}```\na\n", " ".repeat(k % 40)))),
    ("prompts", |n| shell(&repeated("$ ls\nREGION=a\n# id\n> x\n", n))),
    ("indented code", |n| repeated("    ls -l\n\n", n)),
    ("open brackets of a shell", |n| shell(&repeated("$(", n))),
    ("open groups of a shell", |n| shell(&repeated("( ", n))),
    ("open braces of a shell", |n| shell(&repeated("${a:-", n))),
    ("quotes of a shell", |n| shell(&repeated("\"'", n))),
    ("a quote that never ends", |n| shell(&format!("echo '{}", repeated("a\n", n)))),
    ("here-documents that never end", |n| shell(&numbered(n, |k| format!("cat <<E{k}\n")))),
    ("conditions", |n| shell(&repeated("if true; then\n", n))),
    ("pipes", |n| shell(&repeated("cat |", n))),
    ("continuations", |n| shell(&repeated("a \\\n", n))),
    ("wrappers", |n| shell(&format!("{}ls", repeated("sudo ", n)))),
    ("strings in strings", |n| shell(&repeated("sh -c \"", n))),
    ("SQL in brackets", |n| format!("```sql\nSELECT {}\n```\n", "(".repeat(n))),
    ("placeholders", |n| shell(&repeated("kubectl get pod <name> -n $NS {{a}}\n", n))),
];

/// What this thread has worked so far: a busy machine makes nothing slower by that clock.
fn worked() -> Duration {
    let clocks = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux");
    let worked = clocks.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok());
    Duration::from_nanos(worked.expect("a number"))
}

/// The shortest of three readings, without what else the machine does.
fn time(text: &str) -> Duration {
    let once = |_| {
        let begin = worked();
        let document = read(text);
        assert!(document.lines > 0);
        worked().saturating_sub(begin)
    };
    (0..3).map(once).min().unwrap_or_default()
}

#[test]
fn what_is_good_is_found_before_and_after_rubbish() {
    let mut lost = Vec::new();
    for (kind, rubbish) in RUBBISH {
        for size in [40, 2_000, 20_000] {
            let document = read(&format!("{MORNING}{}{EVENING}", rubbish(size)));
            if !has(&document, "kubectl get pods -n harbour") {
                lost.push(format!("{kind}, {size} bytes: what stands before"));
            }
            if !has(&document, "kubectl -n harbour rollout restart deployment/crane") {
                lost.push(format!("{kind}, {size} bytes: what stands after"));
            }
        }
    }
    assert!(lost.is_empty(), "lost:\n{}", lost.join("\n"));
}

#[test]
fn twice_the_text_takes_about_twice_the_time() {
    let mut slow = Vec::new();
    for (kind, rubbish) in RUBBISH {
        let (small, large) = (rubbish(25_000), rubbish(50_000));
        let measured = || {
            let (one, two) = (time(&small), time(&large));
            // What is short is only noise.
            (two > one * 3 + Duration::from_millis(15)).then(|| format!("{kind}: {one:?}, then {two:?}"))
        };
        // Once may be what else the machine does.
        slow.extend(measured().and_then(|_| measured()));
    }
    assert!(slow.is_empty(), "more than three times as long:\n{}", slow.join("\n"));
}

#[test]
fn ten_megabytes_of_a_good_file_are_read_to_the_end() {
    let body = numbered(10_000_000, |k| {
        format!(
            "## Pump {k}\n\nLook at `pump-{k}` first.\n\n1. Look\n\n   ```bash\n   kubectl get pod pump-{k} -n wells\n   ```\n\n"
        )
    });
    let document = read(&format!("{MORNING}{body}{EVENING}"));
    assert!(has(&document, "kubectl get pods -n harbour"), "the first");
    assert!(has(&document, "kubectl -n harbour rollout restart deployment/crane"), "the last");
    assert!(document.runbooks.len() > 90_000, "{} runbooks", document.runbooks.len());
}

#[test]
fn a_file_of_another_system_reads_as_this_ones() {
    let plain = format!(
        "{MORNING}1. Look\n\n   ```bash\n   cat <<EOF\n   a\n   EOF\n   ls \\\n     -l\n   ```\n{EVENING}"
    );
    let want = read(&plain);
    assert!(has(&want, "ls \\\n  -l"), "the plain file itself");
    for (what, text) in [
        ("CRLF", plain.replace('\n', "\r\n")),
        ("a byte order mark", format!("\u{feff}{plain}")),
        ("both", format!("\u{feff}{}", plain.replace('\n', "\r\n"))),
        ("no end of the last line", plain.trim_end().to_owned()),
    ] {
        assert_eq!(read(&text).runbooks, want.runbooks, "{what}");
    }
}

#[test]
fn an_empty_file_is_a_document() {
    for text in ["", "\n", "\u{feff}", " ", "---", "---\n", "```", "```\n", "#", "# ", "<!--", "|", "-", "1."]
    {
        let document = read(text);
        assert!(
            document.runbooks.iter().all(|book| book.steps.iter().all(|step| step.commands.is_empty())),
            "{text:?}"
        );
    }
}

/// Pieces of which hostile files are made.
const PIECES: [&str; 44] = [
    "\n",
    "\n\n",
    " ",
    "    ",
    "\t",
    "# ",
    "## Step 1",
    "- ",
    "- [ ] ",
    "1. ",
    "> ",
    "```",
    "```bash\n",
    "````",
    "~~~",
    "`",
    "``",
    "$ ",
    "# rm -rf /\n",
    "kubectl delete pod <name>",
    "psql -c \"",
    "'",
    "\"",
    "\\\n",
    "<<EOF\n",
    "EOF\n",
    "|",
    "| a | b |\n|---|---|\n",
    "$(",
    ")",
    "{{ x }}",
    "<!--",
    "-->",
    "---\n",
    "+++\n",
    "**Symptoms:** ",
    "!!! note\n",
    "\u{200b}",
    "\u{a0}",
    "\r\n",
    "\0",
    "é",
    "if x; then\n",
    "FLUSHALL\n",
];

#[test]
fn blanks_that_a_console_does_not_know_are_no_statement() {
    let document = read("```psql -c \"\\\n\u{a0}\\\n");
    let steps = document.runbooks.iter().flat_map(|book| &book.steps);
    assert!(steps.flat_map(|step| &step.commands).all(|command| !command.statement.text.trim().is_empty()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_and_each_line_is_in_it(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|&index| PIECES[index]).collect();
        let document = read(&text);
        for book in &document.runbooks {
            prop_assert!(book.line <= book.end_line && book.end_line <= document.lines.max(1));
            for step in &book.steps {
                prop_assert!(step.line >= 1 && step.line <= document.lines.max(1));
                for command in &step.commands {
                    let statement = &command.statement;
                    prop_assert!(statement.line >= 1 && statement.line <= statement.end_line);
                    prop_assert!(statement.end_line <= document.lines, "{statement:?}");
                    prop_assert!(!statement.text.trim().is_empty());
                    prop_assert!(!statement.why.is_empty());
                    for place in command.placeholders.iter().flat_map(|value| &value.places) {
                        prop_assert!(statement.text.get(place.start..place.end).is_some(), "{place:?} in {statement:?}");
                    }
                }
            }
        }
    }
}
