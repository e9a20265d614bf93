//! Simulated customers and their orders.

use super::truth::Truth;
use super::{AS_OF_MS, DAY_MS, START_MS, column, texts, whole_second};
use crate::error::Result;
use crate::stats::rng;
use crate::table::{Table, Texts, Values};

/// The customers table with what deals and orders need of it.
pub(super) struct Accounts {
    pub(super) table: Table,
    pub(super) ids: Vec<String>,
    /// Index into [`Truth::industries`] per customer.
    pub(super) industry: Vec<u32>,
}

const CUSTOMER_STREAM: u32 = 2;
const ORDER_STREAM: u32 = 3;

const FIRST: [&str; 24] = [
    "Northern", "Silver", "Blue", "Alpine", "Pacific", "Golden", "Urban", "Royal", "Green", "Caspian", "Atlas",
    "Orion", "Delta", "Summit", "Harbor", "Crystal", "Pioneer", "Zagros", "Nordic", "Coral", "Amber", "Polar",
    "Sierra", "Granite",
];
const SECOND: [&str; 20] = [
    "Foods",
    "Motors",
    "Health",
    "Systems",
    "Textiles",
    "Energy",
    "Logistics",
    "Media",
    "Optics",
    "Plastics",
    "Robotics",
    "Travel",
    "Furniture",
    "Chemicals",
    "Security",
    "Learning",
    "Printing",
    "Farms",
    "Marine",
    "Ceramics",
];
const FORM: [&str; 5] = ["Ltd", "Inc", "GmbH", "Group", "Co"];
const COUNTRIES: [(&str, f64); 10] = [
    ("United Kingdom", 0.20),
    ("Germany", 0.16),
    ("Iran", 0.15),
    ("United States", 0.14),
    ("France", 0.09),
    ("United Arab Emirates", 0.08),
    ("Netherlands", 0.06),
    ("Türkiye", 0.05),
    ("Canada", 0.04),
    ("Spain", 0.03),
];

/// `C-0001`-like names of `count` things, of equal length.
pub(super) fn ids(prefix: char, count: u32) -> Vec<String> {
    let width = count.to_string().len().max(4);
    (1..=count).map(|i| format!("{prefix}-{i:0width$}")).collect()
}

/// The `i`-th company name; all are distinct.
fn name(i: usize) -> String {
    let combinations = FIRST.len() * SECOND.len() * FORM.len();
    // 1,009 is prime and so walks through all combinations before it repeats one.
    let at = i * 1009 % combinations;
    let first = FIRST[at % FIRST.len()];
    let second = SECOND[at / FIRST.len() % SECOND.len()];
    let form = FORM[at / (FIRST.len() * SECOND.len())];
    match i / combinations {
        0 => format!("{first} {second} {form}"),
        round => format!("{first} {second} {} {form}", round + 1),
    }
}

/// `count` customers.
pub(super) fn customers(count: u32, seed: u32, truth: &Truth) -> Result<Accounts> {
    let mut random = rng::seeded(seed, CUSTOMER_STREAM);
    let industry_shares: Vec<f64> = truth.industries.iter().map(|i| i.share).collect();
    let country_shares = COUNTRIES.map(|(_, share)| share);
    let (mut industry, mut country, mut employees) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        industry.push(rng::choose(&mut random, &industry_shares) as u32);
        country.push(rng::choose(&mut random, &country_shares) as u32);
        employees.push(libm::exp(4.0 + 1.4 * rng::normal(&mut random)).ceil());
    }
    let ids = ids('C', count);
    let own = |levels: Vec<String>| Texts { codes: (0..count).collect(), levels: levels.into() };
    let industry_names: Vec<&str> = truth.industries.iter().map(|i| i.name).collect();
    let table = Table::new(
        "customers",
        vec![
            column("customer_id", Values::Texts(own(ids.clone()))),
            column("name", Values::Texts(own((0..count as usize).map(name).collect()))),
            column("industry", Values::Texts(texts(&industry_names, industry.clone()))),
            column("country", Values::Texts(texts(&COUNTRIES.map(|(name, _)| name), country))),
            column("employees", Values::Numbers(employees)),
        ],
    )?;
    Ok(Accounts { table, ids, industry })
}

/// The orders of all customers, and the type of each customer.
pub(super) fn orders(accounts: &Accounts, truth: &Truth, seed: u32) -> Result<(Table, Vec<u8>)> {
    let mut random = rng::seeded(seed, ORDER_STREAM);
    let shares: Vec<f64> = truth.customer_types.iter().map(|t| t.share).collect();
    let (mut customer, mut date, mut amount) = (Vec::new(), Vec::new(), Vec::new());
    let mut types = Vec::with_capacity(accounts.ids.len());
    let whole_days = (AS_OF_MS - START_MS) / DAY_MS;
    for i in 0..accounts.ids.len() as u32 {
        let drawn = rng::choose(&mut random, &shares);
        types.push(drawn as u8);
        let kind = &truth.customer_types[drawn];
        // A sum of three exponentials is gamma of shape 3.
        let gamma: f64 = (0..3).map(|_| rng::exponential(&mut random)).sum::<f64>() / 3.0;
        let rate = kind.rate_per_day * gamma;
        let usual = kind.log_amount + 0.35 * rng::normal(&mut random);
        let mut day = whole_days * rng::uniform(&mut random);
        while day < whole_days {
            customer.push(i);
            date.push(whole_second(START_MS + day * DAY_MS));
            let value = libm::exp(usual + 0.35 * rng::normal(&mut random));
            amount.push((value * 100.0).round().max(1.0) / 100.0);
            if rng::uniform(&mut random) < kind.dropout {
                break;
            }
            day += rng::exponential(&mut random) / rate;
        }
    }
    let table = Table::new(
        "orders",
        vec![
            column("customer_id", Values::Texts(texts(&accounts.ids, customer))),
            column("order_date", Values::Instants(date)),
            column("amount", Values::Numbers(amount)),
        ],
    )?;
    Ok((table, types))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn company_names_are_distinct() {
        let names: std::collections::HashSet<String> = (0..10_000).map(name).collect();
        assert_eq!(names.len(), 10_000);
    }
}
