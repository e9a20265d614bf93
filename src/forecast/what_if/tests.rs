use super::*;
use crate::crm::{AsOf, LoadOptions, TableKind, load};
use crate::forecast::forecast;
use crate::read::Source;
use crate::simulate::{SimulateOptions, simulate};

fn crm() -> Crm {
    let data = simulate(&SimulateOptions { deals: 4000, customers: None, seed: 5 }).expect("valid sizes");
    let options = LoadOptions { as_of: Some(AsOf::Milliseconds(data.truth.as_of)), ..LoadOptions::default() };
    load(vec![(Some(TableKind::Deals), Source::from(data.deals))], &options).expect("a table that loads").crm
}

fn with(changes: &[(&str, RuleValue)]) -> WhatIfOptions {
    WhatIfOptions {
        actionable: ["source", "owner", "amount", "status"].map(str::to_owned).into(),
        changes: changes
            .iter()
            .map(|(column, value)| Change { column: (*column).into(), value: value.clone() })
            .collect(),
        ..WhatIfOptions::default()
    }
}

#[test]
fn the_deal_as_it_is_has_the_probability_of_the_forecast_and_a_change_that_of_its_twin() {
    let crm = crm();
    let model = what_if_model(&crm, &ForecastOptions::default()).expect("a model");
    let everything = ForecastOptions { listed: usize::MAX, ..ForecastOptions::default() };
    let forecast = forecast(&crm, &everything, &mut Progress::none()).expect("a forecast");
    let (shown, listed) = (forecast.open, forecast.listed);
    let deals = crm.deals.as_ref().expect("deals");
    let source =
        |row: u32| deals.attributes.iter().find(|a| a.name == "source").map(|a| Cell::of(&a.values, row as usize));
    let web = Some(Cell::Text(Some("Website".into())));
    let at = (0..shown.row.0.len()).find(|&at| source(shown.row.0[at]) != web).expect("a deal from elsewhere");
    let row = shown.row.0[at];
    let change = [("source", RuleValue::Text("Website".into()))];
    let result = what_if(&crm, &model, row, &with(&change)).expect("an open deal");
    assert!((result.now.probability.value - shown.probability.0[at]).abs() < 1e-12);
    assert!((result.now.probability.low - shown.low.0[at]).abs() < 1e-12);
    let same = listed.iter().find(|deal| deal.row == row).expect("listed");
    for (reason, listed) in result.reasons.iter().zip(&same.reasons) {
        assert_eq!((&reason.column, &reason.value), (&listed.column, &listed.value));
        assert!((reason.contribution - listed.contribution).abs() < 1e-12);
    }
    assert_eq!(result.reasons.len(), same.reasons.len());
    let mut twin = crm.clone();
    let deals = twin.deals.as_mut().expect("deals");
    let column = deals.attributes.iter_mut().find(|a| a.name == "source").expect("source");
    if let Values::Texts(texts) = &mut column.values {
        texts.codes[row as usize] = texts.levels.iter().position(|level| level == "Website").expect("a level") as u32;
    }
    let same = what_if(&twin, &model, row, &with(&[])).expect("an open deal").now;
    assert!((result.changed.probability.value - same.probability.value).abs() < 1e-12);
    assert_eq!(result.difference, result.changed.probability.value - result.now.probability.value);
    let ever = result.now.probability.value;
    assert!(result.now.won_within.is_some_and(|within| 0.0 < within[0] && within[0] < within[1] && within[2] < ever));
    assert!(result.now.expected_close.is_some_and(|at| at > crm.as_of));
}

#[test]
fn suggestions_are_other_observed_values_by_falling_effect_and_follow_the_truth() {
    let crm = crm();
    let model = what_if_model(&crm, &ForecastOptions::default()).expect("a model");
    let deals = crm.deals.as_ref().expect("deals");
    let open = (0..deals.len()).find(|&row| deals.outcome[row] == Outcome::Open).expect("an open deal");
    let options = WhatIfOptions { actionable: vec!["source".into()], ..WhatIfOptions::default() };
    let result = what_if(&crm, &model, deals.row[open], &options).expect("an open deal");
    let suggestions = &result.suggestions;
    assert_eq!(suggestions.len(), 5, "six sources less its own");
    assert!(suggestions.windows(2).all(|pair| pair[0].difference >= pair[1].difference));
    assert!(suggestions.iter().all(|s| s.n >= 20.0 && s.probability.low < s.probability.high));
    // Referrals are the best source of the simulated world, cold calls the worst.
    let place = |value: &str| suggestions.iter().position(|s| s.value == value);
    assert!(place("Referral").is_none_or(|at| at == 0) && place("Cold call").is_none_or(|at| at == 4));
    assert_eq!((result.wording, result.changed == result.now), ("associated_not_caused", true));
}

#[test]
fn what_cannot_be_tried_is_refused_by_code() {
    let crm = crm();
    let model = what_if_model(&crm, &ForecastOptions::default()).expect("a model");
    assert!(model.has(&ForecastOptions::default()));
    let deals = crm.deals.as_ref().expect("deals");
    let of = |outcome: Outcome| (0..deals.len()).find(|&row| deals.outcome[row] == outcome).expect("a deal") as u32;
    let (open, won) = (of(Outcome::Open), of(Outcome::Won));
    let code =
        |row: u32, options: &WhatIfOptions| what_if(&crm, &model, row, options).map_err(|error| error.code()).err();
    let text = |value: &str| RuleValue::Text(value.into());
    assert_eq!(code(won, &with(&[])), Some("invalid_option"));
    assert_eq!(code(u32::MAX, &with(&[])), Some("invalid_option"));
    assert_eq!(code(open, &with(&[("product", text("x"))])), Some("invalid_option"));
    assert_eq!(code(open, &with(&[("nothing", text("x"))])), Some("unknown_column"));
    assert_eq!(code(open, &with(&[("amount", text("much"))])), Some("invalid_option"));
    assert_eq!(code(open, &with(&[("amount", RuleValue::Many(Vec::new()))])), Some("invalid_option"));
    let none = what_if(&crm, &model, open, &with(&[("status", text("Open"))])).expect("an open deal");
    assert_eq!((none.without_effect.as_slice(), none.difference), (["status".to_owned()].as_slice(), 0.0));
    let unseen = what_if(&crm, &model, open, &with(&[("source", text("Pigeon")), ("amount", RuleValue::None)]));
    assert!(unseen.expect("an open deal").changed.probability.value.is_finite());
    let mut wider = crm.clone();
    wider.deals.as_mut().expect("deals").attributes.remove(0);
    assert_eq!(what_if(&wider, &model, open, &with(&[])).map_err(|error| error.code()).err(), Some("invalid_option"));
    let mut young = crm.clone();
    young.deals.as_mut().expect("deals").outcome.iter_mut().for_each(|outcome| *outcome = Outcome::Open);
    let model = what_if_model(&young, &ForecastOptions::default()).expect("learns nothing");
    let refused = what_if(&young, &model, open, &with(&[])).map_err(|error| error.code()).err();
    assert_eq!(refused, Some("too_few"));
}
