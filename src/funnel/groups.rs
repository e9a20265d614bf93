//! Groups of deals side by side: owners, sources, products, periods or any other column, with tests whether they differ.

use super::curve::{DurationRestrictedMean, DurationSummary, SmallCurve};
use super::cycle::{WonWithin, won_within};
use super::grouping::Grouping;
use super::stages::{KINDS, kind};
use super::{OutcomeCounts, Settings, Used, Weights};
use crate::crm::{AllDurations, CLOSED, Deals, Durations, LOST, Outcome, WON};
use crate::meta::Estimate;
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::false_discovery::benjamini_hochberg;
use crate::stats::intervals::wilson;
use crate::stats::survival::{Parts, Survival};
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

/// A test whether the groups are alike. Where there are very many event times (more than 200 for 30 groups, 4,600 for 6), ends that lie close together count
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

/// What was estimated per group.
pub(super) struct GroupEstimates {
    /// Per group.
    cycle: Vec<GroupResult>,
    /// Per stage, per group.
    stages: Vec<Vec<GroupStage>>,
}

impl GroupEstimates {
    /// Per stage the medians of the groups with enough stays to compare.
    pub fn medians(&self) -> Vec<Vec<f64>> {
        let median = |group: &GroupStage| group.median_days.filter(|_| group.n >= FEW);
        self.stages.iter().map(|stage| stage.iter().filter_map(median).collect()).collect()
    }
}

/// What the durations count as in the groups; the causes of stays are kinds of exits, from 1.
pub(super) struct GroupParts {
    cycle: Parts,
    stages: Vec<Parts>,
}

impl GroupParts {
    /// Of `grouping`.
    pub fn new(grouping: &Grouping, all: &AllDurations, weights: &Weights<'_>) -> Self {
        let of_stage = |(stage, durations): (usize, &Durations)| {
            let kind = |cause: u8| if cause > 0 { kind(stage, cause.into()) as u8 + 1 } else { 0 };
            grouping.parts(durations, weights, kind)
        };
        GroupParts {
            cycle: grouping.parts(all.cycle(), weights, |cause| cause),
            stages: all.stages.iter().enumerate().map(of_stage).collect(),
        }
    }

    /// Estimates of the `groups`.
    pub fn estimates(&self, groups: usize, all: &AllDurations, settings: &Settings) -> GroupEstimates {
        let each = |durations: &Durations, parts: &Parts, causes: usize, take: &mut dyn FnMut(Survival)| {
            durations.sorted.each_group(groups, causes, settings.confidence, parts, take);
        };
        let mut cycle = Vec::with_capacity(groups);
        each(all.cycle(), &self.cycle, CLOSED as usize, &mut |survival| cycle.push(group(&survival, settings)));
        let stage = |(durations, parts): (&Durations, &Parts)| {
            let mut stage = Vec::with_capacity(groups);
            each(durations, parts, KINDS.len(), &mut |survival| stage.push(group_stage(&survival, settings)));
            stage
        };
        GroupEstimates { cycle, stages: all.stages.iter().zip(&self.stages).map(stage).collect() }
    }
}

/// The groups of `grouping` side by side.
pub(super) fn groups(
    column: &str,
    grouping: &Grouping,
    estimates: GroupEstimates,
    tests: Vec<GroupTest>,
    deals: &Deals,
    used: &Used,
    settings: &Settings,
) -> Groups {
    let named = grouping.names.iter().zip(estimates.cycle);
    let mut groups: Vec<GroupResult> = named.map(|(name, group)| GroupResult { name: name.clone(), ..group }).collect();
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
        stages: estimates.stages.into_iter().flatten().collect(),
    }
}

fn group(survival: &Survival, settings: &Settings) -> GroupResult {
    let any = survival.n > 0.0;
    let outcomes_known = [WON, LOST].iter().any(|cause| survival.occurs(*cause as usize)) || survival.events == 0.0;
    let (won_within_days, won) = won_within(survival, &[30.0, 60.0, 90.0], outcomes_known);
    GroupResult {
        name: None,
        deals: 0.0,
        is_small: false,
        counts: OutcomeCounts::default(),
        won_value: 0.0,
        cycle: DurationSummary::new(survival, settings),
        curve: any.then(|| SmallCurve::new(survival)),
        won: won.filter(|_| any && outcomes_known),
        won_within_days,
        won_share_of_closed: None,
    }
}

fn group_stage(survival: &Survival, settings: &Settings) -> GroupStage {
    let median = survival.quantile(0.5);
    let any = survival.n > 0.0;
    let leads_on = |cause: usize| matches!(KINDS.get(cause - 1), Some(&"next" | &"skip" | &"won"));
    GroupStage {
        n: survival.n,
        events: survival.events,
        is_small: survival.n < FEW,
        median_days: median.value,
        low: median.low,
        high: median.high,
        restricted_mean_days: any.then(|| DurationRestrictedMean::new(survival, settings).days),
        forward: any.then(|| survival.shares_by(&leads_on, &[f64::INFINITY]).pop()).flatten(),
    }
}

/// Steps of a test times the groups to the third power, which is what a step of Gray's test costs.
const MOST_WORK: usize = 1_000_000;
/// Steps that a test takes in any case.
const LEAST_STEPS: usize = 200;

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
    grouping.names.get(grouping.of(deal)?).cloned().flatten()
}
