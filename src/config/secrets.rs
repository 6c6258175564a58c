//! Secrets of a configuration: from the environment, or inline where that is allowed. What is read goes into custody at
//! once; a digest, a log line or a problem names the key id and the pointer, never the value.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::forms;
use super::problem::{ProblemKind, WarningKind};
use super::reader::{Members, Node, Report};
use crate::record::{KeyId, KeyRing, MAX_PREVIOUS, NamedKey};
use crate::secret::Secret;

/// What a VM's environment says to a name.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Where secrets come from, and those that stand in the configuration itself.
pub(super) struct Secrets<'a> {
    environment: &'a Environment<'a>,
    inline_allowed: bool,
    /// Pointers of inline secrets, in the order of the text.
    pub(super) inline: Vec<String>,
}

/// `keys`: the two rings, both or none, and with them the key that signs checkpoints, if there is one.
#[derive(Debug)]
pub(super) struct Rings {
    pub(super) join: KeyRing,
    pub(super) pseudonym: KeyRing,
    pub(super) signing: Option<NamedKey>,
}

impl<'a> Secrets<'a> {
    pub(super) fn new(environment: &'a Environment<'a>, inline_allowed: bool) -> Self {
        Self { environment, inline_allowed, inline: Vec::new() }
    }

    /// `keys`.
    pub(super) fn rings(&mut self, node: &Node<'_>, report: &mut Report) -> Option<Rings> {
        let members = node.members(KEYS, report)?;
        let signing = members.get("signing").and_then(|node| self.signing(&node, report));
        let [join, pseudonym] = RINGS.map(|name| {
            let ring = members.require(name, report)?;
            self.ring(&ring, report)
        });
        Some(Rings { join: join?, pseudonym: pseudonym?, signing })
    }

    /// `{"env": NAME}` or `{"inline": TEXT}`: a text that is sent as it is, such as a bearer token.
    pub(super) fn text(&mut self, node: &Node<'_>, report: &mut Report) -> Option<Secret<Zeroizing<String>>> {
        let members = node.members(SECRET, report)?;
        self.value(&members, report, "1 to 4096 visible characters", |text| {
            let fits = (1..=TEXT_LIMIT).contains(&text.len()) && forms::is_field_value(text);
            fits.then(|| Zeroizing::new(text.to_owned()))
        })
    }

    /// An inline secret that is not in the form of one: a plain text where a secret is usual.
    pub(super) fn plain(&mut self, node: &Node<'_>, report: &mut Report) {
        self.note_inline(&node.pointer, report);
    }

    /// An earlier key signs nothing any more: who verifies knows it from the trust file, and the filter need not have it.
    fn signing(&mut self, node: &Node<'_>, report: &mut Report) -> Option<NamedKey> {
        let members = node.members(SIGNING, report)?;
        let current = members.require("current", report);
        current.and_then(|key| self.key(&key, report))
    }

    fn ring(&mut self, node: &Node<'_>, report: &mut Report) -> Option<KeyRing> {
        let members = node.members(RING, report)?;
        let current = members.require("current", report);
        let current = current.and_then(|key| self.key(&key, report));
        let previous = members.get("previous").map(|node| node.entries(0, MAX_PREVIOUS, report)).unwrap_or_default();
        let previous: Vec<NamedKey> = previous.iter().filter_map(|key| self.key(key, report)).collect();
        let current = current?;
        let all = std::iter::once(&current.id).chain(previous.iter().map(|key| &key.id));
        let ids: Vec<&KeyId> = all.collect();
        if ids.iter().enumerate().any(|(i, id)| ids.iter().take(i).any(|earlier| earlier == id)) {
            report.problem(&node.pointer, ProblemKind::Expected("an id of its own for each key"));
        }
        Some(KeyRing { current, previous })
    }

    fn key(&mut self, node: &Node<'_>, report: &mut Report) -> Option<NamedKey> {
        let members = node.members(KEY, report)?;
        let id = members.require("id", report);
        let id = id.and_then(|id| {
            let expected = "1 to 8 characters of a-z and 0-9 that do not begin with `e`";
            KeyId::parse(id.text(8, expected, &|text: &str| KeyId::parse(text).is_ok(), report)?).ok()
        });
        let secret =
            self.value(&members, report, "32 bytes as base64url (43 characters; `oidc-audit keygen` makes one)", bytes);
        Some(NamedKey::new(id?, secret?))
    }

    /// The value of `env` or `inline`, whichever is given; both or none is a problem.
    fn value<T>(
        &mut self,
        members: &Members<'_>,
        report: &mut Report,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<Secret<T>> {
        match (members.get("env"), members.get("inline")) {
            (Some(env), None) => self.variable(&env, report, expected, read),
            (None, Some(inline)) => {
                self.note_inline(&inline.pointer, report);
                let text = inline.text(TEXT_LIMIT, expected, &|text: &str| read(text).is_some(), report)?;
                read(text).map(Secret::new)
            }
            _ => {
                report.problem(&members.pointer, ProblemKind::Expected("either `env` or `inline`"));
                None
            }
        }
    }

    fn variable<T>(
        &self,
        node: &Node<'_>,
        report: &mut Report,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<Secret<T>> {
        let name = node.text(128, "the name of an environment variable", &forms::is_variable, report)?;
        let Some(value) = (self.environment)(name).map(Zeroizing::new) else {
            report.problem(&node.pointer, ProblemKind::EnvUnset);
            return None;
        };
        // Files that are read into variables end in a line break.
        let secret = read(value.trim_end_matches(['\r', '\n']));
        if secret.is_none() {
            report.problem(&node.pointer, ProblemKind::EnvValue(expected));
        }
        secret.map(Secret::new)
    }

    fn note_inline(&mut self, pointer: &str, report: &mut Report) {
        if self.inline_allowed {
            report.warning(pointer, WarningKind::InlineSecret);
        } else {
            report.problem(pointer, ProblemKind::InlineSecret);
        }
        self.inline.push(pointer.to_owned());
    }
}

fn bytes(text: &str) -> Option<[u8; 32]> {
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?);
    decoded.as_slice().try_into().ok()
}

pub(super) const KEYS: &[&str] = &["join", "pseudonym", "signing"];
pub(super) const RINGS: [&str; 2] = ["join", "pseudonym"];
pub(super) const RING: &[&str] = &["current", "previous"];
pub(super) const SIGNING: &[&str] = &["current"];
pub(super) const KEY: &[&str] = &["id", "env", "inline"];
pub(super) const SECRET: &[&str] = &["env", "inline"];

const TEXT_LIMIT: usize = 4_096;
