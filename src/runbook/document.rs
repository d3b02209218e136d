//! The blocks of a Markdown file: headings, paragraphs, lists, tables, fences, with their lines.
