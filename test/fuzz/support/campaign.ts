import { IsobathError } from '../../../src/base/errors.ts';
import { OnnxruntimeEngine } from '../../../src/engine/onnxruntime/engine.ts';
import { exercise } from './exercise.ts';
import { BYTE_MUTATORS, type Model, type Mutator } from './mutator.ts';
import { Choices } from './random.ts';
import { Watchdog } from './watchdog.ts';

export interface Campaign {
  readonly corpus: readonly Model[];
  /** That know the format. */
  readonly mutators: readonly Mutator[];
  readonly seed: number;
  readonly seconds: number;
  /** A single case of the seed, to see it again. */
  readonly only?: number | undefined;
}

export interface Outcome {
  readonly cases: number;
  /** How often each code came, and `run`. */
  readonly codes: ReadonlyMap<string, number>;
  /** The case that took longest, and its milliseconds. */
  readonly slowest: { readonly what: string; readonly ms: number };
  /** What was thrown without a code, and how to see it again. */
  readonly failures: readonly string[];
}

/** More failures than these are no news. */
const ENOUGH = 10;

/** Mutated models, one after another, until the time is over. */
export async function runCampaign(campaign: Campaign): Promise<Outcome> {
  const { seed, seconds, only } = campaign;
  const engine = new OnnxruntimeEngine({ threads: 1 });
  const watchdog = new Watchdog();
  const codes = new Map<string, number>();
  const failures = new Map<string, string>();
  watchdog.start();
  await engine.start();
  const end = performance.now() + seconds * 1000;
  let cases = 0;
  let slowest = { what: '', ms: 0 };
  try {
    for (let at = only ?? 0; performance.now() < end && failures.size < ENOUGH; at += 1) {
      const { model, story } = mutated(campaign, new Choices(seed * 1_000_003 + at));
      const what = `seed ${seed}, case ${at}: ${story}`;
      watchdog.begin(what);
      const begin = performance.now();
      const code = await exercise(model, engine).then(
        () => 'run',
        (error: unknown) => {
          if (error instanceof IsobathError && error.code !== 'ISO_ERR_INTERNAL') return error.code;
          const trace = String(error instanceof Error ? error.stack : error);
          // the same mistake again is no news
          const place = trace.split('\n').slice(0, 2).join();
          if (!failures.has(place)) failures.set(place, `${what}\n${trace}`);
          return 'uncoded';
        },
      );
      const ms = performance.now() - begin;
      if (ms > slowest.ms) slowest = { what, ms };
      codes.set(code, (codes.get(code) ?? 0) + 1);
      cases += 1;
      if (only !== undefined) break;
    }
  } finally {
    await watchdog.stop();
    await engine.stop();
  }
  return { cases, codes, slowest, failures: [...failures.values()] };
}

function mutated({ corpus, mutators }: Campaign, choices: Choices): { model: Model; story: string } {
  let model = choices.of(corpus)!;
  const story = [model.name];
  for (let left = Math.max(1, choices.below(4)); left > 0; left -= 1) {
    const mutator = choices.of(choices.below(5) === 0 ? BYTE_MUTATORS : mutators)!;
    const next = mutator.mutate(model, choices);
    if (!next) continue;
    model = next;
    story.push(mutator.name);
  }
  return { model, story: story.join(', ') };
}

/** Seed, seconds and a single case from the environment: for the long run, and to see a failure again. */
export function settings(seconds: number): Pick<Campaign, 'seed' | 'seconds' | 'only'> {
  const number = (name: string) => (process.env[name] ? Number(process.env[name]) : undefined);
  return {
    seed: number('FUZZ_SEED') ?? Math.floor(Math.random() * 1e6),
    seconds: number('FUZZ_SECONDS') ?? seconds,
    only: number('FUZZ_CASE'),
  };
}

export function report(
  name: string,
  { seed }: Pick<Campaign, 'seed'>,
  { cases, codes, slowest }: Outcome,
): string {
  const counts = [...codes].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
  return `fuzz ${name}: seed ${seed}, ${cases} models: ${counts.join(', ')}\n  slowest: ${slowest.what}: ${slowest.ms.toFixed(0)} ms\n`;
}
