//! The file of a sandbox in another process, read while that one goes on writing.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::file::{Change, parse};

pub(super) struct FollowedFile {
    path: PathBuf,
    reader: BufReader<File>,
    lines: usize,
    /// A line whose end is not written yet.
    line: Vec<u8>,
}

impl FollowedFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Self { path: path.to_owned(), reader, lines: 0, line: Vec::new() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The writer has put a shorter file in its place.
    pub fn is_replaced(&self) -> io::Result<bool> {
        let (mine, now) = (self.reader.get_ref().metadata()?, fs::metadata(&self.path)?);
        Ok((mine.dev(), mine.ino()) != (now.dev(), now.ino()))
    }

    /// Hands over what was written since the last time.
    pub fn read_on(&mut self, mut fold: impl FnMut(Change)) -> io::Result<()> {
        loop {
            self.reader.read_until(b'\n', &mut self.line)?;
            if !self.line.ends_with(b"\n") {
                return Ok(());
            }
            self.lines += 1;
            fold(parse(&self.line, self.lines)?);
            self.line.clear();
        }
    }
}
