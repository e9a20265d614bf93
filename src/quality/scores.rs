//! How far the data carry each analysis.

use super::book::{flags, sum_of};
use super::deals::ended;
use super::{FORECAST, FUNNEL, Finding, SEGMENTS, Score, Severity};
use crate::crm::{Deals, Loaded, Outcome, Passages, TableKind};
use crate::stats::order::sorted_rows;

/// Won and lost deals that a test on held-out deals needs, of each.
const ENOUGH: f64 = 40.0;

pub(super) fn scores(loaded: &Loaded, findings: &[Finding]) -> Vec<Score> {
    let crm = &loaded.crm;
    let left_out = |table: &str| -> f64 {
        let given = |reason: &str| reason != "after_as_of" && reason != "unreadable_value";
        let entries = crm.left_out.iter().filter(|entry| entry.table == table && given(&entry.reason));
        entries.map(|entry| entry.count as f64).sum()
    };
    let deals = crm.deals.as_ref().map(|deals| {
        let lost = if loaded.table(TableKind::Deals).is_some() { left_out("deals") } else { 0.0 };
        (deals, lost)
    });
    let funnel = deals.map(|(deals, lost)| {
        let used = with_duration(deals, crm.passages.as_ref(), crm.as_of);
        (sum(deals, &|deal| used[deal]), sum(deals, &|_| true) + lost)
    });
    let learnt = deals.map_or_else(Vec::new, |(deals, _)| learnt_from(deals));
    let forecast = deals
        .map(|(deals, lost)| (sum(deals, &|deal| learnt[deal]), sum(deals, &|deal| ended(deals.outcome[deal])) + lost));
    let segments = crm.orders.as_ref().map(|orders| {
        let used = sum_of(orders.len(), &|at| orders.weight[at]);
        (used, used + left_out("orders"))
    });
    let few = deals.map_or(1.0, |(deals, _)| {
        let of = |outcome| sum(deals, &|deal| learnt[deal] && deals.outcome[deal] == outcome) / ENOUGH;
        of(Outcome::Won).min(of(Outcome::Lost)).min(1.0)
    });
    vec![
        score(FUNNEL, funnel, findings, 1.0),
        score(FORECAST, forecast, findings, few),
        score(SEGMENTS, segments, findings, 1.0),
    ]
}

fn score(analysis: &'static str, rows: Option<(f64, f64)>, findings: &[Finding], few: f64) -> Score {
    let Some((usable, of)) = rows else {
        return Score { analysis, score: None, usable: 0.0, of: 0.0, limited_by: vec!["missing_table".into()] };
    };
    // How much each finding takes away.
    let mut taken: Vec<(f64, &str)> = Vec::new();
    let mut kept = few * if of > 0.0 { usable / of } else { 0.0 };
    for finding in findings {
        for cost in finding.costs.iter().filter(|cost| cost.analysis == analysis) {
            let share = if cost.of > 0 { (cost.rows as f64 / cost.of as f64).min(1.0) } else { 0.0 };
            let weight = match finding.severity {
                Severity::Info => 0.0,
                Severity::Warning => 0.25,
                Severity::Error => 0.5,
            };
            if cost.lost {
                taken.push((share, &finding.code));
            } else {
                kept *= 1.0 - weight * share;
                taken.push((weight * share, &finding.code));
            }
        }
    }
    taken.push((1.0 - few, "too_few_closed"));
    let order = sorted_rows(taken.len(), &mut |a, b| taken[b].0.total_cmp(&taken[a].0));
    let mut limited_by: Vec<String> = Vec::new();
    for (_, code) in order.iter().map(|at| taken[*at]).filter(|(taken, _)| *taken > 0.0) {
        if !limited_by.iter().any(|other| other == code) {
            limited_by.push(code.into());
        }
    }
    Score { analysis, score: Some(100.0 * kept), usable, of, limited_by }
}

fn sum(deals: &Deals, is: &dyn Fn(usize) -> bool) -> f64 {
    sum_of(deals.len(), &|deal| if is(deal) { deals.weight[deal] } else { 0.0 })
}

/// The deals that a duration rests on: the whole cycle, or a stay in a stage.
fn with_duration(deals: &Deals, passages: Option<&Passages>, as_of: f64) -> Vec<bool> {
    let end = |deal: usize| if ended(deals.outcome[deal]) { deals.closed[deal] } else { as_of };
    let mut used = flags(deals.len(), &|deal| end(deal) >= deals.created[deal]);
    for (at, deal) in passages.iter().flat_map(|passages| passages.deal.iter().enumerate()) {
        let Some(passages) = passages else { continue };
        let (days, entry) = (passages.exited[at] - passages.entered[at], passages.delayed_entry_of(at));
        if days >= 0.0 && (entry == 0.0 || (entry > 0.0 && entry < days)) {
            used[*deal as usize] = true;
        }
    }
    used
}

/// Whether the forecast learns from dated deals only: at least half of the won and half of the lost ones have a close date.
pub(super) fn learns_by_date(deals: &Deals) -> bool {
    let mut sums = [(0.0, 0.0); 2];
    for (deal, outcome) in deals.outcome.iter().enumerate() {
        let (dated, all) = match outcome {
            Outcome::Won => &mut sums[0],
            Outcome::Lost => &mut sums[1],
            _ => continue,
        };
        *all += deals.weight[deal];
        *dated += if deals.closed[deal].is_nan() { 0.0 } else { deals.weight[deal] };
    }
    let shares = sums.map(|(dated, all)| dated / all);
    // NaN: there are none of this outcome.
    !shares.iter().any(|share| *share < 0.5) && shares.iter().any(|share| *share > 0.0)
}

/// The closed deals that the forecast learns from.
fn learnt_from(deals: &Deals) -> Vec<bool> {
    let by_date = learns_by_date(deals);
    let closed = |deal: usize| matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost);
    flags(deals.len(), &|deal| closed(deal) && !(by_date && deals.closed[deal].is_nan()))
}
