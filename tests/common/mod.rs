//! What both test binaries share.
pub(crate) mod fault;
