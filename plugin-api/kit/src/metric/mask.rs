//! Which values a dropout drops.

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, TchError, Tensor};

/// Zeros for a share of the values of features (N×C×H×W), ones for the others, each drawn on its own; as float32, on the
/// features' device and in the order in which they lie in memory, so that multiplying by it is one pass over both.
///
/// What is drawn depends on the state of libtorch's generator alone, which moves on. On the CPU that generator is asked for
/// a seed only: it would draw value by value in one thread, which took a seventh of a training step.
pub(super) fn dropout_mask(like: &Tensor, share: f64) -> Result<Tensor, TchError> {
    let [batch, channels, height, width] = like.size()[..] else {
        return Err(TchError::Shape(format!("features of shape {:?} are not N×C×H×W", like.size())));
    };
    let channels_last = like.stride()[1] == 1 && height * width > 1;
    let size =
        if channels_last { [batch, height, width, channels] } else { [batch, channels, height, width] };
    let mask = match like.device() {
        Device::Cpu => drawn(like.numel(), share)?.f_view(size)?,
        device => Tensor::f_empty(size, (Kind::Float, device))?.f_bernoulli_float_(1.0 - share)?,
    };
    if channels_last { mask.f_permute([0, 3, 1, 2]) } else { Ok(mask) }
}

fn drawn(count: usize, share: f64) -> Result<Tensor, TchError> {
    let seed = Tensor::f_randint(i64::MAX, [1], (Kind::Int64, Device::Cpu))?.f_int64_value(&[0])?;
    let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
    // A share of all 32-bit numbers.
    let dropped = (share * 4_294_967_296.0).round() as u64;
    let values: Vec<f32> =
        (0..count).map(|_| if u64::from(random.next_u32()) < dropped { 0.0 } else { 1.0 }).collect();
    Tensor::f_from_slice(&values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn masks_drop_their_share() {
        tch::manual_seed(1);
        let features = Tensor::zeros([8, 16, 20, 20], (Kind::Float, Device::Cpu));
        for share in [0.5, 0.2] {
            let mask = dropout_mask(&features, share).unwrap();
            // 51,200 draws: six standard deviations of their mean are at most 0.014.
            let dropped = mask.eq(0.0).to_kind(Kind::Double).mean(None).double_value(&[]);
            assert!((dropped - share).abs() < 0.014, "{dropped}");
            assert_eq!(mask.max().double_value(&[]), 1.0);
            // Samples, channels and positions are dropped on their own: no row or column goes as a whole.
            for dims in [[1i64, 2, 3], [0, 2, 3], [0, 1, 2]] {
                let means = mask.eq(0.0).to_kind(Kind::Double).mean_dim(dims.as_slice(), false, None);
                assert!((means - share).abs().max().double_value(&[]) < 0.1);
            }
        }
        assert_eq!(dropout_mask(&features, 1.0).unwrap().abs().max().double_value(&[]), 0.0);
    }

    #[test]
    fn masks_follow_libtorchs_generator_and_the_features_memory() {
        let features = Tensor::zeros([2, 3, 4, 5], (Kind::Float, Device::Cpu));
        let last = Tensor::zeros([2, 4, 5, 3], (Kind::Float, Device::Cpu)).permute([0, 3, 1, 2]);
        let draw = |like: &Tensor, seed| {
            tch::manual_seed(seed);
            dropout_mask(like, 0.5).unwrap()
        };
        assert_eq!(draw(&features, 3), draw(&features, 3));
        assert_ne!(draw(&features, 3), draw(&features, 4));
        assert_eq!((draw(&last, 3).size(), draw(&last, 3).stride()), (last.size(), last.stride()));
        assert_eq!(draw(&features, 3).stride(), features.stride());
        // The generator moves on.
        tch::manual_seed(3);
        assert_ne!(dropout_mask(&features, 0.5).unwrap(), dropout_mask(&features, 0.5).unwrap());
    }
}
