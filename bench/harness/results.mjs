// Sections become reports: text to the terminal; JSON, Markdown and HTML into bench/results.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderHtml } from '../../dist/cli/bench/html.js';
import { formatSpread, METRICS } from '../../dist/cli/bench/metrics.js';
import { buildReport } from '../../dist/cli/bench/report.js';
import { markdownTable, renderMarkdown, renderText, targetText, textTable } from '../../dist/cli/bench/tables.js';
import { root } from './servers.mjs';

/** Every target of every section in one table. */
function targetTable(reports) {
  const rows = reports.flatMap(({ title, rows: workloads }) =>
    workloads.flatMap(({ workload, ratios, goals }) =>
      [...ratios, ...goals]
        .filter(({ target }) => target !== undefined)
        .map((row) => {
          const { title: metric, scale } = METRICS[row.metric];
          const value = row.ratio === undefined ? formatSpread(row.value, scale) : formatSpread(row.ratio);
          const what =
            row.ratio === undefined ? metric : `${metric.replace(/ (ms|MiB)$/, '')}, ratio to ${row.against}`;
          return [workload, what, value, targetText(row.target), row.met ? 'met' : 'MISSED', title];
        }),
    ),
  );
  return { head: ['workload', 'measured', 'median (min–max)', 'target', '', 'section'], rows };
}

/** Prints everything; the files written, none for the name `-`. */
export function writeResults(environment, sections, { name, rounds, seconds }) {
  const reports = sections.map((section) => buildReport({ environment, ...section }));
  const targets = targetTable(reports);
  for (const report of reports) console.log(renderText(report));
  console.log(`Targets\n${textTable(targets)}`);
  if (name === '-') return [];
  const directory = join(root, 'bench/results');
  mkdirSync(directory, { recursive: true });
  const files = [];
  const write = (file, text) => {
    writeFileSync(join(directory, file), text);
    files.push(`bench/results/${file}`);
  };
  const how = `${rounds} rounds of ${seconds} s unless a section says otherwise; \`npm run bench\` reruns it. Every section computes what we lose.`;
  write(
    `${name}.md`,
    `# Benchmark of ${environment.date.slice(0, 10)}, commit ${environment.commit}\n\n${how}\n\n## Targets\n\n${markdownTable(targets)}\n\n${reports.map(renderMarkdown).join('\n')}`,
  );
  write(`${name}.json`, `${JSON.stringify(reports, null, 1)}\n`);
  for (const [i, report] of reports.entries()) write(`${name}-${sections[i].id}.html`, renderHtml(report));
  return files;
}
