//! The contract between lossnet and its plugins: component traits, export macro, stable ABI.
