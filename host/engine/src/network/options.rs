//! How a network is to be built.

use std::fmt;
use std::str::FromStr;

use tch::{Device, Kind};

/// How a network is to be built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Where it runs.
    pub device: Device,
    /// In which numbers it computes.
    pub precision: Precision,
    /// Whether its parameters are to be trained. Otherwise it is frozen, in evaluation mode, and lowered.
    pub trainable: bool,
    /// Which of the network's parameters the weights must have.
    pub check_weights: CheckWeights,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            device: Device::Cpu,
            precision: Precision::Fp32,
            trainable: false,
            check_weights: CheckWeights::All,
        }
    }
}

/// Which of the network's parameters the weights must have. Tensors that the network does not know are refused where they lie
/// beside used ones, in the same outermost module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckWeights {
    /// All, also those behind the deepest wanted layer, and no other.
    All,
    /// Those that the wanted layers need.
    Used,
}

/// In which numbers a network computes. Values at layers are float32 in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats throughout.
    Fp32,
    /// 32-bit floats, whose convolutions may use TensorFloat-32 on CUDA.
    Tf32,
    /// Weights and values as bfloat16.
    Bf16,
}

impl Precision {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Precision::Fp32 | Precision::Tf32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::Fp32 => "fp32",
            Precision::Tf32 => "tf32",
            Precision::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = super::NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Precision::Fp32, Precision::Tf32, Precision::Bf16]
            .into_iter()
            .find(|precision| precision.to_string() == text)
            .ok_or_else(|| super::NetworkError::Precision(text.to_owned()))
    }
}
