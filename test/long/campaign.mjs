// The long campaign of `test/long/chaos.test.ts`: node test/long/campaign.mjs --kills 500 --seed 1 [--each 100] [--modes group,os]
// `dist` must be built. One run kills the broker `--each` times; seeds count up. The summary at the end is what test/README.md shows.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '100' },
    modes: { type: 'string', default: 'group,os' },
  },
});
const modes = values.modes.split(',');
const directory = mkdtempSync(join(tmpdir(), 'millrace-campaign-'));
const totals = {};
let failures = 0;
let left = Number(values.kills);
for (let seed = Number(values.seed); left > 0; seed += 1) {
  const kills = Math.min(left, Number(values.each));
  const mode = modes[seed % modes.length];
  const results = join(directory, `${seed}.json`);
  const { status } = spawnSync('npx', ['vitest', 'run', 'test/long/chaos.test.ts'], {
    stdio: 'inherit',
    env: {
      ...process.env,
      MILLRACE_SUITE: 'long',
      MILLRACE_CHAOS_KILLS: String(kills),
      MILLRACE_CHAOS_SEED: String(seed),
      MILLRACE_CHAOS_MODES: mode,
      MILLRACE_CHAOS_RESULT: results,
    },
  });
  if (status === 0)
    for (const [name, count] of Object.entries(JSON.parse(readFileSync(results, 'utf8'))))
      totals[name] = (totals[name] ?? 0) + count;
  else failures += 1;
  left -= kills;
}
rmSync(directory, { recursive: true, force: true });
console.log(`campaign: ${JSON.stringify(totals)}, runs that failed: ${failures}`);
process.exitCode = failures === 0 ? 0 : 1;
