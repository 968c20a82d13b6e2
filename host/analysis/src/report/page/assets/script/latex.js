// Tables for papers: LaTeX with the package booktabs.

const SPECIAL = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "&": "\\&", "%": "\\%", $: "\\$", "#": "\\#", _: "\\_",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}",
  "\u2212": "$-$", "±": "$\\pm$", "×": "$\\times$", "↑": "$\\uparrow$", "↓": "$\\downarrow$", "–": "--", "—": "---",
  "·": "$\\cdot$", "≥": "$\\geq$", "≤": "$\\leq$", "\u202f": "\\,", "\u00a0": "~", "ρ": "$\\rho$", "τ": "$\\tau$",
};

/** A text that LaTeX prints as it is. */
export function escapeLatex(text) {
  return text.replace(/[\r\n]+/g, " ").replace(/[\\{}&%$#_~^<>|\u2212±×↑↓–—·≥≤\u202f\u00a0ρτ]/g, (sign) => SPECIAL[sign]);
}

/** A number with minus signs where hyphens stand for them. */
function withMinus(text) {
  return text.replace(/(^|[[ ,])-(?=\d)/g, "$1\u2212");
}

/** A table: columns are `{title, numeric}`, rows lists of `{text, strong, numeric}`. */
export function latexTable(caption, columns, rows) {
  const cell = ({ text, strong, numeric }) => {
    const escaped = escapeLatex(numeric ? withMinus(text) : text);
    return strong ? `\\textbf{${escaped}}` : escaped;
  };
  const line = (cells) => `    ${cells.join(" & ")} \\\\`;
  return [
    "% needs \\usepackage{booktabs}",
    "\\begin{table}",
    "  \\centering",
    `  \\caption{${escapeLatex(caption)}}`,
    `  \\begin{tabular}{${columns.map(({ numeric }) => (numeric ? "r" : "l")).join("")}}`,
    "    \\toprule",
    line(columns.map(({ title }) => escapeLatex(title))),
    "    \\midrule",
    ...rows.map((row) => line(row.map(cell))),
    "    \\bottomrule",
    "  \\end{tabular}",
    "\\end{table}",
    "",
  ].join("\n");
}
