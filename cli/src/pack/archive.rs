//! The archive: a zip whose bytes follow from what is put in, and that appears under its name when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::failure::Failure;

/// An archive that is being written. What is not finished is taken away.
pub(super) struct Archive {
    zip: ZipWriter<BufWriter<File>>,
    out: PathBuf,
    part: Part,
}

/// The file under its temporary name.
struct Part(PathBuf);

impl Archive {
    /// Begins one.
    ///
    /// # Errors
    ///
    /// It is there already, or cannot be written.
    pub(super) fn create(out: &Path) -> Result<Self, Failure> {
        if fs::symlink_metadata(out).is_ok() {
            return Err(Failure::new(format!("{} is there already", out.display()))
                .hint("an archive is never written over: name another with --out"));
        }
        let mut name = out.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
            let failure = Failure::io(format_args!("cannot write {}", path.display()), &error);
            match error.kind() {
                io::ErrorKind::AlreadyExists => failure.hint("another run writes it, or was killed: then remove it"),
                _ => failure,
            }
        })?;
        Ok(Self { zip: ZipWriter::new(BufWriter::new(file)), out: out.to_owned(), part: Part(path) })
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.zip.start_file(name, options())?;
        self.zip.write_all(content)
    }

    /// Adds a file of any length.
    pub(super) fn copy(&mut self, name: &str, mut content: &File) -> io::Result<()> {
        content.rewind()?;
        self.zip.start_file(name, options().large_file(true))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = content.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            self.zip.write_all(buffer.get(..read).unwrap_or_default())?;
        }
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> io::Result<()> {
        let file = self.zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        if fs::symlink_metadata(&self.out).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&self.part.0, &self.out)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It is gone where it was given its name.
        let _ = fs::remove_file(&self.0);
    }
}

/// Nothing that depends on when or by whom it was written.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
}

const BUFFER: usize = 64 * 1024;
