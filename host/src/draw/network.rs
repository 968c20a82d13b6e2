//! A network from top to bottom: its indexed layers as boxes, with what lies between them.

use std::fmt::Write as _;

use lossnet_plugin_protocol::graph::{Graph, GraphError, NodeId};

use super::svg::{Picture, escape};

const ROW: f64 = 44.0;
const BOX_HEIGHT: f64 = 34.0;
const CENTRE: f64 = 250.0;
const WIDEST: f64 = 420.0;
const WIDTH: f64 = 780.0;

/// A drawing of the network for square images of `size` pixels. Each indexed layer is a box as wide as the logarithm of its
/// values' number, with index, name, class, shape, parameters and multiply-adds; so is what comes before, between and after
/// them where that is not part of a layer.
///
/// Fails if the network does not work on images of this size.
pub fn network(name: &str, graph: &Graph, size: i64) -> Result<String, GraphError> {
    let rows = rows(graph, size)?;
    let height = 84.0 + ROW * rows.len() as f64;
    let mut picture = Picture::new(WIDTH, height, &format!("The network {name}"));
    picture.text(24.0, 28.0, "start", "title", name);
    picture.text(
        24.0,
        46.0,
        "start",
        "small",
        &format!("for images of 3×{size}×{size}; numbered boxes can be named by index, all by name"),
    );
    let most = rows.iter().map(|row| row.count).max().unwrap_or(1).max(2) as f64;
    for (position, row) in rows.iter().enumerate() {
        let top = 62.0 + ROW * position as f64;
        let width = 90.0 + (WIDEST - 90.0) * (row.count.max(1) as f64).ln() / most.ln();
        let left = CENTRE - width / 2.0;
        if position > 0 {
            picture.line((CENTRE, top - ROW + BOX_HEIGHT), (CENTRE, top), "edge");
        }
        let class = if row.index.is_some() { "layer" } else { "node" };
        let mut tip = format!("{} ({}), {}", row.name, row.class, row.shape);
        let _ = write!(tip, ", {} parameters, {} multiply-adds", row.parameters, row.macs);
        picture.add(&format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BOX_HEIGHT}\" rx=\"5\" \
             class=\"{class}\"><title>{}</title></rect>",
            escape(&tip)
        ));
        let label = row.index.map_or_else(|| row.name.clone(), |index| format!("{index}  {}", row.name));
        picture.text(CENTRE, top + 15.0, "middle", "strong", &label);
        picture.text(CENTRE, top + 28.0, "middle", "small", &format!("{} · {}", row.class, row.shape));
        let cost =
            format!("{} parameters · {} M multiply-adds", grouped(row.parameters), row.macs / 1_000_000);
        picture.text(CENTRE + WIDEST / 2.0 + 8.0, top + 21.0, "start", "small", &cost);
    }
    Ok(picture.finish())
}

/// A box of the drawing.
struct Row {
    index: Option<usize>,
    name: String,
    class: String,
    shape: String,
    /// Elements of its value for one image.
    count: i64,
    parameters: i64,
    macs: i64,
}

fn rows(graph: &Graph, size: i64) -> Result<Vec<Row>, GraphError> {
    let costs = graph.costs(&vec![true; graph.nodes.len()], size, size)?;
    let mut rows = Vec::new();
    let mut next = 0;
    let mut add = |index: Option<usize>, name: &str, class: &str, from: usize, to: NodeId| {
        let inside = costs.get(from..=to.0).unwrap_or_default().iter().flatten();
        let (parameters, macs) =
            inside.fold((0, 0), |(parameters, macs), cost| (parameters + cost.parameters, macs + cost.macs));
        if let Some(cost) = costs.get(to.0).and_then(Option::as_ref) {
            let (shape, count) = (cost.shape.to_string(), cost.shape.count());
            let (name, class) = (name.to_owned(), class.to_owned());
            rows.push(Row { index, name, class, shape, count, parameters, macs });
        }
    };
    for (index, name) in graph.layers.iter().enumerate() {
        let Some(id) = graph.find(name) else { continue };
        let class = graph.class_of(name).unwrap_or_default();
        add(Some(index), name, class, next, id);
        next = next.max(id.0 + 1);
    }
    // What follows the last indexed layer, node by node: heads are short.
    for (position, node) in graph.nodes.iter().enumerate().skip(next) {
        add(None, &node.name, node.op.class(), position, NodeId(position));
    }
    Ok(rows)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lossnet_plugin_protocol::graph::{Conv2d, GraphBuilder};

    use super::*;

    #[test]
    fn layers_and_the_head_are_drawn() {
        let mut net = GraphBuilder::new();
        let x = net.conv("conv", net.input(), Conv2d::new(8, 3));
        let x = net.relu("relu", x);
        net.conv("head", x, Conv2d::new(2, 1));
        net.layers(["conv", "relu"]);
        let picture = network("tiny", &net.finish().unwrap(), 16).unwrap();
        for part in ["0  conv", "1  relu", ">head<", "8×14×14", "224 parameters"] {
            assert!(picture.contains(part), "no {part} in {picture}");
        }
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(999), "999");
    }
}
