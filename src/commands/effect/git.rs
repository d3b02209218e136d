//! What a repository would lose: changes that are not committed, commits that nobody else has.
use super::answer::count;
use super::{Answer, At, Reading, Undo};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `git status --porcelain`; whether files that git does not know are hit too.
    Status {
        untracked: bool,
    },
    /// `git log --oneline`: what happens to these commits.
    Commits {
        what: &'static str,
    },
    /// `git clean -n`.
    Clean,
    Stashes,
}

pub(super) fn look(at: &mut At<'_>) {
    let first = at.operands.first().copied().unwrap_or(at.found.words.len());
    let front = at.found.words.get(..first).unwrap_or_default();
    let git = front.iter().map(|word| word.source.as_str()).collect::<Vec<_>>().join(" ");
    let objects = at.objects(1);
    let status = format!("{git} status --porcelain");
    match at.args.operand(0) {
        "reset" => {
            let to = objects.first().map_or("HEAD".to_owned(), |arg| arg.source.clone());
            if at.has("--hard --merge --keep") {
                ask(at, &status, Sort::Status { untracked: false });
            }
            ask(
                at,
                &format!("{git} log --oneline -n 50 {to}..HEAD"),
                Sort::Commits { what: "off the branch" },
            );
            at.undo("commits that leave the branch stay in `git reflog`; changes that were not committed are gone");
        }
        "clean" => {
            let words: Vec<_> = at.found.words.iter().map(|word| word.source.as_str()).collect();
            let words: Vec<_> =
                words.into_iter().filter(|word| !matches!(*word, "-i" | "--interactive")).collect();
            ask(at, &format!("{} -n", words.join(" ")), Sort::Clean);
            at.undo("deleted files come back from a backup alone");
        }
        "checkout" | "restore" | "switch" => {
            let path = |arg: &&super::Arg| arg.text == "." || arg.text.contains(['/', '.']);
            let paths: Vec<_> = at.objects(1).into_iter().filter(path).collect();
            let paths = super::at::spaced(&paths);
            let paths = if paths.is_empty() { paths } else { format!(" --{paths}") };
            ask(at, &format!("{status}{paths}"), Sort::Status { untracked: false });
            at.undo("changes that were not committed are gone");
        }
        "push" => {
            ask(at, &format!("{git} log --oneline -n 50 @{{u}}..HEAD"), Sort::Commits { what: "published" });
            let forced = at
                .args
                .options
                .iter()
                .any(|option| option.name.starts_with("--force") || option.short == Some('f'));
            if forced {
                let ask_lost = format!("{git} log --oneline -n 50 HEAD..@{{u}}");
                ask(at, &ask_lost, Sort::Commits { what: "taken away from others" });
                at.unknown("what others have pushed since the last fetch is not seen");
            }
            at.undo("push the former commit again, with force");
        }
        "branch" if at.has("-d -D --delete") => {
            at.beyond(objects.len(), 4, "branches");
            for branch in objects.iter().take(4) {
                let commits = format!("{git} log --oneline -n 50 HEAD..{}", branch.source);
                ask(at, &commits, Sort::Commits { what: "only on that branch, or not here" });
            }
            at.undo("make the branch again from `git reflog`");
        }
        "stash" if matches!(at.args.operand(1), "drop" | "clear" | "pop") => {
            ask(at, &format!("{git} stash list"), Sort::Stashes);
        }
        "pull" | "merge" | "rebase" => {
            ask(at, &status, Sort::Status { untracked: false });
            ask(at, &format!("{git} log --oneline -n 50 @{{u}}..HEAD"), Sort::Commits { what: "only here" });
            at.undo("git reset --hard ORIG_HEAD, where nothing else was changed since");
        }
        _ => at.unlooked(),
    }
    at.evidence(&format!("{git} status"));
    at.evidence(&format!("{git} rev-parse HEAD"));
}

fn ask(at: &mut At<'_>, ask: &str, sort: Sort) {
    at.ask(ask, super::Sort::Git(sort));
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the repository", reading) {
        return;
    }
    let rows: Vec<_> = answer.rows().collect();
    let number = |rows: &[&str]| u64::try_from(rows.len()).unwrap_or(u64::MAX);
    match sort {
        Sort::Status { untracked } => {
            let rows: Vec<_> = rows.into_iter().filter(|row| *untracked || !row.starts_with("??")).collect();
            if rows.is_empty() {
                return reading.zero("no file has changes that are not committed");
            }
            reading.hit(format!(
                "{} with changes that are not committed",
                count(number(&rows), "file", "files")
            ));
            rows.iter()
                .take(12)
                .for_each(|row| reading.drop(format!("changes of {}", row.get(3..).unwrap_or(row))));
        }
        Sort::Commits { what } => {
            if rows.is_empty() {
                return reading.zero(format!("no commit is {what}"));
            }
            reading.hit(format!("{} {what}", count(number(&rows), "commit", "commits")));
            rows.iter().take(10).for_each(|row| reading.hit(*row));
        }
        Sort::Clean => {
            let gone: Vec<_> = rows.iter().filter_map(|row| row.strip_prefix("Would remove ")).collect();
            if gone.is_empty() {
                return reading.zero("there is nothing that git does not know");
            }
            reading.hit(format!("{} that git does not know", count(number(&gone), "path", "paths")));
            gone.iter().take(12).for_each(|path| reading.drop(*path));
        }
        Sort::Stashes => {
            if rows.is_empty() {
                return reading.zero("there is no stash");
            }
            reading.hit(count(number(&rows), "stash is there", "stashes are there"));
            rows.iter().take(12).for_each(|row| reading.drop(*row));
            reading.undo(Undo::Words("a dropped stash is only found by `git fsck --lost-found`".to_owned()));
        }
    }
}
