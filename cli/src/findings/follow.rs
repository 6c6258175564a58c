//! Segments while they are written: whole lines, in the order of their files, from where the last look ended.
//!
//! Starts with the newest two segments, so that what began before the start is known; findings that are stored in them
//! are not raised again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::collect::line::MAX_LINE;
use crate::findings::engine::Engine;
use crate::findings::rule::Severity;
use crate::findings::sight::{Seen, Sight};

/// A folder of segments.
#[derive(Debug)]
pub(crate) struct Follow {
    folder: PathBuf,
    /// How far each segment was read; names sort by time.
    read: BTreeMap<PathBuf, u64>,
}

impl Follow {
    /// Looks what is there.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let mut read = BTreeMap::new();
        let segments = segments(folder)?;
        for path in segments.iter().take(segments.len().saturating_sub(WARM)) {
            read.insert(path.clone(), fs::metadata(path)?.len());
        }
        Ok(Self { folder: folder.to_owned(), read })
    }

    /// Tells the engine which findings are stored in what is about to be read.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn recall(&self, engine: &mut Engine) -> io::Result<()> {
        for path in segments(&self.folder)?.iter().filter(|path| !self.read.contains_key(*path)) {
            lines(path, 0, &mut |text| {
                if contains(text, MARK)
                    && let Ok(Seen::Raised { rule, key, severity, at }) = Sight::read(text)
                    && let Some(severity) = Severity::parse(&severity)
                {
                    engine.hold(&rule, &key, severity, at);
                }
            })?;
        }
        Ok(())
    }

    /// Hands on what was written since the last look. Returns how many lines were no records.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn look(&mut self, engine: &mut Engine) -> io::Result<u64> {
        let mut strange = 0;
        for path in segments(&self.folder)? {
            let from = self.read.get(&path).copied().unwrap_or(0);
            if fs::metadata(&path)?.len() <= from {
                continue;
            }
            let end = lines(&path, from, &mut |text| match Sight::read(text) {
                Ok(Seen::Record(sight)) => engine.push(*sight),
                Ok(_) => {}
                Err(_) => strange += 1,
            })?;
            self.read.insert(path, end);
        }
        // Those that were removed.
        self.read.retain(|path, _| path.exists());
        Ok(strange)
    }
}

/// Calls `each` with every whole line after `from`. Returns where the last of them ends.
fn lines(path: &Path, from: u64, each: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let (mut reader, mut line, mut end) = (BufReader::with_capacity(BUFFER, file), Vec::new(), from);
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX).saturating_add(1);
    loop {
        line.clear();
        let read = reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
        let mut length = u64::try_from(read).unwrap_or(u64::MAX);
        if !line.ends_with(b"\n") {
            if read <= MAX_LINE {
                return Ok(end);
            }
            length = length.saturating_add(u64::try_from(reader.skip_until(b'\n')?).unwrap_or(u64::MAX));
        } else if !line.trim_ascii().is_empty() {
            each(line.trim_ascii());
        }
        end = end.saturating_add(length);
    }
}

/// The oldest first.
fn segments(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|suffix| suffix == "jsonl") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Segments that are read from their start: the current and the previous hour.
const WARM: usize = 2;
const MARK: &[u8] = b"\"finding.raised\"";
const BUFFER: usize = 256 * 1024;
