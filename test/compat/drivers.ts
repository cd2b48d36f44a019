import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';

const here = join(dirname(fileURLToPath(import.meta.url)), 'drivers');
/** Where `test/compat/install-clients` builds the clients that need a compiler; none of them is needed for `npm test`. */
const home = process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat');

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof codecs)[number];

/** One client library behind the two commands of `drivers/README.md`. */
export interface Driver {
  readonly name: string;
  readonly codecs: readonly Codec[];
  /** `producer/codec` that this client cannot read, from any broker. */
  readonly cannotRead?: readonly string[];
  /** Undefined when it cannot run here; then `missing` says what is missing. */
  readonly command: readonly string[] | undefined;
  readonly missing: string;
}

function kafkaJars(): string | undefined {
  const root = process.env.REAL_KAFKA_HOME ?? join(homedir(), '.cache/real-kafka');
  if (!existsSync(root)) return undefined;
  const version = readdirSync(root).find((entry) => existsSync(join(root, entry, 'libs/.complete')));
  return version === undefined ? undefined : join(root, version, 'libs');
}

/** Every driver, installed or not. */
export async function findDrivers(): Promise<Driver[]> {
  const node = process.execPath;
  const jars = kafkaJars();
  const python = '/usr/bin/python3';
  const all: Driver[] = [
    { name: 'kcat', codecs, command: [join(here, 'kcat.sh')], missing: 'Debian package kcat' },
    {
      name: 'confluent-python',
      codecs,
      command: [python, join(here, 'confluent.py')],
      missing: 'python3-confluent-kafka',
    },
    {
      name: 'kafka-python',
      codecs: ['none', 'gzip'],
      command: [python, join(here, 'kafka_python.py')],
      missing: 'Debian package python3-kafka',
    },
    { name: 'kafkajs', codecs: ['none', 'gzip'], command: [node, join(here, 'kafkajs.mjs')], missing: 'npm ci' },
    {
      name: 'platformatic',
      // Its zstd is node:zlib's, which Node has from 22.15 on; its snappy cannot read Java's framing (with Kafka 4.3.1 neither).
      codecs: 'zstdCompressSync' in zlib ? codecs : codecs.filter((codec) => codec !== 'zstd'),
      cannotRead: ['java/snappy'],
      command: [node, join(here, 'platformatic.mjs')],
      missing: 'npm ci',
    },
    {
      name: 'confluent-kafka-javascript',
      codecs,
      command: existsSync(join(home, 'npm/node_modules/@confluentinc/kafka-javascript/build/Release'))
        ? [node, join(here, 'rdkafka_node.mjs')]
        : undefined,
      missing: 'test/compat/install-clients',
    },
    {
      name: 'java',
      codecs,
      command:
        jars !== undefined && existsSync(join(home, 'java/KafkaJava.class'))
          ? [
              'java',
              '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
              '-cp',
              `${jars}/*:${join(home, 'java')}`,
              'KafkaJava',
            ]
          : undefined,
      missing: 'test/compat/install-clients (needs Java)',
    },
    {
      name: 'franz-go',
      codecs,
      command: existsSync(join(home, 'franz-go')) ? [join(home, 'franz-go')] : undefined,
      missing: 'test/compat/install-clients (needs Go)',
    },
  ];
  return Promise.all(
    all.map(async (driver) => {
      // What was compiled by install-clients is there when its file is.
      if (driver.command === undefined || driver.name === 'java' || driver.name === 'franz-go') return driver;
      const probe = await run(driver, ['probe'], 20_000);
      return probe.status === 77 || probe.status === 127 ? { ...driver, command: undefined } : driver;
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
