//! Each stage: how long deals stay, where they go, how many get there.

use super::conversion::StageConversion;
use super::curve::{Cause, DurationSummary, Incidence, SurvivalCurve};
use super::{LeftOutCount, Settings, Used};
use crate::crm::{Exit, LeftOut, Passages};
use crate::error::Result;
use crate::meta::Estimate;
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
    /// Days of first stays.
    pub first_pass: Option<DurationSummary>,
    /// Days of the stays of deals that came back.
    pub reentry: Option<DurationSummary>,
    /// Where stays end, by target: `won`, `lost`, `hold`, `closed`, then `stage:<name>` in funnel order, those that occur; `None` where none ended.
    pub exits: Option<Incidence>,
    /// Where stays end, by kind: `next`, `skip`, `back`, `again` (the same stage once more), `won`, `lost`, `hold`, `closed`, those that occur; `None`
    /// where none ended.
    pub exit_kinds: Option<Incidence>,
    /// Deals that were ever here, also those whose history ends with the entry.
    pub visited: f64,
    /// Deals with a history that were here, in a later stage, or won.
    pub reached: f64,
    /// Share of those that reached the first stage; `None` for the first.
    pub of_first: Option<Estimate>,
    /// Share of those that reached the stage before; `None` for the first.
    pub of_previous: Option<Estimate>,
    /// How many get here, in three definitions.
    pub conversion: StageConversion,
}

// Causes of an exit; STAGE + i is a move to stage i.
const WON: u32 = 1;
const LOST: u32 = 2;
const HOLD: u32 = 3;
const CLOSED: u32 = 4;
const STAGE: u32 = 5;

/// Kinds of exits in the order of the result.
pub(super) const KINDS: [&str; 8] = ["next", "skip", "back", "again", "won", "lost", "hold", "closed"];

/// Kind (place in [`KINDS`]) of an exit from `stage` by `cause`, which is not 0.
pub(super) fn kind(stage: usize, cause: usize) -> usize {
    match (cause as u32).checked_sub(STAGE).map(|to| to as usize) {
        Some(to) if to == stage + 1 => 0,
        Some(to) if to > stage => 1,
        Some(to) if to < stage => 2,
        Some(_) => 3,
        None => cause + 3,
    }
}

/// Stays in one stage whose duration is usable, for the estimators, and counts of all stays.
#[derive(Default, Clone)]
pub(super) struct Stays {
    pub deal: Vec<u32>,
    pub durations: Vec<f64>,
    pub entries: Vec<f64>,
    pub causes: Vec<u32>,
    pub weights: Vec<f64>,
    /// Row of the passages.
    pub row: Vec<u32>,
    pub deals: f64,
    deals_with_reentry: f64,
    left: f64,
    still_here: f64,
}

impl Stays {
    /// Rows `rows` of these, as a state for the causes 1 to `causes`, where `cause_of` may rename causes.
    pub fn state(
        &self,
        rows: &mut dyn Iterator<Item = usize>,
        causes: usize,
        cause_of: &dyn Fn(u32) -> u32,
    ) -> Result<SurvivalState> {
        let (mut durations, mut entries, mut of_rows, mut weights) = (vec![], vec![], vec![], vec![]);
        for row in rows {
            durations.push(self.durations[row]);
            entries.push(self.entries[row]);
            of_rows.push(cause_of(self.causes[row]));
            weights.push(self.weights[row]);
        }
        let mut state = SurvivalState::new(causes);
        state.update(&durations, Some(&entries), &of_rows, Some(&weights))?;
        Ok(state)
    }

    /// Number of stays, ended or not.
    pub fn passages(&self) -> f64 {
        self.left + self.still_here
    }
}

/// The stays of selected deals by stage.
pub(super) fn stays(passages: &Passages, time: &LocalTime, used: &mut Used, left_out: &mut Vec<LeftOut>) -> Vec<Stays> {
    let stages = passages.stages.len();
    let mut stays = vec![Stays::default(); stages];
    let mut exited_early = LeftOutCount::new("history", "exited_before_entered");
    let mut never_seen = LeftOutCount::new("history", "exited_before_observed");
    for row in 0..passages.len() {
        let (deal, stage) = (passages.deal[row] as usize, passages.stage[row] as usize);
        if !used.selected.get(deal).is_some_and(|selected| *selected) || stage >= stages {
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
            Exit::Moved if next < stages => STAGE + next as u32,
            Exit::Moved | Exit::Closed => CLOSED,
        };
        *(if cause == 0 { &mut stay.still_here } else { &mut stay.left }) += weight;
        let entered = passages.entered[row];
        let duration = time.elapsed_ms(entered, passages.exited[row]) / time.day_ms();
        let entry = match passages.delayed_entry[row] {
            0.0 => 0.0,
            age => time.elapsed_ms(entered, entered + age) / time.day_ms(),
        };
        if !(duration >= 0.0 && duration.is_finite() && entry >= 0.0 && entry.is_finite()) {
            exited_early.add(weight, None);
        } else if entry > 0.0 && entry >= duration {
            never_seen.add(weight, None);
        } else {
            stay.deal.push(deal as u32);
            stay.durations.push(duration);
            stay.entries.push(entry);
            stay.causes.push(cause);
            stay.weights.push(weight);
            stay.row.push(row as u32);
            used.rests_on[deal] = true;
        }
    }
    exited_early.push_to(left_out);
    never_seen.push_to(left_out);
    stays
}

/// The result of stage `index`.
pub(super) fn stage(
    index: usize,
    stay: &Stays,
    passages: &Passages,
    conversion: StageConversion,
    settings: &Settings,
) -> Result<StageResult> {
    let names = &passages.stages;
    let causes = CLOSED as usize + names.len();
    let mut state = SurvivalState::new(causes);
    state.update(&stay.durations, Some(&stay.entries), &stay.causes, Some(&stay.weights))?;
    let survival = state.finish(settings.confidence);
    let is_first = |row: &usize| passages.ordinal[stay.row[*row] as usize] == 0;
    let all = 0..stay.row.len();
    let summary = |rows: &mut dyn Iterator<Item = usize>| -> Result<Option<DurationSummary>> {
        let state = stay.state(rows, 1, &|cause| cause.min(1))?;
        Ok(DurationSummary::new(&state.finish(settings.confidence), settings))
    };
    let (first_pass, reentry) = if stay.deals_with_reentry > 0.0 {
        (summary(&mut all.clone().filter(is_first))?, summary(&mut all.filter(|row| !is_first(row)))?)
    } else {
        (DurationSummary::new(&survival, settings), None)
    };
    let ended = survival.events > 0.0;
    Ok(StageResult {
        stage: names.get(index).cloned().unwrap_or_default(),
        passages: stay.passages(),
        deals: stay.deals,
        deals_with_reentry: stay.deals_with_reentry,
        left: stay.left,
        still_here: stay.still_here,
        duration: (survival.n > 0.0).then(|| SurvivalCurve::new(&survival, settings)),
        first_pass,
        reentry,
        exits: ended.then(|| {
            let causes = causes_of(stay, names);
            let is_one: Vec<_> = causes.iter().map(|(cause, _)| move |other: usize| other == *cause).collect();
            let named = causes.iter().zip(&is_one);
            Incidence::new(&survival, named.map(|((_, name), is_one)| Cause { name: name.clone(), is_one }))
        }),
        exit_kinds: ended.then(|| {
            let occurs: Vec<usize> = (0..KINDS.len())
                .filter(|of_kind| {
                    stay.causes.iter().any(|cause| *cause > 0 && kind(index, *cause as usize) == *of_kind)
                })
                .collect();
            let is_one: Vec<_> =
                occurs.iter().map(|of_kind| move |cause: usize| kind(index, cause) == *of_kind).collect();
            let named = occurs.iter().zip(&is_one);
            Incidence::new(&survival, named.map(|(of_kind, is_one)| Cause { name: KINDS[*of_kind].into(), is_one }))
        }),
        visited: conversion.visited.deals,
        reached: conversion.reached.deals,
        of_first: conversion.reached.of_first,
        of_previous: conversion.reached.of_previous,
        conversion,
    })
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
