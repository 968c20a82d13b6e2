// Orders of many rows, stable and fast: a radix sort over the bits of the keys.

/** Sorts positions by whole numbers from 0 to `largest` (one for each possible position). */
function byDigits(positions, keys, largest) {
  let from = positions;
  let to = new Uint32Array(positions.length);
  for (let shift = 0; shift < 32 && largest >>> shift; shift += 16) {
    const starts = new Uint32Array(65537);
    for (const position of from) starts[((keys[position] >>> shift) & 0xffff) + 1] += 1;
    for (let digit = 1; digit < starts.length; digit += 1) starts[digit] += starts[digit - 1];
    for (const position of from) {
      const digit = (keys[position] >>> shift) & 0xffff;
      to[starts[digit]] = position;
      starts[digit] += 1;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Positions in the order of their numbers; those without a number last, in either direction. */
export function orderByNumber(positions, values, descending) {
  const numbers = Float64Array.from(values, (value) => (value === null ? NaN : value === 0 ? 0 : value));
  const bits = new Uint32Array(numbers.buffer);
  const low = new Uint32Array(numbers.length);
  const high = new Uint32Array(numbers.length);
  for (let index = 0; index < numbers.length; index += 1) {
    if (Number.isNaN(numbers[index])) {
      low[index] = 0xffffffff;
      high[index] = 0xffffffff;
      continue;
    }
    // Flipped so that larger numbers have larger bits (IEEE 754 orders positive numbers so, negative ones the other way).
    const negative = bits[2 * index + 1] >>> 31;
    low[index] = negative ? ~bits[2 * index] : bits[2 * index];
    high[index] = negative ? ~bits[2 * index + 1] : bits[2 * index + 1] | 0x80000000;
    if (descending) {
      low[index] = ~low[index];
      high[index] = ~high[index];
    }
  }
  return byDigits(byDigits(Uint32Array.from(positions), low, 0xffffffff), high, 0xffffffff);
}

/** Positions in the order of their texts, given as codes. */
export function orderByCode(positions, codes, texts, descending) {
  const rank = new Uint32Array(texts.length);
  const collator = new Intl.Collator("en", { numeric: true });
  const order = texts.map((_, code) => code).sort((a, b) => collator.compare(texts[a], texts[b]));
  order.forEach((code, place) => { rank[code] = descending ? texts.length - place : place; });
  const keys = Uint32Array.from(codes, (code) => rank[code]);
  return byDigits(Uint32Array.from(positions), keys, texts.length);
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
