//! `check`: says everything that is wrong with a configuration before a proxy gets it.
//!
//! This file knows the options; where plugins are found and how they are judged is in `check/`.

use std::path::{Path, PathBuf};

use oidc_audit::oauth::Vantage;
use serde_json::Value;

mod cluster;
mod coverage;
mod document;
mod judge;
mod mesh;
mod plugin;
mod report;
mod settings;
mod tree;
mod variables;

use crate::failure::{Exit, Failure, Outcome};
use crate::term::Term;
use coverage::coverage;
use document::Source;
use judge::{Surroundings, judge};
use plugin::Plugin;
use report::Report;
use variables::Values;

/// Says everything that is wrong with a configuration before a proxy gets it.
///
/// Takes the plugin configuration itself, or finds the plugin in an Envoy bootstrap, a `config_dump`, or a `WasmPlugin`,
/// `TrafficExtension` or `EnvoyExtensionPolicy`; YAML or JSON, also of several documents. It runs the code of the filter,
/// and looks at what only the surroundings show: whether the clusters exist and are safe to send records to, whether
/// variables reach the VM, what happens to traffic if the module fails. Values of the configuration are never printed.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files to check; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Also say for each issuer what this proxy will see, what not, and why.
    #[arg(long)]
    coverage: bool,

    /// Where the proxy is: `idp-in` in front of the provider, `rp-out` on the way from clients to it. Default: as the
    /// file says.
    #[arg(long, value_name = "VANTAGE", value_parser = vantage, requires = "coverage")]
    vantage: Option<Vantage>,

    /// The plugin with this name or root id, where it cannot be told by itself.
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,

    /// Values of variables, as NAME=value lines; else they are taken from the environment of this command.
    #[arg(long, value_name = "FILE", conflicts_with = "no_env")]
    env_file: Option<PathBuf>,

    /// Check everything but the values of variables.
    #[arg(long)]
    no_env: bool,

    /// Print one JSON object per file.
    #[arg(long)]
    json: bool,
}

/// Exit 2 where anything is wrong: a configuration with an error is bad input, whoever reads it.
pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let values = match (&args.env_file, args.no_env) {
        (_, true) => Values::Skipped,
        (Some(path), _) => Values::from_file(path)?,
        _ => Values::Known(std::collections::BTreeMap::new()),
    };
    let mut exit = Exit::Fine;
    for path in &args.files {
        let report = check(path, args, &values)?;
        match args.json {
            true => writeln!(term.out(), "{}", serde_json::to_string(&report).unwrap_or_default())?,
            false => report.print(term)?,
        }
        if !report.ok {
            exit = Exit::Unusable;
        }
        if report.misses_values() {
            term.warn("variables were looked up in --env-file and the environment of this command; --no-env skips their values")?;
        }
    }
    Ok(exit)
}

fn check(path: &Path, args: &Args, values: &Values) -> Result<Report, Failure> {
    let (documents, bare) = match document::read(path)? {
        Source::Json(value, bytes) => {
            let bare = plugin::is_bare(&value).then_some(bytes);
            (vec![value], bare)
        }
        Source::Torn(bytes) => (vec![Value::Null], Some(bytes)),
        Source::Yaml(documents) => {
            let only = documents.first().filter(|document| documents.len() == 1 && plugin::is_bare(document));
            let bare = only.map(|document| document.to_string().into_bytes());
            (documents, bare)
        }
    };
    let found = match bare {
        Some(bytes) => vec![(0, plugin::bare(bytes))],
        None => find(path, &documents, args.plugin.as_deref())?,
    };
    let mut report = Report { file: path.display().to_string(), ok: true, plugins: Vec::new() };
    for (index, plugin) in found {
        let Some(document) = documents.get(index) else { continue };
        let place = if documents.len() > 1 {
            format!("document {} {}", index + 1, plugin.pointer)
        } else {
            plugin.pointer.clone()
        };
        let around = Surroundings { document, documents: &documents, values };
        let mut checked = judge(&plugin, place, around);
        if let (true, Some(configuration)) = (args.coverage, plugin.configuration.value()) {
            checked.coverage = coverage(&plugin, &configuration, document, args.vantage);
        }
        report.ok &= checked.errors.is_empty();
        report.plugins.push(checked);
    }
    Ok(report)
}

/// Every plugin of ours, with the index of its document.
fn find(path: &Path, documents: &[Value], named: Option<&str>) -> Result<Vec<(usize, Plugin)>, Failure> {
    let (mut plugins, mut others) = (Vec::new(), 0);
    for (index, document) in documents.iter().enumerate() {
        let found = plugin::find(document, named);
        others += found.others;
        plugins.extend(found.plugins.into_iter().map(|plugin| (index, plugin)));
    }
    if !plugins.is_empty() {
        return Ok(plugins);
    }
    let failure = Failure::new(format!("{} holds no oidc-audit plugin", path.display()));
    Err(match others {
        0 => failure.hint(
            "a plugin configuration has `issuers` and `sinks`; of Envoy a bootstrap or config_dump is read, of Istio a \
             WasmPlugin",
        ),
        _ => failure
            .hint(format!("it has {others} other Wasm plugins: --plugin NAME chooses one by its name or root id")),
    })
}

fn vantage(text: &str) -> Result<Vantage, &'static str> {
    Vantage::parse(text).ok_or("expected idp-in, rp-out, edge, idp-out, rp-in or rs-in")
}

const EXAMPLES: &str = "Exit code 2 where there is an error; warnings alone are 0.\n\nExamples:\n  oidc-audit check --no-env \
                        envoy.yaml\n  oidc-audit check --coverage wasmplugin.yaml\n  curl -s localhost:9901/config_dump | \
                        oidc-audit check -";
