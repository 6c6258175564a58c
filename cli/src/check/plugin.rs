//! Where our plugin is in a document, and what it is given: configuration, environment, failure policy.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::tree::{any_type, list, member, objects, of_type, path, text};

/// One place where the plugin is configured.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    /// For a person: a name, or the kind of file.
    pub(crate) name: String,
    /// JSON pointer into the document; empty for a file that is the configuration itself.
    pub(crate) pointer: String,
    pub(crate) configuration: Configuration,
    pub(crate) environment: Environment,
    pub(crate) failure: FailurePolicy,
    pub(crate) site: Site,
    /// The same plugin, configured alike, once more (for each listener of a `config_dump`).
    pub(crate) copies: usize,
}

/// The bytes that the filter will be given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Configuration {
    Bytes(Vec<u8>),
    /// A message of another type than `StringValue`, which reaches the filter as protobuf bytes.
    NotText,
}

/// What the VM's environment will hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Environment {
    /// Whether that can be known: not from a bare configuration.
    pub(crate) known: bool,
    /// Names taken from the proxy's own environment.
    pub(crate) from_host: BTreeSet<String>,
    /// Values that stand in the file.
    pub(crate) inline: BTreeMap<String, String>,
}

/// What happens to traffic when the module fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FailurePolicy {
    Closed,
    /// Chosen by saying nothing.
    ClosedByDefault,
    /// Traffic goes on.
    Open,
    Reload,
    Unknown,
}

/// Where it runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Site {
    /// A file that says nothing of it.
    Bare,
    /// Envoy itself or Envoy Gateway.
    Envoy,
    IstioGateway,
    /// Sidecars, for the directions that are matched.
    IstioSidecar {
        client: bool,
        server: bool,
    },
}

/// Every place where our plugin is configured in one document. `named` chooses by name or root id instead.
pub(crate) fn find(document: &Value, named: Option<&str>) -> Found {
    let candidates = match text(document, &["kind"]) {
        Some("EnvoyExtensionPolicy") => envoy_gateway(document),
        Some("TrafficExtension") => istio(document, "/spec/wasm", path(document, &["spec", "wasm"])),
        Some("WasmPlugin") => istio(document, "/spec", member(document, "spec")),
        _ => envoy(document),
    };
    let others = candidates.len();
    let ours: Vec<_> = candidates.into_iter().filter(|candidate| candidate.is_ours(named)).collect();
    Found { others: others.saturating_sub(ours.len()), plugins: merged(ours) }
}

/// What [`find`] found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) plugins: Vec<Plugin>,
    /// Wasm plugins that are not ours.
    pub(crate) others: usize,
}

/// Whether a document is no deployment but the configuration itself.
pub(crate) fn is_bare(document: &Value) -> bool {
    let deployment = [
        "@type",
        "admin",
        "apiVersion",
        "bootstrap",
        "configs",
        "dynamic_resources",
        "kind",
        "resources",
        "static_resources",
    ];
    document.is_object() && deployment.iter().all(|name| member(document, name).is_none())
}

/// A file that is the configuration itself.
pub(crate) fn bare(bytes: Vec<u8>) -> Plugin {
    Plugin {
        name: "plugin configuration".to_owned(),
        pointer: String::new(),
        configuration: Configuration::Bytes(bytes),
        environment: Environment::default(),
        failure: FailurePolicy::Unknown,
        site: Site::Bare,
        copies: 0,
    }
}

struct Candidate {
    plugin: Plugin,
    /// Everything that may name it: name, root id, VM id, file, URL.
    names: Vec<String>,
}

impl Candidate {
    fn is_ours(&self, named: Option<&str>) -> bool {
        match named {
            Some(named) => self.names.iter().any(|name| name == named),
            None => self.names.iter().any(|name| is_our_name(name)) || self.plugin.configuration.looks_like_ours(),
        }
    }
}

impl Configuration {
    fn of_any(any: Option<&Value>) -> Self {
        let Some(any) = any else { return Self::Bytes(Vec::new()) };
        let value = text(any, &["value"]).unwrap_or_default();
        match any_type(any) {
            Some("google.protobuf.BytesValue") => Self::Bytes(STANDARD.decode(value).unwrap_or_default()),
            Some("google.protobuf.StringValue") => Self::Bytes(value.as_bytes().to_vec()),
            _ => Self::NotText,
        }
    }

    /// Istio and Envoy Gateway write the object as compact JSON into a `StringValue`; without one there is none.
    fn of_object(object: Option<&Value>) -> Self {
        Self::Bytes(object.map(ToString::to_string).unwrap_or_default().into_bytes())
    }

    /// As JSON, as far as it is.
    pub(crate) fn value(&self) -> Option<Value> {
        match self {
            Self::Bytes(bytes) => serde_json::from_slice(bytes).ok(),
            Self::NotText => None,
        }
    }

    fn looks_like_ours(&self) -> bool {
        self.value().is_some_and(|value| value.get("issuers").is_some() && value.get("sinks").is_some())
    }
}

fn is_our_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    plain.to_ascii_lowercase().contains("oidcaudit")
}

/// A bootstrap, a `config_dump`, an xDS resource, an `EnvoyFilter`: wherever an HTTP Wasm filter stands.
fn envoy(document: &Value) -> Vec<Candidate> {
    let istio_node = text(document, &["node", "id"]).or_else(|| dumped_node(document)).unwrap_or_default();
    let found = objects(document).into_iter().filter_map(|(pointer, object)| {
        let config = member(of_type(object, WASM)?, "config")?;
        let site = match istio_node.split('~').next() {
            Some("router") => Site::IstioGateway,
            Some("sidecar") => Site::IstioSidecar { client: true, server: true },
            _ => Site::Envoy,
        };
        Some(envoy_plugin(pointer, config, site))
    });
    found.collect()
}

fn envoy_plugin(pointer: String, config: &Value, site: Site) -> Candidate {
    let code = ["filename", "inline_string"]
        .into_iter()
        .filter_map(|form| text(config, &["vm_config", "code", "local", form]));
    let remote = text(config, &["vm_config", "code", "remote", "http_uri", "uri"]);
    let ids =
        [&["name"][..], &["root_id"], &["vm_config", "vm_id"]].into_iter().filter_map(|names| text(config, names));
    let names: Vec<_> = ids.chain(code).chain(remote).map(str::to_owned).collect();
    let variables = path(config, &["vm_config", "environment_variables"]);
    let environment = Environment {
        known: true,
        from_host: variables
            .map(|v| list(v, &["host_env_keys"]))
            .unwrap_or_default()
            .iter()
            .filter_map(as_text)
            .collect(),
        inline: variables.and_then(|v| member(v, "key_values")).map(texts).unwrap_or_default(),
    };
    let plugin = Plugin {
        name: text(config, &["name"]).or_else(|| text(config, &["root_id"])).unwrap_or("Wasm filter").to_owned(),
        pointer,
        configuration: Configuration::of_any(member(config, "configuration")),
        environment,
        failure: envoy_failure(config),
        site,
        copies: 0,
    };
    Candidate { plugin, names }
}

fn envoy_failure(config: &Value) -> FailurePolicy {
    if member(config, "fail_open").and_then(Value::as_bool) == Some(true) {
        return FailurePolicy::Open;
    }
    match member(config, "failure_policy").map(|policy| policy.as_str().unwrap_or_default()) {
        None | Some("UNSPECIFIED") => FailurePolicy::ClosedByDefault,
        Some("FAIL_CLOSED") => FailurePolicy::Closed,
        Some("FAIL_OPEN") => FailurePolicy::Open,
        Some("FAIL_RELOAD") => FailurePolicy::Reload,
        Some(_) => FailurePolicy::Unknown,
    }
}

fn dumped_node(document: &Value) -> Option<&str> {
    list(document, &["configs"]).iter().find_map(|config| text(config, &["bootstrap", "node", "id"]))
}

/// `WasmPlugin` and `TrafficExtension`; both keep selector and match in `spec`.
fn istio(document: &Value, pointer: &str, wasm: Option<&Value>) -> Vec<Candidate> {
    let (Some(wasm), Some(spec)) = (wasm, member(document, "spec")) else { return Vec::new() };
    let name = text(document, &["metadata", "name"]).unwrap_or("unnamed");
    let names = [Some(name), text(wasm, &["plugin_name"]), text(wasm, &["url"])];
    let mut environment = Environment { known: true, ..Environment::default() };
    for variable in list(wasm, &["vm_config", "env"]) {
        let Some(name) = text(variable, &["name"]).map(str::to_owned) else { continue };
        match text(variable, &["value_from"]) {
            Some("HOST") => drop(environment.from_host.insert(name)),
            _ => drop(environment.inline.insert(name, text(variable, &["value"]).unwrap_or_default().to_owned())),
        }
    }
    let failure = match text(wasm, &["fail_strategy"]) {
        None => FailurePolicy::ClosedByDefault,
        Some("FAIL_CLOSE") => FailurePolicy::Closed,
        Some("FAIL_OPEN") => FailurePolicy::Open,
        Some("FAIL_RELOAD") => FailurePolicy::Reload,
        Some(_) => FailurePolicy::Unknown,
    };
    let plugin = Plugin {
        name: format!("{} {name}", text(document, &["kind"]).unwrap_or_default()),
        pointer: pointer.to_owned(),
        configuration: Configuration::of_object(member(wasm, "plugin_config")),
        environment,
        failure,
        site: istio_site(spec),
        copies: 0,
    };
    vec![Candidate { plugin, names: names.into_iter().flatten().map(str::to_owned).collect() }]
}

fn istio_site(spec: &Value) -> Site {
    let gateway_label =
        text(spec, &["selector", "match_labels", "istio"]).is_some_and(|label| label.contains("gateway"));
    let targets = list(spec, &["target_refs"]).iter().chain(member(spec, "target_ref"));
    if gateway_label || targets.into_iter().any(|target| text(target, &["kind"]) == Some("Gateway")) {
        return Site::IstioGateway;
    }
    let modes: Vec<_> = list(spec, &["match"]).iter().filter_map(|traffic| text(traffic, &["mode"])).collect();
    let matches = |mode| modes.is_empty() || modes.iter().any(|found| *found == mode || *found == "CLIENT_AND_SERVER");
    Site::IstioSidecar { client: matches("CLIENT"), server: matches("SERVER") }
}

fn envoy_gateway(document: &Value) -> Vec<Candidate> {
    let entries = list(document, &["spec", "wasm"]).iter().enumerate();
    let found = entries.map(|(index, wasm)| {
        let name = text(wasm, &["name"]).unwrap_or("unnamed");
        let root = text(wasm, &["rootID"]);
        let image = text(wasm, &["code", "image", "url"]).or_else(|| text(wasm, &["code", "http", "url"]));
        let from_host = list(wasm, &["env", "host_keys"]).iter().filter_map(as_text).collect();
        let failure = match member(wasm, "fail_open").and_then(Value::as_bool) {
            None => FailurePolicy::ClosedByDefault,
            Some(false) => FailurePolicy::Closed,
            Some(true) => FailurePolicy::Open,
        };
        let plugin = Plugin {
            name: format!("EnvoyExtensionPolicy {name}"),
            pointer: format!("/spec/wasm/{index}"),
            configuration: Configuration::of_object(member(wasm, "config")),
            environment: Environment { known: true, from_host, inline: BTreeMap::new() },
            failure,
            site: Site::Envoy,
            copies: 0,
        };
        Candidate { plugin, names: [Some(name), root, image].into_iter().flatten().map(str::to_owned).collect() }
    });
    found.collect()
}

/// A `config_dump` shows one plugin in every listener that has it.
fn merged(candidates: Vec<Candidate>) -> Vec<Plugin> {
    let mut plugins: Vec<Plugin> = Vec::new();
    for Candidate { plugin, .. } in candidates {
        let same = plugins.iter_mut().find(|other| {
            other.name == plugin.name
                && other.configuration == plugin.configuration
                && other.environment == plugin.environment
                && other.failure == plugin.failure
        });
        match same {
            Some(other) => other.copies += 1,
            None => plugins.push(plugin),
        }
    }
    plugins
}

fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(object: &Value) -> BTreeMap<String, String> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
