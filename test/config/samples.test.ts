import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { agentSchema } from '../../src/config/agent.ts';
import { brokerSchema } from '../../src/config/broker.ts';
import { clientSchema } from '../../src/config/client.ts';
import { loadSettings } from '../../src/config/load.ts';
import { masterSchema } from '../../src/config/master.ts';
import { type SchemaOf, settingsOf, variableOf } from '../../src/config/schema.ts';

const SCHEMAS: Readonly<Record<string, SchemaOf<object>>> = {
  agent: agentSchema,
  broker: brokerSchema,
  client: clientSchema,
  master: masterSchema,
};
const root = new URL('../../', import.meta.url);

function valueAt(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], tree);
}

describe.each(Object.entries(SCHEMAS))('config/%s.yaml', (name, schema) => {
  const file = fileURLToPath(new URL(`config/${name}.yaml`, root));

  it('is valid', async () => {
    expect(await loadSettings(schema, { file })).toEqual(await loadSettings(schema));
  });

  it('names every setting with its default', async () => {
    const sample: unknown = parse(await readFile(file, 'utf8'));
    for (const { path, setting } of settingsOf(schema)) {
      expect([path, valueAt(sample, path)]).toEqual([path, setting.default]);
    }
  });

  it('has every setting in docs/configuration.md, and the other way round', async () => {
    const page = await readFile(new URL('docs/configuration.md', root), 'utf8');
    const section = page.split('\n## ').find((text) => text.includes(`(config/${name}.yaml)`)) ?? '';
    const documented = [...section.matchAll(/^\| `([\w.]+)`\s*\| `(\w+)`/gm)].map((row) => [row[1], row[2]]);
    expect(documented).toEqual(settingsOf(schema).map(({ path }) => [path, variableOf(path)]));
  });

  it('gives each setting a variable of its own', () => {
    const variables = settingsOf(schema).map(({ path }) => variableOf(path));
    expect(new Set(variables).size).toBe(variables.length);
  });
});
