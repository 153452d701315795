//! Texts: what contacts write is understood here, and what we write is rendered and measured here. Pure: time, zone and
//! chance come in by parameter, and nothing knows of playbooks.
//!
//! Understanding: `words` (the basis of all matching), `yes_no`, `number`, `dates`, `addresses`, `reserved`.
//! Writing: `template`, the door to minijinja (behind it `expr`, `names`, `uses`, `scope`, `values`, `filters`, `functions`,
//! `template_fault` and `render_error`); `segments`, `languages`.
//! Time as people write it: `duration`, `hours`, `when`, and `zones` (with its data, `area_codes`).

mod area_codes;
mod expr;
mod filters;
mod functions;
mod names;
mod render_error;
mod scope;
mod template_fault;
mod uses;
mod values;

pub mod addresses;
pub mod dates;
pub mod duration;
pub mod hours;
pub mod languages;
pub mod number;
pub mod reserved;
pub mod segments;
pub mod template;
pub mod when;
pub mod words;
pub mod yes_no;
pub mod zones;

pub use duration::Length;
pub use filters::FILTERS;
pub use hours::{Days, OpenHours, Window, parse_time_of_day};
pub use reserved::ReservedWords;
pub use segments::segments;
pub use template::{Expr, FaultKind, Fields, RenderError, Rendered, Scope, Template, TemplateFault, typed};
pub use when::parse_when;
pub use words::cut;
pub use zones::zones_of_phone;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plans hold templates and are shared by all workers.
    #[test]
    fn templates_are_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<template::Template>();
        shared::<template::Expr>();
    }

    proptest! {
        /// Whatever contacts and playbooks write is read or refused, never a panic.
        #[test]
        fn no_text_panics(text in any::<String>(), odd in "[0-9.,:/+ \\-apmhk{}%|é🏽1️⃣]{0,40}") {
            let today = jiff::civil::date(2026, 3, 3);
            for text in [&text, &odd] {
                words::cut(text);
                words::is_any_of(text, &odd);
                yes_no::yes_no(text);
                number::number(text, "de");
                dates::date(text, today, true);
                dates::time(text);
                addresses::email(text);
                addresses::phone(text, "+491701111111");
                addresses::mask(text);
                addresses::country_code(text);
                duration::Length::parse(text);
                hours::Window::parse(text);
                hours::Days::parse(text);
                when::parse_when(text, &jiff::tz::TimeZone::UTC);
                zones::zones_of_phone(text);
                prop_assert_eq!(segments::segments(text).segments, segments::count(text));
                if let Ok(template) = template::Template::parse(text) {
                    prop_assert_eq!(template.source(), text.as_str());
                }
                if let Err(fault) = template::Expr::parse(text) {
                    prop_assert!(fault.range.end <= text.len().max(fault.range.start));
                }
            }
        }
    }
}
