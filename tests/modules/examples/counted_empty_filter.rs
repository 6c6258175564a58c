//! A filter that does nothing, its allocations counted.
#![cfg(target_family = "wasm")]

#[path = "empty.rs"]
mod empty;

#[global_allocator]
static ALLOCATOR: oidc_audit_test_modules::Counting = oidc_audit_test_modules::Counting;

/// How often memory was asked for.
#[expect(unsafe_code, reason = "an export")]
#[unsafe(no_mangle)]
pub extern "C" fn allocations() -> u64 {
    oidc_audit_test_modules::allocations()
}
