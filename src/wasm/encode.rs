//! Results as plain JavaScript objects: scalars as serde-wasm-bindgen has them, but for counts beyond 2^53, which it refuses; arrays and objects here,
//! because its generic code for them, compiled once per field type of every result, was a twelfth of the download.

use js_sys::{Array, Float64Array, Object, Reflect, Uint32Array};
use serde::ser::{self, Impossible, Serialize, Serializer};
use std::cell::Cell;
use std::fmt;
use wasm_bindgen::{JsValue, throw_str};

/// `value` as an object of plain values, arrays and typed arrays; `None` is null.
pub(super) fn encode<T: Serialize>(value: &T) -> JsValue {
    match value.serialize(Encoder) {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

thread_local! {
    static TYPED_ARRAY: Cell<JsValue> = const { Cell::new(JsValue::NULL) };
}

fn typed_array<S: Serializer>(array: JsValue, serializer: S) -> Result<S::Ok, S::Error> {
    TYPED_ARRAY.set(array);
    serializer.serialize_unit_struct("TypedArray")
}

/// Serialises `values` as a `Float64Array`.
pub(crate) fn floats<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    typed_array(Float64Array::from(values).into(), serializer)
}

/// Serialises `values` as a `Uint32Array`.
pub(crate) fn indices<S: Serializer>(values: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    typed_array(Uint32Array::from(values).into(), serializer)
}

/// Results have nothing that cannot be encoded: an error has no value, and the code for it vanishes.
#[derive(Debug)]
enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

fn cannot_encode() -> ! {
    throw_str("no result has a value of this kind")
}

impl ser::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        cannot_encode()
    }
}

type Encoded = Result<JsValue, Never>;

#[inline(never)]
fn number(value: f64) -> JsValue {
    JsValue::from_f64(value)
}

#[inline(never)]
fn text(value: &str) -> JsValue {
    JsValue::from_str(value)
}

fn scalar<T: Serialize>(value: T) -> Encoded {
    value.serialize(&serde_wasm_bindgen::Serializer::new()).or_else(|error| throw_str(&error.to_string()))
}

struct Encoder;

impl Serializer for Encoder {
    type Ok = JsValue;
    type Error = Never;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Impossible<JsValue, Never>;
    type SerializeTupleVariant = Impossible<JsValue, Never>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Impossible<JsValue, Never>;

    fn serialize_bool(self, value: bool) -> Encoded {
        Ok(JsValue::from_bool(value))
    }

    fn serialize_i8(self, value: i8) -> Encoded {
        Ok(number(value.into()))
    }

    fn serialize_i16(self, value: i16) -> Encoded {
        Ok(number(value.into()))
    }

    fn serialize_i32(self, value: i32) -> Encoded {
        Ok(number(value.into()))
    }

    fn serialize_i64(self, value: i64) -> Encoded {
        Ok(number(value as f64))
    }

    fn serialize_u8(self, value: u8) -> Encoded {
        Ok(number(value.into()))
    }

    fn serialize_u16(self, value: u16) -> Encoded {
        Ok(number(value.into()))
    }

    fn serialize_u32(self, value: u32) -> Encoded {
        Ok(number(value.into()))
    }

    /// Weights make counts beyond 2^53, which a number of JavaScript holds to 16 digits.
    fn serialize_u64(self, value: u64) -> Encoded {
        Ok(number(value as f64))
    }

    fn serialize_f32(self, value: f32) -> Encoded {
        Ok(number(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Encoded {
        Ok(number(value))
    }

    fn serialize_char(self, value: char) -> Encoded {
        scalar(value)
    }

    fn serialize_str(self, value: &str) -> Encoded {
        Ok(text(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Encoded {
        Ok(js_sys::Uint8Array::from(value).into())
    }

    fn serialize_none(self) -> Encoded {
        Ok(JsValue::NULL)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Encoded {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Encoded {
        Ok(JsValue::NULL)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Encoded {
        Ok(TYPED_ARRAY.replace(JsValue::NULL))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Encoded {
        Ok(text(name))
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Encoded {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Encoded {
        let mut fields = Fields::new();
        fields.set(name, value.serialize(self)?);
        Ok(fields.object.into())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Never> {
        Ok(Items::new())
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Never> {
        Ok(Items::new())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Never> {
        cannot_encode()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Never> {
        cannot_encode()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Never> {
        Ok(Fields::new())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Never> {
        Ok(Fields::new())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Never> {
        cannot_encode()
    }
}

struct Items(Array);

impl Items {
    #[inline(never)]
    fn new() -> Items {
        Items(Array::new())
    }

    #[inline(never)]
    fn push(&mut self, value: JsValue) {
        self.0.push(&value);
    }
}

struct Fields {
    object: Object,
    key: String,
}

impl Fields {
    #[inline(never)]
    fn new() -> Fields {
        Fields { object: Object::new(), key: String::new() }
    }

    #[inline(never)]
    fn set(&mut self, key: &str, value: JsValue) {
        // Setting a field of a new object cannot fail.
        let _ = Reflect::set(&self.object, &text(key), &value);
    }
}

impl ser::SerializeSeq for Items {
    type Ok = JsValue;
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.push(value.serialize(Encoder)?);
        Ok(())
    }

    fn end(self) -> Encoded {
        Ok(self.0.into())
    }
}

impl ser::SerializeTuple for Items {
    type Ok = JsValue;
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Encoded {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeStruct for Fields {
    type Ok = JsValue;
    type Error = Never;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Result<(), Never> {
        self.set(key, value.serialize(Encoder)?);
        Ok(())
    }

    fn end(self) -> Encoded {
        Ok(self.object.into())
    }
}

impl ser::SerializeMap for Fields {
    type Ok = JsValue;
    type Error = Never;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Never> {
        // A key that is no text would be a map that JSON cannot hold either.
        self.key = key.serialize(Encoder)?.as_string().unwrap_or_default();
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        let value = value.serialize(Encoder)?;
        let key = std::mem::take(&mut self.key);
        self.set(&key, value);
        Ok(())
    }

    fn end(self) -> Encoded {
        Ok(self.object.into())
    }
}
