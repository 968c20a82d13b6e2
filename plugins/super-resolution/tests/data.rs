//! Which images are drawn, and what inputs and targets are made of them: `golden/generate.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::protocol::formula::uniform;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_super_resolution::{Pair, draw};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    pairs: Vec<PairCase>,
    draws: Vec<DrawCase>,
}

#[derive(Deserialize)]
struct PairCase {
    width: usize,
    height: usize,
    size: u32,
    factor: u32,
    input: Vec<u8>,
    target: Vec<u8>,
}

#[derive(Deserialize)]
struct DrawCase {
    len: usize,
    count: usize,
    seed: u64,
    drawn: Vec<usize>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/data.json")).unwrap()
}

#[test]
fn inputs_and_targets_are_those_of_pillow_and_torchvision() {
    for case in golden().pairs {
        let PairCase { width, height, size, factor, input, target } = case;
        let values = uniform(11, &format!("pixels{width}x{height}"), width * height * 3);
        let pixels = values.map(|value| ((value + 1.0) * 128.0).floor() as u8).collect();
        let pair = Pair::of(&Image::rgb(width, height, pixels).unwrap(), size, factor).unwrap();
        let side = (size / factor) as usize;
        assert_eq!((pair.input.width(), pair.input.height()), (side, side));
        assert!(pair.input.data() == input, "the input of {width}×{height}");
        assert!(pair.target.data() == target, "the target of {width}×{height}");
    }
}

#[test]
fn images_are_drawn_by_the_documented_method() {
    for DrawCase { len, count, seed, drawn } in golden().draws {
        assert_eq!(draw(len, count, seed), drawn);
    }
    let drawn = draw(82_783, 10_000, 42);
    assert_eq!(drawn.len(), 10_000);
    assert!(drawn.windows(2).all(|two| two[0] < two[1]), "every image once");
    assert_eq!(draw(3, 10, 42), [0, 1, 2]);
    assert!(draw(0, 10, 42).is_empty());
}
