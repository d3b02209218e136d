//! What several test modules share.
pub mod estate;
pub mod fault;
pub(crate) mod picture;
pub mod terminal;
