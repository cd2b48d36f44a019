import type { ByteOutput } from '../env/index.js';

export type OutputFormat = 'text' | 'json';
export type Cell = string | number | boolean | null;

/** Prints what a command found: tables for people, JSON for programs. */
export class Report {
  constructor(
    readonly format: OutputFormat,
    private readonly output: ByteOutput,
    private readonly errors: ByteOutput,
  ) {}

  get isJson(): boolean {
    return this.format === 'json';
  }

  /** One JSON document, or what `text` prints. */
  async result(value: unknown, text: () => Promise<void>): Promise<void> {
    if (this.isJson) await this.output.write(`${JSON.stringify(value, null, 2)}\n`);
    else await text();
  }

  line(text = ''): Promise<void> {
    return this.output.write(`${text}\n`);
  }

  /** Columns as wide as they need to be; the last one is not padded. */
  async table(head: readonly string[], rows: ReadonlyArray<readonly Cell[]>): Promise<void> {
    const cells = [head, ...rows.map((row) => row.map(textOf))];
    const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
    const lines = cells.map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
    await this.output.write(`${lines.join('\n')}\n`);
  }

  /** For people, beside the result: on standard error. */
  note(text: string): Promise<void> {
    return this.errors.write(`${text}\n`);
  }
}

function textOf(cell: Cell): string {
  if (cell === null || cell === '') return '-';
  return String(cell);
}
