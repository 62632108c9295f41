import { IsobathError } from '../base/errors.ts';
import type { EngineOptions } from './engine.ts';
import { ENGINE_NAMES, type EngineName, engineNamed } from './engines.ts';
import { speedOf } from './speed.ts';

/** What one engine is on this machine. */
export type Surveyed = { readonly name: EngineName } & (
  | { readonly loads: true; readonly version: string; readonly threads: number; readonly gflops: number }
  | { readonly loads: false; readonly reason: string }
);

/** Loads the engine, measures it, and lets it go. */
export async function survey(name: EngineName, options: EngineOptions = {}): Promise<Surveyed> {
  const engine = engineNamed(name, options);
  try {
    await engine.start();
    const gflops = await speedOf(engine);
    const { version, threads } = engine;
    return { name, loads: true, version, threads, gflops };
  } catch (error) {
    return { name, loads: false, reason: IsobathError.from(error).message };
  } finally {
    await engine.stop();
  }
}

/** Every engine, one after another, so that none disturbs another's measurement. */
export async function surveyAll(options: EngineOptions = {}): Promise<Surveyed[]> {
  const found: Surveyed[] = [];
  for (const name of ENGINE_NAMES) found.push(await survey(name, options));
  return found;
}
