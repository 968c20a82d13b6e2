//! Something to do with a loss network: how far does it find a darker image from the original?

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::Kind;

/// The component.
pub struct Darken;

impl Task for Darken {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("darken", "mean distance between images and the same at half the brightness")
    }

    // One pass of the backbone serves all layers and comparisons, whatever the other settings are.
    fn shared_axes(&self) -> Vec<SharedAxes> {
        let axes = ["loss_network.layers", "loss_network.comparison"].map(str::to_owned).to_vec();
        vec![SharedAxes { axes, when: [].into_iter().collect() }]
    }

    fn run(&self, _: NoSettings, run: &dyn Run) -> Result<(), PluginError> {
        let network = run.loss_network()?;
        for split in &run.context().splits {
            let samples = run.samples(split)?;
            let count = samples.len() as u64;
            let mut sums = vec![0.0; run.context().cells.len()];
            for index in 0..samples.len() {
                run.check_cancelled()?;
                let image = tensor(&samples.sample(index)?)?;
                let darker = image.f_mul_scalar(0.5).map_err(torch_error)?;
                let distances = network.distances(&[image, darker], &[(0, 1)])?; // cells × pairs × images
                for (cell, sum) in sums.iter_mut().enumerate() {
                    *sum += distances.f_double_value(&[cell as i64, 0, 0]).map_err(torch_error)?;
                }
                run.advance(split, index as u64 + 1, count, "images");
            }
            for (cell, sum) in sums.into_iter().enumerate() {
                let metric = Metric::new("distance", split, sum / count as f64, "1", true, count);
                run.report(cell, &Report::Metric(metric))?;
            }
        }
        Ok(())
    }
}

/// A sample's RGB image as 1×3×H×W in [0, 1].
fn tensor(sample: &Sample) -> Result<Tensor, PluginError> {
    let Some(Field::Image(image @ ImageData { channels: 3, .. })) = sample.field("image") else {
        return Err(PluginError::input(format!("the sample `{}` has no RGB field `image`", sample.id)));
    };
    let bytes = Tensor::from_slice(&image.data).f_view([1, image.height as i64, image.width as i64, 3]);
    let values =
        bytes.and_then(|bytes| bytes.f_permute([0, 3, 1, 2])?.f_to_kind(Kind::Float)?.f_div_scalar(255));
    values.map_err(torch_error)
}

submit! { Components::Tasks(|| vec![Box::new(Darken)]) }
