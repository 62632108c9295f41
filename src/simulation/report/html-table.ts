import { escaped } from './svg.ts';

/** A table of texts; the first column is aligned left. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (kind: 'th' | 'td', row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${kind}>${escaped(cell)}</${kind}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('');
  return `<table><thead>${cells('th', head)}</thead><tbody>${body}</tbody></table>`;
}

/** What is behind a plot, for those who want the numbers. */
export function behind(summary: string, ...tables: readonly string[]): string {
  return `<details><summary>${escaped(summary)}</summary><div class="wide">${tables.join('')}</div></details>`;
}
