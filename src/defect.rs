//! What a defect of firedeck costs: the part that it is in, and no other.
//!
//! Where a panic unwinds, each part catches its own: a source, a question of a profile, the reading of a document. The
//! small build (`dist`) carries no tables for that, so it catches nothing: it begins anew at once, in the same terminal,
//! without the part that has failed, which the new process is told of. Runbooks' commands run in processes of their
//! own, and what was done is in the journal: both are found again.
use std::cell::RefCell;
use std::os::unix::process::CommandExt;
use std::panic::PanicHookInfo;
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// Parts that failed in the processes before this one: a line for each, with what was said behind a tab.
const FAILED: &str = "FIREDECK_FAILED_PARTS";
/// More of them is no program that could be worked with.
const MOST: usize = 16;

thread_local! {
    static PART: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// Puts back what was worked on before, also where the work panics.
struct Before(Option<Arc<str>>);

impl Drop for Before {
    fn drop(&mut self) {
        let before = self.0.take();
        PART.with(|part| part.replace(before));
    }
}

/// Does what belongs to a part.
pub fn within<R>(part: &Arc<str>, work: impl FnOnce() -> R) -> R {
    let _before = Before(PART.with(|own| own.replace(Some(part.clone()))));
    work()
}

/// The same for what waits in between.
pub async fn part<F: Future>(part: Arc<str>, work: F) -> F::Output {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(move |context| within(&part, || work.as_mut().poll(context))).await
}

/// What was said when this part failed before; then it is left alone.
pub fn failed(part: &str) -> Option<String> {
    static KNOWN: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| told(&std::env::var(FAILED).unwrap_or_default()));
    known.iter().find(|(known, _)| known == part).map(|(_, says)| says.clone())
}

/// In the hook of panics, once the terminal is given back: only comes back where there is no way to begin anew.
pub fn begin_anew(info: &PanicHookInfo<'_>) {
    if cfg!(panic = "unwind") {
        return;
    }
    let Some(part) = PART.with(|part| part.try_borrow().ok().and_then(|part| part.clone())) else { return };
    let before = std::env::var(FAILED).unwrap_or_default();
    let says = info.payload_as_str().unwrap_or("panic");
    let (Some(failed), Ok(program)) = (with(&before, &part, says), std::env::current_exe()) else { return };
    // It comes back from this only when it could not be done.
    let _ = Command::new(program).args(std::env::args_os().skip(1)).env(FAILED, failed).exec();
}

fn told(all: &str) -> Vec<(String, String)> {
    let one = |line: &str| {
        let (part, says) = line.split_once('\t')?;
        Some((part.to_owned(), says.to_owned()))
    };
    all.lines().filter_map(one).take(MOST).collect()
}

/// One more; nothing where it is told already, as leaving it out has not helped.
fn with(before: &str, part: &str, says: &str) -> Option<String> {
    let flat = |text: &str| text.replace(|sign: char| sign.is_control(), " ");
    let (part, says) = (flat(part), flat(says));
    let known = told(before);
    let new = known.len() < MOST && known.iter().all(|(known, _)| *known != part);
    let says: String = says.chars().take(300).collect();
    new.then(|| format!("{before}{part}\t{says}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Option<String> {
        PART.with(|part| part.borrow().as_deref().map(str::to_owned))
    }

    #[test]
    fn a_part_that_failed_is_told_once_with_what_was_said() {
        let first = with("", "/books/a\nb.md", "index 7\tout of range\n").expect("it is new");
        assert_eq!(told(&first), [("/books/a b.md".to_owned(), "index 7 out of range ".to_owned())]);
        assert_eq!(with(&first, "/books/a b.md", "again"), None, "it was left out, and that has not helped");
        let both = with(&first, "pods", "x").expect("another one");
        assert_eq!(told(&both).len(), 2);
        let many: String = (0..MOST).map(|n| n.to_string() + "\tx\n").collect();
        assert_eq!(with(&many, "one more", "x"), None);
        assert!(told("garbage\n\n").is_empty() && failed("pods").is_none());
    }

    #[test]
    fn the_innermost_part_is_the_one_that_is_worked_on_and_no_panic_leaves_it_there() {
        let (outer, inner): (Arc<str>, Arc<str>) = ("outer".into(), "inner".into());
        within(&outer, || {
            within(&inner, || assert_eq!(now().as_deref(), Some("inner")));
            assert_eq!(now().as_deref(), Some("outer"));
            let _ = std::panic::catch_unwind(|| within(&inner, || std::panic::resume_unwind(Box::new(()))));
            assert_eq!(now().as_deref(), Some("outer"));
        });
        assert_eq!(now(), None);
    }

    #[tokio::test]
    async fn what_waits_is_a_part_only_while_it_is_worked_on() {
        let mut turns = 0;
        let waits = part(
            "waits".into(),
            std::future::poll_fn(|context| {
                turns += 1;
                assert_eq!(now().as_deref(), Some("waits"));
                context.waker().wake_by_ref();
                if turns < 3 { std::task::Poll::Pending } else { std::task::Poll::Ready(turns) }
            }),
        );
        let other = async { assert_eq!(now(), None) };
        assert_eq!(tokio::join!(waits, other).0, 3);
    }
}
