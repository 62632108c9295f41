import { Worker } from 'node:worker_threads';

/** Longer than any case takes, also on a busy machine. */
const PATIENCE_MS = 60_000;

/**
 * A loop without end cannot be interrupted from its own thread: another one names the case that hangs and ends the
 * process, which fails the run.
 */
export class Watchdog {
  #worker: Worker | undefined;

  start(): void {
    this.#worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       const { writeSync } = require('node:fs');
       let timer;
       parentPort.on('message', (what) => {
         clearTimeout(timer);
         timer = setTimeout(() => {
           writeSync(2, 'FUZZ: no end in sight of ' + what + '\\n');
           process.kill(process.pid, 'SIGKILL');
         }, ${PATIENCE_MS});
       });`,
      { eval: true },
    );
  }

  begin(what: string): void {
    this.#worker?.postMessage(what);
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }
}
