//! The stage history: deals without one, ends that come too early, stages skipped and entered again.

use super::book::{Book, Look, MISLEADS, Touch, named, rows_where, sum_of};
use super::deals::ended;
use super::robust::Sorted;
use super::{FUNNEL, Severity};
use crate::crm::{Exit, HistoryRole, TableKind};
use crate::table::Values;

const MISREADS: &[Touch] = &[(FUNNEL, false)];

pub(super) fn check(book: &mut Book<'_>) {
    let loaded = book.loaded;
    let (Some(place), Some(history)) = (book.place_of_deals(), book.place(TableKind::History)) else { return };
    let (Some(deals), Some(passages)) = (&loaded.crm.deals, &loaded.crm.passages) else { return };
    let n = deals.len();
    let mut has_passage = vec![false; n];
    let (mut skips, mut returns) = (vec![false; n], vec![false; n]);
    let mut finished = Vec::new();
    for at in 0..passages.len() {
        let deal = passages.deal[at] as usize;
        has_passage[deal] = true;
        returns[deal] |= passages.ordinal[at] > 0;
        if passages.exit[at] == Exit::Moved && passages.next_stage[at] != u32::MAX {
            skips[deal] |= passages.next_stage[at] > passages.stage[at] + 1;
        }
        let days = (passages.exited[at] - passages.entered[at]) / 86_400_000.0;
        if passages.exit[at] != Exit::Censored && days >= 0.0 {
            finished.push((days, deals.weight[deal]));
        }
    }
    let rows_of = |is: &dyn Fn(usize) -> bool| {
        let mut rows = rows_where(n, is);
        rows.iter_mut().for_each(|deal| *deal = deals.row[*deal as usize]);
        rows
    };
    if place != history {
        let closed = |deal: usize| ended(deals.outcome[deal]);
        let codes: [(&str, &dyn Fn(usize) -> bool); 2] =
            [("closed_without_history", &closed), ("open_without_history", &|deal| !closed(deal))];
        for (code, could) in codes {
            let of = book.sum(place, &rows_of(could));
            let without = rows_of(&|deal| could(deal) && !has_passage[deal]);
            book.add(place, &Look::new(code, None, Severity::Warning, MISREADS), without, of);
        }
    }
    let of = book.sum(place, &rows_of(&|deal| has_passage[deal]));
    book.add(place, &Look::new("skipped_stage", None, Severity::Info, MISREADS), rows_of(&|deal| skips[deal]), of);
    book.add(place, &Look::new("reentered_stage", None, Severity::Info, MISREADS), rows_of(&|deal| returns[deal]), of);
    early_ends(book, history);
    skewed(book, history, &finished);
}

/// Deals whose close date in the history lies before their own last event.
fn early_ends(book: &mut Book<'_>, place: usize) {
    let roles = &book.loaded.summary.mapping.history;
    let column = |role| named(roles, role).and_then(|name| book.table(place).column(name)).map(|column| &column.values);
    let (Some(Values::Texts(deal)), Some(Values::Instants(entered)), Some(Values::Instants(closed))) =
        (column(HistoryRole::DealId), column(HistoryRole::EnteredAt), column(HistoryRole::ClosedAt))
    else {
        return;
    };
    let mut last = vec![f64::NAN; deal.levels.len()];
    for (code, entered) in deal.codes.iter().zip(entered) {
        if let Some(last) = last.get_mut(*code as usize) {
            *last = last.max(*entered);
        }
    }
    let mut seen = vec![false; last.len()];
    let (mut rows, mut of) = (Vec::new(), 0.0);
    for (row, code) in deal.codes.iter().enumerate() {
        let code = *code as usize;
        if closed[row].is_nan() || seen.get(code) != Some(&false) {
            continue;
        }
        seen[code] = true;
        of += book.weight(place, row as u32);
        if closed[row] < last[code] {
            rows.push(row as u32);
        }
    }
    let column = named(roles, HistoryRole::ClosedAt);
    book.add(place, &Look::new("closed_before_last_event", column, Severity::Warning, MISLEADS), rows, of);
}

/// Stays whose mean is ten times their median: a mean says nothing about the usual stay.
fn skewed(book: &mut Book<'_>, place: usize, finished: &[(f64, f64)]) {
    let weight = sum_of(finished.len(), &|at| finished[at].1);
    let mean = sum_of(finished.len(), &|at| finished[at].0 * finished[at].1) / weight;
    let median = Sorted::new(finished).median();
    if weight >= 20.0 && mean > 10.0 * median {
        let column = named(&book.loaded.summary.mapping.history, HistoryRole::EnteredAt);
        let found = book.add_counted(
            place,
            &Look::new("skewed_durations", column, Severity::Info, MISREADS),
            Vec::new(),
            (weight, weight),
        );
        if let Some(finding) = found {
            finding.example_values = [median, mean].map(|days| format!("{days:.6}")).to_vec();
        }
    }
}
