//! `bridged segments TEXT`: what a text costs, and which characters make it dear.

use super::output::{self, Format, count, print};
use super::{Result, Status};
use crate::text;
use crate::text::segments::Encoding;

/// `bridged segments`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The text
    text: String,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Counts.
pub(super) fn run(args: &Args) -> Result {
    let cost = text::segments(&args.text);
    if args.format == Format::Json {
        output::print_json(&cost);
        return Ok(Status::Fine);
    }
    let encoding = match cost.encoding {
        Encoding::Gsm7 => "GSM-7",
        Encoding::Ucs2 => "UCS-2",
    };
    let (segments, characters) = (cost.segments as usize, cost.characters as usize);
    print(&format!("{encoding}, {}, {}\n", count(segments, "segment"), count(characters, "character")));
    // Often one curly quote doubles the price, and it can be spared.
    if !cost.culprits.is_empty() {
        print(&format!("not in GSM-7, so that a segment holds 70 characters instead of 160: {}\n", cost.culprits.join(" ")));
    }
    Ok(Status::Fine)
}
