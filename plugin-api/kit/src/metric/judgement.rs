//! Judgements of people: triplets and pairs of images.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::protocol::sample::{Field, Sample};
use tch::Tensor;

use super::TripletBatch;
use crate::image::{Filter, Image, resize};
use crate::samples;

/// What makes a judgement of a sample; used by several threads.
pub type Prepare<'a> = dyn Fn(Sample) -> Result<Judged, PluginError> + Sync + 'a;

/// The two kinds of judgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Which of two images is closer to a reference? Fields `ref`, `p0`, `p1`, and `judge`: the share of people who chose
    /// p1.
    Triplet,
    /// Do two images look the same? Fields `p0`, `p1`, and `same`: the share of people who said so.
    Pair,
}

impl Kind {
    /// The kind of a sample, if it is a judgement.
    pub fn of(sample: &Sample) -> Option<Kind> {
        match (sample.field("judge"), sample.field("same")) {
            (Some(_), _) => Some(Kind::Triplet),
            (None, Some(_)) => Some(Kind::Pair),
            (None, None) => None,
        }
    }

    pub(super) fn images(self) -> &'static [&'static str] {
        match self {
            Kind::Triplet => &["ref", "p0", "p1"],
            Kind::Pair => &["p0", "p1"],
        }
    }

    pub(super) fn pairs(self) -> &'static [(usize, usize)] {
        match self {
            Kind::Triplet => &[(0, 1), (0, 2)],
            Kind::Pair => &[(0, 1)],
        }
    }

    pub(super) fn opinion(self) -> &'static str {
        match self {
            Kind::Triplet => "judge",
            Kind::Pair => "same",
        }
    }

    /// Names of the distances in the recorded scores.
    pub(super) fn distances(self) -> &'static [&'static str] {
        match self {
            Kind::Triplet => &["d0", "d1"],
            Kind::Pair => &["d"],
        }
    }

    pub(super) fn unit(self) -> &'static str {
        match self {
            Kind::Triplet => "triplets",
            Kind::Pair => "pairs",
        }
    }
}

/// An image of a judgement: RGB, of the judgement's size.
#[derive(Debug)]
pub enum Picture {
    /// 8-bit values.
    Image(Image),
    /// Float values in [0, 1] of a square image with three channels: channel after channel, row after row.
    Planes(Vec<f32>),
}

impl Picture {
    /// The image in 8 bits.
    pub(super) fn image(&self) -> Result<Image, PluginError> {
        match self {
            Picture::Image(image) => Ok(image.clone()),
            Picture::Planes(_) => Ok(Image::from_tensor(&self.tensor()?)?),
        }
    }

    fn tensor(&self) -> Result<Tensor, PluginError> {
        match self {
            Picture::Image(image) => Ok(image.to_tensor()?),
            Picture::Planes(samples) => {
                let side = (samples.len() as f64 / 3.0).sqrt().round() as i64;
                Tensor::f_from_slice(samples)
                    .and_then(|flat| flat.f_view([3, side, side]))
                    .map_err(torch_error)
            }
        }
    }
}

/// A judgement, ready to be compared with distances.
#[derive(Debug)]
pub struct Judged {
    /// The sample's name.
    pub id: String,
    /// The part of the split that it belongs to.
    pub group: String,
    /// What was asked.
    pub kind: Kind,
    /// The images: reference, p0 and p1 of a triplet; p0 and p1 of a pair.
    pub images: Vec<Picture>,
    /// A share in [0, 1]: of people who chose p1, or who saw no difference.
    pub opinion: f64,
}

/// Reads a judgement and brings its images to `side`×`side` (bilinear with antialiasing, as Pillow); without a side they stay
/// as they are.
///
/// `task` is named where the sample is none. Fails if a field is missing or no image, if the opinion is not a share, and if images
/// that are to stay as they are differ in size.
pub fn judged(sample: &Sample, side: Option<usize>, task: &str) -> Result<Judged, PluginError> {
    let kind = Kind::of(sample).ok_or_else(|| no_judgement(sample, task))?;
    let wrong = |message: String| PluginError::input(format!("{}: {message}", sample.id));
    let opinion = match sample.field(kind.opinion()) {
        Some(Field::Number(value)) if (0.0..=1.0).contains(value) => *value,
        Some(Field::Number(value)) => {
            return Err(wrong(format!("{} is {value}, and a share lies between 0 and 1", kind.opinion())));
        }
        _ => return Err(wrong(format!("it has no number `{}`", kind.opinion()))),
    };
    let mut images = Vec::new();
    for name in kind.images() {
        let Some(Field::Image(data)) = sample.field(name) else {
            return Err(wrong(format!("it has no image `{name}`")));
        };
        let image = Image::try_from(data.clone()).map_err(|error| wrong(format!("{name}: {error}")))?;
        images.push(match side {
            Some(side) => square(&image, side)?,
            None => image.to_rgb(),
        });
    }
    let size = |image: &Image| (image.width(), image.height());
    if let Some(position) = images.iter().position(|image| size(image) != size(&images[0])) {
        let (name, (width, height), (first_width, first_height)) =
            (kind.images()[position], size(&images[position]), size(&images[0]));
        let first = kind.images()[0];
        return Err(wrong(format!(
            "its images differ in size: {first} has {first_width}×{first_height} pixels, {name} {width}×{height}"
        ))
        .with_help("`task.size` is the side to which all images are resized"));
    }
    let images = images.into_iter().map(Picture::Image).collect();
    Ok(Judged { id: sample.id.clone(), group: sample.group.clone(), kind, images, opinion })
}

/// An image in RGB and of `side`×`side` pixels (bilinear with antialiasing, as Pillow). Fails only for sizes out of range.
pub fn square(image: &Image, side: usize) -> Result<Image, PluginError> {
    let image = image.to_rgb();
    let fits = image.width() == side && image.height() == side;
    Ok(if fits { image } else { resize(&image, side, side, Filter::Bilinear)? })
}

fn no_judgement(sample: &Sample, task: &str) -> PluginError {
    let fields: Vec<&str> = sample.fields.iter().map(|(name, _)| name.as_str()).collect();
    PluginError::input(format!(
        "the sample {} has {}, and the task `{task}` needs triplets (ref, p0, p1, judge) or pairs (p0, p1, same)",
        sample.id,
        fields.join(", ")
    ))
    .with_help("choose other splits with data.splits, or another dataset")
}

/// A sentence if the images of a sample are not of this side, so that they are resized.
pub fn resized(sample: &Sample, side: usize) -> Option<String> {
    let images = sample.fields.iter().filter_map(|(name, field)| match field {
        Field::Image(image) => Some((name, image)),
        _ => None,
    });
    let mut others = images.filter(|(_, image)| (image.width, image.height) != (side, side));
    let (name, image) = others.next()?;
    let (width, height) = (image.width, image.height);
    Some(format!(
        "images are resized to {side}×{side} pixels (task.size): {name} of {} has {width}×{height}",
        sample.id
    ))
}

/// Whether the images of all judgements are of one size.
pub(super) fn are_alike(batch: &[Judged]) -> bool {
    let size = |judged: &Judged| match judged.images.first() {
        Some(Picture::Image(image)) => (image.width(), image.height()),
        Some(Picture::Planes(planes)) => (planes.len(), 0),
        None => (0, 0),
    };
    batch.windows(2).all(|pair| size(&pair[0]) == size(&pair[1]))
}

/// The images at this position of all judgements: N×3×H×W.
pub(super) fn stack(batch: &[Judged], position: usize) -> Result<Tensor, PluginError> {
    let pictures = batch.iter().map(|judged| {
        let picture = judged.images.get(position);
        picture.ok_or_else(|| PluginError::run(format!("{} lacks an image", judged.id)))
    });
    let pictures = pictures.collect::<Result<Vec<&Picture>, _>>()?;
    let levels = pictures.iter().map(|picture| match picture {
        Picture::Image(image) => Some(image),
        Picture::Planes(_) => None,
    });
    if let Some(images) = levels.collect::<Option<Vec<&Image>>>() {
        return samples::batch(&images);
    }
    let images = pictures.iter().map(|picture| picture.tensor()).collect::<Result<Vec<_>, _>>()?;
    Tensor::f_stack(&images, 0).map_err(torch_error)
}

impl TripletBatch {
    /// A batch of triplets. Fails if one of the judgements is a pair.
    pub fn new(triplets: &[Judged]) -> Result<TripletBatch, PluginError> {
        if let Some(pair) = triplets.iter().find(|judged| judged.kind != Kind::Triplet) {
            return Err(PluginError::input(format!(
                "{} is a pair, and a metric is trained on triplets (ref, p0, p1, judge)",
                pair.id
            ))
            .with_help("choose another split with task.train_split"));
        }
        let judge: Vec<f32> = triplets.iter().map(|judged| judged.opinion as f32).collect();
        Ok(TripletBatch {
            images: [stack(triplets, 0)?, stack(triplets, 1)?, stack(triplets, 2)?],
            judge: Tensor::f_from_slice(&judge).map_err(torch_error)?,
        })
    }
}
