//! Orders from an orders table, or from won deals; customers from their table.

use super::columns::{self, Tally};
use super::mapping::{CustomerRole, DealRole, OrderRole};
use super::recognise::Found;
use super::{Attribute, Customers, Deals, LeftOut, Orders, Outcome};
use crate::read::Source;
use crate::read::numbers::{is_weight, within_bounds};
use crate::table::{Texts, Values};
use crate::time::TimeZone;

/// Orders in `source` up to `as_of`, and the rows left out.
pub(super) fn orders(source: &Source, roles: &Found<OrderRole>, as_of: f64, zone: &TimeZone) -> (Orders, Vec<LeftOut>) {
    let table = &source.table;
    let column = |role: OrderRole| roles.get(&role).map(|at| &table.columns()[*at]);
    let numbers = |role| column(role).map(columns::numbers);
    let mut tally = Tally::new("orders", table);
    let customer = column(OrderRole::CustomerId).map(columns::texts);
    let dates = column(OrderRole::Date).map(columns::instants);
    let (amounts, quantities, prices) =
        (numbers(OrderRole::Amount), numbers(OrderRole::Quantity), numbers(OrderRole::UnitPrice));
    let weights = numbers(OrderRole::Weight).or_else(|| table.weights().map(<[f64]>::to_vec));
    let mut orders = Orders::default();
    let mut days = zone.cursor();
    for row in 0..table.rows() {
        let at = |values: &Option<Vec<f64>>| values.as_ref().map_or(f64::NAN, |values| values[row]);
        let date = at(&dates);
        let (quantity, price) = (at(&quantities), at(&prices));
        let amount = if amounts.is_some() { at(&amounts) } else { within_bounds(quantity * price) };
        let weight = weights.as_ref().map_or(1.0, |weights| weights[row]);
        let named = customer.as_ref().and_then(|customer| customer.get(row));
        let reason = if quantity <= 0.0 || amount < 0.0 {
            "return_or_cancellation"
        } else if price <= 0.0 {
            "zero_price"
        } else if named.is_none() {
            "no_customer"
        } else if date.is_nan() {
            "no_date"
        } else if amount.is_nan() {
            "no_amount"
        } else if date > as_of {
            "after_as_of"
        } else if !is_weight(weight) {
            "bad_weight"
        } else {
            orders.customer.codes.push(customer.as_ref().map_or(Texts::MISSING, |customer| customer.codes[row]));
            orders.date.push(date);
            orders.day.push(days.day(date));
            orders.amount.push(amount);
            orders.weight.push(weight);
            continue;
        };
        tally.add(reason, row, "");
    }
    orders.customer.levels = customer.map(|customer| customer.levels).unwrap_or_default();
    (orders, tally.finish())
}

/// The won deals of customers as orders, and the won deals left out; `None` where deals name no customer.
pub(super) fn from_deals(
    source: &Source,
    roles: &Found<DealRole>,
    deals: &Deals,
    zone: &TimeZone,
) -> Option<(Orders, Vec<LeftOut>)> {
    let customer = columns::first_texts(&source.table.columns()[*roles.get(&DealRole::CustomerId)?]);
    let mut tally = Tally::new("orders", &source.table);
    let mut orders = Orders::default();
    let mut days = zone.cursor();
    for (deal, row) in deals.row.iter().map(|row| *row as usize).enumerate() {
        if deals.outcome[deal] != Outcome::Won {
            continue;
        }
        let (date, amount) = (deals.closed[deal], deals.amount[deal]);
        let reason = if customer.get(row).is_none() {
            "no_customer"
        } else if date.is_nan() {
            "no_date"
        } else if amount.is_nan() {
            "no_amount"
        } else if amount < 0.0 {
            "return_or_cancellation"
        } else {
            orders.customer.codes.push(customer.codes[row]);
            orders.date.push(date);
            orders.day.push(days.day(date));
            orders.amount.push(amount);
            orders.weight.push(deals.weight[deal]);
            continue;
        };
        tally.add(reason, row, "");
    }
    orders.customer.levels = customer.levels;
    Some((orders, tally.finish()))
}

/// Customers in `source`, and the rows left out.
pub(super) fn customers(source: &Source, roles: &Found<CustomerRole>) -> (Customers, Vec<LeftOut>) {
    let table = &source.table;
    let mut tally = Tally::new("customers", table);
    let id_at = roles.get(&CustomerRole::Id).copied();
    let id = match id_at {
        Some(at) => columns::texts(&table.columns()[at]),
        None => (1..=table.rows()).map(|row| Some(row.to_string())).collect(),
    };
    let mut seen = vec![false; id.levels.len()];
    let mut kept = Vec::with_capacity(table.rows());
    for (row, code) in id.codes.iter().enumerate() {
        match seen.get_mut(*code as usize) {
            None => tally.add("no_id", row, ""),
            Some(true) => tally.add("duplicate_id", row, id.get(row).unwrap_or_default()),
            Some(first) => {
                *first = true;
                kept.push(row as u32);
            }
        }
    }
    let attributes = table.columns().iter().enumerate().filter(|(at, _)| Some(*at) != id_at).map(|(_, column)| {
        Attribute { name: column.name.clone(), role: None, values: columns::at_rows(&column.values, &kept) }
    });
    let attributes = attributes.collect();
    let id = match columns::at_rows(&Values::Texts(id), &kept) {
        Values::Texts(id) => id,
        Values::Numbers(_) | Values::Instants(_) => Texts::default(),
    };
    (Customers { id, row: kept, attributes }, tally.finish())
}
