import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { Manifest } from '../../src/formats/manifest.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { MemoryBus } from '../../src/transport/memory-bus.ts';
import { chunkRanges } from '../../src/wire/chunks.ts';
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts';
import {
  type InferChunk,
  type InferOptions,
  RESULT_CHUNK,
  type ResultChunk,
  type ResultEnd,
} from '../../src/wire/messages/inference.ts';
import { elementsOf } from '../../src/wire/reassembly.ts';
import { Topics } from '../../src/wire/topics.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { expectSmall, SMALL_SHAPE, smallImage, smallModel } from '../support/small-model.ts';
import { Watch } from '../support/watch.ts';

const topics = new Topics(CLUSTER);

/** A classifier of pictures of 4 x 4 pixels. */
function pictureModel() {
  const builder = new GraphBuilder('pictures', 3);
  const image = builder.input('image', [1, 3, 4, 4]);
  const logits = builder.conv('conv', image, { channels: 3, kernel: 4 });
  const manifest = {
    model: 'pictures.onnx',
    task: 'classification',
    input: {
      name: 'image',
      layout: 'NCHW',
      size: [4, 4],
      fit: 'stretch',
      color: 'rgb',
      mean: [0, 0, 0],
      std: [255, 255, 255],
    },
    labels: ['red', 'green', 'blue'],
    output: { activation: 'softmax' },
  } as unknown as Manifest;
  return { name: 'pictures', graph: builder.build([logits]), manifest, strategy: 'local' };
}

interface Answer {
  readonly tensors: Map<string, Tensor>;
  readonly end: ResultEnd;
}

describe('requests over MQTT', () => {
  const cluster = new TestCluster();
  let client: MemoryBus;
  let serial = 0;
  let request: string;
  beforeAll(async () => {
    const requests = { concurrency: 1, queue: 2 };
    await cluster.start([smallModel, pictureModel()], 0, { requests, chunkBytes: 4096, partTimeoutMs: 300 });
    while (!cluster.master.deployment('small') || !cluster.master.deployment('pictures'))
      await cluster.whenDeployed(0);
    client = cluster.hub.bus();
    await client.start();
  });
  afterAll(async () => {
    await client.stop();
    await cluster.stop();
  });
  beforeEach(() => {
    cluster.hub.copies = () => 1;
    request = `r${serial++}`;
  });

  const plainAnswers = (model: string) =>
    new Watch((_, payload) => JSON.parse(Buffer.from(payload).toString())).on(
      client,
      topics.result(model, request),
    );
  async function plain(model: string, payload: string | Uint8Array): Promise<Record<string, never>> {
    const watch = await plainAnswers(model);
    const answer = watch.next();
    await client.publish(topics.infer(model, request), payload, { qos: 1 });
    return answer;
  }

  async function framedAnswers(model: string, id = request) {
    return new Watch((topic, payload) => decodeFrame(RESULT_CHUNK, topic, payload)).on(
      client,
      topics.result(model, id),
    );
  }
  const isEnd = ({ header }: { header: ResultChunk }) => header.kind === 'end';

  /** Waits for the end of an answer and puts its tensors together. */
  async function answered(watch: Awaited<ReturnType<typeof framedAnswers>>): Promise<Answer> {
    const end = (await watch.first(isEnd)).header as ResultEnd;
    const bytes = new Map<string, { header: Extract<ResultChunk, { kind: 'tensor' }>; data: Buffer }>();
    for (const { header, bytes: part } of watch.seen) {
      if (header.kind === 'end') continue;
      const size = header.shape.reduce((a, b) => a * b, 4);
      const entry = bytes.get(header.output) ?? { header, data: Buffer.alloc(size) };
      entry.data.set(part, header.offset);
      bytes.set(header.output, entry);
    }
    const tensorOf = ({ header, data }: { header: Extract<ResultChunk, { kind: 'tensor' }>; data: Buffer }) =>
      Tensor.of(header.dtype, header.shape, elementsOf(header.dtype, data));
    return { tensors: new Map([...bytes].map(([name, entry]) => [name, tensorOf(entry)])), end };
  }

  interface Sent {
    readonly shape?: readonly number[];
    readonly input?: string;
    readonly inputs?: number;
    readonly options?: InferOptions;
    readonly chunkBytes?: number;
  }
  /** The frames of a request with one tensor. */
  function frames(tensor: Tensor, { chunkBytes = 2 ** 20, ...fields }: Sent = {}): Buffer[] {
    const all = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    return chunkRanges(all.length, chunkBytes, 4).map(({ length, ...place }) => {
      const header = {
        v: 1,
        kind: 'tensor',
        dtype: tensor.dtype,
        shape: tensor.shape,
        ...fields,
        ...place,
      } as const;
      return encodeFrame<InferChunk>(header, length, (target) =>
        target.set(all.subarray(place.offset, place.offset + length)),
      );
    });
  }
  async function framed(payloads: readonly (string | Uint8Array)[], model = 'small'): Promise<Answer> {
    const watch = await framedAnswers(model);
    for (const payload of payloads) await client.publish(topics.infer(model, request), payload, { qos: 1 });
    return answered(watch);
  }
  const codeOf = ({ end }: Answer) => end.error?.code;

  it('answers a framed tensor with the output and a summary', async () => {
    const { tensors, end } = await framed(frames(smallImage));
    expect(end).toMatchObject({
      tensors: 1,
      summary: { model: 'small', request, degraded: false, agents: 0 },
    });
    await expectSmall(tensors);
  });

  it('puts an input together from many chunks, and a named one, and in any order', async () => {
    const chunks = frames(smallImage, { input: 'image', inputs: 1, chunkBytes: 700 });
    const { tensors } = await framed(chunks.toReversed());
    await expectSmall(tensors);
  });

  it('leaves the tensors out where only labels are wanted', async () => {
    const { tensors, end } = await framed(frames(smallImage, { options: { outputs: 'labels' } }));
    expect([tensors.size, end.tensors]).toEqual([0, 0]);
  });

  it.each(['png', 'jpeg'] as const)('answers a plain %s in JSON', async (format) => {
    const picture = sharp({ create: { width: 9, height: 7, channels: 3, background: 'red' } });
    const answer = await plain('pictures', await picture.toFormat(format).toBuffer());
    expect(answer).toMatchObject({ model: 'pictures', request, degraded: false });
    expect((answer['top'] as unknown as { label: string }[]).map(({ label }) => label).sort()).toEqual([
      'blue',
      'green',
      'red',
    ]);
  });

  it('answers plain JSON in JSON', async () => {
    const [, channels, rows, columns] = SMALL_SHAPE as [number, number, number, number];
    const plane = Array.from({ length: rows }, () => new Array(columns).fill(0.5));
    expect(await plain('small', JSON.stringify(new Array(channels).fill(plane)))).toMatchObject({
      model: 'small',
    });
  });

  it.each([
    ['an empty one', 'small', '', 'ISO_ERR_REQUEST_INVALID'],
    ['a text', 'small', 'hello', 'ISO_ERR_INPUT_UNREADABLE'],
    ['broken JSON', 'small', '[[1, 2', 'ISO_ERR_INPUT_UNREADABLE'],
    ['another shape', 'small', '[1, 2]', 'ISO_ERR_INPUT_MISMATCH'],
    [
      'a broken picture',
      'pictures',
      Buffer.from('\xff\xd8\xff\xe0 no jpeg', 'latin1'),
      'ISO_ERR_INPUT_UNREADABLE',
    ],
    [
      'a picture without a manifest',
      'small',
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      'ISO_ERR_MANIFEST_NEEDED',
    ],
    ['another model', 'unknown', '[1]', 'ISO_ERR_MODEL_NOT_SERVED'],
  ])('refuses a plain request with %s in JSON', async (_, model, payload, code) => {
    expect(await plain(model, payload)).toMatchObject({ error: { code } });
  });

  it('refuses frames that are damaged, of another version, or of another shape', async () => {
    const [whole] = frames(smallImage) as [Buffer];
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 1]! ^= 1;
    expect(codeOf(await framed([damaged]))).toBe('ISO_ERR_WIRE_MALFORMED');
    request += 'b';
    expect(codeOf(await framed([whole.subarray(0, 40)]))).toBe('ISO_ERR_WIRE_MALFORMED');
    request += 'c';
    expect(codeOf(await framed(frames(smallImage.reshaped([1, 8, 256]))))).toBe('ISO_ERR_INPUT_MISMATCH');
    request += 'd';
    expect(codeOf(await framed(frames(smallImage), 'unknown'))).toBe('ISO_ERR_MODEL_NOT_SERVED');
  });

  it('refuses an input that the model does not have: it could stand for one of its tensors', async () => {
    const extra = frames(Tensor.zeros('float32', [1, 12, 16, 16]), { input: 'relu1', inputs: 2 });
    const answer = await framed([...extra, ...frames(smallImage, { input: 'image', inputs: 2 })]);
    expect(answer.end.error).toMatchObject({
      code: 'ISO_ERR_REQUEST_INVALID',
      message: expect.stringContaining('relu1'),
    });
  });

  it('answers chunks that contradict one another once, and a new try with the same name', async () => {
    const watch = await framedAnswers('small');
    const chunks = frames(smallImage, { chunkBytes: 1000 });
    const other = frames(smallImage.reshaped([2048]), { chunkBytes: 1000 });
    for (const chunk of [chunks[0]!, other[1]!, ...chunks.slice(2)])
      await client.publish(topics.infer('small', request), chunk, { qos: 1 });
    expect(codeOf(await answered(watch))).toBe('ISO_ERR_WIRE_MALFORMED');
    for (const chunk of chunks) await client.publish(topics.infer('small', request), chunk, { qos: 1 });
    await watch.next((seen) => isEnd(seen));
    expect(watch.seen.filter(isEnd).map(({ header }) => (header as ResultEnd).error?.code)).toEqual([
      'ISO_ERR_WIRE_MALFORMED',
      undefined,
    ]);
  });

  it('answers a request that never becomes complete', async () => {
    const answer = await framed(frames(smallImage, { chunkBytes: 1000 }).slice(1));
    expect(answer.end.error).toMatchObject({
      code: 'ISO_ERR_REQUEST_INVALID',
      message: expect.stringContaining('parts'),
    });
  });

  it('answers a double once, and the same name again when the first answer is out', async () => {
    cluster.hub.copies = (topic) => (topic.includes('/infer/') ? 3 : 1);
    const watch = await framedAnswers('small');
    const [whole] = frames(smallImage, { options: { outputs: 'labels' } }) as [Buffer];
    await client.publish(topics.infer('small', request), whole, { qos: 1 });
    await watch.first(isEnd);
    cluster.hub.copies = () => 1;
    expect(watch.seen).toHaveLength(1);
    const again = watch.next();
    await client.publish(topics.infer('small', request), whole, { qos: 1 });
    expect(((await again).header as ResultEnd).error).toBeUndefined();
  });

  it('refuses what is more than may wait, and answers each of many', async () => {
    const names = Array.from({ length: 6 }, (_, at) => `${request}-${at}`);
    const watches = await Promise.all(names.map((name) => framedAnswers('small', name)));
    const [whole] = frames(smallImage, { options: { outputs: 'labels' } }) as [Buffer];
    await Promise.all(names.map((name) => client.publish(topics.infer('small', name), whole, { qos: 1 })));
    const codes = await Promise.all(watches.map(async (watch) => codeOf(await answered(watch))));
    expect(codes.filter((code) => code === 'ISO_ERR_MASTER_BUSY')).toHaveLength(3);
    expect(codes.filter((code) => code === undefined)).toHaveLength(3);
  });
});
