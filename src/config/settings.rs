//! The whole configuration, member by member: checked values with every default filled in.

use super::forms;
use super::issuers::{self, Issuer};
use super::json::Json;
use super::parties::{self, Party};
use super::problem::ProblemKind;
use super::providers;
use super::reader::{Members, Node, Report};
use super::rules;
use super::secrets::{Environment, Rings, Secrets};
use super::sinks::{self, Sink};
use crate::oauth::{LoginForms, Vantage};
use crate::record::{Privacy, Profile};
use crate::rules::RuleSettings;

/// What the operator wants.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) enabled: bool,
    pub(super) issuers: Vec<Issuer>,
    /// Clients and resource servers.
    pub(super) parties: Vec<Party>,
    pub(super) sinks: Vec<Sink>,
    pub(super) rings: Option<Rings>,
    pub(super) signing: SigningMode,
    pub(super) domain: Option<String>,
    pub(super) beat_seconds: u32,
    pub(super) privacy: Privacy,
    pub(super) login_forms: LoginForms,
    /// Whether pages that are no attempts are recorded.
    pub(super) interactions: bool,
    pub(super) rules: RuleSettings,
    pub(super) memory: usize,
    pub(super) signature_checks: u32,
    pub(super) interval_ms: u32,
    pub(super) retain_seconds: u32,
    /// `None`: by where the filter runs.
    pub(super) vantage: Option<Vantage>,
    /// Pointers of secrets that stand in the configuration itself.
    pub(super) inline_secrets: Vec<String>,
}

/// Whose key signs checkpoints.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SigningMode {
    Configured,
    Enrolled,
    Unsigned,
}

impl SigningMode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Enrolled => "enrolled",
            Self::Unsigned => "unsigned",
        }
    }
}

impl Settings {
    /// Reads everything; what was wrong is in the report. `None` where not even an object was found.
    pub(super) fn read(json: &Json, environment: &Environment<'_>, report: &mut Report) -> Option<Self> {
        let root = Node::root(json);
        let members = root.open(&mut Report::default());
        report.newer = members.as_ref().is_some_and(|members| version(members, report));
        let members = root.members(ROOT, report)?;
        let inline_allowed = members.get("insecure_inline").and_then(|node| node.bool(report)) == Some(true);
        let mut secrets = Secrets::new(environment, inline_allowed);
        let profiles = members.get("providers").map(|node| providers::read(&node, report)).unwrap_or_default();
        let issuers = members.require("issuers", report).map(|node| issuers::read(&node, &profiles, report));
        let issuers = issuers.unwrap_or_default();
        let parties = parties::read(&members, &issuers, report);
        let sinks = members.require("sinks", report).map(|node| sinks::read(&node, &mut secrets, report));
        let rings = members.get("keys").and_then(|node| secrets.rings(&node, report));
        let key =
            members.get("keys").and_then(|node| node.open(&mut Report::default())).and_then(|keys| keys.get("signing"));
        let (signing, domain, beat_seconds) = evidence(&members, key.is_some(), report);
        let (interval_ms, retain_seconds) = delivery(&members, report);
        let (login_forms, interactions) = capture(&members, report);
        let (memory, signature_checks) = limits(&members, report);
        Some(Self {
            enabled: members.get("enabled").and_then(|node| node.bool(report)).unwrap_or(true),
            issuers,
            parties,
            sinks: sinks.unwrap_or_default(),
            rings,
            signing,
            domain,
            beat_seconds,
            privacy: privacy(&members, report),
            login_forms,
            interactions,
            rules: members.get("rules").and_then(|node| rules::read(&node, report)).unwrap_or_default(),
            memory,
            signature_checks,
            interval_ms,
            retain_seconds,
            vantage: vantage(&members, report),
            inline_secrets: secrets.inline,
        })
    }
}

/// Whether the configuration is written for a newer minor version than this.
fn version(members: &Members<'_>, report: &mut Report) -> bool {
    let Some(node) = members.get("version") else { return false };
    let minor = |text: &str| text.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok());
    let mut other = Report::default();
    let Some(text) = node.text(16, "a version such as \"1.0\", as text", &|_| true, &mut other) else {
        report.problems.append(&mut other.problems);
        return false;
    };
    match minor(text) {
        Some(minor) => minor > MINOR,
        None => {
            report.problem(&node.pointer, ProblemKind::Version);
            false
        }
    }
}

fn privacy(members: &Members<'_>, report: &mut Report) -> Privacy {
    let Some(members) = members.get("privacy").and_then(|node| node.members(PRIVACY, report)) else {
        return Privacy::default();
    };
    let profile = members.get("profile").and_then(|node| node.word(PROFILES, report));
    let profile = match profile {
        Some(1) => Profile::Standard,
        Some(2) => Profile::Full,
        _ => Profile::Minimal,
    };
    let purpose = members.get("purpose");
    let given = purpose.is_some();
    let purpose =
        purpose.and_then(|node| node.text(256, "1 to 256 bytes of text on one line", &forms::is_line, report));
    if profile != Profile::Minimal && !given {
        report.problem(&format!("{}/purpose", members.pointer), ProblemKind::PurposeMissing);
    }
    let hops = members.get("trusted_hops").and_then(|node| node.number(0, 16, report));
    let trusted_hops = hops.and_then(|hops| u8::try_from(hops).ok()).unwrap_or_default();
    Privacy { profile, purpose: purpose.map(str::to_owned), trusted_hops }
}

/// `signing`, `domain` and `beat_seconds`; `key`: whether there is one in `keys`.
fn evidence(members: &Members<'_>, key: bool, report: &mut Report) -> (SigningMode, Option<String>, u32) {
    let default = if key { SigningMode::Configured } else { SigningMode::Unsigned };
    let Some(members) = members.get("evidence").and_then(|node| node.members(EVIDENCE, report)) else {
        return (default, None, BEAT_SECONDS.1);
    };
    let signing = members.get("signing");
    let mode = match signing.as_ref().and_then(|node| node.word(SIGNINGS, report)) {
        Some(0) => SigningMode::Configured,
        Some(_) => SigningMode::Enrolled,
        None => default,
    };
    if let Some(node) = signing.filter(|_| key == (mode == SigningMode::Enrolled)) {
        report.problem(&node.pointer, ProblemKind::Expected("`configured` with a key in `keys`, `enrolled` without"));
    }
    let domain = members.get("domain");
    let domain =
        domain.and_then(|node| node.text(64, "1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `-`", &forms::is_label, report));
    let (least, default, most) = BEAT_SECONDS;
    let beat = members.get("beat_seconds").and_then(|node| node.number(least.into(), most.into(), report));
    let beat = beat.and_then(|beat| u32::try_from(beat).ok()).unwrap_or(default);
    (mode, domain.map(str::to_owned), beat)
}

/// `login_forms` and `interactions`.
fn capture(members: &Members<'_>, report: &mut Report) -> (LoginForms, bool) {
    let Some(members) = members.get("capture").and_then(|node| node.members(CAPTURE, report)) else {
        return (LoginForms::default(), false);
    };
    let forms = members.get("login_forms").and_then(|node| node.word(LOGIN_FORMS, report));
    let interactions = members.get("interactions").and_then(|node| node.bool(report));
    let forms = forms.and_then(|at| LoginForms::ALL.get(at).copied());
    (forms.unwrap_or_default(), interactions.unwrap_or_default())
}

/// `memory` and `signature_checks`.
fn limits(members: &Members<'_>, report: &mut Report) -> (usize, u32) {
    let limits = members.get("limits").and_then(|node| node.members(LIMITS, report));
    let node = |name: &str| limits.as_ref().and_then(|limits| limits.get(name));
    let (min, default, max) = MEMORY;
    let memory = node("memory").and_then(|node| node.number(min, max, report)).unwrap_or(default);
    let checks = node("signature_checks").and_then(|node| signature_checks(&node, report));
    (usize::try_from(memory).unwrap_or(usize::MAX), checks.unwrap_or(SIGNATURE_CHECKS.1))
}

/// A number, `all` or `off`.
fn signature_checks(node: &Node<'_>, report: &mut Report) -> Option<u32> {
    if node.is_text() {
        let word = node.word(CHECK_WORDS, report)?;
        return Some(if word == 0 { u32::MAX } else { 0 });
    }
    let (min, _, max) = SIGNATURE_CHECKS;
    node.number(min.into(), max.into(), report).and_then(|number| u32::try_from(number).ok())
}

/// `interval_ms` and `retain_seconds`.
fn delivery(members: &Members<'_>, report: &mut Report) -> (u32, u32) {
    let delivery = members.get("delivery").and_then(|node| node.members(DELIVERY, report));
    let mut number = |name: &str, (min, default, max): (u32, u32, u32)| {
        let node = delivery.as_ref().and_then(|delivery| delivery.get(name));
        let number = node.and_then(|node| node.number(min.into(), max.into(), report));
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
    };
    (number("interval_ms", INTERVAL_MS), number("retain_seconds", RETAIN_SECONDS))
}

fn vantage(members: &Members<'_>, report: &mut Report) -> Option<Vantage> {
    let word = members.get("vantage")?.word(VANTAGES, report)?;
    VANTAGES.get(word).and_then(|word| Vantage::parse(word))
}

pub(super) const ROOT: &[&str] = &[
    "version",
    "enabled",
    "issuers",
    "relying_parties",
    "resource_servers",
    "providers",
    "sinks",
    "keys",
    "insecure_inline",
    "evidence",
    "privacy",
    "capture",
    "rules",
    "limits",
    "delivery",
    "vantage",
];
pub(super) const EVIDENCE: &[&str] = &["signing", "domain", "beat_seconds"];
pub(super) const SIGNINGS: &[&str] = &["configured", "enrolled"];
pub(super) const CAPTURE: &[&str] = &["login_forms", "interactions"];
/// [`LoginForms::ALL`]
pub(super) const LOGIN_FORMS: &[&str] = &["off", "outcome", "username"];
pub(super) const PRIVACY: &[&str] = &["profile", "purpose", "trusted_hops"];
pub(super) const PROFILES: &[&str] = &["minimal", "standard", "full"];
pub(super) const LIMITS: &[&str] = &["memory", "signature_checks"];
pub(super) const DELIVERY: &[&str] = &["interval_ms", "retain_seconds"];
/// `auto` is no [`Vantage`]: it is found out.
pub(super) const VANTAGES: &[&str] = &["auto", "edge", "idp-in", "idp-out", "rp-in", "rp-out", "rs-in"];

/// Bytes: least, default, most. Half is for bodies in flight, half for drafts and sealed batches.
pub(super) const MEMORY: (u64, u64, u64) = (256 << 10, 16 << 20, 512 << 20);
/// Keys that are tried on signatures, each second and VM: none, default, most.
pub(super) const SIGNATURE_CHECKS: (u32, u32, u32) = (0, 20, 10_000);
/// Every signature, and none.
pub(super) const CHECK_WORDS: &[&str] = &["all", "off"];
/// Seconds between two beats of a process: least, default, most.
pub(super) const BEAT_SECONDS: (u32, u32, u32) = (10, crate::pipeline::BEAT_SECONDS, 3_600);
/// Milliseconds between two looks at the queue: least, default, most.
pub(super) const INTERVAL_MS: (u32, u32, u32) = (50, 1_000, 60_000);
/// Seconds for which an undelivered batch is kept: least, default, most.
pub(super) const RETAIN_SECONDS: (u32, u32, u32) = (1, 900, 86_400);

/// The minor version of the configuration that this filter knows.
const MINOR: u32 = 0;
