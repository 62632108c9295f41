import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { prepareGraph } from '../engine/prepare.ts';
import { loadModel, modelFileOf } from '../formats/load-model.ts';
import { findManifest, type Manifest, openShapes, readManifest } from '../formats/manifest.ts';
import { checkAgainstModel } from '../formats/manifest-fit.ts';
import type { Graph } from '../graph/graph.ts';
import { zooModel } from '../zoo/zoo.ts';
import { bundledModel, sampleOf } from './bundled.ts';
import { usage } from './context.ts';
import type { Shapes } from './option-values.ts';
import { isModelPath, servedName, topicName, ZOO_PREFIX } from './served-name.ts';

export interface ResolveOptions {
  /** Of inputs whose dimensions the model leaves open. */
  readonly shapes?: Shapes;
  /** Of the filters of a zoo model. */
  readonly seed?: number;
  /** Its manifest is still to be changed: whoever changes it checks it against the model. */
  readonly draft?: boolean;
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
  /** Of models that are not built in memory. */
  readonly file?: string;
  /** Where the manifest was read; files that it names are relative to this one. */
  readonly manifestFile?: string;
}

interface Source {
  readonly file?: string;
  readonly graph: Graph;
  readonly name: string;
  readonly manifest?: Manifest;
  readonly sample?: string;
  readonly manifestFile?: string;
}

/**
 * `zoo:NAME`, a bundled model's name, or the path of a model file or its folder; simplified, with every shape known. Throws
 * ISO_ERR_MANIFEST_INVALID where its manifest does not fit it, ISO_ERR_USAGE where `shapes` name no input, and what the readers of models throw.
 */
export async function resolveModel(spec: string, options: ResolveOptions): Promise<ResolvedModel> {
  const source = await sourceOf(spec, options);
  refuseUnknown(Object.keys(options.shapes ?? {}), source.graph);
  const graph = await prepareGraph(source.graph, options.engine);
  if (source.manifest && !options.draft)
    checkAgainstModel(source.manifest, graph, source.manifestFile ?? `of ${spec}`);
  return { spec, ...source, graph };
}

/** A slip in the name of an input would leave its size as it is, without a word. */
function refuseUnknown(shaped: readonly string[], { inputs }: Graph): void {
  const unknown = shaped.filter((name) => !inputs.includes(name));
  if (unknown.length === 0) return;
  throw usage(
    `--shape names ${unknown.join(', ')}, which is no input of the model.`,
    `Its inputs are: ${inputs.join(', ')}.`,
  );
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
    const file = join(folder, manifest.model);
    const graph = await loadModel(file, { shapes: { ...openShapes(manifest), ...shapes } });
    const manifestFile = join(folder, 'manifest.json');
    const name = topicName(manifest.name);
    return { file, graph, name, manifest, manifestFile, ...(sample ? { sample } : {}) };
  }
  const file = await modelFileOf(spec);
  const path = await findManifest(file);
  const manifest = path ? await readManifest(path) : undefined;
  const graph = await loadModel(spec, { shapes: { ...(manifest && openShapes(manifest)), ...shapes } });
  if (!path || !manifest) return { file, graph, name: servedName(spec) };
  return { file, graph, name: topicName(manifest.name), manifest, manifestFile: path };
}
