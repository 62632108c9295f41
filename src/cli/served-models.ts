import { dirname } from 'node:path';
import { IsobathError } from '../base/errors.ts';
import type { MasterSettings } from '../config/master.ts';
import type { Engine } from '../engine/engine.ts';
import type { ServedModel } from '../master/model-service.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import { STRATEGY_NAMES } from '../planner/strategies.ts';
import { readGolden } from '../repository/golden.ts';
import { resolveModel } from './resolve-model.ts';

/** Throws ISO_ERR_STRATEGY_UNKNOWN or ISO_ERR_SCHEME_UNKNOWN: a mistake is told before anything is started. */
export function checkStrategy(strategy: string, scheme: string): void {
  if (!STRATEGY_NAMES.includes(strategy)) {
    throw IsobathError.of('ISO_ERR_STRATEGY_UNKNOWN', { strategy, known: STRATEGY_NAMES.join(', ') });
  }
  schemeNamed(scheme);
}

/** Served where nothing else is named. */
const DEFAULT_MODELS = ['street'];

/** The models that the master is to serve as long as it runs, read and ready to be planned. */
export async function servedModels(settings: MasterSettings, engine: Engine): Promise<ServedModel[]> {
  const served: ServedModel[] = [];
  const { models, repository } = settings;
  checkStrategy(settings.strategy, settings.scheme);
  for (const entry of models.length === 0 && repository.directory === '' ? DEFAULT_MODELS : models) {
    const given = typeof entry === 'string' ? { model: entry } : entry;
    const { model: spec, strategy = settings.strategy, scheme = settings.scheme, shapes } = given;
    const { wire = settings.wire, objective = settings.objective } = given;
    checkStrategy(strategy, scheme);
    const {
      graph,
      manifest,
      file,
      name: ownName,
    } = await resolveModel(spec, {
      engine,
      ...(shapes ? { shapes } : {}),
    });
    const name = given.name ?? ownName;
    if (served.some((other) => other.name === name)) {
      const problems = `models: two of them are called ${name}; give one another \`name\``;
      throw IsobathError.of('ISO_ERR_CONFIG_INVALID', { problems });
    }
    const golden = manifest && file ? await readGolden(dirname(file), manifest, graph) : [];
    const facts = manifest ? { manifest, version: manifest.version } : {};
    served.push({ name, graph, strategy, scheme, wire, objective, golden, ...facts });
  }
  return served;
}
