//! Where deals go: moves between stages, and the paths they take through them.

use super::Used;
use super::conversion::by_deal;
use crate::bulk::{Floats, Indices};
use crate::crm::{Deals, Exit, Outcome, Passages};
use crate::stats::order::sorted_rows;
use serde::Serialize;

/// Moves (weighted) between stages, and how stays end otherwise.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transitions {
    /// Stages in funnel order.
    pub stages: Vec<String>,
    /// Row-major, from × to.
    pub counts: Floats,
    /// Per stage: stays that ended in a win, in a loss, on hold, in an end that the data do not tell, and those that go on.
    pub won: Floats,
    /// In a loss.
    pub lost: Floats,
    /// On hold.
    pub hold: Floats,
    /// In an end that the data do not tell.
    pub closed: Floats,
    /// Those that go on.
    pub still_here: Floats,
    /// Moves over one or more stages.
    pub skips: f64,
    /// Moves to an earlier stage.
    pub backs: f64,
    /// Deals that skipped a stage.
    pub deals_with_skip: f64,
    /// Deals that went back.
    pub deals_with_back: f64,
}

/// The most common paths through the stages, re-entries included.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Variants {
    /// The most common ones, the commonest first; equally common ones in the order of their paths.
    pub top: Vec<Variant>,
    /// How many different paths there are. Paths that agree in their first 100 stays count as one.
    pub distinct: u32,
    /// Deals (weighted) on any path.
    pub deals: f64,
    /// Deals (weighted) on paths that are not in `top`.
    pub other_deals: f64,
}

/// A path.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// The stages in the order of the stays, by their place in funnel order.
    pub path: Indices,
    /// Deals (weighted).
    pub deals: f64,
    /// Those that stand there open or on hold.
    pub open: f64,
    /// Those won.
    pub won: f64,
    /// Those lost.
    pub lost: f64,
    /// Those that ended in a way that the data do not tell.
    pub closed: f64,
    /// Sum of the known amounts.
    pub value: f64,
}

/// Moves of the selected deals.
pub(super) fn transitions(deals: &Deals, passages: &Passages, used: &Used) -> Transitions {
    let n = passages.stages.len();
    let zeros = || Floats(vec![0.0; n]);
    let mut result = Transitions {
        stages: passages.stages.clone(),
        counts: Floats(vec![0.0; n * n]),
        won: zeros(),
        lost: zeros(),
        hold: zeros(),
        closed: zeros(),
        still_here: zeros(),
        ..Transitions::default()
    };
    for (deal, rows) in by_deal(passages).filter(|(deal, _)| used.is_selected(*deal)) {
        let weight = deals.weight[deal];
        let (mut skipped, mut went_back) = (false, false);
        for row in rows {
            let (from, to) = (passages.stage[row] as usize, passages.next_stage[row] as usize);
            if from >= n {
                continue;
            }
            let ends = match passages.exit[row] {
                Exit::Moved if to < n => {
                    result.counts.0[from * n + to] += weight;
                    if to > from + 1 {
                        result.skips += weight;
                        skipped = true;
                    }
                    if to < from {
                        result.backs += weight;
                        went_back = true;
                    }
                    continue;
                }
                Exit::Won => &mut result.won,
                Exit::Lost => &mut result.lost,
                Exit::Hold => &mut result.hold,
                Exit::Moved | Exit::Closed => &mut result.closed,
                Exit::Censored => &mut result.still_here,
            };
            ends.0[from] += weight;
        }
        result.deals_with_skip += if skipped { weight } else { 0.0 };
        result.deals_with_back += if went_back { weight } else { 0.0 };
    }
    result
}

const LONGEST: usize = 100;
const NONE: u32 = u32::MAX;

/// A prefix of paths; its children are a list.
struct Node {
    stage: u32,
    parent: u32,
    first_child: u32,
    next_sibling: u32,
    counts: Variant,
}

struct Tree(Vec<Node>);

impl Tree {
    fn child(&mut self, of: u32, stage: u32) -> u32 {
        let mut at = self.0[of as usize].first_child;
        while let Some(node) = self.0.get(at as usize) {
            if node.stage == stage {
                return at;
            }
            at = node.next_sibling;
        }
        let new = self.0.len() as u32;
        let next_sibling = std::mem::replace(&mut self.0[of as usize].first_child, new);
        self.0.push(Node::new(stage, of, next_sibling));
        new
    }

    fn count(&mut self, at: u32, deals: &Deals, deal: usize) {
        let counts = &mut self.0[at as usize].counts;
        let weight = deals.weight[deal];
        counts.deals += weight;
        *match deals.outcome[deal] {
            Outcome::Open | Outcome::Hold => &mut counts.open,
            Outcome::Won => &mut counts.won,
            Outcome::Lost => &mut counts.lost,
            Outcome::Closed => &mut counts.closed,
        } += weight;
        if deals.amount[deal].is_finite() {
            counts.value += weight * deals.amount[deal];
        }
    }

    fn path(&self, mut at: u32) -> Vec<u32> {
        let mut path = Vec::new();
        while let Some(node) = self.0.get(at as usize).filter(|node| node.parent != NONE) {
            path.push(node.stage);
            at = node.parent;
        }
        path.reverse();
        path
    }
}

impl Node {
    fn new(stage: u32, parent: u32, next_sibling: u32) -> Self {
        let counts =
            Variant { path: Indices::default(), deals: 0.0, open: 0.0, won: 0.0, lost: 0.0, closed: 0.0, value: 0.0 };
        Node { stage, parent, first_child: NONE, next_sibling, counts }
    }
}

/// Calls `take` with every selected deal and its path, of [`LONGEST`] stays at most. That of a deal without stays is its current stage alone, if that is an
/// open one.
pub(super) fn each_path(deals: &Deals, passages: &Passages, used: &Used, take: &mut dyn FnMut(usize, &[u32])) {
    let stages = passages.stages.len();
    let mut has_path = vec![false; deals.len()];
    let mut path = Vec::with_capacity(LONGEST);
    for (deal, rows) in by_deal(passages).filter(|(deal, _)| used.is_selected(*deal)) {
        path.clear();
        path.extend(passages.stage[rows.clone()].iter().take(LONGEST));
        // Where the last stay leads to a stage, the deal ended with entering it.
        let last = passages.next_stage[rows.end - 1];
        if rows.len() < LONGEST && (last as usize) < stages {
            path.push(last);
        }
        take(deal, &path);
        has_path[deal] = true;
    }
    let codes: Vec<u32> = (0..deals.stage.levels.len())
        .map(|level| {
            let name = &deals.stage.levels[level];
            passages.stages.iter().position(|stage| stage == name).map_or(NONE, |place| place as u32)
        })
        .collect();
    for deal in (0..deals.len()).filter(|deal| used.is_selected(*deal) && !has_path[*deal]) {
        let code = deals.stage.codes.get(deal).and_then(|level| codes.get(*level as usize)).copied().unwrap_or(NONE);
        if code != NONE {
            take(deal, &[code]);
        }
    }
}

/// The `most` commonest paths of the selected deals.
pub(super) fn variants(deals: &Deals, passages: &Passages, used: &Used, most: usize) -> Variants {
    let mut tree = Tree(vec![Node::new(NONE, NONE, NONE)]);
    each_path(deals, passages, used, &mut |deal, path| {
        let at = path.iter().fold(0, |at, stage| tree.child(at, *stage));
        tree.count(at, deals, deal);
    });
    let paths: Vec<usize> = (0..tree.0.len()).filter(|at| tree.0[*at].counts.deals > 0.0).collect();
    let order = sorted_rows(paths.len(), &mut |a, b| {
        let deals = |at: usize| tree.0[paths[at]].counts.deals;
        deals(b).total_cmp(&deals(a)).then_with(|| tree.path(paths[a] as u32).cmp(&tree.path(paths[b] as u32)))
    });
    let all: f64 = paths.iter().map(|at| tree.0[*at].counts.deals).sum();
    let top: Vec<Variant> = order
        .into_iter()
        .take(most)
        .map(|place| Variant { path: Indices(tree.path(paths[place] as u32)), ..tree.0[paths[place]].counts.clone() })
        .collect();
    let shown: f64 = top.iter().map(|variant| variant.deals).sum();
    Variants { distinct: paths.len() as u32, deals: all, other_deals: (all - shown).max(0.0), top }
}
