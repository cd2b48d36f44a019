import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeBatch } from '../../src/records/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { BrokerProcess } from './broker_process.js';
import { committedValues } from './committed_values.js';
import { Prng } from './prng.js';
import { WireClient } from './wire_client.js';

const python = '/usr/bin/python3';
const program = join(import.meta.dirname, '../compat/drivers/transactions/transform.py');
const partitions = 3;
const workers = 2;
/** Records that come before each kill. */
const perRound = 60;
const settings = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '100',
  'offsets.topic.num.partitions': '2',
  'transaction.state.log.num.partitions': '2',
};

/** librdkafka for Python is there. */
export function canTransform(): boolean {
  return spawnSync(python, ['-c', 'import confluent_kafka']).status === 0;
}

export interface ExactlyOnceResult {
  readonly brokerKills: number;
  readonly workerKills: number;
  /** Workers that ended by themselves, fenced or after a failed transaction, and were started again. */
  readonly restarts: number;
  readonly records: number;
  /** Values that are in the output more than once, or not at all; or that nobody wrote. */
  readonly repeated: readonly string[];
  readonly missing: readonly string[];
  readonly strange: readonly string[];
  /** Places where a partition's records are not in the order of the input. */
  readonly disordered: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Consume, transform, produce: two processes copy a topic in transactions that hold their offsets, while the broker and they
 * are killed with SIGKILL. Every record must come out once. A seed draws the same kills again.
 */
export async function runExactlyOnce(rounds: number, seed: number): Promise<ExactlyOnceResult> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-test-eos-'));
  const run = await ExactlyOnce.begin(dataDirectory, new Prng(seed));
  try {
    for (let round = 0; round < rounds; round += 1) await run.round(round);
    return await run.end(rounds);
  } finally {
    await run.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

class ExactlyOnce {
  private readonly children = new Map<number, ChildProcess>();
  private readonly sent: string[][] = Array.from({ length: partitions }, () => []);
  private brokerKills = 0;
  private workerKills = 0;
  private restarts = 0;
  private closing = false;

  private constructor(
    private readonly dataDirectory: string,
    private readonly random: Prng,
    private broker: BrokerProcess,
  ) {}

  static async begin(dataDirectory: string, random: Prng): Promise<ExactlyOnce> {
    const broker = await BrokerProcess.start(dataDirectory, settings);
    const run = new ExactlyOnce(dataDirectory, random, broker);
    const client = await WireClient.connect(broker.port);
    await createTopic(client, 'in', partitions);
    await createTopic(client, 'out', partitions);
    client.close();
    for (let worker = 0; worker < workers; worker += 1) run.startWorker(worker);
    return run;
  }

  private startWorker(worker: number): void {
    const args = [program, `127.0.0.1:${this.broker.port}`, 'in', 'out', 'copiers', `copier-${worker}`];
    const child = spawn(python, args, { stdio: 'ignore' });
    this.children.set(worker, child);
    child.on('exit', (_, signal) => {
      if (this.closing || signal === 'SIGKILL') return;
      this.restarts += 1;
      this.startWorker(worker);
    });
  }

  async round(round: number): Promise<void> {
    await this.feed(round);
    await pause(100 + this.random.below(500));
    const victim = this.random.below(4);
    if (victim < 2) {
      await this.broker.end('SIGKILL');
      this.brokerKills += 1;
      this.broker = await BrokerProcess.start(this.dataDirectory, settings, this.broker.port);
      return;
    }
    const worker = victim - 2;
    this.children.get(worker)?.kill('SIGKILL');
    this.workerKills += 1;
    this.startWorker(worker);
  }

  /** The broker is up: what is sent is there once. */
  private async feed(round: number): Promise<void> {
    const client = await WireClient.connect(this.broker.port);
    for (let partition = 0; partition < partitions; partition += 1) {
      const values = Array.from({ length: perRound / partitions }, (_, n) => `${round}-${partition}-${n}`);
      const records = encodeBatch({
        records: values.map((value) => ({ timestampMs: Date.now(), value: Buffer.from(value) })),
      });
      const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: 'in', partitionData: [{ index: partition, records }] }],
      });
      const error = response.responses[0]?.partitionResponses[0]?.errorCode;
      if (error !== 0) throw new Error(`the input was refused with error ${error}`);
      this.sent[partition]?.push(...values);
    }
    client.close();
  }

  async end(rounds: number): Promise<ExactlyOnceResult> {
    const client = await WireClient.connect(this.broker.port);
    await this.untilCopied(client);
    const found: string[] = [];
    let disordered = 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      const values = await committedValues(client, 'out', partition);
      if (values.join() !== this.sent[partition]?.join()) disordered += 1;
      found.push(...values);
    }
    client.close();
    const wanted = new Set(this.sent.flat());
    const counts = new Map<string, number>();
    for (const value of found) counts.set(value, (counts.get(value) ?? 0) + 1);
    return {
      brokerKills: this.brokerKills,
      workerKills: this.workerKills,
      restarts: this.restarts,
      records: rounds * perRound,
      repeated: [...counts].flatMap(([value, count]) => (count > 1 ? [value] : [])),
      missing: [...wanted].filter((value) => !counts.has(value)),
      strange: [...counts.keys()].filter((value) => !wanted.has(value)),
      disordered,
    };
  }

  private async untilCopied(client: WireClient): Promise<void> {
    const topics = [{ name: 'in', partitionIndexes: [0, 1, 2] }];
    const body = { groups: [{ groupId: 'copiers', topics }], requireStable: true };
    for (let left = 1200; left > 0; left -= 1) {
      const answer = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, body);
      const offsets = answer.groups[0]?.topics[0]?.partitions ?? [];
      const isDone = offsets.every(
        ({ partitionIndex, committedOffset }) => committedOffset === this.sent[partitionIndex]?.length,
      );
      if (offsets.length === partitions && isDone) return;
      await pause(50);
    }
    throw new Error('the workers did not come to the end of the input within a minute');
  }

  async close(): Promise<void> {
    this.closing = true;
    for (const child of this.children.values()) child.kill('SIGKILL');
    await this.broker.end('SIGKILL');
  }
}
