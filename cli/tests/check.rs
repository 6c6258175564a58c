#![cfg(test)]
//! `oidc-audit check` and `keygen` as a person or a pipeline runs them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use process::{folder, oidc_audit, output, text};

mod process;

#[test]
fn a_sound_configuration_is_ok() {
    let checked = check(&["--no-env", fixture("plugin.json").to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    assert!(checked.out.ends_with("plugin configuration: ok\n"), "{}", checked.out);
}

#[test]
fn every_mistake_is_told_at_once_by_pointer_and_never_with_its_value() {
    let checked = check(&["--no-env", fixture("three-mistakes.json").to_str().unwrap()]);
    assert_eq!(checked.code, 2);
    for pointer in
        ["/issuers/0/isuer: is unknown; did you mean `issuer`?", "/issuers/0/issuer: is missing", "/sinks/0/timeout_ms"]
    {
        assert!(checked.out.contains(pointer), "{pointer} not in {}", checked.out);
    }
    assert!(!checked.out.contains("hunter2"));
}

#[test]
fn what_is_no_json_is_told_by_its_place() {
    let broken = changed("plugin.json", &[("\"issuers\":", "\"issuers\"")]);
    let checked = check(&["--no-env", broken.to_str().unwrap()]);
    assert_eq!(checked.code, 2);
    assert!(checked.out.contains("configuration: is not JSON from line 2, column"), "{}", checked.out);
}

#[test]
fn the_plugin_of_a_bootstrap_is_found_and_sound() {
    let checked = json(&["--no-env", fixture("bootstrap.yaml").to_str().unwrap()]);
    let pointer = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config";
    assert_eq!(checked["plugins"][0]["place"], pointer);
    assert_eq!((&checked["ok"], &checked["plugins"][0]["warnings"]), (&Value::Bool(true), &Value::Array(Vec::new())));
}

#[test]
fn every_weakness_of_a_cluster_is_an_error() {
    let san = "            match_typed_subject_alt_names:\n            - { san_type: DNS, matcher: { exact: log.example.com } }\n";
    let trusted = "            trusted_ca: { filename: /etc/envoy/ca.pem }\n";
    let local = "address: 127.0.0.1, port_value: 8080";
    let cases = [
        (san, "", "does not check whose certificate it is"),
        (trusted, "", "there is no trusted_ca"),
        ("name: audit_log\n", "name: audit-log\n", "is not defined here"),
        (trusted, "            trust_chain_verification: ACCEPT_UNTRUSTED\n", "accepts untrusted certificates"),
        ("    transport_socket:\n", "    transport_sockets:\n", "is off loopback and has no TLS"),
        (local, "address: 10.0.0.1, port_value: 8080", "/issuers/0/cluster: is off loopback and has no TLS"),
    ];
    for (from, to, expected) in cases {
        let checked = check(&["--no-env", changed("bootstrap.yaml", &[(from, to)]).to_str().unwrap()]);
        assert_eq!(checked.code, 2, "{expected}: {}", checked.out);
        assert!(checked.out.contains(expected), "{expected} not in {}", checked.out);
    }
}

#[test]
fn what_works_and_should_be_known_is_a_warning() {
    let cases = [
        ("fail_open: true", "fail_open: false", "failure_policy: is not set"),
        ("http2_protocol_options: {}", "http_protocol_options: {}", "speaks HTTP/1.1"),
        (
            "{ host_env_keys: [LOG_TOKEN] }",
            "{ key_values: { LOG_TOKEN: hunter2-hunter2 } }",
            "/sinks/0/bearer/env: its value stands in this file",
        ),
        (
            "\"bearer\": { \"env\": \"LOG_TOKEN\" } }]",
            "\"bearer\": { \"inline\": \"hunter2-hunter2\" } }], \"insecure_inline\": true",
            "/sinks/0/bearer/inline: a secret stands in the configuration itself",
        ),
    ];
    for (from, to, expected) in cases {
        let checked = check(&["--no-env", changed("bootstrap.yaml", &[(from, to)]).to_str().unwrap()]);
        assert_eq!(checked.code, 0, "{expected}: {}", checked.out);
        assert!(checked.out.contains(expected), "{expected} not in {}", checked.out);
        assert!(!checked.out.contains("hunter2"));
    }
}

#[test]
fn a_struct_is_told_to_be_a_string_value() {
    let bootstrap = fs::read_to_string(fixture("bootstrap.yaml")).unwrap();
    let (before, rest) = bootstrap.split_once("                configuration:\n").unwrap();
    let after = rest.split_once("          - name: envoy.filters.http.router").unwrap().1;
    let configuration = concat!(
        "                configuration:\n",
        "                  \"@type\": type.googleapis.com/google.protobuf.Struct\n",
        "                  value: { issuers: [] }\n",
        "          - name: envoy.filters.http.router"
    );
    let path = folder().join("struct.yaml");
    fs::write(&path, format!("{before}{configuration}{after}")).unwrap();
    let checked = check(&["--no-env", path.to_str().unwrap()]);
    assert_eq!(checked.code, 2);
    assert!(checked.out.contains("use StringValue"), "{}", checked.out);
}

#[test]
fn a_variable_must_reach_the_vm_and_hold_something() {
    let not_passed = changed("bootstrap.yaml", &[("{ host_env_keys: [LOG_TOKEN] }", "{ host_env_keys: [OTHER] }")]);
    let checked = check(&["--no-env", not_passed.to_str().unwrap()]);
    assert!(
        checked.out.contains("/sinks/0/bearer/env: names a variable that is not passed to the VM"),
        "{}",
        checked.out
    );

    let bootstrap = fixture("bootstrap.yaml");
    let unset = check(&[bootstrap.to_str().unwrap()]);
    assert_eq!(unset.code, 2);
    assert!(unset.out.contains("/sinks/0/bearer/env: names an environment variable that is not set"), "{}", unset.out);
    assert!(unset.err.contains("--no-env"), "{}", unset.err);

    let file = folder().join("env");
    fs::write(&file, "# comment\nexport LOG_TOKEN=\"0123456789abcdef\"\n").unwrap();
    let given = check(&["--env-file", file.to_str().unwrap(), bootstrap.to_str().unwrap()]);
    assert_eq!(given.code, 0, "{}", given.out);
}

#[test]
fn a_config_dump_shows_one_plugin_once_and_its_clusters() {
    let documents: Value = serde_saphyr::from_str(&fs::read_to_string(fixture("bootstrap.yaml")).unwrap()).unwrap();
    let listener = &documents["static_resources"]["listeners"][0];
    let [idp, log] = [0, 1].map(|index| &documents["static_resources"]["clusters"][index]);
    let dump = serde_json::json!({"configs": [
        {"bootstrap": {"node": {"id": "router~10.0.0.1~gw.istio~cluster.local"}, "dynamic_resources": {"ads_config": {}}}},
        {"static_clusters": [{"cluster": idp}], "dynamic_active_clusters": [{"cluster": log}]},
        {"static_listeners": [{"listener": listener}, {"listener": listener}]},
    ]});
    let path = folder().join("dump.json");
    fs::write(&path, dump.to_string()).unwrap();
    let checked = json(&["--no-env", "--coverage", path.to_str().unwrap()]);
    assert_eq!(checked["plugins"].as_array().unwrap().len(), 1);
    assert_eq!((&checked["plugins"][0]["count"], &checked["ok"]), (&Value::from(2), &Value::Bool(true)));
    assert_eq!(checked["plugins"][0]["coverage"][0]["because"], "a gateway that serves the issuer's authority");
}

#[test]
fn a_wasm_plugin_is_judged_with_the_manifests_beside_it() {
    let sound = check(&["--no-env", fixture("wasmplugin.yaml").to_str().unwrap()]);
    assert_eq!(sound.code, 0, "{}", sound.out);
    assert!(sound.out.contains("WasmPlugin oidc-audit: ok  at document 2 /spec"), "{}", sound.out);
    let cases = [
        (", subjectAltNames: [log.example.com]", "", "does not check whose certificate it is", 2),
        ("caCertificates: /etc/ssl/certs/ca.pem, ", "", "names no certificate authority", 2),
        ("kind: DestinationRule", "kind: Other", "is outside the mesh and has no TLS", 2),
        ("outbound|443||log.example.com", "outbound|80||log.audit.svc.cluster.local", "cannot be seen here", 0),
        ("  failStrategy: FAIL_OPEN\n", "", "failStrategy: is not set", 0),
        ("pluginConfig:\n", "pluginConfig:\n    isuers: []\n", "/isuers: is unknown", 2),
    ];
    for (from, to, expected, code) in cases {
        let checked = check(&["--no-env", changed("wasmplugin.yaml", &[(from, to)]).to_str().unwrap()]);
        assert_eq!(checked.code, code, "{expected}: {}", checked.out);
        assert!(checked.out.contains(expected), "{expected} not in {}", checked.out);
    }
}

#[test]
fn coverage_says_what_is_seen_where_and_why() {
    let sidecars = check(&["--no-env", "--coverage", fixture("wasmplugin.yaml").to_str().unwrap()]);
    let expected = "
  https://idp.example.com  idp-in (inbound, in the provider's sidecar)
    authorization requests            yes   they arrive at the authorization endpoint
    token issuance and refresh        yes   at the token endpoint; implicit and hybrid ones in the authorization response
    ID token claims and identity      yes   ID tokens where they are issued, and userinfo
    failed authentication and errors  part  every OAuth error and refused client; not a wrong password in a login form: that is no OAuth message
    logout                            yes   at the end-session endpoint

  https://idp.example.com  rp-out (outbound, in a client's sidecar)
    authorization requests            no    the browser goes to the provider directly, past this proxy
    token issuance and refresh        yes   the client's token requests pass here
    ID token claims and identity      yes   ID tokens in token responses, and userinfo
    failed authentication and errors  part  errors of the token endpoint and refused clients; failed logins stay between browser and provider
    logout                            no    the browser goes to the end-session endpoint directly
    nothing of it if the client opens TLS to the provider itself: let it speak plain HTTP to this proxy, and this proxy open TLS
";
    assert!(sidecars.out.ends_with(expected), "{}", sidecars.out);

    let elsewhere = changed("bootstrap.yaml", &[("\"idp.example.com\", \"idp.example.com:*\"", "app.example.com")]);
    let blind = json(&["--no-env", "--coverage", elsewhere.to_str().unwrap()]);
    let covered = &blind["plugins"][0]["coverage"][0];
    assert_eq!((&covered["vantage"], &covered["sees"][0]["seen"]), (&Value::from("none"), &Value::from("no")));
}

#[test]
fn other_plugins_are_left_alone_and_one_can_be_chosen() {
    let other = changed(
        "bootstrap.yaml",
        &[("name: oidc-audit", "name: other"), ("oidc_audit.wasm", "x.wasm"), ("\"issuers\"", "\"isuers\"")],
    );
    let nothing = check(&["--no-env", other.to_str().unwrap()]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.err.contains("holds no oidc-audit plugin") && nothing.err.contains("1 other"), "{}", nothing.err);
    let chosen = check(&["--no-env", "--plugin", "other", other.to_str().unwrap()]);
    assert!(chosen.out.contains("/isuers: is unknown"), "{}", chosen.out);
}

#[test]
fn files_that_are_nothing_are_told_so_without_their_content() {
    let dir = folder();
    let path = dir.join("broken.yaml");
    fs::write(&path, "a: [hunter2\nb: }\n").unwrap();
    let broken = check(&[path.to_str().unwrap()]);
    assert_eq!(broken.code, 2);
    assert!(broken.err.contains("is neither JSON nor YAML from line"), "{}", broken.err);
    assert!(!broken.err.contains("hunter2"));
    let missing = check(&[dir.join("missing").to_str().unwrap()]);
    assert!(missing.err.contains("no such file or directory"), "{}", missing.err);
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let hostile = changed(
        "bootstrap.yaml",
        &[("name: oidc-audit\n                fail", "name: \"oidc-audit\\e[2J\\u202e\"\n                fail")],
    );
    let checked = check(&["--no-env", "--color", "always", hostile.to_str().unwrap()]);
    assert!(checked.out.contains("oidc-audit\\u{1b}[2J\\u{202e}"), "{}", checked.out);
}

#[test]
fn keys_that_keygen_makes_pass_check() {
    let dir = folder();
    let made: Value = serde_json::from_slice(&output(&["keygen", "--json"]).stdout).unwrap();
    let mut configuration: Value = serde_json::from_str(&fs::read_to_string(fixture("plugin.json")).unwrap()).unwrap();
    configuration["keys"] = made["keys"].clone();
    let path = dir.join("plugin.json");
    fs::write(&path, configuration.to_string()).unwrap();
    let mut command = oidc_audit(&["check", path.to_str().unwrap()]);
    for (name, value) in made["env"].as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    let checked = command.env("LOG_TOKEN", "0123456789abcdef").output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    assert_ne!(made["env"]["OIDC_AUDIT_JOIN_KEY"], made["env"]["OIDC_AUDIT_PSEUDONYM_KEY"]);
}

#[test]
fn keygen_makes_a_trust_file_of_the_public_part_alone() {
    let made: Value = serde_json::from_slice(&output(&["keygen", "--json"]).stdout).unwrap();
    assert_eq!(made["trust"]["schema"], "oidc-audit-trust/1");
    let key = made["trust"]["keys"][0].as_object().unwrap();
    assert_eq!(key.keys().collect::<Vec<_>>(), ["crv", "kid", "kty", "not_before", "x"]);
    let public = oidc_audit::record::evidence::PublicKey::parse(key["x"].as_str().unwrap()).unwrap();
    assert_eq!(key["kid"], public.thumbprint().to_string());
    for secret in made["env"].as_object().unwrap().values() {
        assert!(!made["trust"].to_string().contains(secret.as_str().unwrap()));
    }
    let shown = text(&output(&["keygen"]).stdout).to_owned();
    assert!(shown.contains("OIDC_AUDIT_SIGNING_KEY=") && shown.contains("oidc-audit-trust/1"), "{shown}");
}

#[test]
fn keygen_writes_a_private_file_and_never_overwrites_one() {
    let path = folder().join("keys");
    let args = ["keygen", "--env", "--out", path.to_str().unwrap()];
    assert_eq!(output(&args).status.code(), Some(0));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let first = fs::read_to_string(&path).unwrap();
    let again = output(&args);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("keys are never overwritten"), "{}", text(&again.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), first);
}

struct Checked {
    code: i32,
    out: String,
    err: String,
}

fn check(args: &[&str]) -> Checked {
    let output = output(&[&["check"], args].concat());
    let (out, err) = (text(&output.stdout).to_owned(), text(&output.stderr).to_owned());
    Checked { code: output.status.code().unwrap(), out, err }
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&check(&[&["--json"], args].concat()).out).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/check").join(name)
}

/// A fixture with each text replaced that must be in it.
fn changed(name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let mut content = fs::read_to_string(fixture(name)).unwrap();
    for (from, to) in changes {
        assert!(content.contains(from), "{from:?} is not in {name}");
        content = content.replace(from, to);
    }
    let path = folder().join(name);
    fs::write(&path, content).unwrap();
    path
}
