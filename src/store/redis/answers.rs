//! What scripts answer, read back.

use redis::Value;

use crate::model::Time;
use crate::store::{Error, Result};

/// An answer that is not what the script writes: another program's script, or a fault of ours.
fn odd(value: &Value) -> Error {
    Error::Unavailable(format!("Redis answers something else than was asked: {value:?}"))
}

/// A list.
pub fn list(value: Value) -> Result<Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Nil => Ok(Vec::new()),
        other => Err(odd(&other)),
    }
}

/// A list of which the first few are wanted.
pub fn fields<const N: usize>(value: Value) -> Result<[Value; N]> {
    let items = list(value)?;
    items.try_into().map_err(|items| odd(&Value::Array(items)))
}

/// A whole number.
pub fn int(value: &Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or_else(|| odd(value)),
        other => Err(odd(other)),
    }
}

/// A number that is not negative.
pub fn uint(value: &Value) -> Result<u64> {
    u64::try_from(int(value)?).map_err(|_| odd(value))
}

/// A small one.
pub fn small(value: &Value) -> Result<u32> {
    u32::try_from(int(value)?).map_err(|_| odd(value))
}

/// A time that may be missing.
pub fn time(value: &Value) -> Result<Option<Time>> {
    if matches!(value, Value::Nil) { Ok(None) } else { int(value).map(Time).map(Some) }
}

/// Bytes that may be missing.
pub fn bytes(value: Value) -> Result<Option<Vec<u8>>> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::SimpleString(text) => Ok(Some(text.into_bytes())),
        other => Err(odd(&other)),
    }
}

/// A text that may be missing.
pub fn some(value: Value) -> Result<Option<String>> {
    Ok(bytes(value)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A text.
pub fn text(value: Value) -> Result<String> {
    Ok(some(value)?.unwrap_or_default())
}
