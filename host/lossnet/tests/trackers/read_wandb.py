"""Prints what wandb's own reader finds in the runs that were kept offline in a cell's folder, oldest first."""

import glob
import json
import os
import sys

from wandb.proto import wandb_internal_pb2
from wandb.sdk.internal.datastore import DataStore


def key(item):
    return item.key or ".".join(item.nested_key)


runs = []
for path in sorted(glob.glob(os.path.join(sys.argv[1], "wandb", "offline-run-*", "*.wandb")), key=os.path.getmtime):
    store = DataStore()
    store.open_for_scan(path)
    run = {"id": None, "config": {}, "rows": [], "summary": {}, "exit": None, "artifacts": [], "better": {}}
    while True:
        try:
            data = store.scan_data()
        except AssertionError:
            # A killed run's last record is cut off.
            break
        if data is None:
            break
        record = wandb_internal_pb2.Record.FromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.update(
                id=record.run.run_id, name=record.run.display_name, project=record.run.project, group=record.run.run_group
            )
            run.update(job_type=record.run.job_type, notes=record.run.notes)
            run["config"].update({key(item): json.loads(item.value_json) for item in record.run.config.update})
        elif kind == "config":
            run["config"].update({key(item): json.loads(item.value_json) for item in record.config.update})
        elif kind == "history":
            row = {key(item): json.loads(item.value_json) for item in record.history.item}
            # An image is a table of numbers about a file.
            tables = [name.removesuffix("_type") for name in row if name.endswith("._type")]
            row = {name: value for name, value in row.items() if not name.startswith(tuple(tables))}
            row["_row"] = record.history.step.num
            run["rows"].append(row)
        elif kind == "summary":
            run["summary"].update({key(item): json.loads(item.value_json) for item in record.summary.update})
        elif kind == "metric":
            summary = record.metric.summary
            run["better"].update({record.metric.name: name for name in ("min", "max") if getattr(summary, name)})
        elif kind == "exit":
            run["exit"] = record.exit.exit_code
        elif kind == "artifact":
            run["artifacts"].append([record.artifact.name, [file.path for file in record.artifact.manifest.contents]])
    files = os.path.join(os.path.dirname(path), "files")
    run["images"] = sorted(
        os.path.relpath(os.path.join(folder, name), files)
        for folder, _, names in os.walk(files)
        for name in names
        if name.endswith(".png")
    )
    runs.append(run)
print(json.dumps(runs))
