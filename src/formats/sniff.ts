const PICTURES = ['jpeg', 'png', 'gif', 'webp', 'tiff'] as const;
export type InputKind = (typeof PICTURES)[number] | 'npy' | 'npz' | 'json';

/** The first bytes of each kind, as Latin-1 text. */
const BEGINNINGS: readonly (readonly [InputKind, ...string[]])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF87a', 'GIF89a'],
  ['tiff', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
  ['npy', '\x93NUMPY'],
  ['npz', 'PK\x03\x04'],
];

/** What an input is, by its first bytes: names and extensions lie, and messages have none. */
export function sniff(bytes: Uint8Array): InputKind | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  for (const [kind, ...beginnings] of BEGINNINGS) {
    if (beginnings.some((beginning) => head.startsWith(beginning))) return kind;
  }
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp';
  return /^(\xef\xbb\xbf)?\s*[[{]/.test(head) ? 'json' : undefined;
}

export function isPicture(kind: InputKind | undefined): boolean {
  return (PICTURES as readonly (InputKind | undefined)[]).includes(kind);
}
