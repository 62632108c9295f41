/**
 * A deterministic simulator of resources that serve in the order in which they are asked: processors, network cards,
 * links, the air. It knows no fleet and no stage: one stage and a whole plan are priced on the same one.
 *
 * A transmission streams through hops, one chunk behind the other. Within a hop it occupies several resources at
 * once (the sender's card, the air, the receiver's link), each at its own rate; the next hop begins when the first
 * chunk is over. It ends when its slowest resource is through with it, and its last chunk has passed the hops behind:
 *
 *     processor  [c0][c1][c2][c3]            head: when the first chunk is at the hop
 *     card, link     [ c0 ][ c1 ][ c2 ][ c3 ]
 *     processor            [c0]  [c1]  [c2]  [c3] tail: when the last one has passed it
 *
 * A resource is occupied for bytes/rate from its head on, not for as long as a slower one on the way takes: so ten
 * links of 100 Mbit/s share a card of 1 Gbit/s. A queue before one resource does not delay the head at the next one;
 * this keeps the end of a set of transmissions monotone in every size and rate, whatever their order.
 */
export class Timeline {
  /** Seconds that each resource served. */
  readonly busy: Float64Array;
  readonly #free: Float64Array;
  #next = 0;
  /** When the first chunk is at the present hop. */
  head = 0;
  /** When the last chunk has passed it. */
  tail = 0;

  constructor(resources: number) {
    this.busy = new Float64Array(resources);
    this.#free = new Float64Array(resources);
  }

  reset(): void {
    this.busy.fill(0);
    this.#free.fill(0);
  }

  /** When the resource is through with all that it was asked. */
  freeAt(resource: number): number {
    return this.#free[resource]!;
  }

  /** Occupies the resource for `seconds`, from `ready` or when it is free; gives the end. */
  serve(resource: number, ready: number, seconds: number): number {
    const end = Math.max(this.#free[resource]!, ready) + seconds;
    this.#free[resource] = end;
    this.busy[resource]! += seconds;
    return end;
  }

  /** Begins a transmission whose bytes are all there at `ready`. */
  begin(ready: number): void {
    this.resume(ready, ready);
  }

  /** Goes on with a transmission that was branched off: the first chunk is at the next hop at `head`. */
  resume(head: number, tail: number): void {
    this.head = head;
    this.#next = head;
    this.tail = tail;
  }

  /** Enters the next hop, which needs `chunkSeconds` for one chunk. */
  hop(chunkSeconds: number): void {
    this.head = this.#next;
    this.#next += chunkSeconds;
    this.tail += chunkSeconds;
  }

  /** Occupies a resource of the present hop. */
  along(resource: number, seconds: number): void {
    const end = this.serve(resource, this.head, seconds);
    if (end > this.tail) this.tail = end;
  }

  /** Where the next hop begins. */
  get next(): number {
    return this.#next;
  }
}
