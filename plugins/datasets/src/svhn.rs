//! SVHN: digits of house numbers.

use std::path::Path;
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::packed::{Key, Writer, open_or_write};

use crate::columns;
use crate::matlab::MatFile;
use crate::source::{Source, Verified, no_split};

/// Netzer et al., NIPS 2011: the cropped digits, `{train,test,extra}_32x32.mat`.
///
/// The files are compressed as a whole, so that no image can be read without all before it. Each is packed once into
/// `packed/<split>.lossnet`, image by image, and read from there.
pub(crate) struct Svhn;

const SOURCE: &str = "http://ufldl.stanford.edu/housenumbers";

/// Splits and the MD5s of their files.
const SPLITS: [(&str, &str); 3] = [
    ("train", "e26dedcc434d2e4c54c9b2d4a06d8373"),
    ("test", "eb5a983be6a315427106f1b164d9cef3"),
    ("extra", "a93ce644f1a588dc4d68dda5feec44a7"),
];

const SIDE: usize = 32;

impl Dataset for Svhn {
    type Config = Verified;

    fn info(&self) -> Info {
        Info::new("svhn", "digits of house numbers, cropped to 32×32 pixels").with_reference(
            "Netzer et al., \"Reading Digits in Natural Images with Unsupervised Feature Learning\", NIPS Workshop on \
             Deep Learning and Unsupervised Feature Learning 2011",
        )
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        SPLITS.map(|(split, _)| split.to_owned()).to_vec()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        [("train", 73_257), ("test", 26_032), ("extra", 531_131)]
            .map(|(split, size)| (split.to_owned(), Quantity::Number(size)))
            .to_vec()
    }

    fn image_side(&self) -> Option<Quantity> {
        Some(Quantity::Number(32))
    }

    fn fields(&self) -> Vec<String> {
        ["image", "label"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        settings: Verified,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let split = SPLITS.into_iter().find(|(split, _)| *split == request.split);
        let (split, md5) = split.ok_or_else(|| no_split("svhn", &request.split, &self.splits()))?;
        let source = Source { dataset: "svhn", folder: &request.folder, services: &*services };
        let name = format!("{split}_32x32.mat");
        let path = request.folder.join(&name);
        source.file(&format!("{SOURCE}/{name}"), &path, Some(md5).filter(|_| settings.verify))?;
        let mut key = Key::new("svhn 1");
        key.add_file(&request.folder, &path)?;
        let packed = request.folder.join("packed").join(format!("{split}.lossnet"));
        open_or_write(&packed, &key, &*services, |writer| pack(&path, split, writer))
    }
}

/// Packs the digits of a file: `X` of 32×32×3×N bytes, and `y` of N labels, where 10 stands for the digit 0.
fn pack(path: &Path, split: &str, writer: &mut Writer<'_>) -> Result<(), PluginError> {
    let file = MatFile::open(path)?;
    let shape = file.shape("X")?;
    let count = match *shape {
        [32, 32, 3, count] => count,
        // MATLAB drops a last dimension of 1.
        [32, 32, 3] => 1,
        _ => {
            let extents: Vec<String> = shape.iter().map(u64::to_string).collect();
            let extents = extents.join("×");
            return Err(file.wrong("X", format!("it is {extents}, and 32×32×3×N is expected")));
        }
    };
    if !file.is_uint8("X")? {
        return Err(file.wrong("X", "its values are not of the class uint8"));
    }
    if count == 0 {
        return Err(file.wrong("X", "it holds no images"));
    }
    let labels = file.shape("y")?;
    if labels.iter().try_fold(1_u64, |product, &extent| product.checked_mul(extent)) != Some(count) {
        let extents: Vec<String> = labels.iter().map(u64::to_string).collect();
        return Err(file.wrong("y", format!("it has {} labels for {count} images", extents.join("×"))));
    }
    let mut images = file.values("X")?;
    let labels = file.values("y")?.numbers()?;
    writer.expect(labels.len());
    let mut columns = vec![0; columns::bytes(SIDE)];
    for (index, label) in labels.into_iter().enumerate() {
        if label.fract() != 0.0 || !(1.0..=10.0).contains(&label) {
            return Err(file.wrong("y", format!("label number {index} is {label}, and labels are 1 to 10")));
        }
        images.bytes(&mut columns)?;
        let fields = vec![
            ("image".to_owned(), columns::image(SIDE, &columns)),
            ("label".to_owned(), Field::Number(label % 10.0)),
        ];
        writer.push(&Sample { id: format!("{split}/{index:06}"), group: String::new(), fields })?;
    }
    images.finish()
}
