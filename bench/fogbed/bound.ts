export interface BoundOptions {
  /** Of the whole model on one device. */
  readonly baselineMs: number;
  /** Shares of a processor: of the master, whose device is as that of the baseline, then of the agents. */
  readonly cpus: readonly number[];
  /** Of the model's inputs and outputs. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Of the slowest cable that all of the agents' bytes must pass: the master's, or the air; bits per second. */
  readonly rate: number;
  /** True: both ways share it. */
  readonly shared: boolean;
}

export interface Bound {
  /** Without any cable. */
  readonly computeMs: number;
  /** Of input and output, if the agents did everything. */
  readonly linkMs: number;
  readonly boundMs: number;
}

/**
 * What no plan can be below. The agents do a part f of the baseline's work, and the master the rest:
 *
 * - the master takes `(1 - f) * baselineMs`;
 * - the agents take `f * baselineMs * cpu of the master / cpus of the agents`, dealt out by their speeds without loss;
 * - they need at least the part f of the input for it, and give at least the part f of the output, and these bytes pass the
 *   master's cable, the two ways at the same time, or the air, one after the other: `f * linkMs`.
 *
 * Even where all three go on side by side, the largest of them has to end. `boundMs` is that for the best f.
 *
 * The input that the client sends to the master is not counted: it does not pass a cable here. Neither are feature maps between
 * layers, halos, messages' heads, and what slicing and joining take the processors. It takes for granted that a part of
 * the work takes the same part of the time.
 */
export function boundOf(options: BoundOptions): Bound {
  const { baselineMs, cpus, inputBytes, outputBytes, rate, shared } = options;
  const [master = 1, ...agents] = cpus;
  const speed = agents.reduce((sum, cpu) => sum + cpu, 0) / master;
  const bytes = shared ? inputBytes + outputBytes : Math.max(inputBytes, outputBytes);
  const linkMs = (1000 * 8 * bytes) / rate;
  // both grow with f, and the master's time falls with it: the best f makes them equal
  const slowerMs = Math.max(baselineMs / speed, linkMs);
  const f = baselineMs / (baselineMs + slowerMs);
  return { computeMs: baselineMs / (1 + speed), linkMs, boundMs: f * slowerMs };
}
