//! What is in a sample, as tasks need it.

use std::borrow::Borrow;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::protocol::sample::{Field, Sample};
use tch::{Kind, Tensor};

use crate::image::Image;

/// The image in this field, RGB or grey as it is. Fails if the sample has no such image, naming what it has.
pub fn image(sample: &Sample, field: &str) -> Result<Image, PluginError> {
    match sample.field(field) {
        Some(Field::Image(data)) => Image::try_from(data.clone())
            .map_err(|error| PluginError::input(format!("{}: {field}: {error}", sample.id))),
        _ => Err(missing(sample, "image", field)),
    }
}

/// The number in this field. Fails if the sample has no such number, naming what it has.
pub fn number(sample: &Sample, field: &str) -> Result<f64, PluginError> {
    match sample.field(field) {
        Some(Field::Number(value)) => Ok(*value),
        _ => Err(missing(sample, "number", field)),
    }
}

fn missing(sample: &Sample, what: &str, field: &str) -> PluginError {
    let fields: Vec<&str> = sample.fields.iter().map(|(name, _)| name.as_str()).collect();
    let has = if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") };
    PluginError::input(format!("the sample {} has no {what} `{field}`: it has {has}", sample.id))
        .with_help("choose another dataset or other splits in [data]")
}

/// Images of one size as a batch: N×C×H×W, float32, in [0, 1]. Fails, naming two sizes, if they differ, and if there
/// are none.
pub fn batch<I: Borrow<Image>>(images: &[I]) -> Result<Tensor, PluginError> {
    let Some(first) = images.first().map(Borrow::borrow) else {
        return Err(PluginError::run("a batch without images was asked for"));
    };
    let shape = |image: &Image| (image.width(), image.height(), image.channels());
    let others = images.iter().map(Borrow::borrow);
    if let Some(other) = others.clone().find(|image| shape(image) != shape(first)) {
        return Err(PluginError::input(format!(
            "the images of a batch must agree in size and channels, and one is {first:?}, another {other:?}"
        )));
    }
    // All of them at once: libtorch then works on large tensors with all its threads.
    let levels = others.map(Image::data).collect::<Vec<_>>().concat();
    let size = [images.len(), first.height(), first.width(), first.channels()].map(|size| size as i64);
    Tensor::f_from_data_size(&levels, &size, Kind::Uint8)
        .and_then(|levels| levels.f_permute([0, 3, 1, 2])?.f_contiguous())
        .and_then(|levels| levels.f_to_kind(Kind::Float)?.f_div_scalar_(255.0))
        .map_err(torch_error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sample() -> Sample {
        let grey = Image::grey(2, 1, vec![0, 255]).unwrap();
        let fields =
            vec![("mask".to_owned(), Field::Image(grey.into())), ("label".to_owned(), Field::Number(7.0))];
        Sample { id: "a/1".to_owned(), group: String::new(), fields }
    }

    #[test]
    fn fields_are_found_or_what_there_is_is_named() {
        let sample = sample();
        assert_eq!(image(&sample, "mask").unwrap().data(), [0, 255]);
        assert_eq!(number(&sample, "label").unwrap(), 7.0);
        let error = image(&sample, "label").unwrap_err();
        assert_eq!(error.to_string(), "the sample a/1 has no image `label`: it has mask, label");
        assert!(number(&sample, "judge").is_err());
    }

    #[test]
    fn a_batch_is_of_one_size() {
        let mask = image(&sample(), "mask").unwrap();
        let tensor = batch(&[mask.clone(), mask.clone()]).unwrap();
        assert_eq!(tensor.size(), [2, 1, 1, 2]);
        let rgb = Image::rgb(2, 1, vec![0, 51, 255, 102, 153, 204]).unwrap();
        assert_eq!(batch(&[&rgb]).unwrap(), rgb.to_tensor().unwrap().unsqueeze(0));
        let error = batch(&[mask.clone(), mask.to_rgb()]).unwrap_err().to_string();
        assert!(error.contains("2×1×1") && error.contains("2×1×3"), "{error}");
        assert!(batch::<Image>(&[]).is_err());
    }
}
