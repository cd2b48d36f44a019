import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  formatNumber,
  formatSpread,
  lossSentences,
  parseReport,
  renderHtml,
  renderJson,
  renderMarkdown,
  renderText,
  reportCharts,
  spreadOf,
} from '../../../src/cli/bench/index.js';
import { runCli } from '../../../src/cli/program.js';
import { FakeIo } from '../support/fake_io.js';
import { alone, report } from './sample.js';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);

describe('figures', () => {
  test('medians with min and max', () => {
    expect(spreadOf([])).toBeUndefined();
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([4, 1, 2, 10])).toEqual({ median: 3, min: 1, max: 10 });
  });

  test.each([
    [0, '0'],
    [0.0123, '0.012'],
    [0.594, '0.59'],
    [12.34, '12.3'],
    [1270.4, '1270'],
    [1_270_000, '1,270,000'],
  ])('%d reads %s', (value, text) => expect(formatNumber(value)).toBe(text));

  test('a spread without width is one figure', () => {
    expect(formatSpread({ median: 2000, min: 1000, max: 3000 }, 1000)).toBe('2.00 (1.00–3.00)');
    expect(formatSpread({ median: 2, min: 2, max: 2 })).toBe('2.00');
  });
});

describe('a report', () => {
  test('has ratios round by round and what they should be', () => {
    const [produce] = report.rows;
    const ratio = (metric: string) => produce?.ratios.find((one) => one.metric === metric);
    expect(ratio('recordsPerSecond')).toMatchObject({ ratio: { median: 0.6, min: 0.5, max: 0.7 }, met: false });
    expect(ratio('p99Us')).toMatchObject({ ratio: { median: 0.25 }, met: true });
    expect(ratio('rssBytes')).toMatchObject({ ratio: { median: 0.125 } });
    expect(produce?.goals).toMatchObject([{ metric: 'cpuSecondsPerGb', met: false }]);
  });

  test('finds what is lost by itself', () => {
    expect(lossSentences(report)).toEqual([
      'produce 1 KiB: records/s 0.60 (0.50–0.70) of Other, target ≥ 0.90',
      'produce 1 KiB: CPU-s/GB 1.67 (1.43–2.00), target ≤ 1.00',
    ]);
    expect(report.lost.map(({ kind, inEveryRound }) => [kind, inEveryRound])).toEqual([
      ['behind', true],
      ['target', true],
    ]);
    expect(lossSentences(alone)).toEqual([]);
  });

  test.each([
    ['report.txt', renderText(report)],
    ['report.md', renderMarkdown(report)],
    ['report.html', renderHtml(report)],
    ['alone.txt', renderText(alone)],
  ])('as %s', async (name, text) => {
    await expect(text).toMatchFileSnapshot(golden(name));
  });

  test('comes back from JSON, and nothing else does', () => {
    expect(parseReport(renderJson(report))).toEqual(report);
    for (const text of [
      '',
      '{}',
      '[]',
      '{"format":"millrace-bench-1"}',
      renderJson(report).replace('"rssBytes"', '"x"'),
    ])
      expect(() => parseReport(text)).toThrow(/this is no/);
  });
});

describe('charts', () => {
  test('of a comparison and of one server', () => {
    expect(reportCharts(report).map(({ name }) => name)).toEqual(['throughput', 'cpu', 'p99', 'latency-1']);
    expect(reportCharts(alone).map(({ name }) => name)).toEqual([
      'megabytesPerSecond',
      'recordsPerSecond',
      'cpuSecondsPerGb',
    ]);
  });

  test.each([...reportCharts(report), ...reportCharts(alone).slice(0, 1)])('$name', async ({ name, svg }) => {
    await expect(svg).toMatchFileSnapshot(golden(`${name}.svg`));
  });

  test('need nothing from elsewhere', () => {
    const html = renderHtml(report);
    expect(html).not.toMatch(/<script|<link|@import|url\(|src=|href=/);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
    expect(html).toContain('fetch &lt;64 KiB&gt;');
  });

  test('lie within the picture', () => {
    for (const { svg } of [...reportCharts(report), ...reportCharts(alone)]) {
      const [, width, height] = (/viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []).map(Number);
      const numbers = (attribute: string) =>
        [...svg.matchAll(new RegExp(` ${attribute}="(-?[\\d.]+)"`, 'g'))].map(([, value]) => Number(value));
      for (const x of ['x', 'x1', 'x2'].flatMap(numbers)) expect(x >= 0 && x <= (width ?? 0)).toBe(true);
      for (const y of ['y', 'y1', 'y2'].flatMap(numbers)) expect(y >= 0 && y <= (height ?? 0)).toBe(true);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});

describe('bench render', () => {
  async function rendered(content: string, ...args: readonly string[]) {
    const io = new FakeIo();
    io.inputs.set('report.json', [Buffer.from(content)]);
    const exitCode = await runCli(['bench', 'render', 'report.json', ...args], io);
    return { exitCode, out: io.output.text, err: io.errors.text };
  }

  test.each([
    ['text', renderText(report)],
    ['markdown', renderMarkdown(report)],
    ['html', renderHtml(report)],
    ['json', renderJson(report)],
  ])('%s', async (format, wanted) => {
    expect(await rendered(renderJson(report), '--format', format)).toEqual({ exitCode: 0, out: wanted, err: '' });
  });

  test('svg puts the charts below each other', async () => {
    const { out } = await rendered(renderJson(report), '--format', 'svg');
    expect(out.match(/<svg /g)).toHaveLength(5);
    await expect(out).toMatchFileSnapshot(golden('report.svg'));
  });

  test('what is no report is a usage error', async () => {
    expect(await rendered('{}', '--format', 'text')).toMatchObject({
      exitCode: 2,
      err: 'millrace: report.json: this is no report of the format millrace-bench-1\n',
    });
  });
});
