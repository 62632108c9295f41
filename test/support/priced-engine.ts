import type { CompiledProgram, Engine, RunResult } from '../../src/engine/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { macsOf } from '../../src/graph/macs.ts';
import { sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

export interface Prices {
  readonly runMs: number;
  /** On top of a run, outside the engine's own account. */
  readonly wayMs: number;
  readonly msPerMac: (op: string) => number;
  readonly msPerByte: number;
}

/** An engine on a clock of its own, whose runs cost exactly what its prices say; every `outlier`-th one fifty times that. */
export class PricedEngine implements Engine {
  readonly name = 'priced';
  version = '1';
  readonly threads = 1;
  readonly #prices: Prices;
  readonly #outlier: number;
  #nowMs = 0;
  runs = 0;
  compiled = 0;

  constructor(prices: Prices, outlier = Number.POSITIVE_INFINITY) {
    this.#prices = prices;
    this.#outlier = outlier;
  }

  readonly now = (): number => this.#nowMs;

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async compile(graph: Graph): Promise<CompiledProgram> {
    this.compiled += 1;
    const [node] = graph.nodes;
    const macs = graph.nodes.reduce((sum, each) => sum + macsOf(graph, each), 0);
    let bytes = 0;
    for (const { shape } of graph.types.values()) bytes += 4 * sizeOf(shape);
    const { runMs, wayMs, msPerMac, msPerByte } = this.#prices;
    const workMs = macs > 0 ? macs * msPerMac(node!.op) : bytes * msPerByte;
    const outputs = graph.outputs.map(() => Tensor.zeros('float32', [1]));
    return {
      run: async (): Promise<RunResult> => {
        this.runs += 1;
        const computeMs = (runMs + workMs) * (this.runs % this.#outlier === 0 ? 50 : 1);
        this.#nowMs += wayMs + computeMs;
        return { outputs, computeMs };
      },
      dispose: async () => undefined,
    };
  }
}
