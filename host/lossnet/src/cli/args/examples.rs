//! What stands at the end of `--help`.

pub(super) const COMPARE: &str = "\
Examples:
  lossnet compare a.png b.png --metric lpips-alex --map map.png
  lossnet compare a.png b.png --backbone vgg16 --layers 3,8,15 --comparison spatial+sort";

pub(super) const RUN: &str = "\
Examples:
  lossnet run sweep.toml --plan     print the plan, and what is missing for it
  lossnet run sweep.toml            run it; after an interruption, resume
  lossnet run sweep.toml -s run.device=cuda:1 --only backbone=vgg16
  lossnet run sweep.toml --executor local --workers 4
  envsubst < sweep.toml | lossnet run -";

pub(super) const RESULTS: &str = "\
Examples:
  lossnet results sweep
  lossnet results sweep --all --latex
  lossnet results sweep --where metric=2afc_score --group backbone,layers
  lossnet results sweep --pairs --where weights=imagenet";

pub(super) const REPORT: &str = "\
Examples:
  lossnet report sweep --open
  lossnet report first second --out report";

pub(super) const FETCH: &str = "\
Examples:
  lossnet fetch vgg16 alexnet:IMAGENET1K_V1     weights
  lossnet fetch bapps                           a dataset
  lossnet fetch bapps --check                   check whether it is complete";
