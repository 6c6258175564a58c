//! `lookup`: asks a collector for the pseudonyms of a name. The key stays there, and so does a signed line about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::runtime;
use tokio::time::timeout;

use crate::collect::tls::{self, Identity};
use crate::collect::webhook::{self, Url};
use crate::failure::{Exit, Failure, Outcome};
use crate::pseudonym::{Found, Kind, Whom, print};
use crate::redact::reason;
use crate::term::{Term, escape};

/// Asks a collector for the pseudonyms of a name: what to search records for.
///
/// Answers as `oidc-audit pseudonym` does, without the key. Every lookup is a signed `audit.lookup` line among the records:
/// who asked (the certificate), when, why, and for which pseudonyms; never the name.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  oidc-audit lookup --url https://collector.audit:9470 --ca mesh-ca.crt --cert me.crt --key me.key \
                  --token-file lookup.token --reason OPS-1234 --issuer https://idp.example.com/realms/acme - < name.txt"
)]
pub(crate) struct Args {
    /// Where `oidc-audit collect --pseudonym-key` listens: https, or http on this machine.
    #[arg(long, value_name = "URL")]
    url: Url,

    /// The authorities that vouch for the collector, as PEM. Default: those of the system.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Your certificate, as PEM, of an authority that the collector knows.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Its private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The file with the token of lookups.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,

    /// Why: a ticket, say; at most 200 characters, and nothing personal.
    #[arg(long, value_name = "TICKET", value_parser = reason)]
    reason: String,

    #[command(flatten)]
    whom: Whom,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let token = token(&args.token_file)?;
    let identity = match (&args.cert, &args.key) {
        (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
        _ => None,
    };
    let connector = if args.url.is_secure() { Some(tls::connector(args.ca.as_deref(), identity)?) } else { None };
    let kinds: Vec<&str> = args.whom.kinds.iter().map(|kind| kind.as_str()).collect();
    let mut asked = json!({"as": kinds, "name": args.whom.name()?, "reason": args.reason});
    if let (Some(issuer), Some(members)) = (&args.whom.issuer, asked.as_object_mut()) {
        members.insert("issuer".to_owned(), issuer.as_str().into());
    }
    let request = Request::post("/lookup")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(asked.to_string())))
        .map_err(|_| Failure::new("the token file holds no token"))?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start threads", &error))?;
    let asking = webhook::ask(&args.url, connector.as_ref(), request, MAX_ANSWER);
    let (status, body) =
        runtime.block_on(async { timeout(PATIENCE, asking).await }).map_err(|_| silent())?.map_err(|error| {
            Failure::io("cannot ask the collector", &error)
                .hint("--url, --ca, --cert and --key: is it there, and do you know each other?")
        })?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() {
        print(&found(&answer)?, args.json, term)?;
        return Ok(Exit::Fine);
    }
    let why = answer.get("error").and_then(Value::as_str).unwrap_or("without a reason");
    Err(Failure::new(format!("the collector refused with {}: {}", status.as_u16(), escape(why))))
}

fn token(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::io(format_args!("cannot read {}", path.display()), &error))?;
    let token = text.lines().map(str::trim).find(|line| !line.is_empty());
    token.map(str::to_owned).ok_or_else(|| Failure::new(format!("{} holds no token", path.display())))
}

fn found(answer: &Value) -> Result<Vec<Found>, Failure> {
    let text = |one: &Value, name: &str| one.get(name)?.as_str().map(str::to_owned);
    let read = |one: &Value| {
        let value = text(one, "value").filter(|value| value.bytes().all(|byte| byte.is_ascii_graphic()))?;
        Some(Found { kind: Kind::read(&text(one, "kind")?)?, value })
    };
    let list = answer.get("pseudonyms").and_then(Value::as_array);
    let found = list.and_then(|list| list.iter().map(read).collect::<Option<_>>());
    found.ok_or_else(|| Failure::new("the answer is none of a collector: does --url lead to another server?"))
}

fn silent() -> Failure {
    Failure::new(format!("the collector did not answer within {} seconds", PATIENCE.as_secs()))
}

/// For connection, handshake and answer together.
const PATIENCE: Duration = Duration::from_secs(30);
/// Hundreds of pseudonyms.
const MAX_ANSWER: usize = 64 * 1024;
