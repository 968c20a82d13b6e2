"""Metrics: losses of 20 steps of the published trainings, what they leave, and the scores of the published test program."""

import torch
import torch.nn.functional as F
from common import fill, frozen_loss_network, images, NormalizedLossNetwork, statistics
from formula import parameter_values
from torch import nn

SEED = 3
STEPS = 20
TRIPLETS = 6
SIDE = 12
LEARNING_RATE = 0.01


class Concatenated(nn.Module):
    """The loss network with what `spatial+sort` adds to its features."""

    def __init__(self, network, modifier):
        super().__init__()
        self.network = network
        self.modified = modifier(extractor=network, modification="sort", return_policy="concat", shape_policy="keep")

    def forward(self, x):
        return self.modified(x)


def batch(name):
    of = lambda part: images(SEED, f"{part}/{name}", (TRIPLETS, 3, SIDE, SIDE))
    return {"ref": of("ref"), "p0": of("p0"), "p1": of("p1"), "judge": images(SEED, f"judge/{name}", (TRIPLETS,))}


def pairs(name):
    of = lambda part: images(SEED, f"{part}/{name}", (TRIPLETS, 3, SIDE, SIDE))
    return {"p0": of("p0"), "p1": of("p1"), "same": images(SEED, f"same/{name}", (TRIPLETS,))}


def learner_of(experiment, variant, modifier=None):
    network = frozen_loss_network() if variant == "lin" else NormalizedLossNetwork()
    whole = Concatenated(network, modifier) if modifier else network
    metric = experiment.DistanceMetric(whole, weights=True, channel_norm=False, use_dropout=False)
    learner = experiment.Learner(metric, logit="large")
    with torch.no_grad():
        for layer, weights in enumerate(metric.weights):
            name = f"lin{layer}.model.1.weight"
            weights.weight.copy_(torch.from_numpy(parameter_values(SEED, name, tuple(weights.weight.shape))))
        fill(learner.logit_net, SEED, lambda name: f"logit.model.{name}")
        for name, tensor in network.state_dict().items():
            is_filled = variant == "tune" or "running" in name
            if is_filled and not name.endswith("num_batches_tracked"):
                tensor.copy_(torch.from_numpy(parameter_values(SEED, f"network.{name}", tuple(tensor.shape))))
    return learner, network


def trained(experiment, variant, modifier=None, learning_rate=LEARNING_RATE):
    learner, network = learner_of(experiment, variant, modifier)
    learner.train()
    ([optimizer], _) = learner.configure_optimizers()
    optimizer.param_groups[0]["lr"] = learning_rate
    losses = []
    for step in range(STEPS):
        loss = learner.training_step(batch(step), step)
        # Between loss and gradients, as Lightning's closure of a step has it.
        learner.on_before_zero_grad(optimizer)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    numbers = {
        "learning_rate": learning_rate,
        "losses": losses,
        "calibration": [weights.weight.flatten().tolist() for weights in learner.metric.weights],
    }
    # As run_experiment does: pairs in training mode, then triplets in evaluation mode.
    numbers["jnd_map"] = experiment.score_jnd([pairs("a"), pairs("b")], learner).item()
    numbers["statistics"] = statistics(network)
    learner.eval()
    found = {}
    learner.log = lambda name, value, **settings: found.setdefault(name, value.item())
    learner.test_step(batch("test"), 0)
    numbers["test"] = {name.removeprefix("test_"): value for name, value in found.items()}
    return numbers


def baseline_in_training(experiment):
    """As augmentations.py does behind Lightning's test, which leaves the network in training mode."""
    metric = experiment.DistanceMetric(frozen_loss_network().train(), channel_norm=False)
    return experiment.score_jnd([pairs("a"), pairs("b")], experiment.Learner(metric)).item()


def noise(experiment):
    """What the image of noise leaves, with noise of the formula."""
    network = fill(NormalizedLossNetwork(), 0).train()
    drawn = torch.rand
    torch.rand = lambda shape: images(SEED, "noise", shape)
    experiment.DistanceMetric(network, weights=True)
    torch.rand = drawn
    return statistics(network)


def numbers(_source):
    import loss_networks
    from perceptual_metric import experiment

    torch.manual_seed(0)
    # scores of pairs keep distances with their graphs
    with torch.no_grad():
        baseline, seen = baseline_in_training(experiment), noise(experiment)
    modifier = loss_networks.ExtractionModifier
    return {
        "seed": SEED,
        "triplets": TRIPLETS,
        "side": SIDE,
        "lin": trained(experiment, "lin"),
        "tune": trained(experiment, "tune"),
        # The bias in front of the batch normalization has gradients of rounding errors, of which Adam makes whole steps: with small
        # ones the running mean and what is tested with it can be compared.
        "tune_slowly": trained(experiment, "tune", learning_rate=1e-5),
        "lin_spatial_sort": trained(experiment, "lin", modifier),
        "baseline_jnd_map": baseline,
        "statistics_behind_noise": seen,
    }
