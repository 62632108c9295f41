/** One setting: what it is for, what it may be, and what it is when nobody says. */
export interface Setting<T> {
  readonly doc: string;
  /** A format of `formats.ts`, or the values that are allowed. */
  readonly format: string | readonly string[];
  readonly default: T;
  /** Never shown in messages. */
  readonly sensitive?: boolean;
}

/** The schema of settings of the type `T`: groups stay groups, everything else becomes a `Setting`. */
export type SchemaOf<T> = {
  readonly [K in keyof T]-?: T[K] extends string | number | boolean | readonly unknown[]
    ? Setting<T[K]>
    : SchemaOf<T[K]>;
};

export type SchemaNode = Setting<unknown> | { readonly [key: string]: SchemaNode };

export function isSetting(node: SchemaNode): node is Setting<unknown> {
  return 'default' in node && 'doc' in node;
}

/** Every setting with its dotted path, in the order of the schema. */
export function settingsOf(schema: object, prefix = ''): { path: string; setting: Setting<unknown> }[] {
  return Object.entries(schema as Record<string, SchemaNode>).flatMap(([key, node]) =>
    isSetting(node) ? [{ path: prefix + key, setting: node }] : settingsOf(node, `${prefix}${key}.`),
  );
}

/** The environment variable of a setting: `listen.websocketPort` is ISOBATH_LISTEN_WEBSOCKET_PORT. */
export function variableOf(path: string): string {
  return `ISOBATH_${path
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}
