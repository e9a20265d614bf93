//! The order of the stages: as told, then as deals go through them.

use super::HistoryRows;
use super::grouped::Grouped;
use crate::stats::order::reordered;
use std::collections::HashMap;

/// Above this many stages, counting which of two comes first takes more memory than it is worth.
const PAIRED_STAGES: usize = 400;

/// Open stages in funnel order, and the place in it of each level of the stage column (`u32::MAX` for outcomes). `occurs` says which levels any row has.
///
/// `order` first; the others by how many stages they precede in most deals (Copeland's score on first visits), then by mean position.
pub(super) fn funnel_order(
    rows: &HistoryRows<'_>,
    grouped: &Grouped,
    occurs: &[bool],
    order: &[String],
) -> (Vec<String>, Vec<u32>) {
    let levels = &rows.stage.levels;
    let n = levels.len();
    // Of equal names the first counts.
    let places: HashMap<&str, u32> = (0..order.len()).rev().map(|at| (order[at].as_str(), at as u32)).collect();
    let asked: Vec<u32> = levels.iter().map(|level| places.get(level).copied().unwrap_or(u32::MAX)).collect();
    let seen: Vec<usize> =
        (0..n).filter(|stage| occurs.get(*stage) == Some(&true) && rows.ends[*stage].is_none()).collect();
    let mut taken = vec![false; order.len()];
    let mut is_told =
        |stage: &usize| taken.get_mut(asked[*stage] as usize).is_some_and(|taken| !std::mem::replace(taken, true));
    // Where each has a place of its own already, there is nothing to count.
    let counted = if seen.iter().all(&mut is_told) { None } else { Some(Precedence::of(rows, grouped, n)) };
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
    let mut place = vec![u32::MAX; n];
    for (at, (stage, ..)) in seen.iter().enumerate() {
        place[*stage] = at as u32;
    }
    (seen.iter().map(|(stage, ..)| levels[*stage].to_owned()).collect(), place)
}

/// Which stages deals visit before which.
struct Precedence {
    /// Sum of the places at which deals visited each stage first, and how many did.
    positions: Vec<(f64, f64)>,
    /// Deals that visited the one stage before the other, row-major; empty above [`PAIRED_STAGES`].
    before: Vec<u32>,
}

impl Precedence {
    fn of(rows: &HistoryRows<'_>, grouped: &Grouped, stages: usize) -> Self {
        let mut positions = vec![(0.0_f64, 0.0_f64); stages];
        let paired = stages <= PAIRED_STAGES;
        let mut before = vec![0_u32; if paired { stages * stages } else { 0 }];
        let mut firsts: Vec<usize> = Vec::new();
        for group in grouped.all() {
            firsts.clear();
            for entry in group {
                let stage = entry.stage() as usize;
                if rows.ends[stage].is_none() && !firsts.contains(&stage) {
                    if paired {
                        firsts.iter().for_each(|earlier| before[earlier * stages + stage] += 1);
                    }
                    positions[stage].0 += firsts.len() as f64;
                    positions[stage].1 += 1.0;
                    firsts.push(stage);
                }
            }
        }
        Precedence { positions, before }
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
