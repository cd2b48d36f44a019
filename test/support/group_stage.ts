import type { ListGroupsResponse } from '../../src/protocol/api/list_groups.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { GroupMember, type GroupProtocol, type MemberProgram } from '../compat/group_members.js';
import { createTopic, produce } from '../integration/produce_fetch.js';
import { untilTrue } from './until.js';
import { WireClient } from './wire_client.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A group of clients we did not write, the topics they read, and what was written to these: who must have read what. */
export class GroupStage {
  readonly members: GroupMember[] = [];
  /** Records by partition, `topic/partition`. */
  readonly written = new Map<string, number>();
  private stream: Promise<void> | undefined;
  private flows = false;

  private constructor(
    public client: WireClient,
    readonly port: number,
    readonly group: string,
    private readonly subscription: string,
  ) {}

  static async open(port: number, group: string, subscription = group): Promise<GroupStage> {
    return new GroupStage(await WireClient.connect(port), port, group, subscription);
  }

  async addTopic(name: string, partitions: number): Promise<void> {
    await createTopic(this.client, name, partitions);
    for (let partition = 0; partition < partitions; partition += 1) this.written.set(`${name}/${partition}`, 0);
  }

  get partitions(): string[] {
    return [...this.written.keys()].sort();
  }

  join(program: MemberProgram, protocol: GroupProtocol, instance?: string): GroupMember {
    const { port, group, subscription } = this;
    const options = { port, group, subscription, ...(instance === undefined ? {} : { instance }) };
    const member = new GroupMember(program, protocol, options);
    this.members.push(member);
    return member;
  }

  /** Writes a few records to every partition. */
  async write(count = 5): Promise<void> {
    for (const [name, before] of this.written) {
      const [topic = '', partition] = name.split('/');
      const values = Array.from({ length: count }, (_, i) => `${before + i}`);
      const { errorCode } = await produce(this.client, topic, values, { partition: Number(partition) });
      if (errorCode !== 0) throw new Error(`${name}: ${errorCode}`);
      this.written.set(name, before + count);
    }
  }

  /** Writes all the time until `stopWriting`. */
  keepWriting(): void {
    this.flows = true;
    const write = async () => {
      for (; this.flows; await pause(50)) await this.write();
    };
    this.stream = write();
  }

  async stopWriting(): Promise<void> {
    this.flows = false;
    await this.stream;
  }

  /** Looks until it is so, or a member ended with an error. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const holds = async () => {
      if (await condition()) return true;
      const bad = this.members.find(({ status }) => typeof status === 'number' && status !== 0);
      if (bad !== undefined) throw new Error(`${what}: ${bad.problem}`);
      return false;
    };
    const seen = () => this.members.map(({ problem }) => problem);
    return untilTrue(what, holds, { forMs: 25_000, everyMs: 50, seen });
  }

  /** Each of these has some of the partitions, all together have all, none is anybody's but one's. */
  untilShared(...among: readonly GroupMember[]): Promise<void> {
    return this.until(`${among.length} members share the partitions`, () => {
      const held = among.flatMap(({ assigned }) => assigned).sort();
      return among.every(({ assigned }) => assigned.length > 0) && held.join() === this.partitions.join();
    });
  }

  /** How often each record was read, by `topic/partition@offset`. */
  private reads(): Map<string, number> {
    const reads = new Map<string, number>();
    for (const { read } of this.members)
      for (const [partition, offset] of read) {
        const name = `${partition}@${offset}`;
        reads.set(name, (reads.get(name) ?? 0) + 1);
      }
    return reads;
  }

  private *everything(): Generator<string> {
    for (const [name, count] of this.written)
      for (let offset = 0; offset < count; offset += 1) yield `${name}@${offset}`;
  }

  async untilRead(): Promise<void> {
    await this.until('everything is read', () => {
      const reads = this.reads();
      for (const name of this.everything()) if (!reads.has(name)) return false;
      return true;
    });
  }

  /** Records that were read more than once, or that nobody wrote. */
  repeated(): string[] {
    const reads = this.reads();
    const known = new Set(this.everything());
    return [...reads].filter(([name, times]) => times > 1 || !known.has(name)).map(([name]) => name);
  }

  async committed(): Promise<Record<string, number>> {
    const { groups } = await this.client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
      groups: [{ groupId: this.group, topics: null }],
    });
    const found = (groups[0]?.topics ?? []).flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => [`${name}/${partitionIndex}`, committedOffset] as const),
    );
    return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** `classic` or `consumer`, and its state. */
  async listed(): Promise<string | undefined> {
    const { groups } = await this.client.send<ListGroupsResponse>(ApiKey.ListGroups, 5, {});
    const found = groups.find(({ groupId }) => groupId === this.group);
    return found === undefined ? undefined : `${found.groupType} ${found.groupState}`;
  }

  async close(): Promise<void> {
    this.flows = false;
    await this.stream?.catch(() => undefined);
    await Promise.all(this.members.map((member) => member.kill()));
    this.client.close();
  }
}
