//! To come.
pub mod question;
pub mod style;
pub mod wrap;
