import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Engine } from '../../../src/engine/engine.ts';
import { prepareGraph } from '../../../src/engine/prepare.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { filterBytesOf, macsOf } from '../../../src/graph/macs.ts';
import { runOf } from '../../../src/partition/run.ts';
import { SCHEMES } from '../../../src/partition/schemes/index.ts';
import { planGraph } from '../../../src/planner/strategies.ts';
import { sizeOf } from '../../../src/tensor/region.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { runPlan } from '../../support/execute.ts';
import { fleetOfWorkers } from '../../support/fleet.ts';
import type { Model } from './mutator.ts';

/** Elements of all tensors of a model that is run: what is larger is only read, planned and cut. */
const RUNNABLE = 2 ** 22;
const FLEET = fleetOfWorkers([1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight })));

/** All that is done with a model: read, complete, simplify, price, cut by every scheme, plan, write and run. */
export async function exercise(model: Model, engine: Engine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'isobath-fuzz-'));
  try {
    for (const [file, bytes] of model.files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), bytes);
    }
    const read = await loadModel(join(folder, model.entry));
    const graph = await prepareGraph(read, runnable(read) ? engine : refusing(engine));
    for (const node of graph.nodes) macsOf(graph, node) + filterBytesOf(graph, node);
    const small = runnable(graph);
    cutEverything(graph, small);
    const plan = planGraph(graph, FLEET, { strategy: 'depth' });
    planGraph(graph, FLEET, { strategy: 'paper' });
    planGraph(graph, FLEET, { strategy: 'auto' });
    if (small) await runPlan(engine, graph, plan, inputsOf(graph));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function cutEverything(graph: Graph, small: boolean): void {
  const runs = [...graph.nodes.map((node) => [node]), graph.nodes.slice(0, 4), graph.nodes].filter(
    (nodes) => nodes.length > 0,
  );
  for (const nodes of runs) {
    const run = runOf(graph, nodes);
    for (const scheme of Object.values(SCHEMES)) {
      if (scheme.unfit(run)) continue;
      for (const { shard } of scheme.cut(run, [1, 0, 3])) if (small) shard.program.nodes.length;
    }
  }
}

function runnable(graph: Graph): boolean {
  let elements = 0;
  for (const { shape } of graph.types.values()) elements += sizeOf(shape);
  return elements <= RUNNABLE;
}

/** A model that is too large to be run here is not run to learn its types either. */
function refusing(engine: Engine): Engine {
  return {
    ...engine,
    start: async () => undefined,
    compile: async () => {
      throw new Error('too large to be run in a test');
    },
  } as unknown as Engine;
}

function inputsOf(graph: Graph): Map<string, Tensor> {
  return new Map(
    graph.inputs.map((name) => {
      const { dtype, shape } = graph.types.get(name)!;
      return [name, Tensor.zeros(dtype, shape)];
    }),
  );
}
