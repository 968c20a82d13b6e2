//! Building SVG text.

use std::fmt::Write as _;

/// Text as it may stand in SVG.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A picture of this size with a title that screen readers read, and colours for light and dark.
pub(super) struct Picture {
    body: String,
    width: f64,
    height: f64,
    title: String,
}

impl Picture {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Picture {
        Picture { body: String::new(), width, height, title: title.to_owned() }
    }

    /// Adds elements as they are.
    pub(super) fn add(&mut self, elements: &str) {
        self.body.push_str(elements);
        self.body.push('\n');
    }

    /// Adds text; `anchor` is `start`, `middle` or `end`.
    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
            escape(text)
        );
    }

    /// Adds a line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"{class}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub(super) fn finish(self) -> String {
        let Picture { body, width, height, title } = self;
        let title = escape(&title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             <rect width=\"100%\" height=\"100%\" class=\"paper\"/>\n{body}</svg>\n"
        )
    }
}

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #222; }
.title { font-size: 15px; font-weight: 600; }
.small { font-size: 11px; fill: #555; }
.strong { font-weight: 600; }
.paper { fill: #fff; }
.grid { stroke: #ddd; }
.axis, .edge { stroke: #777; fill: none; }
.node { fill: #f4f4f4; stroke: #888; }
.layer { fill: #dcebf7; stroke: #0072B2; stroke-width: 1.5; }
.part { fill: #fff; stroke: #888; }
.faint { stroke-opacity: 0.35; }
@media (prefers-color-scheme: dark) {
  text { fill: #eee; }
  .small { fill: #bbb; }
  .paper { fill: #16181c; }
  .grid { stroke: #363a41; }
  .axis, .edge { stroke: #999; }
  .node { fill: #23272e; stroke: #777; }
  .layer { fill: #123149; stroke: #56B4E9; }
  .part { fill: #1d2127; stroke: #888; }
}
";
