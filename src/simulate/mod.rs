//! Simulated CRM data with known truth: deals that pass through stages under known hazards, and customers who order at known
//! rates. For demonstrations without data, for tests that compare estimates with what they estimate, and for benchmarks.
//!
//! Deals arrive over two years that end on 2025-06-30, faster towards the end, so that about 40 % of them are still open.
//! In every stage two clocks run against each other, one for advances and one for setbacks, each Weibull; a deal's attributes
//! speed one up and slow the other down ([`Truth`]).

mod customers;
mod deals;
mod truth;

pub use truth::{Clock, CustomerType, Effect, StageTruth, Truth};

use crate::error::{Error, Result};
use crate::table::{Column, Levels, Table, Texts, Values};
use serde::{Deserialize, Serialize};

/// What to simulate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SimulateOptions {
    /// Number of deals, from 1 to 10,000,000; 10,000 when missing.
    pub deals: u32,
    /// Number of customers, from 1 to 10,000,000; a fifth of the deals when missing.
    pub customers: Option<u32>,
    /// Seed of the random numbers.
    pub seed: u32,
}

impl Default for SimulateOptions {
    fn default() -> Self {
        SimulateOptions { deals: 10_000, customers: None, seed: 1 }
    }
}

/// Four tables in the shape of a CRM's exports, and what they were drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// `deal_id`, `created_at`, `closed_at`, `stage` (the last open one), `status` (Open, Won, Lost, On hold), `amount` (2 %
    /// missing), `owner`, `source`, `product`, `customer_id`, `expected_close`.
    pub deals: Table,
    /// `deal_id`, `stage`, `entered_at`: one row per entry into a stage, On hold, Won and Lost among them; by deal, then time.
    pub history: Table,
    /// `customer_id`, `name`, `industry`, `country`, `employees`.
    pub customers: Table,
    /// `customer_id`, `order_date`, `amount`; by customer, then time.
    pub orders: Table,
    /// What the tables were drawn from.
    pub truth: Truth,
}

const DAY_MS: f64 = 86_400_000.0;
/// 2023-07-01T00:00Z.
const START_MS: f64 = 1_688_169_600_000.0;
/// 2025-06-30T23:59:59Z.
const AS_OF_MS: f64 = 1_751_327_999_000.0;
const LARGEST: u32 = 10_000_000;

/// Deals, their history, customers and their orders, drawn for `options.seed`: the same tables on every machine.
///
/// # Errors
/// [`Error::InvalidOption`] unless `deals` and `customers` are from 1 to 10,000,000.
pub fn simulate(options: &SimulateOptions) -> Result<Simulated> {
    let customer_count = options.customers.unwrap_or((options.deals / 5).max(1));
    for (option, value) in [("deals", options.deals), ("customers", customer_count)] {
        if !(1..=LARGEST).contains(&value) {
            return Err(Error::InvalidOption {
                option: option.into(),
                value: value.to_string(),
                rule: format!("it must be from 1 to {LARGEST}"),
            });
        }
    }
    let mut truth = truth::truth(options.seed);
    let accounts = customers::customers(customer_count, options.seed, &truth)?;
    let (deals, history) = deals::deals(options.deals, &accounts, &truth, options.seed)?;
    let (orders, customer_type) = customers::orders(&accounts, &truth, options.seed)?;
    truth.customer_type = customer_type;
    Ok(Simulated { deals, history, customers: accounts.table, orders, truth })
}

/// Texts of `codes` into `names`, renumbered in order of first appearance.
fn texts<S: AsRef<str>>(names: &[S], mut codes: Vec<u32>) -> Texts {
    let mut renumbered = vec![Texts::MISSING; names.len()];
    let mut levels = Levels::default();
    for code in &mut codes {
        let name = *code as usize;
        if renumbered[name] == Texts::MISSING {
            renumbered[name] = levels.len() as u32;
            levels.push(&names[name]);
        }
        *code = renumbered[name];
    }
    Texts { codes, levels }
}

fn column(name: &str, values: Values) -> Column {
    Column { name: name.into(), values }
}

/// `ms` at the whole second before it.
fn whole_second(ms: f64) -> f64 {
    (ms / 1000.0).floor() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn numbers<'a>(table: &'a Table, name: &str) -> &'a [f64] {
        match &table.column(name).unwrap().values {
            Values::Numbers(values) | Values::Instants(values) => values,
            Values::Texts(_) => panic!("{name} is text"),
        }
    }

    fn words<'a>(table: &'a Table, name: &str) -> &'a Texts {
        match &table.column(name).unwrap().values {
            Values::Texts(texts) => texts,
            _ => panic!("{name} is no text"),
        }
    }

    #[test]
    fn same_seed_gives_the_same_tables_and_another_seed_does_not() {
        let options = SimulateOptions { deals: 300, ..Default::default() };
        // Debug text, because the missing amounts are NaN and differ from themselves.
        let show = |options: &SimulateOptions| format!("{:?}", simulate(options).unwrap());
        assert_eq!(show(&options), show(&options));
        assert_ne!(show(&options), show(&SimulateOptions { seed: 2, ..options.clone() }));
    }

    #[test]
    fn sizes_out_of_range_are_refused_by_name() {
        for (deals, customers) in [(0, None), (LARGEST + 1, None), (5, Some(0))] {
            let error = simulate(&SimulateOptions { deals, customers, seed: 1 }).unwrap_err();
            assert_eq!(error.code(), "invalid_option");
        }
        let one = simulate(&SimulateOptions { deals: 1, customers: Some(1), seed: 1 }).unwrap();
        assert_eq!((one.deals.rows(), one.customers.rows()), (1, 1));
    }

    #[test]
    fn tables_agree_with_each_other() {
        let data = simulate(&SimulateOptions { deals: 3000, ..Default::default() }).unwrap();
        let (ids, entered) = (words(&data.history, "deal_id"), numbers(&data.history, "entered_at"));
        let mut last: HashMap<&str, (f64, &str, &str)> = HashMap::new();
        for (row, &at) in entered.iter().enumerate() {
            let stage = words(&data.history, "stage").get(row).unwrap();
            let open = !["Won", "Lost", "On hold"].contains(&stage);
            let deal = ids.get(row).unwrap();
            let before = last.get(deal).copied();
            assert!(before.is_none_or(|(earlier, ..)| earlier < at), "{deal}");
            assert!(at <= data.truth.as_of);
            last.insert(deal, (at, if open { stage } else { before.unwrap().1 }, stage));
        }
        let closed = numbers(&data.deals, "closed_at");
        for row in 0..data.deals.rows() {
            let (at, open_stage, end) = last[words(&data.deals, "deal_id").get(row).unwrap()];
            assert_eq!(words(&data.deals, "stage").get(row), Some(open_stage));
            match words(&data.deals, "status").get(row).unwrap() {
                "Open" => assert!(closed[row].is_nan() && end == open_stage),
                "On hold" => assert!(closed[row].is_nan() && end == "On hold"),
                status => assert!(end == status && closed[row] == at),
            }
        }
        assert!(words(&data.orders, "customer_id").codes.len() == data.orders.rows());
        assert!(numbers(&data.orders, "order_date").iter().all(|&at| at <= data.truth.as_of));
    }

    #[test]
    fn levels_are_distinct_and_in_order_of_first_appearance() {
        let data = simulate(&SimulateOptions { deals: 500, ..Default::default() }).unwrap();
        for table in [&data.deals, &data.history, &data.customers, &data.orders] {
            for column in table.columns() {
                if let Values::Texts(texts) = &column.values {
                    let again: Texts = (0..table.rows()).map(|row| texts.get(row)).collect();
                    assert_eq!(texts, &again, "{} {}", table.name(), column.name);
                }
            }
        }
    }

    #[test]
    fn two_in_five_deals_are_open_at_the_end() {
        let data = simulate(&SimulateOptions { deals: 40_000, ..Default::default() }).unwrap();
        let status = words(&data.deals, "status");
        let open = (0..data.deals.rows()).filter(|&row| matches!(status.get(row), Some("Open" | "On hold"))).count();
        let share = open as f64 / data.deals.rows() as f64;
        assert!((0.36..0.44).contains(&share), "{share}");
    }

    /// Deals of the first quarter have had 21 months to close, so that few of them are censored.
    #[test]
    fn old_deals_are_won_as_often_as_the_truth_says() {
        let data = simulate(&SimulateOptions { deals: 200_000, customers: Some(50_000), seed: 5 }).unwrap();
        let (created, status) = (numbers(&data.deals, "created_at"), words(&data.deals, "status"));
        let (mut won, mut lost) = (0.0f64, 0.0f64);
        for row in (0..data.deals.rows()).filter(|&row| created[row] < START_MS + 91.0 * DAY_MS) {
            match status.get(row) {
                Some("Won") => won += 1.0,
                Some("Lost") => lost += 1.0,
                _ => {}
            }
        }
        let share = won / (won + lost);
        let error = (share * (1.0 - share) / (won + lost)).sqrt();
        assert!((share - data.truth.won).abs() < 4.0 * error + 0.01, "{share} {} ± {error}", data.truth.won);
        assert!((data.truth.won + data.truth.lost - 1.0).abs() < 1e-9);
    }

    /// First stays in the first stage: everyone has one, so that no selection stands between sample and truth.
    #[test]
    fn time_in_the_first_stage_has_the_true_median() {
        let data = simulate(&SimulateOptions { deals: 100_000, customers: Some(50_000), seed: 7 }).unwrap();
        let (ids, entered) = (words(&data.history, "deal_id"), numbers(&data.history, "entered_at"));
        let mut days = Vec::new();
        for row in 1..data.history.rows() {
            let first = row == 1 || ids.codes[row - 2] != ids.codes[row - 1];
            if first && entered[row - 1] < START_MS + 500.0 * DAY_MS {
                let next = if ids.codes[row] == ids.codes[row - 1] { entered[row] } else { f64::MAX };
                days.push((next - entered[row - 1]) / DAY_MS);
            }
        }
        days.sort_by(f64::total_cmp);
        let median = days[days.len() / 2];
        let stage = &data.truth.stages[0];
        assert!((median - stage.median_days_first).abs() < 0.03 * stage.median_days_first, "{median} {stage:?}");
    }
}
