import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { RecentSet } from '../base/recent-set.ts';
import type { Service } from '../base/service.ts';
import { readModelInputs } from '../formats/model-inputs.ts';
import type { Placement } from '../formats/pictures/placement.ts';
import { bytesOf, type Tensor } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { liveOnly } from '../transport/live-only.ts';
import { chunkRanges } from '../wire/chunks.ts';
import { decodeFrame, encodeFrame, encodeJson, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { INFER_CHUNK, type ResultChunk } from '../wire/messages/inference.ts';
import type { ResultSummary } from '../wire/messages/summary.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import type { InferenceResult } from './inference.ts';
import type { ModelShelf } from './model-shelf.ts';
import { type CompleteRequest, plainRequest, RequestCollector } from './request-collector.ts';
import { RequestQueue, type RequestQueueOptions } from './request-queue.ts';
import { summarize } from './summary.ts';

export interface RequestServiceOptions extends RequestQueueOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  readonly models: ModelShelf;
  readonly chunkBytes?: number;
  /** A request of which nothing more came for so long is given up. Default 60000 ms. */
  readonly partTimeoutMs?: number;
  /** Told of each request that came to its end, but of none that was never complete. */
  readonly onAnswer?: (model: string, request: string, outcome: ResultSummary | IsobathError) => void;
}

/** First byte of a frame: a msgpack array of two. No picture, .npy or JSON file begins with it. */
const FRAME = 0x92;
/** Requests that were refused lately, whose further chunks need no answer. */
const REMEMBERED = 1024;

/** Answers inference requests that arrive over MQTT. Each ends with a result or a coded error. */
export class RequestService implements Service {
  readonly #options: RequestServiceOptions;
  readonly #queue: RequestQueue;
  readonly #collector: RequestCollector;
  /** Requests that wait or run: what comes of them again is a double, and its answer is on the way. */
  readonly #open = new Set<string>();
  readonly #refused = new RecentSet(REMEMBERED);
  readonly #running = new Set<Promise<void>>();
  #unsubscribe: (() => Promise<void>) | undefined;

  constructor(options: RequestServiceOptions) {
    this.#options = options;
    this.#queue = new RequestQueue(options);
    this.#collector = new RequestCollector({
      onGiveUp: (key, error) => this.#refuse(key, error),
      ...(options.partTimeoutMs === undefined ? {} : { partTimeoutMs: options.partTimeoutMs }),
    });
  }

  async start(): Promise<void> {
    const { bus, topics, logger } = this.#options;
    const onChunk = liveOnly(logger, (topic, payload) => this.#onChunk(topic, payload));
    this.#unsubscribe = await bus.subscribe(topics.everyInfer(), onChunk, { qos: 1 });
  }

  /** No new request is taken; those that run are answered, those that wait are refused. */
  async stop(): Promise<void> {
    await this.#unsubscribe?.().catch(() => undefined);
    this.#unsubscribe = undefined;
    this.#queue.close();
    for (const key of this.#collector.clear()) {
      this.#refuse(key, IsobathError.of('ISO_ERR_MASTER_STOPPED', { request: placeOf(key).request }));
    }
    await Promise.allSettled(this.#running);
  }

  #onChunk(topic: string, payload: Uint8Array): void {
    const address = parseTopic(this.#options.topics.cluster, topic);
    if (address?.kind !== 'infer') return;
    const { model, request } = address;
    const key = `${model}/${request}`;
    if (this.#open.has(key)) return;
    const framed = payload[0] === FRAME;
    const answer = framed ? this.#answerFramed : this.#answerPlain;
    let complete: CompleteRequest | undefined;
    try {
      complete = framed ? this.#collect(key, topic, payload) : plainRequest(payload);
    } catch (error) {
      if (framed) this.#refuse(key, IsobathError.from(error));
      else this.#track(answer(model, request, IsobathError.from(error)));
      return;
    }
    if (!complete) return;
    this.#open.add(key);
    const { outputs } = complete.options;
    const run = this.#infer(model, request, complete)
      .finally(() => this.#open.delete(key))
      .then(
        ({ result, summary }) => ({ result, summary, withTensors: outputs !== 'labels' }),
        (error: unknown) => IsobathError.from(error),
      )
      .then((ended) => {
        this.#options.onAnswer?.(model, request, ended instanceof IsobathError ? ended : ended.summary);
        return answer(model, request, ended);
      });
    this.#track(run);
  }

  /** Chunks of a topic come in order: one that is not the first of its input continues what was refused. */
  #collect(key: string, topic: string, payload: Uint8Array): CompleteRequest | undefined {
    const { header, bytes } = decodeFrame(INFER_CHUNK, topic, payload);
    if (header.seq > 0 && this.#refused.has(key)) return undefined;
    this.#refused.delete(key);
    this.#options.models.get(placeOf(key).model);
    return this.#collector.add(key, topic, header, bytes);
  }

  /** Answers a framed request that is not complete with an error, once. */
  #refuse(key: string, error: IsobathError): void {
    const { model, request } = placeOf(key);
    this.#collector.drop(key);
    this.#refused.add(key);
    this.#track(this.#answerFramed(model, request, error));
  }

  /** On the version that serves when the request's turn comes. */
  async #infer(model: string, request: string, complete: CompleteRequest) {
    const versions = this.#options.models.get(model);
    return this.#queue.run(request, () =>
      versions.run(async (service) => {
        const { inputs, placement }: { inputs: ReadonlyMap<string, Tensor>; placement?: Placement } =
          complete.file ? await readModelInputs(complete.file, service.model) : { inputs: complete.tensors! };
        const result = await service.infer(request, inputs);
        const agents = service.deployment?.agents.length ?? 0;
        const { top } = complete.options;
        const seen = { ...(top === undefined ? {} : { top }), ...(placement ? { placement } : {}) };
        return { result, summary: summarize(service.model, request, agents, result, seen) };
      }),
    );
  }

  /** One JSON text, for clients that sent a plain file. */
  #answerPlain = async (model: string, request: string, answer: Answer): Promise<void> => {
    const json = answer instanceof IsobathError ? { error: answer.toJSON() } : answer.summary;
    await this.#publish(model, request, encodeJson(json));
  };

  #answerFramed = async (model: string, request: string, answer: Answer): Promise<void> => {
    let tensors = 0;
    if (!(answer instanceof IsobathError) && answer.withTensors) {
      for (const [output, { dtype, shape, data }] of answer.result.outputs) {
        tensors += 1;
        const bytes = bytesOf(data);
        for (const { length, ...place } of chunkRanges(
          bytes.length,
          this.#options.chunkBytes,
          data.BYTES_PER_ELEMENT,
        )) {
          const header = { v: VERSION, kind: 'tensor', output, dtype, shape, ...place } as const;
          const part = bytes.subarray(place.offset, place.offset + length);
          await this.#publish(model, request, frame(header, part));
        }
      }
    }
    const outcome =
      answer instanceof IsobathError
        ? { error: answer.toJSON() }
        : { summary: answer.summary as unknown as Readonly<Record<string, unknown>> };
    await this.#publish(model, request, frame({ v: VERSION, kind: 'end', tensors, ...outcome }));
  };

  async #publish(model: string, request: string, payload: string | Uint8Array): Promise<void> {
    const { bus, topics } = this.#options;
    await bus.publish(topics.result(model, request), payload, { qos: 1 });
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        const { code, message } = IsobathError.from(error);
        this.#options.logger.error({ code }, `An answer could not be sent: ${message}`);
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

function placeOf(key: string): { model: string; request: string } {
  const [model, request] = key.split('/') as [string, string];
  return { model, request };
}

type Answer =
  | IsobathError
  | { readonly result: InferenceResult; readonly summary: ResultSummary; readonly withTensors: boolean };

function frame(header: Unsealed<ResultChunk>, bytes: Uint8Array = new Uint8Array()): Buffer {
  return encodeFrame<ResultChunk>(header, bytes.length, (target) => target.set(bytes));
}
