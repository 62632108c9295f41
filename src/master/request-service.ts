import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { bytesOf } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { chunkRanges } from '../wire/chunks.ts';
import { decodeFrame, encodeFrame, encodeJson, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { INFER_CHUNK, type ResultChunk } from '../wire/messages/inference.ts';
import type { ResultSummary } from '../wire/messages/summary.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import type { InferenceResult } from './inference.ts';
import type { ModelService } from './model-service.ts';
import { type CompleteRequest, plainRequest, RequestCollector } from './request-collector.ts';
import { checkedInputs, inputFromFile, isPlainFile } from './request-inputs.ts';
import { RequestQueue, type RequestQueueOptions } from './request-queue.ts';
import { summarize } from './summary.ts';

export interface RequestServiceOptions extends RequestQueueOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  readonly models: ReadonlyMap<string, ModelService>;
  readonly chunkBytes?: number;
}

/** Request ids that were taken lately: the broker may deliver a message of QoS 1 twice. */
const REMEMBERED = 1024;

/** Answers inference requests that arrive over MQTT. Each ends with a result or a coded error. */
export class RequestService implements Service {
  readonly #options: RequestServiceOptions;
  readonly #queue: RequestQueue;
  readonly #collector = new RequestCollector();
  readonly #taken = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #unsubscribe: (() => Promise<void>) | undefined;

  constructor(options: RequestServiceOptions) {
    this.#options = options;
    this.#queue = new RequestQueue(options);
  }

  async start(): Promise<void> {
    const { bus, topics } = this.#options;
    this.#unsubscribe = await bus.subscribe(
      topics.everyInfer(),
      (topic, payload) => this.#onChunk(topic, payload),
      {
        qos: 1,
      },
    );
  }

  /** No new request is taken; those that run are answered. */
  async stop(): Promise<void> {
    await this.#unsubscribe?.().catch(() => undefined);
    this.#unsubscribe = undefined;
    await Promise.allSettled(this.#running);
  }

  #onChunk(topic: string, payload: Uint8Array): void {
    const address = parseTopic(this.#options.topics.cluster, topic);
    if (address?.kind !== 'infer') return;
    const { model, request } = address;
    const key = `${model}/${request}`;
    if (this.#taken.has(key)) return;
    const plain = payload[0] !== 0x92 && (isPlainFile(payload) || payload.length === 0);
    const answer = plain ? this.#answerPlain : this.#answerFramed;
    let complete: CompleteRequest | undefined;
    try {
      if (plain) complete = plainRequest(payload);
      else {
        const { header, bytes } = decodeFrame(INFER_CHUNK, topic, payload);
        complete = this.#collector.add(key, topic, header, bytes);
      }
    } catch (error) {
      this.#remember(key);
      this.#track(answer(model, request, IsobathError.from(error)));
      return;
    }
    if (!complete) return;
    this.#remember(key);
    const { outputs } = complete.options;
    const run = this.#infer(model, request, complete).then(
      ({ result, summary }) => answer(model, request, { result, summary, withTensors: outputs !== 'labels' }),
      (error: unknown) => answer(model, request, IsobathError.from(error)),
    );
    this.#track(run);
  }

  async #infer(model: string, request: string, complete: CompleteRequest) {
    const service = this.#options.models.get(model);
    if (!service) {
      const served = [...this.#options.models.keys()].join(', ') || 'none';
      throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', { model, served });
    }
    return this.#queue.run(async () => {
      const inputs = complete.file
        ? await inputFromFile(service.model, complete.file)
        : checkedInputs(service.model, complete.tensors!);
      const result = await service.infer(request, inputs);
      const agents = service.deployment?.agents.length ?? 0;
      return { result, summary: summarize(service.model, request, agents, result, complete.options.top) };
    });
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

  #remember(key: string): void {
    this.#taken.add(key);
    if (this.#taken.size > REMEMBERED) this.#taken.delete(this.#taken.values().next().value!);
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

type Answer =
  | IsobathError
  | { readonly result: InferenceResult; readonly summary: ResultSummary; readonly withTensors: boolean };

function frame(header: Unsealed<ResultChunk>, bytes: Uint8Array = new Uint8Array()): Buffer {
  return encodeFrame<ResultChunk>(header, bytes.length, (target) => target.set(bytes));
}
