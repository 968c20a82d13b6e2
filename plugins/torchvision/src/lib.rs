//! Torchvision's classification networks as loss networks.
