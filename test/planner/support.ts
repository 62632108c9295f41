import fc from 'fast-check';
import type { ComputeProfile, DeviceProfile, FleetProfile, OneWay } from '../../src/estimator/profile.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { writesOf } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import type { Plan } from '../../src/planner/plan.ts';
import { zooModel } from '../../src/zoo/zoo.ts';

const spread = (...values: number[]) => fc.constantFrom(...values);

const compute: fc.Arbitrary<ComputeProfile> = fc
  .record({ gamma: spread(1e-9, 4e-9, 2e-8, 1e-7), run: spread(0, 2e-5, 2e-4), copy: spread(0, 1e-9) })
  .map(({ gamma, run, copy }) => ({
    secondsPerMac: {
      conv: [
        { macs: 1e3, secondsPerMac: gamma * 2 },
        { macs: 1e5, secondsPerMac: gamma },
      ],
    },
    secondsPerByte: gamma / 2,
    secondsPerRun: run,
    copySecondsPerByte: copy,
  }));

const way: fc.Arbitrary<OneWay> = fc.record({ alpha: spread(0, 1e-5, 1e-4), beta: spread(1e-9, 1e-8, 1e-7) });

const agent = fc.record({ compute, link: fc.record({ toAgent: way, fromAgent: way }) });

/** Fleets whose devices and links differ, for models of a few thousand to a few hundred thousand MACs. */
export function randomFleet(maxAgents: number): fc.Arbitrary<FleetProfile> {
  return fc
    .record({
      master: compute,
      agents: fc.array(agent, { minLength: 1, maxLength: maxAgents }),
      port: fc.option(spread(1e-9, 1e-8)),
    })
    .map(({ master, agents, port }) => ({
      master: { id: 'master', compute: master },
      agents: agents.map((each, at): DeviceProfile => ({ id: `a${at}`, ...each })),
      broker: { kind: 'embedded' },
      chunkBytes: 4096,
      ...(port === null ? {} : { masterPort: { betaOut: port, betaIn: port } }),
    }));
}

const zoo = new Map<string, Graph>();

/** A model of the zoo as it is deployed. */
export function deployed(name: string): Graph {
  let graph = zoo.get(name);
  if (!graph) {
    graph = inferTypes(simplify(inferTypes(zooModel(name).graph)));
    zoo.set(name, graph);
  }
  return graph;
}

/** What is wrong with the order of the plan's nodes; undefined where each is there once, behind what it reads. */
export function orderFault(graph: Graph, { stages }: Plan): string | undefined {
  const known = new Set([...graph.inputs, ...graph.initializers.keys(), '']);
  const seen = new Set<Node>();
  for (const { nodes } of stages) {
    for (const node of nodes) {
      if (seen.has(node)) return `${node.name} is there twice`;
      seen.add(node);
      const missing = node.inputs.find((name) => !known.has(name));
      if (missing !== undefined) return `${node.name} reads ${missing} before it is made`;
      for (const tensor of writesOf(node)) known.add(tensor);
    }
  }
  const left = graph.nodes.find((node) => !seen.has(node));
  return left && `${left.name} is in no stage`;
}

/** Filter bytes by worker. */
export function heldBy({ stages }: Plan): Map<string, number> {
  const held = new Map<string, number>();
  for (const { cost } of stages)
    for (const { worker, filterBytes } of cost.perWorker)
      held.set(worker, (held.get(worker) ?? 0) + filterBytes);
  return held;
}
