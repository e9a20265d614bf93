//! The core: tables in, a handle that answers analyses out.

use super::encode::encode;
use super::{decode, thrown};
use crate::crm::{self, LoadOptions, Loaded, TableKind};
use crate::meta::Progress;
use crate::read::{self, RawValues, Reader, Source};
use crate::table::{Levels, Table, Texts};
use crate::time::{LocalTime, ZoneTable};
use crate::{Error, forecast, funnel, quality, segments};
use js_sys::{Array, Float64Array, Function, Reflect, Uint32Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Collects tables, then turns them into a `Handle`.
#[wasm_bindgen]
pub struct Loader {
    options: LoadOptions,
    time: LocalTime,
    sources: Vec<(Option<TableKind>, Source)>,
    reader: Option<(Option<TableKind>, Reader)>,
}

#[wasm_bindgen]
impl Loader {
    /// An empty loader that reads and recognises by these options. A time zone comes as its name and its table: from `starts[i]` (ms) on, local
    /// time is `offsets[i]` minutes ahead of UTC.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "CoreLoadOptions | undefined")] options: &JsValue,
        zone: Option<String>,
        starts: Option<Vec<f64>>,
        offsets: Option<Vec<f64>>,
    ) -> Result<Loader, JsValue> {
        let mut options: LoadOptions = decode(options)?;
        options.zone = zone.map(|name| ZoneTable {
            name,
            starts: starts.unwrap_or_default(),
            offsets: offsets.unwrap_or_default(),
        });
        let time = options.local_time().map_err(thrown)?;
        Ok(Loader { options, time, sources: Vec::new(), reader: None })
    }

    /// Adds the UTF-8 bytes of a CSV file. `kind` is `deals`, `history`, `customers`, `orders`, `interactions`, `dimension` or undefined: recognised.
    #[wasm_bindgen(js_name = addCsv)]
    pub fn add_csv(&mut self, kind: Option<String>, name: &str, bytes: &[u8]) -> Result<(), JsValue> {
        let source = read::csv_with(name, bytes, &self.time).map_err(thrown)?;
        self.sources.push((table_kind(kind).map_err(thrown)?, source));
        Ok(())
    }

    /// Begins a CSV file that comes in pieces: `push` them, then `close`. One that was begun before is forgotten.
    pub fn begin(&mut self, kind: Option<String>, name: &str) -> Result<(), JsValue> {
        self.reader = Some((table_kind(kind).map_err(thrown)?, Reader::new(name, &self.time)));
        Ok(())
    }

    /// Reads the next piece, of any size, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        self.reader.as_mut().map_or(Ok(()), |(_, reader)| reader.push(bytes)).map_err(thrown)
    }

    /// Ends the file. `false`: columns turned out not to be what their first values said; push the same pieces once more and close again.
    pub fn close(&mut self) -> Result<bool, JsValue> {
        let Some((kind, mut reader)) = self.reader.take() else { return Ok(true) };
        let source = reader.close().map_err(thrown)?;
        let is_read = source.is_some();
        match source {
            Some(source) => self.sources.push((kind, source)),
            None => self.reader = Some((kind, reader)),
        }
        Ok(is_read)
    }

    /// Adds columns, one per name and all equally long: a `Float64Array` (NaN is missing), `{instants}` in ms since 1970 (NaN is
    /// missing), an array of strings that are typed as the cells of a file are (empty is missing), `{codes, cells}`: the same by their place
    /// in `cells`, or `{codes, levels}`: texts by their place in `levels`, which stay texts. A code beyond them is missing.
    #[wasm_bindgen(js_name = addColumns)]
    pub fn add_columns(
        &mut self,
        kind: Option<String>,
        name: &str,
        names: Vec<String>,
        #[wasm_bindgen(unchecked_param_type = "ColumnValues[]")] columns: Array,
    ) -> Result<(), JsValue> {
        let columns = names.into_iter().zip(columns.iter().map(raw_values)).collect();
        let source = read::columns(name, columns, &self.time).map_err(thrown)?;
        self.sources.push((table_kind(kind).map_err(thrown)?, source));
        Ok(())
    }

    /// Recognises what was added and makes it canonical. The loader is used up.
    pub fn finish(self) -> Result<Handle, JsValue> {
        let loaded = crm::load(self.sources, &self.options).map_err(thrown)?;
        Ok(Handle { loaded, funnel: None, prepared: None, labels: None, what_if: None })
    }
}

/// Loaded data, ready for analyses.
#[wasm_bindgen]
pub struct Handle {
    loaded: Loaded,
    funnel: Option<funnel::FunnelResult>,
    prepared: Option<segments::Prepared>,
    labels: Option<Table>,
    what_if: Option<forecast::WhatIfModel>,
}

#[wasm_bindgen]
impl Handle {
    /// What was recognised.
    #[wasm_bindgen(unchecked_return_type = "Summary")]
    pub fn summary(&self) -> JsValue {
        encode(&self.loaded.summary)
    }

    /// What is wrong with the data, and what it costs.
    #[wasm_bindgen(unchecked_return_type = "QualityResult")]
    pub fn quality(&self) -> JsValue {
        encode(&quality::quality(&self.loaded))
    }

    /// The rows behind a finding as the UTF-8 bytes of a CSV file.
    pub fn offending(&self, code: &str, table: &str, column: Option<String>) -> Result<Vec<u8>, JsValue> {
        quality::offending(&self.loaded, code, table, column.as_deref()).map_err(thrown)
    }

    /// How long deals take and where they go.
    #[wasm_bindgen(unchecked_return_type = "FunnelResult")]
    pub fn funnel(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "FunnelOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options: funnel::FunnelOptions = decode(options)?;
        let (crm, before) = (&self.loaded.crm, self.funnel.as_ref());
        let result =
            reporting(progress, |progress| funnel::regrouped(crm, &options, before, progress)).map_err(thrown)?;
        let value = encode(&result);
        if options.is_whole() {
            self.funnel = Some(result);
        }
        Ok(value)
    }

    /// The deals behind a number of `funnel(options)`.
    #[wasm_bindgen(js_name = dealsBehind, unchecked_return_type = "DealList")]
    pub fn deals_behind(
        &self,
        #[wasm_bindgen(unchecked_param_type = "DealConditions")] asked: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "FunnelOptions | undefined")] options: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let (asked, options) = (decode(asked)?, decode(options)?);
        Ok(encode(&funnel::deals_behind(&self.loaded.crm, &asked, &options).map_err(thrown)?))
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

    /// What will be won in the periods to come.
    #[wasm_bindgen(unchecked_return_type = "PipelineResult")]
    pub fn pipeline(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PipelineOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options = decode(options)?;
        reported(progress, |progress| forecast::pipeline(&self.loaded.crm, &options, progress))
    }

    /// Owners side by side.
    #[wasm_bindgen(unchecked_return_type = "RepsResult")]
    pub fn reps(
        &self,
        #[wasm_bindgen(unchecked_param_type = "RepOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options = decode(options)?;
        reported(progress, |progress| forecast::reps(&self.loaded.crm, &options, progress))
    }

    /// The user's own points beside the model's probability.
    #[wasm_bindgen(unchecked_return_type = "RuleScores")]
    pub fn rules(
        &self,
        #[wasm_bindgen(unchecked_param_type = "RuleOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options = decode(options)?;
        reported(progress, |progress| forecast::rule_scores(&self.loaded.crm, &options, progress))
    }

    /// What an open deal would look like with other values. The model is kept for the next question with the same options of the model.
    #[wasm_bindgen(js_name = whatIf, unchecked_return_type = "WhatIfResult")]
    pub fn what_if(
        &mut self,
        row: u32,
        #[wasm_bindgen(unchecked_param_type = "WhatIfOptions | undefined")] options: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let options: forecast::WhatIfOptions = decode(options)?;
        let crm = &self.loaded.crm;
        let model = match self.what_if.take().filter(|model| model.has(&options.model)) {
            Some(model) => model,
            None => forecast::what_if_model(crm, &options.model).map_err(thrown)?,
        };
        let result = forecast::what_if(crm, &model, row, &options);
        self.what_if = Some(model);
        Ok(encode(&result.map_err(thrown)?))
    }

    /// Which groups the customers form. They become the column `segment` of the deals, for `funnel`.
    #[wasm_bindgen(unchecked_return_type = "SegmentsResult")]
    pub fn segments(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "SegmentsOptions | undefined")] options: &JsValue,
        progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let options: segments::SegmentsOptions = decode(options)?;
        options.check().map_err(thrown)?;
        let prepared = match self.prepared.take().filter(|prepared| prepared.answers(&options)) {
            Some(prepared) => prepared,
            None => segments::Prepared::new(&self.loaded.crm, &options).map_err(thrown)?,
        };
        let prepared = self.prepared.insert(prepared);
        let crm = &self.loaded.crm;
        let result = reporting(progress, |progress| prepared.segments(crm, &options, progress)).map_err(thrown)?;
        self.labels = Some(segments::labels_table(&result).map_err(thrown)?);
        prepared.attach(&mut self.loaded.crm, &result);
        // It was learnt without these segments.
        self.what_if = None;
        Ok(encode(&result))
    }

    /// The customers of the last `segments` as the UTF-8 bytes of a CSV file: id, key of the segment, and for RFM the named group and the scores. Empty
    /// before there are any.
    #[wasm_bindgen(js_name = segmentsCsv)]
    pub fn segments_csv(&self) -> Vec<u8> {
        self.labels.as_ref().map_or_else(Vec::new, read::write_csv)
    }

    /// Positions in `ids` of the customers in the band at `place` of `bands`, both of the last `segments`, the most valuable first.
    #[wasm_bindgen(js_name = inBand)]
    pub fn in_band(&self, place: u32) -> Vec<u32> {
        self.prepared.as_ref().map_or_else(Vec::new, |prepared| prepared.in_band(place))
    }

    /// The segments of other customers by the `recipe` of a result: columns as in `addColumns`, one per feature.
    #[wasm_bindgen(unchecked_return_type = "Assigned")]
    pub fn assign(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SegmentsRecipe")] recipe: &JsValue,
        names: Vec<String>,
        #[wasm_bindgen(unchecked_param_type = "ColumnValues[]")] columns: Array,
    ) -> Result<JsValue, JsValue> {
        let recipe: segments::Recipe = decode(recipe)?;
        let columns = names.into_iter().zip(columns.iter().map(raw_values)).collect();
        let source = read::columns("customers", columns, &self.loaded.crm.time).map_err(thrown)?;
        Ok(encode(&segments::assign(&recipe, &source.table).map_err(thrown)?))
    }

    /// Rows of a table as `[column, text or null]` pairs, in the order of the source's columns.
    #[wasm_bindgen(unchecked_return_type = "[string, string | null][][]")]
    pub fn records(&self, table: &str, rows: &[u32]) -> Result<JsValue, JsValue> {
        Ok(encode(&self.loaded.records(table, rows).map_err(thrown)?))
    }
}

fn reported<T: Serialize>(
    listener: Option<Function>,
    call: impl FnOnce(&mut Progress<'_>) -> Result<T, Error>,
) -> Result<JsValue, JsValue> {
    Ok(encode(&reporting(listener, call).map_err(thrown)?))
}

fn reporting<T>(
    listener: Option<Function>,
    call: impl FnOnce(&mut Progress<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut tell = |share: f64| {
        if let Some(listener) = &listener {
            // A listener that throws must not undo the analysis.
            let _ = listener.call1(&JsValue::UNDEFINED, &share.into());
        }
    };
    call(&mut Progress::to(&mut tell))
}

fn table_kind(kind: Option<String>) -> Result<Option<TableKind>, Error> {
    kind.map(|kind| kind.parse()).transpose()
}

fn raw_values(column: JsValue) -> RawValues {
    let floats = |value: &JsValue| value.dyn_ref::<Float64Array>().map(Float64Array::to_vec);
    let texts = |value: JsValue| -> Vec<String> {
        Array::from(&value).iter().map(|text| text.as_string().unwrap_or_default()).collect()
    };
    // Reading a field of an object cannot fail; of anything else it is undefined.
    let field = |name: &str| Reflect::get(&column, &name.into()).unwrap_or_default();
    if let Some(numbers) = floats(&column) {
        RawValues::Numbers(numbers)
    } else if let Some(instants) = floats(&field("instants")) {
        RawValues::Instants(instants)
    } else if let Ok(codes) = field("codes").dyn_into::<Uint32Array>() {
        let coded = |levels| Texts { codes: codes.to_vec(), levels: Levels::from(texts(levels)) };
        match field("cells") {
            cells if cells.is_undefined() => RawValues::Levels(coded(field("levels"))),
            cells => RawValues::Cells(coded(cells)),
        }
    } else {
        RawValues::Texts(texts(column))
    }
}
