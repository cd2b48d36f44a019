import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createTopic } from '../../integration/produce_fetch.js';
import { WireClient } from '../../support/wire_client.js';

const main = join(import.meta.dirname, '../../../dist/bin/main.js');
const directories: string[] = [];
const started: Foreground[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) {
    one.kill('SIGKILL');
    await one.ended;
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-start-'));
  directories.push(directory);
  return directory;
}

interface Line {
  readonly level: string;
  readonly msg: string;
}

/** `millrace start` as a process; what it logs is JSON, since this is no terminal. */
class Foreground {
  /** Exit status or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  private text = '';
  private isOver = false;
  private look = () => {};
  private readonly child;

  constructor(...args: readonly string[]) {
    if (!existsSync(main)) throw new Error(`${main} is missing: run "npm run build" first`);
    this.child = spawn(process.execPath, [main, 'start', '--port', '0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.text += chunk;
        this.look();
      });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (status, signal) => {
        this.isOver = true;
        this.look();
        resolve(status ?? signal);
      });
    });
    started.push(this);
  }

  get lines(): readonly Line[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  }

  get messages(): readonly string[] {
    return this.lines.map(({ msg }) => msg);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the groups of `pattern` once it is in what was logged. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      this.look = () => {
        const match = pattern.exec(this.text);
        if (match !== null) resolve(match);
        else if (this.isOver) reject(new Error(`ended without ${pattern}: ${this.text}`));
      };
      this.look();
    });
  }

  async port(): Promise<number> {
    return Number((await this.until(/"bootstrapServers":"[^"]*:(\d+)"/))[1]);
  }
}

const unclean = /was not closed in an orderly way/;

/** A data directory with a topic, closed in an orderly way: from now on a start tells when the stop before was none. */
async function prepared(partitions: number): Promise<string> {
  const data = temporary();
  const broker = new Foreground('--data', data);
  const client = await WireClient.connect(await broker.port());
  await createTopic(client, 'some', partitions);
  broker.kill('SIGTERM');
  expect(await broker.ended).toBe(0);
  return data;
}

/** Starts again on `data`: what it says about the stop before, if anything. */
async function nextStart(data: string): Promise<boolean> {
  const again = new Foreground('--data', data);
  await again.port();
  again.kill('SIGTERM');
  expect(await again.ended).toBe(0);
  return again.messages.some((message) => unclean.test(message));
}

describe('Ctrl-C', () => {
  it('stops in an orderly way and says how far it is', async () => {
    const data = await prepared(5);
    const broker = new Foreground('--data', data);
    await broker.port();
    broker.kill('SIGINT');
    expect(await broker.ended).toBe(0);
    expect(broker.messages.slice(-3)).toEqual([
      'SIGINT: stopping in an orderly way; once more stops at once',
      'closed 5 of 5 logs',
      'stopped',
    ]);
    expect(await nextStart(data)).toBe(false);
  });

  it('is heard while the broker starts', async () => {
    const data = await prepared(100);
    const crashed = new Foreground('--data', data);
    await crashed.port();
    crashed.kill('SIGKILL');
    await crashed.ended;
    const broker = new Foreground('--data', data);
    await broker.until(unclean);
    broker.kill('SIGINT');
    expect(await broker.ended).toBe(0);
    expect(broker.messages.at(-1)).toBe('stopped');
    // Logs that were not loaded yet are left as they are; else the stop is a clean one.
    expect(await nextStart(data)).toBe(broker.messages.some((message) => /logs were not loaded/.test(message)));
  });

  it('is heard while the advertised address is tried', async () => {
    const data = await prepared(1);
    // Of a network that is reserved for documentation: nobody answers, and nobody refuses.
    const broker = new Foreground('--data', data, '--set', 'advertised.listeners=PLAINTEXT://192.0.2.1:9092');
    await broker.until(/ready on/);
    broker.kill('SIGINT');
    expect(await broker.ended).toBe(0);
    expect(broker.messages.at(-1)).toBe('stopped');
    // Logs that were not loaded yet are left as they are; else the stop is a clean one.
    expect(await nextStart(data)).toBe(broker.messages.some((message) => /logs were not loaded/.test(message)));
  });

  it('stops at once the second time, whatever the first one waits for', async () => {
    const data = await prepared(1);
    const broker = new Foreground('--data', data);
    await broker.port();
    // A file that cannot be opened for writing until somebody reads it: the orderly stop hangs there for ever.
    execFileSync('mkfifo', [join(data, 'recovery-point-offset-checkpoint.tmp')]);
    broker.kill('SIGINT');
    await broker.until(/stopping in an orderly way/);
    // Until it is long enough after the first to be a second press.
    const pressing = setInterval(() => broker.kill('SIGINT'), 50);
    const how = await broker.ended;
    clearInterval(pressing);
    expect(how).toBe('SIGINT');
    expect(broker.messages).not.toContain('stopped');
    expect(broker.messages.at(-1)).toBe('SIGINT again: stopping at once; logs are recovered at the next start');
    rmSync(join(data, 'recovery-point-offset-checkpoint.tmp'));
    expect(await nextStart(data)).toBe(true);
  });
});

describe('what is wrong is said in one sentence', () => {
  async function refused(...args: readonly string[]): Promise<string> {
    const broker = new Foreground(...args);
    expect(await broker.ended).toBe(1);
    const [line, ...more] = broker.lines;
    expect(more).toEqual([]);
    expect(line?.level).toBe('fatal');
    return line?.msg ?? '';
  }

  it('a busy port', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      expect(await refused('--data', temporary(), '--port', String(port))).toBe(
        `127.0.0.1 ${port} is in use by another process: stop it (\`ss -ltnp\` shows who it is), or choose another port in listeners`,
      );
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('a data directory of somebody else, of another broker, in use, or no directory', async () => {
    const foreign = temporary();
    writeFileSync(join(foreign, 'thesis.tex'), '');
    expect(await refused('--data', foreign)).toBe(
      `the data directory ${foreign} is not empty (thesis.tex) and has no meta.properties: it is not a broker's; use an empty one`,
    );
    const file = join(foreign, 'thesis.tex');
    expect(await refused('--data', file)).toMatch(/^the data directory .*thesis\.tex cannot be used .*may write to$/);
    const data = temporary();
    const broker = new Foreground('--data', data);
    await broker.port();
    expect(await refused('--data', data)).toMatch(/is in use by another broker: stop that one, or give this one/);
    broker.kill('SIGINT');
    await broker.ended;
    expect(await refused('--data', data, '--set', 'node.id=7')).toMatch(
      /belongs to node 1, but this broker is node 7: set node\.id=1 or use another data directory$/,
    );
  });

  it('a config with a wrong value, and one that is not there yet', async () => {
    expect(await refused('--data', temporary(), '--set', 'num.partitions=many')).toMatch(/num\.partitions/);
    expect(await refused('--config', join(temporary(), 'server.properties'))).toMatch(
      /server\.properties does not exist: name a server\.properties file with --config$/,
    );
  });

  it.each([['127.0.0.1:1'], ['no-such-host.invalid:9092']])(
    'an advertised listener nobody can reach: %s',
    async (to) => {
      const broker = new Foreground('--data', temporary(), '--set', `advertised.listeners=PLAINTEXT://${to}`);
      await broker.until(/clients are told/);
      const warnings = broker.lines.filter(({ level }) => level === 'warn');
      expect(warnings).toHaveLength(1);
      expect(warnings[0]?.msg).toMatch(
        /^clients are told to connect to \S+ \(listener PLAINTEXT\), but this machine cannot reach it \(.*\): set advertised\.listeners to an address that clients can reach$/,
      );
    },
  );
});

describe('settings', () => {
  it('takes the listeners from --port, not from the file, and what is advertised for them from --set', async () => {
    const file = join(temporary(), 'server.properties');
    // What Kafka 4 ships.
    writeFileSync(
      file,
      [
        'process.roles=broker,controller',
        'node.id=1',
        'controller.quorum.bootstrap.servers=localhost:9093',
        'listeners=PLAINTEXT://:9092,CONTROLLER://:9093',
        'inter.broker.listener.name=PLAINTEXT',
        'advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
        'controller.listener.names=CONTROLLER',
        'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
        'num.network.threads=3',
        'num.io.threads=8',
        'socket.send.buffer.bytes=102400',
        'socket.receive.buffer.bytes=102400',
        'socket.request.max.bytes=104857600',
        `log.dirs=${join(temporary(), 'kraft-combined-logs')}`,
        'num.partitions=1',
        'num.recovery.threads.per.data.dir=1',
        'offsets.topic.replication.factor=1',
        'share.coordinator.state.topic.replication.factor=1',
        'share.coordinator.state.topic.min.isr=1',
        'transaction.state.log.replication.factor=1',
        'transaction.state.log.min.isr=1',
        'log.retention.hours=168',
        'log.segment.bytes=1073741824',
        'log.retention.check.interval.ms=300000',
        '',
      ].join('\n'),
    );
    const plain = new Foreground('--config', file);
    expect((await plain.until(/"bootstrapServers":"([^"]*)"/))[1]).toMatch(/^127\.0\.0\.1:\d+$/);
    plain.kill('SIGINT');
    expect(await plain.ended).toBe(0);
    const advertised = new Foreground('--config', file, '--set', 'advertised.listeners=PLAINTEXT://localhost:1234');
    expect((await advertised.until(/"bootstrapServers":"([^"]*)"/))[1]).toBe('localhost:1234');
  });
});
