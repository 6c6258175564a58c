//! Records from files, folders and standard input, line by line.
//!
//! Knows lines, ids and what makes a line a record; what stores wrap records into is `unwrap`'s. It is tolerant: what is no record is counted and named by its place,
//! never by its content, and nothing ends the reading but an operating system's error. Holds one line and, where
//! duplicates are told apart, of every record its id and a digest.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use oidc_audit::record::Record;
use oidc_audit::time::Timestamp;
use serde::Deserialize;

mod unwrap;

use crate::collect::line::{Digest, Kind, MAX_LINE, RecordId};
use crate::failure::Failure;
use crate::moment;

/// A record as it was read. No two have the same id and the same bytes.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: RecordId,
    pub(crate) at: Timestamp,
    pub(crate) record: Record,
}

/// What was met while reading.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) files: u64,
    /// Lines that are not blank.
    pub(crate) lines: u64,
    pub(crate) records: u64,
    /// Lines with the id and the bytes of an earlier one: delivery is at least once.
    pub(crate) duplicates: u64,
    /// `audit.checkpoint` lines and what operators sign, which are no records.
    pub(crate) checkpoints: u64,
    /// A last line without its line feed that is no record: somebody is writing it, or was.
    pub(crate) torn: u64,
    /// Ids that several records with different bytes have.
    pub(crate) conflicts: BTreeSet<RecordId>,
    /// Everything else that is no record.
    pub(crate) strange: BTreeMap<Why, u64>,
    /// The first of those.
    pub(crate) first_strange: Option<Place>,
}

/// Why a line is no record.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Why {
    /// A member is missing, is there twice, or is of another type.
    BadMember,
    /// `id` is not `<stream>-<sequence>`, or `ts` is no time.
    BadValue,
    NotJson,
    /// Not `oidc-audit/1`.
    OtherSchema,
    TooLong,
}

/// A line of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: u64,
}

/// Reads everything that `inputs` name, in their order: files as they are, folders for their `*.jsonl` files at any depth
/// in the order of their paths, `-` for `stdin`. Every record is handed to `each`, also out of a store's export.
///
/// # Errors
///
/// What cannot be opened or read.
pub(crate) fn read(
    inputs: &[PathBuf],
    stdin: &dyn Fn() -> Box<dyn Read>,
    each: &mut dyn FnMut(Found),
) -> Result<Tally, Failure> {
    let mut known = Known::default();
    lines(inputs, stdin, &mut |text, tally| {
        match parse(text)? {
            Line::Checkpoint => tally.checkpoints += 1,
            Line::Record(found) => known.record(*found, Digest::of(text), tally, each),
        }
        Ok(())
    })
}

/// Hands every line that is not blank to `each`, which counts what it is, or says why it is no record; then it is handed every
/// record that lies inside the line, if any does. A file that is one document over many lines is read as such.
///
/// # Errors
///
/// What cannot be opened or read.
#[expect(clippy::type_complexity, reason = "one closure, written out where it is taken and where it is kept")]
pub(crate) fn lines(
    inputs: &[PathBuf],
    stdin: &dyn Fn() -> Box<dyn Read>,
    each: &mut dyn FnMut(&[u8], &mut Tally) -> Result<(), Why>,
) -> Result<Tally, Failure> {
    let mut reader = Reader { each, tally: Tally::default() };
    for input in inputs {
        if input.as_os_str() == "-" {
            reader.file("standard input", stdin())?;
            continue;
        }
        for path in files(input)? {
            let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
            reader.file(&path.display().to_string(), Box::new(file))?;
        }
    }
    Ok(reader.tally)
}

impl Tally {
    /// Lines that are no record, but for a torn one.
    pub(crate) fn strangers(&self) -> u64 {
        self.strange.values().sum()
    }
}

impl Why {
    /// In words, for a person.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadMember => "bad member",
            Self::BadValue => "bad id or time",
            Self::NotJson => "not JSON",
            Self::OtherSchema => "another schema",
            Self::TooLong => "too long",
        }
    }
}

#[expect(clippy::type_complexity, reason = "as `lines` takes it")]
struct Reader<'a> {
    each: &'a mut dyn FnMut(&[u8], &mut Tally) -> Result<(), Why>,
    tally: Tally,
}

impl Reader<'_> {
    fn file(&mut self, name: &str, input: Box<dyn Read>) -> Result<(), Failure> {
        let mut input = BufReader::with_capacity(BUFFER, input);
        let (mut line, mut number) = (Vec::new(), 0);
        self.tally.files += 1;
        loop {
            line.clear();
            number += 1;
            let end = next_line(&mut input, &mut line)
                .map_err(|error| Failure::io(format_args!("cannot read {name}"), &error))?;
            let text = line.trim_ascii();
            if number == 1 && end != End::OfFile && is_cut(text) {
                let place = || Place { file: name.to_owned(), line: 1 };
                return self.document(&mut text.chain(input), place);
            }
            if !text.is_empty() {
                self.line(text, end, || Place { file: name.to_owned(), line: number });
            }
            match end {
                End::LineFeed => {}
                End::OfFile => return Ok(()),
                End::TooLong => {
                    let rest = input.skip_until(b'\n');
                    rest.map_err(|error| Failure::io(format_args!("cannot read {name}"), &error))?;
                }
            }
        }
    }

    /// JSON over many lines, or in one that is longer than any.
    fn document(&mut self, input: &mut dyn Read, place: impl Fn() -> Place) -> Result<(), Failure> {
        self.tally.lines += 1;
        let (tally, each) = (&mut self.tally, &mut *self.each);
        let mut strange = BTreeMap::new();
        let mut take = |text: &[u8]| {
            if let Err(why) = each(text, tally) {
                *strange.entry(why).or_default() += 1;
            }
        };
        let mut input = BufReader::with_capacity(BUFFER, input);
        loop {
            match next_document(&mut input, &mut take) {
                Ok(Some(0)) => take(b""),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if error.is_io() => {
                    let what = format_args!("cannot read {}", place().file).to_string();
                    return Err(Failure::io(what, &error.into()));
                }
                Err(error) if error.is_eof() => {
                    self.tally.torn += 1;
                    break;
                }
                Err(_) => {
                    strange.entry(Why::NotJson).and_modify(|count| *count += 1).or_insert(1);
                    break;
                }
            }
        }
        for (why, count) in strange {
            *self.tally.strange.entry(why).or_default() += count;
            self.tally.first_strange.get_or_insert_with(&place);
        }
        Ok(())
    }

    fn line(&mut self, text: &[u8], end: End, place: impl FnOnce() -> Place) {
        self.tally.lines += 1;
        let fits = end != End::TooLong && text.len() <= MAX_LINE;
        let read = if fits { (self.each)(text, &mut self.tally) } else { Err(Why::TooLong) };
        let read = if end == End::TooLong { read } else { read.or_else(|why| self.inside(text).ok_or(why)?) };
        match read {
            Ok(()) => {}
            Err(_) if end == End::OfFile => self.tally.torn += 1,
            Err(why) => {
                *self.tally.strange.entry(why).or_default() += 1;
                self.tally.first_strange.get_or_insert_with(place);
            }
        }
    }
}

impl Reader<'_> {
    /// What lies inside a line that is no record; nothing, if nothing does.
    fn inside(&mut self, text: &[u8]) -> Option<Result<(), Why>> {
        let mut read = Ok(());
        let (tally, each) = (&mut self.tally, &mut *self.each);
        let found = unwrap::unwrap(text, &mut |record| read = read.and(each(record, tally)));
        (found > 0).then_some(read)
    }
}

/// Whether a first line is the beginning of a document and no whole one.
fn is_cut(text: &[u8]) -> bool {
    let begins = matches!(text.first(), Some(b'{' | b'['));
    begins && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// The next of several documents; how many records were in it. `None` at the end.
fn next_document(input: &mut BufReader<&mut dyn Read>, each: &mut dyn FnMut(&[u8])) -> serde_json::Result<Option<u64>> {
    loop {
        let buffer = input.fill_buf().map_err(serde_json::Error::io)?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let all = blank == buffer.len();
        input.consume(blank);
        if !all {
            return unwrap::unwrap_document(input, each).map(Some);
        }
    }
}

/// Of every id, the first record and those that contradict it.
#[derive(Default)]
struct Known(BTreeMap<RecordId, (Digest, BTreeSet<Digest>)>);

impl Known {
    fn record(&mut self, found: Found, digest: Digest, tally: &mut Tally, each: &mut dyn FnMut(Found)) {
        match self.0.entry(found.id) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert((digest, BTreeSet::new()));
            }
            btree_map::Entry::Occupied(mut entry) => {
                let (first, others) = entry.get_mut();
                if *first == digest || !others.insert(digest) {
                    tally.duplicates += 1;
                    return;
                }
                tally.conflicts.insert(found.id);
            }
        }
        tally.records += 1;
        each(found);
    }
}

/// How a line ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    LineFeed,
    OfFile,
    /// It was longer than any record, and is not in memory.
    TooLong,
}

enum Line {
    Checkpoint,
    Record(Box<Found>),
}

/// The members that decide whether a line is a record at all.
#[derive(Deserialize)]
struct Envelope {
    event: Option<String>,
    schema: Option<String>,
    id: Option<String>,
}

fn next_line(input: &mut BufReader<Box<dyn Read>>, line: &mut Vec<u8>) -> io::Result<End> {
    let limit = u64::try_from(MAX_EXPORT_LINE).unwrap_or(u64::MAX).saturating_add(1);
    let read = input.by_ref().take(limit).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        return Ok(End::LineFeed);
    }
    if read <= MAX_EXPORT_LINE {
        return Ok(End::OfFile);
    }
    Ok(End::TooLong)
}

fn parse(text: &[u8]) -> Result<Line, Why> {
    let Ok(record) = serde_json::from_slice::<Record>(text) else { return checkpoint(text) };
    if record.schema != SCHEMA {
        return Err(Why::OtherSchema);
    }
    let id = RecordId::parse(&record.id).ok_or(Why::BadValue)?;
    if id.kind == Kind::Checkpoint {
        return Ok(Line::Checkpoint);
    }
    let at = moment::parse(&record.ts).ok_or(Why::BadValue)?;
    Ok(Line::Record(Box::new(Found { id, at, record })))
}

/// A checkpoint, which has members of its own, or why the line is nothing. What it says is not judged here.
fn checkpoint(text: &[u8]) -> Result<Line, Why> {
    let line = serde_json::from_slice::<Envelope>(text).ok().filter(|line| line.schema.as_deref() == Some(SCHEMA));
    if line.as_ref().and_then(|line| line.event.as_deref()).is_some_and(|event| STATEMENTS.contains(&event)) {
        return Ok(Line::Checkpoint);
    }
    match line.and_then(|line| RecordId::parse(&line.id?)) {
        Some(RecordId { kind: Kind::Checkpoint, .. }) => Ok(Line::Checkpoint),
        _ => Err(blame(text)),
    }
}

fn blame(text: &[u8]) -> Why {
    match serde_json::from_slice::<Envelope>(text) {
        Ok(Envelope { schema: Some(schema), .. }) if schema != SCHEMA => Why::OtherSchema,
        Ok(Envelope { schema: None, id: None, .. }) => Why::OtherSchema,
        Ok(_) => Why::BadMember,
        Err(_) if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() => Why::BadMember,
        Err(_) => Why::NotJson,
    }
}

/// The file itself, or what lies in the folder: names that begin with a dot, and links to folders, are left out.
fn files(input: &Path) -> Result<Vec<PathBuf>, Failure> {
    let about = fs::metadata(input).map_err(|error| unreadable(input, &error))?;
    if !about.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let (mut found, mut folders) = (Vec::new(), vec![input.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let (path, hidden) = (entry.path(), entry.file_name().as_encoded_bytes().starts_with(b"."));
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() && !hidden {
                folders.push(path);
            } else if !hidden && path.extension().is_some_and(|suffix| suffix == "jsonl") && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::io(format_args!("cannot read {}", path.display()), error);
    match error.kind() {
        io::ErrorKind::NotFound => failure.hint("name a file, a folder of *.jsonl files, or - for standard input"),
        _ => failure,
    }
}

/// What an operator or a collector signed: evidence, as checkpoints are.
const STATEMENTS: [&str; 4] = ["audit.bound", "audit.expired", "audit.lookup", "audit.redacted"];
const SCHEMA: &str = "oidc-audit/1";
/// A line of an export may hold a batch of records.
const MAX_EXPORT_LINE: usize = 4 * 1024 * 1024;
const BUFFER: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "000102030405060708090a0b0c0d0e0f";

    fn record(number: &str, more: &str) -> String {
        format!(
            "{{\"event\":\"token.issued\",\"id\":\"{STREAM}-{number}\"{more},\"salt\":\"s\",\"schema\":\"oidc-audit/1\",\
             \"ts\":\"2026-01-15T10:00:00.000Z\"}}\n"
        )
    }

    fn tally(text: &[u8]) -> (Tally, Vec<String>) {
        let mut ids = Vec::new();
        let text = text.to_vec();
        let stdin = move || -> Box<dyn Read> { Box::new(io::Cursor::new(text.clone())) };
        let tally = read(&["-".into()], &stdin, &mut |found| ids.push(found.id.number.to_string())).unwrap();
        (tally, ids)
    }

    #[test]
    fn duplicates_are_read_once_and_contradictions_are_kept() {
        let text = [record("1", ""), record("2", ""), record("1", ""), record("2", ",\"error\":\"x\"")].concat();
        let (tally, ids) = tally(text.as_bytes());
        assert_eq!(ids, ["1", "2", "2"]);
        assert_eq!((tally.lines, tally.records, tally.duplicates, tally.conflicts.len()), (4, 3, 1, 1));
    }

    #[test]
    fn unknown_members_and_blank_lines_are_nothing_special() {
        let (tally, ids) = tally(format!("\n \r\n{}\n", record("7", ",\"later\":{\"x\":[1]}")).as_bytes());
        assert_eq!(ids, ["7"]);
        assert_eq!((tally.lines, tally.strangers(), tally.torn), (1, 0, 0));
    }

    #[test]
    fn a_torn_last_line_is_told_from_garbage() {
        let text = format!("{}{}", record("1", ""), record("2", "").get(..40).unwrap());
        let (tally, ids) = tally(text.as_bytes());
        assert_eq!((ids.len(), tally.torn, tally.strangers()), (1, 1, 0));
        let (whole, ids) = self::tally(record("1", "").trim_end().as_bytes());
        assert_eq!((ids.len(), whole.torn), (1, 0));
    }

    #[test]
    fn a_line_that_is_no_record_is_counted_by_its_reason_and_placed() {
        let long = "x".repeat(MAX_LINE + 10);
        let cases = [
            ("hello\n".to_owned(), Why::NotJson),
            ("\u{fffd}\u{0}\n".to_owned(), Why::NotJson),
            ("{\"a\":1}\n".to_owned(), Why::OtherSchema),
            ("[1]\n".to_owned(), Why::BadMember),
            (record("1", "").replace("audit/1", "audit/2"), Why::OtherSchema),
            (record("01", ""), Why::BadValue),
            (record("1", "").replace("10:00", "25:00"), Why::BadValue),
            (record("1", ",\"outcome\":7"), Why::BadMember),
            (record("1", ",\"id\":\"twice\""), Why::BadMember),
            (format!("{long}\n"), Why::TooLong),
        ];
        for (text, why) in cases {
            let (tally, ids) = tally(format!("{text}{}", record("9", "")).as_bytes());
            assert_eq!(tally.strange, BTreeMap::from([(why, 1)]), "{}", text.escape_debug());
            assert_eq!(tally.first_strange, Some(Place { file: "standard input".to_owned(), line: 1 }));
            assert_eq!(ids, ["9"]);
        }
    }

    #[test]
    fn a_checkpoint_is_no_record_and_no_stranger() {
        let line = format!(
            "{{\"event\":\"audit.checkpoint\",\"id\":\"{STREAM}-c0\",\"jws\":\"a.b.c\",\"schema\":\"oidc-audit/1\"}}\n"
        );
        let (tally, ids) = tally(format!("{line}{}", record("c1", "")).as_bytes());
        assert_eq!((ids.len(), tally.checkpoints, tally.strangers()), (0, 2, 0));
    }
}
