//! To come.
pub mod question;
