//! Repairs that can only be the right ones: what `check --fix` writes. Everything else of a file stays as it is, byte for byte.

use std::sync::Arc;

use jiff::Timestamp;

use super::did_you_mean::did_you_mean;
use super::fault::{Fault, Patch};
use super::workspace::Workspace;
use super::{Compiled, Sources, compile};

/// More rounds than any file has lines that can't be read; each round repairs at least one of them.
const MAX_ROUNDS: usize = 1_000;

/// A repair that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The file, as shown.
    pub path: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The fault.
    pub code: &'static str,
    /// The line before.
    pub before: String,
    /// And after.
    pub after: String,
}

/// Repairs what can be repaired in the playbooks that `wanted` names, until nothing is left that can; a file that can't be read shows
/// one fault at a time. Answers with what was changed and how the folder looks then.
pub fn fix(sources: &mut Sources, workspace: &Arc<Workspace>, now: Timestamp, wanted: impl Fn(&str) -> bool) -> (Vec<Fixed>, Compiled) {
    let mut made: Vec<Fixed> = Vec::new();
    // Files in which a repair was none: they are left as they were before it.
    let mut stuck: Vec<Arc<str>> = Vec::new();
    let mut compiled = compile(sources, workspace, now);
    for _ in 0..MAX_ROUNDS {
        let before: Vec<(String, String)> = sources.playbooks.clone();
        let mut round = Vec::new();
        for (path, source) in sources.playbooks.iter_mut().filter(|(path, _)| wanted(path) && !stuck.iter().any(|stuck| **stuck == **path)) {
            let faults: Vec<&Fault> = compiled.faults.iter().filter(|fault| *fault.path == **path && can_fix(fault, source)).collect();
            round.extend(repair(source, &faults));
        }
        if round.is_empty() {
            break;
        }
        let after = compile(sources, workspace, now);
        let failed: Vec<Arc<str>> = round.iter().map(|fixed| &fixed.path).filter(|path| is_worse(&compiled, &after, path)).cloned().collect();
        if failed.is_empty() {
            made.extend(round);
            compiled = after;
            continue;
        }
        made.extend(round.into_iter().filter(|fixed| !failed.contains(&fixed.path)));
        for ((path, source), (_, old)) in sources.playbooks.iter_mut().zip(before) {
            if failed.iter().any(|failed| **failed == **path) {
                *source = old;
            }
        }
        stuck.extend(failed);
        compiled = compile(sources, workspace, now);
    }
    (made, compiled)
}

/// A guess replaces a word only where that word stands: behind escapes the place may be all of a text.
fn can_fix(fault: &Fault, source: &str) -> bool {
    let replaces = |guess: &String| {
        fault.patches.iter().all(|patch| source.get(patch.start..patch.end).is_some_and(|word| did_you_mean(word, [guess.as_str()]).is_some()))
    };
    fault.fixable && fault.guess.as_ref().is_none_or(replaces)
}

/// Makes the repairs of one file, of two at one place the first only.
fn repair(source: &mut String, faults: &[&Fault]) -> Vec<Fixed> {
    let mut taken: Vec<(&Fault, &Patch)> = Vec::new();
    let mut end = 0;
    for fault in faults {
        let first = fault.patches.iter().map(|patch| patch.start).min().unwrap_or_default();
        if first < end {
            continue;
        }
        end = fault.patches.iter().map(|patch| patch.end + 1).max().unwrap_or_default();
        taken.extend(fault.patches.iter().map(|patch| (*fault, patch)));
    }
    let mut fixed: Vec<Fixed> = Vec::new();
    let mut repaired = String::new();
    let mut at = 0;
    taken.sort_by_key(|(_, patch)| patch.start);
    for (_, patch) in &taken {
        repaired.push_str(source.get(at..patch.start).unwrap_or_default());
        repaired.push_str(&patch.text);
        at = patch.end;
    }
    repaired.push_str(source.get(at..).unwrap_or_default());
    for (fault, _) in taken {
        // No repair adds or removes a line.
        let line = |text: &str| text.lines().nth(fault.span.line - 1).unwrap_or_default().trim().to_owned();
        let one = Fixed { path: fault.path.clone(), line: fault.span.line, code: fault.code, before: line(source), after: line(&repaired) };
        if !fixed.contains(&one) {
            fixed.push(one);
        }
    }
    *source = repaired;
    fixed
}

/// Whether a file can be read less far than before.
fn is_worse(before: &Compiled, after: &Compiled, path: &Arc<str>) -> bool {
    let stop = |compiled: &Compiled| {
        compiled.unread.contains(path).then(|| compiled.faults.iter().find(|fault| fault.path == *path).map(|fault| fault.span.start))
    };
    match (stop(before), stop(after)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after <= before,
    }
}
