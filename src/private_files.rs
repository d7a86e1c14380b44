//! Files for their owner alone. They are made that way: a file that is closed after it was opened to all has been
//! open to all for a moment. Files of earlier versions are closed when they are found.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;
/// Whatever others than the owner may do.
const OTHERS: u32 = 0o077;
/// Of folders that belong to everybody, as /tmp.
const STICKY: u32 = 0o1000;

/// Makes a folder and those above it, if they are not there.
///
/// # Errors
/// It cannot be made.
pub fn create_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Options that make a file, if there is none.
pub fn creating() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(FILE);
    options
}

/// Makes an empty file, if there is none, and closes one that others may read.
///
/// # Errors
/// It cannot be made.
pub fn create(path: &Path) -> io::Result<()> {
    creating().append(true).open(path)?;
    close(path);
    Ok(())
}

/// Takes a file from everybody but its owner, if it is there. One that cannot be closed, because it belongs to
/// another user, is named in the log: the process can do its work all the same.
pub fn close(path: &Path) {
    close_to(path, FILE);
}

/// As [`close`], for a folder. Never for one that everybody shares or that the process merely runs in.
pub fn close_folder(path: &Path) {
    let Ok(folder) = path.canonicalize() else { return };
    let is_shared = fs::metadata(&folder).is_ok_and(|found| found.permissions().mode() & STICKY != 0);
    let is_working_folder = std::env::current_dir().is_ok_and(|here| here.starts_with(&folder));
    if !is_shared && !is_working_folder {
        close_to(&folder, FOLDER);
    }
}

fn close_to(path: &Path, mode: u32) {
    let Ok(found) = fs::metadata(path) else { return };
    if found.permissions().mode() & OTHERS == 0 {
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(mode)) {
        Ok(()) => tracing::info!(path = %path.display(), "closed to other users of this machine"),
        Err(error) => tracing::warn!(path = %path.display(), %error, "other users of this machine can read it"),
    }
}

/// Writes a file that must be complete or absent, unless there is one already.
///
/// # Errors
/// It cannot be written.
pub fn write_once(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft(path, content)?;
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    fs::remove_file(&draft)?;
    linked
}

/// The content on disk, beside where it belongs.
fn draft(path: &Path, content: &[u8]) -> io::Result<std::path::PathBuf> {
    let draft = path.with_added_extension(std::process::id().to_string());
    let mut file = creating().write(true).truncate(true).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(draft)
}
