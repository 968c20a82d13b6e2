// The document that the page holds, which lossnet compresses if it is large.

import { byId } from "./dom.js";

/** The text of gzip in base64. */
async function unpacked(base64) {
  if (!("DecompressionStream" in window)) {
    throw new Error("this browser is too old to unpack them. Open the report in a current Firefox, Chrome, Edge or Safari");
  }
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/** The document; if it can't be read, the page says why, and nothing else is drawn. */
export async function read() {
  const { type, textContent } = byId("report-data");
  try {
    return JSON.parse(type === "application/gzip" ? await unpacked(textContent) : textContent);
  } catch (error) {
    const place = byId("unreadable");
    place.textContent = `Figures and tables can't be shown: ${error.message}.`;
    place.hidden = false;
    throw error;
  }
}
