import { formatNumber, formatSpread, METRIC_NAMES, METRICS, type MetricName } from './metrics.js';
import type { BenchEnvironment, BenchReport, Loss, Target, WorkloadRow } from './report.js';
import { evenWithin } from './report.js';

/** The first column is text, the others are figures. */
export interface Table {
  readonly title: string;
  /** Under the title. */
  readonly subtitle?: string;
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

const none = '–';

/** The environment as name and value, in the order of reading. */
export function environmentLines(report: BenchReport): ReadonlyArray<readonly [name: string, value: string]> {
  const { environment } = report;
  return [
    ['date', environment.date],
    ['machine', machineText(environment)],
    ['kernel', environment.kernel],
    ['node', environment.node],
    ['millrace', `${environment.millrace}${environment.commit === undefined ? '' : ` (commit ${environment.commit})`}`],
    ...report.servers.map(({ name, version, address }): readonly [string, string] => [
      'server',
      [
        name,
        ...(version === undefined || name.includes(version) ? [] : [version]),
        ...(address === undefined ? [] : [`at ${address}`]),
      ].join(' '),
    ]),
  ];
}

function machineText({ machine, cpu, cpuCount, memoryBytes }: BenchEnvironment): string {
  return `${machine}, ${cpuCount} × ${cpu}, ${formatNumber(memoryBytes / 2 ** 30)} GiB`;
}

/** One table for each workload: a metric a line, a server a column, ratios behind. */
export function workloadTables(report: BenchReport): readonly Table[] {
  const servers = report.servers.map(({ name }) => name);
  return report.rows.map((row) => {
    const others = servers.slice(1);
    const metrics = METRIC_NAMES.filter((metric) =>
      servers.some((server) => row.values[server]?.[metric] !== undefined),
    );
    const targets = [...row.ratios, ...row.goals].some(({ target }) => target !== undefined);
    return {
      title: row.workload,
      subtitle: settingsText(row),
      head: ['', ...servers, ...others.map((other) => `ratio to ${other}`), ...(targets ? ['target'] : [])],
      rows: metrics.map((metric) => {
        const { title, scale } = METRICS[metric];
        return [
          title,
          ...servers.map((server) => {
            const spread = row.values[server]?.[metric];
            return spread === undefined ? none : formatSpread(spread, scale);
          }),
          ...others.map((other) => {
            const found = row.ratios.find((one) => one.metric === metric && one.against === other);
            return found === undefined ? none : formatSpread(found.ratio);
          }),
          ...(targets ? [targetCell(row, metric)] : []),
        ];
      }),
    };
  });
}

export function settingsText({ settings, rounds }: WorkloadRow): string {
  const parts = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return [...parts, `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`].join(' · ');
}

function targetCell(row: WorkloadRow, metric: MetricName): string {
  const cells = [...row.ratios, ...row.goals].flatMap((one) =>
    one.metric === metric && one.target !== undefined
      ? [
          `${targetText(one.target)}${one.target.against === undefined ? '' : ` of ${one.target.against}`} ${one.met === true ? 'met' : 'missed'}`,
        ]
      : [],
  );
  return cells.length === 0 ? none : cells.join(', ');
}

export function targetText({ metric, against, atLeast, atMost }: Target): string {
  const scale = against === undefined ? METRICS[metric].scale : 1;
  const bounds = [
    ...(atLeast === undefined ? [] : [`≥ ${formatNumber(atLeast / scale)}`]),
    ...(atMost === undefined ? [] : [`≤ ${formatNumber(atMost / scale)}`]),
  ];
  return bounds.join(' and ');
}

/** One line for each workload: how the first server stands to the others. Undefined with one server. */
export function ratioTable(report: BenchReport): Table | undefined {
  const first = report.servers[0]?.name;
  const lines = report.rows.flatMap((row) =>
    row.ratios.map(({ metric, against, ratio, target, met }) => [
      row.workload,
      METRICS[metric].title.replace(/ (ms|MiB)$/, ''),
      against,
      formatSpread(ratio),
      METRICS[metric].better === 'lower' ? 'less' : METRICS[metric].better === 'higher' ? 'more' : none,
      target === undefined ? none : `${targetText(target)} ${met === true ? 'met' : 'missed'}`,
    ]),
  );
  if (first === undefined || lines.length === 0) return undefined;
  return {
    title: `Ratios of ${first}`,
    head: ['workload', 'of', 'to', 'ratio', 'better is', 'target'],
    rows: lines,
  };
}

/** One line for each workload and server. */
export function valueTable(report: BenchReport): Table {
  const shown = METRIC_NAMES.filter((metric) =>
    report.rows.some((row) => Object.values(row.values).some((values) => values[metric] !== undefined)),
  );
  return {
    title: 'Values',
    head: ['workload', 'server', ...shown.map((metric) => METRICS[metric].title)],
    rows: report.rows.flatMap((row) =>
      report.servers.map(({ name }) => [
        row.workload,
        name,
        ...shown.map((metric) => {
          const spread = row.values[name]?.[metric];
          return spread === undefined ? none : formatSpread(spread, METRICS[metric].scale);
        }),
      ]),
    ),
  };
}

/** One sentence for each case that is lost, and one that says so when none is. Empty when nothing was compared. */
export function lossSentences(report: BenchReport): readonly string[] {
  const first = report.servers[0]?.name ?? 'the server';
  if (report.lost.length > 0) return report.lost.map(lossSentence);
  const compared = report.rows.some((row) => row.ratios.length > 0 || row.goals.length > 0);
  return compared ? [`${first} is behind in none of the cases measured.`] : [];
}

/** The title over {@link lossSentences}. */
export function lossTitle(report: BenchReport): string {
  return `What ${report.servers[0]?.name ?? 'it'} loses`;
}

function lossSentence({ workload, metric, against, value, target, inEveryRound }: Loss): string {
  const what = METRICS[metric].title.replace(/ (ms|MiB)$/, '');
  const figure =
    against === undefined ? formatSpread(value, METRICS[metric].scale) : `${formatSpread(value)} of ${against}`;
  const wanted = target !== undefined ? `, target ${targetText(target)}` : '';
  return `${workload}: ${what} ${figure}${wanted}${inEveryRound ? '' : '; not in every round'}`;
}

export const howToRead = `Median (min–max) over rounds; ratios are taken round by round. A ratio within ${evenWithin * 100} % of 1 is neither won nor lost.`;

/** For a terminal. */
export function renderText(report: BenchReport): string {
  const blocks = [
    report.title,
    environmentLines(report)
      .map(([name, value]) => `${`${name}:`.padEnd(10)}${value}`)
      .join('\n'),
    ...workloadTables(report).map((table) => `${table.title}\n  ${table.subtitle}\n${indented(textTable(table))}`),
    ...lossBlock(report, (lines) => `${lossTitle(report)}\n${lines.map((line) => `  ${line}`).join('\n')}`),
    [...report.notes, howToRead].join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function lossBlock(report: BenchReport, write: (lines: readonly string[]) => string): readonly string[] {
  const lines = lossSentences(report);
  return lines.length === 0 ? [] : [write(lines)];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

/** The first column to the left, figures to the right. */
export function textTable({ head, rows }: Table): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function renderMarkdown(report: BenchReport): string {
  const ratios = ratioTable(report);
  const blocks = [
    `## ${report.title}`,
    environmentLines(report)
      .map(([name, value]) => `${name}: ${value}`)
      .join(' · '),
    ...(ratios === undefined ? [] : [`### ${ratios.title}\n\n${markdownTable(ratios)}`]),
    `### Values\n\n${markdownTable(valueTable(report))}`,
    ...lossBlock(report, (lines) => `### ${lossTitle(report)}\n\n${lines.map((line) => `- ${line}`).join('\n')}`),
    [...report.rows.map((row) => `- ${row.workload}: ${settingsText(row)}`)].join('\n'),
    [...report.notes, howToRead].join('\n\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

export function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const isText = (column: number): boolean => rows.every((row) => !/^[\d–]/.test(row[column] ?? ''));
  const rule = head.map((_, column) => (isText(column) ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

export function renderJson(report: BenchReport): string {
  return `${JSON.stringify(report, null, 1)}\n`;
}
