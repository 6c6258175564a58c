#![cfg(test)]
//! Arrows point inward (docs/architecture.md): a layer names those below it and never those above.

use std::fs;
use std::path::{Path, PathBuf};

/// From the outside in. `lib.rs` belongs to none of them.
const LAYERS: &[&[&str]] = &[
    &["shell"],
    &["config"],
    &["pipeline"],
    &["record"],
    &["rules"],
    &["oauth"],
    &["body", "entropy", "http", "secret", "seen", "time"],
];

#[test]
fn no_layer_names_one_above_it() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let Some(height) = layer_of(&file) else { continue };
        let text = fs::read_to_string(&file).unwrap();
        for above in LAYERS.iter().take(height).flat_map(|names| names.iter()) {
            if names(&text, above) {
                wrong.push(format!("{} names {above}", file.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_module_of_the_library_has_a_layer() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .filter(|name| !LAYERS.iter().any(|layer| layer.contains(name)))
        .collect();
    assert_eq!(declared, Vec::<&str>::new());
}

#[test]
fn only_the_shell_names_the_host() {
    for file in sources(&root().join("src")) {
        let in_shell = file.components().any(|part| part.as_os_str() == "shell");
        let text = code(&fs::read_to_string(&file).unwrap());
        for crate_name in ["proxy_wasm", "log::", "getrandom"] {
            assert!(in_shell || !text.contains(crate_name), "{} names {crate_name}", file.display());
        }
        let may_be_unsafe = file.ends_with("shell/abi.rs");
        assert!(may_be_unsafe || !text.contains("unsafe "), "{} is unsafe", file.display());
    }
}

#[test]
fn files_stay_readable() {
    let root = root();
    for file in sources(&root.join("src")).into_iter().chain(sources(&root.join("cli/src"))) {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        assert!(lines <= LINES || file.ends_with("tests.rs"), "{} has {lines} lines", file.display());
    }
}

/// A habit is 400.
const LINES: usize = 450;

fn names(text: &str, module: &str) -> bool {
    let text = code(text);
    text.contains(&format!("crate::{module}")) || text.contains(&format!("super::super::{module}"))
}

/// The text without comments and doc comments: words there are no imports.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn layer_of(file: &Path) -> Option<usize> {
    let relative = file.strip_prefix(root().join("src")).unwrap();
    let first = relative.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| layer.contains(&first))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
