# oidc-audit. `make` alone lists what there is. The only prerequisites: Rust by rustup, Python 3 with venv, make.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
# rustup's default place, where a shell that was open before its installation does not look.
export PATH := $(PATH):$(HOME)/.cargo/bin

# The module may not grow past this: it is compiled and held once per Envoy worker, on every start.
WASM_BUDGET := 1153433
WASM := target/wasm32-wasip1/release/oidc_audit.wasm
# Seconds of each fuzz target, and exchanges of the mutated traffic after them.
FUZZ_SECONDS ?= 60
MUTATED_REQUESTS ?= 100000

.PHONY: help demo test captures providers keycloak ci tools build wasm modules unsealed size bench evidence golden fuzz lint fmt clippy doc deny docs-check envoy-check dist clean

help: ## What there is to make
	@echo "oidc-audit: the flight recorder for OpenID Connect"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$'\t' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

demo: tools wasm build ## A real login through a real Envoy, read as a timeline (MINIMAL=1, KEEP=1)
	@$(PYTHON) demo/run.py $(if $(MINIMAL),--minimal) $(if $(KEEP),--keep)

test: tools wasm modules build ## All tests: native, in wasmi, in real Envoys
	rm -rf target/corpus
	cargo test --workspace --locked
	@$(PYTHON) tools/corpus.py
	@$(PYTHON) tests/providers/scenario.py oidc-provider

captures: $(if $(DIR),tools wasm) ## Captured traffic of real providers through the filter (DIR=…/captures; exits 77 without)
	@$(PYTHON) tests/captures/run.py "$(DIR)"

providers: tools wasm build ## One scenario against oidc-provider, Spring and Keycloak (exits 77 without Java and Maven)
	@$(PYTHON) tests/providers/scenario.py

keycloak: tools wasm build ## A real Keycloak's own event log against our records, by ids (exits 77 without Java and Maven)
	@$(PYTHON) tests/providers/keycloak_log.py

ci: ## Everything that must hold before a change is merged, with the seconds of each stage
	@$(PYTHON) tools/ci.py

tools: ## Envoy, Node.js, npm packages and the Rust toolchain, into .tools/
	@$(PYTHON) tools/bootstrap.py

build: tools ## The native tool (target/debug/oidc-audit)
	cargo build --locked -p oidc-audit-cli

wasm: tools ## The filter (target/wasm32-wasip1/release/oidc_audit.wasm)
	@# One crate type: cargo optimises across crates only what is not a Rust library too.
	cargo rustc --locked --release --target wasm32-wasip1 -p oidc-audit --lib --crate-type cdylib
	@$(PYTHON) tools/optimise.py $(dir $(WASM))deps/$(notdir $(WASM)) $(WASM)

modules: tools ## The modules that tests and benches compare ours with
	cargo build --locked --release --target wasm32-wasip1 -p oidc-audit-test-modules --examples

unsealed: tools # The filter without sealing, for `make bench`
	RUSTFLAGS="--cfg unsealed" cargo rustc --locked --release --target wasm32-wasip1 --target-dir target/unsealed -p oidc-audit --lib --crate-type cdylib
	@$(PYTHON) tools/optimise.py target/unsealed/wasm32-wasip1/release/deps/$(notdir $(WASM)) $(dir $(WASM))examples/unsealed.wasm

size: wasm ## The filter's size, against its budget
	@$(PYTHON) tools/size.py $(WASM) $(WASM_BUDGET)

bench: tools wasm modules unsealed ## What the filter costs a real Envoy, as ratios with thresholds
	cargo test --locked -q -p oidc-audit --test wasm an_unrelated_request -- --nocapture
	cargo run --locked --release -p oidc-audit-bench

evidence: tools wasm build ## What evidence and privacy must show, each with its figure (TAMPER_CASES=10000, KILLS=200, PRIVACY_EXCHANGES=100000)
	@$(PYTHON) tools/evidence.py

golden: tools ## Rewrites expected records, schemas and the README's timeline; review the difference as API
	GOLDEN=1 cargo test --locked -p oidc-audit --lib --test golden --test docs
	GOLDEN=1 cargo test --locked -p oidc-audit --test coverage
	GOLDEN=1 cargo test --locked -p oidc-audit --test privacy the_page
	GOLDEN=1 cargo test --locked -p oidc-audit --test tamper the_export
	GOLDEN=1 cargo test --locked -p oidc-audit-cli --bin oidc-audit --test findings --test timeline --test verify
	$(MAKE) demo
	$(PYTHON) tools/readme.py

fuzz: tools wasm build ## Mutated input into every parser, and mutated traffic through Envoy (FUZZ_SECONDS=60 each, MUTATED_REQUESTS=100000)
	cargo run --locked --profile fuzz -p oidc-audit-fuzz -- --seconds $(FUZZ_SECONDS)
	MUTATED_REQUESTS=$(MUTATED_REQUESTS) cargo test --locked -p oidc-audit --test mutated

lint: fmt clippy doc ## Formatting, clippy (native and wasm), documentation

fmt: tools
	cargo fmt --all --check

clippy: tools
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked -p oidc-audit --lib --target wasm32-wasip1 -- -D warnings

doc: tools
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

deny: ## Licences, sources and advisories of dependencies (exits 77 where cargo-deny is missing)
	@$(PYTHON) tools/deny.py

docs-check: ## Links, line counts, and what documents and code must agree on
	@$(PYTHON) tools/check_docs.py

envoy-check: tools wasm build ## Every file in envoy/ is loaded by Envoy or by `oidc-audit check`
	@$(PYTHON) tools/check_envoy.py

dist: wasm ## What a release holds: the module, the tool and their digests, in dist/
	cargo build --locked --profile dist -p oidc-audit-cli
	rm -rf dist && mkdir dist && cp $(WASM) target/dist/oidc-audit dist/
	cd dist && sha256sum oidc_audit.wasm oidc-audit > SHA256SUMS && cat SHA256SUMS

clean: ## Removes what was built and brought
	rm -rf target dist .tools .demo demo/node_modules
