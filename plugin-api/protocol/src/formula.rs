//! Values for parameters that are not read from a file: a formula of seed and parameter name, with the same
//! bits on every machine and in every language.
//!
//! It serves `random:SEED` weights, and tests against other implementations, which then need no stored weights.
//! Only 64-bit integer arithmetic, `+`, `*`, `/` and `sqrt` occur, all of which IEEE 754 rounds correctly.
//! The twin in Python is `plugins/torchvision/tests/golden/formula.py`.

/// One over 2^23: scales 24-bit integers to a range of length 2, without rounding.
const STEP: f32 = 1.0 / 8_388_608.0;

/// The golden ratio's fraction times 2^64, the increment of SplitMix64.
pub const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// `count` values, evenly distributed in [-1, 1), in a stream of its own for each seed and name.
///
/// The stream is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014), begun at the mixed seed xor the name's FNV-1a hash; each value is the upper 24 bits of a number.
pub fn uniform(seed: u64, name: &str, count: usize) -> impl Iterator<Item = f32> + use<> {
    let mut state = mix(seed.wrapping_add(INCREMENT)) ^ fnv1a(name);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(INCREMENT);
        (mix(state) >> 40) as f32 * STEP - 1.0
    })
    .take(count)
}

/// Values of the parameter or buffer `name` (its full dotted name) with this shape, in row-major order.
///
/// | kind | how it is told | values |
/// |---|---|---|
/// | depthwise kernel | rank 4, second size 1 | uniform around 0 with variance 2 / (inputs of one output) |
/// | other kernel or matrix | rank 2 or more | uniform around 0 with variance 1.2 / (inputs of one output) |
/// | scale of a normalization, running variance | `weight`, `running_var` | uniform in [0.8, 1.2) |
/// | count of batches | `num_batches_tracked` | 0 |
/// | bias of a gate in torchvision's squeeze-and-excitation | `fc2.bias` | uniform in [0.9, 1.1) |
/// | other bias, running mean | all others | uniform in [-0.1, 0.1) |
///
/// So the statistics of batch normalizations are not trivial. The variance lies between 1 / inputs, which keeps
/// linear layers' scale, and 2 / inputs, which keeps that of layers with a ReLU (He et al., arXiv 1502.01852):
/// with 2, the fixed statistics of very deep residual networks let values grow beyond 1e9; with 1, plain deep
/// networks let the image fade. EfficientNets would lose it even so, in the many blocks whose gates halve what
/// passes: hence gates that begin rather open, and larger depthwise kernels; still larger ones would make the
/// deepest networks amplify rounding. A dimension below zero counts as zero.
pub fn parameter_values(seed: u64, name: &str, shape: &[i64]) -> Vec<f32> {
    let size = |dimensions: &[i64]| dimensions.iter().map(|&size| size.max(0) as usize).product::<usize>();
    let kind = name.rsplit('.').next().unwrap_or(name);
    // A uniform distribution's reach is the root of three times its variance.
    let kernel = |variance: f64| (3.0 * variance / size(&shape[1..]).max(1) as f64).sqrt() as f32;
    let (middle, reach) = match kind {
        _ if matches!(shape, [_, 1, _, _]) => (0.0, kernel(2.0)),
        _ if shape.len() >= 2 => (0.0, kernel(1.2)),
        "weight" | "running_var" => (1.0, 0.2),
        "num_batches_tracked" => (0.0, 0.0),
        "bias" if name.ends_with("fc2.bias") => (1.0, 0.1),
        _ => (0.0, 0.1_f32),
    };
    uniform(seed, name, size(shape)).map(|value| middle + reach * value).collect()
}

/// The FNV-1a hash of a name (Fowler, Noll and Vo, 64 bits).
pub fn fnv1a(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The output function of SplitMix64.
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
