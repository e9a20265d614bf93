//! The JavaScript boundary: the only file that names wasm-bindgen and js-sys.

use serde::Serializer;

/// Serialises `values` as a `Float64Array`.
pub(crate) fn floats<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serde_wasm_bindgen::preserve::serialize(&js_sys::Float64Array::from(values), serializer)
}

/// Serialises `values` as a `Uint32Array`.
pub(crate) fn indices<S: Serializer>(values: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    serde_wasm_bindgen::preserve::serialize(&js_sys::Uint32Array::from(values), serializer)
}
