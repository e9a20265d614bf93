//! Calls, mails and meetings about deals, from the rows of one or more tables.

use super::columns::{self, Tally};
use super::joins::{self, JoinSummary};
use super::mapping::InteractionRole;
use super::recognise::Found;
use super::{Deals, LeftOut};
use crate::read::Source;
use crate::read::numbers::is_weight;
use crate::table::{Levels, Texts};
use std::collections::HashMap;

/// Interactions with the customer about a deal, in the order of their tables. All vectors have equal length.
#[derive(Debug, Clone, Default)]
pub struct Interactions {
    /// Index into [`Deals`].
    pub deal: Vec<u32>,
    /// Instant in ms.
    pub at: Vec<f64>,
    /// Call, mail, meeting, …: as the table says, else the name of the table without its ending.
    pub kind: Texts,
    /// Weight; 1 for a plain row.
    pub weight: Vec<f64>,
}

impl Interactions {
    /// Number of interactions.
    pub fn len(&self) -> usize {
        self.deal.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.deal.is_empty()
    }
}

/// Appends the interactions in `source` up to `as_of` to `all`; returns the rows left out and how the table fits the deals.
pub(super) fn append(
    all: &mut Interactions,
    source: &Source,
    roles: &Found<InteractionRole>,
    deals: &Deals,
    (deals_name, as_of): (&str, f64),
) -> (Vec<LeftOut>, JoinSummary) {
    let table = &source.table;
    let n = table.rows();
    let column = |role: InteractionRole| roles.get(&role).map(|at| &table.columns()[*at]);
    let mut tally = Tally::new("interactions", table);
    let named = column(InteractionRole::DealId);
    let absent = || Texts { codes: vec![Texts::MISSING; n], levels: Levels::default() };
    let deal = named.map_or_else(absent, columns::first_texts);
    let at = column(InteractionRole::At).map_or_else(|| vec![f64::NAN; n], columns::instants);
    let kind = column(InteractionRole::Kind).map(columns::texts);
    let weights =
        column(InteractionRole::Weight).map(columns::numbers).or_else(|| table.weights().map(<[f64]>::to_vec));

    let known: HashMap<&str, u32> =
        (0..deals.len()).filter_map(|deal| deals.id.get(deal).map(|id| (id, deal as u32))).collect();
    let partner: Vec<Option<u32>> = deal.levels.iter().map(|level| known.get(level).copied()).collect();
    // Levels of several tables may be equal: one code each.
    let mut code_of = |text: &str| {
        let known = all.kind.levels.iter().position(|level| level == text);
        let code = known.unwrap_or(all.kind.levels.len());
        if known.is_none() {
            all.kind.levels.push(text);
        }
        code as u32
    };
    let own_name = table.name().rsplit_once('.').map_or(table.name(), |(stem, _)| stem);
    let codes: Vec<u32> = match &kind {
        Some(kind) => kind.levels.iter().map(&mut code_of).collect(),
        None => vec![code_of(own_name)],
    };
    for row in 0..n {
        let code = deal.codes[row] as usize;
        let weight = weights.as_ref().map_or(1.0, |weights| weights[row]);
        let (reason, value) = match partner.get(code) {
            None => ("no_deal_id", ""),
            Some(_) if at[row].is_nan() => ("no_date", ""),
            Some(_) if at[row] > as_of => ("after_as_of", ""),
            Some(_) if !is_weight(weight) => ("bad_weight", ""),
            Some(None) => ("deal_not_in_deals", &deal.levels[code]),
            Some(Some(deal)) => {
                let kind_at = kind.as_ref().map_or(0, |kind| kind.codes[row] as usize);
                all.deal.push(*deal);
                all.at.push(at[row]);
                all.kind.codes.push(codes.get(kind_at).copied().unwrap_or(Texts::MISSING));
                all.weight.push(weight);
                continue;
            }
        };
        tally.add(reason, row, value);
    }
    let name = named.map_or("", |column| column.name.as_str());
    let join = joins::keys("interactions", (name, &deal), (deals_name, &deals.id), false);
    (tally.finish(), join)
}
