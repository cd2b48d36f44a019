import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { insideDriver, networkDriver } from './drivers.js';
import { parseScenario, printScenario, ScenarioRunner } from './scenario.js';

// MILLRACE_SCENARIO_UPDATE=1 writes the actual output into the files: the diff is the review.
// MILLRACE_SCENARIO_BROKER=host:port plays those without `# inside` against a broker, in real time; the broker needs
// group.initial.rebalance.delay.ms=0 and group.min.session.timeout.ms=100. With MILLRACE_SCENARIO_SETTINGS as well, only the
// scenarios with just these settings, which the broker then has instead, e.g. groupMaxSize=2.
const directory = join(import.meta.dirname, 'groups');
const update = process.env.MILLRACE_SCENARIO_UPDATE === '1';
const broker = process.env.MILLRACE_SCENARIO_BROKER;
const settings = process.env.MILLRACE_SCENARIO_SETTINGS ?? '';
const files = readdirSync(directory).filter((name) => name.endsWith('.txt'));

describe('group scenarios', () => {
  it.each(files)('%s', { timeout: 120_000 }, async (name) => {
    const path = join(directory, name);
    const text = readFileSync(path, 'utf8');
    const scenario = parseScenario(text);
    const wantedSettings = Object.entries(scenario.config).map(([key, value]) => `${key}=${value}`);
    const overNetwork = broker !== undefined && !text.startsWith('# inside') && wantedSettings.join() === settings;
    if (broker !== undefined && !overNetwork) return;
    const [host = '', port = ''] = (broker ?? '').split(':');
    const driver = overNetwork ? await networkDriver(host, Number(port)) : await insideDriver(scenario.config);
    try {
      const runner = new ScenarioRunner(driver, overNetwork ? `${randomUUID()}.` : '');
      const actual: string[] = [];
      for (const { command } of scenario.steps) actual.push(await runner.run(command));
      const wanted = scenario.steps.map(({ expected }) => expected);
      const shown = (outputs: readonly string[]) => outputs.map(overNetwork ? comparable : (text) => text);
      if (update && !overNetwork) writeFileSync(path, printScenario(scenario, actual));
      else expect(printScenario(scenario, shown(actual))).toBe(printScenario(scenario, shown(wanted)));
    } finally {
      await driver.close();
    }
    if (driver.inside !== undefined) expect(driver.inside.time.pendingTimers).toBe(0);
  });
});

/** Over the network records do not show, and replies to several clients come in any order. */
function comparable(output: string): string {
  const lines = output.split('\n').filter((line) => !line.startsWith('record '));
  return lines.sort().join('\n');
}
