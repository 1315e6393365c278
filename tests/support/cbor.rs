//! What CloudWatch is asked and answers, in CBOR.

use ciborium::Value;

/// A member of a map.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_map()?.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

/// A time in whole seconds.
#[expect(clippy::cast_possible_truncation, reason = "whole seconds")]
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    let (_, value) = value.as_tag()?;
    value.as_float().map(|seconds| seconds as i64).or_else(|| i64::try_from(value.as_integer()?).ok())
}

/// A map of these members.
pub(crate) fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(entries.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
}

/// A value as it is sent.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    ciborium::into_writer(value, &mut body).expect("memory takes it");
    body
}
