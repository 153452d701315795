//! What a template uses, read from its syntax tree when it is parsed: names, filters, tests, functions and tags.
//!
//! This is the one file that touches minijinja's tree (`machinery`, whose shape may change between its versions).
//! The names tell `check` what may be missing, and tell `scope` the few values a render needs.
//!
//! Reading the tree ourselves has three gains over minijinja's own `undeclared_variables`: every name has its place, so
//! that a fault can point at the few characters to change; unknown filters, functions and tests are found at load and
//! not in the middle of a broadcast; and how a name is used is known, which decides what a null prints as.
//!
//! A name is *guarded* where a missing value does no harm: under `default`, in `is defined`, or in a condition.

use std::collections::HashSet;
use std::ops::Range;

use minijinja::machinery::{Span, ast, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;

use super::filters::{FILTERS, NULL, TESTS, TEXT_FILTERS, TIME_FILTERS, lists};
use super::functions::{CLICKED, FUNCTIONS};
use super::template_fault::{FaultKind, TemplateFault};
use super::uses::{Manner, Name, Root, Uses};

/// Filters and tests that are made for values that may be missing.
const GUARDS: [&str; 4] = ["default", "defined", "undefined", "none"];

/// Reads a template.
pub(super) fn of_template(source: &str) -> Result<Uses, TemplateFault> {
    let tree = parse(source, "text", SyntaxConfig::default()).map_err(|error| TemplateFault::of_syntax(&error, source))?;
    let mut reader = Reader::new(source);
    if let ast::Stmt::Template(template) = &tree {
        reader.body(&template.children)?;
        if let [ast::Stmt::EmitExpr(_)] = template.children.as_slice() {
            reader.uses.whole = inside_braces(source);
        }
    }
    Ok(reader.finish())
}

/// Reads an expression.
pub(super) fn of_expression(source: &str) -> Result<Uses, TemplateFault> {
    let tree = parse_expr(source).map_err(|error| TemplateFault::of_syntax(&error, source))?;
    let mut reader = Reader::new(source);
    reader.expr(&tree, Place { guarded: true, ..Place::default() })?;
    Ok(reader.finish())
}

/// The expression between the braces, without the signs that trim white space.
fn inside_braces(source: &str) -> Option<Range<usize>> {
    let inner = source.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let start = source.len() - 2 - inner.len();
    let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
    Some(start..start + inner.len())
}

/// What surrounds an expression.
#[derive(Clone, Copy, Default)]
struct Place {
    /// In a condition or under a guard.
    guarded: bool,
    /// Directly under `default`.
    defaulted: bool,
    /// Where text is wanted.
    as_text: bool,
}

/// Walks the tree once, and stops at the first fault.
struct Reader<'s> {
    source: &'s str,
    /// Names made by the template itself, innermost `for` last.
    locals: Vec<HashSet<&'s str>>,
    uses: Uses,
}

/// Nothing to say, or the fault that ends the walk.
type Step = Result<(), TemplateFault>;

impl<'s> Reader<'s> {
    fn new(source: &'s str) -> Reader<'s> {
        Reader { source, locals: vec![HashSet::new()], uses: Uses::default() }
    }

    /// Sorts out what the walk has gathered.
    fn finish(mut self) -> Uses {
        self.uses.names.sort_by_key(|name| name.range.start);
        for root in &mut self.uses.roots {
            // Where the whole is wanted, it brings its fields.
            if root.whole.is_some() {
                root.fields.clear();
            }
        }
        self.uses
    }

    /// Statements in order, so that `set` is known behind itself.
    fn body(&mut self, statements: &[ast::Stmt<'s>]) -> Step {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    /// One statement: `if`, `for` and `set` are read, every other tag is refused.
    fn statement(&mut self, statement: &ast::Stmt<'s>) -> Step {
        let plain = Place::default();
        let condition = Place { guarded: true, ..plain };
        match statement {
            ast::Stmt::EmitRaw(_) => Ok(()),
            ast::Stmt::EmitExpr(emit) => self.expr(&emit.expr, plain),
            ast::Stmt::IfCond(branch) => {
                self.expr(&branch.expr, condition)?;
                self.body(&branch.true_body)?;
                self.body(&branch.false_body)
            }
            ast::Stmt::ForLoop(each) => {
                self.expr(&each.iter, plain)?;
                self.locals.push(HashSet::from(["loop"]));
                self.assign(&each.target);
                if let Some(filter) = &each.filter_expr {
                    self.expr(filter, condition)?;
                }
                self.body(&each.body)?;
                self.locals.pop();
                self.body(&each.else_body)
            }
            ast::Stmt::Set(set) => {
                self.expr(&set.expr, plain)?;
                self.assign(&set.target);
                Ok(())
            }
            ast::Stmt::SetBlock(set) => {
                if let Some(filter) = &set.filter {
                    self.expr(filter, plain)?;
                }
                self.body(&set.body)?;
                self.assign(&set.target);
                Ok(())
            }
            ast::Stmt::Template(inner) => self.body(&inner.children),
            ast::Stmt::WithBlock(tag) => self.refuse("with", tag.span()),
            ast::Stmt::AutoEscape(tag) => self.refuse("autoescape", tag.span()),
            ast::Stmt::FilterBlock(tag) => self.refuse("filter", tag.span()),
            ast::Stmt::Block(tag) => self.refuse("block", tag.span()),
            ast::Stmt::Import(tag) => self.refuse("import", tag.span()),
            ast::Stmt::FromImport(tag) => self.refuse("from", tag.span()),
            ast::Stmt::Extends(tag) => self.refuse("extends", tag.span()),
            ast::Stmt::Include(tag) => self.refuse("include", tag.span()),
            ast::Stmt::Macro(tag) => self.refuse("macro", tag.span()),
            ast::Stmt::CallBlock(tag) => self.refuse("call", tag.span()),
            ast::Stmt::Do(tag) => self.refuse("do", tag.span()),
        }
    }

    /// A tag that texts must not have.
    fn refuse(&self, tag: &str, span: Span) -> Step {
        // The fault is the tag, not what it encloses: from its `{%` to the next `%}`.
        let start = self.source.get(..offset(span.start_offset)).and_then(|before| before.rfind("{%"));
        let start = start.unwrap_or(offset(span.start_offset));
        let end = self.source.get(start..).and_then(|rest| rest.find("%}")).map_or(self.source.len(), |at| start + at + 2);
        Err(TemplateFault::new(FaultKind::ForbiddenTag(tag.to_owned()), start..end))
    }

    /// What `for` and `set` name is local from here on.
    fn assign(&mut self, target: &ast::Expr<'s>) {
        match target {
            ast::Expr::Var(var) => {
                if let Some(scope) = self.locals.last_mut() {
                    scope.insert(var.id);
                }
            }
            ast::Expr::List(list) => list.items.iter().for_each(|item| self.assign(item)),
            ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item)),
            _ => {}
        }
    }

    /// Whether the template itself made this name; such names are nobody's business outside.
    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|scope| scope.contains(name))
    }

    /// One expression, with what surrounds it.
    fn expr(&mut self, expr: &ast::Expr<'s>, place: Place) -> Step {
        // What holds further in, unless the expression says otherwise.
        let inner = Place { guarded: place.guarded, ..Place::default() };
        match expr {
            ast::Expr::Const(_) => Ok(()),
            ast::Expr::Var(_) => self.name(expr, place),
            ast::Expr::GetAttr(get) if path(expr).is_none() => self.expr(&get.expr, inner),
            ast::Expr::GetItem(get) if path(expr).is_none() => {
                self.expr(&get.expr, inner)?;
                self.expr(&get.subscript_expr, inner)
            }
            ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => self.name(expr, place),
            ast::Expr::UnaryOp(op) => self.expr(&op.expr, inner),
            ast::Expr::BinOp(op) => {
                let operand = Place { as_text: matches!(op.op, ast::BinOpKind::Concat), ..inner };
                self.expr(&op.left, operand)?;
                self.expr(&op.right, operand)
            }
            ast::Expr::Compare(compare) => {
                self.expr(&compare.expr, inner)?;
                compare.ops.iter().try_for_each(|op| self.expr(&op.expr, inner))
            }
            ast::Expr::IfExpr(branch) => {
                self.expr(&branch.test_expr, Place { guarded: true, ..Place::default() })?;
                self.expr(&branch.true_expr, place)?;
                branch.false_expr.iter().try_for_each(|expr| self.expr(expr, place))
            }
            ast::Expr::Filter(filter) => {
                let base_end = filter.expr.as_ref().map_or(filter.span().start_offset, |base| base.span().end_offset);
                if !lists(FILTERS, filter.name) {
                    return Err(self.unknown(FaultKind::UnknownFilter(filter.name.to_owned()), filter.name, base_end));
                }
                self.uses.shows_time |= lists(TIME_FILTERS, filter.name);
                let guarded = place.guarded || GUARDS.contains(&filter.name);
                let base = Place { guarded, defaulted: filter.name == "default", as_text: lists(TEXT_FILTERS, filter.name) };
                filter.expr.iter().try_for_each(|expr| self.expr(expr, base))?;
                self.arguments(&filter.args, inner)
            }
            ast::Expr::Test(test) => {
                if !lists(TESTS, test.name) {
                    let base_end = test.expr.span().end_offset;
                    return Err(self.unknown(FaultKind::UnknownTest(test.name.to_owned()), test.name, base_end));
                }
                self.expr(&test.expr, Place { guarded: place.guarded || GUARDS.contains(&test.name), ..inner })?;
                self.arguments(&test.args, inner)
            }
            ast::Expr::Call(call) => self.call(call, inner),
            ast::Expr::Slice(slice) => {
                self.expr(&slice.expr, inner)?;
                [&slice.start, &slice.stop, &slice.step].into_iter().flatten().try_for_each(|expr| self.expr(expr, inner))
            }
            ast::Expr::List(list) => list.items.iter().try_for_each(|item| self.expr(item, inner)),
            ast::Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|item| self.expr(item, inner)),
            ast::Expr::Map(map) => map.keys.iter().chain(&map.values).try_for_each(|item| self.expr(item, inner)),
        }
    }

    /// Arguments of filters, tests and functions are ordinary expressions.
    fn arguments(&mut self, args: &[ast::CallArg<'s>], place: Place) -> Step {
        args.iter().try_for_each(|arg| match arg {
            ast::CallArg::Pos(expr) | ast::CallArg::Kwarg(_, expr) | ast::CallArg::PosSplat(expr) | ast::CallArg::KwargSplat(expr) => {
                self.expr(expr, place)
            }
        })
    }

    /// A call: one of our functions, or a method of `loop`.
    fn call(&mut self, call: &ast::Spanned<ast::Call<'s>>, inner: Place) -> Step {
        let start = call.span().start_offset;
        match call.identify_call() {
            ast::CallType::Function(name) => {
                let Some(function) = FUNCTIONS.iter().find(|function| **function == name && !self.is_local(name)) else {
                    return Err(self.unknown(FaultKind::UnknownFunction(name.to_owned()), name, start));
                };
                self.uses.functions.insert(function);
                if name == CLICKED {
                    return self.click(call);
                }
            }
            // `loop.cycle` and its like; no other value has methods.
            ast::CallType::Method(ast::Expr::Var(var), _) if var.id == "loop" && self.is_local("loop") => {}
            ast::CallType::Method(_, name) | ast::CallType::Block(name) => {
                return Err(self.unknown(FaultKind::UnknownFunction(name.to_owned()), name, start));
            }
            ast::CallType::Object(_) => {
                return Err(self.unknown(FaultKind::UnknownFunction("(…)".to_owned()), "(", start));
            }
        }
        self.arguments(&call.args, inner)
    }

    /// The ids are written out, so that `check` can look for the steps, and a render asks only about these.
    fn click(&mut self, call: &ast::Spanned<ast::Call<'s>>) -> Step {
        let [ast::CallArg::Pos(ast::Expr::Const(id))] = call.args.as_slice() else {
            return Err(TemplateFault::clicked_without_id(range(call.span())));
        };
        let Some(id) = id.value.as_str() else {
            return Err(TemplateFault::clicked_without_id(range(call.span())));
        };
        self.uses.clicks.push(id.to_owned());
        Ok(())
    }

    /// The fault points at the name alone, which stands somewhere behind `from`.
    fn unknown(&self, kind: FaultKind, name: &str, from: u32) -> TemplateFault {
        let from = offset(from);
        let start = self.source.get(from..).and_then(|rest| rest.find(name)).map_or(from, |at| from + at);
        TemplateFault::new(kind, start..start + name.len())
    }

    /// Notes an outside name, unless it is local after all.
    fn name(&mut self, expr: &ast::Expr<'s>, place: Place) -> Step {
        let Some(parts) = path(expr) else {
            return Ok(());
        };
        let [first, fields @ ..] = parts.as_slice() else {
            return Ok(());
        };
        // `null` is the word of playbooks for minijinja's `none`.
        if self.is_local(first) || *first == NULL {
            return Ok(());
        }
        self.uses.names.push(Name { path: parts.join("."), range: range(expr.span()), guarded: place.guarded });
        self.want(first, fields, place);
        Ok(())
    }

    /// Notes which value the name needs at run time, and how it is used over all its places.
    fn want(&mut self, first: &str, fields: &[&str], place: Place) {
        let at = self.uses.roots.iter().position(|root| root.name == first).unwrap_or_else(|| {
            self.uses.roots.push(Root { name: first.to_owned(), whole: None, fields: Vec::new() });
            self.uses.roots.len() - 1
        });
        let Some(root) = self.uses.roots.get_mut(at) else {
            return;
        };
        match fields {
            [field, deeper @ ..] if super::scope::has_fields(first) => {
                let manner = Manner { as_text: place.as_text, may_be_absent: place.defaulted && !deeper.is_empty() };
                match root.fields.iter_mut().find(|(name, _)| name == field) {
                    Some((_, known)) => *known = known.and(manner),
                    None => root.fields.push(((*field).to_owned(), manner)),
                }
            }
            _ => {
                let manner = Manner { as_text: place.as_text, may_be_absent: place.defaulted && !fields.is_empty() };
                root.whole = Some(root.whole.map_or(manner, |known| known.and(manner)));
            }
        }
    }
}

/// The parts of `a.b['c']`, if the expression is such a name.
fn path<'e>(expr: &'e ast::Expr<'_>) -> Option<Vec<&'e str>> {
    let (base, field) = match expr {
        ast::Expr::Var(var) => return Some(vec![var.id]),
        ast::Expr::GetAttr(get) => (&get.expr, get.name),
        ast::Expr::GetItem(get) => match &get.subscript_expr {
            ast::Expr::Const(key) => (&get.expr, key.value.as_str()?),
            _ => return None,
        },
        _ => return None,
    };
    let mut parts = path(base)?;
    parts.push(field);
    Some(parts)
}

/// minijinja counts in bytes of the source, as we do.
fn range(span: Span) -> Range<usize> {
    offset(span.start_offset)..offset(span.end_offset)
}

/// Sources are far shorter than 4 GiB.
fn offset(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
