//! The accounts that deals are with: what their deals say of them, and the columns of the customers table.

use crate::crm::{Attribute, Crm, Customers, Outcome};
use crate::table::{Texts, Values};

/// Names of the columns that deals give an account: deals, won ones, won of won and lost, the amount of the won ones, days since the last win.
pub const ACCOUNT_COLUMNS: [&str; 5] = ["deals", "won", "win_rate", "won_amount", "days_since_win"];

/// One row per account that a deal names, in order of first deals, with [`ACCOUNT_COLUMNS`] (NaN where there is nothing to count) and the columns of the
/// customers table, in which an account may be missing. `None` where deals name no accounts.
pub(super) fn accounts(crm: &Crm) -> Option<Customers> {
    let deals = crm.deals.as_ref()?;
    let named = deals.attributes.iter().find(|attribute| attribute.role.as_deref() == Some("customer_id"))?;
    let of_numbers: Texts;
    let account = match &named.values {
        Values::Texts(texts) => texts,
        Values::Numbers(numbers) => {
            of_numbers = numbers.iter().map(|number| (!number.is_nan()).then(|| number.to_string())).collect();
            &of_numbers
        }
        Values::Instants(_) => return None,
    };
    let levels = account.levels.len();
    let mut sums = vec![[0.0; 4]; levels];
    let mut last_win = vec![f64::NAN; levels];
    for (row, &code) in account.codes.iter().enumerate() {
        let (Some(sum), weight) = (sums.get_mut(code as usize), deals.weight[row]) else { continue };
        sum[0] += weight;
        match deals.outcome[row] {
            Outcome::Won => {
                sum[1] += weight;
                sum[3] += if deals.amount[row].is_nan() { 0.0 } else { weight * deals.amount[row] };
                let days = (crm.as_of - deals.closed[row]) / crm.time.day_ms();
                if weight > 0.0 {
                    last_win[code as usize] = last_win[code as usize].min(days);
                }
            }
            Outcome::Lost => sum[2] += weight,
            Outcome::Open | Outcome::Hold | Outcome::Closed => {}
        }
    }
    let named: Vec<usize> = (0..levels).filter(|&level| sums[level][0] > 0.0).collect();
    let column = |name: &str, value: &dyn Fn(usize) -> f64| Attribute {
        name: name.into(),
        role: None,
        values: Values::Numbers(named.iter().map(|&level| value(level)).collect()),
    };
    let [deals, won, win_rate, won_amount, days] = ACCOUNT_COLUMNS;
    let mut attributes = vec![
        column(deals, &|level| sums[level][0]),
        column(won, &|level| sums[level][1]),
        column(win_rate, &|level| sums[level][1] / (sums[level][1] + sums[level][2])),
        column(won_amount, &|level| sums[level][3]),
        column(days, &|level| last_win[level]),
    ];
    if let Some(customers) = &crm.customers {
        let mut row_of = vec![usize::MAX; customers.id.levels.len()];
        for (row, &code) in customers.id.codes.iter().enumerate().rev() {
            if let Some(of) = row_of.get_mut(code as usize) {
                *of = row;
            }
        }
        let of_id: std::collections::HashMap<&str, usize> = customers.id.levels.iter().zip(row_of).collect();
        let rows: Vec<usize> =
            named.iter().map(|&level| of_id.get(&account.levels[level]).copied().unwrap_or(usize::MAX)).collect();
        for attribute in customers.attributes.iter().filter(|own| !ACCOUNT_COLUMNS.contains(&own.name.as_str())) {
            let number =
                |values: &[f64]| rows.iter().map(|&row| values.get(row).copied().unwrap_or(f64::NAN)).collect();
            let values = match &attribute.values {
                Values::Numbers(values) => Values::Numbers(number(values)),
                Values::Instants(values) => Values::Instants(number(values)),
                Values::Texts(texts) => Values::Texts(Texts {
                    codes: rows.iter().map(|&row| texts.codes.get(row).copied().unwrap_or(Texts::MISSING)).collect(),
                    levels: texts.levels.clone(),
                }),
            };
            attributes.push(Attribute { values, ..attribute.clone() });
        }
    }
    let id = named.iter().map(|&level| Some(&account.levels[level])).collect();
    Some(Customers { row: named.iter().map(|&level| level as u32).collect(), id, attributes })
}
