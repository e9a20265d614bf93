//! The simulator: seeded data for demonstrations and benches.

use super::encode::{encode, floats, indices};
use super::{decode, thrown};
use crate::read::write_csv;
use crate::simulate::simulate;
use crate::table::Values;
use js_sys::{Object, Reflect, Uint8Array};
use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;

/// A column as `Loader.addColumns` takes it.
struct Wire<'a>(&'a Values);

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        enum Typed<'a> {
            Instants(#[serde(serialize_with = "bulk_floats")] &'a [f64]),
        }
        #[derive(Serialize)]
        struct Texts<'a> {
            #[serde(serialize_with = "bulk_indices")]
            codes: &'a [u32],
            levels: Vec<&'a str>,
        }
        match self.0 {
            Values::Numbers(values) => floats(values, serializer),
            Values::Instants(values) => Typed::Instants(values).serialize(serializer),
            Values::Texts(texts) => {
                Texts { codes: &texts.codes, levels: texts.levels.iter().collect() }.serialize(serializer)
            }
        }
    }
}

fn bulk_floats<S: Serializer>(values: &&[f64], serializer: S) -> Result<S::Ok, S::Error> {
    floats(values, serializer)
}

fn bulk_indices<S: Serializer>(values: &&[u32], serializer: S) -> Result<S::Ok, S::Error> {
    indices(values, serializer)
}

/// The tables of a simulated CRM as columns that a `Loader` takes.
#[wasm_bindgen(js_name = simulate, unchecked_return_type = "{kind: TableName, names: string[], columns: ColumnValues[]}[]")]
pub fn simulate_columns(
    #[wasm_bindgen(unchecked_param_type = "SimulateOptions")] options: &JsValue,
) -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    struct Columns<'a> {
        kind: &'a str,
        names: Vec<&'a str>,
        columns: Vec<Wire<'a>>,
    }
    let simulated = simulate(&decode(options)?).map_err(thrown)?;
    let tables = [&simulated.deals, &simulated.history, &simulated.customers, &simulated.orders];
    Ok(encode(&tables.map(|table| Columns {
        kind: table.name(),
        names: table.columns().iter().map(|column| column.name.as_str()).collect(),
        columns: table.columns().iter().map(|column| Wire(&column.values)).collect(),
    })))
}

/// The four tables of a simulated CRM as CSV bytes.
#[wasm_bindgen(js_name = simulateCsv, unchecked_return_type = "{deals: Uint8Array, history: Uint8Array, customers: Uint8Array, orders: Uint8Array}")]
pub fn simulate_csv(
    #[wasm_bindgen(unchecked_param_type = "SimulateOptions")] options: &JsValue,
) -> Result<JsValue, JsValue> {
    let simulated = simulate(&decode(options)?).map_err(thrown)?;
    let tables = Object::new();
    for table in [&simulated.deals, &simulated.history, &simulated.customers, &simulated.orders] {
        Reflect::set(&tables, &table.name().into(), &Uint8Array::from(write_csv(table).as_slice()))?;
    }
    Ok(tables.into())
}
