//! What is wrong with a claims file.

/// Why a claims file can't be used. Each text is a sentence for users.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// It can't be read.
    #[error("the claims {path} can't be read: {reason}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Something in it is wrong.
    #[error("{place}: {problem}")]
    Statement {
        /// File and line.
        place: String,
        /// What, and what to do about it.
        problem: String,
    },
}
