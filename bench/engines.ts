import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { ENGINE_NAMES, type EngineName, engineNamed } from '../src/engine/engines.ts';
import { secondsOf } from '../src/engine/speed.ts';
import { median } from '../src/estimator/statistics.ts';
import { type Graph, type Node, subgraph, writesOf } from '../src/graph/graph.ts';
import { inferTypes } from '../src/graph/infer.ts';
import { macsOf } from '../src/graph/macs.ts';
import { simplify } from '../src/graph/passes/index.ts';
import { zooModel } from '../src/zoo/zoo.ts';

/**
 * GFLOP/s of every engine that loads here on the layers of VGG16, in one run: layer by layer, one engine after another,
 * so that all meet the same machine. `node engines.js --threads 2 --json FILE`
 */
const value = (flag: string) => process.argv[process.argv.indexOf(flag) + 1];
const threads = process.argv.includes('--threads') ? Number(value('--threads')) : availableParallelism();
const file = process.argv.includes('--json') ? value('--json') : undefined;

const graph = inferTypes(simplify(inferTypes(zooModel('vgg16').graph)));

/** A layer with the activation behind it; layers of the same shape are measured once. */
function layers(): { name: string; shape: string; macs: number; program: Graph }[] {
  const seen = new Set<string>();
  return graph.nodes.flatMap((node, at) => {
    const macs = macsOf(graph, node);
    const shape = node.inputs
      .slice(0, 2)
      .map((name) => graph.types.get(name)!.shape.join('x'))
      .join(' * ');
    if (macs === 0 || seen.has(shape)) return [];
    seen.add(shape);
    const next = graph.nodes[at + 1];
    const nodes: Node[] = next?.op === 'Relu' ? [node, next] : [node];
    const program = subgraph(graph, nodes, new Set(writesOf(nodes.at(-1)!)), node.name);
    return [{ name: node.name, shape, macs, program }];
  });
}

const engines = [];
for (const name of ENGINE_NAMES) {
  const engine = engineNamed(name, { threads });
  try {
    await engine.start();
    engines.push(engine);
  } catch (error) {
    console.error(`SKIPPED: ${name}: ${(error as Error).message}`);
  }
}

const rows = [];
for (const { name, shape, macs, program } of layers()) {
  const speeds: Partial<Record<EngineName, { gflops: number; spread: number; runs: number }>> = {};
  for (const engine of engines) {
    const seconds = await secondsOf(engine, program, 1500);
    const middle = median(seconds);
    const spread = median(seconds.map((each) => Math.abs(each - middle))) / middle;
    speeds[engine.name as EngineName] = { gflops: (2 * macs) / middle / 1e9, spread, runs: seconds.length };
  }
  rows.push({ layer: name, shape, macs, speeds });
}
const document = {
  node: process.version,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  threads,
  engines: engines.map(({ name, version, threads: own }) => ({ name, version, threads: own })),
  rows,
};
// their versions are known while they run
for (const engine of engines) await engine.stop();
const names = document.engines.map(({ name }) => name as EngineName);
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
console.log(line(['layer', 'input * filters', ...names]));
console.log(line(['---', '---', ...names.map(() => '---:')]));
for (const { layer, shape, speeds } of rows) {
  const cells = names.map((name) => {
    const { gflops, spread } = speeds[name]!;
    return `${gflops.toFixed(1)} ± ${(100 * spread).toFixed(0)} %`;
  });
  console.log(line([layer, shape, ...cells]));
}
if (file) writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
else console.log(JSON.stringify(document));
