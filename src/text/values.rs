//! Between JSON, the currency of the engine, and minijinja's values.
//!
//! Both sides know the same kinds but for two: minijinja has *undefined*, which becomes null, and numbers that are not
//! finite, which JSON has no words for and which become null too.

use minijinja::value::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

/// A JSON value as a template sees it. `null` is what stands for nulls, at any depth.
pub(super) fn to_template(json: &Json, null: &Value) -> Value {
    match json {
        Json::Null => null.clone(),
        Json::Bool(yes) => Value::from(*yes),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            _ => number.as_f64().map_or_else(|| Value::from(()), Value::from),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(|item| to_template(item, null)).collect(),
        Json::Object(fields) => map_to_template(fields, null),
    }
}

/// The same for the fields of an object.
pub(super) fn map_to_template(fields: &Map<String, Json>, null: &Value) -> Value {
    Value::from_pairs(fields.iter().map(|(name, value)| (name.as_str(), to_template(value, null))))
}

/// What a template's value is as JSON. Undefined is null, like everything JSON has no number for.
pub(super) fn from_template(value: &Value) -> Json {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => number(value).map_or(Json::Null, Json::Number),
        ValueKind::Seq | ValueKind::Iterable => items(value).map(|item| from_template(&item)).collect(),
        ValueKind::Map => {
            let field = |key: Value| {
                let value = value.get_item(&key).map_or(Json::Null, |value| from_template(&value));
                (key.to_string(), value)
            };
            Json::Object(items(value).map(field).collect())
        }
        _ => Json::String(value.to_string()),
    }
}

/// The items of a list or the keys of a map; nothing for what has none.
fn items(value: &Value) -> impl Iterator<Item = Value> {
    value.try_iter().into_iter().flatten()
}

/// Integers stay integers, so that 8500 is not written as 8500.0.
fn number(value: &Value) -> Option<Number> {
    if value.is_integer() {
        let whole = i64::try_from(value.clone()).map(Number::from);
        return whole.or_else(|_| u64::try_from(value.clone()).map(Number::from)).ok();
    }
    f64::try_from(value.clone()).ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_comes_back_as_it_went() {
        let all = json!({"z": 1, "a": [true, null, "x", 2.5, 18_446_744_073_709_551_615_u64, -3], "m": {"n": {}}});
        assert_eq!(from_template(&to_template(&all, &Value::from(()))), all);
        assert_eq!(from_template(&to_template(&all, &Value::from(()))).to_string(), all.to_string());
    }

    #[test]
    fn what_json_lacks_is_null() {
        assert_eq!(from_template(&Value::UNDEFINED), Json::Null);
        assert_eq!(from_template(&Value::from(f64::NAN)), Json::Null);
        assert_eq!(from_template(&to_template(&json!({"a": null}), &Value::from(""))), json!({"a": ""}));
    }
}
