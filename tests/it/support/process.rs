//! The real binary, as an operator starts it.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use super::{Http, TestDatabase};

/// A running `paygate`. Dropped, it is killed.
pub struct Process {
    pub http: Http,
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// `paygate <arguments>` with nothing in its environment but the database, the data folder and `variables`.
pub fn command(database: &TestDatabase, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paygate"));
    command
        .args(arguments)
        .env_clear()
        .current_dir(database.folder())
        .env("PAYGATE__SERVER__LISTEN", "127.0.0.1:0")
        .env("PAYGATE__DATA_DIR", database.data_dir())
        .env("PAYGATE__DATABASE__URL", database.url())
        .env("PAYGATE__DATABASE__READ_CONNECTIONS", "3")
        .env("PAYGATE__DATABASE__WRITE_CONNECTIONS", "3")
        .env("PAYGATE__JOURNAL__WRITERS", "2")
        .env("PAYGATE__AUTH__PASSWORD_MEMORY_KIB", "8")
        .env("PAYGATE__AUTH__PASSWORD_ITERATIONS", "1")
        .env("PAYGATE__RATE_LIMIT__ENABLED", "false")
        .env("PAYGATE__DEMO__SEED", "false")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in variables {
        command.env(name, value);
    }
    command
}

impl Process {
    /// Starts the server and waits until it says where it listens.
    pub async fn start(database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::run(command(database, &[], variables)).await
    }

    /// Starts whatever listens.
    pub async fn run(mut command: Command) -> Self {
        tokio::task::spawn_blocking(move || Self::spawn(&mut command)).await.unwrap()
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, address) = mpsc::channel();
        let readers = vec![
            follow(child.stdout.take().unwrap(), log.clone(), Some(found.clone())),
            follow(child.stderr.take().unwrap(), log.clone(), Some(found)),
        ];
        let address = address.recv_timeout(START_TIMEOUT).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("it does not listen: {}", log.lock().unwrap())
        });
        Self { http: Http::new(address), child, log, readers }
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it holds in memory, in KiB. (Linux alone tells.)
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    /// For how long it has kept cores busy. (Linux alone tells, in hundredths of a second.)
    pub fn worked(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    /// As a power cut would end it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, as a service manager does.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks it to end, as Ctrl-C in a terminal does.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, signal: &str) {
        let asked = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
    }

    /// Waits for the end; returns how it ended and all that it wrote.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let ended = tokio::task::spawn_blocking(move || {
            let status = wait(&mut self.child);
            for reader in self.readers.drain(..) {
                reader.join().unwrap();
            }
            (status, self.log())
        });
        ended.await.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a `paygate` that must end by itself; returns how, and all that it wrote.
pub async fn run(mut command: Command) -> (ExitStatus, String) {
    let ended = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let readers = [
            follow(child.stdout.take().unwrap(), log.clone(), None),
            follow(child.stderr.take().unwrap(), log.clone(), None),
        ];
        let status = wait(&mut child);
        for reader in readers {
            reader.join().unwrap();
        }
        let log = log.lock().unwrap().clone();
        (status, log)
    });
    ended.await.unwrap()
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the process does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn follow(
    output: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    found: Option<mpsc::Sender<SocketAddr>>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                let _ = found.as_ref().map(|found| found.send(address));
            }
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.split("listening on ").nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ':')).unwrap_or(rest.len());
    rest[..end].parse().ok()
}
