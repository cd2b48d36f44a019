import { reportCharts } from './chart.js';
import type { BenchReport } from './report.js';
import { escaped } from './svg.js';
import {
  environmentLines,
  howToRead,
  lossSentences,
  lossTitle,
  ratioTable,
  type Table,
  workloadTables,
} from './tables.js';

const style = `
:root{color-scheme:light dark;--paper:#fff;--text:#24292f;--soft:#59636e;--line:#d8dee4;--head:#f6f8fa}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--text:#e6edf3;--soft:#9198a1;--line:#2a313c;--head:#161b22}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem;max-width:960px;background:var(--paper);color:var(--text);font:15px/1.5 system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}h3{font-size:1rem;margin:1.4rem 0 .2rem}
p,li{color:var(--text)}.soft{color:var(--soft);font-size:.87rem;margin:.1rem 0 .5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.87rem;white-space:nowrap}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:right}th{background:var(--head);font-weight:600}
th:first-child,td:first-child{text-align:left}
figure{margin:1rem 0;border:1px solid var(--line);border-radius:6px;overflow:hidden}figure svg{display:block;width:100%;height:auto}
`.trim();

/** One page with everything in it: no scripts, nothing loaded from elsewhere. */
export function renderHtml(report: BenchReport): string {
  const ratios = ratioTable(report);
  const lines = lossSentences(report).map((sentence) => `<li>${escaped(sentence)}</li>`);
  const losses = lines.length === 0 ? '' : `<h2>${escaped(lossTitle(report))}</h2>\n<ul>${lines.join('')}</ul>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(report.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(report.title)}</h1>
<dl>${environmentLines(report)
    .map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
    .join('')}</dl>
${losses}
<h2>Charts</h2>
${reportCharts(report)
  .map(({ svg }) => `<figure>${svg}</figure>`)
  .join('\n')}
${ratios === undefined ? '' : `<h2>${escaped(ratios.title)}</h2>\n${htmlTable(ratios)}`}
<h2>Values</h2>
${workloadTables(report)
  .map(
    (table) =>
      `<h3>${escaped(table.title)}</h3>\n<p class="soft">${escaped(table.subtitle ?? '')}</p>\n${htmlTable(table)}`,
  )
  .join('\n')}
${[...report.notes, howToRead].map((note) => `<p class="soft">${escaped(note)}</p>`).join('\n')}
</body>
</html>
`;
}

function htmlTable({ head, rows }: Table): string {
  const cells = (line: readonly string[], tag: string): string =>
    `<tr>${line.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="wide"><table><thead>${cells(head, 'th')}</thead><tbody>${rows
    .map((row) => cells(row, 'td'))
    .join('')}</tbody></table></div>`;
}
