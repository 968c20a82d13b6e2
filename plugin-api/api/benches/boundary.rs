//! What a call across the plugin boundary costs: `cargo bench -p lossnet-plugin-api`.
//!
//! A distance of two features of one value each, in a loaded plugin and in the same code linked; the difference is what the
//! boundary adds. Alternating rounds, so that whatever else the machine does hits both; the median of the rounds.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that prints its result")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use lossnet_plugin_api::component::Compare;
use lossnet_plugin_api::tch::{Device, Kind, Tensor, no_grad};
use serde_json::json;

const ROUNDS: usize = 101;
const CALLS: u32 = 500;

fn main() {
    let far = common::comparisons().build_comparison("spatial", &json!({})).unwrap();
    let linked = lossnet_plugin_comparisons::comparisons();
    let near = linked[0].build_json("{}").unwrap();
    let value = Tensor::ones([1, 1, 1, 1], (Kind::Float, Device::Cpu));
    let mut times = [Vec::new(), Vec::new()];
    no_grad(|| {
        for _ in 0..ROUNDS {
            for (side, times) in [&far, &near].into_iter().zip(&mut times) {
                times.push(microseconds_per_call(side.as_ref(), &value));
            }
        }
    });
    let [far, near] = times.map(median);
    println!(
        "a distance behind the boundary takes {far:.2} µs, linked {near:.2} µs: it adds {:.2} µs",
        far - near
    );
}

fn microseconds_per_call(compare: &dyn Compare, value: &Tensor) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        drop(compare.distance(value, value, None).unwrap());
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
