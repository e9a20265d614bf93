//! The JavaScript boundary: the only folder that names wasm-bindgen and js-sys. Every export decodes, calls, encodes.
//!
//! Two features make two downloads: `engine` is the core, `simulator` the maker of demonstration data, which few pages need.

mod decode;
mod encode;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "simulator")]
mod simulator;

use crate::error::{Detail, Error};
use decode::decode;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

pub(crate) use encode::{floats, indices};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../types.d.ts");

#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
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
