//! What simulated data are drawn from, and what follows from it: medians and final outcomes by numerical integration.

use crate::stats::order::reordered;
use crate::stats::rng;
use serde::Serialize;

/// What the tables were drawn from.
///
/// A deal has the score η = source + owner + industry + `amount_effect` · ln(amount / 10,000). In each stage the hazard of an
/// advance is multiplied by exp(η/2) and that of a setback by exp(−η/2), so that η is the shift of the log-odds of advancing.
/// Each stay in a stage starts both clocks anew (a semi-Markov process), whatever came before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Truth {
    /// 2025-06-30T23:59:59Z in ms: nothing later is in the tables.
    pub as_of: f64,
    /// The stages in funnel order.
    pub stages: Vec<StageTruth>,
    /// Contribution of each source to the score.
    pub sources: Vec<Effect>,
    /// Contribution of each owner, drawn from a normal distribution of standard deviation 0.3.
    pub owners: Vec<Effect>,
    /// Contribution of the customer's industry.
    pub industries: Vec<Effect>,
    /// Products; they shift the amount and not the score, `effect` is the mean of ln(amount).
    pub products: Vec<Effect>,
    /// Score per unit of ln(amount / 10,000).
    pub amount_effect: f64,
    /// Standard deviation of ln(amount) within a product.
    pub amount_standard_deviation: f64,
    /// Days on hold are exponential with this mean.
    pub hold_mean_days: f64,
    /// Probability that a deal on hold comes back to the stage it left; else it is lost.
    pub hold_return: f64,
    /// Probability that a deal is won in the end.
    pub won: f64,
    /// Probability that it is lost in the end.
    pub lost: f64,
    /// How customers order.
    pub customer_types: Vec<CustomerType>,
    /// Type of each customer, in the order of the customers table.
    pub customer_type: Vec<u8>,
}

/// A name, how often it is drawn, and what it contributes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Name.
    pub name: &'static str,
    /// Share of deals (of customers, for industries).
    pub share: f64,
    /// Contribution to the score.
    pub effect: f64,
}

/// A Weibull clock and where the deal goes when it rings.
///
/// Cumulative hazard after t days is (t / `scale_days`)^`shape`; the hazard of one target is its share of the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// Shape.
    pub shape: f64,
    /// Scale in days.
    pub scale_days: f64,
    /// Name of a stage, `Won`, `Lost` or `On hold`, with its share; shares sum to 1.
    pub to: Vec<(&'static str, f64)>,
}

/// One stage: its two clocks, and what follows from them for all deals together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageTruth {
    /// Name.
    pub stage: &'static str,
    /// Forward moves and wins.
    pub advance: Clock,
    /// Backward moves, losses and holds.
    pub setback: Clock,
    /// Median days of a stay of a deal of score 0.
    pub median_days_score_zero: f64,
    /// Median days of a stay if every deal stayed here once.
    pub median_days_first: f64,
    /// Median days over all stays in this stage, re-entries among them, of deals followed to their end.
    pub median_days: f64,
    /// Expected number of stays here of a deal followed to its end.
    pub visits: f64,
    /// Share of those stays that end in each target: the final cumulative incidences.
    pub exits: Vec<(&'static str, f64)>,
}

/// A kind of customer. The first order comes at a uniform time, further ones at a constant rate; after each order the customer
/// may be gone for good (Fader, Hardie & Lee 2005).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerType {
    /// Name.
    pub name: &'static str,
    /// Share of customers.
    pub share: f64,
    /// Mean orders per day while active; gamma distributed between customers with shape 3.
    pub rate_per_day: f64,
    /// Probability of being gone after an order.
    pub dropout: f64,
    /// Mean of ln(amount); the standard deviation is 0.35 between customers and 0.35 between a customer's orders.
    pub log_amount: f64,
}

pub(super) const STAGES: [&str; 4] = ["Qualification", "Needs analysis", "Proposal", "Negotiation"];

const SOURCES: [(&str, f64, f64); 6] = [
    ("Website", 0.30, 0.0),
    ("Referral", 0.15, 0.9),
    ("Partner", 0.12, 0.4),
    ("Cold call", 0.20, -0.8),
    ("Trade fair", 0.08, 0.1),
    ("Advertising", 0.15, -0.4),
];
const INDUSTRIES: [(&str, f64, f64); 8] = [
    ("Software", 0.18, 0.3),
    ("Manufacturing", 0.20, 0.0),
    ("Retail", 0.16, -0.2),
    ("Health care", 0.12, 0.2),
    ("Finance", 0.10, 0.1),
    ("Education", 0.08, -0.3),
    ("Logistics", 0.09, -0.1),
    ("Public sector", 0.07, -0.4),
];
const PRODUCTS: [(&str, f64, f64); 8] = [
    ("Starter", 0.24, 7.2),
    ("Team", 0.20, 8.2),
    ("Business", 0.18, 9.2),
    ("Enterprise", 0.10, 10.8),
    ("Analytics add-on", 0.10, 8.0),
    ("Integration package", 0.07, 8.9),
    ("Training", 0.06, 7.5),
    ("Premium support", 0.05, 8.6),
];
const OWNERS: [&str; 25] = [
    "Amelia Clarke",
    "سارا محمدی",
    "Daniel Okafor",
    "علیرضا رضایی",
    "Sofia Marchetti",
    "نرگس کریمی",
    "James Whitfield",
    "محمدحسین موسوی‌نژاد",
    "Priya Raghunathan",
    "زهرا احمدی",
    "Lucas Andersen",
    "Maximiliane von Hohenberg-Schillingsfürst",
    "Chen Wei",
    "مهدی حسینی",
    "Olivia Tremblay",
    "Konstantinos Papadimitropoulos",
    "الهام صادقی",
    "Noah Becker",
    "Fatima Al-Khalifa",
    "امیرعلی طباطبایی یزدی",
    "Hannah O'Sullivan",
    "Mateo Fernández",
    "پریسا نوری",
    "Tomasz Wiśniewski",
    "Grace Mbeki",
];
const CUSTOMER_TYPES: [(&str, f64, f64, f64, f64); 4] = [
    ("Key accounts", 0.10, 1.0 / 18.0, 0.01, 7.0),
    ("Regulars", 0.30, 1.0 / 50.0, 0.04, 5.6),
    ("Occasional", 0.35, 1.0 / 150.0, 0.15, 4.8),
    ("One-off", 0.25, 1.0 / 200.0, 0.75, 4.2),
];
const OWNER_STREAM: u32 = 1;

fn stage(
    stage: &'static str,
    advance: (f64, f64, &[(&'static str, f64)]),
    setback: (f64, f64, &[(&'static str, f64)]),
) -> StageTruth {
    let clock =
        |(shape, scale_days, to): (f64, f64, &[(&'static str, f64)])| Clock { shape, scale_days, to: to.to_vec() };
    StageTruth {
        stage,
        advance: clock(advance),
        setback: clock(setback),
        median_days_score_zero: 0.0,
        median_days_first: 0.0,
        median_days: 0.0,
        visits: 0.0,
        exits: Vec::new(),
    }
}

/// The truth for `seed`, on which only the effects of the owners depend.
pub(super) fn truth(seed: u32) -> Truth {
    let effects = |list: &[(&'static str, f64, f64)]| {
        list.iter().map(|&(name, share, effect)| Effect { name, share, effect }).collect()
    };
    let mut random = rng::seeded(seed, OWNER_STREAM);
    let [qualification, needs, proposal, negotiation] = STAGES;
    let mut truth = Truth {
        as_of: super::AS_OF_MS,
        stages: vec![
            stage(
                qualification,
                (1.2, 60.8, &[(needs, 0.80), (proposal, 0.17), ("Won", 0.03)]),
                (0.9, 120.0, &[("Lost", 0.85), ("On hold", 0.15)]),
            ),
            stage(
                needs,
                (1.3, 76.8, &[(proposal, 0.82), (negotiation, 0.13), ("Won", 0.05)]),
                (1.0, 176.0, &[("Lost", 0.70), ("On hold", 0.15), (qualification, 0.15)]),
            ),
            stage(
                proposal,
                (1.1, 99.2, &[(negotiation, 0.85), ("Won", 0.15)]),
                (0.9, 192.0, &[("Lost", 0.75), ("On hold", 0.10), (needs, 0.15)]),
            ),
            stage(
                negotiation,
                (1.4, 104.0, &[("Won", 1.0)]),
                (1.0, 144.0, &[("Lost", 0.60), ("On hold", 0.15), (proposal, 0.25)]),
            ),
        ],
        sources: effects(&SOURCES),
        owners: OWNERS
            .iter()
            .map(|&name| Effect { name, share: 1.0 / OWNERS.len() as f64, effect: 0.3 * rng::normal(&mut random) })
            .collect(),
        industries: effects(&INDUSTRIES),
        products: effects(&PRODUCTS),
        amount_effect: -0.2,
        amount_standard_deviation: 0.6,
        hold_mean_days: 60.0,
        hold_return: 0.8,
        won: 0.0,
        lost: 0.0,
        customer_types: CUSTOMER_TYPES
            .iter()
            .map(|&(name, share, rate_per_day, dropout, log_amount)| CustomerType {
                name,
                share,
                rate_per_day,
                dropout,
                log_amount,
            })
            .collect(),
        customer_type: Vec::new(),
    };
    truth.integrate();
    truth
}

impl Truth {
    /// Score of a deal of amount exp(`log_amount`).
    pub(super) fn score(&self, source: usize, owner: usize, industry: usize, log_amount: f64) -> f64 {
        self.sources[source].effect
            + self.owners[owner].effect
            + self.industries[industry].effect
            + self.amount_effect * (log_amount - LOG_TEN_THOUSAND)
    }

    /// Distribution of the score over deals, on a grid of step 0.05.
    fn scores(&self) -> Vec<(f64, f64)> {
        const STEP: f64 = 0.05;
        let mut mass: Vec<(i64, f64)> = Vec::new();
        let mut total = 0.0;
        for (s, source) in self.sources.iter().enumerate() {
            for (o, owner) in self.owners.iter().enumerate() {
                for (i, industry) in self.industries.iter().enumerate() {
                    for product in &self.products {
                        for half in -7..=7 {
                            let z = 0.5 * f64::from(half);
                            let weight = source.share * owner.share * industry.share * product.share;
                            let weight = weight * libm::exp(-0.5 * z * z);
                            let score = self.score(s, o, i, product.effect + self.amount_standard_deviation * z);
                            let bin = (score / STEP).round() as i64;
                            match mass.iter_mut().find(|(known, _)| *known == bin) {
                                Some((_, sum)) => *sum += weight,
                                None => mass.push((bin, weight)),
                            }
                            total += weight;
                        }
                    }
                }
            }
        }
        let mass = reordered(mass, &mut |a, b| a.0.cmp(&b.0));
        mass.into_iter().map(|(bin, weight)| (bin as f64 * STEP, weight / total)).collect()
    }

    fn integrate(&mut self) {
        let scores = self.scores();
        let mut visits = vec![vec![0.0; scores.len()]; self.stages.len()];
        let mut exits: Vec<Vec<(&'static str, f64)>> = self
            .stages
            .iter()
            .map(|s| s.advance.to.iter().chain(&s.setback.to).map(|&(to, _)| (to, 0.0)).collect())
            .collect();
        for (at, &(score, weight)) in scores.iter().enumerate() {
            let leave: Vec<Vec<(&'static str, f64)>> =
                self.stages.iter().map(|s| s.exit_probabilities(score)).collect();
            let expected = self.expected_visits(&leave);
            for (s, stage_exits) in exits.iter_mut().enumerate() {
                visits[s][at] = weight * expected[s];
                for (sum, &(to, probability)) in stage_exits.iter_mut().zip(&leave[s]) {
                    let share = weight * expected[s] * probability;
                    sum.1 += share;
                    self.won += if to == "Won" { share } else { 0.0 };
                }
            }
        }
        self.lost = 1.0 - self.won;
        for ((stage, visits), exits) in self.stages.iter_mut().zip(visits).zip(exits) {
            stage.visits = visits.iter().sum();
            stage.exits = exits.into_iter().map(|(to, sum)| (to, sum / stage.visits)).collect();
            let all: Vec<(f64, f64)> =
                scores.iter().zip(&visits).map(|(&(score, _), &visits)| (score, visits)).collect();
            stage.median_days = stage.median_over(&all);
            stage.median_days_first = stage.median_over(&scores);
            stage.median_days_score_zero = stage.median_over(&[(0.0, 1.0)]);
        }
    }

    /// Expected number of stays in each stage of a deal that starts in the first one.
    fn expected_visits(&self, leave: &[Vec<(&'static str, f64)>]) -> Vec<f64> {
        let mut visits = vec![0.0; self.stages.len()];
        // Each round sums one more step of the chain; a step continues with probability below 0.9, so that 300 leave nothing.
        for _ in 0..300 {
            let mut next = vec![0.0; visits.len()];
            next[0] = 1.0;
            for (s, exits) in leave.iter().enumerate() {
                for &(to, probability) in exits {
                    if to == "On hold" {
                        next[s] += visits[s] * probability * self.hold_return;
                    } else if let Some(t) = STAGES.iter().position(|&name| name == to) {
                        next[t] += visits[s] * probability;
                    }
                }
            }
            visits = next;
        }
        visits
    }
}

/// ln 10,000.
const LOG_TEN_THOUSAND: f64 = 9.210_340_371_976_184;

impl StageTruth {
    /// Probability that a stay of a deal of this score ends in each target.
    fn exit_probabilities(&self, score: f64) -> Vec<(&'static str, f64)> {
        const NODES: usize = 400;
        let speed = libm::exp(0.5 * score);
        let mut advance = 0.0;
        for node in 0..NODES {
            let hazard = -libm::log(1.0 - (node as f64 + 0.5) / NODES as f64);
            let days = self.advance.days(hazard / speed);
            advance += libm::exp(-self.setback.cumulative_hazard(days) / speed) / NODES as f64;
        }
        let advances = self.advance.to.iter().map(|&(to, share)| (to, share * advance));
        advances.chain(self.setback.to.iter().map(|&(to, share)| (to, share * (1.0 - advance)))).collect()
    }

    fn median_over(&self, weighted_scores: &[(f64, f64)]) -> f64 {
        let total: f64 = weighted_scores.iter().map(|&(_, weight)| weight).sum();
        let survival = |days: f64| {
            let (advance, setback) = (self.advance.cumulative_hazard(days), self.setback.cumulative_hazard(days));
            let at = |score: f64| {
                let speed = libm::exp(0.5 * score);
                libm::exp(-advance * speed - setback / speed)
            };
            weighted_scores.iter().map(|&(score, weight)| weight * at(score)).sum::<f64>() / total
        };
        let (mut low, mut high) = (0.0, 10_000.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if survival(middle) > 0.5 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

impl Clock {
    /// Cumulative hazard after `days`.
    pub fn cumulative_hazard(&self, days: f64) -> f64 {
        libm::pow(days / self.scale_days, self.shape)
    }

    /// Days until the cumulative hazard reaches `hazard`.
    pub fn days(&self, hazard: f64) -> f64 {
        self.scale_days * libm::pow(hazard, 1.0 / self.shape)
    }
}
