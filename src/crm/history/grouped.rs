//! The rows of a history by deal and time, by counting.

use super::HistoryRows;
use crate::stats::order::sorted_rows;

/// A row of the history: what its deal is put in order by, together, so that it is fetched once.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    pub entered: f64,
    pub row: u32,
    pub stage: u32,
}

/// Rows of the history by deal, in order of time; rows of equal times in the order of the file.
pub(super) struct Grouped {
    /// Where the rows of each deal begin; one entry more than there are deals.
    starts: Vec<u32>,
    pub entries: Vec<Entry>,
}

impl Grouped {
    /// The rows of `deal`.
    pub fn of(&self, deal: usize) -> &[Entry] {
        &self.entries[self.starts[deal] as usize..self.starts[deal + 1] as usize]
    }

    /// The rows of each deal.
    pub fn all(&self) -> impl Iterator<Item = &[Entry]> {
        self.starts.windows(2).map(|bounds| &self.entries[bounds[0] as usize..bounds[1] as usize])
    }
}

/// Sorts the rows that have a deal by `deal_of` (`u32::MAX` for none) by counting, then each deal's by time. `counts` says how many each deal has.
#[inline(never)]
pub(super) fn grouped(deal_of: &[u32], counts: &[u32], of: &HistoryRows<'_>) -> Grouped {
    let mut starts = Vec::with_capacity(counts.len() + 1);
    let mut all = 0;
    starts.push(all);
    for count in counts {
        all += count;
        starts.push(all);
    }
    let mut next = starts.clone();
    let (entered, stage): (&[f64], &[u32]) = (&of.entered, &of.stage.codes);
    let mut entries = vec![Entry::default(); all as usize];
    for rows in of.in_order() {
        for row in rows {
            if let Some(next) = next.get_mut(deal_of[row] as usize) {
                entries[*next as usize] = Entry { entered: entered[row], row: row as u32, stage: stage[row] };
                *next += 1;
            }
        }
    }
    put_in_order(&starts, &mut entries);
    Grouped { starts, entries }
}

#[inline(never)]
fn put_in_order(starts: &[u32], entries: &mut [Entry]) {
    for bounds in starts.windows(2) {
        by_time(&mut entries[bounds[0] as usize..bounds[1] as usize]);
    }
}

/// More rows than this are not sorted by insertion.
const FEW_ROWS: usize = 24;

/// Sorts the rows of a deal by time; those of equal times keep their order.
fn by_time(entries: &mut [Entry]) {
    if entries.len() > FEW_ROWS {
        let order = sorted_rows(entries.len(), &mut |a, b| entries[a].entered.total_cmp(&entries[b].entered));
        let sorted: Vec<Entry> = order.into_iter().map(|at| entries[at]).collect();
        entries.copy_from_slice(&sorted);
        return;
    }
    for at in 1..entries.len() {
        let entry = entries[at];
        let mut place = at;
        while place > 0 && entries[place - 1].entered > entry.entered {
            entries[place] = entries[place - 1];
            place -= 1;
        }
        entries[place] = entry;
    }
}
