//! `pseudonym`: what stands in records for a name, so that they can be searched for it.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::ValueEnum;
use oidc_audit::record::{KeyRing, Keys, NamedKey, PersonName, pseudonyms};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::{Exit, Failure, Outcome};
use crate::key;
use crate::term::Term;

/// Prints the pseudonyms of a name: what to search records for.
///
/// A line per kind of name and key: subject identifiers and user names are hashed together with their issuer, e-mail
/// addresses and phone numbers alone, and the name counts exactly as it was sent, with its case. Whoever has the key can test
/// any guess: where the key must stay with the log cluster, ask that with `oidc-audit lookup`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The pseudonym secrets of the periods to search: environment files, as `oidc-audit keygen --env` writes them.
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,

    #[command(flatten)]
    whom: Whom,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Who is searched for; the same for `lookup`.
#[derive(clap::Args, Debug)]
pub(crate) struct Whom {
    /// The issuer that knows the name, exactly as records have it. Subject identifiers and user names need it.
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,

    /// What the name is. Default: everything that it can be.
    #[arg(long = "as", value_enum, value_name = "KIND", value_delimiter = ',')]
    pub(crate) kinds: Vec<Kind>,

    /// The name; - reads it from standard input, which leaves nothing in the shell's history.
    #[arg(value_name = "NAME|-")]
    name: String,
}

/// What a name is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Email,
    Phone,
    Subject,
    Username,
}

/// One value to search for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) value: String,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let keys = key::all_pseudonyms(&args.key)?;
    let name = args.whom.name()?;
    let found = search(&keys, &args.whom.kinds, args.whom.issuer.as_deref(), &name)?;
    print(&found, args.json, term)?;
    Ok(Exit::Fine)
}

impl Whom {
    /// The name itself.
    ///
    /// # Errors
    ///
    /// There is none, or it is longer than any name that records are made of.
    pub(crate) fn name(&self) -> Result<String, Failure> {
        let name = if self.name == "-" { read_line()? } else { self.name.clone() };
        if is_name(&name) { Ok(name) } else { Err(Failure::new(format!("a name has 1 to {LONGEST} bytes"))) }
    }
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Subject => "subject",
            Self::Username => "username",
        }
    }

    /// By the word that [`Self::as_str`] gives.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|kind| kind.as_str() == word)
    }

    fn person(self) -> PersonName {
        match self {
            Self::Email => PersonName::Email,
            Self::Phone => PersonName::PhoneNumber,
            Self::Subject => PersonName::Subject,
            Self::Username => PersonName::Username,
        }
    }

    /// Whether a name can be one, by its looks.
    fn fits(self, name: &str) -> bool {
        match self {
            Self::Email => name.contains('@'),
            Self::Phone => {
                name.chars().filter(char::is_ascii_digit).count() >= 3 && !name.contains(char::is_alphabetic)
            }
            Self::Subject | Self::Username => true,
        }
    }
}

/// The pseudonyms of a name with every key, by kind and then by key. Without kinds: of all that it can be.
///
/// # Errors
///
/// A kind that was asked for, or the only one that is left, needs an issuer.
pub(crate) fn search(
    keys: &[NamedKey],
    kinds: &[Kind],
    issuer: Option<&str>,
    name: &str,
) -> Result<Vec<Found>, Failure> {
    let known = |kind: &Kind| issuer.is_some() || !kind.person().needs_issuer();
    let kinds: Vec<Kind> = match kinds {
        [] => Kind::value_variants().iter().copied().filter(|kind| known(kind) && kind.fits(name)).collect(),
        asked if asked.iter().all(known) => asked.to_vec(),
        _ => Vec::new(),
    };
    if kinds.is_empty() {
        return Err(Failure::new("subject identifiers and user names are hashed together with their issuer")
            .hint("--issuer says which, exactly as `issuer` of records has it"));
    }
    let rings: Vec<Keys> = keys.iter().map(|key| Keys::of_pseudonyms(&KeyRing::of(key.clone()))).collect();
    let of = |kind: Kind| {
        let values = rings.iter().flat_map(move |keys| pseudonyms(keys, kind.person(), issuer.unwrap_or(""), name));
        values.map(move |value| Found { kind, value })
    };
    Ok(kinds.into_iter().flat_map(of).collect())
}

/// Prints them as a table or as `oidc-audit-pseudonyms/1`.
///
/// # Errors
///
/// Standard output cannot be written to.
pub(crate) fn print(found: &[Found], json: bool, term: &mut Term) -> io::Result<()> {
    if json {
        return writeln!(term.out(), "{}", encode(found));
    }
    for Found { kind, value } in found {
        writeln!(term.out(), "{:<8}  {value}", kind.as_str())?;
    }
    Ok(())
}

/// As JSON.
pub(crate) fn encode(found: &[Found]) -> Value {
    let one = |found: &Found| json!({"kind": found.kind.as_str(), "value": found.value});
    json!({"pseudonyms": found.iter().map(one).collect::<Vec<_>>(), "schema": "oidc-audit-pseudonyms/1"})
}

/// Whether a name can be searched for, by its length.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
}

/// The first line of standard input, without its end.
fn read_line() -> Result<String, Failure> {
    let mut text = String::new();
    let bound = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(2);
    let read = io::stdin().lock().take(bound).read_to_string(&mut text);
    read.map_err(|error| Failure::io("cannot read the name from standard input", &error))?;
    Ok(text.split(['\n', '\r']).next().unwrap_or_default().to_owned())
}

/// Far longer than the 255 characters of a subject identifier (OIDC Core §2).
const LONGEST: usize = 2048;

const EXAMPLES: &str = "Examples:\n  oidc-audit pseudonym --key oidc-audit.env --issuer https://idp.example.com/realms/acme \
                        jane\n  oidc-audit pseudonym --key oidc-audit.env --as email - < name.txt\n  oidc-audit timeline \
                        --subject k251125.yDruvDnbCf8WWSFjGLWD5g records";
