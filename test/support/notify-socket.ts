import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Node.js has no AF_UNIX datagram sockets. A barrier (sd_notify_barrier(3)) is answered by closing what came with it. */
const LISTENER = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, fds, _, _ = socket.recv_fds(s, 65536, 8)
    for fd in fds: os.close(fd)
    print(json.dumps(data.decode()), flush=True)
`;

/** Plays the service manager's side of sd_notify(3). */
export class NotifySocket {
  readonly messages: string[] = [];
  readonly path: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #text = '';

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'notify');
    this.#child = spawn('python3', ['-c', LISTENER, this.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  static async open(): Promise<NotifySocket> {
    const socket = new NotifySocket(await mkdtemp(join(tmpdir(), 'isobath-notify-')));
    await socket.saw(() => socket.#bound);
    return socket;
  }

  #bound = false;

  #read(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop()!;
    for (const line of lines) {
      if (line === 'bound') this.#bound = true;
      else if (!line.includes('BARRIER=1'))
        this.messages.push(...(JSON.parse(line) as string).trim().split('\n'));
    }
    for (const watch of this.#watchers) watch();
  }

  /** Resolves when `condition` holds after some message. */
  saw(condition: (messages: readonly string[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (!condition(this.messages)) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  async close(): Promise<void> {
    this.#child.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
