import type { Graph, Node } from '../graph/graph.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { OnnxruntimeEngine } from './onnxruntime/engine.ts';
import { TfjsNodeEngine, TfjsWasmEngine } from './tfjs/engines.ts';
import { refusedNodes } from './tfjs/support.ts';

const ENGINES = {
  onnxruntime: (options) => new OnnxruntimeEngine(options),
  'tfjs-node': (options) => new TfjsNodeEngine(options),
  'tfjs-wasm': (options) => new TfjsWasmEngine(options),
} as const satisfies Readonly<Record<string, (options: EngineOptions) => Engine>>;

export type EngineName = keyof typeof ENGINES;

/** Every engine, by the names that settings and profiles use. */
export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];

/** An engine that is not started: nothing of it is loaded before. */
export function engineNamed(name: EngineName, options: EngineOptions = {}): Engine {
  return ENGINES[name](options);
}

/**
 * The nodes that an engine of this name cannot run, with the reason. Empty for onnxruntime, which knows every operator of
 * the standard, and for a name that is not known here.
 */
export function nodesRefusedBy(name: string, graph: Graph): ReadonlyMap<Node, string> {
  return name === 'tfjs-node' || name === 'tfjs-wasm' ? refusedNodes(graph) : new Map();
}
