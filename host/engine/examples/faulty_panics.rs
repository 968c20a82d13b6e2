//! A plugin that fails wherever its settings say, for the tests of the host.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{Device, Kind};

/// Where and how to fail.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Faults {
    /// The method that fails, such as `build`, `map` or `run`.
    at: String,
    /// `panic` or `torch`; for comparisons also `write` into what it is given, and for distances `shape` or `nan`; for tasks
    /// what is wrong with their results.
    how: String,
}

impl Faults {
    /// Fails if this is the place.
    fn strike(&self, place: &str) {
        if self.at == place {
            match self.how.as_str() {
                "write" | "shape" | "nan" => {}
                "torch" => {
                    // Shapes that can't be multiplied: tch's plain method panics with libtorch's exception.
                    let _ = Tensor::ones([2, 3], (Kind::Float, Device::Cpu))
                        .matmul(&Tensor::ones([2, 3], (Kind::Float, Device::Cpu)));
                }
                _ => panic!("struck at {place}"),
            }
        }
    }
}

struct FaultyBackbone;

impl Backbone for FaultyBackbone {
    type Config = Faults;

    fn info(&self) -> Info {
        Info::new("faulty_net", "fails where it is told to")
    }

    fn describe(&self, faults: &Faults) -> Result<Graph, PluginError> {
        faults.strike("describe");
        let mut net = GraphBuilder::new();
        let x = net.conv("conv", net.input(), Conv2d::new(4, 3));
        net.relu("relu", x);
        net.layers(["conv", "relu"]);
        Ok(net.finish()?)
    }
}

/// A backbone whose settings say how many layers it has.
struct Deep;

/// The settings of [`Deep`].
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Depth {
    /// Number of layers.
    depth: usize,
}

impl Default for Depth {
    fn default() -> Self {
        Depth { depth: 2 }
    }
}

impl Backbone for Deep {
    type Config = Depth;

    fn info(&self) -> Info {
        Info::new("deep", "as many layers as its settings say")
    }

    fn describe(&self, settings: &Depth) -> Result<Graph, PluginError> {
        if settings.depth > 40 {
            return Err(PluginError::input("no network is so deep").with_help("take 40 layers at most"));
        }
        let mut net = GraphBuilder::new();
        let mut x = net.input();
        for layer in 0..settings.depth {
            x = net.conv(&format!("conv{layer}"), x, Conv2d::new(4, 3).padding(1));
        }
        net.layers((0..settings.depth).map(|layer| format!("conv{layer}")));
        Ok(net.finish()?)
    }
}

struct FaultyComparison;

impl Comparison for FaultyComparison {
    type Config = Faults;

    fn info(&self) -> Info {
        Info::new("faulty_comparison", "fails where it is told to")
    }

    fn build(&self, faults: Faults) -> Result<Box<dyn Compare>, PluginError> {
        faults.strike("build");
        Ok(Box::new(FaultyCompare(faults)))
    }
}

struct FaultyCompare(Faults);

impl Compare for FaultyCompare {
    fn is_spatial(&self) -> bool {
        self.0.strike("is_spatial");
        true
    }

    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        self.0.strike("prepare");
        if self.0.at == "prepare" && self.0.how == "write" {
            let _ = features.shallow_clone().fill_(0.0);
        }
        Ok(features.shallow_clone())
    }

    fn map(&self, a: &Tensor, b: &Tensor, _: Option<&Tensor>) -> Result<Tensor, PluginError> {
        self.0.strike("map");
        Ok((a - b).square().sum_dim_intlist([1i64].as_slice(), true, Kind::Float))
    }

    fn distance(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        self.0.strike("distance");
        match self.0.how.as_str() {
            "write" if self.0.at == "distance" => drop(b.shallow_clone().fill_(0.0)),
            "shape" => return Ok(Tensor::zeros([3, 3], (Kind::Float, Device::Cpu))),
            "nan" => return Ok(Tensor::full([a.size()[0]], f64::NAN, (Kind::Float, Device::Cpu))),
            _ => {}
        }
        Ok(self.map(a, b, calibration)?.mean_dim([1i64, 2, 3].as_slice(), false, Kind::Float))
    }
}

struct FaultyDataset;

impl Dataset for FaultyDataset {
    type Config = Faults;

    fn info(&self) -> Info {
        Info::new("faulty_data", "fails where it is told to")
    }

    fn splits(&self) -> Vec<String> {
        vec!["val".to_owned()]
    }

    fn fields(&self) -> Vec<String> {
        ["ref", "p0", "p1", "judge"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        faults: Faults,
        _: &OpenSplit,
        _: std::sync::Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        faults.strike("open");
        Ok(Box::new(FaultySamples(faults)))
    }
}

struct FaultySamples(Faults);

impl Samples for FaultySamples {
    fn len(&self) -> usize {
        2
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        self.0.strike("sample");
        let image = |value: u8| {
            Field::Image(ImageData { width: 64, height: 64, channels: 3, data: vec![value; 64 * 64 * 3] })
        };
        let fields = [("ref", image(0)), ("p0", image(40)), ("p1", image(80)), ("judge", Field::Number(0.0))];
        Ok(Sample {
            id: index.to_string(),
            group: String::new(),
            fields: fields.map(|(name, field)| (name.to_owned(), field)).into(),
        })
    }
}

struct FaultyTask;

impl Task for FaultyTask {
    type Config = Faults;

    fn info(&self) -> Info {
        Info::new("faulty_task", "fails where it is told to")
    }

    fn run(&self, faults: Faults, run: &dyn Run) -> Result<(), PluginError> {
        faults.strike("run");
        let samples = run.samples("val")?;
        let _ = samples.sample(0)?;
        let rows = SampleRows {
            split: "val".to_owned(),
            groups: vec![String::new(); 2],
            ids: vec!["0".to_owned(), "1".to_owned()],
            columns: vec![Column { name: "points".to_owned(), values: vec![2.0, 3.0] }],
        };
        let metric = |value| Report::Metric(Metric::new("points", "val", value, "1", true, 2).at_most(4.0));
        let mean = |value, column| {
            let metric = Metric::new("points", "val", value, "1", true, 2);
            Report::Metric(metric.computed_from(FromSamples::mean(column, "val")))
        };
        match faults.how.as_str() {
            "silent" => return Ok(()),
            "beyond" => run.report(0, &metric(99.0))?,
            "twice" => run.report(0, &metric(2.0)).and_then(|()| run.report(0, &metric(3.0)))?,
            "without_rows" => run.report(0, &mean(2.5, "points"))?,
            how => {
                run.report(0, &Report::Samples(rows))?;
                let (value, column) = match how {
                    "other_mean" => (99.0, "points"),
                    "other_column" => (2.5, "marks"),
                    _ => (2.5, "points"),
                };
                run.report(0, &mean(value, column))?;
            }
        }
        Ok(())
    }
}

struct FaultyTracker;

impl Tracker for FaultyTracker {
    type Config = Faults;

    fn info(&self) -> Info {
        Info::new("faulty_tracker", "fails where it is told to")
    }

    fn start(
        &self,
        faults: Faults,
        _: &lossnet_plugin_api::component::TrackedCell,
    ) -> Result<Box<dyn Track>, PluginError> {
        faults.strike("start");
        Ok(Box::new(FaultyTrack(faults)))
    }
}

struct FaultyTrack(Faults);

impl Track for FaultyTrack {
    fn report(&mut self, _: &Report) -> Result<(), PluginError> {
        self.0.strike("report");
        Ok(())
    }

    fn finish(&mut self, _: Option<&str>) -> Result<(), PluginError> {
        self.0.strike("finish");
        Ok(())
    }
}

submit! { Components::Backbones(|| vec![Box::new(FaultyBackbone), Box::new(Deep)]) }
submit! { Components::Comparisons(|| vec![Box::new(FaultyComparison)]) }
submit! { Components::Datasets(|| vec![Box::new(FaultyDataset)]) }
submit! { Components::Tasks(|| vec![Box::new(FaultyTask)]) }
submit! { Components::Trackers(|| vec![Box::new(FaultyTracker)]) }
export_plugin!();
