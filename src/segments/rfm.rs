//! Recency, frequency and monetary value of customers from their orders, and names for groups of them.

use crate::crm::{LeftOut, Orders};
use crate::stats::order::{reordered, sort_rows, sorted_rows};

/// Customers in ascending id order. All vectors have equal length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rfm {
    /// Identifier.
    pub id: Vec<String>,
    /// Whole days from the day of the last order to that of `as_of`.
    pub recency: Vec<f64>,
    /// Number of different days with an order.
    pub frequency: Vec<f64>,
    /// Sum of the amounts.
    pub monetary: Vec<f64>,
    /// Orders (weighted) that this rests on.
    pub orders: f64,
    /// Orders it does not rest on.
    pub left_out: Vec<LeftOut>,
}

/// Recency, frequency and monetary value of each customer with an order up to the local calendar day `as_of_day`.
///
/// An order of weight 3 is three equal orders: three times the amount, one day. Orders without a customer or an amount, and
/// later ones, are left out and counted.
pub fn rfm(orders: &Orders, as_of_day: i32) -> Rfm {
    let levels = orders.customer.levels.len();
    let mut reasons = [("no_customer_id", 0), ("missing_value", 0), ("after_as_of", 0)];
    let mut monetary = vec![0.0; levels];
    let mut used: Vec<(u32, i32)> = Vec::with_capacity(orders.len());
    let mut weight_used = 0.0;
    let columns = orders.customer.codes.iter().zip(&orders.day).zip(&orders.amount).zip(&orders.weight);
    for (((&code, &day), &amount), &weight) in columns {
        let reason = match () {
            () if code as usize >= levels => 0,
            () if !amount.is_finite() => 1,
            () if day > as_of_day => 2,
            () if weight > 0.0 => {
                monetary[code as usize] += weight * amount;
                weight_used += weight;
                used.push((code, day));
                continue;
            }
            () => continue,
        };
        reasons[reason].1 += 1;
    }
    // Sorted by customer and day: the last day of a run is the customer's last order.
    let mut used = reordered(used, &mut |a, b| a.cmp(b));
    used.dedup();
    let runs: Vec<&[(u32, i32)]> = used.chunk_by(|a, b| a.0 == b.0).collect();
    let names: Vec<&str> = runs.iter().map(|run| &orders.customer.levels[run[0].0 as usize]).collect();
    let mut result = Rfm { orders: weight_used, ..Rfm::default() };
    for at in ascending_ids(&names) {
        let run = runs[at];
        let (code, last_day) = run[run.len() - 1];
        result.id.push(names[at].to_owned());
        result.recency.push(f64::from(as_of_day) - f64::from(last_day));
        result.frequency.push(run.len() as f64);
        result.monetary.push(monetary[code as usize]);
    }
    result.left_out = reasons
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(reason, count)| LeftOut { table: "orders".into(), reason: reason.into(), count, ..LeftOut::default() })
        .collect();
    result
}

/// Positions of `ids` in ascending order: by number if each is a whole number without leading zeros, else by code point.
/// Equal ids keep their order.
pub fn ascending_ids<S: AsRef<str>>(ids: &[S]) -> Vec<usize> {
    let plain =
        |id: &str| id.bytes().all(|b| b.is_ascii_digit()) && (id == "0" || !(id.is_empty() || id.starts_with('0')));
    let numbers = ids.iter().all(|id| plain(id.as_ref()));
    let compare = |a: &str, b: &str| match numbers {
        // Without leading zeros the longer number is the larger one.
        true => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        false => a.cmp(b),
    };
    sorted_rows(ids.len(), &mut |a, b| compare(ids[a].as_ref(), ids[b].as_ref()))
}

/// Keys for segments, in display order, by their standardised centres (recency, frequency, monetary).
///
/// A centre is recent, frequent or valuable if it lies above the average customer in that respect; each of the eight
/// combinations has names in order of preference, and a segment gets the first that no segment before it has:
///
/// | recent | frequent | valuable | names |
/// |---|---|---|---|
/// | yes | yes | yes | `champions`, `loyal`, `potential_loyal`, `promising` |
/// | yes | yes | no | `loyal`, `promising`, `need_attention` |
/// | yes | no | yes | `potential_loyal`, `promising`, `loyal` |
/// | yes | no | no | `new`, `promising`, `need_attention` |
/// | no | yes | yes | `at_risk`, `cannot_lose`, `need_attention` |
/// | no | yes | no | `need_attention`, `at_risk`, `about_to_sleep` |
/// | no | no | yes | `at_risk`, `about_to_sleep`, `hibernating` |
/// | no | no | no | by recency: `hibernating`; with two `lost` after it; with three `about_to_sleep` before it |
///
/// A name occurs once. What remains, and a segment that is alone, is called `segment`.
pub fn names(centres: &[Vec<f64>]) -> Vec<&'static str> {
    let mut names = vec!["segment"; centres.len()];
    if centres.len() < 2 {
        return names;
    }
    let value = |at: usize, feature: usize| centres[at].get(feature).copied().unwrap_or(0.0);
    let kind = |at: usize| (value(at, 0) < 0.0, value(at, 1) > 0.0, value(at, 2) > 0.0);
    let mut dormant: Vec<usize> = (0..centres.len()).filter(|&at| kind(at) == (false, false, false)).collect();
    sort_rows(&mut dormant, &mut |a, b| value(a, 0).total_cmp(&value(b, 0)));
    let by_recency: &[&str] = match dormant.len() {
        0 | 1 => &["hibernating"],
        2 => &["hibernating", "lost"],
        _ => &["about_to_sleep", "hibernating", "lost"],
    };
    for (&at, &name) in dormant.iter().zip(by_recency) {
        names[at] = name;
    }
    for at in 0..centres.len() {
        let preferred: &[&'static str] = match kind(at) {
            (true, true, true) => &["champions", "loyal", "potential_loyal", "promising"],
            (true, true, false) => &["loyal", "promising", "need_attention"],
            (true, false, true) => &["potential_loyal", "promising", "loyal"],
            (true, false, false) => &["new", "promising", "need_attention"],
            (false, true, true) => &["at_risk", "cannot_lose", "need_attention"],
            (false, true, false) => &["need_attention", "at_risk", "about_to_sleep"],
            (false, false, true) => &["at_risk", "about_to_sleep", "hibernating"],
            (false, false, false) => &[],
        };
        if let Some(free) = preferred.iter().find(|name| !names.contains(name)) {
            names[at] = free;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(rows: &[(Option<&str>, i32, f64, f64)]) -> Orders {
        Orders {
            customer: rows.iter().map(|row| row.0).collect(),
            date: rows.iter().map(|row| f64::from(row.1) * 86_400_000.0).collect(),
            day: rows.iter().map(|row| row.1).collect(),
            amount: rows.iter().map(|row| row.2).collect(),
            weight: rows.iter().map(|row| row.3).collect(),
        }
    }

    #[test]
    fn two_orders_on_one_day_are_one_order_day_and_both_amounts() {
        let found = rfm(&orders(&[(Some("b"), 5, 10.0, 1.0), (Some("a"), 3, 1.0, 1.0), (Some("b"), 5, 7.0, 1.0)]), 8);
        assert_eq!(found.id, ["a", "b"]);
        assert_eq!(found.recency, [5.0, 3.0]);
        assert_eq!(found.frequency, [1.0, 1.0]);
        assert_eq!(found.monetary, [1.0, 17.0]);
    }

    #[test]
    fn weight_three_equals_three_orders_and_weight_zero_none() {
        let weighted = rfm(&orders(&[(Some("a"), 3, 4.0, 3.0), (Some("b"), 1, 4.0, 0.0)]), 8);
        let repeated = rfm(&orders(&[(Some("a"), 3, 4.0, 1.0); 3]), 8);
        assert_eq!(weighted, repeated);
    }

    #[test]
    fn unusable_orders_are_counted_by_reason() {
        let rows =
            [(None, 1, 4.0, 1.0), (Some("a"), 1, f64::NAN, 1.0), (Some("a"), 9, 1.0, 1.0), (Some("c"), 8, 1.0, 1.0)];
        let found = rfm(&orders(&rows), 8);
        assert_eq!(found.id, ["c"]);
        let reasons: Vec<(&str, u64)> = found.left_out.iter().map(|l| (l.reason.as_str(), l.count)).collect();
        assert_eq!(reasons, [("no_customer_id", 1), ("missing_value", 1), ("after_as_of", 1)]);
    }

    #[test]
    fn plain_numbers_sort_by_value_and_anything_else_by_code_point() {
        let sorted = |ids: &[&str]| ascending_ids(ids).into_iter().map(|at| ids[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(sorted(&["10", "9", "0"]), ["0", "9", "10"]);
        assert_eq!(sorted(&["10", "09", "9"]), ["09", "10", "9"]);
        assert_eq!(sorted(&["b", "10", "9"]), ["10", "9", "b"]);
        assert_eq!(sorted(&["2", ""]), ["", "2"]);
    }

    #[test]
    fn names_follow_the_table_and_occur_once() {
        let best = vec![-1.0, 2.0, 2.0];
        let fading = vec![1.0, 1.0, 1.0];
        let gone = vec![1.5, -1.0, -1.0];
        let resting = vec![0.5, -1.0, -1.0];
        let centres = vec![best.clone(), fading, gone, resting];
        assert_eq!(names(&centres), ["champions", "at_risk", "lost", "hibernating"]);
        let many: Vec<Vec<f64>> = vec![best; 6];
        assert_eq!(names(&many), ["champions", "loyal", "potential_loyal", "promising", "segment", "segment"]);
        assert_eq!(names(&[vec![0.0, 0.0, 0.0]]), ["segment"]);
        assert_eq!(names(&[]), [""; 0]);
    }
}
