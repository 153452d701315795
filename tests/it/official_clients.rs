//! Twilio's own client libraries as outside judges: how they are run, and both of them against the pretend Twilio.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bridged::model::SenderType;
use bridged::twilio::pretend::{Pretend, PretendConfig, PretendSender};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Which of them.
#[derive(Clone, Copy, Debug)]
pub enum Judge {
    Python,
    Node,
}

impl Judge {
    /// Both.
    pub const ALL: [Judge; 2] = [Judge::Python, Judge::Node];

    fn command(self, script: &str) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/official_clients");
        let (program, installed, script) = match self {
            Judge::Python => (folder.join(".venv/bin/python"), folder.join(".venv/installed"), folder.join(format!("{script}.py"))),
            Judge::Node => (PathBuf::from("node"), folder.join("node_modules/installed"), folder.join(format!("{script}.mjs"))),
        };
        assert!(
            installed.exists(),
            "Twilio's {self:?} client is not installed: run `{}` (it needs the packages python3-venv, nodejs and npm)",
            folder.join("install.sh").display()
        );
        let mut command = Command::new(program);
        command.arg(script);
        command
    }

    /// Runs a script on lines of input and returns what it prints.
    pub fn run(self, script: &str, arguments: &[&str], input: &str) -> String {
        let mut file: File = tempfile::tempfile().unwrap();
        file.write_all(input.as_bytes()).unwrap();
        file.rewind().unwrap();
        let output = self.command(script).args(arguments).stdin(Stdio::from(file)).output();
        let output = output.unwrap_or_else(|error| panic!("{self:?} cannot be started: {error}"));
        assert!(output.status.success(), "{self:?} {script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_clients_are_content_with_the_pretend_twilio() {
    for judge in Judge::ALL {
        let mut config = PretendConfig::new(ACCOUNT, TOKEN, "http://127.0.0.1:9");
        config.senders = vec![PretendSender { number: "+15125550101".into(), kind: SenderType::LongCode }];
        // Long enough that a message still has its first status when the client looks at it.
        config.step = Duration::from_secs(60);
        let handle = Pretend::start(config).await.unwrap();
        let base = handle.api_base();
        let said = tokio::task::spawn_blocking(move || judge.run("use_pretend", &[&base, ACCOUNT, TOKEN, "+15125550101", "+14155550199"], ""));
        assert_eq!(said.await.unwrap().trim(), "fine", "{judge:?}");
    }
}
