//! Runbooks from outside in: the files they are in, and the programs that list, show, mend and find them.
mod files;
mod findings;
mod models;
mod programs;
mod run;
