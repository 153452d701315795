//! How a store tells sleeping workers that something is due earlier than they know.
//!
//! A worker registers first, then looks (claims), then sleeps until the due time it was told. Whoever makes something due earlier
//! raises the signal; a signal raised between looking and sleeping is not lost.

use tokio::sync::watch;

/// One calendar's signal.
#[derive(Debug)]
pub struct Signal {
    /// Counts notices; a receiver that has seen an older number is woken.
    count: watch::Sender<u64>,
}

impl Default for Signal {
    fn default() -> Self {
        Signal { count: watch::Sender::new(0) }
    }
}

impl Signal {
    /// Something is due earlier than whoever sleeps may know.
    pub fn raise(&self) {
        self.count.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// To be made before looking.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}

/// The signals of a store.
#[derive(Debug, Default)]
pub struct Wakes {
    /// An actor is due.
    pub turns: Signal,
    /// A text may go out.
    pub texts: Signal,
    /// A call may be made.
    pub calls: Signal,
    /// A text became unknown, or its look is due earlier.
    pub unsure: Signal,
    /// Something that people look at is not as it was; for pages that are open, not for work.
    pub changed: Signal,
}
