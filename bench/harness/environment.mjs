// Where a report was made: machine, kernel, versions, commit.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, hostname, machine, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from './servers.mjs';

function git(...args) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
}

export function benchEnvironment() {
  const dirty = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
  return {
    date: new Date().toISOString(),
    machine: `${hostname()} (${machine()})`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpuCount: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    millrace: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    commit: `${git('rev-parse', '--short', 'HEAD')}${dirty}`,
  };
}
