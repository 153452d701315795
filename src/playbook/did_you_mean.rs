//! The nearest known name to one that is not known: a guess is only offered within a Damerau distance of 2.

/// Farther away a guess confuses more than it helps.
const NEAR: usize = 2;

/// The nearest of the known names, if one is near enough; the first of equals.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(written, known).into_iter().min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Whether only one name can be meant: it alone is one change away.
pub fn is_certain<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> bool {
    let mut near = near(written, known);
    near.retain(|(far, _)| *far == 1);
    near.dedup();
    near.len() == 1
}

/// The names near enough to be meant, with how far away they are.
fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<(usize, &'a str)> {
    let measured = known.into_iter().map(|name| (distance(written, name), name));
    // A name of two letters is within 2 of any other: then only a near miss counts.
    measured.filter(|(far, name)| *far <= NEAR && *far < name.chars().count().min(written.chars().count())).collect()
}

/// Insertions, deletions, changes and swaps of neighbours that lead from one word to the other (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    if from.len().abs_diff(to.len()) > NEAR {
        return NEAR + 1;
    }
    // Three rows of the table are enough: a swap looks back two.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let cost = usize::from(a != b);
            let mut best = (last[j + 1] + 1).min(row[j] + 1).min(last[j] + cost);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_within_two_changes_and_no_farther() {
        assert_eq!(did_you_mean("nudgee", ["buyer", "nudge"]), Some("nudge"));
        assert_eq!(did_you_mean("on_timeot", ["on_timeout", "timeout"]), Some("on_timeout"));
        assert_eq!(did_you_mean("sedn", ["send", "end"]), Some("send"));
        assert_eq!(did_you_mean("colour", ["send", "end"]), None);
        assert_eq!(did_you_mean("no", ["id", "at"]), None);
    }

    #[test]
    fn a_guess_is_certain_when_nothing_else_is_near() {
        assert!(is_certain("nudgee", ["buyer", "nudge"]));
        assert!(!is_certain("step_3", ["step_1", "step_2"]));
        assert!(!is_certain("nudgeee", ["nudge"]));
    }
}
