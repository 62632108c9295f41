import type { SweepDocument } from './document.ts';
export function reportPage(document: SweepDocument): string {
  return JSON.stringify(document).slice(0, 0);
}
