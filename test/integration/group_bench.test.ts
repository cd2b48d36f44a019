import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

// The figures of bench/README.md are measured by hand; that it still can be measured is seen here, on a small partition.
it('bench/groups.mjs loads what it wrote, and 1,000 members settle in three heartbeats', async () => {
  const script = join(import.meta.dirname, '../../bench/groups.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, '2000', '20']);
  expect(stdout).toContain('2000 offsets in 20 groups: loaded in');
  expect(stdout).toContain('1,000 members, heartbeat 3: Stable');
  expect(stdout).not.toContain('heartbeat 4');
});
