//! The JavaScript boundary: the only file that names wasm-bindgen and js-sys. Every export decodes, calls, encodes.

use crate::crm::{self, LoadOptions, Loaded, TableKind};
use crate::meta::{Progress, options};
use crate::read::{self, RawValues, Source};
use crate::time::TimeZone;
use crate::{Error, error::Detail, forecast, funnel, quality, segments, simulate};
use js_sys::{Array, Float64Array, Function, JSON, Object, Reflect, Uint32Array};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// Serialises `values` as a `Float64Array`.
pub(crate) fn floats<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serde_wasm_bindgen::preserve::serialize(&Float64Array::from(values), serializer)
}

/// Serialises `values` as a `Uint32Array`.
pub(crate) fn indices<S: Serializer>(values: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    serde_wasm_bindgen::preserve::serialize(&Uint32Array::from(values), serializer)
}

#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
}

/// Collects tables, then turns them into a `Handle`.
#[wasm_bindgen]
pub struct Loader {
    options: LoadOptions,
    zone: TimeZone,
    sources: Vec<(Option<TableKind>, Source)>,
}

#[wasm_bindgen]
impl Loader {
    /// An empty loader that reads and recognises by these options.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "CoreLoadOptions | undefined")] options: &JsValue,
    ) -> Result<Loader, JsValue> {
        let options: LoadOptions = decode(options)?;
        let zone = options.time_zone().map_err(thrown)?;
        Ok(Loader { options, zone, sources: Vec::new() })
    }

    /// Adds the UTF-8 bytes of a CSV file. `kind` is `deals`, `history`, `customers`, `orders`, `dimension` or undefined: recognised.
    #[wasm_bindgen(js_name = addCsv)]
    pub fn add_csv(&mut self, kind: Option<String>, name: &str, bytes: &[u8]) -> Result<(), JsValue> {
        let source = read::csv_with(name, bytes, &self.zone).map_err(thrown)?;
        self.sources.push((table_kind(kind).map_err(thrown)?, source));
        Ok(())
    }

    /// Adds columns: for each name a `Float64Array` (NaN is missing) or an array of strings (empty is missing), all equally long.
    #[wasm_bindgen(js_name = addColumns)]
    pub fn add_columns(
        &mut self,
        kind: Option<String>,
        name: &str,
        names: Vec<String>,
        #[wasm_bindgen(unchecked_param_type = "(Float64Array | string[])[]")] columns: Array,
    ) -> Result<(), JsValue> {
        let columns = names.into_iter().zip(columns.iter().map(raw_values)).collect();
        let source = read::columns(name, columns, &self.zone).map_err(thrown)?;
        self.sources.push((table_kind(kind).map_err(thrown)?, source));
        Ok(())
    }

    /// Adds the tables of a simulated CRM.
    #[wasm_bindgen(js_name = addSimulated)]
    pub fn add_simulated(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "SimulateOptions")] options: &JsValue,
    ) -> Result<(), JsValue> {
        let simulated = simulate::simulate(&decode(options)?).map_err(thrown)?;
        self.sources.extend([
            (Some(TableKind::Deals), simulated.deals.into()),
            (Some(TableKind::History), simulated.history.into()),
            (Some(TableKind::Customers), simulated.customers.into()),
            (Some(TableKind::Orders), simulated.orders.into()),
        ]);
        Ok(())
    }

    /// Recognises what was added and makes it canonical. The loader is used up.
    pub fn finish(self) -> Result<Handle, JsValue> {
        let loaded = crm::load(self.sources, &self.options).map_err(thrown)?;
        Ok(Handle { loaded })
    }
}

/// Loaded data, ready for analyses.
#[wasm_bindgen]
pub struct Handle {
    loaded: Loaded,
}

#[wasm_bindgen]
impl Handle {
    /// What was recognised.
    #[wasm_bindgen(unchecked_return_type = "Summary")]
    pub fn summary(&self) -> Result<JsValue, JsValue> {
        encode(&self.loaded.summary)
    }

    /// What is wrong with the data, and what it costs.
    #[wasm_bindgen(unchecked_return_type = "QualityResult")]
    pub fn quality(&self) -> Result<JsValue, JsValue> {
        encode(&quality::quality(&self.loaded))
    }

    /// How long deals take and where they go.
    #[wasm_bindgen(unchecked_return_type = "FunnelResult")]
    pub fn funnel(
        &self,
        #[wasm_bindgen(unchecked_param_type = "FunnelOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options = decode(options)?;
        reported(progress, |progress| funnel::funnel(&self.loaded.crm, &options, progress))
    }

    /// How likely each open deal is to be won.
    #[wasm_bindgen(unchecked_return_type = "ForecastResult")]
    pub fn forecast(
        &self,
        #[wasm_bindgen(unchecked_param_type = "ForecastOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options = decode(options)?;
        reported(progress, |progress| forecast::forecast(&self.loaded.crm, &options, progress))
    }

    /// Which groups the customers form.
    #[wasm_bindgen(unchecked_return_type = "SegmentsResult")]
    pub fn segments(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SegmentsOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options = decode(options)?;
        reported(progress, |progress| segments::segments(&self.loaded.crm, &options, progress))
    }

    /// Rows of a table as `[column, text or null]` pairs, in the order of the source's columns.
    #[wasm_bindgen(unchecked_return_type = "[string, string | null][][]")]
    pub fn records(&self, table: &str, rows: &[u32]) -> Result<JsValue, JsValue> {
        encode(&self.loaded.records(table, rows).map_err(thrown)?)
    }
}

/// The four tables of a simulated CRM as CSV bytes.
#[wasm_bindgen(js_name = simulateCsv, unchecked_return_type = "{deals: Uint8Array, history: Uint8Array, customers: Uint8Array, orders: Uint8Array}")]
pub fn simulate_csv(
    #[wasm_bindgen(unchecked_param_type = "SimulateOptions")] options: &JsValue,
) -> Result<JsValue, JsValue> {
    let simulated = simulate::simulate(&decode(options)?).map_err(thrown)?;
    let tables = Object::new();
    for table in [&simulated.deals, &simulated.history, &simulated.customers, &simulated.orders] {
        let bytes = js_sys::Uint8Array::from(read::write_csv(table).as_slice());
        Reflect::set(&tables, &table.name().into(), &bytes)?;
    }
    Ok(tables.into())
}

fn decode<O: DeserializeOwned>(value: &JsValue) -> Result<O, JsValue> {
    let json =
        if value.is_undefined() || value.is_null() { "{}".into() } else { String::from(JSON::stringify(value)?) };
    options(&json).map_err(thrown)
}

fn encode<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let serializer =
        serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true).serialize_maps_as_objects(true);
    value.serialize(&serializer).map_err(JsValue::from)
}

fn reported<T: Serialize>(
    listener: Option<Function>,
    call: impl FnOnce(&mut Progress<'_>) -> Result<T, Error>,
) -> Result<JsValue, JsValue> {
    let mut tell = |share: f64| {
        if let Some(listener) = &listener {
            // A listener that throws must not undo the analysis.
            let _ = listener.call1(&JsValue::UNDEFINED, &share.into());
        }
    };
    encode(&call(&mut Progress::to(&mut tell)).map_err(thrown)?)
}

fn table_kind(kind: Option<String>) -> Result<Option<TableKind>, Error> {
    kind.map(|kind| kind.parse()).transpose()
}

fn raw_values(column: JsValue) -> RawValues {
    match column.dyn_into::<Float64Array>() {
        Ok(numbers) => RawValues::Numbers(numbers.to_vec()),
        Err(other) => {
            RawValues::Texts(Array::from(&other).iter().map(|text| text.as_string().unwrap_or_default()).collect())
        }
    }
}

fn thrown(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    let details = Object::new();
    for (name, detail) in error.details() {
        let value = match detail {
            Detail::Text(text) => text.into(),
            Detail::Count(count) => (count as f64).into(),
            Detail::List(texts) => texts.into_iter().map(JsValue::from).collect::<Array>().into(),
        };
        // Setting a field of a new object cannot fail.
        let _ = Reflect::set(&details, &name.into(), &value);
    }
    let _ = Reflect::set(&thrown, &"code".into(), &error.code().into());
    let _ = Reflect::set(&thrown, &"details".into(), &details);
    thrown.into()
}
