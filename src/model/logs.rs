//! The log buffer and what is looked for in it.

/// An order to search chunks; the answer bears its id.
#[derive(Debug)]
pub struct ScanOrder {
    pub id: u64,
}

/// What a search found.
#[derive(Debug)]
pub struct Scan {
    pub id: u64,
}

/// Which lines to write to a file.
#[derive(Debug)]
pub struct SaveOrder {
    pub chunks: Vec<std::sync::Arc<crate::domain::log::LogChunk>>,
}

/// The buffer.
#[derive(Debug, Default)]
pub struct Logs {}

impl Logs {
    /// Whether anything is followed.
    pub fn followed(&self) -> bool {
        false
    }
}
