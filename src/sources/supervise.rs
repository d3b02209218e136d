//! Keeps every source alive: the only back-off in the program.
