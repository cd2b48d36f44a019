import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { insideDriver, networkDriver } from './drivers.js';
import { parseScenario, printScenario, ScenarioRunner } from './scenario.js';

// MILLRACE_SCENARIO_UPDATE=1 writes the actual output into the files: the diff is the review.
// MILLRACE_SCENARIO_BROKER=host:port plays those without `# inside` against a broker, in real time.
const directory = join(import.meta.dirname, 'groups');
const update = process.env['MILLRACE_SCENARIO_UPDATE'] === '1';
const broker = process.env['MILLRACE_SCENARIO_BROKER'];
const files = readdirSync(directory).filter((name) => name.endsWith('.txt'));

describe('group scenarios', () => {
  it.each(files)('%s', { timeout: 120_000 }, async (name) => {
    const path = join(directory, name);
    const text = readFileSync(path, 'utf8');
    const scenario = parseScenario(text);
    const overNetwork = broker !== undefined && !text.startsWith('# inside') && Object.keys(scenario.config).length === 0;
    if (broker !== undefined && !overNetwork) return;
    const [host = '', port = ''] = (broker ?? '').split(':');
    const driver = overNetwork ? await networkDriver(host, Number(port)) : await insideDriver(scenario.config);
    try {
      const runner = new ScenarioRunner(driver, overNetwork ? `${randomUUID()}.` : '');
      const actual: string[] = [];
      for (const { command } of scenario.steps) actual.push(await runner.run(command));
      const wanted = scenario.steps.map(({ expected }) => (overNetwork ? withoutRecords(expected) : expected));
      if (update && !overNetwork) writeFileSync(path, printScenario(scenario, actual));
      else expect(printScenario(scenario, actual)).toBe(printScenario(scenario, wanted));
    } finally {
      await driver.close();
    }
    if (driver.inside !== undefined) expect(driver.inside.time.pendingTimers).toBe(0);
  });
});

function withoutRecords(output: string): string {
  return output
    .split('\n')
    .filter((line) => !line.startsWith('record '))
    .join('\n');
}
