//! The file of a sandbox in another process, read while that one goes on writing.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::file::{Change, parse};

pub(super) struct FollowedFile {
    path: PathBuf,
    reader: BufReader<File>,
    lines: usize,
    /// Where the next line begins.
    position: u64,
}

impl FollowedFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Self { path: path.to_owned(), reader, lines: 0, position: 0 })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The writer has put a shorter file in its place.
    pub fn is_replaced(&self) -> io::Result<bool> {
        let (mine, now) = (self.reader.get_ref().metadata()?, fs::metadata(&self.path)?);
        Ok((mine.dev(), mine.ino()) != (now.dev(), now.ino()))
    }

    /// Hands over what was written since the last time. A line without its end is read again: the writer may
    /// have died in the middle of it, and the next one removes it.
    pub fn read_on(&mut self, mut fold: impl FnMut(Change)) -> io::Result<()> {
        self.reader.seek(SeekFrom::Start(self.position))?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = self.reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                return Ok(());
            }
            fold(parse(&line, self.lines + 1)?);
            self.lines += 1;
            self.position += read as u64;
        }
    }
}
