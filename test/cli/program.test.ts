import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { completionNodes, completionScript } from '../../src/cli/completion.js';
import { buildProgram, runCli } from '../../src/cli/program.js';
import { FakeIo } from './support/fake_io.js';

async function run(...args: readonly string[]) {
  const io = new FakeIo();
  const exitCode = await runCli(args, io);
  return { exitCode, out: io.output.text, err: io.errors.text };
}

describe('millrace', () => {
  test('--help names every command and every exit status', async () => {
    const { exitCode, out } = await run('--help');
    expect(exitCode).toBe(0);
    for (const name of [
      'start',
      'topics',
      'produce',
      'consume',
      'groups',
      'share-groups',
      'configs',
      'cluster',
      'zerocopy',
      'bench',
      'completion',
    ])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const status of [0, 1, 2, 3, 4, 130]) expect(out).toMatch(new RegExp(`^  ${status}  `, 'm'));
  });

  test('every command has help with the options that hold everywhere', async () => {
    const program = await buildProgram(
      new FakeIo(),
      () => Promise.resolve(),
      () => Promise.resolve(),
      'all',
    );
    for (const { path, commands } of completionNodes(program)) {
      if (commands.length > 0 || path.at(-1) === 'completion') continue;
      const { exitCode, out } = await run(...path.slice(1), '--help');
      expect(exitCode).toBe(0);
      expect(out).toContain('--bootstrap-server');
      // What a default of nothing, or one that is said twice, looks like.
      expect(out).not.toMatch(/\(default: \[\]\)|\(default:[^)]*\) +\(default:/);
    }
  });

  test.each([
    [['nonsense']],
    [['topics', 'nonsense']],
    [['topics', 'create']],
    [['consume', 't', '--nonsense']],
    [['--timeout', 'x', 'topics', 'list']],
  ])('%j is a usage error', async (args) => {
    const { exitCode, err } = await run(...args);
    expect(exitCode).toBe(2);
    expect(err).toMatch(/error: .*\n/);
  });

  test('options may stand before and after the command', async () => {
    for (const args of [
      ['-b', '127.0.0.1:1', 'topics', 'list'],
      ['topics', 'list', '-b', '127.0.0.1:1'],
    ]) {
      const { exitCode, err } = await run(...args);
      expect(exitCode).toBe(4);
      expect(err).toMatch(/^millrace: no broker answers at 127.0.0.1:1; start one with "millrace start"/);
    }
  });

  test('the variable MILLRACE_BOOTSTRAP names the brokers', async () => {
    const io = new FakeIo(undefined, { MILLRACE_BOOTSTRAP: '127.0.0.1:2' });
    expect(await runCli(['topics', 'list', '--format', 'json'], io)).toBe(4);
    expect(JSON.parse(io.errors.text)).toMatchObject({
      error: { message: expect.stringContaining('127.0.0.1:2') as string },
    });
    const wrong = new FakeIo(undefined, { MILLRACE_BOOTSTRAP: 'a:b:c' });
    expect(await runCli(['topics', 'list'], wrong)).toBe(2);
  });
});

describe('completion', () => {
  async function script(shell: 'bash' | 'zsh' | 'fish'): Promise<string> {
    const { exitCode, out } = await run('completion', shell);
    expect(exitCode).toBe(0);
    return out;
  }

  /** What bash offers after the words. */
  function offered(bash: string, ...words: readonly string[]): readonly string[] {
    const command = `${bash}\nCOMP_WORDS=(millrace ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, status } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(status).toBe(0);
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('bash offers commands, options and values', async () => {
    const bash = await script('bash');
    expect(offered(bash, 'to')).toEqual(['topics']);
    expect(offered(bash, 'topics', '')).toEqual(
      expect.arrayContaining(['create', 'list', 'describe', 'delete', 'alter', 'configs']),
    );
    expect(offered(bash, 'topics', 'create', '--part')).toEqual(['--partitions']);
    expect(offered(bash, 'produce', 't', '--compression', 'l')).toEqual(['lz4']);
    expect(offered(bash, 'produce', 't', '-z', '')).toEqual(['none', 'gzip', 'snappy', 'lz4', 'zstd']);
    expect(offered(bash, 'configs', 'describe', 'br')).toEqual(['broker', 'broker-logger']);
    expect(offered(bash, 'groups', 'reset-offsets', 'g', '--to-e')).toEqual(['--to-earliest']);
    expect(offered(bash, '--bootstrap-server', 'x:1', 'gro')).toEqual(['groups']);
  });

  test('zsh and fish have every command too', async () => {
    expect(await script('zsh')).toContain('bashcompinit');
    const fish = await script('fish');
    for (const words of [
      "-a topics -d '",
      "-a reset-offsets -d '",
      '-l bootstrap-server -r',
      "-l compression -x -a 'none gzip snappy lz4 zstd'",
    ])
      expect(fish).toContain(words);
  });

  test('descriptions with quotes do not break fish', () => {
    const node = {
      path: ['millrace'],
      commands: [{ name: 'x', description: "it's" }],
      options: [],
      argumentChoices: [],
    };
    expect(completionScript('fish', [node])).toContain("-d 'it\\'s'");
  });
});
