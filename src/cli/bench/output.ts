import type { Command } from 'commander';
import { Option } from 'commander';
import type { Surroundings } from '../command.js';
import { reportCharts } from './chart.js';
import { renderHtml } from './html.js';
import type { BenchReport } from './report.js';
import { stacked } from './svg.js';
import { renderJson, renderMarkdown, renderText } from './tables.js';

const forms = {
  text: renderText,
  markdown: renderMarkdown,
  json: renderJson,
  html: renderHtml,
  svg: (report: BenchReport): string =>
    stacked(
      reportCharts(report).map(({ svg }) => svg),
      report.title,
    ),
} as const;
export type ReportForm = keyof typeof forms;

export interface OutputOptions {
  readonly form: ReportForm;
  /** Left out: standard output. */
  readonly output: string | undefined;
}

export function withOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how the report is written').choices(Object.keys(forms)).default('text'))
    .option('--output <file>', 'write the report to a file instead of standard output');
}

export function readOutputOptions(command: Command): OutputOptions {
  const { format, output } = command.opts<{ readonly format: string; readonly output?: string }>();
  return { form: isForm(format) ? format : 'text', output };
}

function isForm(name: string): name is ReportForm {
  return Object.hasOwn(forms, name);
}

/** @throws FileSystemError when the file cannot be written */
export async function writeReport(
  report: BenchReport,
  { form, output }: OutputOptions,
  { io, report: words }: Surroundings,
): Promise<void> {
  const content = forms[form](report);
  if (output === undefined) {
    await io.output.write(content);
    return;
  }
  await io.files.writeFileAtomic(output, new TextEncoder().encode(content), { sync: false });
  await words.note(`wrote ${output}`);
}
