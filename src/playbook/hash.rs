//! The name of a plan: a hash of all it was compiled from. Conversations are pinned to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::plan::Plan;
use crate::model::PlanHash;

/// 64 bits tell apart every version a folder will ever have, and people can read them out.
const HASH_CHARACTERS: usize = 16;

/// Hash of the YAML, the texts from files, and the sub-playbooks.
pub fn of_plan(yaml: &str, templates: &BTreeMap<String, String>, runs: &BTreeMap<String, Arc<Plan>>) -> PlanHash {
    let mut parts = vec![yaml];
    for (name, text) in templates {
        parts.extend([name.as_str(), text.as_str()]);
    }
    for (name, plan) in runs {
        parts.extend([name.as_str(), plan.hash.as_str()]);
    }
    PlanHash(of_parts(parts))
}

/// Hash of texts in their order; each is preceded by its length, so that no two lists give the same bytes.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(HASH_CHARACTERS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        assert_eq!(of_parts(["a", "b"]).len(), HASH_CHARACTERS);
        assert_ne!(of_parts(["ab", "c"]), of_parts(["a", "bc"]));
        assert_eq!(of_parts(["ab"]), of_parts(["ab"]));
    }
}
