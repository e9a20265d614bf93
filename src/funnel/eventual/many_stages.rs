//! The same of funnels with many stages, in time that grows with the moves of deals and not with stages × deals.
//!
//! Of the journeys between two neighbouring stages most take no time: the deal had got to both at once, by a move beyond them or by its win. Those are added up
//! by ranges of stages; the others begin with a move to the former stage. Journeys from the first stage change only where a move ends, so that the possible ends
//! of all deals are sorted once and each stage is one pass over them.

use super::{Journey, Journeyed, Shares};
use crate::error::Result;
use crate::funnel::conversion::Sums;
use crate::meta::Estimate;
use crate::stats::survival::{Part, Sorted};

/// Steps of passes over the ends of journeys from the first stage at most.
const MOST_STEPS: usize = 100_000_000;

/// The furthest stage that a deal had got to, from `instant` on until its next step.
#[derive(Clone, Copy)]
struct Step {
    deal: u32,
    /// First passage of the deal.
    row: u32,
    stage: u32,
    instant: f64,
}

/// A row of a survival estimate.
struct Row {
    duration: f64,
    watched: f64,
    cause: u8,
    weight: f64,
    /// Weight × amount.
    value: f64,
}

/// What journeys that take no time add up to.
#[derive(Clone, Copy, Default)]
struct AtOnce {
    sums: Sums,
    /// Weight, and weight × amount, of those that were watched.
    weight: f64,
    value: f64,
}

impl AtOnce {
    fn add_all(&mut self, other: &AtOnce) {
        self.sums.add_all(&other.sums);
        self.weight += other.weight;
        self.value += other.value;
    }
}

/// Sums over ranges of stages that are only ever added to: a difference of sums would leave crumbs of large ones beside small ones.
struct Ranges {
    stages: usize,
    nodes: Vec<AtOnce>,
}

impl Ranges {
    fn new(stages: usize) -> Self {
        Ranges { stages, nodes: vec![AtOnce::default(); 2 * stages] }
    }

    /// Adds `what` to the stages from `from` to just before `to`.
    fn add(&mut self, from: usize, to: usize, what: &AtOnce) {
        let (mut left, mut right) = (from + self.stages, to.min(self.stages) + self.stages);
        while left < right {
            if left % 2 == 1 {
                self.nodes[left].add_all(what);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                self.nodes[right].add_all(what);
            }
            (left, right) = (left / 2, right / 2);
        }
    }

    fn at(&self, stage: usize) -> AtOnce {
        let mut sum = AtOnce::default();
        let mut node = stage + self.stages;
        while node > 0 {
            sum.add_all(&self.nodes[node]);
            node /= 2;
        }
        sum
    }
}

impl Journeyed<'_> {
    /// What [`Journeyed::few_stages`] gives, but for shares of the first stage where those would take too long.
    ///
    /// # Errors
    /// As there.
    pub fn many_stages(&self) -> Result<Vec<(Shares, Shares)>> {
        let stages = self.passages.stages.len();
        let steps = self.steps();
        let mut by_stage: Vec<u32> = (0..steps.len() as u32).collect();
        by_stage.sort_by_key(|step| steps[*step as usize].stage);
        let mut result = vec![(Shares::default(), Shares::default()); stages];
        let at_once = self.at_once(&steps, stages);
        let mut next = 0;
        for (to, (_, previous)) in result.iter_mut().enumerate().skip(1) {
            let begun = from_stage(&steps, &by_stage, &mut next, to - 1);
            *previous = self.neighbours(&steps, begun, &at_once.at(to))?;
        }
        self.of_first(&steps, &by_stage, &mut result)?;
        Ok(result)
    }

    /// The steps of every deal, ascending.
    fn steps(&self) -> Vec<Step> {
        let passages = self.passages;
        let stages = passages.stages.len();
        let mut steps: Vec<Step> = Vec::new();
        let mut reached: Vec<(u32, f64)> = Vec::new();
        for (deal, rows) in self.selected() {
            reached.clear();
            let first = rows.start as u32;
            for row in rows {
                reached.push((passages.stage[row], passages.entered[row]));
                reached.push((passages.next_stage[row], passages.exited[row]));
            }
            reached.push((stages as u32 - 1, self.won_at(deal)));
            reached.retain(|(stage, at)| (*stage as usize) < stages && at.is_finite());
            reached.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)));
            let begin = steps.len();
            let mut earliest = f64::INFINITY;
            for &(stage, instant) in &reached {
                if instant < earliest {
                    earliest = instant;
                    steps.push(Step { deal: deal as u32, row: first, stage, instant });
                }
            }
            steps[begin..].reverse();
        }
        steps
    }

    /// Of each stage, the journeys to it from the stage before that take no time.
    fn at_once(&self, steps: &[Step], stages: usize) -> Ranges {
        let mut ranges = Ranges::new(stages);
        for (at, step) in steps.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| steps.get(at)).filter(|before| before.deal == step.deal);
            let from = before.map_or(1, |before| before.stage as usize + 2);
            let deal = step.deal as usize;
            let Some(journey) = self.journey(deal, step.row as usize, step.instant, step.instant) else { continue };
            let (weight, amount) = (self.deals.weight[deal], self.amount_of(deal));
            let mut here = AtOnce::default();
            here.sums.add(weight, amount);
            if journey.watched == 0.0 {
                (here.weight, here.value) = (weight, weight * amount);
            }
            ranges.add(from, step.stage as usize + 1, &here);
        }
        ranges
    }

    /// Shares of the journeys to a stage from the one before, which begin with the steps `begun` or take no time.
    fn neighbours(&self, steps: &[Step], begun: &[u32], at_once: &AtOnce) -> Result<Shares> {
        let mut sums = at_once.sums;
        let mut rows = Vec::with_capacity(begun.len() + 1);
        rows.push(Row { duration: 0.0, watched: 0.0, cause: 1, weight: at_once.weight, value: at_once.value });
        for &at in begun {
            let step = &steps[at as usize];
            let row = self.row(step, step.instant, next_instant(steps, at as usize));
            if row.weight > 0.0 {
                sums.add(row.weight, self.amount_of(step.deal as usize));
            }
            rows.push(row);
        }
        let (sorted, places) = sorted(&rows)?;
        Ok(self.shares(&sorted, &sums, |place| Some(&rows[places[place] as usize])))
    }

    /// The journey of the deal of `step` from `start` to `end`; one of no weight where it has no length.
    fn row(&self, step: &Step, start: f64, end: f64) -> Row {
        let deal = step.deal as usize;
        match self.journey(deal, step.row as usize, start, end) {
            Some(Journey { duration, watched, cause }) => {
                let weight = self.deals.weight[deal];
                Row { duration, watched, cause, weight, value: weight * self.amount_of(deal) }
            }
            None => Row { duration: 0.0, watched: 0.0, cause: 0, weight: 0.0, value: 0.0 },
        }
    }

    /// Fills in the shares of journeys from the first stage to the third and those behind it.
    fn of_first(&self, steps: &[Step], by_stage: &[u32], result: &mut [(Shares, Shares)]) -> Result<()> {
        // The ends of a deal: one per step, and that of not getting further.
        let (mut rows, mut deals) = (Vec::with_capacity(2 * steps.len()), Vec::with_capacity(2 * steps.len()));
        let mut row_of_step = Vec::with_capacity(steps.len());
        let mut active = Vec::with_capacity(2 * steps.len());
        let mut first = f64::NAN;
        for (at, step) in steps.iter().enumerate() {
            if at == 0 || steps[at - 1].deal != step.deal {
                first = step.instant;
                active.push(true);
            } else {
                active.push(false);
            }
            row_of_step.push(rows.len());
            rows.push(self.row(step, first, step.instant));
            deals.push(step.deal as usize);
            if next_instant(steps, at) == f64::INFINITY {
                rows.push(self.row(step, first, f64::INFINITY));
                deals.push(step.deal as usize);
                active.push(false);
            }
        }
        if let Some((first, previous)) = result.get_mut(1) {
            *first = *previous;
        }
        let ended = by_stage.windows(2).filter(|pair| steps[pair[0] as usize].stage != steps[pair[1] as usize].stage);
        if (ended.count() + 1).saturating_mul(rows.len()) > MOST_STEPS {
            return Ok(());
        }
        let (sorted, places) = sorted(&rows)?;
        let mut next = 0;
        for to in 1..result.len() {
            let begun = from_stage(steps, by_stage, &mut next, to - 1);
            for &at in begun {
                let row = row_of_step[at as usize];
                active[row] = false;
                active[row + 1] = true;
            }
            result[to].0 = match to {
                1 => result[to].0,
                _ if begun.is_empty() => result[to - 1].0,
                _ => {
                    let mut sums = Sums::default();
                    for (row, deal) in
                        rows.iter().zip(&deals).zip(&active).filter(|(_, active)| **active).map(|(of, _)| of)
                    {
                        if row.weight > 0.0 {
                            sums.add(row.weight, self.amount_of(*deal));
                        }
                    }
                    self.shares(&sorted, &sums, |place| {
                        let row = places[place] as usize;
                        if active[row] { Some(&rows[row]) } else { None }
                    })
                }
            };
        }
        Ok(())
    }

    fn shares<'r>(&self, sorted: &Sorted, sums: &Sums, row_at: impl Fn(usize) -> Option<&'r Row>) -> Shares {
        let share = |weight_of: &dyn Fn(&Row) -> f64| -> Option<Estimate> {
            sorted.outcome(1, 2, self.settings.confidence, |place| {
                row_at(place).map(|row| Part { group: 0, cause: row.cause.into(), weight: weight_of(row) })
            })
        };
        (share(&|row| row.weight), sums.scale().and_then(|scale| share(&|row| row.value * scale)))
    }
}

/// When the deal of step `at` takes its next one; infinite where it takes none.
fn next_instant(steps: &[Step], at: usize) -> f64 {
    let deal = steps.get(at).map(|step| step.deal);
    steps.get(at + 1).filter(|next| Some(next.deal) == deal).map_or(f64::INFINITY, |next| next.instant)
}

/// Places of the steps to `stage`; `next` moves on over `by_stage`, which is in the order of stages.
fn from_stage<'s>(steps: &[Step], by_stage: &'s [u32], next: &mut usize, stage: usize) -> &'s [u32] {
    let rest = by_stage.get(*next..).unwrap_or_default();
    let length = rest.iter().take_while(|step| steps[**step as usize].stage as usize == stage).count();
    *next += length;
    &rest[..length]
}

/// The rows in order, and the row of each place.
fn sorted(rows: &[Row]) -> Result<(Sorted, Vec<u32>)> {
    let durations: Vec<f64> = rows.iter().map(|row| row.duration).collect();
    let entries: Vec<f64> = rows.iter().map(|row| row.watched).collect();
    Sorted::new(&durations, &entries)
}
