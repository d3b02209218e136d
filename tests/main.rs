#[cfg(test)]
mod config;
