import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { withOfflineDirectory } from '../../src/offline/offline_directory.js';
import type { RepairReport } from '../../src/offline/repair/repair_directory.js';
import { verifyDirectory } from '../../src/offline/verify/verify_directory.js';
import { decodeBatchHeader, splitBatches } from '../../src/records/index.js';
import { Prng } from '../support/prng.js';
import { WireClient } from '../support/wire_client.js';
import { batchesOnDisk, batchesServed, stoppedPartitions } from './broker_checks.js';
import { cli, copyOf, fingerprint, golden, ports, temporary, withGaps } from './support.js';

const codecs = 'codecs-0/00000000000000000000.log';

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

function isEpoch(log: Buffer, at: number): boolean {
  let start = 0;
  for (const batch of splitBatches(log)) {
    if (at < start + batch.length) return at - start >= 12 && at - start < 16;
    start += batch.length;
  }
  return false;
}

const sizeOf = (directory: string, file: string) => readFileSync(join(directory, file)).length;

async function findingsIn(directory: string): Promise<string[]> {
  const { findings } = await withOfflineDirectory(ports, directory, 'shared', (found) => verifyDirectory(ports, found));
  return findings.map(({ file, kind }) => `${file} ${kind}`);
}

describe('millrace log repair', () => {
  it('cuts damage out of a copy, keeps the bytes and every other record, and does not touch the original', async () => {
    const directory = copyOf('stopped');
    flip(join(directory, codecs), 700);
    appendFileSync(join(directory, 'segments-0/00000000000000000060.log'), Buffer.alloc(30, 7));
    rmSync(join(directory, 'segments-0/00000000000000000015.index'));
    const before = fingerprint(directory);
    const damaged = readFileSync(join(directory, codecs)).subarray(606, 829);
    const output = join(temporary(), 'repaired');
    const { code, out } = await cli('log', 'repair', directory, '--output', output, '--json');
    expect(code).toBe(0);
    expect(fingerprint(directory)).toEqual(before);
    const report = JSON.parse(out) as RepairReport;
    expect(report.losses).toMatchObject([
      { file: codecs, position: 606, endPosition: 829, offset: 10, endOffset: 20, reason: 'the CRC is wrong' },
      { file: 'segments-0/00000000000000000060.log', position: 207, endPosition: 237, offset: 65, endOffset: null },
    ]);
    expect(report.rebuilt).toContain('segments-0/00000000000000000015.index');
    expect(readFileSync(join(output, `${codecs}.606-829.quarantine`))).toEqual(damaged);
    expect(JSON.parse(readFileSync(join(output, 'millrace-repair.json'), 'utf8'))).toEqual(report);
    expect(batchesOnDisk(output, 'codecs-0').map((batch) => decodeBatchHeader(batch).baseOffset)).toEqual([
      0, 20, 30, 40, 50,
    ]);
    expect(existsSync(join(output, '.kafka_cleanshutdown'))).toBe(false);
    expect(await findingsIn(output)).toEqual([]);
  });

  it('copies what is sound as it is', async () => {
    const directory = copyOf('stopped');
    const output = join(temporary(), 'copy');
    const { out } = await cli('log', 'repair', directory, '-o', output);
    expect(out).toContain('nothing was to be repaired');
    const contents = (path: string) => [...fingerprint(path)].filter(([, print]) => !print.startsWith('directory'));
    expect(
      contents(output)
        .map(([name, print]) => [name, print.split(' ')[0]])
        .sort(),
    ).toEqual(
      contents(directory)
        .map(([name, print]) => [name, print.split(' ')[0]])
        .sort(),
    );
  });

  it('changes the directory itself only when asked to', async () => {
    const directory = copyOf('stopped');
    flip(join(directory, codecs), 700);
    const refused = await cli('log', 'repair', directory);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('--in-place');
    writeFileSync(join(directory, '.lock'), '');
    const held = ports.locks.take(directory, 'shared');
    expect((await cli('log', 'repair', directory, '--in-place')).err).toContain('a broker is running on');
    held.release();
    const { code, out } = await cli('log', 'repair', directory, '--in-place');
    expect(code).toBe(0);
    expect(out).toContain(`${codecs}: offsets 10 to 19, positions 606 to 829 are lost: the CRC is wrong`);
    expect(await findingsIn(directory)).toEqual([]);
    expect((await cli('log', 'repair', directory, '--in-place')).out).toContain('nothing was to be repaired');
  });

  it('keeps what earlier repairs put aside', async () => {
    const directory = copyOf('stopped');
    const whole = readFileSync(join(directory, codecs));
    const kept: Buffer[] = [];
    for (const at of [700, 701, 702]) {
      writeFileSync(join(directory, codecs), whole);
      flip(join(directory, codecs), at);
      kept.push(readFileSync(join(directory, codecs)).subarray(606, 829));
      expect((await cli('log', 'repair', directory, '--in-place')).code).toBe(0);
    }
    const names = ['', '.1', '.2'].map((suffix) => join(directory, `${codecs}.606-829.quarantine${suffix}`));
    expect(names.map((name) => readFileSync(name))).toEqual(kept);
    expect(await findingsIn(directory)).toEqual([]);
  });

  it('makes a sound directory of any damage, which a broker serves', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const random = new Prng(seed);
      const directory = copyOf('stopped');
      const partition = stoppedPartitions[random.below(stoppedPartitions.length)] ?? 'codecs-0';
      const files = readdirSync(join(directory, partition)).filter((name) =>
        /\.(log|index|timeindex|txnindex|snapshot)$/.test(name),
      );
      for (let count = 0; count < 3; count += 1) {
        const file = files[random.below(files.length)] ?? '';
        const path = join(directory, partition, file);
        const { length } = readFileSync(path);
        if (length === 0) continue;
        const at = random.below(length);
        // A leader epoch in a batch is covered by nothing: what it was cannot be known.
        flip(
          path,
          path.endsWith('.log') && isEpoch(readFileSync(join(golden, 'stopped', partition, file)), at) ? at + 4 : at,
        );
      }
      const sound = batchesOnDisk(join(golden, 'stopped'), partition).length;
      const output = join(temporary(), 'repaired');
      expect((await cli('log', 'repair', directory, '-o', output)).code).toBe(0);
      expect({ seed, findings: await findingsIn(output) }).toEqual({ seed, findings: [] });
      const left = batchesOnDisk(output, partition).length;
      expect({ seed, most: sound - left <= 3 }).toEqual({ seed, most: true });
    }
  });

  it.each(['a copy', 'in place'])(
    'says which offsets are missing, and a broker serves what follows them (%s)',
    async (how) => {
      const directory = withGaps();
      // A batch that is cut off at the end of a sealed segment leaves a gap, too.
      flip(
        join(directory, 'segments-1/00000000000000000030.log'),
        sizeOf(directory, 'segments-1/00000000000000000030.log') - 1,
      );
      const points = join(directory, 'recovery-point-offset-checkpoint');
      writeFileSync(points, readFileSync(points, 'utf8').replace('segments 1 60\n', 'segments 1 0\n'));
      const output = how === 'a copy' ? join(temporary(), 'repaired') : directory;
      const args = how === 'a copy' ? ['-o', output] : ['--in-place'];
      const { code, out } = await cli('log', 'repair', directory, ...args);
      expect(code).toBe(0);
      expect(out).toContain('00000000000000000015.log: offsets 25 to 29 are in no file; what follows them is kept\n');
      expect(out).toContain('00000000000000000030.log: offsets 35 to 39 are in no file; what follows them is kept\n');
      expect(await findingsIn(output)).toEqual([]);
      const data = join(temporary(), 'data');
      expect((await cli('log', 'import', output, '-o', data)).code).toBe(0);
      const broker = await startBroker({ dataDirectory: data });
      const client = await WireClient.connect(broker.port);
      try {
        for (const partition of ['segments-0', 'segments-1']) {
          const { batches } = await batchesServed(client, partition);
          expect(Buffer.concat(batches)).toEqual(Buffer.concat(batchesOnDisk(output, partition)));
          expect(decodeBatchHeader(batches.at(-1) ?? Buffer.alloc(0)).lastOffset).toBe(
            partition === 'segments-0' ? 64 : 59,
          );
        }
      } finally {
        client.close();
        await broker.close();
      }
    },
  );

  it('leaves a directory that a broker serves', async () => {
    const directory = copyOf('stopped');
    flip(join(directory, codecs), 700);
    const output = join(temporary(), 'repaired');
    await cli('log', 'repair', directory, '-o', output);
    const data = join(temporary(), 'data');
    expect((await cli('log', 'import', output, '-o', data)).code).toBe(0);
    const broker = await startBroker({ dataDirectory: data });
    const client = await WireClient.connect(broker.port);
    try {
      const { batches } = await batchesServed(client, 'codecs-0');
      expect(Buffer.concat(batches)).toEqual(Buffer.concat(batchesOnDisk(output, 'codecs-0')));
    } finally {
      client.close();
      await broker.close();
    }
  });
});
