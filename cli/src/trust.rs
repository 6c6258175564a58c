//! `trust`: makes, merges and checks trust files.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use oidc_audit::record::verify::Trust;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::failure::{Exit, Failure, Outcome};
use crate::key;
use crate::moment;
use crate::term::Term;

/// Checks trust files, merges them, and adds a key; prints the result.
///
/// Holds no secret: of a key only the public part gets into it. A key that is in several files with different bounds is refused.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  oidc-audit trust a.json b.json > trust.json\n  oidc-audit trust trust.json --key operator.env --may \
                        redact --may retain > new.json\n  oidc-audit trust --key gateway.env --grp 'shop/gateway/*' --not-after \
                        2027-01-01 > trust.json"
)]
pub(crate) struct Args {
    /// Trust files.
    #[arg(value_name = "FILE", required_unless_present = "key")]
    files: Vec<PathBuf>,

    /// Adds the public part of this signing key, a file that `oidc-audit keygen` wrote.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Writer groups that it may write for, like 'shop/gateway/*'. Default: all.
    #[arg(long, value_name = "PATTERN", requires = "key")]
    grp: Vec<String>,

    /// What it may sign. Default: seal.
    #[arg(long, value_enum, requires = "key")]
    may: Vec<Power>,

    /// It may sign from this time on. Default: always.
    #[arg(long, value_name = "TIME", requires = "key")]
    not_before: Option<String>,

    /// .. and until then.
    #[arg(long, value_name = "TIME", requires = "key")]
    not_after: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Power {
    /// Whose the keys of enrolled streams are.
    Bind,
    /// Checkpoints.
    Seal,
    /// That a record was taken out.
    Redact,
    /// What has expired.
    Retain,
    /// That somebody was looked up, as `collect` states it.
    Lookup,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let (mut keys, mut writers): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for path in &args.files {
        let file = read(path)?;
        for entry in list(&file, "keys") {
            add(&mut keys, entry)?;
        }
        let fresh = list(&file, "writers").filter(|rule| !writers.contains(rule)).collect::<Vec<_>>();
        writers.extend(fresh);
    }
    if let Some(path) = &args.key {
        add(&mut keys, args.entry(path)?)?;
    }
    let mut file = json!({"keys": keys, "schema": "oidc-audit-trust/1"});
    // an empty list is none, and none is a rule of its own
    if let Some(members) = file.as_object_mut().filter(|_| !writers.is_empty()) {
        members.insert("writers".to_owned(), writers.into());
    }
    writeln!(term.out(), "{file:#}")?;
    Ok(Exit::Fine)
}

fn read(path: &Path) -> Result<Value, Failure> {
    let what = |error: &std::io::Error| Failure::io(format_args!("cannot read {}", path.display()), error);
    let text = fs::read_to_string(path).map_err(|error| what(&error))?;
    Trust::parse(&text).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::new(format!("the trust file {} is none", path.display())).hint(problems.join("\n  "))
    })?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn list(file: &Value, name: &str) -> impl Iterator<Item = Value> {
    file.get(name).and_then(Value::as_array).cloned().unwrap_or_default().into_iter()
}

/// Once; two entries of one key that differ are for a person to decide.
fn add(keys: &mut Vec<Value>, entry: Value) -> Result<(), Failure> {
    match keys.iter().find(|known| known.get("kid") == entry.get("kid")) {
        None => keys.push(entry),
        Some(known) if *known == entry => {}
        Some(_) => {
            return Err(
                Failure::new("one key is there twice with different bounds").hint("take one of the entries out")
            );
        }
    }
    Ok(())
}

impl Args {
    fn entry(&self, path: &Path) -> Result<Value, Failure> {
        let public = key::signing(path)?.public();
        let (kid, x) = (public.thumbprint().to_string(), public.to_string());
        let mut entry = Map::new();
        let mut put = |name: &str, value: Value| drop(entry.insert(name.to_owned(), value));
        for (name, text) in [("crv", "Ed25519"), ("kid", kid.as_str()), ("kty", "OKP"), ("x", x.as_str())] {
            put(name, text.into());
        }
        if !self.grp.is_empty() {
            put("grp", json!(self.grp));
        }
        if !self.may.is_empty() {
            let names = self.may.iter().filter_map(ValueEnum::to_possible_value);
            put("may", names.map(|value| value.get_name().to_owned()).collect());
        }
        for (name, option, text) in
            [("not_before", "--not-before", &self.not_before), ("not_after", "--not-after", &self.not_after)]
        {
            if let Some(text) = text {
                put(name, moment::rfc3339(moment::option(option, text, clock::now())?).into());
            }
        }
        Ok(Value::Object(entry))
    }
}
