#!/usr/bin/env python3
"""Writes structure.txt: what torchvision says of each architecture, against which the descriptions are tested.

One line per fact, tab-separated:
  network  <name>  <parameters>  <sha256 of the lines "<parameter> <shape>", sorted>  <sha256 of the module names, sorted>
           <sha256 of the node names, in order>  <indices of the paper's layers, with commas, or ->
  layer    <index> <name> <class> <C>x<H>x<W> for a 3x96x96 input

Parameters are those of the state dict but for num_batches_tracked and auxiliary classifiers. Module names are those of
all modules that a forward pass in evaluation mode calls, but for containers whose class only holds others. Node names
are those that torchvision's feature extraction gives to modules without children and to functions, in the order in which
they run; ShuffleNet's channel_shuffle is one node, and chunk, whose value is not a tensor, is none.

usage: generate.py TORCHVISION_MODELS_JSON   (needs torch 2.11, torchvision 0.26)
       generate.py --dump NAME               prints the parameter lines, node and module names of one network
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import torch
import torchvision
from torchvision.models.feature_extraction import NodePathTracer
from torchvision.models.shufflenetv2 import channel_shuffle

AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def build(name):
    extra = {"init_weights": False, "transform_input": False} if name in ("googlenet", "inception_v3") else {}
    # RegNets compute their widths with tensors, which have to hold values.
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        return torchvision.models.get_model(name, weights=None, **extra).eval().to("meta")


def parameters(model):
    shapes = {k: "x".join(map(str, v.shape)) for k, v in model.state_dict().items()}
    keep = (k for k in shapes if not k.endswith("num_batches_tracked") and not k.startswith(AUXILIARY))
    return sorted(f"{k} {shapes[k]}" for k in keep)


def modules(model):
    called = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: called.append(name))
    with torch.device("meta"), torch.no_grad():
        model(torch.zeros(1, 3, 96, 96))
    return sorted({name for name in called if name})


def nodes(model):
    tracer = NodePathTracer(
        leaf_modules=[torchvision.ops.StochasticDepth],
        autowrap_modules=(math,),
        autowrap_functions=(channel_shuffle,),
    )
    tracer.trace(model)
    named = [name for node, name in tracer.node_to_qualname.items() if node.op not in ("placeholder", "output")]
    return [name for name in named if not name.endswith(".chunk")]


def digest(lines):
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


def main():
    if sys.argv[1] == "--dump":
        model = build(sys.argv[2])
        print("\n".join(parameters(model) + nodes(model) + modules(model)))
        return
    published = json.loads(Path(sys.argv[1]).read_text())
    lines = []
    for name in sorted(k for k, v in published.items() if v.get("reference")):
        model = build(name)
        names = parameters(model)
        reference = published[name]["reference"]
        paper = ",".join(map(str, reference["paper_layers"] or [])) or "-"
        # Tracing first: the hooks that list the modules would be traced too.
        digests = [digest(found) for found in (names, nodes(model), modules(model))]
        lines.append("\t".join(["network", name, str(len(names)), digests[0], digests[2], digests[1], paper]))
        for layer in reference["layers"]:
            shape = "x".join(map(str, layer["shape_96"]))
            lines.append(f"layer\t{layer['index']}\t{layer['name']}\t{layer['module']}\t{shape}")
    (Path(__file__).parent / "structure.txt").write_text("\n".join(lines) + "\n")


main()
