//! `collect`: receives records over HTTP and appends them to hourly files, durably, before it answers.
//!
//! This file knows the options and the order of start and stop; how lines are judged and stored is in `collect/`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

mod disk;
pub(crate) mod guard;
pub(crate) mod line;
mod linger;
mod lookup;
mod metrics;
mod peer;
mod receiver;
mod recent;
mod segment;
mod server;
mod store;
mod ties;
pub(crate) mod tls;
mod token;
mod watch;
pub(crate) mod webhook;

use crate::environment;
use crate::failure::{Exit, Failure, Outcome};
use crate::findings::rule::Severity;
use crate::findings::settings::Settings;
use crate::key;
use crate::term::Term;
use crate::verify;
use disk::{MinFree, parse_min_free, parse_size};
use guard::Guard;
use lookup::{Lookups, Tls};
use metrics::Metrics;
use receiver::Receiver;
use segment::{Directory, Unusable};
use server::{Server, Timeouts};
use store::{Event, Health, Job, Limits, Store, Totals, Trouble};
use ties::Ties;
use token::{BadToken, Tokens};
use watch::{Needs, Watch};
use webhook::{Drained, Url, Webhook};

/// Receives records from proxies and stores them in a directory, durably, before it answers.
///
/// Takes newline-delimited records by POST over HTTP/1.1 and HTTP/2 (on TLS and, with prior knowledge, without) and
/// appends them to one file per hour. An answer of 200 means that they are on the disk:
/// `{"stored":n,"refused":[{"id","line","why"}]}`. A record that comes again is answered as stored and not written twice.
#[derive(clap::Args, Debug)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Where the records go; made if it is missing, readable only by you.
    #[arg(long, short, value_name = "DIR")]
    dir: PathBuf,

    /// Address and port; port 0 takes a free one. Off loopback it needs TLS, and a token or a client CA.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9470")]
    listen: SocketAddr,

    /// The path that records are sent to.
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = http_path)]
    path: String,

    /// Write the address that was bound, as IP:PORT, to this file as soon as records can be sent.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,

    /// The certificate chain of this server, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Who may send")]
    tls_cert: Option<PathBuf>,

    /// Its private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Who may send")]
    tls_key: Option<PathBuf>,

    /// Mutual TLS: clients must show a certificate of one of these authorities.
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Who may send")]
    client_ca: Option<PathBuf>,

    /// The environment variable that holds the bearer token.
    #[arg(long, value_name = "NAME", conflicts_with = "token_file", help_heading = "Who may send")]
    token_env: Option<String>,

    /// A file with the bearer token; several lines are several tokens, so that one can replace another.
    #[arg(long, value_name = "FILE", help_heading = "Who may send")]
    token_file: Option<PathBuf>,

    /// The collector's own signing key, as `oidc-audit keygen --env` writes it; not the proxies'. It signs what the collector
    /// states.
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    key: Option<PathBuf>,

    /// Refuse checkpoints that the keys of this trust file did not sign, where they could stand behind them.
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    trust: Option<PathBuf>,

    /// Keep the latest checkpoint of every stream in this file too, and refuse one that does not go on from it. Keep the file
    /// where whoever can change the records cannot: `oidc-audit verify --witness` reads it.
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    witness: Option<PathBuf>,

    #[command(flatten)]
    lookups: lookup::Wanted,

    /// Look for what several records prove together, and store it beside them as `finding.raised` records.
    #[arg(long, help_heading = "Findings")]
    findings: bool,

    /// Which rules are off or have another severity, threshold or window; JSON, see docs/findings.md.
    #[arg(long, value_name = "FILE", requires = "findings", help_heading = "Findings")]
    rules: Option<PathBuf>,

    /// Post every finding to this URL as well: https, or http on this machine.
    #[arg(long, value_name = "URL", requires = "findings", help_heading = "Findings")]
    webhook: Option<Url>,

    /// Certificate authorities that the webhook is trusted by, as PEM. Default: those of the system.
    #[arg(long, value_name = "FILE", requires = "webhook", help_heading = "Findings")]
    webhook_ca: Option<PathBuf>,

    /// Post findings at least this severe: info, low, medium, high or critical.
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = severity, help_heading = "Findings")]
    webhook_severity: Severity,

    /// Begin another file when one would grow beyond this.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size, help_heading = "Limits")]
    segment_size: u64,

    /// Answer 507 when less than this would stay free; a size or a share of the disk. Default: 256MiB or 5%, whichever
    /// is less.
    #[arg(long, value_name = "SIZE|N%", value_parser = parse_min_free, help_heading = "Limits")]
    min_free: Option<MinFree>,

    /// The longest body, before and after decompression.
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_size, help_heading = "Limits")]
    max_body: u64,

    /// Connections at once; more wait.
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536), help_heading = "Limits")]
    max_connections: u32,

    /// Seconds for a TLS handshake, for the first request head of a connection, and for a body.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Limits")]
    timeout: u16,

    /// Seconds that requests in flight get to end after SIGTERM or SIGINT.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, help_heading = "Limits")]
    grace: u16,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let tokens = tokens(args)?;
    refuse_strangers(args, &tokens)?;
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(tls::acceptor(tls::Files { certificate, key, client_ca: args.client_ca.as_deref() })?)
        }
        _ => None,
    };
    let metrics = Arc::new(Metrics::default());
    let (store, health) = open(args, Arc::clone(&metrics), term)?;
    let (jobs, queue) = mpsc::channel::<Job>(QUEUE);
    let watch = watch(args, &jobs, &metrics)?;
    let (events, mut news) = mpsc::channel(EVENTS);
    let receiver = Receiver {
        path: args.path.clone(),
        tokens,
        max_body: usize::try_from(args.max_body).unwrap_or(usize::MAX),
        body_timeout: seconds(args.timeout),
        jobs,
        directory: args.dir.clone(),
        min_free: args.min_free(),
        health,
        metrics,
        lookups: args.lookups()?,
    };
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start threads", &error))?;
    let writer = thread::spawn(move || store.run(queue, &events));
    let in_time = runtime.block_on(async {
        let server = Server::bind(args.listen, receiver, args.connections(), args.timeouts()).await;
        let server = server.map_err(|error| Failure::io(format_args!("cannot listen on {}", args.listen), &error))?;
        serve(args, server.with_tls(tls), &mut news, term).await
    });
    // Ends the connections that outlived their grace, and with the last of them the queue.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some((watch, drained)) = watch {
        watch.stop();
        drained.into_iter().for_each(Drained::wait);
    }
    let totals = writer.join().map_err(|_| Failure::new("the thread that writes has failed"))?;
    farewell(&totals, in_time?, term)
}

impl Args {
    fn min_free(&self) -> MinFree {
        self.min_free.unwrap_or(MinFree::Unset)
    }

    fn lookups(&self) -> Result<Option<Lookups>, Failure> {
        let tls = match (&self.tls_cert, &self.client_ca) {
            (None, _) => Tls::None,
            (Some(_), None) => Tls::OfServer,
            (Some(_), Some(_)) => Tls::Mutual,
        };
        self.lookups.open(self.key.as_deref(), tls)
    }

    fn connections(&self) -> usize {
        usize::try_from(self.max_connections).unwrap_or(usize::MAX)
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts { first_head: seconds(self.timeout), idle: IDLE, grace: seconds(self.grace) }
    }
}

/// Anybody who can reach an open port could write the audit trail.
fn refuse_strangers(args: &Args, tokens: &Tokens) -> Result<(), Failure> {
    if args.listen.ip().is_loopback() {
        return Ok(());
    }
    let missing = match (args.tls_cert.is_some(), args.client_ca.is_some() || !tokens.is_empty()) {
        (true, true) => return Ok(()),
        (false, true) => "TLS",
        (true, false) => "a token or a client CA",
        (false, false) => "TLS, and a token or a client CA",
    };
    let hint = "give --tls-cert and --tls-key, and --token-env, --token-file or --client-ca; or listen on 127.0.0.1";
    Err(Failure::new(format!("{} is not loopback: it needs {missing}", args.listen)).hint(hint))
}

fn tokens(args: &Args) -> Result<Tokens, Failure> {
    let (text, from) = match (&args.token_env, &args.token_file) {
        (Some(name), _) => {
            let unset = || Failure::new(format!("the environment variable {name} is not set"));
            (environment::variable(name).ok_or_else(unset)?, name.clone())
        }
        (_, Some(path)) => {
            let unreadable = |error| Failure::io(format_args!("cannot read {}", path.display()), &error);
            (fs::read_to_string(path).map_err(unreadable)?, path.display().to_string())
        }
        _ => return Ok(Tokens::default()),
    };
    parse_tokens(&text, &from)
}

/// The tokens of a file; `from` names it.
///
/// # Errors
///
/// There is none, or something else.
fn parse_tokens(text: &str, from: &str) -> Result<Tokens, Failure> {
    Tokens::parse(text).map_err(|error| match error {
        BadToken::Missing => Failure::new(format!("{from} holds no token")),
        BadToken::Unfit => Failure::new(format!("{from} holds something that is no token"))
            .hint("a token is 16 to 4096 visible ASCII characters; `openssl rand -hex 32` makes one"),
    })
}

/// Locks, mends and reads the directory.
fn open(args: &Args, metrics: Arc<Metrics>, term: &mut Term) -> Result<(Store, Health), Failure> {
    let shown = args.dir.display();
    let unusable = |error| Failure::io(format_args!("cannot use {shown}"), &error);
    let directory = Directory::open(&args.dir).map_err(|error| match error {
        Unusable::Io(error) => unusable(error),
        Unusable::Locked => {
            Failure::new(format!("another collector writes to {shown}")).hint("give each its own --dir")
        }
    })?;
    if directory.is_open_to_others().map_err(unusable)? {
        term.warn(format_args!("others can look into {shown}: records are personal data; chmod 700 keeps them out"))?;
    }
    let names = directory.segments().map_err(unusable)?;
    for name in names.iter().skip(names.len().saturating_sub(MENDED_SEGMENTS)) {
        let torn = directory.mend(name).map_err(unusable)?;
        if torn > 0 {
            let name = Path::new(name).display();
            term.warn(format_args!(
                "{name} ended in the middle of a line: its last {torn} bytes are now in {name}.torn-*"
            ))?;
        }
    }
    let health = Health::default();
    let limits = Limits { min_free: args.min_free(), segment_size: args.segment_size };
    let trust = args.trust.as_deref().map(verify::load_trust).transpose()?;
    let key = args.key.as_deref().map(key::signing).transpose()?;
    let guard = Guard::open(trust, args.witness.as_deref())?.tying(Ties::with_key(key));
    let mut store = Store::new(directory, limits, health.clone(), metrics).guarded(guard);
    store.remember().map_err(unusable)?;
    Ok((store, health))
}

/// Starts to look for findings, where that is wanted.
fn watch(
    args: &Args,
    jobs: &mpsc::Sender<Job>,
    metrics: &Arc<Metrics>,
) -> Result<Option<(Watch, Option<Drained>)>, Failure> {
    if !args.findings {
        return Ok(None);
    }
    let settings = args.rules.as_deref().map(Settings::load).transpose()?.unwrap_or_default();
    let start =
        |url: &Url| Webhook::start(url.clone(), args.webhook_ca.as_deref(), args.webhook_severity, Arc::clone(metrics));
    let (webhook, drained) = args.webhook.as_ref().map(start).transpose()?.unzip();
    let needs = Needs { settings, jobs: jobs.clone(), metrics: Arc::clone(metrics), webhook };
    Ok(Some((Watch::start(&args.dir, needs)?, drained)))
}

/// Serves until a signal. Whether every request in flight could end.
async fn serve(
    args: &Args,
    server: Server,
    news: &mut mpsc::Receiver<Event>,
    term: &mut Term,
) -> Result<bool, Failure> {
    let watch = |kind| signal(kind).map_err(|error| Failure::io("cannot watch for signals", &error));
    let (mut terminate, mut interrupt) = (watch(SignalKind::terminate())?, watch(SignalKind::interrupt())?);
    announce(args, &server, term)?;
    loop {
        tokio::select! {
            () = server.accept() => {}
            () = either(&mut terminate, &mut interrupt) => break,
            Some(event) = news.recv() => tell(&event, term),
        }
    }
    if let Some(path) = &args.ready_file {
        // It may be gone already; nobody can send any more either way.
        let _ = fs::remove_file(path);
    }
    tokio::select! {
        in_time = server.stop() => Ok(in_time),
        // Asked twice: at once.
        () = either(&mut terminate, &mut interrupt) => Ok(false),
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn announce(args: &Args, server: &Server, term: &mut Term) -> Result<(), Failure> {
    let address = server.address().map_err(|error| Failure::io("cannot tell the bound address", &error))?;
    let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
    // As `tell`: whoever needs the address and closed the pipe has the file.
    let _ = writeln!(term.out(), "listening on {scheme}://{address}{}, writing to {}", args.path, args.dir.display())
        .and_then(|()| term.flush());
    let Some(path) = &args.ready_file else { return Ok(()) };
    // Whoever waits for the file must never read half of it.
    let mut unfinished = path.clone().into_os_string();
    unfinished.push(".tmp");
    let written = fs::write(&unfinished, format!("{address}\n")).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| Failure::io(format_args!("cannot write {}", path.display()), &error))
}

/// A log that nobody reads any more stops no collector.
fn tell(event: &Event, term: &mut Term) {
    let _ = match event {
        Event::Recovered => term.warn("records are stored again"),
        Event::Trouble(Trouble::DiskNearlyFull, _) => {
            term.warn("the disk is nearly full: records are answered with 507 until there is room")
        }
        Event::Trouble(Trouble::WriteFailed, why) => {
            let why = why.as_deref().unwrap_or("unknown reason");
            term.warn(format_args!("records cannot be written ({why}): they are answered with 503"))
        }
    };
}

fn farewell(totals: &Totals, in_time: bool, term: &mut Term) -> Outcome {
    if !in_time {
        term.warn("requests in flight were cut off: their senders got no answer and will send again")?;
    }
    let Totals { written, repeated, refused, segments } = totals;
    writeln!(
        term.out(),
        "stopped: {written} records written to {segments} files, {repeated} sent again, {refused} refused"
    )?;
    Ok(Exit::Fine)
}

fn http_path(text: &str) -> Result<String, &'static str> {
    let fits = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
    match fits {
        true if ["/healthz", "/lookup", "/metrics"].contains(&text) => Err("/healthz, /lookup and /metrics are taken"),
        true => Ok(text.to_owned()),
        false => Err("expected an absolute path without query, like /records"),
    }
}

fn severity(text: &str) -> Result<Severity, &'static str> {
    Severity::parse(text).ok_or("expected info, low, medium, high or critical")
}

fn seconds(count: u16) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// Requests that wait for the disk; more wait in their connections.
const QUEUE: usize = 256;
/// What a person should know and has not been told yet; more is dropped.
const EVENTS: usize = 16;
/// Longer than the minute between two signs of life of an idle proxy, so that its connection survives them.
const IDLE: Duration = Duration::from_secs(75);
/// Segments whose end is looked at: the last one of an unclean stop, and those whose write failed before it.
const MENDED_SEGMENTS: usize = 16;
const NOTES: &str = "Health: GET /healthz answers 200, or 507 when the disk is nearly full.\nMetrics: GET /metrics, with the token where records \
                     need one.\n\nExamples:\n  oidc-audit collect \
                     --dir records\n  oidc-audit collect --dir /var/lib/oidc-audit --listen 0.0.0.0:9470 --tls-cert \
                     tls.crt --tls-key tls.key --client-ca mesh-ca.crt";
