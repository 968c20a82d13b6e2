//! Images: here they are drawn, not read.

use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

/// Stripes of growing width.
pub struct Stripes;

impl Dataset for Stripes {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("stripes", "black and white stripes, 1 to 8 pixels wide")
    }

    fn splits(&self) -> Vec<String> {
        vec!["test".to_owned()]
    }

    fn fields(&self) -> Vec<String> {
        vec!["image".to_owned()]
    }

    fn open(
        &self,
        _: NoSettings,
        request: &OpenSplit,
        _: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        match request.split.as_str() {
            "test" => Ok(Box::new(Stripes)),
            other => {
                Err(PluginError::input(format!("`stripes` has no split `{other}`")).with_help("use `test`"))
            }
        }
    }
}

impl Samples for Stripes {
    fn len(&self) -> usize {
        8
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let (side, width) = (32, index + 1);
        let pixel = |at: usize| if ((at / 3 % side) / width).is_multiple_of(2) { 255 } else { 0 };
        let data = (0..side * side * 3).map(pixel).collect();
        let image = Field::Image(ImageData { width: side, height: side, channels: 3, data });
        Ok(Sample { id: format!("{width}"), group: String::new(), fields: vec![("image".to_owned(), image)] })
    }
}

submit! { Components::Datasets(|| vec![Box::new(Stripes)]) }
