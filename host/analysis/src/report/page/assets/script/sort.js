// Orders of many rows, stable and fast: a radix sort over the bits of the keys.

/** Sorts positions by 16 bits of whole numbers, of which there is one for each possible position. */
function byDigit(positions, keys, shift) {
  const starts = new Uint32Array(65537);
  for (let index = 0; index < positions.length; index += 1) starts[((keys[positions[index]] >>> shift) & 0xffff) + 1] += 1;
  // Where all have the same digit there is nothing to do.
  if (positions.length && starts[((keys[positions[0]] >>> shift) & 0xffff) + 1] === positions.length) return positions;
  for (let digit = 1; digit < 65537; digit += 1) starts[digit] += starts[digit - 1];
  const sorted = new Uint32Array(positions.length);
  for (let index = 0; index < positions.length; index += 1) {
    const position = positions[index];
    const digit = (keys[position] >>> shift) & 0xffff;
    sorted[starts[digit]] = position;
    starts[digit] += 1;
  }
  return sorted;
}

const LAST = 0xffffffff;

/** Positions in the order of their numbers; those without a number last, in either direction. */
export function orderByNumber(positions, values, descending) {
  const number = new Float64Array(1);
  const bits = new Uint32Array(number.buffer);
  const low = new Uint32Array(values.length);
  const high = new Uint32Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null) {
      low[index] = LAST;
      high[index] = LAST;
      continue;
    }
    // Adding zero makes zero of minus zero.
    number[0] = value + 0;
    // Flipped so that larger numbers have larger bits (IEEE 754 orders positive numbers so, negative ones the other way).
    const flip = (bits[1] >>> 31 ? LAST : 0) ^ (descending ? LAST : 0);
    low[index] = bits[0] ^ flip;
    high[index] = (bits[1] | 0x80000000) ^ flip;
  }
  let sorted = positions;
  for (const keys of [low, high]) for (const shift of [0, 16]) sorted = byDigit(sorted, keys, shift);
  return sorted;
}

/** Positions in the order of their texts, given as codes. */
export function orderByCode(positions, codes, texts, descending) {
  const rank = new Uint32Array(texts.length);
  const collator = new Intl.Collator("en", { numeric: true });
  const order = texts.map((_, code) => code).sort((a, b) => collator.compare(texts[a], texts[b]));
  order.forEach((code, place) => { rank[code] = descending ? texts.length - place : place; });
  const keys = new Uint32Array(codes.length);
  for (let index = 0; index < codes.length; index += 1) keys[index] = rank[codes[index]];
  return byDigit(byDigit(positions, keys, 0), keys, 16);
}

/** A sorted copy of a list by what `value` says of each item; what has none comes last, in either direction. */
export function orderItems(items, value, descending) {
  const collator = new Intl.Collator("en", { numeric: true });
  const missing = (key) => key === null || key === undefined || Number.isNaN(key);
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b)));
  return items
    .map((item) => ({ item, key: value(item) }))
    .sort((a, b) => {
      if (missing(a.key) || missing(b.key)) return missing(a.key) - missing(b.key);
      return descending ? compare(b.key, a.key) : compare(a.key, b.key);
    })
    .map(({ item }) => item);
}
