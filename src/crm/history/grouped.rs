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

/// Deals whose rows are sorted together: few enough for the cache.
const BLOCK_BITS: u32 = 9;
const BLOCK: usize = 1 << BLOCK_BITS;

/// How many rows each block of neighbouring deals has.
pub(super) struct BlockCounts(Vec<u32>);

impl BlockCounts {
    /// None, for at most so many deals.
    pub fn new(deals: usize) -> Self {
        BlockCounts(vec![0; deals.div_ceil(BLOCK)])
    }

    /// One more row of `deal`.
    pub fn add(&mut self, deal: u32) {
        if let Some(count) = self.0.get_mut((deal >> BLOCK_BITS) as usize) {
            *count += 1;
        }
    }
}

/// Rows of the history by blocks of neighbouring deals. Straight to its place by deal and time, each row would have to be waited for.
pub(super) struct Blocks {
    /// Where the rows of each block begin, and where the last one ends.
    bounds: Vec<u32>,
    entries: Vec<Entry>,
}

impl Blocks {
    /// The rows that have a deal by `deal_of` (`u32::MAX` for none), which `counts` counted.
    #[inline(never)]
    pub fn new(deal_of: &[u32], BlockCounts(counts): BlockCounts, of: &HistoryRows<'_>) -> Self {
        // One before, so that those of each block end at their own bound once they are all there.
        let mut bounds = vec![0];
        let mut all = 0;
        for count in &counts {
            bounds.push(all);
            all += count;
        }
        let mut entries = vec![Entry::default(); all as usize];
        let (entered, stage): (&[f64], &[u32]) = (&of.entered, &of.stage.codes);
        let ends = &mut bounds[1..];
        for rows in of.in_order() {
            let columns = deal_of[rows.clone()].iter().zip(&entered[rows.clone()]).zip(&stage[rows.clone()]);
            for (row, ((&deal, &entered), &stage)) in (rows.start as u32..).zip(columns) {
                if let Some(end) = ends.get_mut((deal >> BLOCK_BITS) as usize) {
                    entries[*end as usize] = Entry::new(entered, row, stage, deal);
                    *end += 1;
                }
            }
        }
        Blocks { bounds, entries }
    }

    /// Gives `visit` the rows of each block in turn, up to the last of `deals`.
    pub fn each(&self, deals: usize, visit: &mut dyn FnMut(&Block<'_>)) {
        let mut block = Sorted { starts: Vec::new(), entries: Vec::new() };
        for (first, bounds) in (0..deals).step_by(BLOCK).zip(self.bounds.windows(2)) {
            block.sort(&self.entries[bounds[0] as usize..bounds[1] as usize], BLOCK.min(deals - first));
            visit(&Block { first, starts: &block.starts, entries: &block.entries });
        }
    }
}

/// The rows of some neighbouring deals, by deal and time; rows of equal times in the order of the file.
pub(super) struct Block<'a> {
    first: usize,
    /// Where the rows of each deal begin, and where the last one's end.
    starts: &'a [u32],
    entries: &'a [Entry],
}

impl Block<'_> {
    /// Each deal and its rows.
    pub fn deals(&self) -> impl Iterator<Item = (usize, &[Entry])> {
        let rows = self.starts.windows(2).map(|bounds| &self.entries[bounds[0] as usize..bounds[1] as usize]);
        (self.first..).zip(rows)
    }
}

/// What a [`Block`] lends.
struct Sorted {
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

impl Sorted {
    /// Takes the rows of a block of `deals`.
    fn sort(&mut self, entries: &[Entry], deals: usize) {
        by_deal(entries, &mut self.starts, deals, &mut self.entries);
        for bounds in self.starts.windows(2) {
            by_time(&mut self.entries[bounds[0] as usize..bounds[1] as usize]);
        }
    }
}

/// Puts the rows of a block of `deals` into `sorted` by deal, and into `starts` where those of each begin.
#[inline(never)]
fn by_deal(entries: &[Entry], starts: &mut Vec<u32>, deals: usize, sorted: &mut Vec<Entry>) {
    let mut next = [0_u32; BLOCK];
    entries.iter().for_each(|entry| next[entry.deal_in_block()] += 1);
    let mut start = 0;
    next.iter_mut().for_each(|next| start += std::mem::replace(next, start));
    starts.clear();
    starts.extend_from_slice(&next[..deals]);
    starts.push(start);
    sorted.resize(entries.len(), Entry::default());
    for entry in entries {
        let next = &mut next[entry.deal_in_block()];
        sorted[*next as usize] = *entry;
        *next += 1;
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
