//! Pages: a walk along an index, newest or oldest first, that keeps what a query asks for.

use super::{MAX_PAGE, MAX_WALK, Page, Result};

/// Rows read at a time: a page's worth where nothing is filtered out.
const STRETCH: usize = 100;

/// A page of at most `limit` rows in the making. A walk that meets nothing goes on until it does or the rows end, so that a page before
/// the last is never empty; one that has met something stops after `MAX_WALK` rows.
pub struct Pager<T> {
    /// Rows it may have.
    limit: usize,
    /// The last row walked over.
    position: Option<u64>,
    /// Rows it has.
    items: Vec<T>,
    /// Rows walked over.
    walked: usize,
}

impl<T> Pager<T> {
    /// Rows to be read at a time.
    pub const STRETCH: usize = STRETCH;

    /// A page from a cursor on.
    pub fn new(cursor: Option<&str>, limit: usize) -> Pager<T> {
        Pager { limit: limit.clamp(1, MAX_PAGE), position: cursor.and_then(|text| text.parse().ok()), items: Vec::new(), walked: 0 }
    }

    /// Where the next stretch begins, beyond this.
    pub fn position(&self) -> Option<u64> {
        self.position
    }

    /// Takes a stretch, each row with its position; a short one is the last. `keep` says which rows belong in the page, and none where the
    /// walk may end. Answers the page once it is done.
    pub fn feed(&mut self, stretch: Vec<(u64, T)>, keep: impl Fn(&T) -> Option<bool>) -> Option<Page<T>> {
        let end = stretch.len() < STRETCH;
        for (at, row) in stretch {
            match keep(&row) {
                None => return Some(self.page(false)),
                // A row more than fits proves that there is a next page.
                Some(true) if self.items.len() == self.limit => return Some(self.page(true)),
                Some(true) => self.items.push(row),
                Some(false) => {}
            }
            self.position = Some(at);
            self.walked += 1;
        }
        let stops = self.walked >= MAX_WALK && !self.items.is_empty();
        (end || stops).then(|| self.page(!end))
    }

    /// What was gathered.
    fn page(&mut self, more: bool) -> Page<T> {
        Page { items: std::mem::take(&mut self.items), next: self.position.filter(|_| more).map(|at| at.to_string()) }
    }
}

/// A page whose stretches `fetch` reads, beyond a position and at most so many rows.
pub fn page<T>(
    cursor: Option<&str>,
    limit: usize,
    mut fetch: impl FnMut(Option<u64>, usize) -> Result<Vec<(u64, T)>>,
    keep: impl Fn(&T) -> Option<bool>,
) -> Result<Page<T>> {
    let mut pager = Pager::new(cursor, limit);
    loop {
        if let Some(page) = pager.feed(fetch(pager.position(), STRETCH)?, &keep) {
            return Ok(page);
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
