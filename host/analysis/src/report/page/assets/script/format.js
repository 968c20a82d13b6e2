// Numbers that lossnet has made no text of: of axes, sizes and times. Scores, differences, ranks and coefficients come as texts.

const MISSING = "–";

/** A number with this many decimals; a dash where there is none. */
export function fixed(value, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = value.toFixed(decimals);
  // What rounds to zero has no sign.
  return text.replace(/^-(?=0(\.0*)?$)/, "");
}

/** A number with this many significant digits. */
export function significant(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${mantissa}e${exponent.replace("+", "")}`;
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return fixed(value, Math.min(decimals, 12));
}

/** A number as it is, without loss: for files that other programs read. */
export function exact(value) {
  return value === null || value === undefined ? "" : String(value);
}

const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** A count with a prefix: 138 M. */
export function short(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  for (const [size, prefix] of PREFIXES) {
    if (Math.abs(value) >= size * 0.9995) return `${trim(significant(value / size, digits))} ${prefix}`;
  }
  return Number.isInteger(value) ? fixed(value, 0) : trim(significant(value, digits));
}

function trim(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Bytes in powers of 1024. */
export function bytes(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${trim(significant(size, 3))} ${units[unit]}`;
}

/** A time span. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return MISSING;
  if (seconds < 1) return `${trim(significant(seconds * 1000, 3))} ms`;
  if (seconds < 90) return `${trim(significant(seconds, 3))} s`;
  if (seconds < 5400) return `${trim(significant(seconds / 60, 3))} min`;
  return `${trim(significant(seconds / 3600, 3))} h`;
}

/** A whole number with thin spaces between thousands. */
export function count(value) {
  return value === null || value === undefined ? MISSING : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** `1 thing`, `2 things`. */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A name that is good in a file's name. */
export function slug(text) {
  return text.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "figure";
}
