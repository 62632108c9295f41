import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { IsobathError } from './errors.ts';

/** Files of what has proved itself; the oldest beyond go, and are marked again when they are loaded. */
const MAX_PROVEN = 4096;

export interface Loading {
  /** What is loaded: equal for equal content. */
  readonly key: string;
  /** The error for what was being loaded when the process ended; `mark` is the file to remove before it is tried again. */
  readonly refusal: (mark: string) => IsobathError;
  /** When the work ends well, the key is never marked again. Default: it is. */
  readonly proves?: boolean;
}

/**
 * Marks on disk of what is being loaded for the first time: native code can end the process, and whatever starts it again would
 * load the same thing again, for ever.
 *
 *     HASH.loading   written before the work, removed after it and by an orderly end of the process
 *     HASH.cut       was under way when the whole machine ended, as in a power cut: tried once more
 *     HASH.crashed   was the only one under way when an earlier process ended: refused
 *     HASH.proven    has ended well: not marked any more
 *
 * Where several were under way, each is tried once more, one after another: so the next end tells which one it is.
 */
export class LoadMarks {
  readonly #directory: string;
  /** The version of what loads: another one may do better. */
  readonly #stamp: () => string;
  readonly #bootOf: () => Promise<string>;
  #boot = '';
  readonly #underWay = new Set<string>();
  #inTurn = false;
  #last: Promise<unknown> = Promise.resolve();

  /** `bootOf` names the machine's run from its start to its end; '' where that is not known. */
  constructor(directory: string, stamp: () => string, bootOf: () => Promise<string> = bootId) {
    this.#directory = directory;
    this.#stamp = stamp;
    this.#bootOf = bootOf;
  }

  /** Looks at what an earlier process left. A folder that cannot be written guards nothing, and stops nothing. */
  async open(): Promise<void> {
    this.#boot = await this.#bootOf();
    await mkdir(this.#directory, { recursive: true }).catch(() => undefined);
    const names = await readdir(this.#directory).catch((): string[] => []);
    const left: string[] = [];
    for (const name of names.filter((each) => each.endsWith('.loading'))) {
      const file = join(this.#directory, name);
      const isCut = await this.#isOfEarlierBoot(file);
      // what is under way at two such ends in a row may be what brings the machine down
      if (!isCut || names.includes(name.replace(/loading$/, 'cut'))) left.push(file);
      else await rename(file, file.replace(/loading$/, 'cut')).catch(() => undefined);
    }
    this.#inTurn = left.length > 1;
    for (const file of left) {
      if (this.#inTurn) await rm(file, { force: true }).catch(() => undefined);
      else await rename(file, file.replace(/loading$/, 'crashed')).catch(() => undefined);
    }
    await this.#trim(names.filter((name) => name.endsWith('.proven')));
  }

  /** Throws the refusal, and what the work throws. */
  async run<T>(loading: Loading, work: () => Promise<T>): Promise<T> {
    const hash = createHash('sha256').update(`${this.#stamp()} ${loading.key}`).digest('hex').slice(0, 32);
    const fileOf = (state: string) => join(this.#directory, `${hash}.${state}`);
    if (await isThere(fileOf('proven'))) return work();
    const marked = async () => {
      if (await isThere(fileOf('crashed'))) throw loading.refusal(fileOf('crashed'));
      const mark = fileOf('loading');
      this.#underWay.add(mark);
      await this.#write(mark, loading.key);
      try {
        const result = await work();
        if (loading.proves) await this.#write(fileOf('proven'), loading.key);
        return result;
      } finally {
        this.#underWay.delete(mark);
        for (const file of [mark, fileOf('cut')]) await rm(file, { force: true }).catch(() => undefined);
      }
    };
    if (!this.#inTurn) return marked();
    const turn = this.#last.then(marked);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** The process is asked to end: what is under way, however long that takes, ends nothing. */
  async close(): Promise<void> {
    for (const mark of this.#underWay) await rm(mark, { force: true }).catch(() => undefined);
  }

  async #isOfEarlierBoot(file: string): Promise<boolean> {
    const [, boot = ''] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    return boot !== '' && this.#boot !== '' && boot !== this.#boot;
  }

  /** On the disk when it returns, and whole or not at all. */
  async #write(file: string, key: string): Promise<void> {
    try {
      const handle = await open(`${file}.part`, 'w');
      try {
        await handle.writeFile(`${this.#stamp()} ${key.replaceAll('\n', ' ')}\n${this.#boot}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${file}.part`, file);
      const folder = await open(this.#directory, 'r');
      await folder.sync().finally(() => folder.close());
    } catch {
      // see `open`
    }
  }

  async #trim(proven: readonly string[]): Promise<void> {
    if (proven.length <= MAX_PROVEN) return;
    const aged = await Promise.all(
      proven.map(async (name) => {
        const file = join(this.#directory, name);
        return { file, writtenMs: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
    );
    const oldest = aged.sort((a, b) => a.writtenMs - b.writtenMs).slice(0, proven.length - MAX_PROVEN);
    for (const { file } of oldest) await rm(file, { force: true });
  }
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Linux makes a random one at each start of the machine. */
async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}
