//! Orders: prices of zero, returns that say so and returns that do not, several orders of one customer on one day.

use super::book::{Book, Look, Touch, named, rows_where, sum_of};
use super::{SEGMENTS, Severity};
use crate::crm::{OrderRole, TableKind};
use crate::stats::order::sorted_rows;
use crate::table::Values;

const MISREADS: &[Touch] = &[(SEGMENTS, false)];

pub(super) fn check(book: &mut Book<'_>) {
    let Some(place) = book.place(TableKind::Orders) else { return };
    let (loaded, total) = (book.loaded, book.total(place));
    let roles = &loaded.summary.mapping.orders;
    for role in [OrderRole::UnitPrice, OrderRole::Amount] {
        let Some(name) = named(roles, role) else { continue };
        let Some(Values::Numbers(values)) = book.table(place).column(name).map(|column| &column.values) else {
            continue;
        };
        let zeros = rows_where(values.len(), &|row| values[row] == 0.0);
        book.add(place, &Look::new("zero_value", Some(name), Severity::Warning, MISREADS), zeros, total);
    }
    unmarked_returns(book, place, total);
    same_day(book, place);
}

/// Returns without the mark that other returns bear: of a column that holds numbers, the values that are none, all of them in returns.
fn unmarked_returns(book: &mut Book<'_>, place: usize, total: f64) {
    let entries = || book.loaded.crm.left_out.iter().filter(|entry| entry.table == "orders");
    let Some(returns) = entries().find(|entry| entry.reason == "return_or_cancellation") else { return };
    let mut unmarked = vec![false; book.table(place).rows()];
    let mark = |flags: &mut Vec<bool>, rows: &[u32], value: bool| {
        rows.iter().for_each(|row| {
            if let Some(flag) = flags.get_mut(*row as usize) {
                *flag = value;
            }
        });
    };
    mark(&mut unmarked, &returns.rows, true);
    let within = |rows: &[u32]| !rows.is_empty() && rows.iter().all(|row| unmarked.get(*row as usize) == Some(&true));
    let Some(marked) = entries().find(|entry| entry.reason == "unreadable_value" && within(&entry.rows)) else {
        return;
    };
    mark(&mut unmarked, &marked.rows, false);
    let rows = rows_where(unmarked.len(), &|row| unmarked[row]);
    book.add(place, &Look::new("return_without_mark", None, Severity::Warning, MISREADS), rows, total);
}

/// Orders of a customer on a day on which another order of the customer stands: one visit, for whoever counts visits.
fn same_day(book: &mut Book<'_>, place: usize) {
    let Some(orders) = &book.loaded.crm.orders else { return };
    // Lines of one invoice are no orders of their own.
    if named(&book.loaded.summary.mapping.orders, OrderRole::UnitPrice).is_some() {
        return;
    }
    let key = |at: usize| (orders.customer.codes[at], orders.day[at]);
    let order = sorted_rows(orders.len(), &mut |a, b| key(a).cmp(&key(b)));
    let again = |at: usize| at > 0 && key(order[at - 1]) == key(order[at]);
    let count = sum_of(order.len(), &|at| if again(at) { orders.weight[order[at]] } else { 0.0 });
    let of = sum_of(orders.len(), &|at| orders.weight[at]);
    let column = named(&book.loaded.summary.mapping.orders, OrderRole::CustomerId);
    book.add_counted(place, &Look::new("same_day_orders", column, Severity::Info, MISREADS), Vec::new(), (count, of));
}
