//! What was known about deals at an instant, now or in the past.

use crate::crm::{Crm, Deals, LeftOut, Outcome};
use crate::time::{DAY_MS, Period, Periods};

/// The deals as they stood just before an instant. Amounts and attributes are those of today: no export tells older ones.
#[derive(Debug, Clone)]
pub(super) struct Book<'a> {
    pub deals: &'a Deals,
    /// Deals with usable dates that existed, by index.
    pub rows: Vec<usize>,
    /// Those of them that were open.
    pub open: Vec<usize>,
    /// The instant in ms; what happens at it has not happened yet.
    pub before: f64,
}

/// Amounts beyond this are no amounts: their squares could not be summed.
const LARGEST_AMOUNT: f64 = 1e100;

/// Amount of deal `row`; NaN where it has none that can be summed.
pub(in crate::forecast) fn amount(deals: &Deals, row: usize) -> f64 {
    match deals.amount[row] {
        amount if amount.abs() <= LARGEST_AMOUNT => amount,
        _ => f64::NAN,
    }
}

/// Why the dates of a deal are of no use; `None` where they are.
fn unusable(deals: &Deals, row: usize) -> Option<&'static str> {
    let (created, closed) = (deals.created[row], deals.closed[row]);
    match deals.outcome[row] {
        _ if created.is_nan() => Some("no_created_date"),
        Outcome::Open | Outcome::Hold => None,
        _ if closed.is_nan() => Some("no_close_date"),
        _ if closed < created => Some("closed_before_created"),
        _ => None,
    }
}

impl<'a> Book<'a> {
    /// The book just before `before`.
    pub fn new(deals: &'a Deals, before: f64) -> Self {
        let rows: Vec<usize> = (0..deals.len())
            .filter(|&row| deals.weight[row] > 0.0 && deals.created[row] < before && unusable(deals, row).is_none())
            .collect();
        let mut book = Book { deals, rows, open: Vec::new(), before };
        book.open = book.rows.iter().copied().filter(|&row| book.is_open(row)).collect();
        book
    }

    fn is_open(&self, row: usize) -> bool {
        let closed = self.deals.closed[row];
        closed.is_nan() || closed >= self.before
    }

    /// What had become of deal `row`.
    pub fn outcome(&self, row: usize) -> Outcome {
        if self.is_open(row) { Outcome::Open } else { self.deals.outcome[row] }
    }

    /// Its amount, as [`amount`] has it.
    pub fn amount(&self, row: usize) -> f64 {
        amount(self.deals, row)
    }

    /// Days from its creation to its end, or to the instant of the book.
    pub fn days(&self, row: usize) -> f64 {
        let end = if self.is_open(row) { self.before } else { self.deals.closed[row] };
        ((end - self.deals.created[row]) / DAY_MS).max(0.0)
    }

    /// Wins (weighted), known amounts won, and wins without an amount, from `from` (ms) to just before `to`.
    pub fn won(&self, from: f64, to: f64) -> Won {
        let mut won = Won::default();
        for &row in &self.rows {
            let closed = self.deals.closed[row];
            if self.deals.outcome[row] == Outcome::Won && closed >= from && closed < to && closed < self.before {
                let (weight, amount) = (self.deals.weight[row], self.amount(row));
                won.wins += weight;
                if amount.is_nan() { won.without_amount += weight } else { won.amount += weight * amount }
            }
        }
        won
    }
}

/// What was won in a time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Won {
    pub wins: f64,
    pub amount: f64,
    pub without_amount: f64,
}

/// Deals whose dates are of no use, by reason.
pub(super) fn left_out(deals: &Deals) -> Vec<LeftOut> {
    let mut found: Vec<LeftOut> = Vec::new();
    for row in (0..deals.len()).filter(|&row| deals.weight[row] > 0.0) {
        let Some(reason) = unusable(deals, row) else { continue };
        let at = found.iter().position(|left| left.reason == reason).unwrap_or_else(|| {
            found.push(LeftOut { table: "deals".into(), reason: reason.into(), ..LeftOut::default() });
            found.len() - 1
        });
        let left = &mut found[at];
        left.count = left.count.saturating_add(deals.weight[row].round() as u64);
        if left.example_lines.len() < 10 {
            left.example_lines.push(deals.row[row].saturating_add(2));
        }
    }
    found
}

/// Periods of a calendar as instants.
#[derive(Debug, Clone, Copy)]
pub(in crate::forecast) struct Clock<'a> {
    pub crm: &'a Crm,
    pub rule: Periods,
    pub period: Period,
}

impl Clock<'_> {
    /// Key of the period that `instant` lies in.
    pub fn key(&self, instant: f64) -> i32 {
        self.rule.key(self.period, self.crm.time.zone.day(instant))
    }

    /// First local day of the period `key`.
    pub fn start_day(&self, key: i32) -> i32 {
        self.rule.start(self.period, key)
    }

    /// The instant (ms) at which the period `key` begins.
    pub fn start(&self, key: i32) -> f64 {
        self.crm.time.zone.instant(f64::from(self.start_day(key)) * DAY_MS)
    }
}
