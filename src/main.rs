//! The binary: hands over to the command line.

use std::process::ExitCode;

/// Texts are many small pieces of memory, made by one thread and let go by another: what this allocator is good at.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Neither what panicked nor a backtrace: either may hold a text or a secret. The place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("bridged has a fault of its own at {place}; please report this line, everything stored is safe");
    }));
    bridged::cli::run()
}
