//! Groups of deals side by side: owners, sources, products, periods or any other column, with tests whether they differ.

use super::curve::{DurationSummary, SmallCurve};
use super::cycle::{WonWithin, won_within};
use super::grouping::{Grouping, OTHER};
use super::stages::{KINDS, kind};
use super::{OutcomeCounts, Settings, Used, Weights};
use crate::crm::{AllDurations, CLOSED, Deals, Durations, LOST, Outcome, WON};
use crate::meta::Estimate;
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::false_discovery::benjamini_hochberg;
use crate::stats::intervals::wilson;
use crate::stats::survival::{Part, Parts, Survival};
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

/// A test whether the groups are alike. Where there are very many event times (more than 300 for 30 groups, 11,600 for 6), ends that lie close together count
/// as tied.
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

/// What was estimated per group, and what the tests compare.
pub(super) struct GroupEstimates {
    /// Per group.
    pub cycle: Vec<Survival>,
    /// Per stage, per group; causes are kinds of exits, from 1.
    pub stages: Vec<Vec<Survival>>,
}

/// What the durations count as in the groups; causes as in [`GroupEstimates`].
pub(super) struct GroupParts {
    cycle: Parts,
    stages: Vec<Parts>,
}

impl GroupParts {
    /// Of `grouping`.
    pub fn new(grouping: &Grouping, all: &AllDurations, weights: &Weights<'_>) -> Self {
        let of = |durations: &Durations, stage: Option<usize>| {
            Parts::new(durations.deal.len(), |place| {
                let part = weights.part(durations, place)?;
                let group = grouping.of(durations.deal[place] as usize)? as u32;
                let cause = match stage {
                    Some(stage) if part.cause > 0 => kind(stage, part.cause as usize) as u32 + 1,
                    _ => part.cause,
                };
                Some(Part { group, cause, ..part })
            })
        };
        GroupParts {
            cycle: of(all.cycle(), None),
            stages: all.stages.iter().enumerate().map(|(stage, durations)| of(durations, Some(stage))).collect(),
        }
    }

    /// Estimates of the `groups`.
    pub fn estimates(&self, groups: usize, all: &AllDurations, settings: &Settings) -> GroupEstimates {
        let of = |(durations, parts): (&Durations, &Parts), causes: u32| {
            durations.sorted.estimates(groups, causes as usize, settings.confidence, parts)
        };
        let kinds = KINDS.len() as u32;
        GroupEstimates {
            cycle: of((all.cycle(), &self.cycle), CLOSED),
            stages: all.stages.iter().zip(&self.stages).map(|stage| of(stage, kinds)).collect(),
        }
    }
}

/// The groups of `grouping` side by side.
pub(super) fn groups(
    column: &str,
    grouping: &Grouping,
    estimates: &GroupEstimates,
    tests: Vec<GroupTest>,
    deals: &Deals,
    used: &Used,
    settings: &Settings,
) -> Groups {
    let mut groups: Vec<GroupResult> = grouping
        .names
        .iter()
        .zip(&estimates.cycle)
        .map(|(name, survival)| group(name.clone(), survival, settings))
        .collect();
    for (deal, group) in grouping.of_deal.iter().enumerate().filter(|(deal, _)| used.is_selected(*deal)) {
        if let Some(group) = groups.get_mut(*group as usize) {
            group.counts.add(deals.outcome[deal], deals.weight[deal]);
            if deals.outcome[deal] == Outcome::Won && deals.amount[deal].is_finite() {
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
        tests,
        stages: estimates.stages.iter().flatten().map(|survival| group_stage(survival, settings)).collect(),
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
        won_within_days: won_within(survival, &won, &[30.0, 60.0, 90.0], outcomes_known),
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

/// Steps of a test times the groups to the third power, which is what a step of Gray's test costs.
const MOST_WORK: usize = 2_500_000;
/// Steps that a test takes in any case.
const LEAST_STEPS: usize = 300;

/// Tests of the whole cycle and of each of the stages `names`.
pub(super) fn tests(groups: usize, all: &AllDurations, parts: &GroupParts, names: &[String]) -> Vec<GroupTest> {
    let most_times = (MOST_WORK / groups.pow(3).max(1)).max(LEAST_STEPS);
    let mut tests = Vec::new();
    let mut add = |stage: Option<&String>, durations: &Durations, parts: &Parts, causes: &[(&'static str, u32)]| {
        let numbers: Vec<u32> = causes.iter().map(|(_, cause)| *cause).collect();
        let (ranks, grays) = durations.sorted.comparisons(groups, &numbers, most_times, parts);
        let mut push = |test, cause, result: Option<ChiSquareTest>| {
            if let Some(result) = result {
                tests.push(GroupTest { stage: stage.cloned(), test, cause, result, adjusted_p: result.p });
            }
        };
        push("log_rank", None, ranks.test);
        for ((name, _), gray) in causes.iter().zip(grays) {
            push("gray", Some(*name), gray.test);
        }
    };
    add(None, all.cycle(), &parts.cycle, &[("won", WON), ("lost", LOST)]);
    let place = |name: &'static str| (name, KINDS.iter().position(|kind| *kind == name).map_or(0, |at| at as u32 + 1));
    for ((durations, parts), stage) in all.stages.iter().zip(&parts.stages).zip(names) {
        add(Some(stage), durations, parts, &[place("next"), place("won"), place("lost")]);
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
