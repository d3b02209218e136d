//! Asks the questions of a profile.
