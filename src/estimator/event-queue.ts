/** What happens at the same moment happens in this order: ends before what they set off. */
export const RANK = {
  ended: 0,
  expired: 1,
  computing: 2,
  exchanging: 3,
  returning: 4,
  firing: 5,
  arriving: 6,
} as const;

export interface Event {
  /** Seconds. */
  readonly at: number;
  /** One of RANK. */
  readonly rank: number;
  /** Then in the order of inferences, then of shards. */
  readonly order: number;
  run(at: number): void;
}

/** Events by time: a binary heap whose order is total, so that the same simulation always runs alike. */
export class EventQueue {
  readonly #heap: Event[] = [];

  push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last!;
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  if (a.at !== b.at) return a.at < b.at;
  return a.rank === b.rank ? a.order < b.order : a.rank < b.rank;
}
