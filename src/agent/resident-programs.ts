import { IsobathError } from '../base/errors.ts';
import type { LoadMarks } from '../base/load-marks.ts';
import type { CompiledProgram, Engine } from '../engine/engine.ts';
import { compileForWire } from '../engine/wire-program.ts';
import { loadOnnx } from '../formats/onnx/load.ts';
import type { Graph } from '../graph/graph.ts';
import { PRECISIONS, wireTypeOf } from '../tensor/precision.ts';
import type { BlobRef, ShardProgram } from '../wire/messages/control.ts';
import type { BlobCache } from './blob-cache.ts';
import type { BlobFetcher } from './blob-fetcher.ts';

/** A program, its filters, and the types in which its inputs and outputs travel; without these they do as they are. */
export type ProgramSpec = Pick<ShardProgram, 'program' | 'blobs'> &
  Partial<Pick<ShardProgram, 'inputs' | 'outputs'>>;

interface Resident {
  readonly program: Promise<CompiledProgram>;
  readonly blobs: readonly string[];
  users: number;
}

/** What making a deployment resident cost. */
export interface Fetched {
  readonly receivedBytes: number;
  readonly cachedBytes: number;
}

export interface ResidentProgramsOptions {
  readonly engine: Engine;
  readonly cache: BlobCache;
  readonly fetcher: BlobFetcher;
  /** Of programs that are compiled for the first time. */
  readonly marks: LoadMarks;
}

/** The compiled programs by content hash and wire types; one that several deployments use is compiled once. */
export class ResidentPrograms {
  readonly #options: ResidentProgramsOptions;
  readonly #residents = new Map<string, Resident>();

  constructor(options: ResidentProgramsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#residents.size;
  }

  /** Fetches what the disk cache lacks. Throws as BlobFetcher does. */
  async fetch(programs: readonly Pick<ShardProgram, 'program' | 'blobs'>[]): Promise<Fetched> {
    const { cache, fetcher } = this.#options;
    const blobs = new Map<string, BlobRef>();
    for (const { program, blobs: filters } of programs) {
      for (const blob of [program, ...filters]) blobs.set(blob.sha256, blob);
    }
    let receivedBytes = 0;
    let cachedBytes = 0;
    for (const blob of blobs.values()) {
      if (await this.#has(blob)) {
        cachedBytes += blob.bytes;
      } else {
        await fetcher.fetch(blob);
        receivedBytes += blob.bytes;
      }
    }
    await cache.trim(new Set([...blobs.keys(), ...this.#blobsInUse()]));
    return { receivedBytes, cachedBytes };
  }

  /** Compiles the program from the cache, or takes the one that is resident. Pair it with `release`. */
  async acquire(spec: ProgramSpec): Promise<CompiledProgram> {
    const key = keyOf(spec);
    let resident = this.#residents.get(key);
    if (!resident) {
      const { program, blobs } = spec;
      resident = {
        program: this.#compileMarked(spec),
        blobs: [program, ...blobs].map(({ sha256 }) => sha256),
        users: 0,
      };
      this.#residents.set(key, resident);
    }
    resident.users += 1;
    try {
      return await resident.program;
    } catch (error) {
      this.#residents.delete(key);
      throw error;
    }
  }

  async release(spec: ProgramSpec): Promise<void> {
    const key = keyOf(spec);
    const resident = this.#residents.get(key);
    if (!resident || --resident.users > 0) return;
    this.#residents.delete(key);
    await (await resident.program).dispose();
  }

  /** Throws ISO_ERR_PROGRAM_CRASHED for what ended an earlier run of this agent. */
  #compileMarked(spec: ProgramSpec): Promise<CompiledProgram> {
    const refusal = (mark: string) =>
      IsobathError.of('ISO_ERR_PROGRAM_CRASHED', { program: spec.program.sha256, mark });
    return this.#options.marks.run({ key: keyOf(spec), refusal, proves: true }, () => this.#compile(spec));
  }

  async #compile(spec: ProgramSpec): Promise<CompiledProgram> {
    const { cache, engine } = this.#options;
    const graph = await loadOnnx(cache.path(spec.program.sha256));
    const { inputs, outputs } = spec;
    if (!inputs || !outputs) return engine.compile(graph);
    const edges = { inputs, outputs };
    refuseMisfits(graph, spec.program, edges);
    return compileForWire(engine, graph, edges);
  }

  /** The content of a blob was compared with its name when it came into use; its file may be gone since. */
  #has({ sha256, bytes }: BlobRef): Promise<boolean> {
    const { cache } = this.#options;
    return this.#blobsInUse().includes(sha256) ? cache.hasFile(sha256, bytes) : cache.holds(sha256, bytes);
  }

  #blobsInUse(): string[] {
    return [...this.#residents.values()].flatMap(({ blobs }) => blobs);
  }
}

/** The same program may travel in one precision for one deployment and in another for the next. */
function keyOf({ program, inputs = [], outputs = [] }: ProgramSpec): string {
  const types = [...inputs, ...outputs].map(({ dtype, scales }) => (scales ? `${dtype}*${scales}` : dtype));
  return `${program.sha256}/${types.join()}`;
}

/** Throws ISO_ERR_WIRE_MALFORMED where regions are to travel in types that the program's cannot be turned into. */
function refuseMisfits(
  graph: Graph,
  program: BlobRef,
  { inputs, outputs }: Pick<ShardProgram, 'inputs' | 'outputs'>,
): void {
  const sides = [
    { role: 'input', names: graph.inputs, regions: inputs },
    { role: 'output', names: graph.outputs, regions: outputs },
  ];
  for (const { role, names, regions } of sides) {
    const misfit = regions.find(({ dtype, shape, scales }, at) => {
      const own = graph.types.get(names[at] ?? '');
      return (
        !own ||
        !PRECISIONS.some((precision) => {
          const type = wireTypeOf({ dtype: own.dtype, shape }, precision);
          return type.dtype === dtype && type.scales === scales;
        })
      );
    });
    if (names.length === regions.length && !misfit) continue;
    const what = misfit ? `${misfit.dtype} with ${misfit.scales ?? 0} scales` : `${regions.length} regions`;
    const reason = `the program ${program.sha256} cannot have ${what} as its ${role}s`;
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic: 'the control topic', reason });
  }
}
