import { IsobathError } from '../base/errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { decodeFrame } from '../wire/codec.ts';
import { RESULT_CHUNK, type ResultEnd } from '../wire/messages/inference.ts';
import { resultSummary } from '../wire/messages/summary.ts';
import { elementsOf } from '../wire/reassembly.ts';
import { ReassemblyTable } from '../wire/reassembly-table.ts';
import type { InferenceReply } from './inference.ts';

const MAX_OUTPUTS = 64;
const MAX_BYTES = 2 ** 30;

/** Puts one answer together. It is complete when its end, and as many tensors as that says, have come. */
export class ResultCollector {
  readonly reply: Promise<InferenceReply>;
  readonly #topic: string;
  readonly #table = new ReassemblyTable({ maxEntries: MAX_OUTPUTS, maxBytes: MAX_BYTES });
  readonly #outputs = new Map<string, Tensor>();
  #end: ResultEnd | undefined;
  #resolve!: (reply: InferenceReply) => void;
  #reject!: (error: unknown) => void;

  constructor(topic: string) {
    this.#topic = topic;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Told to whoever awaits the reply; the request may fail before that.
    this.reply.catch(() => undefined);
  }

  add(payload: Uint8Array): void {
    try {
      const { header, bytes } = decodeFrame(RESULT_CHUNK, this.#topic, payload);
      if (header.kind === 'end') this.#end = header;
      else if (!this.#outputs.has(header.output)) {
        const done = this.#table.add(header.output, this.#topic, header, bytes);
        if (done) {
          const elements = elementsOf(header.dtype, done.take()!);
          this.#outputs.set(header.output, Tensor.of(header.dtype, header.shape, elements));
        }
      }
      this.#settle();
    } catch (error) {
      this.reject(error);
    }
  }

  reject(error: unknown): void {
    this.#reject(error);
  }

  #settle(): void {
    if (!this.#end) return;
    const { error, tensors, summary } = this.#end;
    if (error) this.reject(IsobathError.revive(error));
    else if (this.#outputs.size >= tensors) {
      this.#resolve({ outputs: this.#outputs, summary: checkedSummary(this.#topic, summary) });
    }
  }
}

function checkedSummary(topic: string, summary: unknown) {
  try {
    return resultSummary(summary, 'summary');
  } catch (error) {
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic, reason: (error as Error).message }, error);
  }
}
