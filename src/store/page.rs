//! Pages: a walk along an index, newest or oldest first, that keeps what a query asks for.

use super::{MAX_PAGE, MAX_WALK, Page, Result};

/// Rows read at a time: a page's worth where nothing is filtered out.
const STRETCH: usize = 100;

/// A page of at most `limit` rows. `fetch` reads a stretch beyond a position, each row with its own; `keep` says which rows belong in
/// the page, and none where the walk may end. A walk that meets nothing goes on until it does or the rows end, so that a page before
/// the last is never empty; one that has met something stops after `MAX_WALK` rows.
pub fn page<T>(
    cursor: Option<&str>,
    limit: usize,
    mut fetch: impl FnMut(Option<u64>, usize) -> Result<Vec<(u64, T)>>,
    keep: impl Fn(&T) -> Option<bool>,
) -> Result<Page<T>> {
    let limit = limit.clamp(1, MAX_PAGE);
    let mut position = cursor.and_then(|text| text.parse().ok());
    let (mut items, mut walked) = (Vec::new(), 0);
    loop {
        let stretch = fetch(position, STRETCH)?;
        let end = stretch.len() < STRETCH;
        for (at, row) in stretch {
            match keep(&row) {
                None => return Ok(Page { items, next: None }),
                // A row more than fits proves that there is a next page.
                Some(true) if items.len() == limit => return Ok(Page { items, next: position.map(|at| at.to_string()) }),
                Some(true) => items.push(row),
                Some(false) => {}
            }
            position = Some(at);
            walked += 1;
        }
        if end {
            return Ok(Page { items, next: None });
        }
        if walked >= MAX_WALK && !items.is_empty() {
            return Ok(Page { items, next: position.map(|at| at.to_string()) });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is kept, pages put together are exactly that, and none but the last is empty.
        #[test]
        fn pages_add_up(total in 0u64..12_000, one_in in 1u64..9_000, limit in 1usize..40) {
            let fetch = |at: Option<u64>, most: usize| {
                let from = at.map_or(0, |at| at + 1);
                Ok((from..total).take(most).map(|n| (n, n)).collect())
            };
            let (mut cursor, mut all) = (None::<String>, Vec::new());
            loop {
                let found = page(cursor.as_deref(), limit, fetch, |n| Some(n % one_in == 0)).unwrap();
                prop_assert!(found.next.is_none() || !found.items.is_empty());
                prop_assert!(found.items.len() <= limit);
                all.extend(found.items);
                cursor = found.next;
                if cursor.is_none() {
                    break;
                }
            }
            prop_assert_eq!(all, (0..total).filter(|n| n % one_in == 0).collect::<Vec<_>>());
        }
    }
}
