//! The verdict on one plugin: what the filter itself would say of its configuration, and what only its surroundings show.

use oidc_audit::config::{self, HostFacts, ProblemKind};
use serde_json::Value;

use super::cluster::{Clusters, Weakness, speaks_http2, weaknesses};
use super::mesh::{Reached, reached};
use super::plugin::{Configuration, FailurePolicy, Plugin, Site};
use super::report::Checked;
use super::settings::{Called, Purpose, called, variables};
use super::variables::Values;

/// What surrounds a plugin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The document that the plugin is in.
    pub(crate) document: &'a Value,
    /// All documents of its file.
    pub(crate) documents: &'a [Value],
    pub(crate) values: &'a Values,
}

/// Everything that is wrong with a plugin, and what should be known of it.
pub(crate) fn judge(plugin: &Plugin, place: String, around: Surroundings<'_>) -> Checked {
    let mut checked = Checked {
        name: plugin.name.clone(),
        place,
        count: plugin.copies + 1,
        errors: Vec::new(),
        warnings: Vec::new(),
        misses_value: false,
        coverage: Vec::new(),
    };
    judge_text(plugin, around.values, &mut checked);
    if let Some(configuration) = plugin.configuration.value() {
        judge_variables(plugin, &configuration, &mut checked);
        for call in called(&configuration) {
            match plugin.site {
                Site::Bare => {}
                _ if is_manifest(around.document) => judge_service(&call, around.documents, &mut checked),
                _ => judge_cluster(&call, &Clusters::of(around.document), &mut checked),
            }
        }
    }
    judge_failure(plugin, &mut checked);
    checked
}

/// The same code as in the filter.
fn judge_text(plugin: &Plugin, values: &Values, checked: &mut Checked) {
    let Configuration::Bytes(text) = &plugin.configuration else {
        let what = "is a protobuf message and reaches the filter as bytes: use StringValue, with the JSON in `value`";
        checked.error("configuration", what);
        return;
    };
    let at = |pointer: &str| if pointer.is_empty() { "configuration".to_owned() } else { pointer.to_owned() };
    match config::parse(text, &|name| values.of(&plugin.environment, name), &HostFacts::default()) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| checked.warning(at(&warning.pointer), warning.kind.to_string()));
        }
        Err(rejected) => {
            rejected.problems.iter().for_each(|problem| checked.error(at(&problem.pointer), problem.kind.to_string()));
            checked.misses_value = rejected.problems.iter().any(|problem| problem.kind == ProblemKind::EnvUnset);
        }
    }
}

fn judge_variables(plugin: &Plugin, configuration: &Value, checked: &mut Checked) {
    let passed = &plugin.environment;
    for (pointer, name) in variables(configuration) {
        if passed.inline.contains_key(&name) {
            checked.warning(pointer, "its value stands in this file: take it from the environment of the proxy");
        } else if passed.known && !passed.from_host.contains(&name) {
            let how = match plugin.site {
                Site::IstioGateway | Site::IstioSidecar { .. } => "vmConfig.env with valueFrom: HOST",
                _ => "vm_config.environment_variables.host_env_keys",
            };
            checked.error(pointer, format!("names a variable that is not passed to the VM: list it in {how}"));
        }
    }
}

fn judge_cluster(call: &Called, clusters: &Clusters<'_>, checked: &mut Checked) {
    let Some(cluster) = clusters.named(&call.cluster) else {
        match clusters.open {
            true => {
                checked.warning(&call.pointer, "is not defined here; if it comes by CDS, check a config_dump instead")
            }
            false => checked.error(&call.pointer, Weakness::Undefined.text()),
        }
        return;
    };
    weaknesses(cluster).into_iter().for_each(|weakness| checked.error(&call.pointer, weakness.text()));
    if call.purpose == Purpose::Records && !speaks_http2(cluster) {
        let what = "speaks HTTP/1.1: with HTTP/2 one warm connection serves all batches, the last one at SIGTERM too; set \
                    http2_protocol_options";
        checked.warning(&call.pointer, what);
    }
}

fn judge_service(call: &Called, documents: &[Value], checked: &mut Checked) {
    match reached(documents, &call.cluster) {
        Reached::Safely => {}
        Reached::Unknown => {
            let what = "cannot be seen here: off this host it needs TLS that checks authority and name, inside an Istio \
                        mesh the mesh's own; check a config_dump of the proxy";
            checked.warning(&call.pointer, what);
        }
        Reached::Weakly(what) => checked.error(&call.pointer, what),
    }
}

fn judge_failure(plugin: &Plugin, checked: &mut Checked) {
    let manifest = matches!(plugin.site, Site::IstioGateway | Site::IstioSidecar { .. });
    let (name, open) = match manifest {
        true => ("failStrategy", "FAIL_OPEN"),
        false => ("failure_policy", "fail_open: true or failure_policy: FAIL_OPEN"),
    };
    match plugin.failure {
        FailurePolicy::ClosedByDefault => checked.warning(
            name,
            format!("is not set, and then a module that fails or cannot be loaded stops all traffic; set {open}, unless no traffic is better than unaudited traffic"),
        ),
        FailurePolicy::Reload if manifest => {
            checked.warning(name, "FAIL_RELOAD stops all traffic while the module cannot be fetched; FAIL_OPEN does not");
        }
        FailurePolicy::Closed | FailurePolicy::Open | FailurePolicy::Reload | FailurePolicy::Unknown => {}
    }
}

/// Kubernetes manifests define no Envoy clusters.
fn is_manifest(document: &Value) -> bool {
    document.get("apiVersion").is_some() && document.get("kind").is_some()
}
