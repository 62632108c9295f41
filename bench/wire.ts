import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHUNK_BYTES } from '../src/wire/chunks.ts';
import { machine } from './support/machine.ts';
import { Party } from './support/party.ts';
import { median, type Spread, spreadOf } from './support/spread.ts';
import type { FarRequest } from './wire-far.ts';
import type { HubRequest } from './wire-hub.ts';

/**
 * What the data plane moves, beside what Aedes and mqtt.js alone move between two processes. Both times process A holds the
 * broker and sends tensors in chunks, process B sends as many bytes back:
 *
 *     bare   Aedes, published into in its process     --TCP-->  mqtt.js that counts bytes, then sends the same chunks back
 *     ours   master: slice, frame, checksum, publish  --TCP-->  agent: check, put together, run (a program that gives its
 *            check, place                             <--TCP--  input back), frame, checksum, publish
 *
 * They take turns. `npm run bench:wire -- --rounds 9 --mib 96 --in-flight 4 --cpu-prof DIR`
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    /** There and back together, of each side in each round. */
    mib: { type: 'string', default: '96' },
    'in-flight': { type: 'string', default: '4' },
    /** `channels x extent` of tensors of float32: feature maps of VGG16 and ResNet. */
    maps: { type: 'string', default: '512x14,256x28,128x56,128x112' },
    'cpu-prof': { type: 'string' },
    /** Of Node, for the processes of ours. */
    flags: { type: 'string' },
  },
});
const MIB = 2 ** 20;
const SIDES = ['bare', 'ours'] as const;

interface Turn {
  readonly mibs: number;
  /** Of process A, for each MiB. */
  readonly cpuMs: number;
}

interface Pair {
  run(tensors: number): Promise<Turn>;
  stop(): Promise<void>;
}

async function pair(side: 'bare' | 'ours', channels: number, extent: number): Promise<Pair> {
  const directory = await mkdtemp(join(tmpdir(), 'isobath-bench-'));
  const flags = side === 'ours' && values.flags ? values.flags.split(' ') : [];
  const profile =
    values['cpu-prof'] === undefined || side === 'bare'
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${values['cpu-prof']}`];
  const hub = new Party(new URL('./wire-hub.js', import.meta.url), [...profile, ...flags]);
  const far = new Party(new URL('./wire-far.js', import.meta.url), [...profile, ...flags]);
  const bytes = 4 * channels * extent ** 2;
  const common = { side, chunkBytes: CHUNK_BYTES } as const;
  const port = await hub.ask<number>('open', {
    ...{ ...common, channels, extent, directory: join(directory, 'hub') },
  } satisfies HubRequest);
  await far.ask('open', { ...common, port, bytes, directory: join(directory, 'far') } satisfies FarRequest);
  await hub.ask('ready');
  return {
    async run(tensors) {
      const request = { tensors, inFlight: Number(values['in-flight']) };
      const { seconds, cpuSeconds } = await hub.ask<{ seconds: number; cpuSeconds: number }>('run', request);
      const mib = (2 * tensors * bytes) / MIB;
      return { mibs: mib / seconds, cpuMs: (1000 * cpuSeconds) / mib };
    },
    async stop() {
      await far.ask('stop');
      await hub.ask('stop');
      await Promise.all([far.stop(), hub.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Row {
  readonly map: string;
  readonly bytes: number;
  readonly bareMiBs: Spread;
  readonly oursMiBs: Spread;
  readonly ratio: Spread;
  readonly bareCpuMsPerMiB: number;
  readonly oursCpuMsPerMiB: number;
}

async function measure(map: string): Promise<Row> {
  const [channels, extent] = map.split('x').map(Number) as [number, number];
  const bytes = 4 * channels * extent ** 2;
  const tensors = Math.max(8, Math.round((Number(values.mib) * MIB) / 2 / bytes));
  const bare = await pair('bare', channels, extent);
  const ours = await pair('ours', channels, extent);
  const turns: Record<(typeof SIDES)[number], Turn[]> = { bare: [], ours: [] };
  try {
    await bare.run(tensors);
    await ours.run(tensors);
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const side of round % 2 ? SIDES : SIDES.toReversed()) {
        turns[side].push(await (side === 'bare' ? bare : ours).run(tensors));
      }
    }
  } finally {
    await Promise.all([bare.stop(), ours.stop()]);
  }
  const rates = (side: 'bare' | 'ours') => turns[side].map(({ mibs }) => mibs);
  const cpu = (side: 'bare' | 'ours') => Number(median(turns[side].map(({ cpuMs }) => cpuMs)).toFixed(3));
  return {
    map,
    bytes,
    bareMiBs: spreadOf(rates('bare'), 0),
    oursMiBs: spreadOf(rates('ours'), 0),
    ratio: spreadOf(turns.ours.map(({ mibs }, at) => mibs / turns.bare[at]!.mibs)),
    bareCpuMsPerMiB: cpu('bare'),
    oursCpuMsPerMiB: cpu('ours'),
  };
}

const sizes: Row[] = [];
for (const map of values.maps.split(',')) {
  const row = await measure(map);
  sizes.push(row);
  console.error(`${map}: ${row.oursMiBs.median} of ${row.bareMiBs.median} MiB/s, ${row.ratio.median}`);
}
const document = {
  node: process.version,
  machine: machine(),
  chunkBytes: CHUNK_BYTES,
  inFlight: Number(values['in-flight']),
  rounds: Number(values.rounds),
  bareMiBs: median(sizes.map(({ bareMiBs }) => bareMiBs.median)),
  oursMiBs: median(sizes.map(({ oursMiBs }) => oursMiBs.median)),
  ratio: median(sizes.map(({ ratio }) => ratio.median)),
  sizes,
};
console.log(JSON.stringify(document, null, 2));
