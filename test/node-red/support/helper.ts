import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { AnyJson } from '../../support/json.ts';
import { CACHE, type FlowNode } from './node-red.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Node's own require, outside of jest's registry, and objects of the realm that Node-RED runs in. */
export const { nodeRequire, outerCopy } = globalThis as unknown as {
  nodeRequire: NodeJS.Require;
  outerCopy: <T>(value: T) => T;
};

export interface RunningNode {
  receive(message: Record<string, unknown>): void;
  on(event: string, listener: (...args: never[]) => void): void;
  /** A spy that all nodes share. */
  readonly status: {
    readonly args: readonly (readonly { text?: string }[])[];
    readonly thisValues: readonly unknown[];
  };
}

interface Helper {
  init(runtime: string, settings?: object): void;
  startServer(done: () => void): void;
  stopServer(done: () => void): void;
  load(nodes: readonly unknown[], flow: readonly object[], credentials?: object): Promise<void>;
  unload(): Promise<void>;
  getNode(id: string): RunningNode;
  /** Of supertest. */
  request(): AnyJson;
  log(): { readonly args: readonly (readonly { readonly level: number; readonly msg: unknown }[])[] };
}

const fromCache = (name: string) => path.join(CACHE, 'node-red-4/node_modules', name);

/** The nodes as they are built, in Node-RED's own test helper. */
export function useHelper() {
  const { NodeTestHelper } = nodeRequire(fromCache('node-red-node-test-helper')) as {
    NodeTestHelper: new () => Helper;
  };
  const helper = new NodeTestHelper();
  helper.init(fromCache('node-red/lib/red.js'));
  beforeAll(() => new Promise<void>((resolve) => helper.startServer(resolve)));
  afterEach(() => helper.unload());
  afterAll(() => new Promise<void>((resolve) => helper.stopServer(resolve)));
  return helper;
}

const texts = nodeRequire(path.join(root, 'node-red/locales/en-US/isobath.json')) as Record<string, unknown>;

/** The helper loads no catalogues. */
function english(key: string, values: Readonly<Record<string, unknown>> = {}): string {
  const plural = 'count' in values && values['count'] !== 1 ? `${key}_plural` : key;
  const text = plural.split('.').reduce<AnyJson>((node, part) => node?.[part], texts) as string | undefined;
  if (text === undefined) throw new Error(`the catalogue has no ${plural}`);
  return text.replaceAll(/__(\w+)__/g, (_, name: string) => String(values[name]));
}

/** The nodes, as `npm run build` in node-red/ has made them. */
export const TYPES = ['cluster', 'infer', 'fleet', 'plan'].map((name) => {
  const register = nodeRequire(path.join(root, `node-red/nodes/isobath-${name}.cjs`)) as (
    red: object,
  ) => void;
  return (red: object) => register(Object.create(red, { _: { value: english } }));
});

/** Node-RED's own. */
export const catchNode = nodeRequire(fromCache('@node-red/nodes/core/common/25-catch.js')) as unknown;

export const tlsNode = nodeRequire(fromCache('@node-red/nodes/core/network/05-tls.js')) as unknown;

export const cluster = (port: number, name = 'test'): FlowNode => ({
  id: 'c',
  type: 'isobath-cluster',
  broker: `mqtt://127.0.0.1:${port}`,
  cluster: name,
});

/** The next message that arrives at a helper node. */
export function next(node: RunningNode): Promise<Record<string, AnyJson>> {
  return new Promise((resolve) => {
    node.on('input', ((message: Record<string, unknown>) => resolve(message)) as never);
  });
}

/** Resolves when the node shows a status that matches. */
export async function shows(node: RunningNode, pattern: RegExp): Promise<string> {
  const { status } = node;
  for (;;) {
    const text = status.args[status.thisValues.lastIndexOf(node)]?.[0]?.text ?? '';
    if (pattern.test(text)) return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
