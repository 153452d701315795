//! Playbooks: YAML → tree → plan, with every fault of every file in the reader's words.
//!
//! ```text
//! yaml ─ retell ─ layout     a file as a tree with places; grammar faults told again
//! keys ─ shape ─ values ─ matches ─ small ─ cron     the tree against the tables of the language
//! compile ─ plan ─ hash ─ set                        a good tree as an immutable plan, named by its content
//! scope ─ pieces ─ flow ─ rules                      faults that need names, ways through a plan, or the whole folder
//! fault ─ show ─ did_you_mean                        a fault and how it looks
//! diff                                               what changes between two versions
//! fix                                                repairs that can only be the right ones
//! audience                                           an audience given outside of a playbook
//! about                                              what each key is for, for editors and the reference
//! schema                                             the tables as JSON Schema, for editors
//! prices                                             what texts cost
//! workspace                                          what playbooks inherit from the settings
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

pub mod about;
mod audience;
pub mod compile;
pub mod cron;
pub mod did_you_mean;
pub mod diff;
pub mod fault;
pub mod fix;
pub mod flow;
pub mod hash;
pub mod keys;
mod layout;
pub mod matches;
pub mod pieces;
pub mod plan;
pub mod prices;
mod retell;
pub mod rules;
pub mod schema;
pub mod scope;
pub mod set;
pub mod shape;
pub mod show;
pub mod small;
pub mod values;
pub mod workspace;
pub mod yaml;

pub use audience::compile_audience;
pub use did_you_mean::did_you_mean;
pub use fault::{Fault, Level};
pub use plan::Plan;
pub use rules::slow_broadcast;
pub use set::PlanSet;
pub use workspace::{ClassRules, Sender, Workspace};

use rules::{Checked, Context};
use shape::File;
use yaml::Node;

/// The files of a folder, already read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Path as shown, and content, of each playbook.
    pub playbooks: Vec<(String, String)>,
    /// Texts of the templates folder, by name relative to it.
    pub templates: BTreeMap<String, String>,
}

/// What compiling a folder gives.
#[derive(Debug)]
pub struct Compiled {
    /// The plans; none if any fault is an error.
    pub set: Option<PlanSet>,
    /// Every fault of every file, by file, line and column.
    pub faults: Vec<Fault>,
    /// Files that can't be read as YAML.
    unread: Vec<Arc<str>>,
}

/// A file that could be read as YAML.
struct Parsed<'a> {
    path: Arc<str>,
    source: &'a str,
    root: Node,
}

/// Compiles a folder. `now` is only compared with dates that are written in playbooks.
pub fn compile(sources: &Sources, workspace: &Arc<Workspace>, now: Timestamp) -> Compiled {
    let mut faults = Vec::new();
    let mut parsed = Vec::new();
    let mut unread = Vec::new();
    for (path, source) in &sources.playbooks {
        let path: Arc<str> = Arc::from(path.as_str());
        let tree = yaml::read(&path, source);
        faults.extend(tree.faults);
        match tree.root {
            Some(root) => parsed.push(Parsed { path, source, root }),
            None => unread.push(path),
        }
    }
    let mut files: Vec<Checked<'_>> = parsed.iter().map(check_shape).collect();
    for file in &mut files {
        faults.append(&mut file.reading.faults);
    }
    let fields = scope::contact_fields(&files, workspace);
    compile_all(&mut files, &sources.templates);
    let context = Context { files: &files, workspace, templates: &sources.templates, fields: &fields, unread: &unread, now };
    let found = rules::run(&context, &faults);
    faults.extend(found);
    sort(&mut faults);
    let is_good = !faults.iter().any(|fault| fault.level == Level::Error);
    let plans =
        || files.iter().filter_map(|file| file.compiled.as_ref()).map(|compiled| (compiled.plan.name.clone(), compiled.plan.clone())).collect();
    Compiled { set: is_good.then(|| PlanSet::new(workspace.clone(), plans(), fields.clone())), faults, unread }
}

fn check_shape<'a>(parsed: &'a Parsed<'a>) -> Checked<'a> {
    let file = File { path: &parsed.path, source: parsed.source, root: &parsed.root };
    Checked::new(file, shape::read(file))
}

/// Compiles the files in such an order that sub-playbooks come before those that run them.
fn compile_all<'a>(files: &mut [Checked<'a>], templates: &'a BTreeMap<String, String>) {
    let mut open = BTreeSet::new();
    for ix in 0..files.len() {
        compile_one(files, ix, templates, &mut open);
    }
}

/// Compiles one file and those it runs. `open` are those being compiled: one that runs itself is left out, and reported by a rule.
fn compile_one<'a>(files: &mut [Checked<'a>], ix: usize, templates: &'a BTreeMap<String, String>, open: &mut BTreeSet<usize>) -> Option<Arc<Plan>> {
    let file = files.get(ix)?;
    if let Some(compiled) = &file.compiled {
        return Some(compiled.plan.clone());
    }
    if !open.insert(ix) {
        return None;
    }
    let (source, names) = (file.file, file.runs.clone());
    let mut runs = BTreeMap::new();
    for name in names {
        let run = files.iter().position(|file| file.name == Some(name)).and_then(|ix| compile_one(files, ix, templates, open));
        runs.extend(run.map(|plan| (name.to_owned(), plan)));
    }
    open.remove(&ix);
    let compiled = compile::compile(compile::Inputs { path: source.path, yaml: source.source, root: source.root, templates, runs });
    let plan = compiled.plan.clone();
    files.get_mut(ix)?.compiled = Some(compiled);
    Some(plan)
}

/// Compiles an old version from the store. Senders, queues and other names of the workspace may be gone by now; that is no fault.
pub fn recompile(source: &plan::Source) -> Result<Arc<Plan>, Vec<Fault>> {
    let path: Arc<str> = Arc::from(source.path.as_str());
    let tree = yaml::read(&path, &source.yaml);
    let Some(root) = tree.root else { return Err(tree.faults) };
    let mut faults = tree.faults;
    faults.extend(shape::read(File { path: &path, source: &source.yaml, root: &root }).faults);
    faults.retain(|fault| fault.level == Level::Error);
    if !faults.is_empty() {
        return Err(faults);
    }
    let runs = source.runs.iter().map(|(name, source)| Ok((name.clone(), recompile(source)?))).collect::<Result<_, Vec<Fault>>>()?;
    Ok(compile::compile(compile::Inputs { path: &source.path, yaml: &source.yaml, root: &root, templates: &source.templates, runs }).plan)
}

fn sort(faults: &mut Vec<Fault>) {
    faults.sort_by(|a, b| (&a.path, a.span, a.code).cmp(&(&b.path, b.span, b.code)));
    faults.dedup();
}
