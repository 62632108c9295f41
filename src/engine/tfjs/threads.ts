import { EngineThread } from '../engine-thread.ts';

export type Backend = 'wasm' | 'tensorflow';

/** What a thread says of its backend. */
export interface Loaded {
  readonly version: string;
  readonly kernels: readonly string[];
}

/** A thread with TensorFlow.js in it, and who else uses it. */
export interface Lease {
  readonly thread: EngineThread;
  readonly loaded: Loaded;
  /** The thread ends with its last user. */
  release(): Promise<void>;
}

interface Shared {
  readonly thread: EngineThread;
  readonly loaded: Promise<Loaded>;
  users: number;
}

let native: Shared | undefined;
let nextSession = 0;

/** Sessions of all engines have numbers of their own: native ones share a thread. */
export function newSession(): number {
  nextSession += 1;
  return nextSession;
}

/**
 * WebAssembly gets a thread for each engine. The native binding keeps names in a table that two threads must not write
 * to at once, so that all engines of this process share one.
 */
export async function leaseThread(backend: Backend): Promise<Lease> {
  const shared = backend === 'tensorflow' ? (native ?? begin(backend)) : begin(backend);
  if (backend === 'tensorflow') native = shared;
  shared.users += 1;
  let released = false;
  const release = async () => {
    if (released) return;
    released = true;
    shared.users -= 1;
    if (shared.users > 0) return;
    if (native === shared) native = undefined;
    await shared.thread.terminate();
  };
  try {
    return { thread: shared.thread, loaded: await shared.loaded, release };
  } catch (error) {
    await release();
    throw error;
  }
}

function begin(backend: Backend): Shared {
  const thread = new EngineThread(new URL('./tfjs-worker.js', import.meta.url));
  return { thread, loaded: thread.call<Loaded>('load', { backend }), users: 0 };
}
