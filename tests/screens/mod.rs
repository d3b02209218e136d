//! Pictures of every view, in text.
mod question;
