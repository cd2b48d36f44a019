import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import { TalkingProcess } from '../support/talking_process.js';

const here = join(dirname(fileURLToPath(import.meta.url)), 'drivers');
/** Where `test/compat/install-clients` builds the clients that need a compiler; none of them is needed for `npm test`. */
const home = process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat');

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof codecs)[number];

export const adminSteps = [
  'created',
  'listed',
  'partitions',
  'retention',
  'group',
  'committed',
  'groupDeleted',
  'deleted',
] as const;
export type AdminStep = (typeof adminSteps)[number];

/** One client library behind the two commands of `drivers/README.md`. */
export interface Driver {
  readonly name: string;
  readonly codecs: readonly Codec[];
  /** What `admin` must show. */
  readonly admin: readonly AdminStep[];
  /** It knows the assignors range or roundrobin under the names that others use, so it can be in a group with them. */
  readonly mixes: boolean;
  /** `producer/codec` that this client cannot read, from any broker. */
  readonly cannotRead?: readonly string[];
  /** Undefined when it cannot run here; then `missing` says what is missing. */
  readonly command: readonly string[] | undefined;
  readonly missing: string;
}

export function kafkaJars(): string | undefined {
  const root = process.env.REAL_KAFKA_HOME ?? join(homedir(), '.cache/real-kafka');
  if (!existsSync(root)) return undefined;
  const version = readdirSync(root).find((entry) => existsSync(join(root, entry, 'libs/.complete')));
  return version === undefined ? undefined : join(root, version, 'libs');
}

/** A driver that install-clients compiles is named after its source: one made from other source is not there. */
function compiled(kind: string, ...sources: readonly string[]): string {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(join(here, source)));
  return join(home, `${kind}-${hash.digest('hex').slice(0, 12)}`);
}

/** Every driver, installed or not. */
export async function findDrivers(): Promise<Driver[]> {
  const node = process.execPath;
  const jars = kafkaJars();
  const python = '/usr/bin/python3';
  const javaClasses = compiled('java', 'KafkaJava.java');
  const franzGo = compiled('franz-go', 'go/main.go', 'go/group_member.go');
  const all: Driver[] = [
    // It has no admin; `-L` and `-Q` are in other tests.
    {
      name: 'kcat',
      codecs,
      admin: [],
      mixes: true,
      command: [join(here, 'kcat.sh')],
      missing: 'Debian package kcat',
    },
    {
      name: 'confluent-python',
      codecs,
      // Its library of Debian 12 cannot delete groups yet.
      admin: adminSteps.filter((step) => step !== 'groupDeleted'),
      mixes: true,
      command: [python, join(here, 'confluent.py')],
      missing: 'python3-confluent-kafka',
    },
    {
      name: 'kafka-python',
      // The others are there when their Debian packages are; `probe` tells.
      codecs: ['none', 'gzip'],
      admin: adminSteps,
      mixes: true,
      command: [python, join(here, 'kafka_python.py')],
      missing: 'Debian package python3-kafka',
    },
    {
      name: 'kafkajs',
      codecs: ['none', 'gzip'],
      admin: adminSteps,
      // Its assignor is called RoundRobinAssigner.
      mixes: false,
      command: [node, join(here, 'kafkajs.mjs')],
      missing: 'npm ci',
    },
    {
      name: 'platformatic',
      // Its zstd is node:zlib's, which Node has from 22.15 on; its snappy cannot read the framing of Java (with Kafka 4.3.1 neither) and kafka-python (not tried there).
      codecs: 'zstdCompressSync' in zlib ? codecs : codecs.filter((codec) => codec !== 'zstd'),
      cannotRead: ['java/snappy', 'kafka-python/snappy'],
      admin: adminSteps,
      mixes: true,
      command: [node, join(here, 'platformatic.mjs')],
      missing: 'npm ci',
    },
    {
      name: 'confluent-kafka-javascript',
      codecs,
      // It has no configs.
      admin: adminSteps.filter((step) => step !== 'retention'),
      mixes: true,
      command: existsSync(join(home, 'npm/node_modules/@confluentinc/kafka-javascript/build/Release'))
        ? [node, join(here, 'rdkafka_node.mjs')]
        : undefined,
      missing: 'test/compat/install-clients',
    },
    {
      name: 'java',
      codecs,
      admin: adminSteps,
      mixes: true,
      command:
        jars !== undefined && existsSync(join(javaClasses, 'KafkaJava.class'))
          ? ['java', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', `${jars}/*:${javaClasses}`, 'KafkaJava']
          : undefined,
      missing: 'test/compat/install-clients (needs Java)',
    },
    {
      name: 'franz-go',
      codecs,
      admin: adminSteps,
      mixes: true,
      command: existsSync(franzGo) ? [franzGo] : undefined,
      missing: 'test/compat/install-clients (needs Go)',
    },
  ];
  return Promise.all(
    all.map(async (driver) => {
      // What was compiled by install-clients is there when its file is.
      if (driver.command === undefined || driver.name === 'java' || driver.name === 'franz-go') return driver;
      const probe = await run(driver, ['probe'], 20_000);
      if (probe.status === 77 || probe.status === 127) return { ...driver, command: undefined };
      const line = probe.stdout.trim();
      return line === '' ? driver : { ...driver, ...(JSON.parse(line) as { codecs: Codec[] }) };
    }),
  );
}

export interface RunResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of a driver to its end; it is killed after `timeoutMs`. */
export async function run(driver: Driver, args: readonly string[], timeoutMs: number): Promise<RunResult> {
  const [program, ...first] = driver.command ?? [];
  if (program === undefined) throw new Error(`${driver.name} is not installed: ${driver.missing}`);
  return new Promise((resolve) => {
    const child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => {
      clearTimeout(killer);
      resolve({ status: 127, stdout, stderr: error.message });
    });
    child.on('close', (status) => {
      clearTimeout(killer);
      resolve({ status, stdout, stderr });
    });
  });
}

/** A client in a group, as a process: what it was assigned last, and everything it read. */
export class Member {
  assigned: readonly number[] = [];
  /** Offsets by partition, as they came. */
  readonly read = new Map<number, number[]>();
  private readonly process: TalkingProcess;

  constructor(
    readonly driver: Driver,
    bootstrapServers: string,
    topic: string,
    group: string,
  ) {
    const [program = '', ...first] = driver.command ?? [];
    const args = [...first, 'member', bootstrapServers, topic, group];
    this.process = new TalkingProcess(program, args, (said) => this.hear(said as Said));
  }

  get ended(): Promise<number | null> {
    return this.process.ended;
  }

  has(partition: number, offset: number): boolean {
    return this.read.get(partition)?.includes(offset) ?? false;
  }

  get problem(): string {
    return `${this.driver.name}: ${this.process.errors}`;
  }

  leave(): void {
    this.process.leave();
  }

  kill(): void {
    this.process.kill();
  }

  private hear(said: Said): void {
    if ('assigned' in said) this.assigned = said.assigned;
    else this.read.set(said.p, [...(this.read.get(said.p) ?? []), said.o]);
  }
}

type Said = { readonly assigned: readonly number[] } | { readonly p: number; readonly o: number };
