//! A network from top to bottom: its indexed layers with what is in them, and its head.

mod layout;

use std::collections::HashMap;

use lossnet_plugin_protocol::graph::cost::Cost;
use lossnet_plugin_protocol::graph::{Graph, GraphError};

use super::svg::{Picture, escape};
use layout::{Group, Layout, Slot, Unit};

const WIDTH: f64 = 1060.0;
const NAMES: f64 = 24.0;
const LEFT: f64 = 240.0;
const RIGHT: f64 = 770.0;
const VALUES: f64 = 786.0;
const TOP: f64 = 66.0;
const BOX_HEIGHT: f64 = 34.0;
const ROW: f64 = 50.0;
const BETWEEN: f64 = 16.0;
const PADDING: f64 = 9.0;
const WIDEST_BOX: f64 = 230.0;
/// Widths of a character, for what fits into a box.
const BOLD: f64 = 7.2;
const SMALL: f64 = 6.0;

/// A drawing of the network for square images of `size` pixels.
///
/// Each indexed layer is a frame with index, name, class, shape, trained parameters and multiply-adds, and in it its parts,
/// if it has several: branches side by side, what follows one another from top to bottom. Behind the last indexed layer come the nodes of the
/// head. The picture has the same content for screen readers and in tool tips.
///
/// Fails if the network does not work on images of this size.
pub fn network(name: &str, graph: &Graph, size: i64) -> Result<String, GraphError> {
    let costs = graph.costs(&vec![true; graph.nodes.len()], size, size)?;
    let layout = Layout::of(graph);
    let mut drawing =
        Drawing { layout: &layout, costs: &costs, boxes: HashMap::new(), passages: HashMap::new() };
    let frames = drawing.place();
    let height = frames.last().map_or(TOP, |last| last.bottom) + 24.0;
    let mut picture = Picture::new(WIDTH, height, &format!("The network {name}"));
    picture.text(NAMES, 28.0, "start", "title", name);
    let channels = costs.first().and_then(Option::as_ref).map_or(3, |image| image.shape.channels);
    let about = format!("for images of {channels}×{size}×{size}; blue are the layers that have an index");
    picture.text(NAMES, 46.0, "start", "small", &about);
    // Frames lie below lines, and lines below boxes.
    for (group, frame) in layout.groups.iter().zip(&frames) {
        drawing.frame(&mut picture, group, frame);
    }
    drawing.lines(&mut picture);
    for (number, unit) in layout.units.iter().enumerate() {
        drawing.unit(&mut picture, number, unit);
    }
    Ok(picture.finish())
}

/// A rectangle by its edges.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    fn centre(&self) -> f64 {
        f64::midpoint(self.left, self.right)
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }
}

struct Drawing<'a> {
    layout: &'a Layout,
    costs: &'a [Option<Cost>],
    boxes: HashMap<usize, Area>,
    /// Where a value passes rows, from top to bottom.
    passages: HashMap<(usize, usize), Vec<Area>>,
}

impl Drawing<'_> {
    /// Gives every box and passage its area, and says where the frames are.
    fn place(&mut self) -> Vec<Area> {
        let mut top = TOP;
        let mut frames = Vec::new();
        for group in &self.layout.groups {
            let begin = top;
            let padding = if group.is_single() { 0.0 } else { PADDING };
            top += padding;
            for row in &group.rows {
                let pitch = ((RIGHT - LEFT) / row.len() as f64).min(WIDEST_BOX + 12.0);
                let first = f64::midpoint(LEFT, RIGHT) - pitch * row.len() as f64 / 2.0;
                for (position, slot) in row.iter().enumerate() {
                    let left = first + pitch * position as f64 + 5.0;
                    let area = Area { left, right: left + pitch - 10.0, top, bottom: top + BOX_HEIGHT };
                    match slot {
                        Slot::Unit(unit) => {
                            self.boxes.insert(*unit, area);
                        }
                        Slot::Passage { from, to } => {
                            self.passages.entry((*from, *to)).or_default().push(area);
                        }
                    }
                }
                top += ROW;
            }
            if group.rows.is_empty() {
                // A second name for a layer above: an empty frame.
                top += ROW;
            }
            top += padding - (ROW - BOX_HEIGHT);
            let whole = Area { left: LEFT - 8.0, right: RIGHT + 8.0, top: begin, bottom: top };
            // A layer of one part is that part.
            let only = group.rows.first().and_then(|row| row.first()).filter(|_| group.is_single());
            let only =
                only.and_then(|slot| if let Slot::Unit(unit) = slot { self.boxes.get(unit) } else { None });
            frames.push(only.copied().unwrap_or(whole));
            top += BETWEEN;
        }
        frames
    }

    fn cost(&self, node: usize) -> Option<&Cost> {
        self.costs.get(node).and_then(Option::as_ref)
    }

    fn frame(&self, picture: &mut Picture, group: &Group, frame: &Area) {
        let inside = group.nodes.clone().filter_map(|node| self.cost(node));
        let (parameters, macs) =
            inside.fold((0, 0), |(parameters, macs), cost| (parameters + cost.parameters, macs + cost.macs));
        let shape = self.cost(group.output.0).map(|cost| cost.shape.to_string()).unwrap_or_default();
        let class = if group.index.is_some() { "layer" } else { "node" };
        let tip = format!(
            "{} ({}): {shape}, {parameters} parameters, {macs} multiply-adds",
            group.name, group.class
        );
        if !group.is_single() {
            picture.add(&rectangle(frame, class, &tip));
        }
        let middle = frame.middle();
        let name = shortened(&group.name, LEFT - NAMES - 50.0, BOLD);
        match group.index {
            Some(index) => {
                picture.text(NAMES + 26.0, middle + 5.0, "end", "title", &index.to_string());
                picture.text(NAMES + 36.0, middle - 2.0, "start", "strong", &name);
            }
            None => picture.text(NAMES + 36.0, middle - 2.0, "start", "", &name),
        }
        picture.text(NAMES + 36.0, middle + 12.0, "start", "small", &group.class);
        picture.text(VALUES, middle - 2.0, "start", "strong", &shape);
        let mut cost = Vec::new();
        if parameters > 0 {
            cost.push(format!("{} parameters", grouped(parameters)));
        }
        if macs > 0 {
            cost.push(format!("{} M mult-adds", tenths(macs)));
        }
        picture.text(VALUES, middle + 12.0, "start", "small", &cost.join(", "));
    }

    fn lines(&self, picture: &mut Picture) {
        for (to, unit) in self.layout.units.iter().enumerate() {
            let Some(below) = self.boxes.get(&to) else { continue };
            for from in &unit.inputs {
                let Some(above) = self.boxes.get(from) else { continue };
                let passages = self.passages.get(&(*from, to)).map(Vec::as_slice).unwrap_or_default();
                // A passage of the row on which the boxes stand would be crossed by nothing: straight down is enough.
                let beside = passages.is_empty() && self.skips(*from, to);
                picture.add(&if beside { arc(above, below) } else { path(above, passages, below) });
            }
        }
    }

    /// Whether other boxes lie between two that are connected.
    fn skips(&self, from: usize, to: usize) -> bool {
        let (Some(above), Some(below)) = (self.boxes.get(&from), self.boxes.get(&to)) else { return false };
        let between = |area: &Area| area.top > above.bottom && area.bottom < below.top;
        !self.layout.has_passage(from, to) && self.boxes.values().any(between)
    }

    fn unit(&self, picture: &mut Picture, number: usize, unit: &Unit) {
        let Some(area) = self.boxes.get(&number) else { return };
        let shape = self.cost(unit.output.0).map(|cost| cost.shape.to_string()).unwrap_or_default();
        let group = &self.layout.groups[unit.group];
        let class = match (group.is_single(), group.index) {
            (true, Some(_)) => "layer",
            (true, None) => "node",
            (false, _) => "part",
        };
        picture.add(&rectangle(area, class, &format!("{} ({}): {shape}", unit.name, unit.class)));
        let width = area.right - area.left - 8.0;
        let below = format!("{} · {shape}", unit.class);
        let below = if below.chars().count() as f64 * SMALL <= width { below } else { shape };
        let label = shortened(&unit.label, width, BOLD);
        picture.text(area.centre(), area.top + 15.0, "middle", "strong", &label);
        picture.text(area.centre(), area.top + 28.0, "middle", "small", &shortened(&below, width, SMALL));
    }
}

fn rectangle(area: &Area, class: &str, tip: &str) -> String {
    let Area { left, right, top, bottom } = area;
    format!(
        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"5\" class=\"{class}\">\
         <title>{}</title></rect>",
        right - left,
        bottom - top,
        escape(tip)
    )
}

/// A line from a box through places between others to a box below.
fn path(above: &Area, passages: &[Area], below: &Area) -> String {
    let mut points = vec![(above.centre(), above.bottom)];
    for passage in passages {
        points.extend([(passage.centre(), passage.top), (passage.centre(), passage.bottom)]);
    }
    points.push((below.centre(), below.top));
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    format!("<polyline points=\"{}\" class=\"edge\"/>", points.join(" "))
}

/// A line around the boxes between, which bulges the more the more of them there are.
fn arc(above: &Area, below: &Area) -> String {
    let (from, to) = (above.middle(), below.middle());
    let reach = (above.right.max(below.right) + 14.0 + (to - from) / 8.0).min(RIGHT + 4.0);
    format!(
        "<path d=\"M{:.1},{from:.1} C{reach:.1},{from:.1} {reach:.1},{to:.1} {:.1},{to:.1}\" class=\"edge faint\"/>",
        above.right, below.right
    )
}

/// Text cut to what fits into a width.
fn shortened(text: &str, width: f64, character: f64) -> String {
    let most = (width / character).max(2.0) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    // The ends of names tell more than their beginnings.
    let end: String = text.chars().skip(text.chars().count() + 1 - most).collect();
    format!("…{end}")
}

/// A number with thin spaces between thousands.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Millions, with a decimal where there are few.
fn tenths(number: i64) -> String {
    let millions = number as f64 / 1e6;
    if millions < 10.0 { format!("{millions:.1}") } else { grouped(millions.round() as i64) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lossnet_plugin_protocol::graph::{Conv2d, GraphBuilder};

    use super::*;

    /// A convolution, a block of two branches with one part that skips a row, and a head.
    fn branched() -> Graph {
        let mut net = GraphBuilder::new();
        let x = net.conv("conv", net.input(), Conv2d::new(8, 3));
        let block = net.module("block", "Inception", |net| {
            let short = net.module("short", "BasicConv2d", |net| net.conv("conv", x, Conv2d::new(4, 1)));
            let long = net.conv("long_1", x, Conv2d::new(4, 1));
            let long = net.conv("long_2", long, Conv2d::new(4, 3).padding(1));
            net.concat(&[short, long])
        });
        net.conv("head", block, Conv2d::new(2, 1));
        net.layers(["conv", "block"]);
        net.finish().unwrap()
    }

    #[test]
    fn layers_their_parts_and_the_head_are_drawn() {
        let picture = network("tiny", &branched(), 16).unwrap();
        for part in
            [">0<", ">conv<", ">1<", ">block<", ">short<", ">long_2<", ">head<", "8×14×14", "224 parameters"]
        {
            assert!(picture.contains(part), "no {part} in {picture}");
        }
        assert!(picture.contains("role=\"img\"") && !picture.contains("NaN"));
        // Lines: conv to both branches, long_1 to long_2, both to the sum, and to the head.
        assert_eq!(picture.matches("<polyline").count(), 6, "{picture}");
    }

    #[test]
    fn branches_stand_side_by_side_and_values_pass_between_boxes() {
        let graph = branched();
        let layout = Layout::of(&graph);
        let rows = &layout.groups[1].rows;
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        assert!(rows[1].iter().any(|slot| matches!(slot, Slot::Passage { .. })));
        let mut drawing =
            Drawing { layout: &layout, costs: &[], boxes: HashMap::new(), passages: HashMap::new() };
        drawing.place();
        let areas: Vec<&Area> = drawing.boxes.values().chain(drawing.passages.values().flatten()).collect();
        for (position, one) in areas.iter().enumerate() {
            assert!(one.left >= LEFT && one.right <= RIGHT);
            for other in &areas[position + 1..] {
                let apart = one.right <= other.left || other.right <= one.left;
                assert!(apart || one.bottom <= other.top || other.bottom <= one.top, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn an_image_that_is_too_small_is_an_error() {
        assert!(network("tiny", &branched(), 2).is_err());
    }

    #[test]
    fn numbers_and_names_are_written_short() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(999), "999");
        assert_eq!((tenths(1_260_000), tenths(118_013_952)), ("1.3".to_owned(), "118".to_owned()));
        assert_eq!(shortened("branch3x3dbl_1", 50.0, 7.0), "…3dbl_1");
        assert_eq!(shortened("cat", 50.0, 7.0), "cat");
    }
}
