/** The settings in a file of systemd's EnvironmentFile=, and how such a file is written. */

const LINE = /^\s*(\w+)=(?:"((?:\\.|[^"\\])*)"|(.*?))\s*$/;

export function readEnvironmentFile(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, quoted, plain] = line.match(LINE) ?? [];
    if (name !== undefined) settings.set(name, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return settings;
}

export function writeEnvironmentFile(settings: ReadonlyMap<string, string>): string {
  const lines = [...settings].map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"\n`);
  return `# Settings of this service alone, as docs/configuration.md names them.\n${lines.join('')}`;
}
