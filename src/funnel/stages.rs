//! Each stage: how long deals stay, where they go, how many get there.

use super::conversion::StageConversion;
use super::curve::{Cause, DurationSummary, Incidence, SurvivalCurve};
use super::{Settings, Used, Weights};
use crate::crm::{CLOSED, Deals, Durations, Exit, HOLD, LOST, Passages, STAGE, WON};
use crate::stats::intervals::Confidence;
use crate::stats::survival::{Part, Survival};
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
    /// How many get here, in three definitions; `None` where it was not asked for.
    pub conversion: Option<StageConversion>,
}

/// Kinds of exits in the order of the result.
pub(super) const KINDS: [&str; 8] = ["next", "skip", "back", "again", "won", "lost", "hold", "closed"];

/// Kind (place in [`KINDS`]) of an exit from `stage` by `cause`, which is not 0.
pub(super) fn kind(stage: usize, cause: usize) -> usize {
    match (cause as u32, cause.checked_sub(STAGE as usize)) {
        (_, Some(to)) if to == stage + 1 => 0,
        (_, Some(to)) if to > stage => 1,
        (_, Some(to)) if to < stage => 2,
        (_, Some(_)) => 3,
        (WON, _) => 4,
        (LOST, _) => 5,
        (HOLD, _) => 6,
        _ => 7,
    }
}

/// Counts (weighted) of the stays in one stage, usable or not.
#[derive(Default, Clone, Copy)]
pub(super) struct Stays {
    deals: f64,
    deals_with_reentry: f64,
    left: f64,
    still_here: f64,
}

/// The stays of selected deals by stage.
pub(super) fn stays(passages: &Passages, deals: &Deals, used: &Used) -> Vec<Stays> {
    let mut stays = vec![Stays::default(); passages.stages.len()];
    for row in 0..passages.len() {
        let Some(stay) = stays.get_mut(passages.stage[row] as usize) else { continue };
        if !used.is_selected(passages.deal[row] as usize) {
            continue;
        }
        let weight = deals.weight[passages.deal[row] as usize];
        match passages.ordinal[row] {
            0 => stay.deals += weight,
            1 => stay.deals_with_reentry += weight,
            _ => {}
        }
        *(if passages.exit[row] == Exit::Censored { &mut stay.still_here } else { &mut stay.left }) += weight;
    }
    stays
}

/// The result of stage `index`, but for its conversion.
pub(super) fn stage(
    index: usize,
    stay: &Stays,
    durations: &Durations,
    weights: &Weights<'_>,
    passages: &Passages,
    with_exits: bool,
    settings: &Settings,
) -> StageResult {
    let names = &passages.stages;
    let causes = STAGE as usize - 1 + names.len();
    let confidence = settings.confidence;
    // One estimate after the other: each is as large as what it is made from.
    let by_pass = (stay.deals_with_reentry > 0.0).then(|| {
        [false, true]
            .map(|is_reentry| DurationSummary::new(&pass(durations, weights, is_reentry, confidence), settings))
    });
    let survival = weights.estimate(durations, causes, confidence);
    let [first_pass, reentry] = by_pass.unwrap_or_else(|| [DurationSummary::new(&survival, settings), None]);
    let (exits, exit_kinds) = if with_exits && survival.events > 0.0 {
        let targets = causes_of(&survival, names);
        let exits = Incidence::new(&survival, &targets);
        let kinds = Incidence::new_beside(&survival, &kinds_of(&survival, index, causes), &exits, &targets);
        (Some(exits), Some(kinds))
    } else {
        (None, None)
    };
    StageResult {
        stage: names.get(index).cloned().unwrap_or_default(),
        passages: stay.left + stay.still_here,
        deals: stay.deals,
        deals_with_reentry: stay.deals_with_reentry,
        left: stay.left,
        still_here: stay.still_here,
        duration: (survival.n > 0.0).then(|| SurvivalCurve::new(&survival, settings)),
        first_pass,
        reentry,
        exits,
        exit_kinds,
        conversion: None,
    }
}

/// The estimate of first stays or of later ones.
fn pass(durations: &Durations, weights: &Weights<'_>, is_reentry: bool, confidence: Confidence) -> Survival {
    let (sorted, flags) = (&durations.sorted, &durations.is_reentry);
    if weights.all_once {
        return sorted.estimate_flagged_once(confidence, &durations.cause, flags, is_reentry);
    }
    sorted.estimate(1, confidence, |place| {
        let part = weights.part(durations, place)?;
        ((flags.get(place) == Some(&true)) == is_reentry).then_some(Part { cause: part.cause.min(1), ..part })
    })
}

/// The causes that occur, in the order of the result.
fn causes_of(survival: &Survival, names: &[String]) -> Vec<Cause> {
    let outcomes = [(WON, "won"), (LOST, "lost"), (HOLD, "hold"), (CLOSED, "closed")];
    let outcomes = outcomes.into_iter().map(|(cause, name)| (cause as usize, name.to_owned()));
    let moves = (STAGE as usize..).zip(names.iter().map(|name| format!("stage:{name}")));
    let occurring = outcomes.chain(moves).filter(|(cause, _)| survival.occurs(*cause));
    occurring.map(|(cause, name)| Cause { name, of: vec![cause] }).collect()
}

/// The kinds of exits from stage `index` that occur.
fn kinds_of(survival: &Survival, index: usize, causes: usize) -> Vec<Cause> {
    let of_kind = |(at, name): (usize, &&str)| Cause {
        name: (*name).into(),
        of: (1..=causes).filter(|cause| kind(index, *cause) == at && survival.occurs(*cause)).collect(),
    };
    KINDS.iter().enumerate().map(of_kind).filter(|kind| !kind.of.is_empty()).collect()
}
