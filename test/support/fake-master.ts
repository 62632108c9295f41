import { IsobathError } from '../../src/base/errors.ts';
import { type CompleteRequest, RequestCollector } from '../../src/master/request-collector.ts';
import { bytesOf } from '../../src/tensor/tensor.ts';
import type { Bus } from '../../src/transport/bus.ts';
import { decodeFrame, encodeFrame, encodeJson, type Unsealed } from '../../src/wire/codec.ts';
import { type NamedTensorType, VERSION } from '../../src/wire/messages/common.ts';
import { INFER_CHUNK, type InferOptions, type ResultChunk } from '../../src/wire/messages/inference.ts';
import type { ListedModel } from '../../src/wire/messages/models.ts';
import type { Presence } from '../../src/wire/messages/status.ts';
import type { ResultSummary } from '../../src/wire/messages/summary.ts';
import { parseTopic } from '../../src/wire/parse-topic.ts';
import { Topics } from '../../src/wire/topics.ts';

const MODELS = ['echo', 'fail', 'hang'];

/** A master as its clients see one: `echo` gives its input back, `fail` an error, `hang` nothing. */
export class FakeMaster {
  readonly epoch = 10;
  chunks = 0;
  lastFile: Uint8Array | undefined;
  lastOptions: InferOptions | undefined;
  garble = false;
  /** Of every model. */
  inputs: NamedTensorType[] = [{ name: 'x', dtype: 'float32', shape: [1] }];
  /** Answers that wait for `release`; undefined while they do not wait. */
  #held: (() => void)[] | undefined;
  readonly #bus: Bus;
  readonly #topics: Topics;
  readonly #collector = new RequestCollector({ onGiveUp: () => undefined });

  constructor(bus: Bus, cluster: string) {
    this.#bus = bus;
    this.#topics = new Topics(cluster);
  }

  async start(): Promise<void> {
    await this.#bus.start();
    await this.#bus.subscribe(this.#topics.everyInfer(), (topic, payload) => this.#onChunk(topic, payload));
    await this.announce('online');
  }

  hold(): void {
    this.#held = [];
  }

  release(): void {
    for (const answer of this.#held?.splice(0) ?? []) answer();
    this.#held = undefined;
  }

  leave(): Promise<void> {
    return this.announce('offline');
  }

  async announce(state: Presence, epoch = this.epoch): Promise<void> {
    const retained = { retain: true, qos: 1 } as const;
    for (const model of MODELS) {
      const info = { v: VERSION, model, inputs: this.inputs, outputs: [], pictures: true };
      await this.#bus.publish(this.#topics.modelInfo(model), encodeJson(info), retained);
    }
    const models: ListedModel[] = MODELS.map((model) => {
      return { model, state: 'serving', pictures: true, strategy: 'depth', agents: ['a', 'b'], stages: 1 };
    });
    await this.#bus.publish(this.#topics.modelList(), encodeJson({ v: VERSION, models }), retained);
    const status = { v: VERSION, state, epoch, version: '0', models: MODELS };
    await this.#bus.publish(this.#topics.masterStatus(), encodeJson(status), retained);
  }

  #onChunk(topic: string, payload: Uint8Array): void {
    const address = parseTopic(this.#topics.cluster, topic);
    if (address?.kind !== 'infer') return;
    const { model, request } = address;
    this.chunks += 1;
    const { header, bytes } = decodeFrame(INFER_CHUNK, topic, payload);
    const complete = this.#collector.add(request, topic, header, bytes);
    if (!complete || model === 'hang') return;
    if (this.#held) this.#held.push(() => this.#answer(model, request, complete));
    else this.#answer(model, request, complete);
  }

  #answer(model: string, request: string, complete: CompleteRequest): void {
    this.lastFile = complete.file;
    this.lastOptions = complete.options;
    const answer = (chunk: Unsealed<ResultChunk>, raw: Uint8Array = new Uint8Array()) => {
      const frame = encodeFrame<ResultChunk>(chunk, raw.length, (target) => target.set(raw));
      void this.#bus.publish(this.#topics.result(model, request), this.garble ? frame.subarray(3) : frame);
    };
    if (model === 'fail') {
      const error = IsobathError.revive({
        code: 'ISO_ERR_INPUT_UNREADABLE',
        message: 'no',
        cure: 'another file',
      });
      answer({ v: VERSION, kind: 'end', tensors: 0, error: error.toJSON() });
      return;
    }
    const stages: ResultSummary['stages'] = [];
    const summary = { model, request, degraded: false, agents: 2, totalMs: 1, stages };
    // The end first: an answer is complete when all of it is there, in whatever order it comes.
    answer({ v: VERSION, kind: 'end', tensors: complete.tensors?.size ?? 0, summary });
    for (const [output, { dtype, shape, data }] of complete.tensors ?? []) {
      answer(
        { v: VERSION, kind: 'tensor', output, dtype, shape, seq: 0, total: 1, offset: 0 },
        bytesOf(data),
      );
    }
  }
}
