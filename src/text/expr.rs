//! Expressions of `if`, `where` and `key`: the language of templates, with null for what is missing (language §2).
//!
//! An expression that fails (a word plus a number) gives an error here; the caller counts it as false and records it,
//! so that a slip in one branch does not end a conversation.

use std::fmt;
use std::sync::Arc;

use minijinja::Expression;
use serde_json::Value as Json;

use super::filters::EXPRESSIONS;
use super::names;
use super::render_error::{RenderError, explain};
use super::scope::{Missing, Scope};
use super::template_fault::TemplateFault;
use super::uses::{Name, Uses};
use super::values::from_template;

/// An expression of `if`, `where` and `key`, parsed. Cheap to clone.
#[derive(Clone)]
pub struct Expr(Arc<ParsedExpr>);

/// What the clones of an expression share.
struct ParsedExpr {
    source: Box<str>,
    uses: Uses,
    expression: Expression<'static, 'static>,
}

impl Expr {
    /// Parses an expression.
    pub fn parse(source: &str) -> Result<Expr, TemplateFault> {
        let uses = names::of_expression(source)?;
        let expression = EXPRESSIONS.compile_expression_owned(source.to_owned()).map_err(|error| TemplateFault::of_syntax(&error, source))?;
        Ok(Expr(Arc::new(ParsedExpr { source: source.into(), uses, expression })))
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Every outside name used, in order of its place.
    pub fn names(&self) -> &[Name] {
        &self.0.uses.names
    }

    /// The ids that `clicked` asks about.
    pub fn clicked_steps(&self) -> &[String] {
        &self.0.uses.clicks
    }

    /// The value for this moment; what is missing is null.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Json, RenderError> {
        self.value(scope).map(|value| from_template(&value))
    }

    /// Whether it holds at this moment.
    pub fn is_true(&self, scope: &Scope<'_>) -> Result<bool, RenderError> {
        self.value(scope).map(|value| value.is_true())
    }

    /// Evaluates with missing values as null.
    fn value(&self, scope: &Scope<'_>) -> Result<minijinja::Value, RenderError> {
        let context = scope.context(&self.0.uses, Missing::Null);
        self.0.expression.eval(context.values.clone()).map_err(|error| explain(&error, self.source(), 0, &self.0.uses, scope))
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.source()).finish()
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.source() == other.source()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::scope::sample::Sample;
    use super::*;
    use serde_json::json;

    /// Parses and evaluates in the sample conversation.
    fn eval(source: &str) -> Json {
        Expr::parse(source).unwrap().eval(&Sample::new().scope()).unwrap()
    }

    #[test]
    fn in_expressions_what_is_missing_is_null() {
        let table = [
            ("not event.flag", json!(true)),
            ("not event.a.b.c", json!(true)),
            ("event.flag is none", json!(true)),
            ("event.flag == none and event.flag == null", json!(true)),
            ("event.flag is defined or contact.last_name is defined", json!(false)),
            ("event.order_id is defined", json!(true)),
            ("event.a.b", Json::Null),
            ("contact.last_name >= 70", json!(false)),
            ("missing_name < 70 or true", json!(true)),
            ("contact.score is number and contact.score < 70", json!(false)),
            ("contact.score >= 70 and 'lead' in contact.tags", json!(true)),
            ("clicked('offer') and not clicked('other')", json!(true)),
            ("event.customer.name == 'Bo' and reply.value == 'yes' and offer == 'discount'", json!(true)),
            ("event.items | length", json!(2)),
        ];
        for (source, value) in table {
            assert_eq!(eval(source), value, "{source}");
        }
        // What fails is told; the caller counts it as false and records it.
        let broken = Expr::parse("contact.score + 'x'").unwrap();
        assert!(broken.is_true(&Sample::new().scope()).is_err());
    }
}
