//! How two images' features are compared: spatial, mean, sort.
