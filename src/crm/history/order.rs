//! The order of the stages: as told, then as deals go through them.

use super::HistoryRows;
use super::grouped::Block;
use crate::stats::order::reordered;
use crate::table::Levels;
use std::collections::HashMap;

/// Above this many stages, counting which of two comes first takes more memory than it is worth.
const PAIRED_STAGES: usize = 400;

/// The order of the stages, until all deals are seen.
pub(super) struct Order {
    /// The place among those told of each level of the stage column; `u32::MAX` for none.
    asked: Vec<u32>,
    /// Levels of open stages that any row has.
    seen: Vec<usize>,
    /// `None` where each of these has a place of its own already: then there is nothing to count.
    counted: Option<Precedence>,
}

impl Order {
    /// `rows_of` says how many rows have each level.
    pub fn new(rows: &HistoryRows<'_>, rows_of: &[u32], told: &[String]) -> Self {
        let levels = &rows.stage.levels;
        // Of equal names the first counts.
        let places: HashMap<&str, u32> = (0..told.len()).rev().map(|at| (told[at].as_str(), at as u32)).collect();
        let asked: Vec<u32> = levels.iter().map(|level| places.get(level).copied().unwrap_or(u32::MAX)).collect();
        let occurs = |stage: &usize| rows_of.get(*stage).is_some_and(|rows| *rows > 0);
        let seen: Vec<usize> = (0..levels.len()).filter(|stage| occurs(stage) && rows.ends[*stage].is_none()).collect();
        let mut taken = vec![false; told.len()];
        let mut is_told =
            |stage: &usize| taken.get_mut(asked[*stage] as usize).is_some_and(|taken| !std::mem::replace(taken, true));
        let counted = if seen.iter().all(&mut is_told) { None } else { Some(Precedence::new(levels.len())) };
        Order { asked, seen, counted }
    }

    /// Counts which stages the deals of `block` visit before which, where that matters.
    pub fn count(&mut self, rows: &HistoryRows<'_>, block: &Block<'_>) {
        if let Some(counted) = &mut self.counted {
            counted.count(rows, block);
        }
    }

    /// Open stages in funnel order, and the place in it of each level of the stage column (`u32::MAX` for outcomes).
    ///
    /// Those told first; the others by how many stages they precede in most deals (Copeland's score on first visits), then by mean position.
    pub fn finish(self, levels: &Levels) -> (Vec<String>, Vec<u32>) {
        let Order { asked, seen, counted } = self;
        let scored: Vec<(usize, i64, f64)> = seen
            .into_iter()
            .map(|stage| counted.as_ref().map_or((stage, 0, 0.0), |all| (stage, all.score(stage), all.position(stage))))
            .collect();
        let seen = reordered(scored, &mut |a, b| {
            asked[a.0]
                .cmp(&asked[b.0])
                .then(b.1.cmp(&a.1))
                .then(a.2.total_cmp(&b.2))
                .then_with(|| levels[a.0].cmp(&levels[b.0]))
        });
        let mut place = vec![u32::MAX; levels.len()];
        for (at, (stage, ..)) in seen.iter().enumerate() {
            place[*stage] = at as u32;
        }
        (seen.iter().map(|(stage, ..)| levels[*stage].to_owned()).collect(), place)
    }
}

/// Which stages deals visit before which.
struct Precedence {
    /// Sum of the places at which deals visited each stage first, and how many did.
    positions: Vec<(f64, f64)>,
    /// Deals that visited the one stage before the other, row-major; empty above [`PAIRED_STAGES`].
    before: Vec<u32>,
    /// Stages that a deal visited, in order.
    firsts: Vec<usize>,
}

impl Precedence {
    fn new(stages: usize) -> Self {
        let paired = if stages <= PAIRED_STAGES { stages * stages } else { 0 };
        Precedence { positions: vec![(0.0, 0.0); stages], before: vec![0; paired], firsts: Vec::new() }
    }

    fn count(&mut self, rows: &HistoryRows<'_>, block: &Block<'_>) {
        let Precedence { positions, before, firsts } = self;
        let stages = positions.len();
        for (_, group) in block.deals() {
            firsts.clear();
            for entry in group {
                let stage = entry.stage() as usize;
                if rows.ends[stage].is_none() && !firsts.contains(&stage) {
                    if !before.is_empty() {
                        firsts.iter().for_each(|earlier| before[earlier * stages + stage] += 1);
                    }
                    positions[stage].0 += firsts.len() as f64;
                    positions[stage].1 += 1.0;
                    firsts.push(stage);
                }
            }
        }
    }

    fn score(&self, stage: usize) -> i64 {
        let n = self.positions.len();
        if self.before.is_empty() {
            return 0;
        }
        (0..n).map(|other| i64::from(self.before[stage * n + other].cmp(&self.before[other * n + stage]) as i8)).sum()
    }

    fn position(&self, stage: usize) -> f64 {
        self.positions[stage].0 / self.positions[stage].1
    }
}
