//! `bridged man`: one manual page of all commands, made from the same tables as `--help`.

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::output::print;
use super::{Cli, Error, Result, Status};

/// Options that every command has: told once, at the top.
const COMMON: &[&str] = &["config", "help"];

/// Prints it.
pub(super) fn run() -> Result {
    let page = page().map_err(|why| Error::Other(format!("the page can't be made: {why}")))?;
    print(&String::from_utf8_lossy(&page));
    Ok(Status::Fine)
}

fn page() -> std::io::Result<Vec<u8>> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend_from_slice(b".SH COMMANDS\n");
    section(&mut page, &command, "bridged")?;
    page.extend_from_slice(
        b".SH EXIT STATUS\n.TP\n0\nfine\n.TP\n1\nproblems found: faults in a playbook, a failed test, a failed check\n\
          .TP\n2\nused wrongly, or could not run\n",
    );
    Ok(page)
}

/// The commands below a command, each with its own below it.
fn section(page: &mut Vec<u8>, parent: &Command, path: &str) -> std::io::Result<()> {
    for command in parent.get_subcommands() {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() {
            section(page, command, &path)?;
            continue;
        }
        let told: Vec<clap::Id> = command.get_arguments().map(|arg| arg.get_id().clone()).filter(|id| COMMON.contains(&id.as_str())).collect();
        let own = told.into_iter().fold(command.clone(), |command, id| command.mut_arg(id, |arg| arg.hide(true)));
        let man = Man::new(own);
        let mut part = Vec::new();
        man.render_synopsis_section(&mut part)?;
        man.render_description_section(&mut part)?;
        man.render_options_section(&mut part)?;
        // What are sections of a page of its own are paragraphs here.
        let headless: String = String::from_utf8_lossy(&part)
            .lines()
            .map(|line| if line.starts_with(".SH ") { ".PP\n".to_owned() } else { format!("{line}\n") })
            .collect();
        page.extend_from_slice(format!(".SS {path}\n{headless}").as_bytes());
    }
    Ok(())
}
