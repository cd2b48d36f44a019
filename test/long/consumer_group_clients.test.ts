import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_RESOURCE } from '../../src/config/index.js';
import { JavaPrograms, type MemberProgram, memberPrograms } from '../compat/group_members.js';
import { BrokerProcess } from '../support/broker_process.js';
import { GroupStage } from '../support/group_stage.js';
import { setConfigs } from '../support/set_configs.js';
import { WireClient } from '../support/wire_client.js';

// Consumer groups of KIP-848 with clients we did not write, against a broker process (dist must be built), while somebody writes all the time.
// Nobody may lose a record, nor read one twice but after a kill.

const settings = {
  'offsets.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.min.heartbeat.interval.ms': '200',
  'group.consumer.heartbeat.interval.ms': '200',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '3000',
  'group.consumer.assignment.interval.ms': '0',
};
const directory = mkdtempSync(join(tmpdir(), 'millrace-groups-'));
const java = new JavaPrograms();
const programs = await memberPrograms(java);
/** Where fewer are installed, one takes another one's part. */
const [first, second, third] = [0, 1, 2].map((n) => programs[n % Math.max(1, programs.length)]) as [
  MemberProgram,
  MemberProgram,
  MemberProgram,
];
/** franz-go 1.20 does not say that a static member goes for a while: its partitions are given away before it is back. */
const lasting = programs.filter(({ name }) => name !== 'franz-go');

let broker: BrokerProcess;
let stage: GroupStage | undefined;
beforeAll(async () => {
  broker = await BrokerProcess.start(directory, settings);
});
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});
afterAll(async () => {
  await broker.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  java.remove();
});

async function open(group: string, subscription = group): Promise<GroupStage> {
  stage = await GroupStage.open(broker.port, group, subscription);
  await stage.addTopic(group, 6);
  return stage;
}

/** All is read, each record once, and all that is committed. */
async function everythingOnce(of: GroupStage): Promise<void> {
  await of.stopWriting();
  await of.untilRead();
  expect(of.repeated()).toEqual([]);
  const all = Object.fromEntries(of.partitions.map((name) => [name, of.written.get(name)]));
  await expect.poll(() => of.committed(), { timeout: 5000 }).toEqual(all);
}

describe.skipIf(programs.length === 0)('a consumer group (KIP-848) of', () => {
  it.each(programs)('$name, by a pattern: a third member comes and goes, one is killed', async (program) => {
    const on = await open(`join-${program.name}`, `^join-${program.name.slice(0, 4)}.*`);
    on.keepWriting();
    const [a, b] = [on.join(program, 'consumer'), on.join(program, 'consumer')];
    await on.untilShared(a, b);
    expect(await on.listed()).toMatch(/^consumer /);
    const c = on.join(program, 'consumer');
    await on.untilShared(a, b, c);
    expect(await c.leave(), c.problem).toBe(0);
    await on.untilShared(a, b);
    await everythingOnce(on);

    on.keepWriting();
    const had = b.assigned;
    await b.kill();
    await on.untilShared(a);
    await on.stopWriting();
    await on.untilRead();
    const strangers = on.repeated().filter((name) => !had.includes(name.split('@')[0] ?? ''));
    expect(strangers).toEqual([]);
    expect(await a.leave(), a.problem).toBe(0);
    expect(await on.listed()).toBe('consumer Empty');
  });

  it.skipIf(lasting.length === 0)('static members that are started again have what they had', async () => {
    const on = await open('static');
    // Nobody is killed here, and a JVM of a slow machine is not back within the three seconds that others' shares wait.
    await setConfigs(on.client, CONFIG_RESOURCE.GROUP, on.group, { 'consumer.session.timeout.ms': '30000' });
    on.keepWriting();
    const members = [...lasting, ...lasting]
      .slice(0, 3)
      .map((program, n) => on.join(program, 'consumer', `instance-${n}`));
    await on.untilShared(...members);
    // The third may have some of its share before the second has given up the rest of it.
    const shares = () => members.map(({ assigned }) => assigned.length);
    await on.until('all have as much', () => Math.max(...shares()) - Math.min(...shares()) <= 1);
    await on.untilShared(...members);
    for (const [n, member] of members.entries()) {
      const had = member.assigned;
      const others = members.filter((one) => one !== member);
      const changes = others.map(({ assignments }) => assignments.length);
      expect(await member.leave(), member.problem).toBe(0);
      const again = on.join(member.program, 'consumer', `instance-${n}`);
      members[n] = again;
      await on.until('it has what it had', () => again.assigned.join() === had.join());
      expect(others.map(({ assignments }) => assignments.length)).toEqual(changes);
    }
    await everythingOnce(on);
  });

  it('members of the classic protocol, one after the other replaced, and back', async () => {
    const on = await open('migration');
    on.keepWriting();
    const leave = async (member: typeof a) => expect(await member.leave(), member.problem).toBe(0);
    // Assignments of librdkafka's sticky assignor have user data, with which Kafka too refuses to migrate a group: another one leads.
    const [leader, other] = [programs.find(({ name }) => name === 'java') ?? third, first];
    const a = on.join(leader, 'classic');
    await on.untilShared(a);
    const b = on.join(other, 'classic');
    await on.untilShared(a, b);
    expect(await on.listed()).toBe('classic Stable');
    const c = on.join(third, 'consumer');
    await on.untilShared(a, b, c);
    expect(await on.listed()).toMatch(/^consumer /);
    await leave(a);
    const d = on.join(other, 'consumer');
    await on.untilShared(b, c, d);
    await leave(b);
    await on.untilShared(c, d);
    const e = on.join(leader, 'classic');
    await on.untilShared(c, d, e);
    await leave(c);
    await on.untilShared(d, e);
    await leave(d);
    await on.untilShared(e);
    expect(await on.listed()).toBe('classic Stable');
    const f = on.join(third, 'classic');
    await on.untilShared(e, f);
    await everythingOnce(on);
  });

  it('whose broker is stopped, and killed', async () => {
    const on = await open('restart');
    const members = [first, second, third].map((program) => on.join(program, 'consumer'));
    await on.untilShared(...members);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await on.write(50);
      await on.untilRead();
      on.client.close();
      await broker.end(signal);
      broker = await BrokerProcess.start(directory, settings, broker.port);
      on.client = await WireClient.connect(broker.port);
      await on.write(50);
      await everythingOnce(on);
    }
    for (const member of members) expect(await member.leave(), member.problem).toBe(0);
    const last = on.join(third, 'consumer');
    await on.untilShared(last);
    await on.write(5);
    await everythingOnce(on);
  });
});
