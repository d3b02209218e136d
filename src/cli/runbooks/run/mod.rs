//! `runbooks run` and `walk`: a runbook worked through in a plain terminal, with the questions of the cockpit.
mod asking;
mod course;
mod desk;
mod given;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use super::shelf::Shelf;
use super::show::chosen;
use crate::app::plain::Plain;
use crate::cli::out;
use crate::config::Request;
use crate::model::shelf::Book;
use desk::{Desk, Left};

/// What was said on the command line.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Wanted {
    pub name: String,
    pub within: Vec<PathBuf>,
    /// Only this step.
    pub step: Option<String>,
    pub set: Vec<(String, String)>,
    /// What changes something is asked about, and then not run.
    pub walk: bool,
}

/// Something that was run did not go well.
const WENT_WRONG: u8 = 1;
/// It came to a question that nobody was there to answer, or was left.
const LEFT: u8 = 3;

pub(in crate::cli) fn run(request: &Request, wanted: &Wanted) -> color_eyre::Result<ExitCode> {
    let (shelf, book) = match chosen(request, &wanted.name, &wanted.within) {
        Ok(chosen) => chosen,
        Err(code) => return Ok(code),
    };
    if let Some(n) = &wanted.step
        && !book.runbook.steps.iter().any(|step| step.n.eq_ignore_ascii_case(n))
    {
        let all: Vec<&str> = book.runbook.steps.iter().map(|step| step.n.as_str()).collect();
        let why = format!("firedeck: there is no step `{n}`\n  = this runbook has {}", all.join(", "));
        return Ok(out::complain(&why));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(work(&shelf, book, wanted));
    runtime.shutdown_background();
    Ok(code)
}

async fn work(shelf: &Shelf, book: Book, wanted: &Wanted) -> ExitCode {
    let plain = Plain::open(&shelf.settings).await;
    let there = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut desk = match Desk::open(plain, shelf, book, wanted, there).await {
        Ok(desk) => desk,
        Err(why) => return out::complain(&format!("firedeck: {why}")),
    };
    let left = desk.work().await;
    desk.close(left).await;
    match left {
        Left::Done => ExitCode::SUCCESS,
        Left::Found | Left::WentWrong => ExitCode::from(WENT_WRONG),
        Left::Asked | Left::Quit => ExitCode::from(LEFT),
    }
}
