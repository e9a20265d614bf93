//! Deals: missing values, impossible ones, and what does not fit together.

use super::book::{ALL, Book, Look, MISLEADS, Touch, flags, levels_with, named, rows_where, sum_of, weighted};
use super::robust::Sorted;
use super::scores::learns_by_date;
use super::tables::repeated;
use super::{FORECAST, FUNNEL, SEGMENTS, Severity};
use crate::crm::{Attribute, DealRole, Deals, Outcome, TableKind};
use crate::read::fold::folded;
use crate::table::{Texts, Values};

/// Whether the deal came to an end.
pub(super) fn ended(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Won | Outcome::Lost | Outcome::Closed)
}

struct OfDeals<'b, 'a> {
    book: &'b mut Book<'a>,
    deals: &'a Deals,
    place: usize,
}

impl OfDeals<'_, '_> {
    /// A finding about the deals for which `is` holds, out of those for which `could` holds.
    fn add(
        &mut self,
        look: &Look<'_>,
        could: &dyn Fn(usize) -> bool,
        is: &dyn Fn(usize) -> bool,
    ) -> Option<&mut super::Finding> {
        let (deals, place) = (self.deals, self.place);
        let mut rows = rows_where(deals.len(), &|deal| could(deal) && is(deal));
        if rows.is_empty() {
            return None;
        }
        let of = sum_of(deals.len(), &|deal| if could(deal) { deals.weight[deal] } else { 0.0 });
        rows.iter_mut().for_each(|deal| *deal = deals.row[*deal as usize]);
        self.book.add(place, look, rows, of)
    }
}

/// The attribute that has `role`.
pub(super) fn attribute<'a>(deals: &'a Deals, role: &str) -> Option<&'a Attribute> {
    deals.attributes.iter().find(|attribute| attribute.role.as_deref() == Some(role))
}

pub(super) fn check(book: &mut Book<'_>) {
    let (loaded, Some(place)) = (book.loaded, book.place_of_deals()) else { return };
    let Some(deals) = &loaded.crm.deals else { return };
    let mapping = &loaded.summary.mapping;
    let in_table = loaded.tables[place].kind == TableKind::Deals;
    let has_ended = |deal: usize| ended(deals.outcome[deal]);
    let open = |deal: usize| !ended(deals.outcome[deal]);
    let all = |_: usize| true;
    let as_of = loaded.crm.as_of;
    let name = |role: &str| attribute(deals, role).map(|attribute| attribute.name.as_str());
    let (created, closed, amount) = (named(&mapping.deals, DealRole::CreatedAt), name("closed_at"), name("amount"));
    let look = Look::new;
    let mut of = OfDeals { book, deals, place };
    use Severity::{Error, Warning};

    let found =
        of.add(&look("no_created_date", created, Warning, &[(FUNNEL, true), (FORECAST, false)]), &all, &|deal| {
            deals.created[deal].is_nan()
        });
    // Where no deal has a date there is nothing to compute a duration from.
    if let Some(finding) = found.filter(|finding| finding.share == 1.0) {
        finding.severity = Error;
    }
    let undated = |deal: usize| deals.closed[deal].is_nan();
    let by_date = learns_by_date(deals);
    let touches = [(FUNNEL, true), (FORECAST, by_date), (SEGMENTS, true)];
    if let Some(finding) = of.add(&look("no_close_date", closed, Warning, &touches), &has_ended, &undated) {
        // A deal without either date was lost with those without the first one; one of unknown outcome teaches nothing anyway.
        let known = |deal: usize| matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost);
        let sum = |is: &dyn Fn(usize) -> bool| {
            let weight =
                |deal: usize| if has_ended(deal) && undated(deal) && is(deal) { deals.weight[deal] } else { 0.0 };
            sum_of(deals.len(), &weight).round() as u64
        };
        for cost in &mut finding.costs {
            match cost.analysis {
                FUNNEL => cost.rows = sum(&|deal| !deals.created[deal].is_nan()),
                FORECAST => cost.rows = sum(&known),
                _ => {}
            }
        }
    }
    of.add(&look("closed_before_created", closed, Error, &[(FUNNEL, true), (FORECAST, false)]), &has_ended, &|deal| {
        deals.closed[deal] < deals.created[deal]
    });
    let told = deals.outcome.iter().any(|outcome| matches!(outcome, Outcome::Won | Outcome::Lost));
    let outcome_touches: &[Touch] = &[(FORECAST, true)];
    of.add(&look("outcome_not_told", None, if told { Warning } else { Error }, outcome_touches), &has_ended, &|deal| {
        deals.outcome[deal] == Outcome::Closed
    });
    let longest = (0..deals.len()).filter(|deal| has_ended(*deal)).map(|deal| deals.closed[deal] - deals.created[deal]);
    let longest = longest.fold(f64::NAN, f64::max);
    let zombie = |deal: usize| as_of - deals.created[deal] > longest;
    of.add(&look("open_longer_than_any_closed", None, Warning, MISLEADS), &open, &zombie);
    if !in_table {
        return;
    }
    expected_close(&mut of, as_of);
    if amount.is_some() {
        let is = |outcome: Outcome| move |deal: usize| deals.outcome[deal] == outcome;
        let missing = |deal: usize| deals.amount[deal].is_nan();
        let zero = |deal: usize| deals.amount[deal] == 0.0;
        of.add(
            &look("won_without_amount", amount, Warning, &[(FORECAST, false), (SEGMENTS, true)]),
            &is(Outcome::Won),
            &missing,
        );
        of.add(&look("open_without_amount", amount, Warning, &[(FORECAST, false)]), &open, &missing);
        of.add(
            &look("zero_amount", amount, Warning, &[(FORECAST, false), (SEGMENTS, false)]),
            &is(Outcome::Won),
            &zero,
        );
        let zeros = of.add(&look("lost_amount_zero", amount, Warning, &[(FORECAST, false)]), &is(Outcome::Lost), &zero);
        // Some lost deals of amount 0 are ordinary; all of them are a rule of the system.
        if zeros.is_some_and(|finding| finding.share < 1.0) {
            of.book.findings.pop();
        }
        let negative = |deal: usize| deals.amount[deal] < 0.0;
        of.add(&look("negative_amount", amount, Warning, &[(FORECAST, false), (SEGMENTS, true)]), &all, &negative);
    }
    if let Some(Attribute { name, values: Values::Numbers(values), .. }) = attribute(deals, "probability") {
        let bad = |deal: usize| !(0.0..=100.0).contains(&values[deal]) && !values[deal].is_nan();
        of.add(&look("probability_out_of_range", Some(name), Warning, &[(FORECAST, false)]), &all, &bad);
    }
    for attribute in &deals.attributes {
        let touches: &[Touch] = match attribute.role.as_deref() {
            Some("customer_id") => &[(FORECAST, false), (SEGMENTS, true)],
            Some("owner" | "product" | "source" | "stage" | "outcome") => MISLEADS,
            _ => continue,
        };
        let absent = |deal: usize| match &attribute.values {
            Values::Texts(texts) => texts.get(deal).is_none(),
            Values::Numbers(values) | Values::Instants(values) => values[deal].is_nan(),
        };
        of.add(&look("missing_value", Some(&attribute.name), Warning, touches), &all, &absent);
    }
    unknown_outcomes(&mut of);
    drift(&mut of);
    currencies(&mut of);
    tenfold(&mut of);
    likely_duplicates(&mut of);
}

/// Open deals whose plan has passed. The column of close dates is a plan too while a deal is open.
fn expected_close(of: &mut OfDeals<'_, '_>, as_of: f64) {
    let deals = of.deals;
    let open = |deal: usize| !ended(deals.outcome[deal]);
    for role in ["expected_close", "closed_at"] {
        let Some(Attribute { name, values: Values::Instants(values), .. }) = attribute(deals, role) else { continue };
        let planned = |deal: usize| open(deal) && !values[deal].is_nan();
        let look = Look {
            code: "expected_close_passed",
            column: Some(name),
            severity: Severity::Warning,
            touches: &[(FORECAST, false)],
        };
        // A plan for the day of the analysis has not passed.
        of.add(&look, &planned, &|deal| values[deal] < as_of - 86_400_000.0);
        if role == "expected_close" && (0..deals.len()).any(planned) {
            return;
        }
    }
}

/// Texts of an outcome column of its own that mean nothing known: those deals count as open.
fn unknown_outcomes(of: &mut OfDeals<'_, '_>) {
    let (deals, mapping) = (of.deals, &of.book.loaded.summary.mapping);
    let (outcome, stage) = (named(&mapping.deals, DealRole::Outcome), named(&mapping.deals, DealRole::Stage));
    if outcome.is_none() || outcome == stage {
        return;
    }
    let Some(attribute) = deals.attributes.iter().find(|attribute| Some(attribute.name.as_str()) == outcome) else {
        return;
    };
    let Values::Texts(texts) = &attribute.values else { return };
    let unknown = flags(texts.levels.len(), &|at| mapping.outcomes.get(&texts.levels[at]).is_none());
    let is = |deal: usize| unknown.get(texts.codes[deal] as usize) == Some(&true);
    let look = Look { code: "unknown_outcome", column: outcome, severity: Severity::Warning, touches: MISLEADS };
    if let Some(finding) = of.add(&look, &|_| true, &is) {
        finding.example_values = levels_with(texts, &unknown);
    }
}

/// The newest 30 % of the closed deals, where they were won at another rate than the older ones: by at least ten points, and by five
/// standard errors. What is learnt from the older ones is then wrong in level. Order is that of closing, else that of the rows.
fn drift(of: &mut OfDeals<'_, '_>) {
    let deals = of.deals;
    let known = |deal: usize| matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost);
    let by_date = learns_by_date(deals);
    let at = |deal: usize| if by_date { deals.closed[deal] } else { f64::from(deals.row[deal]) };
    let at = |deal: usize| if known(deal) { at(deal) } else { f64::NAN };
    let border = Sorted::new(&weighted(deals.len(), &|deal| (at(deal), deals.weight[deal]))).quantile(0.7);
    let mut parts = [(0.0, 0.0); 2];
    let mut newest = Vec::new();
    for deal in (0..deals.len()).filter(|deal| !at(*deal).is_nan()) {
        let new = at(deal) > border;
        let (won, all) = &mut parts[usize::from(new)];
        *won += if deals.outcome[deal] == Outcome::Won { deals.weight[deal] } else { 0.0 };
        *all += deals.weight[deal];
        if new {
            newest.push(deals.row[deal]);
        }
    }
    let [(old_won, old), (new_won, new)] = parts;
    let (before, after) = (old_won / old, new_won / new);
    let total = old + new;
    let rate = (old_won + new_won) / total;
    let error = libm::sqrt(rate * (1.0 - rate) * (1.0 / old + 1.0 / new));
    let moved = (after - before).abs();
    if old >= 40.0 && new >= 40.0 && moved >= 0.1 && moved > 5.0 * error {
        let column = attribute(deals, "outcome").map(|attribute| attribute.name.as_str());
        let touches: &[Touch] = &[(FORECAST, false)];
        let found =
            of.book.add(of.place, &Look::new("win_rate_moved", column, Severity::Warning, touches), newest, total);
        if let Some(finding) = found {
            finding.example_values = [before, after].map(|rate| format!("{:.1} %", 100.0 * rate)).to_vec();
        }
    }
}

/// Deals in another currency than most, where a column says the currency.
fn currencies(of: &mut OfDeals<'_, '_>) {
    const HEADERS: [&str; 10] = [
        "currency",
        "currencyisocode",
        "currencycode",
        "currencyid",
        "currencyofvalue",
        "amountcurrency",
        "transactioncurrencyid",
        "ارز",
        "واحدپول",
        "العمله",
    ];
    let deals = of.deals;
    if deals.converted() {
        return;
    }
    for attribute in &deals.attributes {
        let header = folded(&attribute.name);
        let Values::Texts(texts) = &attribute.values else { continue };
        if !HEADERS.iter().any(|word| header == *word || header.strip_prefix("deal") == Some(word)) {
            continue;
        }
        let counts = by_level(texts, &deals.weight);
        let main = (0..counts.len()).fold(0, |best, at| if counts[at] > counts[best] { at } else { best });
        let other = |deal: usize| texts.get(deal).is_some() && texts.codes[deal] as usize != main;
        let look = Look {
            code: "currency_mix",
            column: Some(&attribute.name),
            severity: Severity::Warning,
            touches: &[(FORECAST, false), (SEGMENTS, false)],
        };
        of.add(&look, &|_| true, &other);
    }
}

/// Weight of the rows of each level.
pub(super) fn by_level(texts: &Texts, weights: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; texts.levels.len()];
    for (code, weight) in texts.codes.iter().zip(weights) {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += weight;
        }
    }
    counts
}

/// Owners or sources whose amounts are ten times, or a tenth of, those of all others for the same products: Rial beside Toman.
///
/// Amounts are compared as log10 of the ratio to the median of the product. Lower quartile, median and upper quartile of the
/// group must all lie within 0.15 of one power of ten off those of the rest: a group that merely sells more does not shift as a
/// whole by exactly ten. At least 20 amounts on either side.
fn tenfold(of: &mut OfDeals<'_, '_>) {
    const LEAST: f64 = 20.0;
    const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];
    let deals = of.deals;
    // Quartiles of a hundred thousand deals are good enough, and logarithms are slow.
    let step = deals.len().div_ceil(100_000).max(1);
    let log = |deal: usize| {
        let wanted = deal.is_multiple_of(step) && deals.amount[deal] > 0.0;
        if wanted { libm::log10(deals.amount[deal]) } else { f64::NAN }
    };
    let texts_of = |role: &str| match attribute(deals, role).map(|attribute| &attribute.values) {
        Some(Values::Texts(texts)) if texts.levels.len() <= 1000 => Some(texts),
        _ => None,
    };
    let product = texts_of("product");
    let per_product = product.map_or_else(Vec::new, |texts| by_group(deals, texts, &log));
    let per_product: Vec<f64> = per_product.iter().map(Sorted::median).collect();
    let relative = |deal: usize| {
        let usual = product.and_then(|texts| per_product.get(texts.codes[deal] as usize)).copied().unwrap_or(0.0);
        log(deal) - if usual.is_nan() { 0.0 } else { usual }
    };
    for role in ["owner", "source"] {
        let (Some(texts), Some(column)) = (texts_of(role), attribute(deals, role)) else { continue };
        let groups = by_group(deals, texts, &relative);
        // Of most groups: the median over groups, so that a large group in the other unit does not decide.
        let large = |at: usize| groups[at].weight() >= LEAST;
        let over_groups = |p: f64| {
            let values = weighted(groups.len(), &|at| (if large(at) { groups[at].quantile(p) } else { f64::NAN }, 1.0));
            Sorted::new(&values)
        };
        if over_groups(0.5).weight() < 2.0 {
            continue;
        }
        let typical = QUARTILES.map(|p| over_groups(p).median());
        for (at, group) in groups.iter().enumerate() {
            let mut shift = [0.0; 3];
            for (part, p) in QUARTILES.iter().enumerate() {
                shift[part] = group.quantile(*p) - typical[part];
            }
            let tenfold = |off: &f64| (off.abs() - 1.0).abs() <= 0.15 && off.signum() == shift[0].signum();
            if !large(at) || !shift.iter().all(tenfold) {
                continue;
            }
            let touches = [(FORECAST, false), (SEGMENTS, false)];
            let look = Look::new("tenfold_amounts", Some(&column.name), Severity::Warning, &touches);
            let counted = |deal: usize| deals.amount[deal] > 0.0;
            let found = of.add(&look, &counted, &|deal| texts.codes[deal] as usize == at);
            if let Some(finding) = found {
                let ratio = libm::pow(10.0, shift[1]);
                finding.example_values = vec![texts.levels[at].to_owned(), format!("×{ratio:.2}")];
            }
        }
    }
}

/// Values of deals by level, sorted.
fn by_group(deals: &Deals, texts: &Texts, value: &dyn Fn(usize) -> f64) -> Vec<Sorted> {
    let mut groups = vec![Vec::new(); texts.levels.len()];
    for (deal, code) in texts.codes.iter().enumerate() {
        let value = value(deal);
        if let (Some(group), false) = (groups.get_mut(*code as usize), value.is_nan()) {
            group.push((value, deals.weight[deal]));
        }
    }
    groups.iter().map(|group| Sorted::new(group)).collect()
}

/// Deals of one customer, created at one instant, of one amount above 0: entered twice. Where creation is known to the day only,
/// this is common among equal list prices, so all their other columns but the ID must be equal too.
fn likely_duplicates(of: &mut OfDeals<'_, '_>) {
    let (deals, place) = (of.deals, of.place);
    let table = of.book.table(place);
    let mapping = &of.book.loaded.summary.mapping.deals;
    let column = |role| named(mapping, role).and_then(|name| table.columns().iter().position(|c| c.name == name));
    let keys = [DealRole::CustomerId, DealRole::Amount, DealRole::CreatedAt].map(column);
    let [Some(customer), Some(amount), Some(created)] = keys else { return };
    let id = column(DealRole::Id);
    let days = deals.created.iter().all(|created| created.is_nan() || created % 1_800_000.0 == 0.0);
    let columns: Vec<usize> = if days {
        (0..table.columns().len()).filter(|at| Some(*at) != id).collect()
    } else {
        vec![customer, amount, created]
    };
    let mut wanted = vec![false; table.rows()];
    for deal in 0..deals.len() {
        wanted[deals.row[deal] as usize] = deals.amount[deal] > 0.0 && !deals.created[deal].is_nan();
    }
    for row in super::book::missing(&table.columns()[customer].values) {
        wanted[row as usize] = false;
    }
    let rows = repeated(table, &columns, &|row| wanted[row]);
    let of_all = wanted.iter().filter(|wanted| **wanted).count() as f64;
    let name = table.columns()[customer].name.as_str();
    let count = rows.len() as f64;
    of.book.add_counted(
        place,
        &Look::new("likely_duplicate", Some(name), Severity::Warning, ALL),
        rows,
        (count, of_all),
    );
}
