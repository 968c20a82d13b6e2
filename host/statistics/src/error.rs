//! What numbers can't be used for a statistic, and why.

/// Why a statistic can't be computed. Each text is a sentence for users.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatisticsError {
    /// Too few values.
    #[error("{what} needs at least {needed} values; there are {given}")]
    TooFew {
        /// What was to be computed.
        what: &'static str,
        /// How many it needs.
        needed: usize,
        /// How many there are.
        given: usize,
    },
    /// A value that is NaN or infinite.
    #[error("{what} needs finite numbers; number {position} (from 0) is {value}")]
    NotFinite {
        /// What was to be computed.
        what: &'static str,
        /// Where it stands.
        position: usize,
        /// What it is.
        value: f64,
    },
    /// Lists that belong together have different lengths.
    #[error("{what} needs lists of the same length; they have {first} and {second} values")]
    Lengths {
        /// What was to be computed.
        what: &'static str,
        /// Length of the first one.
        first: usize,
        /// Length of another one.
        second: usize,
    },
    /// All values are the same, where the statistic is about how they vary.
    #[error("{what} is not defined: all values are {value}")]
    Constant {
        /// What was to be computed.
        what: &'static str,
        /// The one value.
        value: f64,
    },
    /// A parameter outside of its range.
    #[error("{name} is {value}; it must be {range}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// The bootstrap's values all lie on one side of the estimate, so that its bias can't be corrected.
    #[error(
        "the bias of the estimate {estimate} can't be corrected: all resamples lie on one side of it; \
         use the percentile interval"
    )]
    OneSided {
        /// The statistic of the values themselves.
        estimate: f64,
    },
}
