//! Processes that would be ended, and jobs that would be deleted.
use super::answer::count;
use super::{Answer, At, Reading, Undo};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `ps -o pid,user,etime,args`; whether the signal ends them.
    Listed { ends: bool },
    /// `pgrep -a`.
    Named { ends: bool },
    /// `fuser -v`, which speaks on its error output.
    Users,
    /// `crontab -l`.
    Jobs,
}

fn process(sort: Sort) -> super::Sort {
    super::Sort::Process(sort)
}

pub(super) fn look(at: &mut At<'_>) {
    let objects = at.objects(0);
    let sources = at.sources(0);
    let ends = !told(at);
    match at.tool {
        "kill" => {
            if objects.is_empty() || objects.iter().any(|arg| arg.text.starts_with(['%', '-'])) {
                return at.unlooked();
            }
            at.ask(&format!("ps -o pid=,user=,etime=,args= -p{sources}"), process(Sort::Listed { ends }));
        }
        "pkill" => {
            let options = at.options(
                "-f --full -x --exact -u --euid -U --uid -P --parent -n --newest -o --oldest -t --terminal -g --pgroup -G --group -i --ignore-case -v --inverse",
            );
            at.ask(&format!("pgrep -a{options}{sources}"), process(Sort::Named { ends }));
        }
        "killall" => {
            let user = at.options("-u --user");
            if objects.is_empty() && user.is_empty() {
                return at.unlooked();
            }
            at.beyond(objects.len(), 6, "names");
            for object in objects.iter().take(6) {
                at.ask(&format!("pgrep -a{user} -x {}", object.source), process(Sort::Named { ends }));
            }
            if objects.is_empty() {
                at.ask(&format!("pgrep -a{user}"), process(Sort::Named { ends }));
            }
        }
        "fuser" => {
            let options = at.options("-n --namespace -m --mount");
            at.ask(&format!("fuser -v{options}{sources}"), process(Sort::Users));
        }
        "crontab" => {
            let user = at.options("-u");
            at.ask(&format!("crontab{user} -l"), process(Sort::Jobs));
            at.evidence(&format!("crontab{user} -l"));
            at.undo("put the kept jobs back: crontab FILE");
            return;
        }
        _ => return at.unlooked(),
    }
    if ends {
        at.undo("start the program again");
    }
}

/// The signal only tells the process something.
fn told(at: &At<'_>) -> bool {
    let words = at.found.words.iter().skip(1).map(|word| word.text.trim_start_matches('-'));
    let names: Vec<_> = words.take(3).map(|word| word.trim_start_matches("SIG")).collect();
    let asked = matches!(at.found.words.get(1).map(|word| word.text.as_str()), Some("-s" | "--signal"));
    let name = names.get(usize::from(asked)).copied().unwrap_or_default();
    let dashed = at.found.words.get(1).is_some_and(|word| word.text.starts_with('-'));
    dashed && matches!(name, "HUP" | "1" | "USR1" | "10" | "USR2" | "12" | "WINCH" | "28" | "CONT" | "18")
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    // These tools end with 1 where there is nothing.
    let nothing = answer.code == 1 && answer.rows().next().is_none();
    match sort {
        Sort::Jobs if answer.err.contains("no crontab") => return reading.zero("the user has no jobs"),
        Sort::Users if answer.code <= 1 => return users(answer, reading),
        Sort::Jobs => {}
        _ if nothing && answer.err.trim().is_empty() => return reading.zero("no such process runs"),
        _ => {}
    }
    if answer.failed("the processes", reading) {
        return;
    }
    let rows: Vec<_> = answer.rows().filter(|row| !row.trim_start().starts_with('#')).collect();
    let many = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if rows.is_empty() {
        return reading.zero("nothing is listed");
    }
    let jobs = *sort == Sort::Jobs;
    reading.hit(if jobs { count(many, "job", "jobs") } else { count(many, "process", "processes") });
    for row in rows.iter().take(12) {
        let words = row.split_whitespace().collect::<Vec<_>>().join(" ");
        if jobs { reading.drop(words) } else { reading.hit(words) }
    }
    let ends = matches!(sort, Sort::Listed { ends: true } | Sort::Named { ends: true });
    if !jobs && !ends {
        reading.hit("the signal does not end them");
    } else if !jobs {
        reading.drop("what the processes have in memory");
        let kept = rows.iter().any(|row| row.contains("systemd") || row.contains("supervis"));
        if kept {
            reading.unknown("whether a supervisor starts them again is not looked at");
        }
        reading.undo(Undo::Words("start the program again".to_owned()));
    }
}

/// Lines of users that are read.
const LONGEST: usize = 30;

fn users(answer: &Answer, reading: &mut Reading) {
    let rows: Vec<_> =
        answer.err.lines().chain(answer.rows()).filter(|row| !row.contains("USER")).take(LONGEST).collect();
    let rows: Vec<_> = rows.into_iter().filter(|row| !row.trim().is_empty()).collect();
    if rows.is_empty() {
        return reading.zero("no process uses it");
    }
    if rows.len() == LONGEST {
        reading.unknown("more use it than are listed");
    }
    for row in rows {
        reading.hit(row.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}
