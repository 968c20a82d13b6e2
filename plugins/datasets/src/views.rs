//! One place of a photograph as it is seen from elsewhere and in other light.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;

use crate::random::Random;

/// The square of `side` pixels around a point of a photograph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    x: f64,
    y: f64,
    /// Radians, anticlockwise.
    angle: f64,
    /// Pixels of the photograph per pixel of the view.
    scale: f64,
    gamma: f64,
    gains: [f64; 3],
}

impl View {
    /// Straight from the front, in the photograph's own light.
    pub(crate) fn plain(x: f64, y: f64) -> View {
        View { x, y, angle: 0.0, scale: 1.0, gamma: 1.0, gains: [1.0; 3] }
    }

    /// The same place moved by up to 8 pixels, turned by up to 35 degrees, up to a third nearer or farther, brighter or darker,
    /// and in light of another color.
    pub(crate) fn changed(self, random: &mut Random) -> View {
        let brightness = random.between(0.6, 1.4);
        View {
            x: self.x + random.between(-SHIFT, SHIFT),
            y: self.y + random.between(-SHIFT, SHIFT),
            angle: random.between(-35.0, 35.0).to_radians(),
            scale: random.between(-ZOOM, ZOOM).exp(),
            gamma: random.between(-0.5, 0.5).exp(),
            gains: [(); 3].map(|()| brightness * random.between(0.8, 1.2)),
        }
    }

    /// How many pixels around its point a view of `side` pixels can need: half a diagonal at the smallest scale, and the movement.
    pub(crate) fn reach(side: usize) -> f64 {
        side as f64 / 2.0 * std::f64::consts::SQRT_2 * ZOOM.exp() + SHIFT + 1.0
    }

    /// The pixels, interpolated bilinearly. Coordinates beyond the photograph are those of its edge.
    pub(crate) fn of(&self, photo: &Image, side: usize) -> Result<Image, PluginError> {
        let (sine, cosine) = self.angle.sin_cos();
        let middle = (side as f64 - 1.0) / 2.0;
        let mut data = Vec::with_capacity(side * side * 3);
        for row in 0..side {
            for column in 0..side {
                let (right, down) =
                    ((column as f64 - middle) * self.scale, (row as f64 - middle) * self.scale);
                let x = self.x + cosine * right - sine * down;
                let y = self.y + sine * right + cosine * down;
                data.extend(
                    interpolated(photo, x, y)
                        .iter()
                        .zip(self.gains)
                        .map(|(value, gain)| self.lit(*value, gain)),
                );
            }
        }
        Ok(Image::rgb(side, side, data)?)
    }

    fn lit(&self, value: f64, gain: f64) -> u8 {
        (255.0 * gain * (value / 255.0).powf(self.gamma)).round().clamp(0.0, 255.0) as u8
    }
}

fn interpolated(photo: &Image, x: f64, y: f64) -> [f64; 3] {
    let x = x.clamp(0.0, (photo.width() - 1) as f64);
    let y = y.clamp(0.0, (photo.height() - 1) as f64);
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = ((left + 1).min(photo.width() - 1), (top + 1).min(photo.height() - 1));
    let (across, down) = (x - left as f64, y - top as f64);
    std::array::from_fn(|channel| {
        let at = |x, y| f64::from(photo.pixel(x, y)[channel]);
        let upper = at(left, top) * (1.0 - across) + at(right, top) * across;
        let lower = at(left, bottom) * (1.0 - across) + at(right, bottom) * across;
        upper * (1.0 - down) + lower * down
    })
}

/// Mean and standard deviation of each channel: what a look at the colors alone tells.
fn colors(image: &Image) -> [f64; 6] {
    let count = (image.width() * image.height()) as f64;
    let mut statistics = [0.0; 6];
    for pixel in image.data().chunks_exact(3) {
        for (channel, value) in pixel.iter().enumerate() {
            statistics[channel] += f64::from(*value) / count;
            statistics[3 + channel] += f64::from(*value).powi(2) / count;
        }
    }
    for channel in 0..3 {
        statistics[3 + channel] = (statistics[3 + channel] - statistics[channel].powi(2)).max(0.0).sqrt();
    }
    statistics
}

/// A place with something to see, and another one of the same photograph that has nearly the same colors and does not overlap it.
pub(crate) fn two_places(
    photo: &Image,
    side: usize,
    random: &mut Random,
) -> Result<(View, View), PluginError> {
    let reach = View::reach(side);
    let mut place = || {
        let x = random.between(reach, photo.width() as f64 - reach);
        View::plain(x, random.between(reach, photo.height() as f64 - reach))
    };
    let mut here = place();
    for _ in 0..TRIES {
        let contrast = colors(&here.of(photo, side)?)[3..].iter().sum::<f64>() / 3.0;
        if contrast > LEAST_CONTRAST {
            break;
        }
        here = place();
    }
    let wanted = colors(&here.of(photo, side)?);
    let mut nearest: Option<(f64, View)> = None;
    let mut left = TRIES;
    while left > 0 || nearest.is_none() {
        let there = place();
        left = left.saturating_sub(1);
        if (there.x - here.x).abs().max((there.y - here.y).abs()) < side as f64 {
            continue;
        }
        let found = colors(&there.of(photo, side)?);
        let difference = wanted.iter().zip(found).map(|(a, b)| (a - b).abs()).sum::<f64>();
        if nearest.is_none_or(|(least, _)| difference < least) {
            nearest = Some((difference, there));
        }
    }
    let (_, there) = nearest.ok_or_else(|| PluginError::input("the photograph has a single place"))?;
    Ok((here, there))
}

/// Pixels by which a view is moved at most, along each axis.
const SHIFT: f64 = 8.0;

/// Natural logarithm of the largest zoom.
const ZOOM: f64 = 0.3;

/// Places that are looked at for one that has something to see, and for one with the same colors.
const TRIES: usize = 30;

/// Mean standard deviation of the channels below which a place is a plain surface.
const LEAST_CONTRAST: f64 = 15.0;
