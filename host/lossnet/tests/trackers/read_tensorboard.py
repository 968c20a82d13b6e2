"""Prints what the real TensorBoard finds in a folder: scalars, images, texts, and what the HPARAMS tab gets."""

import hashlib
import json
import sys

from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.util import tensor_util

events = plugin_event_accumulator.EventAccumulator(
    sys.argv[1], size_guidance={plugin_event_accumulator.TENSORS: 0}
)
events.Reload()
found = {"scalars": {}, "images": {}, "texts": {}, "descriptions": {}, "times": {}, "hparams": {}}
for tag in events.Tags()["tensors"]:
    metadata = events.SummaryMetadata(tag)
    plugin = metadata.plugin_data.plugin_name
    points = events.Tensors(tag)
    if plugin == "scalars":
        found["scalars"][tag] = [
            [point.step, float(tensor_util.make_ndarray(point.tensor_proto))] for point in points
        ]
        found["times"][tag] = [point.wall_time for point in points]
        found["descriptions"][tag] = metadata.summary_description
    elif plugin == "images":
        # Width, height, then the files.
        found["images"][tag] = [
            [point.step, *[text.decode() for text in point.tensor_proto.string_val[:2]]]
            + [hashlib.sha256(png).hexdigest() for png in point.tensor_proto.string_val[2:]]
            for point in points
        ]
    elif plugin == "text":
        found["texts"][tag] = [tensor_util.make_ndarray(point.tensor_proto).ravel()[0].decode() for point in points]
    elif plugin == "hparams":
        data = plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content)
        kind = data.WhichOneof("data")
        assert data.version == 0, data
        if kind == "session_start_info":
            start = data.session_start_info
            values = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
            found["hparams"]["start"] = {"values": values, "group": start.group_name, "time": start.start_time_secs}
        else:
            end = data.session_end_info
            found["hparams"]["end"] = api_pb2.Status.Name(end.status)
print(json.dumps(found))
