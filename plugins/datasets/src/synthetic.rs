//! Generated images, so that every task can run without data.

use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Distortion, Image, distort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::source::no_split;

/// Textures, shapes and curves drawn from a seed: the same on every machine.
pub(crate) struct Synthetic;

/// What is generated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SyntheticSettings {
    /// What the samples are.
    content: Content,
    /// Samples per split.
    #[schemars(range(min = 1, max = 1_000_000))]
    samples: u32,
    /// Side of the images in pixels.
    #[schemars(range(min = 16, max = 1024))]
    side: u32,
    /// Seed of everything drawn.
    seed: u64,
}

impl Default for SyntheticSettings {
    fn default() -> Self {
        SyntheticSettings { content: Content::Triplets, samples: 64, side: 64, seed: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Content {
    /// Distorted textures: ref, p0, p1, judge; in the split `jnd` p0, p1, same.
    Triplets,
    /// One of ten shapes on a texture: image, label.
    Shapes,
    /// A network of curves: input (the picture), output (its mask).
    Curves,
}

impl Dataset for Synthetic {
    type Config = SyntheticSettings;

    fn info(&self) -> Info {
        Info::new(
            "synthetic",
            "generated textures, shapes and curves for any task, deterministic in the seed",
        )
    }

    fn splits(&self) -> Vec<String> {
        ["train", "val", "test", "jnd", "unlabeled", "extra"].map(str::to_owned).to_vec()
    }

    fn has_folder(&self) -> bool {
        false
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        self.splits().into_iter().map(|split| (split, Quantity::Setting("samples".to_owned()))).collect()
    }

    fn image_side(&self) -> Option<Quantity> {
        Some(Quantity::Setting("side".to_owned()))
    }

    fn fields(&self) -> Vec<String> {
        ["ref", "p0", "p1", "judge", "same", "image", "label", "input", "output"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        settings: SyntheticSettings,
        request: &OpenSplit,
        _: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        if !self.splits().contains(&request.split) {
            return Err(no_split("synthetic", &request.split, &self.splits()));
        }
        Ok(Box::new(Generated { settings, split: request.split.clone() }))
    }
}

struct Generated {
    settings: SyntheticSettings,
    split: String,
}

impl Samples for Generated {
    fn len(&self) -> usize {
        self.settings.samples as usize
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let id = format!("{}/{index:06}", self.split);
        let mut random = Random::new(self.settings.seed, &format!("synthetic/{id}"));
        let side = self.settings.side as usize;
        let image = |name: &str, image: Image| (name.to_owned(), Field::Image(image.into()));
        let number = |name: &str, value: f64| (name.to_owned(), Field::Number(value));
        let (group, fields) = match self.settings.content {
            Content::Triplets => {
                let kind = Distortion::ALL[index % Distortion::ALL.len()];
                let reference = texture(&mut random, side)?;
                let noise = random.below(1 << 24) as u64;
                let fields = if self.split == "jnd" {
                    let strength = random.between(0.0, 0.5);
                    let distorted = distort(&reference, kind, strength, noise)?;
                    let same = (1.0 - 2.5 * strength).max(0.0);
                    vec![image("p0", reference), image("p1", distorted), number("same", same)]
                } else {
                    let (first, second) = random.two_near(0.1, 1.0);
                    let (p0, p1) =
                        (distort(&reference, kind, first, noise)?, distort(&reference, kind, second, noise)?);
                    let judge = if first < second { 0.0 } else { 1.0 };
                    vec![image("ref", reference), image("p0", p0), image("p1", p1), number("judge", judge)]
                };
                (kind.name().to_owned(), fields)
            }
            Content::Shapes => {
                let label = random.below(10);
                (
                    String::new(),
                    vec![image("image", shape(&mut random, side, label)?), number("label", label as f64)],
                )
            }
            Content::Curves => {
                let (picture, mask) = curves(&mut random, side)?;
                (String::new(), vec![image("input", picture), image("output", mask)])
            }
        };
        Ok(Sample { id, group, fields })
    }
}

/// Draws each pixel by a function of its place in [0, 1)².
fn draw(side: usize, mut pixel: impl FnMut(f64, f64) -> [f64; 3]) -> Result<Image, PluginError> {
    let mut data = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            let color = pixel(x as f64 / side as f64, y as f64 / side as f64);
            data.extend(color.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8));
        }
    }
    Ok(Image::rgb(side, side, data)?)
}

/// A wave from -1 to 1 of period 1, made of parabolas: the same bits on every machine.
fn wave(phase: f64) -> f64 {
    let t = phase.rem_euclid(1.0);
    if t < 0.5 { 16.0 * t * (0.5 - t) } else { -16.0 * (t - 0.5) * (1.0 - t) }
}

/// A sum of waves in each channel.
fn texture(random: &mut Random, side: usize) -> Result<Image, PluginError> {
    let waves: Vec<[f64; 5]> = (0..9)
        .map(|_| {
            let (x, y) = (random.between(-6.0, 6.0), random.between(-6.0, 6.0));
            [x, y, random.between(0.0, 1.0), random.between(0.05, 0.2), random.below(3) as f64]
        })
        .collect();
    let base = [random.between(0.3, 0.7), random.between(0.3, 0.7), random.between(0.3, 0.7)];
    draw(side, |x, y| {
        let mut color = base;
        for [fx, fy, phase, height, channel] in &waves {
            color[*channel as usize] += height * wave(fx * x + fy * y + phase);
        }
        color
    })
}

/// A bright figure on a dark texture, whose outline depends on the label: a disc, a square, a diamond, an upright and a lying
/// bar, a cross, a ring, a frame, a saltire, a star.
fn shape(random: &mut Random, side: usize, label: usize) -> Result<Image, PluginError> {
    let background = texture(random, side)?;
    let (cx, cy, radius) =
        (random.between(0.35, 0.65), random.between(0.35, 0.65), random.between(0.18, 0.32));
    // Bright on dark, so that a small network learns the classes from few samples.
    let color = [random.between(0.6, 1.0), random.between(0.6, 1.0), random.between(0.6, 1.0)];
    draw(side, |x, y| {
        let (dx, dy) = ((x - cx).abs() / radius, (y - cy).abs() / radius);
        let inside = match label {
            0 => dx * dx + dy * dy < 1.0,
            1 => dx.max(dy) < 1.0,
            2 => dx + dy < 1.0,
            3 => dx < 0.35 && dy < 1.0,
            4 => dx < 1.0 && dy < 0.35,
            5 => (dx < 0.3 && dy < 1.0) || (dx < 1.0 && dy < 0.3),
            6 => (0.4..1.0).contains(&(dx * dx + dy * dy)),
            7 => (0.55..1.0).contains(&dx.max(dy)),
            8 => dx.max(dy) < 1.0 && (dx - dy).abs() < 0.3,
            _ => dx.sqrt() + dy.sqrt() < 1.0,
        };
        let (column, row) = ((x * side as f64) as usize, (y * side as f64) as usize);
        let behind = background.pixel(column.min(side - 1), row.min(side - 1));
        if inside { color } else { [0, 1, 2].map(|channel| 0.5 * f64::from(behind[channel]) / 255.0) }
    })
}

/// Dark winding lines on a texture, and where they are.
fn curves(random: &mut Random, side: usize) -> Result<(Image, Image), PluginError> {
    let background = texture(random, side)?;
    let lines: Vec<[f64; 6]> = (0..2 + random.below(3))
        .map(|_| {
            [
                random.between(0.1, 0.9),
                random.between(-0.5, 0.5),
                random.between(0.02, 0.12),
                random.between(0.5, 2.0),
                random.between(0.0, 1.0),
                random.below(2) as f64,
            ]
        })
        .collect();
    let width = 1.5 / side as f64;
    let on_line = |x: f64, y: f64| {
        lines.iter().any(|[start, slope, height, frequency, phase, upright]| {
            let (along, across) = if *upright > 0.5 { (y, x) } else { (x, y) };
            (across - (start + slope * (along - 0.5) + height * wave(frequency * along + phase))).abs()
                < width
        })
    };
    let mask = draw(side, |x, y| if on_line(x, y) { [1.0; 3] } else { [0.0; 3] })?.to_grey();
    let picture = draw(side, |x, y| {
        let (column, row) = ((x * side as f64) as usize, (y * side as f64) as usize);
        let behind = background.pixel(column.min(side - 1), row.min(side - 1));
        let light = if on_line(x, y) { 0.25 } else { 1.0 };
        [0, 1, 2].map(|channel| light * f64::from(behind[channel]) / 255.0)
    })?;
    Ok((picture, mask))
}
