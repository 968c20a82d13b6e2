// From values to places, with ticks at round values.

import { fixed, short, significant } from "./format.js";

function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * What an axis of these scores spans: all of them, and their intervals as far as usual ones reach. One interval that is many
 * times as wide as the others would squeeze everything else.
 */
export function usualRange(values, intervals) {
  const scores = extent(values);
  if (!scores) return [];
  const [low, high] = scores;
  const reach = Math.max(2.5 * median(intervals.map(([from, to]) => (to - from) / 2)), (high - low) / 2);
  const [lowest, highest] = extent([...values, ...intervals.flat()]);
  return [Math.max(lowest, low - reach), Math.min(highest, high + reach)];
}

/** Those of some values that an axis over this range can show without squeezing it much: little farther away than it is long. */
export function nearby([low, high], values) {
  const reach = 1.25 * (high - low) || Math.abs(low) / 2;
  return values.filter((value) => value >= low - reach && value <= high + reach);
}

/** The tick distance 1, 2 or 5 times a power of ten that gives about so many ticks. */
function step(span, wanted) {
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const ratio = raw / power;
  if (ratio >= Math.sqrt(50)) return 10 * power;
  if (ratio >= Math.sqrt(10)) return 5 * power;
  return ratio >= Math.SQRT2 ? 2 * power : power;
}

/** A linear scale over what the values span, with a little room, from one place to another. */
export function linear(values, [from, to], { room = 0.04, zero = false } = {}) {
  let [low, high] = extent(zero ? [...values, 0] : values) ?? [0, 1];
  if (low === high) {
    const around = Math.abs(low) * 0.1 || 1;
    low -= around;
    high += around;
  }
  const space = (high - low) * room;
  if (!(zero && low === 0)) low -= space;
  high += space;
  const place = (value) => from + ((value - low) / (high - low)) * (to - from);
  place.domain = [low, high];
  place.ticks = (wanted) => even(low, high, wanted);
  return place;
}

/** Ticks at equal distances. */
function even(low, high, wanted) {
  const distance = step(high - low, wanted);
  const decimals = Math.max(0, -Math.floor(Math.log10(distance) + 1e-9));
  const ticks = [];
  for (let index = Math.ceil(low / distance - 1e-9); index * distance <= high + distance * 1e-9; index += 1) {
    const value = index * distance;
    const large = Math.max(Math.abs(low), Math.abs(high)) >= 1e4;
    const small = decimals > 5;
    const digits = Math.ceil(Math.log10(Math.abs(value / distance) + 1)) + 1;
    ticks.push({ value, text: large ? short(value, Math.max(3, digits)) : small ? significant(value, 3) : fixed(value, decimals) });
  }
  return ticks;
}

/** A logarithmic scale; values that are not above zero have no place on it. */
export function logarithmic(values, [from, to], { room = 0.04 } = {}) {
  let [low, high] = extent(values.filter((value) => value > 0)) ?? [1, 10];
  if (low === high) {
    low /= 2;
    high *= 2;
  }
  const factor = (high / low) ** room;
  low /= factor;
  high *= factor;
  const place = (value) => from + (Math.log(value / low) / Math.log(high / low)) * (to - from);
  place.domain = [low, high];
  place.ticks = (wanted) => {
    const first = Math.floor(Math.log10(low));
    const last = Math.ceil(Math.log10(high));
    const decades = Math.log10(high / low);
    // Narrow spans need ticks between powers of ten, wide ones leave powers out.
    const factors = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]].find((some) => decades * some.length >= Math.min(wanted, 3) * 0.8)
      ?? [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
    const skip = Math.max(1, Math.ceil(decades / Math.max(1, wanted)));
    const ticks = [];
    for (let power = first; power <= last; power += 1) {
      if (factors.length === 1 && power % skip) continue;
      for (const digit of factors) {
        const value = digit * 10 ** power;
        if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push({ value, text: short(value, 2) });
      }
    }
    // Within a part of a decade round values lie at equal distances.
    return ticks.length > 1 ? ticks : even(low, high, wanted);
  };
  return place;
}
