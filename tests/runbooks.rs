//! Runbooks from outside in: the files they are in, and the programs that list, show, mend and find them.
#[path = "runbooks/files.rs"]
mod files;
#[path = "runbooks/programs.rs"]
mod programs;
