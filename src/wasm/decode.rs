//! Options from JavaScript values, judged by the types they are read into.

use super::thrown;
use crate::error::Error;
use js_sys::{Array, ArrayBuffer, JSON, Object, Reflect};
use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use std::fmt;
use wasm_bindgen::prelude::*;

/// `value` as options; undefined and null are none.
pub(super) fn decode<O: DeserializeOwned>(value: &JsValue) -> Result<O, JsValue> {
    let given = if is_nothing(value) { Object::new().into() } else { value.clone() };
    O::deserialize(Decoder(given)).map_err(|wrong| {
        let shown = |value: &JsValue| JSON::stringify(value).map(String::from).unwrap_or_default();
        let value = if wrong.value.is_undefined() { shown(value) } else { shown(&wrong.value) };
        thrown(Error::InvalidOption {
            option: if wrong.path.is_empty() { "options".into() } else { wrong.path },
            value: value.chars().take(200).collect(),
            rule: wrong.rule,
        })
    })
}

fn is_nothing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// What is wrong with an option, and where.
#[derive(Debug)]
struct Wrong {
    path: String,
    value: JsValue,
    rule: String,
}

impl Wrong {
    #[inline(never)]
    fn within(mut self, key: &str, value: &JsValue) -> Wrong {
        if self.path.is_empty() {
            self.value = value.clone();
        } else {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, key);
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(rule: T) -> Self {
        Wrong { path: String::new(), value: JsValue::UNDEFINED, rule: rule.to_string() }
    }
}

/// What a JavaScript value is.
enum Given {
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
    Nothing,
    Items(Items),
    Fields(Fields),
}

impl From<JsValue> for Given {
    #[inline(never)]
    fn from(value: JsValue) -> Self {
        if let Some(text) = value.as_string() {
            Given::Text(text)
        } else if let Some(number) = value.as_f64() {
            // Whole numbers are whole, whatever they are read into.
            if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
                Given::Whole(number as i64)
            } else {
                Given::Number(number)
            }
        } else if let Some(flag) = value.as_bool() {
            Given::Flag(flag)
        } else if is_nothing(&value) {
            Given::Nothing
        } else if Array::is_array(&value) || ArrayBuffer::is_view(&value) {
            Given::Items(Items { array: Array::from(&value), at: 0 })
        } else {
            Given::Fields(Fields {
                keys: Object::keys(value.unchecked_ref::<Object>()),
                object: value,
                at: 0,
                key: String::new(),
            })
        }
    }
}

impl Given {
    /// The error that something else was `expected`.
    #[inline(never)]
    fn instead_of(self, expected: &dyn Expected) -> Wrong {
        let unexpected = match &self {
            Given::Text(text) => Unexpected::Str(text),
            Given::Whole(number) => Unexpected::Signed(*number),
            Given::Number(number) => Unexpected::Float(*number),
            Given::Flag(flag) => Unexpected::Bool(*flag),
            Given::Nothing => Unexpected::Unit,
            Given::Items(_) => Unexpected::Seq,
            Given::Fields(_) => Unexpected::Map,
        };
        de::Error::invalid_type(unexpected, expected)
    }
}

struct Decoder(JsValue);

impl<'de> Deserializer<'de> for Decoder {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match Given::from(self.0) {
            Given::Text(text) => visitor.visit_string(text),
            Given::Whole(number) => visitor.visit_i64(number),
            Given::Number(number) => visitor.visit_f64(number),
            Given::Flag(flag) => visitor.visit_bool(flag),
            Given::Nothing => visitor.visit_unit(),
            Given::Items(items) => visitor.visit_seq(items),
            Given::Fields(fields) => visitor.visit_map(fields),
        }
    }

    // Only what these can be read from: a reader of structs from lists, which nobody gives, would be a tenth of the download.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match Given::from(self.0) {
            Given::Fields(fields) => visitor.visit_map(fields),
            other => Err(other.instead_of(&visitor)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match Given::from(self.0) {
            Given::Items(items) => visitor.visit_seq(items),
            other => Err(other.instead_of(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if is_nothing(&self.0) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let name = self
            .0
            .as_string()
            .ok_or_else(|| <Wrong as de::Error>::custom("one of the documented names is expected"))?;
        let name: StringDeserializer<Wrong> = name.into_deserializer();
        visitor.visit_enum(name)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

struct Items {
    array: Array,
    at: u32,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        if self.at >= self.array.length() {
            return Ok(None);
        }
        let value = self.array.get(self.at);
        self.at += 1;
        seed.deserialize(Decoder(value.clone()))
            .map(Some)
            .map_err(|wrong| wrong.within(&(self.at - 1).to_string(), &value))
    }
}

struct Fields {
    object: JsValue,
    keys: Array,
    at: u32,
    key: String,
}

impl Fields {
    /// The next key that has a value.
    #[inline(never)]
    fn next(&mut self) -> Option<()> {
        while self.at < self.keys.length() {
            self.key = self.keys.get(self.at).as_string().unwrap_or_default();
            self.at += 1;
            if !self.value().is_undefined() {
                return Some(());
            }
        }
        None
    }

    fn value(&self) -> JsValue {
        Reflect::get(&self.object, &self.key.as_str().into()).unwrap_or_default()
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        if self.next().is_none() {
            return Ok(None);
        }
        let key: StringDeserializer<Wrong> = self.key.clone().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|wrong| wrong.within(&self.key, &self.value()))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Wrong> {
        let value = self.value();
        seed.deserialize(Decoder(value.clone())).map_err(|wrong| wrong.within(&self.key, &value))
    }
}
