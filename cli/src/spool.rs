//! Files without a name: what has to be read again. Standard input is one of those that go by and are kept.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::environment;

/// Standard input, and its copy.
#[derive(Debug, Default)]
pub(crate) struct Stdin(RefCell<Option<File>>);

impl Stdin {
    /// The input itself, which is copied on the way.
    pub(crate) fn first(&self) -> Box<dyn Read> {
        let copy = create().and_then(|file| Ok((file.try_clone()?, file)));
        match copy {
            Ok((writer, reader)) => {
                self.0.replace(Some(reader));
                Box::new(Tee { input: io::stdin().lock(), copy: writer })
            }
            Err(error) => Box::new(Broken(error.kind())),
        }
    }

    /// The copy from its beginning.
    pub(crate) fn again(&self) -> Box<dyn Read> {
        let file = self.0.borrow();
        let copy = file.as_ref().map(|file| file.try_clone().and_then(|mut file| file.rewind().map(|()| file)));
        match copy {
            Some(Ok(file)) => Box::new(file),
            Some(Err(error)) => Box::new(Broken(error.kind())),
            None => Box::new(io::empty()),
        }
    }
}

/// An empty file. Only this process can reach it, and it is gone when the process is.
///
/// # Errors
///
/// There is no room for it in `TMPDIR`.
pub(crate) fn create() -> io::Result<File> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| io::ErrorKind::Other)?;
    let folder = environment::variable("TMPDIR").filter(|path| !path.is_empty()).unwrap_or_else(|| "/tmp".to_owned());
    let path = PathBuf::from(folder).join(format!("oidc-audit-{:016x}", u64::from_le_bytes(random)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

struct Tee {
    input: io::StdinLock<'static>,
    copy: File,
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.copy.write_all(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}

/// There is no room for the copy.
struct Broken(io::ErrorKind);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}
