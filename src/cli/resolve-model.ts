import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { prepare } from '../engine/prepare.ts';
import { loadModel, modelFileOf } from '../formats/load-model.ts';
import { findManifest, type Manifest, readManifest } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import { zooModel } from '../zoo/zoo.ts';
import { bundledModel, sampleOf } from './bundled.ts';
import type { Shapes } from './option-values.ts';
import { isModelPath, servedName, topicName, ZOO_PREFIX } from './served-name.ts';

export interface ResolveOptions {
  /** Of inputs whose dimensions the model leaves open. */
  readonly shapes?: Shapes;
  /** Of the filters of a zoo model. */
  readonly seed?: number;
  /** Started when an operator of the model is unknown, so that its output shapes can be learnt. */
  readonly engine: Engine;
}

export interface ResolvedModel {
  /** As the user wrote it. */
  readonly spec: string;
  /** As a master serves it. */
  readonly name: string;
  readonly graph: Graph;
  readonly manifest?: Manifest;
  /** An example input, of bundled models. */
  readonly sample?: string;
}

interface Source {
  readonly graph: Graph;
  readonly name: string;
  readonly manifest?: Manifest;
  readonly sample?: string;
}

/** `zoo:NAME`, a bundled model's name, or the path of a model file or its folder; simplified, with every shape known. */
export async function resolveModel(spec: string, options: ResolveOptions): Promise<ResolvedModel> {
  const source = await sourceOf(spec, options);
  const graph = await prepare(source.graph, options.engine);
  return { spec, ...source, graph };
}

/** The name under which a master serves the model, without reading it. */
export async function nameServed(spec: string): Promise<string> {
  const bundled = await bundledModel(spec);
  if (bundled) return topicName(bundled.manifest.name);
  const path = isModelPath(spec) ? await findManifest(await modelFileOf(spec)) : undefined;
  return path ? topicName((await readManifest(path)).name) : servedName(spec);
}

async function sourceOf(spec: string, { shapes = {}, seed }: ResolveOptions): Promise<Source> {
  if (spec.startsWith(ZOO_PREFIX)) {
    const zoo = zooModel(spec.slice(ZOO_PREFIX.length), seed === undefined ? {} : { seed });
    return { ...zoo, name: servedName(spec) };
  }
  const bundled = await bundledModel(spec);
  if (bundled) {
    const { folder, manifest } = bundled;
    const sample = await sampleOf(bundled);
    const graph = await loadModel(join(folder, manifest.model), { shapes });
    return { graph, name: topicName(manifest.name), manifest, ...(sample ? { sample } : {}) };
  }
  const graph = await loadModel(spec, { shapes });
  const path = await findManifest(await modelFileOf(spec));
  if (!path) return { graph, name: servedName(spec) };
  const manifest = await readManifest(path);
  return { graph, name: topicName(manifest.name), manifest };
}
