//! `oidc-audit`: collects, checks and reconstructs audit records.
//!
//! One file per subcommand. This one knows their names and how their ends become exit codes, and nothing else.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;
mod clock;
mod collect;
mod environment;
mod failure;
mod findings;
mod key;
mod keygen;
mod lookup;
mod moment;
mod pack;
mod prove;
mod pseudonym;
mod reader;
mod redact;
mod spool;
mod term;
mod timeline;
mod trust;
mod verify;

use failure::{Exit, Outcome};
use term::{ColourChoice, Term};

/// Collects, checks and reconstructs OpenID Connect audit records.
#[derive(Debug, Parser)]
#[command(name = "oidc-audit", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// When to use colours; `auto` means on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: ColourChoice,

    #[command(subcommand)]
    command: Command,
}

// One line per subcommand: its arguments and its help live in its own file.
#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    CheckProof(prove::CheckArgs),
    Collect(Box<collect::Args>),
    Findings(Box<findings::Args>),
    Keygen(keygen::Args),
    Lookup(Box<lookup::Args>),
    Pack(Box<pack::Args>),
    Prove(prove::ProveArgs),
    Pseudonym(pseudonym::Args),
    Redact(redact::RedactArgs),
    Retain(redact::RetainArgs),
    Timeline(Box<timeline::Args>),
    Trust(trust::Args),
    Verify(verify::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let mut term = Term::standard(cli.color);
    let outcome = match &cli.command {
        Command::Check(args) => check::run(args, &mut term),
        Command::CheckProof(args) => prove::check(args, &mut term),
        Command::Collect(args) => collect::run(args, &mut term),
        Command::Findings(args) => findings::run(args, &mut term),
        Command::Keygen(args) => keygen::run(args, &mut term),
        Command::Lookup(args) => lookup::run(args, &mut term),
        Command::Pack(args) => pack::run(args, &mut term),
        Command::Prove(args) => prove::prove(args, &mut term),
        Command::Pseudonym(args) => pseudonym::run(args, &mut term),
        Command::Redact(args) => redact::redact(args, &mut term),
        Command::Retain(args) => redact::retain(args, &mut term),
        Command::Timeline(args) => timeline::run(args, &mut term),
        Command::Trust(args) => trust::run(args, &mut term),
        Command::Verify(args) => verify::run(args, &mut term),
    };
    conclude(outcome, cli.command.unusable(), &mut term)
}

impl Command {
    /// How it ends when it could not do its work.
    fn unusable(&self) -> Exit {
        match self {
            Self::CheckProof(_) | Self::Pack(_) | Self::Retain(_) | Self::Verify(_) => Exit::Undecided,
            _ => Exit::Unusable,
        }
    }
}

/// Help, the version, or what is wrong with the arguments.
fn refuse(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when the stream is gone.
    let _ = error.print();
    let judges = std::env::args_os().skip(1).any(|word| JUDGES.iter().any(|name| word == *name));
    match error.use_stderr() {
        false => ExitCode::SUCCESS,
        true if judges => Exit::Undecided.into(),
        true => Exit::Unusable.into(),
    }
}

/// A reader that closed the pipe (`| head`) has what it wanted: that is no failure.
fn conclude(outcome: Outcome, unusable: Exit, term: &mut Term) -> ExitCode {
    match outcome.and_then(|exit| term.flush().map(|()| exit).map_err(Into::into)) {
        Ok(exit) => exit.into(),
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when the error stream is gone too.
            let _ = term.flush().and_then(|()| term.failure(&failure));
            unusable.into()
        }
    }
}

/// Subcommands whose exit code 2 means tampering.
const JUDGES: [&str; 4] = ["check-proof", "pack", "retain", "verify"];

const EXIT_CODES: &str = "Exit codes:\n  0  done, nothing wrong\n  1  done, and it found something wrong\n  2  usage, bad input, or \
                          it could not do its work\n`verify`, `pack`, `check-proof` and `retain` have codes of their own: see their help.";
