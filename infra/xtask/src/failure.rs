//! What went wrong, in words for the person at the keyboard.

use std::fmt;

/// Why a command stopped: a sentence that says what happened and what to do next.
#[derive(Debug)]
pub struct Failure(String);

/// What every step of every command returns.
pub type Done<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with its sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when an operating system or parser error came.
pub trait While<T> {
    /// Turns the error into a [`Failure`] that begins with `what`, such as "could not read template.yaml".
    ///
    /// # Errors
    /// The same error, in words.
    fn or_say(self, what: impl fmt::Display) -> Done<T>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn or_say(self, what: impl fmt::Display) -> Done<T> {
        self.map_err(|error| Failure::new(format!("{what}: {error}")))
    }
}
