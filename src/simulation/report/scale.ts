/** From values to places in a drawing, and where an axis has its marks. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Doublings from `low` to `high`; values beyond are drawn at the end. */
export function doublings(low: number, high: number, from: number, to: number): Scale {
  const first = Math.floor(Math.log2(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log2(high) - 1e-9));
  const step = Math.ceil((last - first) / 10);
  const ticks: number[] = [];
  for (let power = first; power <= last; power += 1) {
    // whatever the step, 1 has a mark
    if (power % step === 0) ticks.push(2 ** power);
  }
  return { ticks, at: placed(first, last, from, to, Math.log2) };
}

/** Powers of ten. */
export function decades(low: number, high: number, from: number, to: number): Scale {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(high) - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at));
  return { ticks, at: placed(first, last, from, to, Math.log10) };
}

/** From 0 to at least `high`, with about five marks at round numbers. */
export function fromZero(high: number, from: number, to: number): Scale {
  const rough = Math.max(high, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough)!;
  const marks = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: marks + 1 }, (_, at) => at * step);
  return { ticks, at: placed(0, marks * step, from, to, (value) => value) };
}

function placed(first: number, last: number, from: number, to: number, by: (value: number) => number) {
  return (value: number) => {
    const share = (by(value) - first) / (last - first);
    return from + Math.min(1, Math.max(0, share)) * (to - from);
  };
}

/** Moves places apart until neighbours are `gap` from each other, within [low, high] where they fit. Keeps the order. */
export function spread(places: readonly number[], gap: number, low: number, high: number): number[] {
  const order = places.map((_, at) => at).sort((a, b) => places[a]! - places[b]! || a - b);
  const moved = [...places];
  let least = low;
  for (const at of order) {
    moved[at] = Math.max(least, places[at]!);
    least = moved[at]! + gap;
  }
  let most = high;
  for (const at of order.toReversed()) {
    moved[at] = Math.min(most, moved[at]!);
    most = moved[at]! - gap;
  }
  return moved;
}
