import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { createTopic } from '../../integration/produce_fetch.js';
import { BrokerProcess } from '../../support/broker_process.js';
import { type Anomaly, checkHistory, finalReader } from '../../support/history.js';
import { Prng } from '../../support/prng.js';
import { SmallDisk } from '../../support/small_disk.js';
import { WireClient } from '../../support/wire_client.js';
import { Committer } from './committer.js';
import { ConfluentClient } from './confluent.js';
import { KafkajsProducer } from './kafkajs_producer.js';
import { type Load, LoadContext } from './load.js';
import { poll, Reader } from './reader.js';
import { WireProducer } from './wire_producer.js';

export interface CampaignOptions {
  readonly seed: number;
  readonly kills: number;
  /** `millrace.flush.mode`. */
  readonly flushMode: 'group' | 'os';
  /** librdkafka as well. */
  readonly confluent: boolean;
  readonly onProgress?: (text: string) => void;
}

export interface CampaignResult {
  readonly kills: number;
  readonly stops: number;
  /** Times the disk was full; -1: no disk of its own could be had, and why. */
  readonly fullDisks: number;
  readonly noDisk: string;
  readonly killsWhileFull: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly read: number;
  readonly commits: number;
  readonly refusals: ReadonlyMap<number, number>;
  readonly anomalies: readonly Anomaly[];
  /** Half-written files that are left. */
  readonly leftOver: readonly string[];
}

const topic = 'chaos';
const partitions = 3;
const diskBytes = 64 * 1024 * 1024;
const reserveBytes = 2 * 1024 * 1024;
/** From so much on the log itself is what is deleted to make room. */
const deletableBytes = 8 * 1024 * 1024;
/** Anything that takes longer than that does not come any more. */
const patienceMs = 60_000;

/**
 * One broker process under load from idempotent producers, while it is killed, stopped and its disk fills up, at moments drawn from
 * the seed. What clients saw is judged by `support/history.ts`.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
  const disk = SmallDisk.mount(directory, diskBytes);
  const campaign = new Campaign(options, directory, typeof disk === 'string' ? undefined : disk);
  try {
    return await campaign.run(typeof disk === 'string' ? disk : '');
  } finally {
    await campaign.end();
    if (typeof disk !== 'string') disk.unmount();
    rmSync(directory, { recursive: true, force: true });
  }
}

function total(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

class Campaign {
  private readonly prng: Prng;
  private readonly data: string;
  private broker: BrokerProcess | undefined;
  private context: LoadContext | undefined;
  private loads: readonly Load[] = [];
  private port = 0;
  private kills = 0;
  private stops = 0;
  private fullDisks = 0;
  private killsWhileFull = 0;

  constructor(
    private readonly options: CampaignOptions,
    directory: string,
    private readonly disk: SmallDisk | undefined,
  ) {
    this.prng = new Prng(options.seed);
    this.data = join(directory, 'data');
  }

  async end(): Promise<void> {
    if (this.context !== undefined) this.context.aborted = true;
    for (const load of this.loads) load.abort?.();
    await this.broker?.end('SIGKILL');
  }

  async run(noDisk: string): Promise<CampaignResult> {
    const { options, prng } = this;
    await this.start();
    const client = await WireClient.connect(this.port);
    await createTopic(client, topic, partitions, { 'segment.bytes': '1048576', 'retention.ms': '-1' });
    client.close();
    const context = new LoadContext(this.port, topic, partitions, () => prng.below(1 << 20) / (1 << 20), 400);
    const reader = new Reader('reader', context);
    const loads: Load[] = [
      new WireProducer('wire-a', context),
      new WireProducer('wire-b', context),
      new KafkajsProducer('kafkajs', context),
      new Committer('group', context),
    ];
    if (options.confluent)
      for (const mode of ['produce', 'consume'] as const)
        loads.push(new ConfluentClient(mode, `librdkafka-${mode}`, context, options.seed));
    this.context = context;
    this.loads = loads;
    while (this.kills < options.kills) {
      await this.hurt(context, reader);
      if (context.failure !== undefined) throw context.failure;
    }
    options.onProgress?.('faults are over, everybody finishes');
    for (const load of loads) await this.within(load.finish(), 'a load did not finish');
    await this.within(reader.finish(), 'the reader did not finish');
    await this.readAll(context);
    return this.result(context, noDisk);
  }

  private async start(): Promise<void> {
    const settings = {
      'millrace.flush.mode': this.options.flushMode,
      'millrace.disk.reserve.bytes': String(reserveBytes),
      'millrace.disk.check.interval.ms': '50',
      'offsets.topic.num.partitions': '3',
      'group.initial.rebalance.delay.ms': '0',
      'log.segment.delete.delay.ms': '1000',
    };
    this.broker = await this.within(BrokerProcess.start(this.data, settings, this.port), 'the broker did not start');
    this.port = this.broker.port;
  }

  private async kill(): Promise<void> {
    await this.broker?.end('SIGKILL');
    this.kills += 1;
    if (this.kills % 25 === 0) this.options.onProgress?.(`${this.kills} kills`);
    await this.start();
  }

  private async hurt(context: LoadContext, reader: Reader): Promise<void> {
    const { prng } = this;
    await sleep(20 + prng.below(250));
    const dice = prng.below(100);
    if (dice < 20 && this.disk !== undefined) return this.fillUp(this.disk, context, reader);
    if (dice < 35) return this.stop();
    return this.kill();
  }

  private async stop(): Promise<void> {
    const { prng } = this;
    const pid = this.broker?.pid ?? 0;
    this.stops += 1;
    process.kill(pid, 'SIGSTOP');
    await sleep(10 + prng.below(700));
    if (prng.below(2) === 0) await this.kill();
    else process.kill(pid, 'SIGCONT');
  }

  /** Others take the disk: sometimes down to the reserve, sometimes to the last byte. */
  private async fillUp(disk: SmallDisk, context: LoadContext, reader: Reader): Promise<void> {
    const { prng } = this;
    this.fullDisks += 1;
    const toTheLast = prng.below(4) === 0;
    const leaveBytes = toTheLast ? 0 : reserveBytes / 2 + prng.below(reserveBytes / 4);
    disk.fill(leaveBytes);
    const refusedBefore = total(context.refusals);
    if (prng.below(2) === 0) {
      this.killsWhileFull += 1;
      await this.kill();
    }
    await this.until(() => total(context.refusals) > refusedBefore, context, 'nobody was refused on a full disk');
    if (!toTheLast) {
      const { commits } = context;
      await this.until(() => context.commits > commits, context, 'commits do not go on while the disk is full');
    }
    // Two ways out: records are deleted, or the others go.
    if (this.logBytes() > deletableBytes) await this.deleteRecords(context, reader);
    else disk.free();
    const acknowledged = context.acknowledgements;
    await this.until(
      () => context.acknowledgements > acknowledged,
      context,
      'writes do not go on although there is room again',
    );
    disk.free();
  }

  private logBytes(): number {
    let bytes = 0;
    for (const name of readdirSync(this.data, { recursive: true, encoding: 'utf8' }))
      if (name.startsWith(`${topic}-`) && name.endsWith('.log'))
        bytes += statSync(join(this.data, name), { throwIfNoEntry: false })?.size ?? 0;
    return bytes;
  }

  /** Everything that the reader has read. */
  private async deleteRecords(context: LoadContext, reader: Reader): Promise<void> {
    const client = await WireClient.connect(this.port);
    // While the disk is full nothing is added, and the reader gets to the end.
    await sleep(500);
    const offsets = [...reader.positions];
    // From here on they may be gone, whatever the answer.
    offsets.forEach((offset, partition) => {
      context.record({ kind: 'delete', partition, offset });
    });
    const { topics } = await client.send<{
      topics: Array<{ partitions: Array<{ partitionIndex: number; errorCode: number }> }>;
    }>(ApiKey.DeleteRecords, 2, {
      topics: [{ name: topic, partitions: offsets.map((offset, partitionIndex) => ({ partitionIndex, offset })) }],
      timeoutMs: 10_000,
    });
    for (const { errorCode } of topics[0]?.partitions ?? [])
      if (errorCode !== 0) throw new Error(`DeleteRecords answered ${errorCode}`);
    client.close();
  }

  private async readAll(context: LoadContext): Promise<void> {
    const client = await WireClient.connect(this.port);
    const positions = Array.from({ length: partitions }, () => 0);
    for (;;) {
      const { records, complete } = await poll(client, finalReader, positions, context);
      if (records === 0 && complete) break;
    }
    client.close();
  }

  private async until(condition: () => boolean, context: LoadContext, otherwise: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!condition()) {
      if (context.failure !== undefined) throw context.failure;
      if (Date.now() > deadline) throw new Error(`${otherwise}; the broker said:\n${this.broker?.output()}`);
      await sleep(5);
    }
  }

  private async within<T>(work: Promise<T>, otherwise: string): Promise<T> {
    const late = new AbortController();
    const timeout = sleep(2 * patienceMs, undefined, { signal: late.signal }).then(() => {
      throw new Error(`${otherwise}; the broker said:\n${this.broker?.output()}`);
    });
    timeout.catch(() => undefined);
    try {
      return await Promise.race([work, timeout]);
    } finally {
      late.abort();
    }
  }

  private result(context: LoadContext, noDisk: string): CampaignResult {
    const { events } = context;
    const count = (kind: string) => events.filter((event) => event.kind === kind).length;
    return {
      kills: this.kills,
      stops: this.stops,
      fullDisks: this.disk === undefined ? -1 : this.fullDisks,
      noDisk,
      killsWhileFull: this.killsWhileFull,
      sent: count('send'),
      acknowledged: count('ack'),
      read: count('poll'),
      commits: context.commits,
      refusals: context.refusals,
      anomalies: checkHistory(events),
      leftOver: readdirSync(this.data, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp')),
    };
  }
}
