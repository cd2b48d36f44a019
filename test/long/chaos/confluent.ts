import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Load, LoadContext } from './load.js';

const python = '/usr/bin/python3';
const script = join(dirname(fileURLToPath(import.meta.url)), 'confluent_client.py');

/** Whether librdkafka can be had here. */
export function hasConfluent(): boolean {
  return spawnSync(python, ['-c', 'import confluent_kafka']).status === 0;
}

interface Line {
  readonly e: 'send' | 'ack' | 'failed' | 'error' | 'poll' | 'done';
  readonly p: number;
  readonly v?: string;
  /** Null: librdkafka was not told, since a later batch was acknowledged first. */
  readonly o: number | null;
  readonly why: string;
}

/** librdkafka as a producer, or as a consumer that reads along. */
export class ConfluentClient implements Load {
  private readonly child: ChildProcess;
  private readonly ended: Promise<string>;
  private failure = '';
  private done = false;

  constructor(
    private readonly mode: 'produce' | 'consume',
    private readonly name: string,
    private readonly context: LoadContext,
    seed: number,
  ) {
    const { port, topic, partitions } = context;
    const args = [script, mode, `127.0.0.1:${port}`, topic, String(partitions), name, String(seed)];
    this.child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let errors = '';
    this.child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    if (this.child.stdout !== null)
      createInterface({ input: this.child.stdout }).on('line', (line) => this.take(JSON.parse(line) as Line));
    this.ended = new Promise((resolve) => this.child.on('close', (code) => resolve(`exit ${code}: ${errors}`)));
  }

  private take({ e, p: partition, v: value = '', o, why }: Line): void {
    const { context, name } = this;
    const offset = o ?? -1;
    switch (e) {
      case 'send':
        context.record({ kind: 'send', producer: name, partition, value });
        return;
      case 'ack':
        context.record({ kind: 'ack', producer: name, partition, value, offset });
        return;
      case 'poll':
        context.record({ kind: 'poll', consumer: name, session: 0, partition, offset, value });
        return;
      case 'failed':
      case 'error':
        this.failure ||= `${e} ${value}: ${why}`;
        return;
      case 'done':
        this.done = true;
    }
  }

  abort(): void {
    this.child.kill('SIGKILL');
  }

  async finish(): Promise<void> {
    this.child.stdin?.end();
    const end = await this.ended;
    if (this.failure !== '') throw new Error(`${this.name} (${this.mode}) was refused for good: ${this.failure}`);
    if (!this.done) throw new Error(`${this.name} (${this.mode}): ${end}`);
  }
}
