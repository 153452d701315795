//! What must be true at the end of a test.

use serde_json::{Map, Value};

use super::Transcript;
use super::play::same;
use super::world::World;
use crate::engine::Decision;

/// Every expectation that does not hold, with its line.
pub(super) fn look(world: &mut World, test: &Transcript) -> Vec<(usize, String)> {
    test.expect.iter().filter_map(|(key, line, wanted)| check(world, test, key, wanted).err().map(|why| (*line, why))).collect()
}

fn check(world: &mut World, test: &Transcript, key: &str, wanted: &Value) -> Result<(), String> {
    let newest = world.newest(&test.playbook).cloned();
    match key {
        "outcome" => equal(key, wanted, &newest.and_then(|row| row.outcome).map_or(Value::Null, Value::from)),
        "outcomes" => {
            for (playbook, wanted) in object(wanted) {
                let found = match world.newest(playbook) {
                    None => "none".to_owned(),
                    Some(row) => row.outcome.clone().unwrap_or_else(|| "open".to_owned()),
                };
                equal(&format!("outcome of {playbook}"), wanted, &Value::from(found))?;
            }
            Ok(())
        }
        "at_step" => equal(key, wanted, &newest.and_then(|row| row.step).map_or(Value::Null, Value::from)),
        "sent" => equal(key, wanted, &Value::from(world.spoken.iter().filter(|spoken| !spoken.by_agent).count())),
        "segments" => {
            let sum: u32 = world.spoken.iter().filter(|spoken| !spoken.by_agent).map(|spoken| spoken.outgoing.cost).sum();
            equal(key, wanted, &Value::from(sum))
        }
        "contact" => {
            let person = world.person();
            for (field, wanted) in object(wanted) {
                let found = match field.as_str() {
                    "tags" => Value::from(person.contact.tags.iter().cloned().collect::<Vec<_>>()),
                    "consent" => Value::from(person.contact.consent.iter().cloned().collect::<Vec<_>>()),
                    "lists" => Value::from(person.contact.lists.iter().cloned().collect::<Vec<_>>()),
                    "phone" => Value::from(person.contact.phone.as_str()),
                    "opted_out" => Value::from(person.contact.opted_out),
                    _ => person.contact.fields.get(field).cloned().unwrap_or(Value::Null),
                };
                equal(&format!("contact.{field}"), wanted, &found)?;
            }
            Ok(())
        }
        "vars" => {
            let vars = newest.map(|row| row.vars).unwrap_or_default();
            object(wanted).iter().try_for_each(|(name, wanted)| equal(name, wanted, vars.get(name).unwrap_or(&Value::Null)))
        }
        "tags" => {
            let tags = world.person().contact.tags;
            words(wanted).into_iter().find(|tag| !tags.contains(tag)).map_or(Ok(()), |tag| Err(format!("the tag `{tag}` is not set")))
        }
        "no_tags" => {
            let tags = world.person().contact.tags;
            words(wanted).into_iter().find(|tag| tags.contains(tag)).map_or(Ok(()), |tag| Err(format!("the tag `{tag}` is set")))
        }
        "recorded" => {
            let found: Vec<&str> = world
                .decisions
                .iter()
                .filter_map(|decision| match decision {
                    Decision::Recorded { name, .. } => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            equal(key, &Value::from(words(wanted)), &Value::from(found))
        }
        "handoff" => equal(key, wanted, &world.handoffs.last().map_or(Value::Null, |row| Value::from(row.queue.as_str()))),
        "not_started" => {
            let found = world.decisions.iter().rev().find_map(|decision| match decision {
                Decision::NotStarted { playbook, reason } if *playbook == test.playbook => Some(reason.as_str()),
                _ => None,
            });
            equal(key, wanted, &found.map_or(Value::Null, Value::from))
        }
        "skipped" => {
            let found: Vec<&str> = world
                .decisions
                .iter()
                .filter_map(|decision| match decision {
                    Decision::Skipped { reason, .. } => Some(reason.as_str()),
                    _ => None,
                })
                .collect();
            equal(key, &Value::from(words(wanted)), &Value::from(found))
        }
        "goal" => equal(key, wanted, &Value::from(newest.is_some_and(|row| row.goal))),
        "opted_out" => equal(key, wanted, &Value::from(world.person().contact.opted_out)),
        "version" => {
            let current = world.plans.by_name(&test.playbook).map(|plan| plan.hash.clone());
            let found = newest.map(|row| if Some(row.version) == current { "new" } else { "old" });
            equal(key, wanted, &found.map_or(Value::Null, Value::from))
        }
        _ => Ok(()),
    }
}

fn equal(what: &str, wanted: &Value, found: &Value) -> Result<(), String> {
    if same(wanted, found) { Ok(()) } else { Err(format!("expected {what} {}, it is {}", shown(wanted), shown(found))) }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&EMPTY)
}

/// A list of words, or a single one; numbers are taken as written.
fn words(value: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![word(value)], |items| items.iter().map(word).collect())
}
