import { runCommand } from './action.ts';

const PROPERTIES = [
  'Id',
  'ActiveState',
  'SubState',
  'StatusText',
  'MainPID',
  'NRestarts',
  'UnitFileState',
  'MemoryCurrent',
  'ActiveEnterTimestamp',
] as const;

export interface UnitStatus {
  readonly unit: string;
  /** active, activating, inactive, failed ... */
  readonly active: string;
  readonly sub: string;
  /** What the service says of itself. */
  readonly status: string;
  readonly pid: number | null;
  readonly restarts: number;
  /** enabled: it starts at boot. */
  readonly enabled: boolean;
  readonly memoryBytes: number | null;
  readonly since: string | null;
}

/** Of every unit that `patterns` match and systemd has loaded. */
export async function statusOf(patterns: readonly string[]): Promise<UnitStatus[]> {
  const text = await runCommand([
    ...['systemctl', 'show', '--all', `--property=${PROPERTIES.join(',')}`, '--'],
    ...patterns,
  ]);
  return parseStatus(text);
}

/** Of what `systemctl show` prints: a paragraph for each unit, a line for each property. */
export function parseStatus(text: string): UnitStatus[] {
  const paragraphs = text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== '');
  return paragraphs.map((paragraph) => {
    const of = new Map(
      paragraph
        .split('\n')
        .filter((line) => line.includes('='))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()]),
    );
    const number = (name: string) => (/^\d+$/.test(of.get(name) ?? '') ? Number(of.get(name)) : null);
    return {
      unit: of.get('Id') ?? '',
      active: of.get('ActiveState') ?? 'unknown',
      sub: of.get('SubState') ?? 'unknown',
      status: of.get('StatusText') ?? '',
      pid: number('MainPID') || null,
      restarts: number('NRestarts') ?? 0,
      enabled: of.get('UnitFileState') === 'enabled',
      memoryBytes: number('MemoryCurrent'),
      since: of.get('ActiveEnterTimestamp') || null,
    };
  });
}
