//! Each stage: how long deals stay, where they go, how many get there.

use super::curve::{Incidence, SurvivalCurve};
use super::{LeftOutCount, Settings, Used};
use crate::bulk::Floats;
use crate::crm::{Deals, Exit, LeftOut, Outcome, Passages};
use crate::error::Result;
use crate::meta::{Estimate, Progress};
use crate::stats::intervals::wilson;
use crate::stats::survival::SurvivalState;
use crate::time::LocalTime;
use serde::Serialize;

/// One stage. Counts are weighted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageResult {
    /// Name.
    pub stage: String,
    /// Stays.
    pub passages: f64,
    /// Deals that stayed.
    pub deals: f64,
    /// Deals that stayed more than once.
    pub deals_with_reentry: f64,
    /// Stays that ended.
    pub left: f64,
    /// Stays that go on at `as_of`.
    pub still_here: f64,
    /// Days of a stay until any exit; `None` where no stay has a usable duration.
    pub duration: Option<SurvivalCurve>,
    /// Where stays end: `won`, `lost`, `hold`, `closed`, then `stage:<name>` in funnel order, those that occur; `None` where none ended.
    pub exits: Option<Incidence>,
    /// Deals that were ever here, also those whose history ends with the entry.
    pub visited: f64,
    /// Deals with a history that were here, in a later stage, or won.
    pub reached: f64,
    /// Share of those that reached the first stage; `None` for the first.
    pub of_first: Option<Estimate>,
    /// Share of those that reached the stage before; `None` for the first.
    pub of_previous: Option<Estimate>,
}

/// Moves (weighted) between stages.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Transitions {
    /// Stages in funnel order.
    pub stages: Vec<String>,
    /// Row-major, from × to.
    pub counts: Floats,
}

// Causes of an exit; STAGE + i is a move to stage i.
const WON: u32 = 1;
const LOST: u32 = 2;
const HOLD: u32 = 3;
const CLOSED: u32 = 4;
const STAGE: u32 = 5;

/// Rows of one stage for the estimators.
#[derive(Default, Clone)]
struct Stays {
    durations: Vec<f64>,
    entries: Vec<f64>,
    causes: Vec<u32>,
    weights: Vec<f64>,
    deals: f64,
    deals_with_reentry: f64,
    left: f64,
    still_here: f64,
}

/// Results per stage and the moves between them, of the passages of selected deals.
pub(super) fn stages(
    deals: &Deals,
    passages: &Passages,
    time: &LocalTime,
    used: &mut Used,
    settings: &Settings,
    left_out: &mut Vec<LeftOut>,
    progress: &mut Progress<'_>,
) -> Result<(Vec<StageResult>, Transitions)> {
    let names = &passages.stages;
    let mut stays = vec![Stays::default(); names.len()];
    let mut moves = vec![0.0; names.len() * names.len()];
    let mut exited_early = LeftOutCount::new("history", "exited_before_entered");
    let mut never_seen = LeftOutCount::new("history", "exited_before_observed");
    for row in 0..passages.len() {
        let (deal, stage) = (passages.deal[row] as usize, passages.stage[row] as usize);
        if !used.selected.get(deal).is_some_and(|selected| *selected) || stage >= names.len() {
            continue;
        }
        let weight = passages.weight[row];
        let stay = &mut stays[stage];
        match passages.ordinal[row] {
            0 => stay.deals += weight,
            1 => stay.deals_with_reentry += weight,
            _ => {}
        }
        let next = passages.next_stage[row] as usize;
        let cause = match passages.exit[row] {
            Exit::Censored => 0,
            Exit::Won => WON,
            Exit::Lost => LOST,
            Exit::Hold => HOLD,
            Exit::Moved if next < names.len() => {
                moves[stage * names.len() + next] += weight;
                STAGE + next as u32
            }
            Exit::Moved | Exit::Closed => CLOSED,
        };
        *(if cause == 0 { &mut stay.still_here } else { &mut stay.left }) += weight;
        let entered = passages.entered[row];
        let duration = time.elapsed_ms(entered, passages.exited[row]) / time.day_ms();
        let entry = match passages.delayed_entry[row] {
            0.0 => 0.0,
            age => time.elapsed_ms(entered, entered + age) / time.day_ms(),
        };
        if !(duration >= 0.0 && entry >= 0.0) {
            exited_early.add(weight, None);
        } else if entry > 0.0 && entry >= duration {
            never_seen.add(weight, None);
        } else {
            stay.durations.push(duration);
            stay.entries.push(entry);
            stay.causes.push(cause);
            stay.weights.push(weight);
            used.rests_on[deal] = true;
        }
    }
    exited_early.push_to(left_out);
    never_seen.push_to(left_out);

    let conversion = conversion(deals, passages, &used.selected);
    let first = conversion.first().map_or(0.0, |first| first.reached);
    let mut results = Vec::with_capacity(names.len());
    for (index, (name, stay)) in names.iter().zip(&stays).enumerate() {
        let mut state = SurvivalState::new(CLOSED as usize + names.len());
        state.update(&stay.durations, Some(&stay.entries), &stay.causes, Some(&stay.weights))?;
        let survival = state.finish(settings.confidence);
        let here = &conversion[index];
        let share_of = |whole: f64| wilson(here.reached, whole, settings.confidence);
        let before = index.checked_sub(1).map(|before| conversion[before].reached);
        results.push(StageResult {
            stage: name.clone(),
            passages: stay.left + stay.still_here,
            deals: stay.deals,
            deals_with_reentry: stay.deals_with_reentry,
            left: stay.left,
            still_here: stay.still_here,
            duration: (survival.n > 0.0).then(|| SurvivalCurve::new(&survival, settings)),
            exits: (survival.events > 0.0).then(|| Incidence::new(&survival, causes_of(stay, names))),
            visited: here.visited,
            reached: here.reached,
            of_first: before.and_then(|_| share_of(first)),
            of_previous: before.and_then(share_of),
        });
        progress.report(0.3 + 0.7 * (index + 1) as f64 / names.len() as f64);
    }
    Ok((results, Transitions { stages: names.clone(), counts: Floats(moves) }))
}

/// Number and name of the causes that occur, in the order of the result.
fn causes_of(stay: &Stays, names: &[String]) -> Vec<(usize, String)> {
    let mut occurs = vec![false; STAGE as usize + names.len()];
    for (&cause, &weight) in stay.causes.iter().zip(&stay.weights) {
        occurs[cause as usize] |= weight > 0.0;
    }
    let outcomes = ["won", "lost", "hold", "closed"].map(String::from).into_iter();
    let all = outcomes.chain(names.iter().map(|name| format!("stage:{name}")));
    (1..).zip(all).filter(|(cause, _)| occurs[*cause]).collect()
}

#[derive(Clone, Default)]
struct Conversion {
    visited: f64,
    reached: f64,
}

/// Visited and reached per stage. A deal's passages stand together.
fn conversion(deals: &Deals, passages: &Passages, selected: &[bool]) -> Vec<Conversion> {
    let stages = passages.stages.len();
    let mut conversion = vec![Conversion::default(); stages];
    let mut visited_by = vec![u32::MAX; stages];
    let mut rows = 0..passages.len();
    while let Some(first) = rows.next() {
        let deal = passages.deal[first];
        let length = passages.deal[first..].iter().take_while(|other| **other == deal).count();
        let of_deal = first..first + length;
        rows = of_deal.end..passages.len();
        if !selected.get(deal as usize).is_some_and(|selected| *selected) {
            continue;
        }
        let weight = passages.weight[first];
        let mut furthest = 0;
        for row in of_deal {
            for stage in [passages.stage[row], passages.next_stage[row]] {
                if let Some(by) = visited_by.get_mut(stage as usize) {
                    furthest = furthest.max(stage as usize + 1);
                    if std::mem::replace(by, deal) != deal {
                        conversion[stage as usize].visited += weight;
                    }
                }
            }
        }
        if deals.outcome.get(deal as usize) == Some(&Outcome::Won) {
            furthest = stages;
        }
        for stage in &mut conversion[..furthest] {
            stage.reached += weight;
        }
    }
    conversion
}
