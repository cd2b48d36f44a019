import type { Command } from 'commander';
import { type BenchReport, parseReport, ReportFormatError } from '../../bench/index.js';
import { type OutputOptions, readOutputOptions, withOutputOptions, writeReport } from '../../bench/output.js';
import type { Surroundings } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import type { BenchCommand } from './bench_command.js';

export interface RenderOptions extends OutputOptions {
  readonly file: string;
}

export const render: BenchCommand<RenderOptions> = {
  name: 'render',
  define: (command: Command): Command =>
    withOutputOptions(
      command
        .description('write a report that was kept as JSON in another form')
        .argument('<file>', 'what --format json wrote'),
    ).addHelpText('after', '\nExample: millrace bench render report.json --format html --output report.html'),
  read: (command: Command): RenderOptions => ({ file: command.args[0] ?? '', ...readOutputOptions(command) }),
  run: async (options: RenderOptions, surroundings: Surroundings): Promise<void> => {
    const parts: Uint8Array[] = [];
    for await (const part of surroundings.io.openFile(options.file)) parts.push(part);
    await writeReport(parsed(options.file, Buffer.concat(parts).toString('utf8')), options, surroundings);
  },
};

function parsed(file: string, text: string): BenchReport {
  try {
    return parseReport(text);
  } catch (error) {
    if (error instanceof ReportFormatError) throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
