//! PostgreSQL servers that belong to one run: made, stopped, frozen, copied and promoted by the lab.

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::super::{LabError, listener};

/// Where distributions keep what is in no PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

const NEEDED: [&str; 4] = ["initdb", "pg_ctl", "pg_basebackup", "psql"];

/// As whom PostgreSQL runs when the lab runs as root: it refuses to be root.
const UNPRIVILEGED: &str = "postgres";

/// As whom the lab looks after the servers, and the server under test connects.
pub const ADMIN: &str = "postgres";
pub const ROLE: &str = "paygate";

/// A start may have to replay a log, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A copy that follows is up to date within this.
const FOLLOW_TIMEOUT: Duration = Duration::from_secs(30);

/// Small segments, so that a run begins new ones. Processes are killed here and machines are not, so nothing is lost
/// without fsync.
const CONFIGURATION: &str = "
listen_addresses = '127.0.0.1'
max_connections = 40
fsync = off
wal_level = replica
max_wal_senders = 5
min_wal_size = 2MB
max_wal_size = 4MB
wal_retrieve_retry_interval = 500ms
wal_receiver_timeout = 5s
";

/// The programs of PostgreSQL, and as whom they run.
#[derive(Clone)]
pub struct Programs {
    folder: PathBuf,
    is_root: bool,
}

impl Programs {
    /// # Errors
    /// PostgreSQL's server is not installed.
    pub fn find() -> io::Result<Self> {
        let mut folders: Vec<PathBuf> =
            std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        let mut versions: Vec<PathBuf> = fs::read_dir(DEBIAN)
            .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
            .unwrap_or_default();
        versions.sort();
        folders.extend(versions.into_iter().rev());
        let missing =
            || io::Error::other(format!("PostgreSQL's server is not installed: no {NEEDED:?} in PATH or {DEBIAN}"));
        let has_all = |folder: &PathBuf| NEEDED.iter().all(|program| folder.join(program).exists());
        let folder = folders.into_iter().find(has_all).ok_or_else(missing)?;
        Ok(Self { folder, is_root: fs::metadata("/proc/self")?.uid() == 0 })
    }

    /// A folder that PostgreSQL may write to.
    pub async fn own(&self, folder: &Path) -> Result<(), LabError> {
        fs::create_dir_all(folder)?;
        if self.is_root {
            if let Some(parent) = folder.parent() {
                fs::set_permissions(parent, fs::Permissions::from_mode(0o711))?;
            }
            let mut chown = Command::new("chown");
            chown.arg(UNPRIVILEGED).arg(folder);
            run(chown).await?;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let program = self.folder.join(program);
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            let user = [format!("--reuid={UNPRIVILEGED}"), format!("--regid={UNPRIVILEGED}")];
            command.args(user).args(["--init-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // What the surroundings say of a PostgreSQL of their own.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.current_dir("/").stdin(Stdio::null());
        command
    }
}

/// One server with its data. Dropped, it is stopped.
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
    data: PathBuf,
    pub address: SocketAddr,
    /// For the server's processes.
    variables: Vec<(&'static str, PathBuf)>,
}

impl Cluster {
    /// Makes a server with an empty database, and starts it.
    pub async fn create(
        programs: &Programs,
        folder: &Path,
        variables: Vec<(&'static str, PathBuf)>,
    ) -> Result<Self, LabError> {
        let cluster = Self::at(programs, folder, "first", variables)?;
        let mut initdb = programs.command("initdb");
        initdb.arg("-D").arg(&cluster.data).args(["-U", ADMIN, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        initdb.args(["--wal-segsize=1", "--no-sync"]);
        run(initdb).await?;
        cluster.configure(CONFIGURATION)?;
        cluster.start().await?;
        let created = [format!("CREATE ROLE {ROLE} LOGIN"), format!("CREATE DATABASE {ROLE} OWNER {ROLE}")];
        for statement in &created {
            cluster.ask_in("postgres", &[statement]).await?;
        }
        Ok(cluster)
    }

    /// A copy of this server that follows it.
    pub async fn standby(&self, name: &str) -> Result<Self, LabError> {
        let standby = Self::at(&self.programs, &self.folder, name, self.variables.clone())?;
        let mut copy = self.programs.command("pg_basebackup");
        let source = format!("host=127.0.0.1 port={} user={ADMIN} application_name=standby", self.address.port());
        copy.args(["-d", &source, "-D"]).arg(&standby.data);
        copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
        run(copy).await?;
        standby.configure("")?;
        standby.start().await?;
        let is_following = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        let started = Instant::now();
        while self.ask(&[is_following]).await? != "1" {
            if started.elapsed() > FOLLOW_TIMEOUT {
                return Err(LabError::Unexpected("the standby does not follow".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(standby)
    }

    fn at(
        programs: &Programs,
        folder: &Path,
        name: &str,
        variables: Vec<(&'static str, PathBuf)>,
    ) -> Result<Self, LabError> {
        let address = listener()?.local_addr()?;
        let (folder, data) = (folder.to_owned(), folder.join(name));
        Ok(Self { programs: programs.clone(), folder, data, address, variables })
    }

    /// Adds to the configuration; the last word on a setting counts.
    fn configure(&self, settings: &str) -> Result<(), LabError> {
        let mut file = OpenOptions::new().append(true).open(self.data.join("postgresql.conf"))?;
        let (port, folder) = (self.address.port(), self.folder.display());
        writeln!(file, "{settings}\nport = {port}\nunix_socket_directories = '{folder}'")?;
        Ok(())
    }

    /// # Errors
    /// It does not come up; the end of its log says why.
    pub async fn start(&self) -> Result<(), LabError> {
        let mut start = self.control("start");
        start.arg("-l").arg(self.log()).envs(self.variables.iter().map(|(name, value)| (name, value)));
        run(start).await.map(|_| ()).map_err(|error| self.explained(&error))
    }

    /// As the operator who types it; it comes back at once.
    pub async fn restart_immediately(&self) -> Result<(), LabError> {
        let mut restart = self.control("restart");
        restart.args(["-m", "immediate", "-l"]).arg(self.log());
        restart.envs(self.variables.iter().map(|(name, value)| (name, value)));
        run(restart).await.map(|_| ()).map_err(|error| self.explained(&error))
    }

    pub async fn stop(&self) -> Result<(), LabError> {
        let mut stop = self.control("stop");
        stop.args(["-m", "immediate"]);
        run(stop).await.map(|_| ())
    }

    /// Makes a standby a primary.
    pub async fn promote(&self) -> Result<(), LabError> {
        run(self.control("promote")).await.map(|_| ())
    }

    /// All its processes are gone at once, as when its machine loses its power.
    pub async fn lose(&self) -> Result<(), LabError> {
        self.signal("-KILL").await
    }

    pub async fn freeze(&self) -> Result<(), LabError> {
        self.signal("-STOP").await
    }

    pub async fn thaw(&self) -> Result<(), LabError> {
        self.signal("-CONT").await
    }

    /// Waits until it takes writes; starts it if it has given up.
    pub async fn revive(&self) -> Result<(), LabError> {
        let started = Instant::now();
        loop {
            match self.ask(&["CREATE TEMPORARY TABLE alive (id int)"]).await {
                Ok(_) => return Ok(()),
                Err(error) if started.elapsed() > START_TIMEOUT => return Err(self.explained(&error)),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            if self.postmaster().is_none_or(|pid| !Path::new("/proc").join(pid).exists()) {
                self.start().await?;
            }
        }
    }

    /// Runs statements as the administrator, each in a transaction of its own, and returns what they print.
    ///
    /// # Errors
    /// One of them failed.
    pub async fn ask(&self, statements: &[&str]) -> Result<String, LabError> {
        self.ask_in(ROLE, statements).await
    }

    async fn ask_in(&self, database: &str, statements: &[&str]) -> Result<String, LabError> {
        let mut psql = self.programs.command("psql");
        psql.env("PGCONNECT_TIMEOUT", "5").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]);
        psql.args(["-p", &self.address.port().to_string(), "-U", ADMIN, "-d", database]);
        psql.args(statements.iter().flat_map(|statement| ["-c", statement]));
        Ok(run(psql).await?.trim().to_owned())
    }

    /// Changes settings of the whole server; `None` takes one back.
    pub async fn set(&self, settings: &[(&str, Option<&str>)]) -> Result<(), LabError> {
        let statements: Vec<_> = settings
            .iter()
            .map(|(name, value)| match value {
                Some(value) => format!("ALTER SYSTEM SET {name} = '{value}'"),
                None => format!("ALTER SYSTEM RESET {name}"),
            })
            .chain(["SELECT pg_reload_conf()".to_owned()])
            .collect();
        self.ask(&statements.iter().map(String::as_str).collect::<Vec<_>>()).await.map(|_| ())
    }

    fn control(&self, what: &str) -> Command {
        let mut control = self.programs.command("pg_ctl");
        control.arg(what).arg("-D").arg(&self.data).args(["-w", "-s", "-t", &START_TIMEOUT.as_secs().to_string()]);
        control
    }

    fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    fn explained(&self, error: &LabError) -> LabError {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let end: Vec<_> = log.lines().rev().take(20).collect();
        let end: Vec<_> = end.into_iter().rev().collect();
        LabError::Unexpected(format!("{error}\n{}", end.join("\n")))
    }

    fn postmaster(&self) -> Option<String> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    /// The server's process, and then its children.
    fn processes(&self) -> Vec<String> {
        let Some(postmaster) = self.postmaster() else { return Vec::new() };
        let children = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // The name of a program may hold blanks and brackets of its own.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.to_owned();
            (parent == postmaster).then(|| process.file_name().to_string_lossy().into_owned())
        });
        let children: Vec<_> = children.collect();
        std::iter::once(postmaster).chain(children).collect()
    }

    async fn signal(&self, signal: &str) -> Result<(), LabError> {
        let mut kill = Command::new("kill");
        kill.arg(signal).args(self.processes());
        // A child may have ended since it was seen.
        let _ = run(kill).await;
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let processes = self.processes();
        if processes.is_empty() {
            return;
        }
        let _ = Command::new("kill").arg("-CONT").args(&processes).stderr(Stdio::null()).status();
        let mut stop = self.control("stop");
        let stopped = stop.args(["-m", "immediate"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !stopped.is_ok_and(|status| status.success()) && Path::new("/proc").join(&processes[0]).exists() {
            eprintln!("PostgreSQL (process {}) could not be stopped", processes[0]);
        }
    }
}

/// Runs a program to its end, and returns what it prints.
async fn run(mut command: Command) -> Result<String, LabError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).map(|text| text.into_owned()).collect();
    let ended = tokio::task::spawn_blocking(move || command.output()).await?;
    let Output { status, stdout, stderr } =
        ended.map_err(|error| LabError::Unexpected(format!("{name} cannot be run: {error}")))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&stderr).into_owned();
    Err(LabError::Unexpected(format!("{name} {}: {status}\n{why}", arguments.join(" "))))
}
