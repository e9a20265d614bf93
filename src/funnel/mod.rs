//! How long deals take, from creation to close and in each stage, and where they go.
//!
//! Open deals count as censored at `as_of`, not as lost and not as absent: durations are Kaplan–Meier curves, outcomes and exits
//! Aalen–Johansen incidences. What other tools show, averages and shares of the finished deals, stands beside them under names of its own.

mod cohorts;
mod conversion;
mod curve;
mod cycle;
mod deals_behind;
mod eventual;
mod filter;
mod grouping;
mod groups;
mod periods;
mod routes;
mod stages;
mod stuck;
mod velocity;

pub use cohorts::{Cohort, Cohorts};
pub use conversion::{Conversion, StageConversion};
pub use curve::{
    CauseCurve, DurationQuantile, DurationRestrictedMean, DurationSummary, Incidence, SmallCurve, SurvivalCurve,
};
pub use cycle::{Cycle, WonWithin};
pub use deals_behind::{DealConditions, DealList, deals_behind};
pub use groups::{GroupResult, GroupStage, GroupTest, Groups, RestOfGroups};
pub use periods::PeriodCounts;
pub use routes::{Transitions, Variant, Variants};
pub use stages::StageResult;
pub use stuck::{Stuck, StuckDeal, StuckThreshold};
pub use velocity::{Bottleneck, Bottlenecks, PlainVelocity, Velocity};

use crate::crm::{AllDurations, Crm, Deals, Durations, LeftOut, Outcome, Passages};
use crate::error::{Error, Result};
use crate::meta::{Meta, Progress};
use crate::stats::intervals::Confidence;
use crate::stats::order::sorted_rows;
use crate::stats::survival::{Part, Survival};
use crate::table::Texts;
use crate::time::{Calendar, Period};
use serde::{Deserialize, Serialize};

/// What to compute; everything has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FunnelOptions {
    /// Confidence level of all intervals.
    pub confidence: f64,
    /// Horizon of the restricted mean in days; the largest duration when `None`.
    pub horizon_days: Option<f64>,
    /// Column of the deals, or `owner` or `stage`: only deals whose value there is `filter_value`.
    pub filter_column: Option<String>,
    /// The value, as written; for a number or an instant (in ms) in decimal notation.
    pub filter_value: Option<String>,
    /// What deals are counted by.
    pub period: Period,
    /// The calendar of the periods; that of the data's options when `None`.
    pub calendar: Option<Calendar>,
    /// Column that groups are compared by: any column of the deals, `owner`, `stage`, or `period`, the period of creation.
    pub group_by: Option<String>,
    /// What to compute beside `counts`; all when `None`.
    pub parts: Option<Vec<FunnelPart>>,
    /// Groups shown, the largest ones; from 2 to 60.
    pub most_groups: u32,
    /// Paths shown, the commonest ones.
    pub most_variants: u32,
    /// Stuck deals listed.
    pub most_stuck: u32,
}

impl Default for FunnelOptions {
    fn default() -> Self {
        FunnelOptions {
            confidence: 0.95,
            horizon_days: None,
            filter_column: None,
            filter_value: None,
            period: Period::default(),
            calendar: None,
            group_by: None,
            parts: None,
            most_groups: 30,
            most_variants: 10,
            most_stuck: 500,
        }
    }
}

/// A field of [`FunnelResult`], or of each of its stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelPart {
    /// `current`.
    Current,
    /// `cycle`.
    Cycle,
    /// `stages`, with how long deals stay.
    Stages,
    /// Where deals go from the stages.
    Exits,
    /// How many deals get to the stages.
    Conversion,
    /// `transitions`.
    Transitions,
    /// `variants`.
    Variants,
    /// `stuck`.
    Stuck,
    /// `velocity`.
    Velocity,
    /// `bottlenecks`.
    Bottlenecks,
    /// `groups`, where there is a column to group by.
    Groups,
    /// `cohorts`.
    Cohorts,
    /// `periods`.
    Periods,
}

impl FunnelOptions {
    fn wants(&self, part: FunnelPart) -> bool {
        self.parts.as_ref().is_none_or(|parts| parts.contains(&part))
    }

    /// Whether they ask for everything of all deals: what [`regrouped`] can start from.
    pub fn is_whole(&self) -> bool {
        self.parts.is_none() && self.filter_column.is_none()
    }

    /// Whether these and `before` are whole, and differ at most in the grouping.
    fn regroups(&self, before: &FunnelOptions) -> bool {
        self.is_whole() && FunnelOptions { group_by: self.group_by.clone(), ..before.clone() } == *self
    }

    fn wants_any(&self, parts: &[FunnelPart]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }
}

/// What the durations rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelSource {
    /// A stage history.
    History,
    /// Deals alone: only the whole cycle is known.
    Deals,
}

/// Deals (weighted) by outcome at `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct OutcomeCounts {
    /// Still worked on.
    pub open: f64,
    /// Won.
    pub won: f64,
    /// Lost.
    pub lost: f64,
    /// On hold.
    pub hold: f64,
    /// Ended in a way that the data do not tell.
    pub closed: f64,
}

impl OutcomeCounts {
    fn add(&mut self, outcome: Outcome, weight: f64) {
        *match outcome {
            Outcome::Open => &mut self.open,
            Outcome::Won => &mut self.won,
            Outcome::Lost => &mut self.lost,
            Outcome::Hold => &mut self.hold,
            Outcome::Closed => &mut self.closed,
        } += weight;
    }
}

/// Deals (weighted) that stand in one stage at `as_of`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentStage {
    /// Text of the stage column; empty for deals without one.
    pub stage: String,
    /// All deals.
    pub deals: f64,
    /// Open ones, those on hold included.
    pub open: f64,
    /// Won ones.
    pub won: f64,
    /// Lost ones.
    pub lost: f64,
    /// Sum of the known amounts.
    pub amount: f64,
    /// Deals whose amount is not known.
    pub without_amount: f64,
}

/// The funnel. Shape and units are those of `FunnelResult` in `types.d.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunnelResult {
    /// Provenance. The rows used are deals that the cycle or a stage rests on.
    pub meta: Meta<FunnelOptions>,
    /// What the durations rest on.
    pub source: FunnelSource,
    /// Hours of a working day, where all durations are in those; `None` where they are in days of 24 hours.
    pub working_day_hours: Option<f64>,
    /// Deals by outcome.
    pub counts: OutcomeCounts,
    /// Deals by current stage: open stages in funnel order, then the others as they first appear. Empty where no deal has a stage.
    pub current: Vec<CurrentStage>,
    /// Creation to close; `None` where no deal has the dates.
    pub cycle: Option<Cycle>,
    /// Per open stage in funnel order; empty without a stage history.
    pub stages: Vec<StageResult>,
    /// Moves between stages.
    pub transitions: Transitions,
    /// The most common paths; `None` without a stage history.
    pub variants: Option<Variants>,
    /// Open deals that have been where they are for too long.
    pub stuck: Stuck,
    /// Sales velocity; `None` without a cycle.
    pub velocity: Option<Velocity>,
    /// Stages that hold the funnel up, by the groups of `group_by`, or of `owner`; `None` where there are too few to compare.
    pub bottlenecks: Option<Bottlenecks>,
    /// The groups of `group_by`.
    pub groups: Option<Groups>,
    /// Deals by the period of their creation; `None` where no deal has the dates.
    pub cohorts: Option<Cohorts>,
    /// Deals created, won and lost by period; `None` where no deal has a date.
    pub periods: Option<PeriodCounts>,
}

/// The funnel of the deals of `crm`.
///
/// # Errors
/// [`Error::MissingTable`] without deals; [`Error::InvalidOption`] for a confidence level outside (0, 1), a horizon that is not above 0 or a filter
/// column without a value; [`Error::UnknownColumn`] for a filter or group column that there is none of; [`Error::TooFew`] where no deal is left;
/// [`Error::TooMany`] for a history of more than 200 stages.
pub fn funnel(crm: &Crm, options: &FunnelOptions, progress: &mut Progress<'_>) -> Result<FunnelResult> {
    regrouped(crm, options, None, progress)
}

/// What [`funnel`] gives. Where `before` is the whole funnel of the same data, without a filter, and only the grouping is another, what does not depend on it is
/// taken from there.
///
/// # Errors
/// As [`funnel`].
pub fn regrouped(
    crm: &Crm,
    options: &FunnelOptions,
    before: Option<&FunnelResult>,
    progress: &mut Progress<'_>,
) -> Result<FunnelResult> {
    let before = before.filter(|before| before.meta.as_of == Some(crm.as_of) && options.regroups(&before.meta.options));
    let settings = Settings::of(options)?;
    let deals =
        crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "funnel".into(), table: "deals".into() })?;
    let used = Used { selected: filter::selected(deals, options)? };
    let grouping = |column: &str| grouping::grouping(crm, deals, &used, column, options);
    let (column, asked) = match &options.group_by {
        Some(column) => (column.as_str(), Some(grouping(column)?)),
        None => ("owner", None),
    };
    let with_bottlenecks = options.wants(FunnelPart::Bottlenecks);
    let by_owner = if asked.is_none() && with_bottlenecks && crm.passages.is_some() {
        grouping(column).ok().filter(|grouping| grouping.names.len() >= velocity::LEAST_GROUPS)
    } else {
        None
    };
    progress.report(0.05);

    let no_passages = Passages::default();
    let passages = crm.passages.as_ref().unwrap_or(&no_passages);
    let names = &passages.stages;
    if names.len() > MOST_STAGES {
        return Err(Error::TooMany {
            analysis: "funnel".into(),
            what: "stages".into(),
            most: MOST_STAGES,
            have: names.len(),
        });
    }
    let all = crm.durations(deals);
    let weights = Weights::new(deals, &used.selected);
    progress.report(0.2);
    let with_groups = options.wants(FunnelPart::Groups);
    let shown = asked.as_ref().filter(|_| with_groups || with_bottlenecks).or(by_owner.as_ref());
    let parts = shown.map(|grouping| groups::GroupParts::new(grouping, &all, &weights));
    let estimates =
        shown.zip(parts.as_ref()).map(|(grouping, parts)| parts.estimates(grouping.names.len(), &all, &settings));
    let medians = estimates.as_ref().filter(|_| with_bottlenecks).map(groups::GroupEstimates::medians);
    let compared = shown.zip(estimates);
    let groups = compared.filter(|_| asked.is_some() && with_groups).map(|(grouping, estimates)| {
        let tests =
            parts.as_ref().map_or_else(Vec::new, |parts| groups::tests(grouping.names.len(), &all, parts, names));
        groups::groups(column, grouping, estimates, tests, deals, &used, &settings)
    });
    let (counts, meta) = match before {
        Some(before) => (before.counts, Meta { options: options.clone(), ..before.meta.clone() }),
        None => {
            let left_out = left_out(&all, deals, passages, &used);
            let rows_used = used.rows(&all, &deals.weight);
            let meta = Meta::new("funnel", crm, &["deals", "history"], options.clone(), rows_used, left_out);
            (counts(deals, &used.selected), meta)
        }
    };
    let mut result = FunnelResult {
        meta,
        source: if crm.passages.is_some() { FunnelSource::History } else { FunnelSource::Deals },
        working_day_hours: crm.time.working.as_ref().map(|clock| clock.day_ms() / 3_600_000.0),
        counts,
        current: Vec::new(),
        cycle: None,
        stages: Vec::new(),
        transitions: Transitions::default(),
        periods: None,
        variants: None,
        stuck: Stuck::default(),
        velocity: None,
        bottlenecks: None,
        groups,
        cohorts: None,
    };
    progress.report(0.4);
    let cycle = match before {
        Some(before) => before.cycle.clone(),
        None if options.wants_any(&[FunnelPart::Cycle, FunnelPart::Velocity, FunnelPart::Bottlenecks]) => {
            cycle::cycle(all.cycle(), &weights, &settings)
        }
        None => None,
    };
    let conversions = if before.is_some() {
        Vec::new()
    } else if options.wants_any(&[FunnelPart::Conversion, FunnelPart::Bottlenecks]) {
        conversion::conversions(deals, passages, &crm.time, crm.as_of, &used, &settings)?
    } else {
        Vec::new()
    };
    progress.report(0.6);
    let mut stages = before.map_or_else(|| Vec::with_capacity(names.len()), |before| before.stages.clone());
    if before.is_none()
        && options.wants_any(&[FunnelPart::Stages, FunnelPart::Exits, FunnelPart::Conversion, FunnelPart::Bottlenecks])
    {
        let stays = stages::stays(passages, deals, &used);
        let with_exits = options.wants(FunnelPart::Exits);
        for (index, (stay, durations)) in stays.iter().zip(&all.stages).enumerate() {
            let conversion = conversions.get(index).copied();
            let stage = stages::stage(index, stay, durations, &weights, passages, with_exits, &settings);
            stages.push(StageResult { conversion, ..stage });
            progress.report(0.6 + 0.3 * (index + 1) as f64 / names.len() as f64);
        }
    }
    if options.wants(FunnelPart::Stuck) {
        let places: Vec<stuck::Place<'_>> = match &crm.passages {
            None => vec![stuck::Place { stage: None, durations: all.cycle() }],
            Some(_) => {
                let stages = names.iter().zip(&all.stages);
                stages.map(|(name, durations)| stuck::Place { stage: Some(name), durations }).collect()
            }
        };
        let (weights, grouping, settings) = (&weights, asked.as_ref(), &settings);
        let before = before.map(|before| &before.stuck);
        let finder = stuck::Finder { crm, deals, weights, grouping, settings, before };
        result.stuck = stuck::stuck(&finder, &places, options.most_stuck as usize)?;
    }
    let velocity = velocity::velocity(deals, &used, &counts, cycle.as_ref());
    if let Some(before) = before {
        result = FunnelResult {
            current: before.current.clone(),
            periods: before.periods.clone(),
            cohorts: before.cohorts.clone(),
            variants: before.variants.clone(),
            transitions: before.transitions.clone(),
            ..result
        };
    }
    let wants = |part| before.is_none() && options.wants(part);
    if wants(FunnelPart::Current) {
        result.current = current(deals, crm.passages.as_ref(), &used.selected);
    }
    if wants(FunnelPart::Periods) {
        result.periods = periods::periods(crm, deals, &used, options.period, options.calendar);
    }
    if wants(FunnelPart::Cohorts) {
        result.cohorts = cohorts::cohorts(crm, deals, all.cycle(), &weights, options, &settings);
    }
    result.bottlenecks =
        medians.and_then(|medians| velocity::bottlenecks(column, &medians, &stages, velocity.as_ref()));
    if wants(FunnelPart::Variants) {
        let most = options.most_variants as usize;
        result.variants = crm.passages.as_ref().map(|passages| routes::variants(deals, passages, &used, most));
    }
    if wants(FunnelPart::Transitions) {
        result.transitions = routes::transitions(deals, passages, &used);
    }
    result.cycle = cycle.filter(|_| options.wants(FunnelPart::Cycle));
    result.velocity = velocity.filter(|_| options.wants(FunnelPart::Velocity));
    if options.wants_any(&[FunnelPart::Stages, FunnelPart::Exits, FunnelPart::Conversion]) {
        result.stages = stages;
    }
    progress.report(1.0);
    Ok(result)
}

/// More stages than any funnel has: another column was taken for the stage.
const MOST_STAGES: usize = 200;

/// Options once judged.
struct Settings {
    confidence: Confidence,
    horizon_days: Option<f64>,
}

impl Settings {
    fn of(options: &FunnelOptions) -> Result<Self> {
        match options.horizon_days {
            Some(days) if !(days > 0.0 && days.is_finite()) => Err(Error::InvalidOption {
                option: "horizonDays".into(),
                value: days.to_string(),
                rule: "a horizon is a number of days above 0".into(),
            }),
            _ if !(2..=60).contains(&options.most_groups) => Err(Error::invalid_option(
                "mostGroups",
                options.most_groups.to_string(),
                "from 2 to 60 groups can be shown",
            )),
            horizon_days => Ok(Settings { confidence: Confidence::new(options.confidence)?, horizon_days }),
        }
    }
}

/// Per deal whether the filter lets it through.
struct Used {
    selected: Vec<bool>,
}

impl Used {
    fn is_selected(&self, deal: usize) -> bool {
        self.selected.get(deal).is_some_and(|selected| *selected)
    }

    /// The sum of the `weights` of the deals that any duration rests on.
    fn rows(&self, all: &AllDurations, weights: &[f64]) -> f64 {
        let mut rests = vec![false; self.selected.len()];
        let mut rest_on = |deals: &[u32]| deals.iter().for_each(|deal| rests[*deal as usize] = true);
        rest_on(all.deals_with_cycle());
        if all.deals_with_cycle().len() < self.selected.len() {
            all.stages.iter().for_each(|stage| rest_on(&stage.deal));
        }
        let counts = rests.iter().zip(&self.selected).map(|(rests, selected)| *rests && *selected);
        counts.zip(weights).filter(|(counts, _)| *counts).map(|(_, weight)| weight).sum()
    }
}

/// The selected rows and their weights.
struct Weights<'a> {
    deals: &'a Deals,
    selected: &'a [bool],
    /// Whether every deal is selected and counts once: then there is nothing to look up, which is most of what an estimate costs.
    all_once: bool,
}

impl<'a> Weights<'a> {
    fn new(deals: &'a Deals, selected: &'a [bool]) -> Self {
        let all_once = deals.weight.iter().zip(selected).all(|(weight, selected)| *selected && *weight == 1.0);
        Weights { deals, selected, all_once }
    }

    /// What the duration at `place` counts as in an estimate of all; `None` unless its deal is selected.
    #[inline(always)]
    fn part(&self, durations: &Durations, place: usize) -> Option<Part> {
        let deal = *durations.deal.get(place)? as usize;
        if self.all_once {
            return Some(Part { group: 0, cause: durations.cause[place].into(), weight: 1.0 });
        }
        let is_selected = self.selected.get(deal).is_some_and(|selected| *selected);
        is_selected.then(|| Part { group: 0, cause: durations.cause[place].into(), weight: self.deals.weight[deal] })
    }

    /// The estimate of all selected `durations`.
    fn estimate(&self, durations: &Durations, causes: usize, confidence: Confidence) -> Survival {
        if self.all_once {
            return durations.sorted.estimate_once(causes, confidence, &durations.cause);
        }
        durations.sorted.estimate(causes, confidence, |place| self.part(durations, place))
    }
}

/// Rows whose durations cannot be used, by reason.
fn left_out(all: &AllDurations, deals: &Deals, passages: &Passages, used: &Used) -> Vec<LeftOut> {
    let reasons = ["no_created_date", "no_close_date", "closed_before_created", "created_after_as_of"];
    let of_deals = reasons.map(|reason| LeftOutCount::new("deals", reason));
    let of_history =
        ["exited_before_entered", "exited_before_observed"].map(|reason| LeftOutCount::new("history", reason));
    let mut counts: Vec<LeftOutCount> = of_deals.into_iter().chain(of_history).collect();
    let mut add = |reason: &str, deal: usize, line: Option<u32>| {
        if let Some(count) = counts.iter_mut().find(|count| count.reason == reason).filter(|_| used.is_selected(deal)) {
            count.add(deals.weight[deal], line);
        }
    };
    for (deal, reason) in all.odd_cycles() {
        let deal = *deal as usize;
        add(reason, deal, deals.row.get(deal).map(|row| row.saturating_add(2)));
    }
    for (row, reason) in all.stages.iter().flat_map(|stage| &stage.odd) {
        add(reason, passages.deal[*row as usize] as usize, None);
    }
    let mut left_out = Vec::new();
    counts.into_iter().for_each(|count| count.push_to(&mut left_out));
    left_out
}

/// Counts rows that cannot be used, by reason.
struct LeftOutCount {
    table: &'static str,
    reason: &'static str,
    count: f64,
    example_lines: Vec<u32>,
}

impl LeftOutCount {
    fn new(table: &'static str, reason: &'static str) -> Self {
        LeftOutCount { table, reason, count: 0.0, example_lines: Vec::new() }
    }

    fn add(&mut self, weight: f64, line: Option<u32>) {
        self.count += weight;
        if self.example_lines.len() < 10 {
            self.example_lines.extend(line);
        }
    }

    fn push_to(self, left_out: &mut Vec<LeftOut>) {
        if self.count > 0.0 {
            left_out.push(LeftOut {
                table: self.table.into(),
                reason: self.reason.into(),
                count: self.count.round() as u64,
                example_lines: self.example_lines,
                ..LeftOut::default()
            });
        }
    }
}

fn counts(deals: &Deals, selected: &[bool]) -> OutcomeCounts {
    let mut counts = OutcomeCounts::default();
    for ((outcome, weight), _) in
        deals.outcome.iter().zip(&deals.weight).zip(selected).filter(|(_, selected)| **selected)
    {
        counts.add(*outcome, *weight);
    }
    counts
}

fn current(deals: &Deals, passages: Option<&Passages>, selected: &[bool]) -> Vec<CurrentStage> {
    let levels = &deals.stage.levels;
    let mut by_level = vec![CurrentStage::default(); levels.len() + 1];
    for (row, _) in selected.iter().enumerate().filter(|(_, selected)| **selected) {
        let code = deals.stage.codes.get(row).copied().unwrap_or(Texts::MISSING);
        let at = &mut by_level[(code as usize).min(levels.len())];
        let weight = deals.weight[row];
        at.deals += weight;
        match deals.outcome[row] {
            Outcome::Open | Outcome::Hold => at.open += weight,
            Outcome::Won => at.won += weight,
            Outcome::Lost => at.lost += weight,
            Outcome::Closed => {}
        }
        match deals.amount[row] {
            amount if amount.is_nan() => at.without_amount += weight,
            amount => at.amount += weight * amount,
        }
    }
    let funnel_order = passages.map_or([].as_slice(), |passages| &passages.stages);
    let place = |level: &str| funnel_order.iter().position(|stage| stage == level).unwrap_or(usize::MAX);
    let mut order = sorted_rows(levels.len(), &mut |a, b| place(&levels[a]).cmp(&place(&levels[b])));
    order.push(levels.len());
    let current: Vec<CurrentStage> = order
        .into_iter()
        .filter(|index| by_level[*index].deals > 0.0)
        .map(|index| CurrentStage {
            stage: levels.get(index).unwrap_or_default().to_owned(),
            ..by_level[index].clone()
        })
        .collect();
    if current.iter().all(|at| at.stage.is_empty()) { Vec::new() } else { current }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
