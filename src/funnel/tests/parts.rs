use super::*;

#[test]
fn a_part_is_what_it_is_in_the_whole() {
    let crm = fast_and_slow(90);
    let mut options = FunnelOptions { group_by: Some("owner".into()), ..FunnelOptions::default() };
    let whole = run(&crm, &options).expect("deals");
    let all = serde_json::to_value(&whole).expect("an object");
    let of_stages = ["stages", "exits", "conversion"];
    let fields =
        ["current", "cycle", "transitions", "variants", "stuck", "velocity", "bottlenecks", "groups", "cohorts"];
    let mut seen = 0;
    for part in fields.into_iter().chain(["periods"]).chain(of_stages) {
        options.parts = Some(vec![serde_json::from_value(part.into()).expect("a part")]);
        let result = serde_json::to_value(run(&crm, &options).expect("deals")).expect("an object");
        assert_eq!(result["counts"], all["counts"]);
        for field in fields.into_iter().chain(["periods"]) {
            let expected = if field == part { &all[field] } else { &nothing(field) };
            assert_eq!(&result[field], expected, "{field} where {part} is asked for");
            seen += usize::from(field == part && *expected != nothing(field));
        }
        let (stages, whole) = (result["stages"].as_array().expect("stages"), all["stages"].as_array().expect("stages"));
        assert_eq!(stages.len(), if of_stages.contains(&part) { whole.len() } else { 0 });
        for (stage, whole) in stages.iter().zip(whole) {
            assert_eq!(stage["duration"], whole["duration"]);
            assert_eq!(stage["exits"], if part == "exits" { whole["exits"].clone() } else { serde_json::Value::Null });
            let conversion = if part == "conversion" { whole["conversion"].clone() } else { serde_json::Value::Null };
            assert_eq!(stage["conversion"], conversion);
        }
    }
    assert_eq!(seen, fields.len(), "every part but the current stage, which these deals do not tell, holds something");
}

/// What a field holds that was not asked for.
fn nothing(field: &str) -> serde_json::Value {
    match field {
        "current" => serde_json::json!([]),
        "transitions" => serde_json::to_value(Transitions::default()).expect("an object"),
        "stuck" => serde_json::to_value(Stuck::default()).expect("an object"),
        _ => serde_json::Value::Null,
    }
}
