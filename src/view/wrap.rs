//! Text in cells: how wide it is, where it breaks, and how it is cut.
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text in lines of at most `columns` cells: broken between words, inside a word only when it is
/// longer than a line, and after a `/`, `-`, `.` or `:` if it has one. At most `most` lines; what is cut
/// ends in `…`.
pub fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let (columns, most) = (columns.max(1), most.max(1));
    // Whether a line goes on with the word that the one before broke off.
    let mut lines: Vec<(bool, String)> = Vec::new();
    let (mut line, mut used, mut within) = (String::new(), 0, false);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        // One line more than asked for is enough to know that something has to be cut.
        if lines.len() > most {
            break;
        }
        let gap = usize::from(used > 0);
        if used + gap + width(word) <= columns {
            line.push_str(if gap > 0 { " " } else { "" });
            line.push_str(word);
            used += gap + width(word);
            continue;
        }
        if used > 0 {
            lines.push((std::mem::take(&mut within), std::mem::take(&mut line)));
        }
        let mut rest = word;
        while width(rest) > columns && lines.len() <= most {
            let (head, tail) = rest.split_at(break_at(rest, columns));
            lines.push((within, head.to_owned()));
            (rest, within) = (tail, true);
        }
        rest.clone_into(&mut line);
        used = width(rest);
    }
    if used > 0 || lines.is_empty() {
        lines.push((within, line));
    }
    if let Some((within, next)) = lines.get(most).cloned() {
        lines.truncate(most);
        if let Some((_, last)) = lines.last_mut() {
            let gap = if within { "" } else { " " };
            *last = cut(&format!("{last}{gap}{next}…"), columns);
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// At most `columns` cells; what is cut ends in `…`.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    format!("{}…", take(text.graphemes(true), columns - 1))
}

/// At most `columns` cells; the middle goes, because the ends of names tell them apart.
pub fn middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let keep = columns.saturating_sub(1);
    let tail = tail(text, keep.div_ceil(2));
    let head: String = take(text.graphemes(true), keep - width(tail));
    if columns > 0 { format!("{head}…{tail}") } else { String::new() }
}

/// The end of a text, at most `columns` cells.
pub fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut from = text.len();
    for (at, piece) in text.grapheme_indices(true).rev() {
        used += width(piece);
        if used > columns {
            break;
        }
        from = at;
    }
    text.get(from..).unwrap_or_default()
}

fn take<'a>(pieces: impl Iterator<Item = &'a str>, columns: usize) -> String {
    let mut used = 0;
    pieces
        .take_while(|piece| {
            used += width(piece);
            used <= columns
        })
        .collect()
}

/// The byte at which a word that is too long breaks; at least one grapheme always goes.
fn break_at(word: &str, columns: usize) -> usize {
    let (mut used, mut hard, mut soft) = (0, 0, 0);
    for (at, piece) in word.grapheme_indices(true) {
        used += width(piece);
        if used > columns && hard > 0 {
            break;
        }
        hard = at + piece.len();
        if matches!(piece, "/" | "-" | "." | ":") {
            soft = hard;
        }
    }
    // A break near the start would leave a ragged line for little.
    if soft * 2 > hard { soft } else { hard }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_between_words_and_long_words_after_a_dash() {
        assert_eq!(wrap("no pod left behind", 8, 9), ["no pod", "left", "behind"]);
        assert_eq!(wrap("worker-5dc8f-5rh92", 10, 9), ["worker-", "5dc8f-", "5rh92"]);
        assert_eq!(wrap("", 8, 9), [""]);
        assert_eq!(wrap("a worker-5dc8f-5rh92", 8, 2), ["a", "worker-…"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three f…"]);
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(middle("worker-5dc8-5rh92", 9), "work…rh92");
        assert_eq!(tail("日本語", 5), "本語");
    }

    #[test]
    fn no_line_is_wider_than_asked_for() {
        for columns in 0..30 {
            for line in wrap("日本語 wide-and/narrow words: 12345678901234567890", columns, 3) {
                assert!(width(&line) <= columns.max(2), "{columns}: {line}");
            }
        }
    }
}
