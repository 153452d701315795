//! Redis servers for tests: real ones, each on a free port with a folder of its own, gone with the test or with this process.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server.
pub struct Server {
    /// Where it listens.
    pub port: u16,
    /// Where it keeps what it must not lose.
    folder: tempfile::TempDir,
    /// More of its settings.
    settings: Vec<String>,
    /// The shell that ends it when its input ends, that is with this process at the latest.
    keeper: Option<(Child, ChildStdin)>,
    /// Numbers prefixes.
    prefixes: AtomicU32,
}

/// The server of all cases that need no other.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&[]))
}

impl Server {
    /// Starts a server that keeps a log of writes, with these settings besides.
    pub fn start(settings: &[&str]) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Server {
            port,
            folder: tempfile::tempdir().unwrap(),
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            keeper: None,
            prefixes: AtomicU32::new(0),
        };
        server.restart();
        server
    }

    /// The address of a store that nobody has used.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0?prefix=case{}", self.port, self.prefixes.fetch_add(1, Ordering::SeqCst))
    }

    /// Where its process id stands.
    fn pid_file(&self) -> std::path::PathBuf {
        self.folder.path().join("pid")
    }

    /// Starts it (again) and waits until it answers.
    pub fn restart(&mut self) {
        self.kill();
        let mut arguments = format!(
            "--port {} --bind 127.0.0.1 --dir {} --daemonize no --save '' --appendonly yes --appendfsync everysec --logfile log",
            self.port,
            quoted(self.folder.path()),
        );
        for setting in &self.settings {
            arguments.push(' ');
            arguments.push_str(setting);
        }
        // The shell waits for the end of its input, which is the end of the test or of this process, however that ends.
        let script = format!("redis-server {arguments} & echo $! > {}; read _; kill -9 $!; wait", quoted(&self.pid_file()));
        let mut keeper = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let input = keeper.stdin.take().unwrap();
        self.keeper = Some((keeper, input));
        let began = Instant::now();
        while !self.answers() {
            assert!(began.elapsed() < PATIENCE, "redis-server does not answer; `tests/install` installs it");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it answers, and has read what it kept.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0; 5];
        stream.write_all(b"PING\r\n").is_ok() && std::io::Read::read_exact(&mut stream, &mut answer).is_ok() && &answer == b"+PONG"
    }

    /// Its process id.
    pub fn pid(&self) -> String {
        std::fs::read_to_string(self.pid_file()).unwrap().trim().to_owned()
    }

    /// Ends it as a power cut of its process does; what it acknowledged is in its log.
    pub fn kill(&mut self) {
        if let Some((mut keeper, input)) = self.keeper.take() {
            drop(input);
            let _ = keeper.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}
