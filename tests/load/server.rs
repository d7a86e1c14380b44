//! The server under test: the real binary as a child process, with a folder and a database of its own.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    time::Duration,
};

use tempfile::TempDir;

/// Migrations and the demo's passwords take a second; a busy machine takes longer.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Warnings of the server that are kept to be shown.
const MAX_COMPLAINTS: usize = 20;

/// Killed when dropped, then its folder is removed.
pub struct Server {
    child: Child,
    address: SocketAddr,
    database: String,
    complaints: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
}

impl Server {
    /// Starts `binary`, or the one of this build, on a free port. `database` is a PostgreSQL URL, or `None` for SQLite.
    /// What the environment says of `PAYGATE__…` goes to the server, too: that is how a setting is tried.
    pub fn start(binary: Option<&Path>, database: Option<&str>) -> Result<Self, Box<dyn Error>> {
        // On the same disk as the build, because /tmp may be memory, and memory is fsynced for free.
        let here = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(here)?;
        let folder = tempfile::Builder::new().prefix("load-").tempdir_in(here)?;
        let sqlite = format!("sqlite://{}", folder.path().join("paygate.db").display());
        let database = database.unwrap_or(&sqlite);
        let mut child = Command::new(binary.unwrap_or(Path::new(env!("CARGO_BIN_EXE_paygate"))))
            .arg("serve")
            .env("PAYGATE__ENV", "local")
            .env("PAYGATE__DATA_DIR", folder.path())
            .env("PAYGATE__DATABASE__URL", database)
            .env("PAYGATE__SERVER__LISTEN", "127.0.0.1:0")
            .env("PAYGATE__RATE_LIMIT__ENABLED", "false")
            .env("PAYGATE__DEMO__SEED", "true")
            .env("PAYGATE__LOG__FILTER", "warn,paygate::startup=info")
            .env("PAYGATE__LOG__FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take();
        let complaints = Arc::<Mutex<Vec<String>>>::default();
        let mut server = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            database: database.to_owned(),
            complaints,
            _folder: folder,
        };
        let (found, address) = mpsc::channel();
        let complaints = server.complaints.clone();
        let stderr = stderr.ok_or("the server has no standard error")?;
        std::thread::spawn(move || listen(stderr, &found, &complaints));
        server.address = match address.recv_timeout(START_TIMEOUT) {
            Ok(address) => address,
            Err(_) => return Err(format!("the server did not start: {}", server.complaints().join("\n")).into()),
        };
        Ok(server)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Warnings and errors that the server has logged so far.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.kill().and_then(|()| self.child.wait()).is_err() {
            eprintln!("the server (process {}) could not be ended", self.child.id());
        }
    }
}

/// Reads the log until the server ends: a full pipe would stop it.
fn listen(stderr: ChildStderr, found: &Sender<SocketAddr>, complaints: &Mutex<Vec<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let address = line.split_once("listening on ").map(|(_, rest)| {
            rest.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').next().unwrap_or_default()
        });
        if let Some(address) = address.and_then(|address| address.parse().ok()) {
            // Nobody waits any more: the start has timed out.
            let _ = found.send(address);
            continue;
        }
        let mut complaints = complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.len() < MAX_COMPLAINTS {
            complaints.push(line);
        }
    }
}
