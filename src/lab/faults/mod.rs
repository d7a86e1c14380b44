//! A disk that fails on purpose: a library that is loaded into the server and makes calls on its files fail while a
//! window is open. The database, its log and the sandbox's file are real, and so is what SQLite does about it.

mod windows;

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

pub use windows::{Calls, DiskFault, Files, WINDOWS, Window};

/// The library's source. It is compiled when it is needed, so that nothing of it is in the server.
const SOURCE: &str = include_str!("faults.c");

/// Where the library finds its control file.
const CONTROL_VARIABLE: &str = "PAYGATE_LAB_FAULTS";

/// Words of the control file, in the order of `enum word` in `faults.c`.
const WORDS: usize = 16;
const HITS: u64 = 5;

/// The disk of one run.
pub struct FaultyDisk {
    library: PathBuf,
    control_path: PathBuf,
    control: File,
}

impl FaultyDisk {
    /// Compiles the library into `folder`.
    ///
    /// # Errors
    /// There is no C compiler, or it fails.
    pub fn build(folder: &Path) -> io::Result<Self> {
        if !cfg!(target_os = "linux") {
            return Err(io::Error::other("storage faults need Linux (LD_PRELOAD)"));
        }
        let (source, library) = (folder.join("faults.c"), folder.join("libfaults.so"));
        std::fs::write(&source, SOURCE)?;
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        let compiled = Command::new("cc")
            // The compiler looks there for its own parts.
            .env("PATH", path)
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .map_err(|error| io::Error::other(format!("storage faults need a C compiler named cc: {error}")))?;
        if !compiled.status.success() {
            let why = String::from_utf8_lossy(&compiled.stderr).into_owned();
            return Err(io::Error::other(format!("cc cannot compile the library of faults: {why}")));
        }
        let control_path = folder.join("faults.control");
        let control = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&control_path)?;
        control.set_len((WORDS * size_of::<u32>()) as u64)?;
        Ok(Self { library, control_path, control })
    }

    /// What the server's environment has to hold.
    pub fn variables(&self) -> [(&'static str, &Path); 2] {
        [("LD_PRELOAD", &self.library), (CONTROL_VARIABLE, &self.control_path)]
    }

    /// Lets processes of another user load the library.
    pub fn share(&self) -> io::Result<()> {
        std::fs::set_permissions(&self.library, Permissions::from_mode(0o755))?;
        self.control.set_permissions(Permissions::from_mode(0o666))
    }

    /// From now on calls fail as `window` says.
    pub fn open(&self, window: &Window) -> io::Result<()> {
        // The kind goes last: it is what switches the others on.
        for (word, value) in [
            (1, window.files.bits()),
            (2, window.calls.bits()),
            (3, window.per_mille),
            (4, window.most.unwrap_or(u32::MAX)),
            (0, window.kind as u32),
        ] {
            self.set(word, value)?;
        }
        Ok(())
    }

    /// From now on the disk is healthy.
    pub fn close(&self) -> io::Result<()> {
        self.set(0, 0)
    }

    /// Calls that failed so far.
    pub fn hits(&self) -> io::Result<u32> {
        let mut word = [0; size_of::<u32>()];
        self.control.read_exact_at(&mut word, HITS * size_of::<u32>() as u64)?;
        Ok(u32::from_ne_bytes(word))
    }

    fn set(&self, word: u64, value: u32) -> io::Result<()> {
        self.control.write_all_at(&value.to_ne_bytes(), word * size_of::<u32>() as u64)
    }
}
