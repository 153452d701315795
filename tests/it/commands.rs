//! Every command as a person runs it: what it prints where, and its exit code.

mod chat;
mod check;
mod graph;
mod new;
mod remote;
mod settings;
mod small;
mod test;

use std::path::PathBuf;
use std::process::Command;

/// A folder to run commands in.
struct Place(tempfile::TempDir);

impl Place {
    /// A folder with these files.
    fn with(files: &[(&str, &str)]) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the binary here and tells exit code, data and talk, each under its name. The folder's own name is left out.
    fn run(&self, args: &[&str]) -> String {
        self.run_with(args, &[])
    }

    /// Likewise, with variables.
    fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> String {
        let ours = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("BRIDGED__") || name.starts_with("TWILIO_"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridged"));
        ours.for_each(|name| {
            command.env_remove(name);
        });
        let output = command.args(args).envs(variables.iter().copied()).current_dir(self.0.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&format!("{}/", self.0.path().display()), "");
        let mut said = format!("exit {}\n", output.status.code().unwrap());
        for (name, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            if !bytes.is_empty() {
                said.push_str(&format!("--- {name}\n{}", text(bytes)));
            }
        }
        said
    }
}

/// A workspace with one playbook that is fine.
fn acme() -> Place {
    Place::with(&[("bridged.yaml", SETTINGS), ("playbooks/hello.yaml", HELLO), ("playbooks/hello.test.yaml", HELLO_TESTS)])
}

const SETTINGS: &str = "\
brand: Acme
senders:
  main: {number: \"+15005550006\", type: short_code}
queues: {desk: {hours: 9am-5pm}}
contact_fields: {budget: number, vip: yes_no, since: time}
";

const HELLO: &str = "\
playbook: hello
message_class: conversational
triggers: [{keyword: [HI]}]
steps:
  - id: name
    ask: What's your name?
    timeout: 2d
    on_timeout: {end: silent}
    save: name
  - send: \"Hello {{ name }}\"
";

const HELLO_TESTS: &str = "\
test: says hello
playbook: hello
now: \"2026-03-03 10:00\"
contact: {phone: \"+15125550112\", timezone: America/Chicago}
start: {keyword: HI}
script:
  - bot: your name
  - contact: Ana
  - bot: Hello Ana
---
test: hears <nothing>
playbook: hello
now: \"2026-03-03 10:00\"
contact: {phone: \"+15125550112\", timezone: America/Chicago}
start: {keyword: HI}
script:
  - bot: your name
  - silent: 2d
expect: {outcome: silent}
";
