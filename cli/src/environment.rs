//! The one place that reads the environment.

/// The value of a variable; nothing where it is not set or not Unicode.
#[expect(clippy::disallowed_methods, reason = "the one place: everything else takes the environment as an argument")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
