// Figures and tables as files.

const NAMESPACE = "http://www.w3.org/2000/svg";
// What a drawing needs to look the same outside of the page.
const LOOKS = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
  "opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor", "paint-order",
];

/** Hands a file to the reader. */
export function download(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // A browser that is busy, or asks where to save, fetches the address later than the press.
  setTimeout(() => URL.revokeObjectURL(address), 120_000);
}

/** A drawing as a file of its own: in light colours, its looks written into it, without what only helps on the page. */
export function standaloneSvg(drawing, title) {
  const copy = drawing.cloneNode(true);
  for (const extra of copy.querySelectorAll(".page-only")) extra.remove();
  const stage = document.createElement("div");
  stage.className = "stage";
  stage.append(copy);
  document.body.append(stage);
  const { width, height } = drawing.viewBox.baseVal;
  const nodes = [copy, ...copy.querySelectorAll("*")];
  const looks = nodes.map((node) => {
    const style = getComputedStyle(node);
    return LOOKS.map((look) => [look, style.getPropertyValue(look)]);
  });
  stage.remove();
  nodes.forEach((node, index) => {
    for (const [look, value] of looks[index]) if (value) node.setAttribute(look, value.replaceAll('"', "'"));
    for (const name of ["class", "tabindex", "role", "aria-label"]) node.removeAttribute(name);
  });
  copy.setAttribute("xmlns", NAMESPACE);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const background = document.createElementNS(NAMESPACE, "rect");
  for (const [name, value] of Object.entries({ width, height, fill: "#ffffff" })) background.setAttribute(name, value);
  const heading = document.createElementNS(NAMESPACE, "title");
  heading.textContent = title;
  copy.prepend(heading, background);
  return new XMLSerializer().serializeToString(copy);
}

/** A drawing as pixels, twice as fine as on the page. */
export async function toPng(svg, width, height, scale = 2) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.drawImage(image, 0, 0, width, height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

/** Rows of texts as CSV (RFC 4180). */
export function csv(header, rows) {
  const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [header, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}
