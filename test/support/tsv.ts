import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Rows of a tab-separated table in test/golden, by column name. Empty cells are ''. */
export function readTsv(name: string): Array<Record<string, string>> {
  const path = fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  return lines.map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}
