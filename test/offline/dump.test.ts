import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNativeLocks } from '../../src/storage/native_locks.js';
import { cli, copyOf, fingerprint, golden } from './support.js';

// What Kafka 4.3.1's own DumpLogSegments says of the same files (recorded by golden/kafka-dirs/record), to the byte.

const dumps = join(golden, 'dumps');
const names = readdirSync(dumps).flatMap((name) => (name.endsWith('.args') ? [name.slice(0, -5)] : []));

/** Complaints come by file in the order of a Java hash map: sorted by their first lines. */
function blocks(text: string): string[] {
  const found: string[] = [];
  for (const line of text.split('\n'))
    if (line.startsWith('  ') && found.length > 0) found[found.length - 1] += `\n${line}`;
    else if (line !== '') found.push(line);
  return found.sort();
}

describe('millrace log dump', () => {
  it('has recordings to compare with', () => {
    expect(names.length).toBeGreaterThan(10);
  });

  it.each(names)('says of %s what Kafka says', async (name) => {
    const [folder = '', ...args] = readFileSync(join(dumps, `${name}.args`), 'utf8')
      .trim()
      .split(' ');
    const directory = join(golden, folder);
    const before = fingerprint(directory);
    const absolute = args.map((arg, at) =>
      args[at - 1] === '--files'
        ? arg
            .split(',')
            .map((file) => `${directory}/${file}`)
            .join(',')
        : arg,
    );
    const { out, err } = await cli('log', 'dump', ...absolute);
    const shown = (text: string) => text.replaceAll(`${directory}/`, '').replaceAll('@/', '');
    expect(shown(out)).toBe(readFileSync(join(dumps, `${name}.out`), 'utf8'));
    const complaints = readFileSync(join(dumps, `${name}.err`), 'utf8');
    // Where Kafka's tool dies of an exception that names the file, we name it and go on.
    const died = /Exception: [^\n]*\/(\S+\.\w*index)\b/.exec(complaints);
    if (died === null) expect(blocks(shown(err))).toEqual(blocks(shown(complaints)));
    else expect(err).toContain(died[1]);
    expect(fingerprint(directory)).toEqual(before);
  });

  it('shows all files of a partition when given its directory', async () => {
    const { code, out } = await cli('log', 'dump', join(golden, 'stopped/segments-1'));
    expect(code).toBe(0);
    expect(out.match(/^Dumping /gm)).toHaveLength(16);
  });

  it('says what is no batch any more and fails where a file cannot be read', async () => {
    const directory = copyOf('stopped');
    const log = join(directory, 'codecs-0/00000000000000000000.log');
    appendFileSync(log, Buffer.alloc(5));
    expect((await cli('log', 'dump', log)).out).toContain('Found 5 invalid bytes at the end of');
    const snapshot = join(directory, 'segments-0/00000000000000000015.snapshot');
    const bytes = readFileSync(snapshot);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(snapshot, bytes);
    const damaged = await cli('log', 'dump', snapshot);
    expect(damaged.code).toBe(1);
    expect(damaged.err).toMatch(/is damaged: the CRC is \d+, the file says \d+/);
    truncateSync(snapshot, 0);
    expect((await cli('log', 'dump', snapshot, join(directory, 'nowhere.log'))).err).toMatch(
      /nowhere.log does not exist/,
    );
  });

  it('refuses while a broker holds the lock, and makes no lock file', async () => {
    const directory = copyOf('killed');
    const log = join(directory, 'killed-0/00000000000000000000.log');
    expect((await cli('log', 'dump', log)).code).toBe(0);
    expect(existsSync(join(directory, '.lock'))).toBe(false);
    const lock = createNativeLocks().take(directory, 'exclusive');
    const refused = await cli('log', 'dump', log);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`a broker is running on ${directory}: stop it first, or work on a copy`);
    expect(refused.out).toBe('');
    lock.release();
    const shared = createNativeLocks().take(directory, 'shared');
    expect((await cli('log', 'dump', log)).code).toBe(0);
    expect(() => createNativeLocks().take(directory, 'exclusive')).toThrow(/LOCKED/);
    shared.release();
  });
});
