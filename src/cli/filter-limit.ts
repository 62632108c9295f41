/** The setting as the parties take it: no limit is no option. */
export function limitOf({ filterBytes }: { readonly filterBytes: number }): { filterBytesLimit?: number } {
  return Number.isFinite(filterBytes) ? { filterBytesLimit: Math.floor(filterBytes) } : {};
}
