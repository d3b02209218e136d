//! A foreign runbook reads the same in every form in which a file may come, and the same twice.
use std::path::{Path, PathBuf};

use firedeck::commands::tools::Tables;
use firedeck::runbook::{Runbook, catalogue};

fn read(text: &str) -> Vec<std::sync::Arc<Runbook>> {
    catalogue::read("runbook.md", text, &Tables::default()).runbooks
}

/// Every fixture, with the line ends of this system.
fn fixtures() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign");
    let styles =
        std::fs::read_dir(folder).expect("the fixtures").flatten().filter(|style| style.path().is_dir());
    let files = styles.flat_map(|style| std::fs::read_dir(style.path()).expect("a style").flatten());
    let markdown =
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|ext| ext == "md"));
    let mut found: Vec<(PathBuf, String)> = markdown
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a fixture");
            (path, text.replace("\r\n", "\n").replace('\u{feff}', ""))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn line_ends_marks_and_a_missing_last_newline_change_nothing() {
    let mut other = Vec::new();
    for (path, text) in fixtures() {
        let want = read(&text);
        let forms = [
            ("CRLF", text.replace('\n', "\r\n")),
            ("a byte order mark", format!("\u{feff}{text}")),
            ("no last newline", text.trim_end().to_owned()),
            ("the same again", text.clone()),
        ];
        for (form, text) in forms {
            if read(&text) != want {
                other.push(format!("{}: {form}", path.display()));
            }
        }
    }
    assert!(other.is_empty(), "read otherwise:\n{}", other.join("\n"));
}

#[test]
fn what_stands_before_a_runbook_does_not_change_its_commands() {
    let commands = |books: &[std::sync::Arc<Runbook>], from: u32| -> Vec<(u32, String)> {
        let steps = books.iter().flat_map(|book| &book.steps);
        let all = steps.flat_map(|step| &step.commands).map(|command| &command.statement);
        all.filter(|statement| statement.line > from)
            .map(|statement| (statement.line - from, statement.text.clone()))
            .collect()
    };
    let before = "# Another page\n\nIt says little.\n\n## Look\n\n```bash\nuptime\n```\n\n";
    let lines = u32::try_from(before.lines().count()).expect("few");
    let mut other = Vec::new();
    for (path, text) in fixtures() {
        // Front matter is only that at the beginning of a file.
        if text.starts_with("---") || text.starts_with("+++") {
            continue;
        }
        let (alone, behind) = (commands(&read(&text), 0), commands(&read(&format!("{before}{text}")), lines));
        if alone != behind {
            let lost: Vec<_> = alone.iter().filter(|command| !behind.contains(command)).collect();
            let new: Vec<_> = behind.iter().filter(|command| !alone.contains(command)).collect();
            other.push(format!("{}: lost {lost:?}, new {new:?}", path.display()));
        }
    }
    assert!(other.is_empty(), "read otherwise:\n{}", other.join("\n"));
}
