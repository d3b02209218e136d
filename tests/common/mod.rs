//! What several test modules share.
pub mod desk;
pub mod estate;
pub mod fault;
pub mod night;
pub mod picture;
pub mod terminal;
