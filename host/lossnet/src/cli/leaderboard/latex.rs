//! A leaderboard as a LaTeX table, for the package booktabs.

use std::fmt::Write as _;

use super::{Line, Standing, caption, lines};
use lossnet_analysis::report::data::{Board, Network};

/// The best contenders of a board as a table: the best in bold, a sign at those that can't be told from it, baselines below a rule.
pub(in crate::cli) fn latex(board: &Board, networks: &[Network], top: usize) -> String {
    let mut text = String::from("% \\usepackage{booktabs}\n\\begin{table}\n\\centering\n");
    let caption = escaped(&caption(board, top)).replace("95 \\%", "95\\,\\%");
    let _ = writeln!(
        text,
        "\\caption{{{caption} Bold: best; $^{{=}}$: not significantly different from it (5\\,\\% level).}}"
    );
    let metric = escaped(&board.metric);
    let _ = write!(
        text,
        "\\begin{{tabular}}{{lrl}}\n\\toprule\ncontender & {metric} & 95\\,\\% interval \\\\\n\\midrule\n"
    );
    let lines = lines(board, networks, top);
    let contenders = lines.iter().take_while(|line| line.standing != Standing::Baseline).count();
    for (position, line) in lines.iter().enumerate() {
        if position == contenders && position > 0 {
            text.push_str("\\midrule\n");
        }
        let _ = writeln!(text, "{}", row(line));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
    text
}

fn row(line: &Line<'_>) -> String {
    let score = match line.standing {
        Standing::Best => format!("\\textbf{{{}}}", line.score),
        Standing::Tied => format!("{}$^{{=}}$", line.score),
        _ => line.score.to_owned(),
    };
    let interval = line.interval.map_or(String::new(), |[low, high]| format!("[{low}, {high}]"));
    let cells = [escaped(line.name), score, interval].join(" & ");
    format!("{} \\\\", cells.trim_end())
}

/// A text without what LaTeX would take for commands.
fn escaped(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => found.push_str("\\textbackslash{}"),
            '~' => found.push_str("\\textasciitilde{}"),
            '^' => found.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => found.extend(['\\', letter]),
            _ => found.push(letter),
        }
    }
    found
}
