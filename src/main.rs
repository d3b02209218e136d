//! The program: hooks for reports, then the command line.
use std::process::ExitCode;

fn main() -> color_eyre::Result<ExitCode> {
    firedeck::cli::start::hooks()?;
    firedeck::cli::run()
}
