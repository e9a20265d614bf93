//! Groups of deals side by side: owners, sources, products, periods or any other column, with tests whether they differ.

use super::curve::{DurationSummary, SmallCurve};
use super::cycle::{CycleRows, LOST, WON, WonWithin, won_within};
use super::grouping::{Grouping, OTHER};
use super::stages::{KINDS, Stays, kind};
use super::{OutcomeCounts, Settings, Used};
use crate::crm::Deals;
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::false_discovery::benjamini_hochberg;
use crate::stats::intervals::wilson;
use crate::stats::survival::{Survival, SurvivalState, gray, log_rank};
use serde::Serialize;

/// Fewer deals or stays than this say little.
pub(super) const FEW: f64 = 30.0;

/// Groups of one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Groups {
    /// The column, as asked for.
    pub column: String,
    /// The largest groups, the largest first.
    pub groups: Vec<GroupResult>,
    /// The others, which are in no comparison; `None` where all are shown.
    pub rest: Option<RestOfGroups>,
    /// Whether the whole cycle, and each stage, differ between the groups.
    pub tests: Vec<GroupTest>,
    /// Stage × group, row-major by stage in funnel order: the heat map.
    pub stages: Vec<GroupStage>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupResult {
    /// Value of the column; `None` for deals without one.
    pub name: Option<String>,
    /// Deals (weighted).
    pub deals: f64,
    /// Whether there are fewer than 30.
    pub is_small: bool,
    /// Deals by outcome.
    pub counts: OutcomeCounts,
    /// Sum of the known amounts of the deals won.
    pub won_value: f64,
    /// Days from creation to close; `None` where no deal has the dates.
    pub cycle: Option<DurationSummary>,
    /// Its curve.
    pub curve: Option<SmallCurve>,
    /// Probability of a win where observation ends (Aalen–Johansen); `None` where the data do not tell won from lost.
    pub won: Option<Estimate>,
    /// Probability of a win by 30, 60 and 90 days.
    pub won_within_days: Vec<WonWithin>,
    /// What other tools show: won of won and lost. Wilson interval.
    pub won_share_of_closed: Option<Estimate>,
}

/// The groups that are not shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RestOfGroups {
    /// How many.
    pub groups: u32,
    /// Their deals (weighted).
    pub deals: f64,
    /// Names of the largest 100 of them.
    pub names: Vec<Option<String>>,
}

/// One stage in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupStage {
    /// Stays (weighted) with a usable duration.
    pub n: f64,
    /// Those that ended.
    pub events: f64,
    /// Whether there are fewer than 30 stays.
    pub is_small: bool,
    /// Kaplan–Meier median; `None` where it is not reached or nobody was here.
    pub median_days: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Restricted mean to the horizon.
    pub restricted_mean_days: Option<f64>,
    /// Share of stays that lead on: to a later stage or a win (Aalen–Johansen).
    pub forward: Option<Estimate>,
}

/// A test whether the groups are alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupTest {
    /// Stage; `None` for the whole cycle.
    pub stage: Option<String>,
    /// `log_rank`: durations until any end. `gray`: the share that ends by `cause`, and when.
    pub test: &'static str,
    /// Cause of a Gray test: `won`, `lost` or, in a stage, `next`.
    pub cause: Option<&'static str>,
    /// The test itself.
    #[serde(flatten)]
    pub result: ChiSquareTest,
    /// P-value adjusted (Benjamini & Hochberg) for all tests of the kind.
    pub adjusted_p: f64,
}

/// What was estimated per group.
pub(super) struct GroupStates {
    /// Per group.
    pub cycle: Vec<SurvivalState>,
    /// Per stage, per group; causes are kinds of exits, from 1.
    pub stages: Vec<Vec<SurvivalState>>,
}

/// Estimators of the groups.
pub(super) fn states(grouping: &Grouping, cycle: &CycleRows, stays: &[Stays]) -> Result<GroupStates> {
    let groups = grouping.names.len();
    let of_stage = |(index, stay): (usize, &Stays)| -> Result<Vec<SurvivalState>> {
        let mut rows = vec![Vec::new(); groups];
        for (row, deal) in stay.deal.iter().enumerate() {
            if let Some(group) = grouping.of(*deal as usize) {
                rows[group].push(row);
            }
        }
        let cause_of = |cause: u32| if cause == 0 { 0 } else { kind(index, cause as usize) as u32 + 1 };
        rows.into_iter().map(|rows| stay.state(&mut rows.into_iter(), KINDS.len(), &cause_of)).collect()
    };
    Ok(GroupStates {
        cycle: cycle.by_group(groups, &|deal| grouping.of(deal))?,
        stages: stays.iter().enumerate().map(of_stage).collect::<Result<_>>()?,
    })
}

/// The groups of `grouping` side by side.
pub(super) fn groups(
    column: &str,
    grouping: &Grouping,
    states: &GroupStates,
    names: &[String],
    deals: &Deals,
    used: &Used,
    settings: &Settings,
) -> Groups {
    let mut groups: Vec<GroupResult> = grouping
        .names
        .iter()
        .zip(&states.cycle)
        .map(|(name, state)| group(name.clone(), &state.finish(settings.confidence), settings))
        .collect();
    for (deal, group) in grouping.of_deal.iter().enumerate().filter(|(deal, _)| used.is_selected(*deal)) {
        if let Some(group) = groups.get_mut(*group as usize) {
            group.counts.add(deals.outcome[deal], deals.weight[deal]);
            if deals.outcome[deal] == crate::crm::Outcome::Won && deals.amount[deal].is_finite() {
                group.won_value += deals.weight[deal] * deals.amount[deal];
            }
        }
    }
    for group in &mut groups {
        let OutcomeCounts { open, won, lost, hold, closed } = group.counts;
        group.deals = open + won + lost + hold + closed;
        group.is_small = group.deals < FEW;
        group.won_share_of_closed = wilson(won, won + lost, settings.confidence);
    }
    let rest = &grouping.other;
    Groups {
        column: column.into(),
        rest: (!rest.is_empty()).then(|| RestOfGroups {
            groups: rest.len() as u32,
            deals: rest.iter().map(|(_, deals)| deals).sum(),
            names: rest.iter().take(100).map(|(name, _)| name.clone()).collect(),
        }),
        groups,
        tests: tests(states, names),
        stages: states
            .stages
            .iter()
            .flatten()
            .map(|state| group_stage(&state.finish(settings.confidence), settings))
            .collect(),
    }
}

fn group(name: Option<String>, survival: &Survival, settings: &Settings) -> GroupResult {
    let any = survival.n > 0.0;
    let won = survival.incidence(WON as usize);
    let outcomes_known = won.events + survival.incidence(LOST as usize).events > 0.0 || survival.events == 0.0;
    GroupResult {
        name,
        deals: 0.0,
        is_small: false,
        counts: OutcomeCounts::default(),
        won_value: 0.0,
        cycle: DurationSummary::new(survival, settings),
        curve: any.then(|| SmallCurve::new(survival)),
        won: (any && outcomes_known).then_some(Estimate {
            value: won.last,
            low: won.last_low,
            high: won.last_high,
            n: survival.n,
        }),
        won_within_days: won_within(survival, &[30.0, 60.0, 90.0], outcomes_known),
        won_share_of_closed: None,
    }
}

fn group_stage(survival: &Survival, settings: &Settings) -> GroupStage {
    let median = survival.quantile(0.5);
    let summary = DurationSummary::new(survival, settings);
    let forward = survival.incidence_of(&|cause| matches!(KINDS.get(cause - 1), Some(&"next" | &"skip" | &"won")));
    GroupStage {
        n: survival.n,
        events: survival.events,
        is_small: survival.n < FEW,
        median_days: median.value,
        low: median.low,
        high: median.high,
        restricted_mean_days: summary.as_ref().map(|summary| summary.restricted_mean.days),
        forward: summary.map(|_| Estimate {
            value: forward.last,
            low: forward.last_low,
            high: forward.last_high,
            n: survival.n,
        }),
    }
}

fn tests(states: &GroupStates, names: &[String]) -> Vec<GroupTest> {
    let mut tests = Vec::new();
    let mut add = |stage: Option<&String>, states: &[SurvivalState], causes: &[(&'static str, usize)]| {
        let mut push = |test, cause, result: Option<ChiSquareTest>| {
            if let Some(result) = result {
                tests.push(GroupTest { stage: stage.cloned(), test, cause, result, adjusted_p: result.p });
            }
        };
        push("log_rank", None, log_rank(&[states], 0.0).test);
        for (name, cause) in causes {
            push("gray", Some(*name), gray(&[states], *cause).test);
        }
    };
    add(None, &states.cycle, &[("won", WON as usize), ("lost", LOST as usize)]);
    let place = |name: &'static str| (name, KINDS.iter().position(|kind| *kind == name).map_or(0, |at| at + 1));
    for (name, states) in names.iter().zip(&states.stages) {
        add(Some(name), states, &[place("next"), place("won"), place("lost")]);
    }
    for test in ["log_rank", "gray"] {
        let of_kind: Vec<usize> = (0..tests.len()).filter(|at| tests[*at].test == test).collect();
        let p: Vec<f64> = of_kind.iter().map(|at| tests[*at].result.p).collect();
        for (at, adjusted) in of_kind.into_iter().zip(benjamini_hochberg(&p)) {
            tests[at].adjusted_p = adjusted;
        }
    }
    tests
}

/// The group of `deal` by name, if it is one of those shown.
pub(super) fn name_of(grouping: Option<&Grouping>, deal: usize) -> Option<String> {
    let grouping = grouping?;
    let group = grouping.of_deal.get(deal).copied().filter(|group| *group != OTHER)?;
    grouping.names.get(group as usize).cloned().flatten()
}
