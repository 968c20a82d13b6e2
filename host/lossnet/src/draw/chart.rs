//! Scores against the depth of the layer they come from.

use lossnet_analysis::report::PALETTE;

use super::svg::{Picture, escape};

/// One line of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name, such as a backbone's with its weights.
    pub name: String,
    /// The place of its backbone among all in the order of their names: it decides colour and marker, as in a report.
    pub backbone: usize,
    /// The place of the series among those of its backbone, which differ in their dashes.
    pub variant: usize,
    /// Its points, from shallow to deep.
    pub points: Vec<Point>,
}

/// The score of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The layer, as it is written beside the point.
    pub layer: String,
    /// Depth of the layer in its network, from 0 (first) to 1 (last).
    pub depth: f64,
    /// The score.
    pub value: f64,
}

const WIDTH: f64 = 760.0;
const PLOT_HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 58.0;

/// A chart of scores against depth, a line for each series with a marker of its own, its layers named at the points, and a
/// legend below. `unit` stands at the axis; whether higher is better is said there, too.
pub fn score_by_layer(
    title: &str,
    metric: &str,
    unit: &str,
    higher_is_better: bool,
    series: &[Series],
) -> String {
    let legend_rows = series.len().div_ceil(LEGEND_COLUMNS) as f64;
    let height = TOP + PLOT_HEIGHT + 56.0 + 20.0 * legend_rows + 12.0;
    let mut picture = Picture::new(WIDTH, height, title);
    let direction = if higher_is_better { "higher is better" } else { "lower is better" };
    picture.text(LEFT, 24.0, "start", "title", title);
    picture.text(LEFT, 42.0, "start", "small", &format!("{metric} ({unit}, {direction})"));

    let values =
        series.iter().flat_map(|series| &series.points).map(|point| point.value).filter(|v| v.is_finite());
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    let ticks = ticks(low, high);
    let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
    let x = |depth: f64| LEFT + 14.0 + depth * (WIDTH - LEFT - RIGHT - 28.0);
    let y = |value: f64| TOP + PLOT_HEIGHT * (1.0 - (value - first) / (last - first));
    for tick in &ticks {
        picture.line((LEFT, y(*tick)), (WIDTH - RIGHT, y(*tick)), "grid");
        picture.text(LEFT - 8.0, y(*tick) + 4.0, "end", "small", &label(*tick, last - first));
    }
    picture.line((LEFT, TOP + PLOT_HEIGHT), (WIDTH - RIGHT, TOP + PLOT_HEIGHT), "axis");
    picture.text(x(0.0), TOP + PLOT_HEIGHT + 18.0, "start", "small", "first layer");
    picture.text(
        (LEFT + WIDTH - RIGHT) / 2.0,
        TOP + PLOT_HEIGHT + 18.0,
        "middle",
        "small",
        "depth of the layer",
    );
    picture.text(x(1.0), TOP + PLOT_HEIGHT + 18.0, "end", "small", "last layer");

    let mut drawn: Vec<(&Point, f64, f64)> = Vec::new();
    for (number, series) in series.iter().enumerate() {
        let place = series.backbone;
        let points = series.points.iter().filter(|point| point.value.is_finite());
        let points: Vec<(&Point, f64, f64)> =
            points.map(|point| (point, x(point.depth), y(point.value))).collect();
        draw_series(&mut picture, series, &points);
        drawn.extend(points);
        let (column, row) = (number % LEGEND_COLUMNS, number / LEGEND_COLUMNS);
        let (left, base) = (LEFT + 170.0 * column as f64, TOP + PLOT_HEIGHT + 48.0 + 20.0 * row as f64);
        picture.add(&stroke(
            series,
            &format!("{:.1},{:.1} {:.1},{:.1}", left - 4.0, base - 4.0, left + 16.0, base - 4.0),
        ));
        picture.add(&marker(place, left + 6.0, base - 4.0, &series.name));
        picture.text(left + 22.0, base, "start", "", &series.name);
    }
    name_layers(&mut picture, &drawn);
    picture.finish()
}

const LEGEND_COLUMNS: usize = 4;

/// Series of one backbone differ in these.
const DASHES: [&str; 5] = ["", "7 4", "2 4", "9 3 2 3", "4 2"];

/// A series as a line with markers.
fn draw_series(picture: &mut Picture, series: &Series, points: &[(&Point, f64, f64)]) {
    let places: Vec<String> = points.iter().map(|(_, px, py)| format!("{px:.1},{py:.1}")).collect();
    picture.add(&stroke(series, &places.join(" ")));
    for (point, px, py) in points {
        let tip = format!("{}, layer {}: {:.4}", series.name, point.layer, point.value);
        picture.add(&marker(series.backbone, *px, *py, &tip));
    }
}

/// A line through these places.
fn stroke(series: &Series, places: &str) -> String {
    let dashes = match DASHES[series.variant % DASHES.len()] {
        "" => String::new(),
        dashes => format!(" stroke-dasharray=\"{dashes}\""),
    };
    let color = color(series.backbone);
    format!("<polyline points=\"{places}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>")
}

/// A rectangle by its centre, and half its width and height.
type Extent = (f64, f64, f64, f64);

/// Writes the layer beside each point: above, below, left or right of it, wherever there is no marker and no other name;
/// where there is no room at all the tool tip must do.
fn name_layers(picture: &mut Picture, points: &[(&Point, f64, f64)]) {
    let mut taken: Vec<Extent> = points.iter().map(|(_, px, py)| (*px, *py, 5.0, 5.0)).collect();
    for (point, px, py) in points {
        let half = 3.4 * point.layer.chars().count() as f64 + 1.0;
        let (across, down) = (half + 7.0, 11.5);
        let places = [(0.0, -down), (0.0, down), (across, 0.0), (-across, 0.0)];
        let mut free = places.iter().map(|(dx, dy)| (px + dx, py + dy, half, 5.5)).filter(|name| {
            let inside = name.0 - half >= LEFT && name.0 + half <= WIDTH && name.1 <= TOP + PLOT_HEIGHT - 2.0;
            inside && !taken.iter().any(|other| overlap(name, other))
        });
        if let Some(name) = free.next() {
            picture.text(name.0, name.1 + 4.0, "middle", "small", &point.layer);
            taken.push(name);
        }
    }
}

fn overlap(one: &Extent, other: &Extent) -> bool {
    (one.0 - other.0).abs() < one.2 + other.2 && (one.1 - other.1).abs() < one.3 + other.3
}

fn color(number: usize) -> &'static str {
    PALETTE[number % PALETTE.len()]
}

/// Circle, square, triangle or diamond, so that series can be told apart without colour.
fn marker(number: usize, x: f64, y: f64, tip: &str) -> String {
    // Backbones beyond the palette share a colour with another one, and have another marker.
    let form = match (number + number / PALETTE.len()) % 4 {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\""),
        1 => format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\"", x - 4.0, y - 4.0),
        2 => format!(
            "<polygon points=\"{x:.1},{:.1} {:.1},{:.1} {:.1},{:.1}\"",
            y - 5.5,
            x - 5.0,
            y + 4.0,
            x + 5.0,
            y + 4.0
        ),
        _ => format!(
            "<polygon points=\"{x:.1},{:.1} {:.1},{y:.1} {x:.1},{:.1} {:.1},{y:.1}\"",
            y - 5.5,
            x + 5.5,
            y + 5.5,
            x - 5.5
        ),
    };
    format!("{form} fill=\"{}\"><title>{}</title>{}", color(number), escape(tip), closing(&form))
}

fn closing(form: &str) -> &'static str {
    if form.starts_with("<circle") {
        "</circle>"
    } else if form.starts_with("<rect") {
        "</rect>"
    } else {
        "</polygon>"
    }
}

/// Round values that span the range: a step of 1, 2 or 5 times a power of ten, about five of them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = if high > low { high - low } else { low.abs().max(1.0) * 0.1 };
    let raw = span / 4.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw);
    let step = step.unwrap_or(power);
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    (first..=last.max(first + 1)).map(|count| count as f64 * step).collect()
}

fn label(value: f64, span: f64) -> String {
    let digits = (1.0 - span.log10()).ceil().clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ticks_are_round_and_span_the_range() {
        for (low, high) in [(0.5, 0.9), (0.512, 0.534), (3.0, 3.0), (-2.0, 700.0), (0.0, 0.0)] {
            let ticks = ticks(low, high);
            assert!(ticks.len() >= 2 && ticks.len() <= 8, "{ticks:?}");
            assert!(ticks[0] <= low && ticks[ticks.len() - 1] >= high, "{low} {high} {ticks:?}");
        }
    }

    #[test]
    fn names_of_layers_do_not_lie_upon_each_other() {
        let point = Point { layer: "12".to_owned(), depth: 0.0, value: 0.0 };
        let mut picture = Picture::new(WIDTH, 400.0, "");
        let crowd: Vec<(&Point, f64, f64)> =
            (0..9).map(|n| (&point, 300.0 + f64::from(n) * 3.0, 200.0)).collect();
        name_layers(&mut picture, &crowd);
        let places: Vec<(f64, f64)> = picture
            .finish()
            .split("<text x=\"")
            .skip(1)
            .map(|text| {
                let mut numbers = text.split('"');
                (numbers.next().unwrap().parse().unwrap(), numbers.nth(1).unwrap().parse().unwrap())
            })
            .collect();
        assert!(places.len() >= 4, "{places:?}");
        for (position, one) in places.iter().enumerate() {
            for other in &places[position + 1..] {
                assert!((one.0 - other.0).abs() >= 13.0 || (one.1 - other.1).abs() >= 11.0, "{places:?}");
            }
        }
    }

    fn series(name: &str, backbone: usize, variant: usize, points: Vec<Point>) -> Series {
        Series { name: name.to_owned(), backbone, variant, points }
    }

    #[test]
    fn a_backbone_has_one_colour_whatever_else_varies() {
        let point = |value| Point { layer: "1".to_owned(), depth: 0.5, value };
        let all = [
            series("alexnet (imagenet)", 0, 0, vec![point(0.6)]),
            series("alexnet (random)", 0, 1, vec![point(0.5)]),
            series("vgg16", 1, 0, vec![point(0.7)]),
        ];
        let picture = score_by_layer("Scores", "2afc_score", "share", true, &all);
        let strokes = |color: &str| picture.matches(&format!("stroke=\"{color}\"")).count();
        // Each in the plot and in the legend.
        assert_eq!([strokes(PALETTE[0]), strokes(PALETTE[1]), strokes(PALETTE[2])], [4, 2, 0]);
        assert_eq!(picture.matches("stroke-dasharray=\"7 4\"").count(), 2);
    }

    #[test]
    fn every_series_and_layer_is_named() {
        let point = |layer: &str, depth, value| Point { layer: layer.to_owned(), depth, value };
        let series = [
            series("alexnet", 0, 0, vec![point("1", 0.0, 0.6), point("11", 1.0, 0.7)]),
            series("a<b", 1, 0, vec![point("3", 0.5, f64::NAN)]),
        ];
        let picture = score_by_layer("Scores", "2afc_score", "share", true, &series);
        for part in ["alexnet", "a&lt;b", "higher is better", "alexnet, layer 11: 0.7000", "role=\"img\""] {
            assert!(picture.contains(part), "no {part}");
        }
        assert!(!picture.contains("NaN"));
    }
}
