import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { judge, type Noise } from '../../src/tensor/judgement.ts';
import { Party } from '../support/party.ts';
import { type PlainOutput, tensorsOf } from '../whole-model.ts';
import type { OpenRequest } from '../whole-party.ts';
import type { ModelFile } from './files.ts';

const execute = promisify(execFile);
const COMMAND = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const PARTY = new URL('../whole-party.js', import.meta.url);
const LIMIT_MS = 300_000;

/** What a step of one model came to. `text` is a cell of the table: a figure, or the code of an error. */
export interface StepResult {
  readonly ok: boolean;
  readonly text: string;
  /** Of a comparison: the largest difference by the largest magnitude, over all outputs. */
  readonly difference?: number;
  /** Of a failure, in full. */
  readonly reason?: string;
}

/** A model with a .npz of its inputs, where they are not random. */
export interface RunnableModel extends ModelFile {
  readonly inputs?: string;
}

interface VerifyDocument {
  readonly ok: boolean;
  readonly maxRelativeDifference: number;
  readonly distributedStages: number;
  readonly stages: number;
}

export const STEPS = {
  inspect: (model: RunnableModel) => carriedOut(['inspect', model.file, ...openSizes(model)]),
  import: (model: RunnableModel) => {
    const golden = model.inputs ? ['--golden', model.inputs] : [];
    return carriedOut(['import', model.file, '--dry-run', ...golden, ...openSizes(model)]);
  },
  whole: wholeAgainstPlain,
  auto: (model: RunnableModel) => verified(model, 'auto'),
  depth: (model: RunnableModel) => verified(model, 'depth'),
} as const satisfies Readonly<Record<string, (model: RunnableModel) => Promise<StepResult>>>;

export type StepName = keyof typeof STEPS;

function openSizes({ shapes = {} }: ModelFile): string[] {
  return Object.entries(shapes).flatMap(([name, extents]) => ['--shape', `${name}=${extents.join(',')}`]);
}

/** Ends in the document that the command prints; throws its coded error. */
async function documentOf<T>(words: readonly string[]): Promise<T> {
  const options = { timeout: LIMIT_MS, maxBuffer: 256 * 1024 * 1024 };
  const { stdout } = await execute(process.execPath, [COMMAND, ...words, '--json'], options);
  return JSON.parse(stdout) as T;
}

async function carriedOut(words: readonly string[]): Promise<StepResult> {
  try {
    await documentOf(words);
    return { ok: true, text: 'ok' };
  } catch (error) {
    return failure(error);
  }
}

async function verified(model: RunnableModel, strategy: string): Promise<StepResult> {
  const fleet = ['--agents', '3', '--strategy', strategy];
  try {
    const words = [...fleet, ...openSizes(model), ...(model.inputs ? ['--input', model.inputs] : [])];
    const found = await documentOf<VerifyDocument>(['verify', model.file, ...words]);
    const { ok, maxRelativeDifference: difference, distributedStages, stages } = found;
    return { ok, difference, text: `${inPowers(difference)} (${distributedStages}/${stages})` };
  } catch (error) {
    return failure(error);
  }
}

/**
 * The whole model as `infer --local` runs it, against the file in onnxruntime without optimisation, or in TensorFlow.js. `(noise)`
 * behind a figure: it is within what rounding alone does to the model's outputs.
 */
async function wholeAgainstPlain(model: RunnableModel): Promise<StepResult> {
  const request = { ...model, threads: 1, level: 'disabled' } as const;
  const parties: Party[] = [];
  try {
    const answers: PlainOutput[][] = [];
    for (const side of ['plain', 'ours'] as const) {
      const party = new Party(PARTY);
      parties.push(party);
      await party.ask('open', { ...request, side } satisfies OpenRequest);
      await party.ask('run', { runs: 1 });
      answers.push(await party.ask<PlainOutput[]>('outputs'));
    }
    const [wanted, got] = answers.map(tensorsOf);
    const judged = (noise: Noise) => judge(got!, wanted!, { tolerance: WHOLE_TOLERANCE, noise });
    const strict = judged(new Map());
    // measured, as `verify` does, where the tolerance is not kept
    const { ok } = strict.ok ? strict : judged(new Map(await parties[1]!.ask<[string, number][]>('noise')));
    const { maxRelativeDifference: difference } = strict;
    return { ok, difference, text: `${inPowers(difference)}${ok && !strict.ok ? ' (noise)' : ''}` };
  } catch (error) {
    return failure(error);
  } finally {
    await Promise.all(parties.map((party) => party.stop()));
  }
}

/** Of the largest magnitude of an output: what the README promises. */
const WHOLE_TOLERANCE = 1e-4;

function inPowers(difference: number): string {
  return difference === 0 ? '0' : difference.toExponential(1);
}

function failure(error: unknown): StepResult {
  const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
  const reason = [stdout, stderr, message].map((text) => text.trim()).find((text) => text !== '') ?? '';
  return { ok: false, text: /ISO_ERR_[A-Z_]+/.exec(reason)?.[0] ?? 'failed', reason: reason.slice(0, 2000) };
}
