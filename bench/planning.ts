import { parseFleet } from '../src/estimator/fleet-file.ts';
import { inferTypes } from '../src/graph/infer.ts';
import { simplify } from '../src/graph/passes/index.ts';
import { OBJECTIVES } from '../src/planner/objective.ts';
import { planGraph } from '../src/planner/strategies.ts';
import { zooModel } from '../src/zoo/zoo.ts';

/** Milliseconds that planning takes, by model and number of agents. `node planning.js vgg16 resnet50` plans these only. */

const BOARD = 'speed: { conv: 15gflops }, memory: 4.8GB/s, copy: 1.6GB/s, run: 0.3ms, message: 0.12ms';
const MODELS = ['vgg16', 'resnet50', 'inception-v3', 'mobilenet-v2'];
const named = process.argv.slice(2);

const rows = [];
for (const model of named.length > 0 ? named : MODELS) {
  const graph = inferTypes(simplify(inferTypes(zooModel(model).graph)));
  for (const agents of [4, 16, 64]) {
    const text = `
devices: { board: { ${BOARD} } }
master: { device: board }
agents: [{ device: board, count: ${agents}, link: 100mbit }]
masterPort: 1gbit
`;
    const fleet = parseFleet(text, 'of the benchmark');
    for (const objective of OBJECTIVES) {
      const start = performance.now();
      const { predictedSeconds, stages } = planGraph(graph, fleet, { strategy: 'auto', objective });
      const planningMs = Math.round(performance.now() - start);
      rows.push({
        model,
        agents,
        objective,
        planningMs,
        predictedMs: 1000 * predictedSeconds,
        stages: stages.length,
      });
    }
  }
}
console.log(JSON.stringify({ node: process.version, rows }, null, 2));
