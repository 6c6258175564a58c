//! `keygen`: three independent secrets of 32 random bytes: for join keys, for pseudonyms, and to sign checkpoints with; of the
//! last one the public part too.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc_audit::record::evidence::PublicKey;
use oidc_audit::record::{KeyId, NamedKey};
use oidc_audit::secret::Secret;
use serde_json::json;

use crate::clock;
use crate::failure::{Exit, Failure, Outcome};
use crate::key::{KEY_ID, PSEUDONYM};
use crate::term::Term;

/// Makes the secrets that join keys and pseudonyms are derived from, and the key that signs checkpoints.
///
/// Prints the `keys` section of the plugin configuration, the environment that it names, and the trust file with the public part
/// of the signing key. Every proxy whose records should join must have the same secrets. They are not needed to read a
/// timeline or to verify one: keep them out of the log store.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print only the environment, as NAME=value lines.
    #[arg(long, conflicts_with = "json")]
    env: bool,

    /// Print one JSON object: `keys` (for the configuration), `env` (names and values) and `trust` (the trust file).
    #[arg(long)]
    json: bool,

    /// The key id that records carry, so that a later key can be told from this one. Default: `k` and the date.
    #[arg(long, value_name = "ID", value_parser = key_id)]
    id: Option<String>,

    /// Make a pseudonym secret alone, with its id in the variable's name: a new key period begins with it. The one
    /// before it goes to `keys.pseudonym.previous`, for as long as people must be followed over the border.
    #[arg(long)]
    pseudonym: bool,

    /// Write to a new file that only you can read, instead of standard output; never overwrites.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let id = args.id.clone().unwrap_or_else(dated_id);
    let text = if args.pseudonym { Period::new(id)?.text(args) } else { Generated::new(id)?.text(args) };
    match &args.out {
        Some(path) => write_new(path, &text)?,
        None => {
            if term.is_terminal() {
                term.warn(
                    "these are secrets: keep them out of shell history, tickets and repositories (or use --out)",
                )?;
            }
            term.out().write_all(text.as_bytes())?;
        }
    }
    Ok(Exit::Fine)
}

struct Generated {
    id: String,
    join: Secret<String>,
    pseudonym: Secret<String>,
    signing: Secret<String>,
    public: PublicKey,
}

impl Generated {
    fn new(id: String) -> Result<Self, Failure> {
        let seed = random()?;
        let named = KeyId::parse(&id).map(|id| NamedKey::new(id, seed));
        let public = named.map_err(|_| Failure::new("the key id is none"))?.signing_key().public();
        let text = |bytes: Secret<[u8; 32]>| bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Ok(Self { id, join: text(random()?), pseudonym: text(random()?), signing: text(seed), public })
    }

    fn text(&self, args: &Args) -> String {
        match (args.env, args.json) {
            (true, _) => self.environment(),
            (_, true) => self.json(),
            _ => self.explained(),
        }
    }

    fn section(&self) -> serde_json::Value {
        let current = |name: &str| json!({ "current": { "env": name, "id": self.id } });
        json!({ "join": current(JOIN), "pseudonym": current(PSEUDONYM), "signing": current(SIGNING) })
    }

    /// The trust file of docs/record-format.md, which holds from now on.
    fn trust(&self) -> serde_json::Value {
        let (kid, x) = (self.public.thumbprint().to_string(), self.public.to_string());
        let now = clock::now().rfc3339_millis();
        let key = json!({ "crv": "Ed25519", "kid": kid, "kty": "OKP", "not_before": now, "x": x });
        json!({ "keys": [key], "schema": "oidc-audit-trust/1" })
    }

    fn environment(&self) -> String {
        let secrets = [(JOIN, &self.join), (PSEUDONYM, &self.pseudonym), (SIGNING, &self.signing)];
        let secrets = secrets.map(|(name, secret)| format!("{name}={}\n", secret.expose())).concat();
        format!("{KEY_ID}={}\n{secrets}", self.id)
    }

    fn json(&self) -> String {
        let env = json!({
            JOIN: self.join.expose(), PSEUDONYM: self.pseudonym.expose(), SIGNING: self.signing.expose()
        });
        format!("{}\n", json!({ "env": env, "keys": self.section(), "trust": self.trust() }))
    }

    fn explained(&self) -> String {
        format!(
            "# plugin configuration: a member of the top object\n\"keys\": {:#}\n\n# environment of the proxy; the VM \
             needs it by vm_config.environment_variables.host_env_keys\n{}\n# trust file of whoever verifies: public; \
             bound it by not_after and grp where you can\n{:#}\n",
            self.section(),
            self.environment(),
            self.trust()
        )
    }
}

impl fmt::Debug for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generated").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A pseudonym secret for some time.
struct Period {
    id: String,
    name: String,
    secret: Secret<String>,
}

impl Period {
    fn new(id: String) -> Result<Self, Failure> {
        let name = format!("{PSEUDONYM}_{}", id.to_ascii_uppercase());
        Ok(Self { id, name, secret: random()?.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)) })
    }

    fn text(&self, args: &Args) -> String {
        let current = json!({ "current": { "env": self.name, "id": self.id } });
        let environment = format!("{}={}\n", self.name, self.secret.expose());
        match (args.env, args.json) {
            (true, _) => environment,
            (_, true) => {
                let env = json!({ self.name.as_str(): self.secret.expose() });
                format!("{}\n", json!({ "env": env, "pseudonym": current }))
            }
            _ => format!(
                "# plugin configuration: a member of `keys`; what was `current` before goes to `previous`\n\"pseudonym\": \
                 {current:#}\n\n# environment of the proxy, beside that of the secret before it; the VM needs it by \
                 vm_config.environment_variables.host_env_keys\n{environment}"
            ),
        }
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Period").field("id", &self.id).finish_non_exhaustive()
    }
}

fn random() -> Result<Secret<[u8; 32]>, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Failure::new("the operating system gave no random bytes"))?;
    Ok(Secret::new(bytes))
}

fn dated_id() -> String {
    let date: String = clock::now().rfc3339_millis().chars().filter(char::is_ascii_digit).skip(2).take(6).collect();
    format!("k{date}")
}

fn key_id(text: &str) -> Result<String, &'static str> {
    KeyId::parse(text)
        .map(|_| text.to_owned())
        .map_err(|_| "1 to 8 characters of a-z and 0-9 that do not begin with `e`")
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let what = |error: &std::io::Error| {
        let failure = Failure::io(format_args!("cannot create {}", path.display()), error);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("keys are never overwritten: name another file, or move that one")
            }
            _ => failure,
        }
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|e| what(&e))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| what(&e))
}

const JOIN: &str = "OIDC_AUDIT_JOIN_KEY";
const SIGNING: &str = "OIDC_AUDIT_SIGNING_KEY";
const EXAMPLES: &str = "Examples:\n  oidc-audit keygen --out keys.txt\n  oidc-audit keygen --env >> \
                        /etc/envoy/oidc-audit.env\n  oidc-audit keygen --pseudonym --id k202612 --env >> \
                        /etc/envoy/oidc-audit.env";
