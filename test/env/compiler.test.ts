import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('this version of V8 knows the flags that a broker sets: of others it complains', () => {
  const flags = (text: string) =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', text], { encoding: 'utf8' });
  const compiler = fileURLToPath(new URL('../../dist/env/compiler.js', import.meta.url));
  const set = flags(`import { inlineMore } from ${JSON.stringify(compiler)}; inlineMore();`);
  expect(set).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const unknown = flags(`import { setFlagsFromString } from 'node:v8'; setFlagsFromString('--no-such-flag=1');`);
  expect(unknown.stdout + unknown.stderr).not.toBe('');
});
