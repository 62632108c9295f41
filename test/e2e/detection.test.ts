import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { IsobathClient } from '../../src/client/client.ts';
import type { Manifest } from '../../src/formats/manifest.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { ResultSummary } from '../../src/wire/messages/summary.ts';
import { cli } from '../support/cli.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { graphOf, ints, nodeOf } from '../support/graphs.ts';

/** Cells of 8 x 8 pixels in an input of 64 x 64. */
const [CELL, CELLS, SIZE] = [8, 8, 64];

/**
 * A detector whose filters are known: the first layer passes on red, green and blue and their mean, the second averages
 * each cell to `bright` (the mean) and `red` (red without the mean of green and blue). Each cell is a box.
 */
function detector(): Graph {
  const third = 1 / 3;
  const first = Tensor.float32(
    [4, 3, 1, 1],
    [...[1, 0, 0], ...[0, 1, 0], ...[0, 0, 1], ...[third, third, third]],
  );
  const weights = [
    [0, 0, 0, 1],
    [1, -0.5, -0.5, 0],
  ];
  const second = Tensor.float32(
    [2, 4, CELL, CELL],
    weights.flat().flatMap((weight) => new Array<number>(CELL * CELL).fill(weight / (CELL * CELL))),
  );
  const cells = Array.from(
    { length: CELLS * CELLS },
    (_, at) => [at % CELLS, Math.floor(at / CELLS)] as const,
  );
  const boxes = Tensor.float32(
    [1, 4, cells.length],
    [
      ...cells.map(([column]) => (column + 0.5) * CELL),
      ...cells.map(([, row]) => (row + 0.5) * CELL),
      ...new Array<number>(2 * cells.length).fill(CELL),
    ],
  );
  const nodes = [
    nodeOf('Conv', ['image', 'w1'], ['colours']),
    nodeOf('Relu', ['colours'], ['kept']),
    nodeOf('Conv', ['kept', 'w2'], ['means'], { strides: [CELL, CELL] }),
    nodeOf('Clip', ['means', 'zero', 'one'], ['scores']),
    nodeOf('Reshape', ['scores', 'flat'], ['rows']),
    nodeOf('Concat', ['boxes', 'rows'], ['found'], { axis: 1 }),
  ];
  const constants = {
    ...{ w1: first, w2: second, boxes, flat: ints(1, 2, -1) },
    ...{ zero: Tensor.float32([], [0]), one: Tensor.float32([], [1]) },
  };
  return inferTypes(
    graphOf({ image: [1, 3, SIZE, SIZE] }, nodes, { constants, outputs: ['found', 'means'] }),
  );
}

const manifest: Manifest = {
  ...{ name: 'squares', version: '1', model: 'squares.onnx', task: 'detection', labels: ['bright', 'red'] },
  input: {
    ...{ name: 'image', channels: 'RGB', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
    ...{ fit: 'contain', background: [114, 114, 114] },
  },
  detection: { type: 'yolo', output: 'found', layout: 'columns', scoreThreshold: 0.6 },
};

/** 128 x 64: half the size and 16 rows of padding make it the input, so a cell is 16 x 16 pixels of it. */
async function picture(): Promise<Buffer> {
  const square = (background: string) =>
    sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .png()
      .toBuffer();
  return sharp({ create: { width: 128, height: 64, channels: 3, background: '#000000' } })
    .composite([
      { input: await square('#ffffff'), left: 32, top: 16 },
      { input: await square('#ff0000'), left: 96, top: 48 },
    ])
    .png()
    .toBuffer();
}

function expectSquares(objects: ResultSummary['objects']): void {
  expect(objects?.map(({ label, box }) => ({ label, box: box.map(Math.round) }))).toEqual([
    { label: 'red', box: [96, 48, 16, 16] },
    { label: 'bright', box: [32, 16, 16, 16] },
  ]);
  for (const { score } of objects!) expect(score).toBeGreaterThan(0.8);
}

describe('a detection model', () => {
  const cluster = new TestCluster();
  let client: IsobathClient;
  beforeAll(async () => {
    const served = { name: 'squares', graph: detector(), manifest, strategy: 'depth' };
    const detection = { type: 'yolo', output: 'means', layout: 'rows' } as const;
    const wrong = { ...served, name: 'wrong', manifest: { ...manifest, detection } };
    await cluster.start([served, wrong], 3);
    client = new IsobathClient({ bus: cluster.hub.bus(), cluster: CLUSTER, url: 'memory' });
    await client.start();
  });
  afterAll(async () => {
    await client.stop();
    await cluster.stop();
  });

  it('tells where in the picture things are, computed by three agents', async () => {
    const { summary, outputs } = await client.infer('squares', { file: await picture() });
    expectSquares(summary.objects);
    expect(summary.stages.filter(({ scheme }) => scheme !== 'local')).toHaveLength(2);
    expect([...outputs.keys()]).toEqual(['found', 'means']);
    expect(outputs.get('means')!.shape).toEqual([1, 2, CELLS, CELLS]);
  });

  it('answers a plain picture from any client with boxes in JSON', async () => {
    const bus = cluster.hub.bus();
    await bus.start();
    const answer = new Promise<ResultSummary>((resolve) => {
      void bus.subscribe(`isobath/v1/${CLUSTER}/models/squares/result/r1`, (_, payload) =>
        resolve(JSON.parse(Buffer.from(payload).toString()) as ResultSummary),
      );
    });
    await bus.publish(`isobath/v1/${CLUSTER}/models/squares/infer/r1`, await picture());
    expectSquares((await answer).objects);
    await bus.stop();
  });

  it('gives boxes in pixels of the input where a tensor was given', async () => {
    const image = Tensor.zeros('float32', [1, 3, SIZE, SIZE]);
    for (let channel = 0; channel < 3; channel += 1)
      for (let row = 24; row < 32; row += 1)
        image.data.fill(1, (channel * SIZE + row) * SIZE + 16, (channel * SIZE + row) * SIZE + 24);
    const { summary } = await client.infer('squares', { tensors: new Map([['image', image]]) });
    expect(summary.objects).toEqual([{ label: 'bright', index: 0, score: 1, box: [16, 24, 8, 8] }]);
  });

  it('is refused with a code where the manifest does not fit the outputs', async () => {
    await expect(client.infer('wrong', { file: await picture() })).rejects.toMatchObject({
      code: 'ISO_ERR_OUTPUT_MISMATCH',
    });
  });
});

describe('isobath infer on a detection model', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isobath-detection-'));
    await writeFile(join(folder, 'squares.onnx'), writeOnnx(detector()));
    await writeFile(join(folder, 'squares.manifest.json'), JSON.stringify(manifest));
    await writeFile(join(folder, 'picture.png'), await picture());
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('prints a line per object, and saves every output', async () => {
    const saved = join(folder, 'outputs.npz');
    const args = ['infer', join(folder, 'squares.onnx'), join(folder, 'picture.png'), '--local'];
    const { stdout, stderr, code } = await cli(...args, '--save', saved);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^red 0\.\d\d \[96\.0, 48\.0, 16\.0, 16\.0\]\nbright 0\.\d\d \[32\.0, 16\.0, 16\.0, 16\.0\]\n/,
    );
    const { objects, outputs } = JSON.parse((await cli(...args, '--json')).stdout);
    expectSquares(objects);
    expect(outputs.map(({ name }: { name: string }) => name)).toEqual(['found', 'means']);
  });
});
