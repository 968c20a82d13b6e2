//! Triplets made on the fly from a few photographs.

use std::sync::{Arc, OnceLock};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Distortion, Image, crop, decode, distort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::source::no_split;
use crate::views::two_places;

/// Crops of real photographs. In `val` and `jnd` they are distorted with known strength: the weaker distortion of a kind is the
/// closer one. In triplets both distorted crops are also moved by one pixel, each in a direction of its own. In `views` the closer
/// crop shows the same place from elsewhere and in other light, the other one another place of the photograph that has nearly
/// the same colors. Nothing has to be downloaded.
pub(crate) struct Photos;

/// How many samples are made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PhotosSettings {
    /// Samples of each kind of distortion, and views of each photograph.
    #[schemars(range(min = 1, max = 100_000))]
    triplets: u32,
    /// Seed of crops and strengths.
    seed: u64,
}

impl Default for PhotosSettings {
    fn default() -> Self {
        PhotosSettings { triplets: 40, seed: 0 }
    }
}

/// Side of the crops.
const SIDE: usize = 64;

const FILES: [(&str, &[u8]); 6] = [
    ("astronaut", include_bytes!("../photos/astronaut.jpg")),
    ("chelsea", include_bytes!("../photos/chelsea.jpg")),
    ("coffee", include_bytes!("../photos/coffee.jpg")),
    ("hubble_deep_field", include_bytes!("../photos/hubble_deep_field.jpg")),
    ("retina", include_bytes!("../photos/retina.jpg")),
    ("rocket", include_bytes!("../photos/rocket.jpg")),
];

impl Dataset for Photos {
    type Config = PhotosSettings;

    fn info(&self) -> Info {
        Info::new(
            "photos",
            "crops of photographs that come with lossnet: the weaker distortion, or the same place, is the closer one",
        )
    }

    fn splits(&self) -> Vec<String> {
        let parts = |content: Content| {
            let whole = content.name();
            let parts = content.parts().into_iter().map(move |part| format!("{whole}/{part}"));
            std::iter::once(whole.to_owned()).chain(parts)
        };
        Content::ALL.into_iter().flat_map(parts).collect()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        let of = |split: String| {
            let content = Content::ALL.into_iter().find(|content| content.name() == split);
            let times = content.map_or(1, |content| content.parts().len() as u64);
            (split, Quantity::Multiple { setting: "triplets".to_owned(), times })
        };
        self.splits().into_iter().map(of).collect()
    }

    fn image_side(&self) -> Option<Quantity> {
        Some(Quantity::Number(SIDE as u64))
    }

    fn has_folder(&self) -> bool {
        false
    }

    fn fields(&self) -> Vec<String> {
        ["ref", "p0", "p1", "judge", "same"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        settings: PhotosSettings,
        request: &OpenSplit,
        _: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        if !self.splits().contains(&request.split) {
            return Err(no_split("photos", &request.split, &self.splits()));
        }
        let (whole, wanted) = request.split.split_once('/').unwrap_or((&request.split, ""));
        let content = Content::ALL.into_iter().find(|content| content.name() == whole);
        let content = content.filter(|_| self.splits().contains(&request.split));
        let content = content.ok_or_else(|| no_split("photos", &request.split, &self.splits()))?;
        let parts = content.parts().into_iter().filter(|part| wanted.is_empty() || *part == wanted).collect();
        Ok(Box::new(Crops { settings, content, parts, photos: photos()? }))
    }
}

/// What samples are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A reference and two distortions of one kind.
    Triplets,
    /// An image and a distortion of it.
    Pairs,
    /// A reference, the same place seen otherwise, and another place.
    Views,
}

impl Content {
    const ALL: [Content; 3] = [Content::Triplets, Content::Pairs, Content::Views];

    fn name(self) -> &'static str {
        match self {
            Content::Triplets => "val",
            Content::Pairs => "jnd",
            Content::Views => "views",
        }
    }

    /// The kinds of distortion, or the photographs whose places differ: in a field of stars all look alike.
    fn parts(self) -> Vec<&'static str> {
        match self {
            Content::Triplets | Content::Pairs => Distortion::ALL.map(Distortion::name).to_vec(),
            Content::Views => {
                FILES.iter().map(|(name, _)| *name).filter(|name| *name != "hubble_deep_field").collect()
            }
        }
    }
}

/// The decoded photographs.
fn photos() -> Result<&'static [Image], PluginError> {
    static PHOTOS: OnceLock<Vec<Image>> = OnceLock::new();
    if let Some(photos) = PHOTOS.get() {
        return Ok(photos);
    }
    let decode = |(name, bytes): &(&str, &[u8])| decode(bytes, name).map(|decoded| decoded.image);
    let decoded = FILES.iter().map(decode).collect::<Result<Vec<Image>, _>>()?;
    Ok(PHOTOS.get_or_init(|| decoded))
}

struct Crops {
    settings: PhotosSettings,
    content: Content,
    parts: Vec<&'static str>,
    photos: &'static [Image],
}

impl Samples for Crops {
    fn len(&self) -> usize {
        self.parts.len() * self.settings.triplets as usize
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let per_part = self.settings.triplets as usize;
        let (part, number) = (self.parts[index / per_part], index % per_part);
        let id = format!("{part}/{number:06}");
        let mut random = match self.content {
            Content::Triplets => Random::new(self.settings.seed, &format!("photos/false/{id}")),
            Content::Pairs => Random::new(self.settings.seed, &format!("photos/true/{id}")),
            Content::Views => Random::new(self.settings.seed, &format!("photos/views/{id}")),
        };
        let fields = match self.content {
            Content::Triplets => self.triplet(part, &mut random)?,
            Content::Pairs => self.pair(part, &mut random)?,
            Content::Views => self.views(part, &mut random)?,
        };
        let fields = fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
        Ok(Sample { id, group: part.to_owned(), fields })
    }
}

type Fields = Vec<(&'static str, Field)>;

impl Crops {
    /// A photograph and a point in it, with a margin, so that the crop there can be moved.
    fn place(&self, random: &mut Random) -> (&'static Image, usize, usize) {
        let photo = &self.photos[random.below(self.photos.len())];
        (photo, 1 + random.below(photo.width() - SIDE - 1), 1 + random.below(photo.height() - SIDE - 1))
    }

    fn pair(&self, kind: &str, random: &mut Random) -> Result<Fields, PluginError> {
        let (photo, x, y) = self.place(random);
        let reference = crop(photo, x, y, SIDE, SIDE)?;
        let noise = random.below(1 << 24) as u64;
        // Nobody sees a strength of 0, half of the people see 0.2 and all of them 0.4.
        let strength = random.between(0.0, 0.5);
        let same = (1.0 - 2.5 * strength).max(0.0);
        let distorted = distort(&reference, distortion(kind)?, strength, noise)?;
        Ok(vec![
            ("p0", Field::Image(reference.into())),
            ("p1", Field::Image(distorted.into())),
            ("same", Field::Number(same)),
        ])
    }

    fn triplet(&self, kind: &str, random: &mut Random) -> Result<Fields, PluginError> {
        let (photo, x, y) = self.place(random);
        let noise = random.below(1 << 24) as u64;
        let (first, second) = random.two_near(0.1, 1.0);
        // People hardly see a crop that is moved by one pixel; networks do, in one place more than in another.
        let mut moved = || {
            let (dx, dy) = [(0, 1), (2, 1), (1, 0), (1, 2)][random.below(4)];
            crop(photo, x + dx - 1, y + dy - 1, SIDE, SIDE)
        };
        let kind = distortion(kind)?;
        let p0 = distort(&moved()?, kind, first, noise)?;
        let p1 = distort(&moved()?, kind, second, noise + 1)?;
        Ok(judged(crop(photo, x, y, SIDE, SIDE)?, p0, p1, first < second))
    }

    fn views(&self, name: &str, random: &mut Random) -> Result<Fields, PluginError> {
        let index = FILES.iter().position(|(file, _)| *file == name);
        let photo = index.map(|index| &self.photos[index]);
        let photo = photo.ok_or_else(|| PluginError::run(format!("there is not a photograph `{name}`")))?;
        let (here, there) = two_places(photo, SIDE, random)?;
        let same = here.changed(random).of(photo, SIDE)?;
        let other = there.changed(random).of(photo, SIDE)?;
        let first = random.below(2) == 0;
        let (p0, p1) = if first { (same, other) } else { (other, same) };
        Ok(judged(here.of(photo, SIDE)?, p0, p1, first))
    }
}

/// A triplet of which the first or the second image is the closer one.
fn judged(reference: Image, p0: Image, p1: Image, first: bool) -> Fields {
    vec![
        ("ref", Field::Image(reference.into())),
        ("p0", Field::Image(p0.into())),
        ("p1", Field::Image(p1.into())),
        ("judge", Field::Number(if first { 0.0 } else { 1.0 })),
    ]
}

fn distortion(name: &str) -> Result<Distortion, PluginError> {
    Distortion::from_name(name).ok_or_else(|| PluginError::run(format!("there is not a distortion `{name}`")))
}
