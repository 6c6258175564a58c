//! Findings while records arrive: follows the segments, so that nothing waits for it, and stores what it finds beside them.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use hyper::body::Bytes;
use oidc_audit::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::line::{Batch, Digest, Line, RecordId};
use super::metrics::Metrics;
use super::store::Job;
use super::webhook::Webhook;
use crate::clock;
use crate::failure::Failure;
use crate::findings::engine::{Engine, Limits};
use crate::findings::follow::Follow;
use crate::findings::record::Writer;
use crate::findings::settings::Settings;
use crate::findings::{TICK, settled};

/// The thread that looks for findings.
pub(crate) struct Watch {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

/// What it needs.
pub(crate) struct Needs {
    pub(crate) settings: Settings,
    /// To the thread that stores.
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) webhook: Option<Webhook>,
}

impl Watch {
    /// Begins with what the newest segments hold.
    ///
    /// # Errors
    ///
    /// The segments cannot be read, or the operating system gives no randomness.
    pub(crate) fn start(folder: &Path, needs: Needs) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| Failure::io(format_args!("cannot read {}", folder.display()), &error);
        let (writer, follow) = (Writer::new()?, Follow::new(folder).map_err(unreadable)?);
        let (stop, stopped) = sync_channel(1);
        let thread = thread::spawn(move || {
            // Made here: what it holds is shared within a thread only.
            let mut engine = Engine::new(needs.settings.clone(), Limits::default());
            // What cannot be read now is read with the rest; then a finding may be raised a second time.
            let _ = follow.recall(&mut engine);
            Watcher { needs, engine, follow, writer, backlog: VecDeque::new() }.run(&stopped);
        });
        Ok(Self { stop, thread })
    }

    /// Judges what was stored until now, and ends.
    pub(crate) fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

struct Watcher {
    needs: Needs,
    engine: Engine,
    follow: Follow,
    writer: Writer,
    /// Findings that are not stored yet.
    backlog: VecDeque<(RecordId, Bytes)>,
}

impl Watcher {
    fn run(mut self, stopped: &Receiver<()>) {
        loop {
            let ends = !matches!(stopped.recv_timeout(TICK), Err(RecvTimeoutError::Timeout));
            // A segment that cannot be read now is read at the next look, from where the last one ended.
            let _ = self.follow.look(&mut self.engine);
            let now = clock::now();
            if ends {
                self.engine.finish();
            } else {
                self.engine.release(settled(now));
            }
            self.tell(now);
            self.store();
            self.needs.metrics.judged(self.engine.counts());
            if ends {
                return;
            }
        }
    }

    fn tell(&mut self, now: Timestamp) {
        for finding in self.engine.take().iter().filter(|finding| !finding.again) {
            self.needs.metrics.raised(finding.rule.id, finding.severity.as_str());
            // Without randomness there is no record; the counter says that there was a finding.
            let Ok((id, line)) = self.writer.line(finding, now) else { continue };
            if let Some(webhook) = &self.needs.webhook {
                webhook.send(finding.severity, &line);
            }
            self.backlog.push_back((id, line.into()));
            if self.backlog.len() > MAX_BACKLOG {
                self.backlog.pop_front();
                self.needs.metrics.findings_lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// All of them or none: what the disk does not take now is tried again at the next look.
    fn store(&mut self) {
        if self.backlog.is_empty() {
            return;
        }
        let line = |(id, bytes): &(RecordId, Bytes)| Line {
            id: *id,
            digest: Digest::of(bytes),
            bytes: bytes.clone(),
            number: 1,
        };
        let batch = Batch { lines: self.backlog.iter().map(line).collect(), refused: Vec::new() };
        let (reply, answer) = oneshot::channel();
        let sent = self.needs.jobs.blocking_send(Job { batch, peer: None, reply }).is_ok();
        if sent && matches!(answer.blocking_recv(), Ok(Ok(_))) {
            self.backlog.clear();
        }
    }
}

/// Findings that wait for a disk that is full.
const MAX_BACKLOG: usize = 1_000;
