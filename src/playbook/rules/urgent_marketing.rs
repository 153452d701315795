//! `urgent-marketing`: the law's quiet hours can't be skipped for offers.

use super::super::fault::Fault;
use super::{Checked, Context};

/// The class is the step's own, else the playbook's, as at run time; a sub-playbook's texts have the class of whoever runs it.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let by = marketer(context, file, &mut Vec::new());
    for step in &file.reading.steps {
        let Some(entry) = step.node.entry("urgent").filter(|entry| entry.value.bool() == Some(true)) else { continue };
        let class = step.node.get_text("class");
        if !class.map_or(by.is_some(), |class| class == "marketing") {
            continue;
        }
        let mut fault = file.error("urgent-marketing", entry.at, "marketing texts can't be urgent").label("they wait for the send window");
        if let Some(name) = by.filter(|name| class.is_none() && Some(*name) != file.name) {
            fault = fault.note(format!("`{name}` runs this playbook, and its texts are marketing"));
        }
        faults.push(fault.help("remove `urgent`, or give the text another `class`"));
    }
}

/// The playbook, it or one that runs it, that makes its texts marketing. `asked` ends circles, which are told elsewhere.
fn marketer<'a>(context: &Context<'a>, file: &Checked<'a>, asked: &mut Vec<&'a str>) -> Option<&'a str> {
    let name = file.name.filter(|name| !asked.contains(name))?;
    asked.push(name);
    let callers: Vec<&Checked<'a>> = context.files.iter().filter(|caller| caller.runs.contains(&name)).collect();
    // One that others run and nothing starts never uses its own class.
    let starts = callers.is_empty() || !file.triggers().is_empty() || file.file.root.get("audience").is_some();
    if starts && file.file.root.get_text("message_class") == Some("marketing") {
        return Some(name);
    }
    callers.into_iter().find_map(|caller| marketer(context, caller, asked))
}
