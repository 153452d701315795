//! `bridged explain CODE`: the page of a fault, or what is known of an error of Twilio.

use super::output::{self, Format, print};
use super::{Error, Result, Status};
use crate::playbook::did_you_mean;
use crate::playbook::rules::{RULES, rule};
use crate::twilio::errors;

/// `bridged explain`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A fault as `check` shows it in brackets, or a number of Twilio's
    code: String,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explains.
pub(super) fn run(args: &Args) -> Result {
    let code = args.code.as_str();
    let page = match rule(code) {
        Some(rule) => rule.page.to_owned(),
        None => of_twilio(code).ok_or_else(|| unknown(code))?,
    };
    match args.format {
        Format::Text => print(&page),
        Format::Json => output::print_json(&serde_json::json!({ "code": code, "page": page })),
    }
    Ok(Status::Fine)
}

fn of_twilio(code: &str) -> Option<String> {
    let error = errors::code(code.parse().ok()?)?;
    Some(format!(
        "# {}: {}\n\n{}\n\nTwilio's own page: https://www.twilio.com/docs/api/errors/{}\n",
        error.code, error.name, error.advice, error.code
    ))
}

fn unknown(code: &str) -> Error {
    let guess = did_you_mean(code, RULES.iter().map(|rule| rule.code)).map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default();
    Error::Other(format!("`{code}` is no code that is known here{guess}"))
}
