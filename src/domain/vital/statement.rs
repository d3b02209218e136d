//! Whether a text of SQL is one statement whose first word reads, as far as that can be told without reading it all.

/// The statement alone; a second one could undo what keeps the first from writing.
pub fn one_read(query: &str) -> Result<&str, String> {
    let query = query.trim().trim_end_matches(';').trim_end();
    if query.contains(';') {
        return Err("one statement alone, without `;` inside".into());
    }
    let first = query.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let reads = ["select", "with", "show", "values", "table"];
    if reads.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        Ok(query)
    } else {
        let first: String = first.chars().take(40).collect();
        Err(format!("`{first}` does not begin a statement that only reads"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_that_begins_like_a_read_is_taken() {
        assert_eq!(one_read(" SELECT 1; "), Ok("SELECT 1"));
        for query in ["SELECT 1; DROP TABLE x", "DELETE FROM x", "SET x = 1", "", "COMMIT", "DO $$"] {
            assert!(one_read(query).is_err(), "{query}");
        }
    }
}
