//! The task metric: perceptual similarity on human judgements.
