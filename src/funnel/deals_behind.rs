//! The deals behind a number of the funnel: asked for when somebody wants to see them, so that no result holds lists of them.

use super::conversion::by_deal;
use super::{FunnelOptions, Settings, Used, filter, grouping, routes};
use crate::bulk::{Floats, Indices};
use crate::crm::{Crm, Deals, Exit, Outcome, Passages};
use crate::error::{Error, Result};
use crate::table::{Texts, Values};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Which deals; of several conditions all hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct DealConditions {
    /// In the group at this place of [`super::Groups::groups`].
    pub group: Option<u32>,
    /// In this stage itself, as in [`super::StageConversion::visited`].
    pub visited: Option<String>,
    /// In this stage, in any later one, or won, as in [`super::StageConversion::reached`].
    pub reached: Option<String>,
    /// With a stay in this stage.
    pub from: Option<String>,
    /// With a stay, in `from` where that is given, that ended so: `won`, `lost`, `hold`, `closed`, `stage:<name>`, or `still_here`.
    pub to: Option<String>,
    /// On this path, as in [`super::Variant::path`].
    pub path: Option<Vec<u32>>,
    /// Created on the local days (from 1970-01-01) from the first one to that before the second one, and before `as_of`.
    pub created: Option<[f64; 2]>,
    /// Won or lost on such days.
    pub closed: Option<[f64; 2]>,
    /// With this outcome; on hold is open.
    pub outcome: Option<Outcome>,
    /// In the segment of this key, as the last segmentation wrote it.
    pub segment: Option<String>,
    /// One of these rows of the deals table.
    pub rows: Option<Vec<u32>>,
    /// With usable dates, as those of [`super::Cycle`] and [`super::Cohorts`].
    pub with_cycle: bool,
}

/// Deals in the order of the deals table, in columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DealList {
    /// Deals (weighted).
    pub deals: f64,
    /// Row of the deals table.
    pub row: Indices,
    /// Identifier.
    pub id: Vec<String>,
    /// Place of the outcome in `outcomes`.
    pub outcome: Indices,
    /// Instant of creation in ms; NaN where unknown.
    pub created: Floats,
    /// Instant of the end in ms; NaN where it has not ended or that is unknown.
    pub closed: Floats,
    /// Amount; NaN where missing.
    pub amount: Floats,
    /// Place of the stage in `stages`, [`u32::MAX`] without one.
    pub stage: Indices,
    /// Place of the owner in `owners`, [`u32::MAX`] without one.
    pub owner: Indices,
    /// All outcomes.
    pub outcomes: [Outcome; 5],
    /// Names of stages.
    pub stages: Vec<String>,
    /// Names of owners.
    pub owners: Vec<String>,
}

const OUTCOMES: [Outcome; 5] = [Outcome::Open, Outcome::Won, Outcome::Lost, Outcome::Hold, Outcome::Closed];

/// The deals that `asked` describes, of those that [`super::funnel`] with `options` is about.
///
/// # Errors
/// Those of [`super::funnel`]; [`Error::InvalidOption`] for a stage, a kind of end or a group that there is none of. No deals are no error.
pub fn deals_behind(crm: &Crm, asked: &DealConditions, options: &FunnelOptions) -> Result<DealList> {
    Settings::of(options)?;
    let deals =
        crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "funnel".into(), table: "deals".into() })?;
    let used = Used { selected: filter::selected(deals, options)? };
    let no_passages = Passages::default();
    let passages = crm.passages.as_ref().unwrap_or(&no_passages);
    let mut narrowed = Narrowed(used.selected.clone());
    if let Some(place) = asked.group {
        let column = options.group_by.as_deref().unwrap_or("owner");
        let groups = grouping::grouping(crm, deals, &used, column, options)?;
        if place as usize >= groups.names.len() {
            return Err(Error::invalid_option("group", place.to_string(), "there are fewer groups"));
        }
        narrowed.keep(&mut |deal| groups.of(deal) == Some(place as usize));
    }
    if let Some(visited) = &asked.visited {
        let stage = stage_called("visited", visited, passages)?;
        narrowed.keep_where_any(passages, &|row| [passages.stage[row], passages.next_stage[row]].contains(&stage));
    }
    if let Some(reached) = &asked.reached {
        let stage = stage_called("reached", reached, passages)?;
        let is_further = |at: u32| at >= stage && (at as usize) < passages.stages.len();
        narrowed.keep_where_any(passages, &|row| {
            deals.outcome[passages.deal[row] as usize] == Outcome::Won
                || is_further(passages.stage[row])
                || is_further(passages.next_stage[row])
        });
    }
    if asked.from.is_some() || asked.to.is_some() {
        let from = asked.from.as_ref().map(|from| stage_called("from", from, passages)).transpose()?;
        let ends = asked.to.as_ref().map(|to| End::called(to, passages)).transpose()?;
        narrowed.keep_where_any(passages, &|row| {
            from.is_none_or(|from| passages.stage[row] == from) && ends.is_none_or(|end| end == End::of(passages, row))
        });
    }
    if let Some(path) = &asked.path {
        let mut is_on = vec![false; deals.len()];
        routes::each_path(deals, passages, &used, &mut |deal, taken| is_on[deal] = taken == path);
        narrowed.keep(&mut |deal| is_on[deal]);
    }
    let mut cursor = crm.time.zone.cursor();
    let mut is_within = |instant: f64, [first, end]: [f64; 2]| {
        instant <= crm.as_of && (first..end).contains(&f64::from(cursor.day(instant)))
    };
    if let Some(days) = asked.created {
        narrowed.keep(&mut |deal| is_within(deals.created[deal], days));
    }
    if let Some(days) = asked.closed {
        let is_closed = |deal: usize| matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost);
        narrowed.keep(&mut |deal| is_closed(deal) && is_within(deals.closed[deal], days));
    }
    if let Some(outcome) = asked.outcome {
        let or_held = if outcome == Outcome::Open { Outcome::Hold } else { outcome };
        narrowed.keep(&mut |deal| deals.outcome[deal] == outcome || deals.outcome[deal] == or_held);
    }
    if let Some(key) = &asked.segment {
        let of_role = deals.attributes.iter().find(|attribute| attribute.role.as_deref() == Some("segment"));
        let Some(Values::Texts(segments)) = of_role.map(|attribute| &attribute.values) else {
            return Err(Error::invalid_option("segment", key.clone(), "no segments have been found yet"));
        };
        narrowed.keep(&mut |deal| segments.get(deal) == Some(key.as_str()));
    }
    if let Some(rows) = &asked.rows {
        let asked: HashSet<u32> = rows.iter().copied().collect();
        narrowed.keep(&mut |deal| asked.contains(&deals.row[deal]));
    }
    if asked.with_cycle {
        let mut has_cycle = vec![false; deals.len()];
        let all = crm.durations(deals);
        all.deals_with_cycle().iter().for_each(|deal| has_cycle[*deal as usize] = true);
        narrowed.keep(&mut |deal| has_cycle[deal]);
    }
    Ok(list(deals, &narrowed.0))
}

/// Per deal whether all conditions so far hold.
struct Narrowed(Vec<bool>);

impl Narrowed {
    fn keep(&mut self, holds: &mut dyn FnMut(usize) -> bool) {
        for (deal, kept) in self.0.iter_mut().enumerate().filter(|(_, kept)| **kept) {
            *kept = holds(deal);
        }
    }

    /// Keeps the deals of which any stay `is` so.
    fn keep_where_any(&mut self, passages: &Passages, is: &dyn Fn(usize) -> bool) {
        let mut found = vec![false; self.0.len()];
        for (deal, mut rows) in by_deal(passages) {
            if let Some(found) = found.get_mut(deal) {
                *found = rows.any(is);
            }
        }
        self.keep(&mut |deal| found[deal]);
    }
}

/// How a stay ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Moved(u32),
    Won,
    Lost,
    Hold,
    Closed,
    StillHere,
}

impl End {
    fn of(passages: &Passages, row: usize) -> End {
        let next = passages.next_stage[row];
        match passages.exit[row] {
            Exit::Moved if (next as usize) < passages.stages.len() => End::Moved(next),
            Exit::Won => End::Won,
            Exit::Lost => End::Lost,
            Exit::Hold => End::Hold,
            Exit::Moved | Exit::Closed => End::Closed,
            Exit::Censored => End::StillHere,
        }
    }

    fn called(name: &str, passages: &Passages) -> Result<End> {
        Ok(match name {
            "won" => End::Won,
            "lost" => End::Lost,
            "hold" => End::Hold,
            "closed" => End::Closed,
            "still_here" => End::StillHere,
            _ => End::Moved(stage_called("to", name.strip_prefix("stage:").unwrap_or_default(), passages)?),
        })
    }
}

fn stage_called(option: &str, name: &str, passages: &Passages) -> Result<u32> {
    let place = passages.stages.iter().position(|stage| stage == name);
    place
        .map(|place| place as u32)
        .ok_or_else(|| Error::invalid_option(option, name.into(), "it must name one of the open stages"))
}

fn list(deals: &Deals, selected: &[bool]) -> DealList {
    let rows: Vec<usize> = (0..deals.len()).filter(|deal| selected[*deal]).collect();
    let floats = |values: &[f64]| Floats(rows.iter().map(|&deal| values[deal]).collect());
    let codes =
        |texts: &Texts| Indices(rows.iter().map(|&deal| texts.codes.get(deal).copied().unwrap_or(u32::MAX)).collect());
    let names = |texts: &Texts| texts.levels.iter().map(str::to_owned).collect();
    let place = |outcome: Outcome| OUTCOMES.iter().position(|other| *other == outcome).unwrap_or_default() as u32;
    let end = |deal: usize| match deals.outcome[deal] {
        Outcome::Open | Outcome::Hold => f64::NAN,
        Outcome::Won | Outcome::Lost | Outcome::Closed => deals.closed[deal],
    };
    DealList {
        deals: rows.iter().map(|&deal| deals.weight[deal]).sum(),
        row: Indices(rows.iter().map(|&deal| deals.row[deal]).collect()),
        id: rows.iter().map(|&deal| deals.id.get(deal).unwrap_or_default().to_owned()).collect(),
        outcome: Indices(rows.iter().map(|&deal| place(deals.outcome[deal])).collect()),
        created: floats(&deals.created),
        closed: Floats(rows.iter().map(|&deal| end(deal)).collect()),
        amount: floats(&deals.amount),
        stage: codes(&deals.stage),
        owner: codes(&deals.owner),
        outcomes: OUTCOMES,
        stages: names(&deals.stage),
        owners: names(&deals.owner),
    }
}

#[cfg(test)]
mod tests {
    use super::super::properties::{crm, random_deals};
    use super::super::{FunnelResult, funnel};
    use super::*;
    use crate::crm::Attribute;
    use crate::meta::Progress;

    fn of(crm: &Crm, result: &FunnelResult, asked: DealConditions) -> f64 {
        deals_behind(crm, &asked, &result.meta.options).expect("deals").deals
    }

    fn in_stage(stage: &str) -> DealConditions {
        DealConditions { from: Some(stage.into()), ..DealConditions::default() }
    }

    #[test]
    fn there_are_as_many_deals_behind_every_number_as_it_says() {
        let options = FunnelOptions { group_by: Some("size".into()), most_variants: 1000, ..FunnelOptions::default() };
        let mut behind = [0; 6];
        for seed in 0..300 {
            let crm = crm(&random_deals(seed));
            let Ok(result) = funnel(&crm, &options, &mut Progress::none()) else { continue };
            let count = |asked: DealConditions| of(&crm, &result, asked);
            for stage in &result.stages {
                let conversion = stage.conversion.expect("asked for");
                let name = Some(stage.stage.clone());
                let visited = count(DealConditions { visited: name.clone(), ..DealConditions::default() });
                let reached = count(DealConditions { reached: name.clone(), ..DealConditions::default() });
                assert_eq!((visited, reached), (conversion.visited.deals, conversion.reached.deals));
                assert_eq!(count(in_stage(&stage.stage)), stage.deals);
                behind[0] += usize::from(reached > visited && visited > 0.0);
            }
            for variant in &result.variants.as_ref().expect("a history").top {
                let path = Some(variant.path.0.clone());
                let by = |outcome| count(DealConditions { path: path.clone(), outcome, ..DealConditions::default() });
                let found = [None, Some(Outcome::Open), Some(Outcome::Won), Some(Outcome::Lost)].map(by);
                assert_eq!(found, [variant.deals, variant.open, variant.won, variant.lost]);
                behind[1] += 1;
            }
            for (place, group) in result.groups.as_ref().expect("asked for").groups.iter().enumerate() {
                let place = Some(place as u32);
                assert_eq!(count(DealConditions { group: place, ..DealConditions::default() }), group.deals);
                behind[2] += 1;
            }
            for cohort in &result.cohorts.as_ref().expect("dates").cohorts {
                let created = Some([cohort.start_day, cohort.end_day]);
                let all = DealConditions { created, with_cycle: true, ..DealConditions::default() };
                assert_eq!(count(all.clone()), cohort.deals);
                assert_eq!(count(DealConditions { outcome: Some(Outcome::Won), ..all }), cohort.won);
                behind[3] += 1;
            }
            let periods = result.periods.as_ref().expect("dates");
            for (at, days) in periods.start_day.0.windows(2).enumerate() {
                let days = Some([days[0], days[1]]);
                let created = count(DealConditions { created: days, ..DealConditions::default() });
                let closed = |outcome| {
                    count(DealConditions { closed: days, outcome: Some(outcome), ..DealConditions::default() })
                };
                assert_eq!(created, periods.created.0[at]);
                assert_eq!([closed(Outcome::Won), closed(Outcome::Lost)], [periods.won.0[at], periods.lost.0[at]]);
                behind[4] += 1;
            }
            let moves = &result.transitions;
            for (at, stage) in moves.stages.iter().enumerate() {
                let ended = |to: &str| count(DealConditions { to: Some(to.into()), ..in_stage(stage) });
                // A deal may go the same way twice.
                let is_behind = |deals: f64, moves: f64| deals <= moves && (deals > 0.0) == (moves > 0.0);
                for (to, name) in moves.stages.iter().enumerate() {
                    assert!(is_behind(ended(&format!("stage:{name}")), moves.counts.0[at * moves.stages.len() + to]));
                }
                let ends =
                    [("won", &moves.won), ("lost", &moves.lost), ("hold", &moves.hold), ("closed", &moves.closed)];
                for (name, counts) in ends.into_iter().chain([("still_here", &moves.still_here)]) {
                    assert!(is_behind(ended(name), counts.0[at]), "{name}");
                    behind[5] += usize::from(counts.0[at] > 0.0);
                }
            }
        }
        assert!(behind.iter().all(|times| *times > 100), "{behind:?}");
    }

    #[test]
    fn a_list_is_in_the_order_of_the_table_and_open_deals_have_no_end() {
        let crm = crm(&random_deals(3));
        let list = deals_behind(&crm, &DealConditions::default(), &FunnelOptions::default()).expect("deals");
        assert!(list.row.0.is_sorted() && list.id.len() == list.row.0.len());
        for (outcome, closed) in list.outcome.0.iter().zip(&list.closed.0) {
            let is_open = matches!(list.outcomes[*outcome as usize], Outcome::Open | Outcome::Hold);
            assert!(!is_open || closed.is_nan());
        }
        let (first, two) = (list.row.0[0], list.row.0[..2].to_vec());
        let some = DealConditions { rows: Some(vec![two[1], first, u32::MAX, first]), ..DealConditions::default() };
        assert_eq!(deals_behind(&crm, &some, &FunnelOptions::default()).expect("deals").row.0, two);
    }

    #[test]
    fn the_segment_is_that_of_the_last_segmentation_whatever_a_column_is_called() {
        let mut crm = crm(&random_deals(3));
        let in_segment = DealConditions { segment: Some("best".into()), ..DealConditions::default() };
        let run = |crm: &Crm| deals_behind(crm, &in_segment, &FunnelOptions::default());
        assert!(matches!(run(&crm), Err(Error::InvalidOption { .. })));
        let deals = crm.deals.as_mut().expect("deals");
        let column = |role: Option<&str>, best: usize| {
            let key = |row: usize| Some(if row == best { "best" } else { "other" });
            let values = Values::Texts((0..deals.id.codes.len()).map(key).collect());
            Attribute { name: "segment".into(), role: role.map(str::to_owned), values }
        };
        let best = deals.weight.iter().rposition(|weight| *weight > 0.0).expect("a deal");
        let columns = [column(None, 0), column(Some("segment"), best)];
        deals.attributes.extend(columns);
        assert_eq!(run(&crm).expect("a deal").row.0, [best as u32]);
    }

    #[test]
    fn what_there_is_none_of_is_said() {
        let crm = crm(&random_deals(3));
        let wrong = |asked: DealConditions| {
            let found = deals_behind(&crm, &asked, &FunnelOptions::default());
            matches!(found, Err(Error::InvalidOption { .. }))
        };
        assert!(wrong(in_stage("S9")));
        assert!(wrong(DealConditions { to: Some("S1".into()), ..DealConditions::default() }));
        assert!(wrong(DealConditions { group: Some(9), ..DealConditions::default() }));
        let nobody = DealConditions { path: Some(vec![3, 3, 3, 3]), ..DealConditions::default() };
        assert_eq!(deals_behind(&crm, &nobody, &FunnelOptions::default()).expect("none").id.len(), 0);
    }
}
