import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import { type ByteOutput, OutputClosedError } from '../../../src/env/index.js';
import { startBroker } from '../../../src/index.js';
import { type TestBroker, testBroker } from '../../client/support/broker.js';
import { chunks, FakeIo } from '../support/fake_io.js';

let broker: TestBroker;
let bootstrap: string;
const created: string[] = [];

beforeAll(async () => {
  broker = await testBroker();
  bootstrap = `${broker.host}:${broker.port}`;
});
afterAll(async () => {
  if (created.length > 0) await run(['topics', 'delete', '--if-exists', ...created]);
  await broker.close();
});

async function run(
  args: readonly string[],
  input: ReadonlyArray<Uint8Array | string> = [],
  io = new FakeIo(chunks(...input)),
) {
  const exitCode = await runCli(['-b', bootstrap, ...args], io);
  return { exitCode, out: io.output.text, bytes: io.output.bytes, err: io.errors.text };
}

const json = (text: string): unknown => JSON.parse(text);

async function topic(prefix: string, ...args: readonly string[]): Promise<string> {
  const name = `cli-${prefix}-${process.pid}-${created.length}-${Math.trunc(performance.timeOrigin)}`;
  created.push(name);
  const { exitCode, err } = await run(['topics', 'create', name, ...args]);
  expect(err).toBe('');
  expect(exitCode).toBe(0);
  return name;
}

/** Bytes that do not compress and are the same in every run. */
function noise(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 12_345;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

describe('a file', () => {
  test.each(['none', 'lz4'])('comes back byte for byte (%s)', async (codec) => {
    const name = await topic('file', '-p', '1');
    const content = noise(5_000_003);
    const io = new FakeIo();
    io.inputs.set('big.bin', [
      content.subarray(0, 1_000_000),
      content.subarray(1_000_000, 1_000_001),
      content.subarray(1_000_001),
    ]);
    const written = await run(
      ['produce', name, '-f', 'big.bin', '--chunk-bytes', '64K', '-z', codec, '--format', 'json'],
      [],
      io,
    );
    expect(json(written.out)).toEqual({ topic: name, records: 77, bytes: content.length, complete: true });
    const read = await run(['consume', name, '--exit', '--format', 'raw']);
    expect(read.bytes.equals(content)).toBe(true);
  });
});

describe('lines', () => {
  test('with keys, headers and tombstones', async () => {
    const name = await topic('lines', '-p', '1');
    await run(['produce', name, '-K', ':', '-Z', '-H', 'from=test'], ['a:1\nb:2\nno key\nc', ':\n']);
    const { out } = await run(['consume', name, '-e', '-f', '%k|%s|%S|%h\\n']);
    expect(out).toBe('a|1|1|from=test\nb|2|1|from=test\n|no key|6|from=test\nc||-1|from=test\n');
  });

  test('what is consumed as JSON can be produced again', async () => {
    const one = await topic('json', '-p', '2');
    const two = await topic('json', '-p', '2');
    await run(
      ['produce', one, '-K', '='],
      Array.from({ length: 50 }, (_, i) => `key${i}=välue${i}\n`),
    );
    const first = await run(['consume', one, '-e', '-f', 'json']);
    const produced = await run(['produce', two, '--json'], [first.out]);
    expect(produced.err).toContain('wrote 50 record(s)');
    const second = await run(['consume', two, '-e', '-f', 'json']);
    const sorted = (text: string, name: string) => text.trimEnd().replaceAll(name, 'T').split('\n').sort();
    expect(sorted(second.out, two)).toEqual(sorted(first.out, one));
  });

  test('a line that is no JSON is named, and what came before it is written', async () => {
    const name = await topic('bad-json', '-p', '1');
    const { exitCode, err } = await run(['produce', name, '--json'], ['{"value":"fine"}\nnonsense\n']);
    expect(exitCode).toBe(2);
    expect(err).toContain('line 2: is not JSON');
    expect((await run(['consume', name, '-e'])).out).toBe('fine\n');
  });
});

describe('where to begin and to end', () => {
  test('offsets, tails, counts, partitions and times', async () => {
    const name = await topic('where', '-p', '2');
    await run(['produce', name, '-p', '0'], [Array.from({ length: 10 }, (_, i) => `a${i}\n`).join('')]);
    await run(['produce', name, '-p', '1'], ['b0\nb1\n']);
    const consumed = async (...args: readonly string[]) =>
      (await run(['consume', name, '-e', ...args])).out.split('\n').filter((line) => line !== '');
    expect(await consumed('-p', '0', '-o', '7')).toEqual(['a7', 'a8', 'a9']);
    expect(await consumed('-p', '0', '-o', '-2')).toEqual(['a8', 'a9']);
    expect(await consumed('-p', '1')).toEqual(['b0', 'b1']);
    expect(await consumed('-o', 'end')).toEqual([]);
    expect(await consumed('-o', '@2001-01-01')).toHaveLength(12);
    expect((await consumed()).sort()).toHaveLength(12);
    expect(await consumed('-p', '0', '-c', '3')).toEqual(['a0', 'a1', 'a2']);
  });

  test('an empty topic ends at once', async () => {
    const name = await topic('empty');
    expect(await run(['consume', name, '-e'])).toMatchObject({ exitCode: 0, out: '' });
    const written = await run(['produce', name]);
    expect(written).toMatchObject({ exitCode: 0, err: `wrote 0 record(s), 0 bytes, to ${name}\n` });
  });

  test('a signal ends reading, with what was printed committed', async () => {
    const name = await topic('signal', '-p', '1');
    const group = `group-${name}`;
    await run(['produce', name], ['one\ntwo\n']);
    const io = new FakeIo();
    const consuming = run(['consume', name, '-g', group], [], io);
    await expect.poll(() => io.output.text, { timeout: 20_000 }).toBe('one\ntwo\n');
    io.interrupt();
    expect((await consuming).exitCode).toBe(0);
    expect(io.awaitsInterrupt).toBe(false);
    await run(['produce', name], ['three\n']);
    expect((await run(['consume', name, '-g', group, '-e'])).out).toBe('three\n');
    const described = await run(['groups', 'describe', group, '--format', 'json']);
    expect(json(described.out)).toMatchObject([
      { state: 'Empty', partitions: [{ committedOffset: 3, endOffset: 3, lag: 0 }] },
    ]);
    expect((await run(['groups', 'reset-offsets', group, '-t', name, '--shift-by', '-2'])).exitCode).toBe(0);
    expect((await run(['consume', name, '-g', group, '-e'])).out).toBe('two\nthree\n');
    expect((await run(['groups', 'delete', group])).out).toBe(`deleted group ${group}\n`);
    expect((await run(['groups', 'delete', group])).exitCode).toBe(3);
  });

  test('a signal ends writing, and says how far it came', async () => {
    const name = await topic('stop', '-p', '1');
    const io = new FakeIo(endless());
    const producing = run(['produce', name], [], io);
    await expect.poll(() => io.awaitsInterrupt, { timeout: 20_000 }).toBe(true);
    io.interrupt();
    const { exitCode, err } = await producing;
    expect(exitCode).toBe(130);
    expect(err).toContain('stopped before the end of the input');
  });

  test('nobody reading is no failure', async () => {
    const name = await topic('closed', '-p', '1');
    await run(['produce', name], ['one\ntwo\n']);
    const closed: ByteOutput = { isTerminal: false, write: () => Promise.reject(new OutputClosedError('closed')) };
    const io = new FakeIo();
    expect(await runCli(['-b', bootstrap, 'consume', name], { ...io, output: closed })).toBe(0);
  });
});

async function* endless(): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from('first\n');
  await new Promise(() => undefined);
}

describe('administration', () => {
  test('topics and configs', async () => {
    const name = await topic('admin', '-p', '2', '-c', 'retention.ms=5000000');
    expect((await run(['topics', 'create', name])).exitCode).toBe(1);
    expect((await run(['topics', 'create', name, '--if-not-exists'])).exitCode).toBe(0);
    expect((await run(['topics', 'list', '-q'])).out.split('\n')).toContain(name);
    expect(
      (await run(['topics', 'alter', name, '-p', '4', '-s', 'max.message.bytes=2000000', '-u', 'retention.ms']))
        .exitCode,
    ).toBe(0);
    await expect
      .poll(async () => json((await run(['topics', 'describe', name, '--format', 'json'])).out), { timeout: 20_000 })
      .toMatchObject([{ name, configs: { 'max.message.bytes': '2000000' }, partitions: [{}, {}, {}, {}] }]);
    const changed = await run(['topics', 'configs', name, '--changed', '--format', 'json']);
    expect(json(changed.out)).toMatchObject([{ name: 'max.message.bytes', value: '2000000', source: 'dynamic-topic' }]);
    const single = await run(['configs', 'describe', 'topic', name, 'retention.ms']);
    expect(single.out).toMatch(/^NAME +VALUE +SOURCE\nretention.ms +604800000 +default\n$/);
    const refused = await run(['configs', 'alter', 'topic', name, '-s', 'retention.ms=soon']);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain('INVALID_CONFIG');
    expect((await run(['topics', 'delete', name])).out).toBe(`deleted topic ${name}\n`);
    await expect.poll(async () => (await run(['topics', 'describe', name])).exitCode, { timeout: 20_000 }).toBe(3);
  });

  test('what does not exist ends in status 3', async () => {
    const nothing = 'no-such-topic-at-all';
    for (const args of [
      ['topics', 'describe', nothing],
      ['topics', 'delete', nothing],
      ['consume', nothing, '-e'],
      ['produce', nothing, '--no-create'],
      ['groups', 'describe', nothing],
      ['groups', 'reset-offsets', 'g', '-t', nothing, '--to-latest'],
    ])
      expect([args, (await run(args)).exitCode]).toEqual([args, 3]);
    const name = await topic('few', '-p', '1');
    expect((await run(['consume', name, '-p', '1', '-e'])).err).toContain('has no partition 1');
  });

  test('the cluster', async () => {
    const { out } = await run(['cluster', 'describe', '--log-dirs', '--format', 'json']);
    expect(json(out)).toMatchObject({ brokers: [{ port: broker.port }], logDirs: [{ error: null }] });
    expect((await run(['cluster', 'describe'])).out).toMatch(/^cluster [\w-]{22}\nBROKER/);
  });
});

describe('zerocopy explain', () => {
  test('reads the metrics of a broker that has them, and says how to switch them on', async () => {
    const measured = await startBroker({ config: { 'millrace.metrics.port': 0 } });
    try {
      const ask = async (...args: readonly string[]) => {
        const io = new FakeIo();
        const exitCode = await runCli(['-b', measured.bootstrapServers, ...args], io);
        return { exitCode, out: io.output.text, err: io.errors.text };
      };
      await runCli(['-b', measured.bootstrapServers, 'produce', 'explained'], new FakeIo(chunks('one\ntwo\n')));
      expect((await ask('consume', 'explained', '-e')).out).toBe('one\ntwo\n');
      const url = `http://127.0.0.1:${measured.metricsPort}/metrics`;
      const { exitCode, out } = await ask('zerocopy', 'explain', 'explained', '--metrics-url', url, '--format', 'json');
      expect(exitCode).toBe(0);
      const document = json(out) as { brokers: ReadonlyArray<{ topic: { bytes: number } }> };
      expect(document).toMatchObject({
        topic: 'explained',
        brokers: [
          {
            brokerId: 1,
            sendfileMinBytes: 32768,
            topic: { copiedShare: 1, bytesCopied: { cold: 0 } },
            clients: [{ clientId: 'millrace-cli', bytes: document.brokers[0]?.topic.bytes }],
          },
        ],
      });
      expect(await ask('zerocopy', 'explain', 'explained')).toMatchObject({
        exitCode: 1,
        err: expect.stringContaining('--metrics-url') as string,
      });
    } finally {
      await measured.close();
    }
    const name = await topic('unmeasured', '-p', '1');
    const off = await run(['zerocopy', 'explain', name]);
    expect(off).toMatchObject({ exitCode: 1, out: '' });
    expect(off.err).toContain('--set millrace.metrics.port=');
  });
});

describe('as a process', () => {
  const main = join(import.meta.dirname, '../../../dist/bin/main.js');

  function start(...args: readonly string[]) {
    if (!existsSync(main)) throw new Error(`${main} is missing: run "npm run build" first`);
    return spawn(process.execPath, [main, '-b', bootstrap, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  const exitOf = (child: ReturnType<typeof start>): Promise<number | null> =>
    new Promise((resolve) => child.once('close', (code) => resolve(code)));

  test('pipes in and out, more than fits in them', async () => {
    const name = await topic('pipes', '-p', '1');
    const content = noise(3_000_000);
    const producing = start('produce', name, '--chunk-bytes', '100000');
    const produced = exitOf(producing);
    producing.stdin.end(content);
    expect(await produced).toBe(0);
    const consuming = start('consume', name, '-e', '-f', 'raw');
    const consumed = exitOf(consuming);
    const parts: Buffer[] = [];
    for await (const part of consuming.stdout) parts.push(part as Buffer);
    expect(await consumed).toBe(0);
    expect(Buffer.concat(parts).equals(content)).toBe(true);
    // As `| head -c 1` does.
    const cut = start('consume', name, '-f', 'raw');
    const ended = exitOf(cut);
    cut.stdout.once('data', () => cut.stdout.destroy());
    expect(await ended).toBe(0);
  });

  test('Ctrl-C ends consume', async () => {
    const name = await topic('interrupt', '-p', '1');
    await run(['produce', name], ['here\n']);
    const consuming = start('consume', name);
    const ended = exitOf(consuming);
    consuming.stdout.once('data', () => consuming.kill('SIGINT'));
    expect(await ended).toBe(0);
  });
});
