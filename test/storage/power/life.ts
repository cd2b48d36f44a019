// The life of a broker's core as a process of its own, under `recorder.cc`: node life.js <directory> <seed>. Everything it does follows from
// the seed, but for where its threads run. What it says of itself goes into the file `marks`.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Uuid } from '../../../src/common/ids.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { Prng } from '../../support/prng.js';
import { Disks, Scene } from '../log_dirs_scene.js';
import type { Mark, Written } from './expected.js';
import { cleaner, compactedTopic, diskNames, flushModeOf } from './settings.js';
import { send } from './traffic.js';

interface LiveTopic {
  readonly id: Uuid;
  readonly generation: number;
  readonly partitions: number;
}

const steps = 18;

class Life {
  private readonly topics = new Map<string, LiveTopic>();
  private readonly generations = new Map<string, number>();
  /** By partition: what was written, in order. */
  private readonly written = new Map<string, Written[]>();
  private readonly random: Prng;
  private readonly disks: Disks;
  private scene: Scene | undefined;

  constructor(
    private readonly directory: string,
    private readonly seed: number,
  ) {
    this.random = new Prng(seed);
    this.disks = new Disks(diskNames, join(directory, 'disks'));
  }

  async live(): Promise<void> {
    await this.start();
    await this.create('t', 2);
    await this.create(compactedTopic, 1);
    await this.append('t', 0, 12, true);
    await this.append(compactedTopic, 0, 16, true);
    for (let i = 0; i < steps; i += 1) await this.step();
    await this.running.close();
  }

  private get running(): Scene {
    if (this.scene === undefined) throw new Error('not started');
    return this.scene;
  }

  private mark(mark: Mark): void {
    appendFileSync(join(this.directory, 'marks'), `${JSON.stringify(mark)}\n`);
  }

  private async start(): Promise<void> {
    this.scene = await Scene.open(this.disks, {}, flushModeOf(this.seed), () => cleaner);
    for (const [topic, { partitions }] of this.topics) this.listen(topic, partitions);
  }

  /** With mode `os` an acknowledgement promises nothing about a power cut. */
  private listen(topic: string, partitions: number): void {
    if (flushModeOf(this.seed) === 'os') return;
    for (let partition = 0; partition < partitions; partition += 1)
      this.running.partition(topic, partition).onHighWatermark((offset) => {
        this.mark({ is: 'acknowledged', name: `${topic}-${partition}`, offset });
      });
  }

  private async step(): Promise<void> {
    const topic = this.random.pick([...this.topics.keys()]);
    const partition = this.random.below(this.topics.get(topic)?.partitions ?? 1);
    const dice = this.random.below(20);
    if (dice < 6) await this.append(topic, partition, 1 + this.random.below(14), this.random.below(2) === 0);
    else if (dice < 9) await this.deleteRecords(topic, partition);
    else if (dice < 11) await this.running.time.advance(this.random.pick(['2s', '61s', '301s']));
    else if (dice < 14) await this.move(topic, partition);
    else if (dice < 16) await this.delete(topic);
    else if (dice < 18) await this.create(this.random.pick(['t', 'u', 'v', compactedTopic]), 1 + this.random.below(2));
    else await this.restart(dice === 18);
    if (this.topics.size === 0) await this.create('t', 1);
  }

  private async create(topic: string, partitions: number): Promise<void> {
    if (this.topics.has(topic)) return;
    this.mark({ is: 'creating', topic, partitions });
    const generation = (this.generations.get(topic) ?? 0) + 1;
    this.generations.set(topic, generation);
    const compacts: Array<[string, string]> = [
      ['cleanup.policy', 'compact'],
      ['min.cleanable.dirty.ratio', '0.1'],
    ];
    const id = await this.running.create(topic, partitions, new Map(topic === compactedTopic ? compacts : []));
    this.topics.set(topic, { id, generation, partitions });
    for (let partition = 0; partition < partitions; partition += 1) this.written.delete(`${topic}-${partition}`);
    this.mark({ is: 'created', topic, partitions });
    this.listen(topic, partitions);
  }

  private async append(topic: string, partition: number, count: number, waits: boolean): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const dice = this.random.below(8);
      if (dice < 5) this.write(topic, partition, 'plain');
      else if (dice < 7 || !this.inTransaction(topic, partition)) this.write(topic, partition, 'transactional');
      else this.write(topic, partition, this.random.pick(['COMMIT', 'ABORT']));
    }
    if (waits) await this.running.acknowledgedAll(topic, partition);
  }

  private inTransaction(topic: string, partition: number): boolean {
    const written = this.written.get(`${topic}-${partition}`) ?? [];
    return written.findLast((one) => one !== 'plain') === 'transactional';
  }

  private write(topic: string, partition: number, what: Written): void {
    const name = `${topic}-${partition}`;
    const before = this.written.get(name) ?? [];
    this.written.set(name, before);
    const { generation = 0 } = this.topics.get(topic) ?? {};
    this.mark({ is: 'writing', name, offset: before.length, what });
    const found = this.running.partition(topic, partition);
    const sent = send(found, { topic, generation, before, what, nowMs: this.running.time.wallMs() });
    if (sent === ErrorCode.NONE) before.push(what);
  }

  private async deleteRecords(topic: string, partition: number): Promise<void> {
    if (topic === compactedTopic) return this.running.time.advance('61s');
    const found = this.running.partition(topic, partition);
    const start = found.log?.log.logStartOffset ?? 0;
    const active = Math.min(found.log?.log.activeBaseOffset ?? 0, found.highWatermark);
    // Where a segment begins the first one tells the start by itself, once those before it are gone.
    const whole = active > start && this.random.below(2) === 0;
    const offset = whole ? active : start + this.random.below(found.highWatermark - start + 1);
    const name = `${topic}-${partition}`;
    this.mark({ is: 'starting', name, offset });
    found.deleteRecords(offset);
    await this.running.logs.checkpointStarts();
    this.mark({ is: 'started', name, offset });
    if (this.random.below(3) === 0) await this.running.time.advance('301s');
  }

  private async move(topic: string, partition: number): Promise<void> {
    const { logs } = this.running;
    await logs.moves.alter(topic, partition, this.random.pick(this.disks.paths), true);
    for (let i = this.random.below(4); i > 0; i -= 1) await this.append(topic, partition, 1, true);
    if (this.random.below(4) === 0) await this.deleteRecords(topic, partition);
    if (this.random.below(8) === 0) return;
    await this.running.moved(topic, partition);
    if (this.random.below(2) === 0) await this.running.time.advance('61s');
  }

  private async delete(topic: string): Promise<void> {
    const live = this.topics.get(topic);
    if (live === undefined) return;
    this.mark({ is: 'deleting', topic });
    this.topics.delete(topic);
    await this.running.delete(live.id);
    this.mark({ is: 'deleted', topic });
    if (this.random.below(2) === 0) await this.running.time.advance('61s');
  }

  /** In an orderly way, or as if the process had died: then what it wrote is still in the page cache. */
  private async restart(orderly: boolean): Promise<void> {
    if (orderly) await this.running.close();
    else await this.running.kill();
    await this.start();
    for (const [topic, { partitions }] of this.topics)
      for (let partition = 0; partition < partitions; partition += 1) {
        const { log } = this.running.partition(topic, partition);
        const written = this.written.get(`${topic}-${partition}`) ?? [];
        written.length = Math.min(written.length, log?.log.logEndOffset ?? 0);
      }
  }
}

const [directory, seed] = process.argv.slice(2);
if (directory === undefined || seed === undefined) throw new Error('life.js <directory> <seed>');
await new Life(directory, Number(seed)).live();
