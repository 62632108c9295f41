import type { CompiledProgram, Engine } from '../engine/engine.ts';
import { loadOnnx } from '../formats/onnx/load.ts';
import type { BlobRef, ShardProgram } from '../wire/messages/control.ts';
import type { BlobCache } from './blob-cache.ts';
import type { BlobFetcher } from './blob-fetcher.ts';

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
}

/** The compiled programs by content hash; one that several deployments use is compiled once. */
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
  async acquire({ program, blobs }: Pick<ShardProgram, 'program' | 'blobs'>): Promise<CompiledProgram> {
    let resident = this.#residents.get(program.sha256);
    if (!resident) {
      resident = {
        program: this.#compile(program.sha256),
        blobs: blobs.map(({ sha256 }) => sha256),
        users: 0,
      };
      this.#residents.set(program.sha256, resident);
    }
    resident.users += 1;
    try {
      return await resident.program;
    } catch (error) {
      this.#residents.delete(program.sha256);
      throw error;
    }
  }

  async release(sha256: string): Promise<void> {
    const resident = this.#residents.get(sha256);
    if (!resident || --resident.users > 0) return;
    this.#residents.delete(sha256);
    await (await resident.program).dispose();
  }

  async #compile(sha256: string): Promise<CompiledProgram> {
    const { cache, engine } = this.#options;
    return engine.compile(await loadOnnx(cache.path(sha256)));
  }

  /** The content of a blob was compared with its name when it came into use; its file may be gone since. */
  #has({ sha256, bytes }: BlobRef): Promise<boolean> {
    const { cache } = this.#options;
    return this.#blobsInUse().includes(sha256) ? cache.hasFile(sha256, bytes) : cache.holds(sha256, bytes);
  }

  #blobsInUse(): string[] {
    return [...this.#residents].flatMap(([sha256, { blobs }]) => [sha256, ...blobs]);
  }
}
