import type { Catalogue, OfferedModel } from './catalogue.ts';
import type { ServedModel } from './served-model.ts';

/** A list of models that never changes. */
export class StaticCatalogue implements Catalogue {
  readonly models: readonly OfferedModel[];

  constructor(models: readonly ServedModel[]) {
    this.models = models.map((model) => {
      const { name, version = 'unversioned' } = model;
      return { name, versions: [{ version, fingerprint: 'static', load: async () => model }] };
    });
  }

  onChanged(): () => void {
    return () => undefined;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
