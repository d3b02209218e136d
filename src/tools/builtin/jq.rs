//! `jq`.
use std::ffi::OsString;

use super::Io;

pub async fn run(_args: Vec<OsString>, _io: &mut Io) -> u8 {
    2
}
