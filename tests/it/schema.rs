//! The schema that editors go by and the reader that `check` goes by say the same about the shape of a file: every value of many good
//! playbooks is dropped, renamed and replaced by values of other kinds in turn, and both are asked each time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bridged::config::{Language, SAMPLE, Source};
use bridged::playbook::{Sources, Workspace, compile, schema};
use serde_json::{Value, json};

/// Faults of shape: what a schema can see, and must.
const SHAPE: &[&str] = &["wrong-shape", "unknown-key", "missing-key", "missing-id", "no-verb", "two-verbs", "two-exits"];

/// Faults in how a single value is written. A schema may see them, by patterns, or leave them to `check`.
const VALUES: &[&str] = &[
    "bad-duration",
    "bad-match",
    "bad-name",
    "bad-number",
    "bad-time",
    "bad-cron",
    "cron-never",
    "bad-regex",
    "empty-text",
    "again-not-here",
    "missing-timeout",
    "missing-on-error",
    "missing-on-no-match",
    "on-sla-exit",
    "unknown-timezone",
    "unknown-step",
    "unquoted-plus-number",
];

/// Values that stand in for others.
fn others() -> Vec<Value> {
    vec![json!("zzz"), json!(7), json!(true), json!([]), json!({}), json!(["zzz"]), json!({ "zzz": 1 }), json!([{ "zzz": 1 }]), Value::Null]
}

/// A change to a file: where, and what. None is dropping it.
#[derive(Clone, Debug)]
enum Change {
    Drop,
    Rename,
    Replace(Value),
}

/// Every place in a file, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut each = |key: &str, value: &Value| {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(at.clone());
        places(value, &at, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| each(key, value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(ix, value)| each(&ix.to_string(), value)),
        _ => {}
    }
}

/// The file with a change in one place; none where it changes nothing.
fn changed(file: &Value, place: &str, change: &Change) -> Option<Value> {
    let mut file = file.clone();
    let (parent, key) = place.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    match change {
        Change::Replace(value) => {
            let old = file.pointer_mut(place)?;
            (old != value).then(|| *old = value.clone())?;
        }
        Change::Drop => match file.pointer_mut(parent)? {
            Value::Object(map) => drop(map.shift_remove(&key)?),
            Value::Array(list) => drop(list.remove(key.parse().ok()?)),
            _ => return None,
        },
        Change::Rename => {
            let map = file.pointer_mut(parent)?.as_object_mut()?;
            let value = map.shift_remove(&key)?;
            map.insert("zzz".to_owned(), value);
        }
    }
    Some(file)
}

/// The reader's codes for a file. JSON is YAML.
fn codes(file: &Value, workspace: &Arc<Workspace>) -> Vec<&'static str> {
    let sources = Sources { playbooks: vec![("corpus.yaml".to_owned(), file.to_string())], templates: BTreeMap::new() };
    compile(&sources, workspace, jiff::Timestamp::UNIX_EPOCH).faults.iter().map(|fault| fault.code).collect()
}

#[test]
fn the_schema_and_the_reader_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = ["activation", "appointments", "nurture", "qualification", "support"].map(|name| root.join(format!("playbooks/{name}.yaml")));
    let language =
        ["verbs", "matches", "clocks", "people", "web", "goals", "exits"].map(|name| root.join(format!("tests/it/language/playbooks/{name}.yaml")));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bridged.yaml"), SAMPLE).unwrap();
    let source = Source::named(&folder.path().join("bridged.yaml")).unwrap();
    let workspace = Arc::new(Language::read(&source, std::iter::empty()).unwrap().workspace);
    let validator = jsonschema::validator_for(&schema::playbook()).unwrap();
    let changes: Vec<Change> = [Change::Drop, Change::Rename].into_iter().chain(others().into_iter().map(Change::Replace)).collect();
    let (mut asked, mut refused) = (0, 0);
    let mut apart: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in shipped.iter().chain(&language) {
        let file: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let problems: Vec<String> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
        let mut all = Vec::new();
        places(&file, "", &mut all);
        for (place, change) in all.iter().flat_map(|place| changes.iter().map(move |change| (place, change))) {
            let Some(file) = changed(&file, place, change) else { continue };
            let (valid, codes) = (validator.is_valid(&file), codes(&file, &workspace));
            let shape: Vec<&str> = codes.iter().copied().filter(|code| SHAPE.contains(code)).collect();
            let clean = shape.is_empty() && !codes.iter().any(|code| VALUES.contains(code));
            asked += 1;
            refused += usize::from(!valid);
            let key: String = place.split('/').rfind(|part| part.parse::<usize>().is_err()).unwrap_or_default().to_owned();
            if valid && !shape.is_empty() {
                apart.entry(format!("the reader refuses {key}: {change:?} {shape:?}")).or_default().push(format!("{name}{place}"));
            }
            if !valid && clean {
                apart.entry(format!("the schema refuses {key}: {change:?}")).or_default().push(format!("{name}{place}"));
            }
        }
    }
    assert!(refused > 1_000 && asked - refused > 1_000, "{refused} of {asked}");
    let told: Vec<String> = apart.iter().map(|(what, places)| format!("{} × {what}, as {}", places.len(), places[0])).collect();
    assert!(told.is_empty(), "{} kinds of {asked} changes\n{}", told.len(), told.join("\n"));
}
