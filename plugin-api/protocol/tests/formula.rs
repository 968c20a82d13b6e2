//! The formula's values are those stored, which its Python twin wrote, and are distributed as documented.

use lossnet_plugin_protocol::formula::{parameter_values, uniform};

#[test]
fn values_have_the_bits_that_python_computed() {
    let stored = include_str!("formula.txt");
    assert_eq!(stored.lines().count(), 12);
    for line in stored.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [seed, name, shape, first, total] = fields[..] else { panic!("not five fields: {line}") };
        let shape: Vec<i64> = shape.split('x').filter_map(|size| size.parse().ok()).collect();
        let bits: Vec<u32> = parameter_values(seed.parse().unwrap(), name, &shape)
            .iter()
            .map(|value| value.to_bits())
            .collect();
        let begin: Vec<String> = bits.iter().take(4).map(|bits| format!("{bits:08x}")).collect();
        assert_eq!(begin.join(","), first, "{line}");
        assert_eq!(bits.iter().map(|&bits| u64::from(bits)).sum::<u64>().to_string(), total, "{line}");
    }
}

#[test]
fn kernels_have_the_stated_variance_and_scales_are_near_one() {
    let kernel = parameter_values(3, "conv.weight", &[256, 64, 3, 3]);
    let variance = kernel.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / kernel.len() as f64;
    assert!((variance * 576.0 - 1.2).abs() < 0.02, "{variance}");
    let depthwise = parameter_values(3, "conv.weight", &[4096, 1, 3, 3]);
    let variance =
        depthwise.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / depthwise.len() as f64;
    assert!((variance * 9.0 - 2.0).abs() < 0.04, "{variance}");
    let scale = parameter_values(3, "bn.weight", &[512]);
    assert!(scale.iter().all(|value| (0.8..=1.2).contains(value)));
    let gate = parameter_values(3, "se.fc2.bias", &[512]);
    assert!(gate.iter().all(|value| (0.9..=1.1).contains(value)));
    let bias = parameter_values(3, "bn.bias", &[512]);
    assert!(bias.iter().all(|value| value.abs() <= 0.1) && bias.iter().any(|value| value.abs() > 0.09));
}

#[test]
fn streams_differ_by_seed_and_name() {
    let stream = |seed: u64, name: &str| uniform(seed, name, 8).collect::<Vec<f32>>();
    assert_eq!(stream(0, "a"), stream(0, "a"));
    assert_ne!(stream(0, "a"), stream(1, "a"));
    assert_ne!(stream(0, "a"), stream(0, "b"));
    assert!(uniform(5, "a", 10_000).all(|value| (-1.0..1.0).contains(&value)));
}
