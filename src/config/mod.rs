//! The plugin configuration: raw JSON, checked as a whole, compiled into what the other layers work with.
//!
//! Every mistake is reported at once, by JSON pointer and never with the value. Knows the text, and no host.

mod digest;
mod forms;
mod issuers;
mod json;
mod parties;
mod problem;
mod providers;
mod reader;
#[cfg(not(target_family = "wasm"))]
mod reference;
mod rules;
mod secrets;
mod settings;
mod sinks;
#[cfg(test)]
mod tests;

use issuers::Issuer;
use json::Json;
use parties::Party;
pub use problem::{Problem, ProblemKind, Warning, WarningKind};
use reader::Report;
#[cfg(not(target_family = "wasm"))]
pub use reference::{Member, reference, schema};
pub use secrets::Environment;
use settings::{Settings, SigningMode};

use crate::oauth::{Endpoints, IssuerSettings, Limits, Policy, PolicyField};
use crate::pipeline::{EvidenceSettings, FetchSettings, OutboxSettings, SinkSettings, Statement, VantageRule};
use crate::record::evidence::Signing;
use crate::record::{Keys, Privacy};
use crate::rules::RuleSettings;

/// A configuration that was taken.
#[derive(Debug)]
pub struct Config {
    /// Whether anything is watched.
    pub enabled: bool,
    /// What is watched.
    pub policy: Policy,
    /// `None`: none are configured, and the process draws its own.
    pub keys: Option<Keys>,
    /// What is recorded of people.
    pub privacy: Privacy,
    /// What rules rest on beside the exchange.
    pub rules: RuleSettings,
    /// Where the proxy stands, by the direction of the traffic.
    pub vantage: VantageRule,
    /// Where records go.
    pub outbox: OutboxSettings,
    /// Issuers whose metadata document and keys the filter fetches.
    pub fetches: Vec<FetchSettings>,
    /// Bytes per VM for bodies in flight.
    pub body_bytes: usize,
    /// Milliseconds between two looks at the queue.
    pub interval_ms: u32,
    /// What the start record says of it.
    pub statement: Statement,
    /// What works and should be known.
    pub warnings: Vec<Warning>,
}

/// A configuration that was not taken.
#[derive(Debug)]
pub struct Rejected {
    /// Every mistake, in the order of reading; at least one.
    pub problems: Vec<Problem>,
    /// Where a record of this can go: present if that part is sound.
    pub sink: Option<Box<SinkSettings>>,
}

/// What the host says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HostFacts {
    /// Envoy's node id; Istio's begins with the kind of the proxy (`sidecar~`, `router~`).
    pub node: Option<String>,
}

/// Reads a plugin configuration.
///
/// `environment` answers for the variables that secrets are named by. Deterministic; the cost is that of the text.
///
/// # Errors
///
/// [`Rejected`] with every problem that was found. A text that is not JSON has that one problem.
pub fn parse(text: &[u8], environment: &Environment<'_>, host: &HostFacts) -> Result<Config, Rejected> {
    let json = read(text).map_err(|kind| Rejected { problems: vec![Problem::at("", kind)], sink: None })?;
    let mut report = Report::default();
    let settings = Settings::read(&json, environment, &mut report);
    let sink = settings.as_ref().and_then(|settings| settings.sinks.first()).map(|sink| Box::new(sink.settings()));
    let config = settings.and_then(|settings| compile(settings, host, &mut report));
    match config {
        Some(mut config) if report.problems.is_empty() => {
            config.warnings = report.warnings;
            Ok(config)
        }
        _ => Err(Rejected { problems: report.problems, sink }),
    }
}

fn read(text: &[u8]) -> Result<Json, ProblemKind> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match text.trim_ascii_start() {
        [] => Err(ProblemKind::Empty),
        // The first byte of a protobuf message is a field number and a wire type.
        [first, ..] if *first != b'{' && (!first.is_ascii_graphic() || text.contains(&0)) => Err(ProblemKind::NotText),
        _ if std::str::from_utf8(text).is_err() => Err(ProblemKind::NotText),
        _ => Ok(Json::parse(text)?),
    }
}

/// Compiles what was read without a problem; what the protocol layer finds wrong beyond that is reported too.
fn compile(settings: Settings, host: &HostFacts, report: &mut Report) -> Option<Config> {
    let statement = Statement {
        config_digest: digest::digest(&settings),
        inline_secrets: settings.inline_secrets.clone(),
        issuers: settings.issuers.iter().map(|issuer| issuer.issuer.clone()).collect(),
        signing_key: settings.rings.as_ref().and_then(|rings| rings.signing.as_ref()).map(|key| key.id.clone()),
        sinks: settings.sinks.iter().map(|sink| sink.name.clone()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let evidence = evidence(&settings, &statement);
    let fetches =
        settings.issuers.iter().enumerate().filter_map(|(issuer, settings)| {
            Some(FetchSettings { issuer, cluster: settings.cluster.as_deref()?.into() })
        });
    let fetches = fetches.collect();
    let limits = Limits {
        signature_checks: settings.signature_checks,
        login_forms: settings.login_forms,
        interactions: settings.interactions,
        ..Limits::default()
    };
    let policy = policy(settings.issuers, &settings.parties, limits, report)?;
    let outbox = OutboxSettings {
        queue_bytes: settings.memory / 2,
        keep_ms: u64::from(settings.retain_seconds).saturating_mul(1_000),
        sink: settings.sinks.first()?.settings(),
        evidence,
    };
    Some(Config {
        enabled: settings.enabled,
        policy,
        keys: settings.rings.map(|rings| Keys::from_secrets(&rings.join, &rings.pseudonym)),
        privacy: settings.privacy,
        rules: settings.rules,
        vantage: VantageRule::new(settings.vantage, host.node.as_deref()),
        outbox,
        fetches,
        body_bytes: settings.memory / 2,
        interval_ms: settings.interval_ms,
        statement,
        warnings: Vec::new(),
    })
}

fn evidence(settings: &Settings, statement: &Statement) -> EvidenceSettings {
    let key = settings.rings.as_ref().and_then(|rings| rings.signing.as_ref());
    let signing = match (settings.signing, key) {
        (SigningMode::Configured, Some(key)) => Signing::Configured(key.signing_key().into()),
        (SigningMode::Enrolled, _) => Signing::Enrolled,
        (SigningMode::Configured | SigningMode::Unsigned, _) => Signing::Unsigned,
    };
    EvidenceSettings {
        signing,
        domain: settings.domain.clone(),
        config_digest: statement.config_digest.clone(),
        build: format!("oidc-audit/{}", statement.version),
        beat_seconds: settings.beat_seconds,
    }
}

/// What the protocol layer finds wrong is a problem too. Its indexes of issuers are those of the text only where none
/// was left out for a problem of its own.
fn policy(issuers: Vec<Issuer>, parties: &[Party], limits: Limits, report: &mut Report) -> Option<Policy> {
    let complete = report.problems.is_empty();
    let settings = issuers.into_iter().map(|issuer| IssuerSettings {
        issuer: issuer.issuer,
        authorities: issuer.authorities,
        provider: issuer.provider,
        profile: issuer.profile,
        endpoints: Endpoints(issuer.endpoints),
        jar_semantics: issuer.jar_semantics,
        mtls_oauth: issuer.mtls_oauth,
    });
    let error = match Policy::new(settings.collect(), limits) {
        Ok(policy) => return watch(policy, parties, report),
        Err(error) => error,
    };
    for problem in error.problems.iter().filter(|_| complete) {
        let member = match problem.field {
            PolicyField::Authority(index) => format!("authorities/{index}"),
            PolicyField::Endpoint(kind) => format!("endpoints/{}", kind.as_str()),
            PolicyField::Issuer => "issuer".to_owned(),
        };
        report.problem(&format!("/issuers/{}/{member}", problem.issuer), ProblemKind::Issuer(problem.kind));
    }
    None
}

fn watch(mut policy: Policy, parties: &[Party], report: &mut Report) -> Option<Policy> {
    for party in parties {
        if let Err(problem) = policy.watch(&party.settings) {
            report.problem(&party.pointer, ProblemKind::Party(problem));
        }
    }
    Some(policy)
}
