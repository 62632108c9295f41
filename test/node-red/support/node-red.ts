import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** 4, or 5 by `npm run test:node-red5`. */
export const VERSION = process.env['NODE_RED_VERSION'] ?? '4';
const root = fileURLToPath(new URL('../../../', import.meta.url));
export const CACHE = path.join(root, 'node-red/.cache');
export const HOME = path.join(CACHE, `node-red-${VERSION}`);
export const TARBALL = path.join(CACHE, 'packed/package.tgz');

export type FlowNode = Record<string, unknown> & { id: string; type: string };

const SETTINGS = {
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  credentialSecret: 'only for tests',
  logging: { console: { level: 'info', metrics: false, audit: false } },
  editorTheme: { tours: false, projects: { enabled: false }, multiplayer: { enabled: false } },
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { palette: { allowInstall: false } },
};

/** A Node-RED process of its own with a folder of its own, into which the packed nodes were installed as users do. */
export class NodeRed {
  readonly userDir: string;
  readonly port: number;
  log = '';
  #child: ChildProcess | undefined;
  readonly #watchers = new Set<() => void>();

  private constructor(userDir: string, port: number) {
    this.userDir = userDir;
    this.port = port;
  }

  static async create(): Promise<NodeRed> {
    if (!existsSync(TARBALL)) throw new Error(`there is no ${TARBALL}: node node-red/prepare.mjs ${VERSION}`);
    const userDir = await mkdtemp(path.join(tmpdir(), 'isobath-node-red-'));
    await writeFile(path.join(userDir, 'package.json'), '{ "private": true }\n');
    await cp(TARBALL, path.join(userDir, 'nodes.tgz'));
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', './nodes.tgz'];
    execFileSync('npm', args, { cwd: userDir, env: withoutNpm(), stdio: ['ignore', 'ignore', 'inherit'] });
    return new NodeRed(userDir, await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    await writeFile(
      path.join(this.userDir, 'settings.js'),
      `module.exports = ${JSON.stringify({ ...SETTINGS, uiPort: this.port })};\n`,
    );
    const own = path.join(HOME, 'node_modules/node/bin/node');
    const node = existsSync(own) ? own : process.execPath;
    const program = path.join(HOME, 'node_modules/node-red/red.js');
    const child = spawn(node, [program, '--userDir', this.userDir], {
      env: { ...withoutNpm(), NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
        for (const watch of [...this.#watchers]) watch();
      });
    }
    await this.wrote(/Started flows/);
  }

  /** Resolves when so many lines match, those written before `from` not counted. */
  wrote(pattern: RegExp, times = 1, from = 0): Promise<void> {
    const all = new RegExp(pattern.source, `${pattern.flags}g`);
    return new Promise((resolve, reject) => {
      const watch = () => {
        if ((this.log.slice(from).match(all)?.length ?? 0) < times) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      this.#child?.once('exit', (code) => reject(new Error(`Node-RED ended with ${code}: ${this.log}`)));
      watch();
    });
  }

  /** Deploys through the admin API; resolves when the flows run. */
  async deploy(flows: readonly FlowNode[], kind: 'full' | 'nodes' = 'full'): Promise<void> {
    const from = this.log.length;
    await this.request('POST', '/flows', flows, { 'Node-RED-Deployment-Type': kind });
    await this.wrote(/Started (flows|modified nodes)/, 1, from);
  }

  async inject(id: string): Promise<void> {
    await this.request('POST', `/inject/${id}`);
  }

  async request(
    method: string,
    where: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.url + where, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...content,
    });
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${await response.text()}`);
    return response;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(this.userDir, { recursive: true, force: true });
  }
}

/** A flow of the repository, on another broker, with other values of its properties. */
export async function readFlow(
  file: string,
  port: number,
  values: Readonly<Record<string, string>> = {},
): Promise<FlowNode[]> {
  const nodes = JSON.parse(await readFile(path.join(root, file), 'utf8')) as FlowNode[];
  return nodes.map((node) => {
    if (node.type === 'isobath-cluster') return { ...node, broker: `mqtt://127.0.0.1:${port}` };
    if (node.type === 'mqtt-broker') return { ...node, port: String(port) };
    if (node.type !== 'tab') return node;
    const env = (node['env'] as { name: string; value: string }[]).map((one) => {
      return { ...one, value: values[one.name] ?? one.value };
    });
    return { ...node, env };
  });
}

function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
}

/** Node-RED does not tell which port it took, so it is given one that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
