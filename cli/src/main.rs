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
mod keygen;
mod moment;
mod reader;
mod term;
mod timeline;

use failure::Outcome;
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
    Collect(Box<collect::Args>),
    Findings(Box<findings::Args>),
    Keygen(keygen::Args),
    Timeline(Box<timeline::Args>),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut term = Term::standard(cli.color);
    let outcome = match &cli.command {
        Command::Check(args) => check::run(args, &mut term),
        Command::Collect(args) => collect::run(args, &mut term),
        Command::Findings(args) => findings::run(args, &mut term),
        Command::Keygen(args) => keygen::run(args, &mut term),
        Command::Timeline(args) => timeline::run(args, &mut term),
    };
    conclude(outcome, &mut term)
}

/// A reader that closed the pipe (`| head`) has what it wanted: that is no failure.
fn conclude(outcome: Outcome, term: &mut Term) -> ExitCode {
    match outcome.and_then(|exit| term.flush().map(|()| exit).map_err(Into::into)) {
        Ok(exit) => exit.into(),
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when the error stream is gone too.
            let _ = term.flush().and_then(|()| term.failure(&failure));
            failure::Exit::Unusable.into()
        }
    }
}

const EXIT_CODES: &str = "Exit codes:\n  0  done, nothing wrong\n  1  done, and it found something wrong\n  2  usage, bad input, or \
                          it could not do its work";
