//! Open deals whose expected close has passed.

use super::draws::Odds;
use crate::bulk::{Floats, Indices};
use crate::crm::{Crm, Deals};
use crate::stats::order::sort_rows;
use crate::table::Values;
use crate::time::DAY_MS;
use serde::Serialize;

/// Open deals whose expected day of close lies before that of the analysis.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slipped {
    /// Column that says when a deal is expected to close; `None` where there is none.
    pub column: Option<String>,
    /// How many (weighted).
    pub deals: f64,
    /// Sum of their known amounts.
    pub amount: f64,
    /// Sum over them of probability × known amount.
    pub expected_amount: f64,
    /// Their rows in the deals table by falling amount, those without one last; as many as are listed.
    pub row: Indices,
    /// Days since the expected close.
    pub days_late: Floats,
    /// Probability of a win by the end of the last period.
    pub probability: Floats,
}

/// The slipped ones of `open`, to which the rows of `odds` belong.
pub(super) fn slipped(crm: &Crm, deals: &Deals, odds: &Odds<'_>, open: &[usize], listed: usize) -> Slipped {
    let with_role = |role: &str| deals.attributes.iter().find(|column| column.role.as_deref() == Some(role));
    // A CRM without a date of its own for it keeps the expected close of an open deal where the close will stand.
    let Some(column) = with_role("expected_close").or_else(|| with_role("closed_at")) else {
        return Slipped::default();
    };
    let Values::Instants(expected) = &column.values else { return Slipped::default() };
    let mut days = crm.time.zone.cursor();
    let mut late: Vec<usize> = (0..open.len())
        .filter(|&at| {
            expected.get(open[at]).is_some_and(|instant| days.day(*instant) < crm.as_of_day && !instant.is_nan())
        })
        .collect();
    let mut found = Slipped { column: Some(column.name.clone()), ..Slipped::default() };
    let probability = |at: usize| odds.won_within[(at + 1) * odds.periods - 1];
    for &at in &late {
        found.deals += odds.weight[at];
        if !odds.amount[at].is_nan() {
            found.amount += odds.weight[at] * odds.amount[at];
            found.expected_amount += odds.weight[at] * odds.amount[at] * probability(at);
        }
    }
    let size = |at: usize| if odds.amount[at].is_nan() { f64::NEG_INFINITY } else { odds.amount[at] };
    sort_rows(&mut late, &mut |a, b| size(b).total_cmp(&size(a)));
    late.truncate(listed);
    found.row = Indices(late.iter().map(|&at| deals.row[open[at]]).collect());
    found.days_late = Floats(late.iter().map(|&at| ((crm.as_of - expected[open[at]]) / DAY_MS).floor()).collect());
    found.probability = Floats(late.iter().map(|&at| probability(at)).collect());
    found
}
