//! The one place where columns get their widths: what one has too much of goes to those that would be cut.

use crate::domain::time::Timestamp;

/// A column with the width that it was given first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub width: u16,
    /// What its widest cell takes; 0 where every cell is empty.
    pub needs: u16,
    /// It never gets narrower than this, for its title.
    pub least: u16,
    /// Whether it gives up what its cells do not need. Numbers change from poll to poll: theirs stays.
    pub gives: bool,
}

/// Gives `spare` cells, and what others do not need, to the columns whose cells would be cut: no cell is cut while
/// free cells exist. Columns that are empty on every row give first, and as long as nothing is cut nobody gives
/// anything. Says whether anything is cut all the same.
pub fn share_out(columns: &mut [Share], mut spare: u16) -> bool {
    loop {
        // Who lacks least is helped first: that makes most columns whole.
        let lacking = (0..columns.len()).filter(|at| lacks(columns[*at]) > 0);
        let Some(at) = lacking.min_by_key(|at| lacks(columns[*at])) else { return false };
        let free = columns.iter().copied().map(surplus).sum::<u16>() + spare;
        if lacks(columns[at]) > free {
            break;
        }
        while lacks(columns[at]) > 0 && widen(columns, at, &mut spare) {}
    }
    // None can be made whole any more: what is left helps each a little.
    loop {
        for at in 0..columns.len() {
            if lacks(columns[at]) > 0 && !widen(columns, at, &mut spare) {
                return true;
            }
        }
    }
}

/// What is cut off.
fn lacks(share: Share) -> u16 {
    share.needs.saturating_sub(share.width)
}

/// One cell more for a column: a free one, or another's. Says whether there was one.
fn widen(columns: &mut [Share], at: usize, spare: &mut u16) -> bool {
    if *spare > 0 {
        *spare -= 1;
    } else if let Some(giver) = giver(columns) {
        columns[giver].width -= 1;
    } else {
        return false;
    }
    columns[at].width += 1;
    true
}

/// For so long columns only grow: what was wide once gives its room back after that.
pub fn era(now: Timestamp) -> i64 {
    now.0.div_euclid(600_000)
}

/// How wide the first of two columns is that share `room` with a gap between, when it would get `usual`; from what
/// the widest of each takes.
pub fn halves(room: u16, usual: u16, (first, second): (u16, u16)) -> u16 {
    let share = |width: u16, needs: u16| Share { width, needs, least: LEAST.min(width), gives: true };
    let room = room.saturating_sub(2);
    let usual = usual.min(room);
    let mut columns = [share(usual, first), share(room - usual, second)];
    share_out(&mut columns, 0);
    columns[0].width
}

/// What the widest of each of two columns takes.
pub fn widest(rows: impl Iterator<Item = (usize, usize)>) -> (u16, u16) {
    let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    rows.fold((0, 0), |(a, b), (x, y)| (a.max(cells(x)), b.max(cells(y))))
}

/// No half gets narrower, however much the other has to say.
const LEAST: u16 = 10;

/// How much a column can do without.
fn surplus(share: Share) -> u16 {
    let least = if share.needs == 0 || share.gives { share.needs.max(share.least) } else { share.width };
    share.width.saturating_sub(least)
}

/// Who gives next: an empty one, then the one that can best.
fn giver(columns: &[Share]) -> Option<usize> {
    let able = (0..columns.len()).filter(|at| surplus(columns[*at]) > 0);
    able.max_by_key(|at| (columns[*at].needs == 0, surplus(columns[*at])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(width: u16, needs: u16) -> Share {
        Share { width, needs, least: 4, gives: true }
    }

    fn shared(mut columns: Vec<Share>, spare: u16) -> (Vec<u16>, bool) {
        let cut = share_out(&mut columns, spare);
        (columns.iter().map(|share| share.width).collect(), cut)
    }

    #[test]
    fn nothing_moves_while_nothing_is_cut() {
        assert_eq!(shared(vec![column(10, 3), column(10, 10)], 7), (vec![10, 10], false));
    }

    #[test]
    fn no_cell_is_cut_while_free_cells_exist() {
        assert_eq!(shared(vec![column(10, 24), column(10, 10)], 100), (vec![24, 10], false));
        assert_eq!(shared(vec![column(10, 12), column(14, 9)], 0), (vec![12, 12], false));
        let (widths, cut) = shared(vec![column(10, 30), column(10, 12), column(14, 9)], 4);
        assert_eq!((widths, cut), (vec![17, 12, 9], true), "who lacks least is made whole");
    }

    #[test]
    fn where_none_can_be_made_whole_each_is_helped_a_little() {
        assert_eq!(shared(vec![column(10, 30), column(10, 16), column(14, 11)], 1), (vec![12, 12, 11], true));
        assert_eq!(shared(vec![column(10, 30), column(10, u16::MAX)], 0), (vec![10, 10], true));
    }

    #[test]
    fn of_two_halves_the_one_that_says_more_has_more() {
        assert_eq!(halves(50, 20, widest([(8, 20), (12, 28)].into_iter())), 20, "nothing is cut");
        assert_eq!(halves(50, 20, widest([(8, 20), (25, 20)].into_iter())), 25);
        assert_eq!(halves(50, 20, widest([(8, 40), (12, 28)].into_iter())), 12);
        assert_eq!(halves(0, 20, widest([(8, 40)].into_iter())), 0);
    }

    #[test]
    fn an_empty_column_gives_first_and_a_number_only_when_it_is_empty() {
        let full = Share { gives: false, ..column(20, 8) };
        assert_eq!(shared(vec![column(10, 16), column(12, 0), full], 0), (vec![16, 6, 20], false));
        assert_eq!(shared(vec![column(10, 40), column(12, 0), full], 0), (vec![18, 4, 20], true));
    }
}
