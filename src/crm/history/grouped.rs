//! The rows of a history by deal and time, by counting.

use super::HistoryRows;
use crate::stats::order::sorted_rows;

/// A row of the history: what its deal is put in order by, together, so that it is fetched once.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    pub entered: f64,
    pub row: u32,
    /// The stage, above the deal's place in its block.
    stage_and_deal: u32,
}

/// Stages beyond so many have no room in an [`Entry`].
pub(super) const MOST_STAGES: usize = 1 << (u32::BITS - BLOCK_BITS);

impl Entry {
    fn new(entered: f64, row: u32, stage: u32, deal: u32) -> Self {
        Entry { entered, row, stage_and_deal: stage << BLOCK_BITS | deal & (BLOCK as u32 - 1) }
    }

    pub fn stage(self) -> u32 {
        self.stage_and_deal >> BLOCK_BITS
    }

    fn deal_in_block(self) -> usize {
        self.stage_and_deal as usize & (BLOCK - 1)
    }
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

/// Deals whose rows are sorted together: few enough for the cache.
const BLOCK_BITS: u32 = 9;
const BLOCK: usize = 1 << BLOCK_BITS;

/// Sorts the rows that have one of `deals` by `deal_of` (`u32::MAX` for none), then each deal's by time. First they are put into blocks of neighbouring deals:
/// straight to its place, each row would have to be waited for.
pub(super) fn grouped(deal_of: Vec<u32>, deals: usize, of: &HistoryRows<'_>) -> Grouped {
    let (bounds, mut entries) = in_blocks(&deal_of, deals, of);
    drop(deal_of);
    let mut starts = Vec::with_capacity(deals + 1);
    let mut scratch = Vec::new();
    for (bounds, first) in bounds.windows(2).zip((0..deals).step_by(BLOCK)) {
        let range = bounds[0] as usize..bounds[1] as usize;
        let entries = &mut entries[range];
        let from = starts.len();
        sort_block(entries, &mut scratch, &mut starts, BLOCK.min(deals - first));
        put_in_order(&starts[from..], entries);
        starts[from..].iter_mut().for_each(|start| *start += bounds[0]);
    }
    starts.push(entries.len() as u32);
    Grouped { starts, entries }
}

/// The rows by blocks of deals: where the blocks begin and end, and the rows.
#[inline(never)]
fn in_blocks(deal_of: &[u32], deals: usize, of: &HistoryRows<'_>) -> (Vec<u32>, Vec<Entry>) {
    let blocks = deals.div_ceil(BLOCK);
    // One further, so that those of each block end at their own bound once they are all there.
    let mut bounds = vec![0; blocks + 2];
    for deal in deal_of {
        if let Some(count) = bounds.get_mut((deal >> BLOCK_BITS) as usize + 2) {
            *count += 1;
        }
    }
    for block in 2..bounds.len() {
        bounds[block] += bounds[block - 1];
    }
    let all = bounds[blocks + 1] as usize;
    let mut entries = vec![Entry::default(); all];
    let (entered, stage): (&[f64], &[u32]) = (&of.entered, &of.stage.codes);
    let ends = &mut bounds[1..=blocks];
    for rows in of.in_order() {
        let columns = deal_of[rows.clone()].iter().zip(&entered[rows.clone()]).zip(&stage[rows.clone()]);
        for (row, ((&deal, &entered), &stage)) in (rows.start as u32..).zip(columns) {
            if let Some(end) = ends.get_mut((deal >> BLOCK_BITS) as usize) {
                entries[*end as usize] = Entry::new(entered, row, stage, deal);
                *end += 1;
            }
        }
    }
    bounds.truncate(blocks + 1);
    (bounds, entries)
}

/// Sorts the rows of a block of `deals` by deal, and appends to `starts` where those of each begin.
#[inline(never)]
fn sort_block(entries: &mut [Entry], scratch: &mut Vec<Entry>, starts: &mut Vec<u32>, deals: usize) {
    let mut next = [0_u32; BLOCK];
    entries.iter().for_each(|entry| next[entry.deal_in_block()] += 1);
    let mut start = 0;
    next.iter_mut().for_each(|next| start += std::mem::replace(next, start));
    starts.extend_from_slice(&next[..deals]);
    scratch.clear();
    scratch.extend_from_slice(entries);
    for entry in &*scratch {
        let next = &mut next[entry.deal_in_block()];
        entries[*next as usize] = *entry;
        *next += 1;
    }
}

#[inline(never)]
fn put_in_order(starts: &[u32], entries: &mut [Entry]) {
    let ends = starts.iter().skip(1).copied().chain([entries.len() as u32]);
    for (start, end) in starts.iter().zip(ends) {
        by_time(&mut entries[*start as usize..end as usize]);
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
