//! The five autoencoders.
//!
//! Pihlgren, Sandin and Liwicki, "Improving Image Autoencoder Embeddings with Perceptual Loss", IJCNN 2020
//! (arXiv 2001.03444) and "Pretraining Image Encoders without Reconstruction via Feature Prediction Loss", ICPR 2020
//! (arXiv 2003.07441). Parameters have the names that the modules of their implementation would give them: `encoder.0`,
//! `mu`, `logvar`, `dense`, `decoder.0` and so on.

mod features;
mod image;
mod predictor;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::nn::{Linear, Module as _, VarStore};
use lossnet_plugin_api::tch::{Device, TchError};
use lossnet_plugin_kit::nn;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use features::FeatureShapes;
pub use predictor::Predictor;

use features::{FeatureDecoder, FeatureEncoder};
use image::{ImageDecoder, ImageEncoder};

/// What goes into an autoencoder and what comes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// `FourLayerCVAE`: image in, image out, compared by the loss network.
    #[default]
    FourLayerCvae,
    /// `FeaturePredictorCVAE`: image in, the loss network's features out.
    FeaturePredictorCvae,
    /// `FeatureAutoencoder`: features in, features out.
    FeatureAutoencoder,
    /// `PerceptualFeatureToImgCVAE`: features in, image out, compared by the loss network.
    PerceptualFeatureToImgCvae,
    /// `FeatureToImgCVAE`: features in, image out, compared by pixels.
    FeatureToImgCvae,
}

impl Model {
    /// All of them.
    pub const ALL: [Model; 5] = [
        Model::FourLayerCvae,
        Model::FeaturePredictorCvae,
        Model::FeatureAutoencoder,
        Model::PerceptualFeatureToImgCvae,
        Model::FeatureToImgCvae,
    ];

    /// Whether the encoder reads the loss network's features instead of images.
    pub fn reads_features(self) -> bool {
        !matches!(self, Model::FourLayerCvae | Model::FeaturePredictorCvae)
    }

    /// Whether the decoder writes features instead of images.
    pub fn writes_features(self) -> bool {
        matches!(self, Model::FeaturePredictorCvae | Model::FeatureAutoencoder)
    }
}

/// The form of an autoencoder: all that decides about the shapes of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What goes in and what comes out.
    pub model: Model,
    /// Values in a code.
    pub code: i64,
    /// Whether codes are drawn around a mean with a learned variance during training.
    pub variational: bool,
    /// Height and width of the images, each 64 + 16n.
    pub image: (i64, i64),
    /// The shapes of the loss network's features of such an image.
    pub features: FeatureShapes,
}

/// An autoencoder with its parameters.
#[derive(Debug)]
pub struct Autoencoder {
    form: Form,
    variables: VarStore,
    encoder: Encoder,
    mean: Linear,
    log_variance: Option<Linear>,
    decoder: Decoder,
    training: bool,
}

#[derive(Debug)]
enum Encoder {
    Image(ImageEncoder),
    Features(FeatureEncoder),
}

#[derive(Debug)]
enum Decoder {
    Image(ImageDecoder),
    Features(FeatureDecoder),
}

/// What an encoder finds in a batch.
#[derive(Debug)]
pub struct Encoded {
    /// The means of the codes, N×z: the codes themselves outside of training.
    pub mean: Tensor,
    /// The logarithm of the codes' variance, N×z, if the autoencoder is variational.
    pub log_variance: Option<Tensor>,
}

/// What a decoder makes of a batch of codes.
#[derive(Debug)]
pub enum Decoded {
    /// Images, N×3×H×W in [0, 1].
    Images(Tensor),
    /// Features, layer by layer.
    Features(Vec<Tensor>),
}

impl Autoencoder {
    /// One with the initial parameters that PyTorch would draw, from libtorch's generator. It begins in training mode.
    ///
    /// Fails, naming the sides that are possible, if the images have another one.
    pub fn new(form: Form, device: Device) -> Result<Autoencoder, PluginError> {
        let (height, width) = form.image;
        if ![height, width].iter().all(|&side| side >= 64 && (side - 64) % 16 == 0) {
            return Err(PluginError::input(format!(
                "the autoencoder takes images whose sides are 64, 80, 96 and so on, not {height}×{width}"
            ))
            .with_help("set `task.size` to such a side"));
        }
        let variables = VarStore::new(device);
        let root = variables.root();
        let encoder = if form.model.reads_features() {
            Encoder::Features(FeatureEncoder::new(&(&root / "encoder"), &form.features))
        } else {
            Encoder::Image(ImageEncoder::new(&(&root / "encoder"), form.image))
        };
        let encoded = match &encoder {
            Encoder::Image(encoder) => encoder.outputs(),
            Encoder::Features(encoder) => encoder.outputs(),
        };
        let mean = nn::linear(&(&root / "mu"), encoded, form.code);
        let log_variance = form.variational.then(|| nn::linear(&(&root / "logvar"), encoded, form.code));
        let decoder = if form.model.writes_features() {
            Decoder::Features(FeatureDecoder::new(&(&root / "decoder"), form.code, &form.features))
        } else {
            Decoder::Image(ImageDecoder::new(&root, form.code, form.image))
        };
        Ok(Autoencoder { form, variables, encoder, mean, log_variance, decoder, training: true })
    }

    /// Its form.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Its parameters and running statistics.
    pub fn variables(&self) -> &VarStore {
        &self.variables
    }

    /// Its parameters and running statistics, to be converted or filled.
    pub fn variables_mut(&mut self) -> &mut VarStore {
        &mut self.variables
    }

    /// Sets whether batch normalizations use the batch's statistics and codes are drawn.
    pub fn set_training(&mut self, training: bool) {
        self.training = training;
    }

    /// Whether it is being trained.
    pub fn training(&self) -> bool {
        self.training
    }

    /// The codes of a batch: of images (N×3×H×W in [0, 1]), or of their features joined to N×P if the model
    /// [reads features](Model::reads_features).
    pub fn encode(&self, input: &Tensor) -> Result<Encoded, PluginError> {
        let encoded = match &self.encoder {
            Encoder::Image(encoder) => encoder.forward(input, self.training),
            Encoder::Features(encoder) => encoder.forward(input),
        };
        let encoded = encoded.map_err(torch_error)?;
        Ok(Encoded {
            mean: self.mean.forward(&encoded),
            log_variance: self.log_variance.as_ref().map(|layer| layer.forward(&encoded)),
        })
    }

    /// What the codes stand for.
    pub fn decode(&self, codes: &Tensor) -> Result<Decoded, PluginError> {
        match &self.decoder {
            Decoder::Image(decoder) => decoder.forward(codes, self.training).map(Decoded::Images),
            Decoder::Features(decoder) => decoder.forward(codes).map(Decoded::Features),
        }
        .map_err(torch_error)
    }
}

impl Encoded {
    /// The codes to decode: `mean + exp(log_variance / 2) * noise`, or the means without noise or variance (Kingma and
    /// Welling, arXiv 1312.6114). `noise` is N×z, from a standard normal distribution.
    pub fn codes(&self, noise: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let (Some(log_variance), Some(noise)) = (&self.log_variance, noise) else {
            return Ok(self.mean.shallow_clone());
        };
        let drawn = || -> Result<Tensor, TchError> {
            self.mean.f_add(&log_variance.f_mul_scalar(0.5)?.f_exp()?.f_mul(noise)?)
        };
        drawn().map_err(torch_error)
    }
}
