//! Incidents from outside in: a real journal on a real disk, and the programs that read it.
mod cockpits;
mod programs;
mod written;
