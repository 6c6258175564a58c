//! What is stored, and the one thread that stores it: requests that arrive while one fsync runs share the next.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use oidc_audit::record::verify::SpiffeId;
use oidc_audit::time::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, MinFree};
use super::guard::Guard;
use super::line::{Batch, Digest, Line, Refused, Why, stored_id};
use super::metrics::Metrics;
use super::recent::{Known, Recent};
use super::segment::{Directory, Segment};
use crate::{clock, failure};

/// What a request is answered with once its lines are durable.
#[derive(Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Answer {
    /// Lines that are in a segment, those among them that already were.
    pub(crate) stored: usize,
    pub(crate) refused: Vec<Refused>,
}

/// Why nothing of a request was stored. All of it may be sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// Less than `--min-free` would stay free.
    DiskNearlyFull,
    /// The operating system refused the write or the fsync.
    WriteFailed,
}

/// One request on its way to the disk.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) batch: Batch,
    /// Who sent it; `None`: somebody without a SPIFFE id, or this process.
    pub(crate) peer: Option<SpiffeId>,
    pub(crate) reply: oneshot::Sender<Result<Answer, Trouble>>,
}

/// What a person should know; said once when it begins and once when it ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    Recovered,
    Trouble(Trouble, Option<String>),
}

/// What was done since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    pub(crate) written: u64,
    pub(crate) repeated: u64,
    pub(crate) refused: u64,
    pub(crate) segments: u64,
}

/// How the last write went, for `/healthz`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health(Arc<AtomicU8>);

/// Where and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) min_free: MinFree,
    pub(crate) segment_size: u64,
}

/// The directory, the segment in use, and the memory of ids.
#[derive(Debug)]
pub(crate) struct Store {
    directory: Directory,
    segment: Option<Segment>,
    /// The last segment is full or could not be written: never append to it again.
    must_be_new: bool,
    recent: Recent,
    guard: Guard,
    limits: Limits,
    health: Health,
    totals: Totals,
    metrics: Arc<Metrics>,
}

impl Store {
    pub(crate) fn new(directory: Directory, limits: Limits, health: Health, metrics: Arc<Metrics>) -> Self {
        let recent = Recent::new(super::recent::Limits::default());
        Self {
            directory,
            segment: None,
            must_be_new: false,
            recent,
            guard: Guard::default(),
            limits,
            health,
            totals: Totals::default(),
            metrics,
        }
    }

    /// Has checkpoints judged before they are stored.
    pub(crate) fn guarded(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// Remembers what the newest segments hold, so that repetitions across a restart are seen.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn remember(&mut self) -> io::Result<()> {
        let names = self.directory.segments()?;
        for name in names.iter().skip(names.len().saturating_sub(REMEMBERED_SEGMENTS)) {
            let (recent, guard) = (&mut self.recent, &mut self.guard);
            self.directory.read_lines(name, |text| {
                guard.recall(text);
                if let Some(id) = std::str::from_utf8(text).ok().and_then(|text| stored_id(text).ok()) {
                    recent.insert(&Line { id, digest: Digest::of(text), bytes: Default::default(), number: 0 });
                }
            })?;
        }
        Ok(())
    }

    /// Serves jobs until every sender is gone, and says what was done.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>, events: &mpsc::Sender<Event>) -> Totals {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            while group.len() < MAX_GROUP
                && let Ok(next) = jobs.try_recv()
            {
                group.push(next);
            }
            self.serve(group, events);
        }
        self.totals
    }

    fn serve(&mut self, group: Vec<Job>, events: &mpsc::Sender<Event>) {
        let (batches, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| ((job.batch, job.peer), job.reply)).unzip();
        let (outcome, event) = match self.commit(batches, clock::now()) {
            Ok(answers) => (Ok(answers), self.health.set(None).then_some(Event::Recovered)),
            Err((trouble, error)) => {
                let why = error.as_ref().map(failure::reason);
                (Err(trouble), self.health.set(Some(trouble)).then_some(Event::Trouble(trouble, why)))
            }
        };
        // A full channel or a client that left loses a message to nobody.
        event.map(|event| events.try_send(event));
        match outcome {
            Ok(answers) => replies.into_iter().zip(answers).for_each(|(reply, answer)| drop(reply.send(Ok(answer)))),
            Err(trouble) => replies.into_iter().for_each(|reply| drop(reply.send(Err(trouble)))),
        }
    }

    /// Stores all of them with one fsync, or none.
    fn commit(
        &mut self,
        batches: Vec<(Batch, Option<SpiffeId>)>,
        now: Timestamp,
    ) -> Result<Vec<Answer>, (Trouble, Option<io::Error>)> {
        let mut plan = Plan::default();
        let answers: Vec<_> =
            batches.into_iter().map(|(batch, peer)| self.plan(batch, peer.as_ref(), &mut plan)).collect();
        if let Err(trouble) = self.append(&plan.bytes, now) {
            plan.fresh.iter().for_each(|line| self.recent.forget(line.id));
            self.guard.forget();
            return Err(trouble);
        }
        self.guard.commit().map_err(blame)?;
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let stored: usize = answers.iter().map(|answer| answer.stored).sum();
        self.totals.written += count(plan.fresh.len());
        self.totals.repeated += count(stored.saturating_sub(plan.fresh.len()));
        self.totals.refused += answers.iter().map(|answer| count(answer.refused.len())).sum::<u64>();
        self.metrics.written.store(self.totals.written, Ordering::Relaxed);
        self.metrics.repeated.store(self.totals.repeated, Ordering::Relaxed);
        self.metrics.refused.store(self.totals.refused, Ordering::Relaxed);
        self.metrics.bound.fetch_add(plan.bound, Ordering::Relaxed);
        self.metrics.foreign.fetch_add(plan.foreign, Ordering::Relaxed);
        Ok(answers)
    }

    fn plan(&mut self, batch: Batch, peer: Option<&SpiffeId>, plan: &mut Plan) -> Answer {
        let mut answer = Answer { stored: 0, refused: batch.refused };
        self.guard.look_ahead(&batch.lines, peer);
        for line in batch.lines {
            match self.recent.known(&line) {
                Known::Conflict => {
                    answer.refused.push(Refused { id: Some(line.id), line: line.number, why: Why::Conflict });
                    continue;
                }
                Known::New => {
                    let statements = match self.guard.admit(&line, peer) {
                        Ok(statements) => statements,
                        Err(why) => {
                            plan.foreign += u64::from(why == Why::Foreign);
                            answer.refused.push(Refused { id: Some(line.id), line: line.number, why });
                            continue;
                        }
                    };
                    self.recent.insert(&line);
                    plan.line(&line.bytes);
                    for statement in statements {
                        plan.line(statement.as_bytes());
                        plan.bound += 1;
                    }
                    plan.fresh.push(line);
                }
                Known::Same => {}
            }
            answer.stored += 1;
        }
        answer.refused.sort_by_key(|refused| refused.line);
        answer
    }

    fn append(&mut self, bytes: &[u8], now: Timestamp) -> Result<(), (Trouble, Option<io::Error>)> {
        if bytes.is_empty() {
            return Ok(());
        }
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match Disk::of(self.directory.path()) {
            Ok(disk) if disk.has_room(more, self.limits.min_free) => {}
            Ok(_) => return Err((Trouble::DiskNearlyFull, None)),
            Err(error) => return Err(blame(error)),
        }
        let mut segment = self.segment_for(more, now).map_err(blame)?;
        match segment.append(bytes) {
            Ok(()) => {
                self.segment = Some(segment);
                Ok(())
            }
            Err(error) => {
                self.must_be_new = true;
                Err(blame(error))
            }
        }
    }

    fn segment_for(&mut self, more: u64, now: Timestamp) -> io::Result<Segment> {
        if let Some(segment) = mem::take(&mut self.segment) {
            match segment.is_over(now, more, self.limits.segment_size) {
                true => self.must_be_new |= segment.is_of(now),
                false => return Ok(segment),
            }
        }
        let segment = match self.must_be_new {
            true => self.directory.next(now)?,
            false => self.directory.current(now, self.limits.segment_size)?,
        };
        self.must_be_new = false;
        self.totals.segments += 1;
        Ok(segment)
    }
}

impl Health {
    /// Whether this is news.
    fn set(&self, trouble: Option<Trouble>) -> bool {
        let state = match trouble {
            None => 0,
            Some(Trouble::DiskNearlyFull) => 1,
            Some(Trouble::WriteFailed) => 2,
        };
        self.0.swap(state, Ordering::Relaxed) != state
    }

    /// Whether the last write failed for another reason than a full disk.
    pub(crate) fn write_failed(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 2
    }
}

#[derive(Debug, Default)]
struct Plan {
    bytes: Vec<u8>,
    fresh: Vec<Line>,
    /// Statements among the bytes.
    bound: u64,
    /// Lines that their senders may not write.
    foreign: u64,
}

impl Plan {
    fn line(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.bytes.push(b'\n');
    }
}

/// A disk that filled up between the look and the write is full all the same.
fn blame(error: io::Error) -> (Trouble, Option<io::Error>) {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (Trouble::DiskNearlyFull, Some(error))
        }
        _ => (Trouble::WriteFailed, Some(error)),
    }
}

/// The current and the previous hour, where size does not split them.
const REMEMBERED_SEGMENTS: usize = 2;
/// Requests per fsync: with 1 MiB each this bounds the memory of one group.
const MAX_GROUP: usize = 64;
