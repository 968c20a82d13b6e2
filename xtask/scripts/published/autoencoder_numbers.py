"""Autoencoders: losses of 20 steps with a loss network that drifts, its statistics, and the validation loss by them."""

import re
import tempfile

import torch
from common import fill, frozen_loss_network, images, statistics

CODE = 8
MODELS = {
    "four-layer-cvae": "FourLayerCVAE",
    "feature-predictor-cvae": "FeaturePredictorCVAE",
    "feature-autoencoder": "FeatureAutoencoder",
    "perceptual-feature-to-img-cvae": "PerceptualFeatureToImgCVAE",
    "feature-to-img-cvae": "FeatureToImgCVAE",
}


def own_name(name):
    place = re.fullmatch(r"((?:en|de)coder)\.(conv|norm)(\d)\.(.*)", name)
    if place is None:
        return name
    coder, kind, layer, rest = place.groups()
    return f"{coder}.{3 * int(layer) + (kind == 'norm')}.{rest}"


def numbers(_source):
    from perceptual_autoencoders import encoders

    load = torch.load
    torch.load = lambda file, **settings: load(file, **{"weights_only": False, **settings})
    cases = []
    for model, published in MODELS.items():
        for beta in [None, 0.5] if model in ("four-layer-cvae", "feature-autoencoder") else [None]:
            with tempfile.NamedTemporaryFile() as file:
                torch.save(frozen_loss_network(), file.name)
                autoencoder = getattr(encoders, published)(
                    input_size=(64, 64),
                    z_dimensions=CODE,
                    variational=False,
                    gamma=0.0,
                    perceptual_net_path=file.name,
                    beta_factor=beta,
                )
            network = autoencoder.perceptual_net
            autoencoder.perceptual_net = None
            fill(autoencoder, 5, own_name)
            autoencoder.perceptual_net = network
            optimizer = autoencoder.configure_optimizers()
            # Biases in front of a batch normalization have gradients of rounding errors, of which Adam makes whole steps: with
            # small ones losses can be compared for longer.
            optimizer.param_groups[0]["lr"] = 1e-5
            losses, variances = [], []
            autoencoder.train()
            for step in range(20):
                # Far from [0, 1], so that the sorted term is not always 0.
                batch = (6 * images(step, "images", (4, 3, 64, 64)), None)
                loss = autoencoder.training_step(batch, step)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            autoencoder.eval()
            with torch.no_grad():
                validation = autoencoder.validation_step((6 * images(99, "images", (4, 3, 64, 64)), None), 0)
            cases.append(
                {
                    "model": model,
                    "beta": beta or 0.0,
                    "losses": losses,
                    "validation": validation.item(),
                    "statistics": statistics(network),
                }
            )
    torch.load = load
    return cases
