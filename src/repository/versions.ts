/** What a model's folder holds besides numbered versions is this one, older than all of them. */
export const UNVERSIONED = 'unversioned';

/** The number that a folder's name says; undefined for what is no version: `v2`, `02`, `2.1`. */
export function versionNumber(name: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(name) ? Number(name) : undefined;
}

/** Sorts the newest version first: 10 is newer than 9. */
export function newestFirst(a: string, b: string): number {
  return (versionNumber(b) ?? 0) - (versionNumber(a) ?? 0);
}

/** One more than the newest. */
export function nextVersion(versions: Iterable<string>): string {
  let newest = 0;
  for (const version of versions) newest = Math.max(newest, versionNumber(version) ?? 0);
  return String(newest + 1);
}
