import { isSetting, type SchemaNode, settingsOf } from './schema.ts';

/**
 * The part of a configuration file that the schema knows. What it does not know, and a value where a group belongs,
 * is added to `problems`: convict would stop at it, and its other mistakes would stay hidden.
 */
export function declared(
  schema: Readonly<Record<string, SchemaNode>>,
  content: unknown,
  problems: string[],
  prefix = '',
): Record<string, unknown> {
  if (!isMapping(content)) {
    problems.push(`${prefix.slice(0, -1) || 'the file'}: must be a mapping of settings`);
    return {};
  }
  const known: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(content)) {
    const path = prefix + key;
    const node = Object.hasOwn(schema, key) ? schema[key]! : undefined;
    if (node === undefined) problems.push(`${path}: is not a setting${hint(schema, key, prefix)}`);
    else if (!isSetting(node)) {
      // A group whose lines are all commented out is null.
      known[key] = value === null ? {} : declared(node, value, problems, `${path}.`);
    } else if (value === null || isMapping(value)) {
      problems.push(`${path}: must ${value === null ? 'have a value' : 'not be a mapping'}`);
    } else known[key] = value;
  }
  return known;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The known key that the writer probably meant, or all that there are. */
function hint(schema: Readonly<Record<string, SchemaNode>>, key: string, prefix: string): string {
  const keys = Object.keys(schema);
  const near = keys.find((known) => distance(known.toLowerCase(), key.toLowerCase()) <= 2);
  if (near) return `; did you mean ${prefix}${near}?`;
  const elsewhere = settingsOf(schema).find(({ path }) => path.endsWith(`.${key}`));
  if (elsewhere) return `; did you mean ${prefix}${elsewhere.path}?`;
  return `; there are: ${keys.join(', ')}`;
}

/** Levenshtein's: how many letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
