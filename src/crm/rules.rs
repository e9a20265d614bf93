//! A user's own formula for the chances of a deal: points for what its columns say.

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// How a rule looks at a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// The value is this one; texts without regard to case.
    #[serde(rename = "=")]
    Equal,
    /// The value is another one, or there is none.
    #[serde(rename = "≠", alias = "!=")]
    NotEqual,
    /// The value is one of these.
    #[serde(rename = "in")]
    In,
    /// The number or date is smaller.
    #[serde(rename = "<")]
    Less,
    /// The number or date is not larger.
    #[serde(rename = "≤", alias = "<=")]
    AtMost,
    /// The number or date is larger.
    #[serde(rename = ">")]
    Greater,
    /// The number or date is not smaller.
    #[serde(rename = "≥", alias = ">=")]
    AtLeast,
    /// The number or date lies between these two, or is one of them.
    #[serde(rename = "between")]
    Between,
    /// There is no value.
    #[serde(rename = "is empty")]
    IsEmpty,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(untagged)]
pub enum RuleValue {
    /// Nothing.
    #[default]
    None,
    /// A number; of dates, ms since 1970.
    Number(f64),
    /// A text; of dates, an ISO date.
    Text(String),
    /// Several of these.
    Many(Vec<RuleValue>),
}

/// Points for deals of which a condition holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Column of the deals by name, or by role where no column has that name.
    pub column: String,
    /// How its value is looked at.
    pub operator: Operator,
    /// What it is compared with; two of them for `between`, any number for `in`.
    #[serde(default)]
    pub value: RuleValue,
    /// What a deal gets for it; may be negative.
    pub points: f64,
}

impl<'de> Deserialize<'de> for RuleValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl<'de> Visitor<'de> for Value {
            type Value = RuleValue;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number, a text or a list of them")
            }

            fn visit_unit<E: de::Error>(self) -> Result<RuleValue, E> {
                Ok(RuleValue::None)
            }

            fn visit_none<E: de::Error>(self) -> Result<RuleValue, E> {
                Ok(RuleValue::None)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<RuleValue, E> {
                Ok(RuleValue::Number(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<RuleValue, E> {
                Ok(RuleValue::Number(number as f64))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<RuleValue, E> {
                Ok(RuleValue::Number(number as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RuleValue, E> {
                Ok(RuleValue::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RuleValue, A::Error> {
                let mut many = Vec::new();
                while let Some(item) = items.next_element()? {
                    many.push(item);
                }
                Ok(RuleValue::Many(many))
            }
        }
        // Not derived, for the reason that stands at `AsOf`.
        deserializer.deserialize_any(Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_as_they_were_written() {
        let json = r#"[{"column":"amount","operator":"between","value":[10.0,20.5],"points":5.0},{"column":"source","operator":"in","value":["Web","Fair"],"points":-2.0},{"column":"x","operator":"is empty","value":null,"points":1.0}]"#;
        let rules: Vec<Rule> = serde_json::from_str(json).expect("rules");
        assert_eq!(serde_json::to_string(&rules).expect("serialises"), json);
        let short: Rule =
            serde_json::from_str(r#"{"column":"a","operator":"<=","value":3,"points":1}"#).expect("a rule");
        assert_eq!((short.operator, short.value), (Operator::AtMost, RuleValue::Number(3.0)));
        assert!(serde_json::from_str::<Rule>(r#"{"column":"a","operator":"like","points":1}"#).is_err());
    }
}
