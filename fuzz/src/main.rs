//! Random and mutated input for every parser, on stable Rust and without instrumentation.
//!
//! ```text
//! oidc-audit-fuzz [--seconds N] [--seed S] [--target NAME|all] [--input FILE]
//! ```
//!
//! `--seconds` is for each target. Seeds are what `tests/fixtures/exchanges` holds. A panic or an input that takes too long ends the run with status 1;
//! the input lies in `target/fuzz-inputs` then, and `--input` plays it again.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for developers: it measures time, talks to a terminal, and may stop"
)]

#[path = "../../tests/support/coding.rs"]
mod coding;
#[path = "../../cli/src/collect/line.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "of the tool's reader only what reads is used")]
mod line;
mod mutate;
#[path = "../../tests/support/placeholder.rs"]
mod placeholder;
mod seeds;
mod targets;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mutate::{Mutator, Random};
use seeds::Seeds;
use targets::{TARGETS, Target};

struct Arguments {
    seconds: u64,
    seed: u64,
    target: String,
    input: Option<PathBuf>,
}

/// An input that a parser does not survive.
struct Found {
    input: Vec<u8>,
    how: String,
}

fn main() -> ExitCode {
    let Some(arguments) = read_arguments() else {
        println!("usage: oidc-audit-fuzz [--seconds N] [--seed S] [--target NAME|all] [--input FILE]");
        return ExitCode::from(2);
    };
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|target| arguments.target == "all" || target.name == arguments.target).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        println!("no such target; there are: all {}", names.join(" "));
        return ExitCode::from(2);
    }
    if let Some(path) = &arguments.input {
        let input = fs::read(path).expect("the input can be read");
        for target in chosen {
            println!("{}: {:?}", target.name, time(target, &input));
        }
        return ExitCode::SUCCESS;
    }
    let seeds = Seeds::load();
    let share = Duration::from_secs(arguments.seconds);
    let found = chosen.iter().filter(|target| !fuzz(target, &seeds, arguments.seed, share)).count();
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read_arguments() -> Option<Arguments> {
    let mut arguments = Arguments { seconds: 60, seed: 1, target: "all".to_owned(), input: None };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next()?;
        match name.as_str() {
            "--seconds" => arguments.seconds = value.parse().ok()?,
            "--seed" => arguments.seed = value.parse().ok()?,
            "--target" => arguments.target = value,
            "--input" => arguments.input = Some(value.into()),
            _ => return None,
        }
    }
    Some(arguments)
}

/// Whether the target survived its time.
fn fuzz(target: &Target, seeds: &Seeds, seed: u64, share: Duration) -> bool {
    // the hook would print each panic, with the input in it
    panic::set_hook(Box::new(|_| {}));
    let mut mutator = Mutator::new(Random::new(seed ^ hash(target.name)), seeds.of(target));
    let end = Instant::now() + share;
    let (mut executions, mut slowest) = (0_u64, Duration::ZERO);
    let mut found = None;
    for known in seeds.of(target) {
        executions += 1;
        found = found.or(run(target, known.clone(), &mut slowest));
    }
    while found.is_none() && Instant::now() < end {
        let input = mutator.next();
        executions += 1;
        found = run(target, input, &mut slowest);
    }
    let _ = panic::take_hook();
    let slowest = slowest.as_millis();
    let Some(found) = found else {
        println!("{:<16} {executions:>9} executions, slowest {slowest} ms", target.name);
        return true;
    };
    let path = save(target, &found.input);
    println!("{:<16} {executions:>9} executions: {}: {}", target.name, found.how, path.display());
    false
}

fn run(target: &Target, input: Vec<u8>, slowest: &mut Duration) -> Option<Found> {
    match time(target, &input) {
        Err(how) => Some(Found { input, how }),
        Ok(took) => {
            *slowest = took.max(*slowest);
            None
        }
    }
}

/// How long an input took; what went wrong if it took too long or panicked.
fn time(target: &Target, input: &[u8]) -> Result<Duration, String> {
    let mut best = Duration::MAX;
    // a machine under load is slow now and then, a blow-up always is
    for _ in 0..5 {
        let start = Instant::now();
        panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?");
            format!("panicked: {}", text.chars().take(200).collect::<String>())
        })?;
        best = best.min(start.elapsed());
        if best < TOO_LONG {
            return Ok(best);
        }
    }
    Err(format!("took {} ms for {} bytes", best.as_millis(), input.len()))
}

/// Far beyond what an input of [`mutate::LONGEST`] bytes may take, unoptimised.
const TOO_LONG: Duration = Duration::from_millis(500);

fn save(target: &Target, input: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz-inputs");
    fs::create_dir_all(&folder).expect("a folder for inputs");
    let path = folder.join(format!("{}-{:016x}", target.name, hash(&String::from_utf8_lossy(input))));
    fs::write(&path, input).expect("the input is saved");
    path
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
