//! An audience given outside of a playbook (`POST /v1/broadcasts`), compiled as one in a playbook is.

use super::plan::CompiledAudience;
use super::small;
use crate::model::Audience;
use crate::text::{Expr, Length};

/// Compiles an audience, or says in a sentence what is wrong with it.
pub fn compile_audience(written: &Audience) -> Result<CompiledAudience, String> {
    let filter = match &written.filter {
        None => None,
        Some(source) => Some(Expr::parse(source).map_err(|fault| format!("`where` can't be read: {}", fault.message))?),
    };
    let exclude_recent = match &written.exclude_recent {
        None => None,
        Some(text) => Some(Length::parse(text).ok_or_else(|| format!("`{text}` is not a length of time; write it like `7d`"))?),
    };
    let holdout = match &written.holdout {
        None => 0.0,
        Some(text) => small::percent(text).ok_or_else(|| format!("`{text}` is not a share; write it like `5%`"))?,
    };
    Ok(CompiledAudience { written: written.clone(), filter, exclude_recent, holdout })
}
