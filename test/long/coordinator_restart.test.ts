import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { buildState, settings } from '../compat/coordinators/build.js';
import { Connections } from '../compat/coordinators/connection.js';
import { type Description, describeAll } from '../compat/coordinators/describe.js';
import { BrokerProcess } from '../support/broker_process.js';

// What every coordinator says after a start is what it said before: classic, consumer, share and streams groups, transactions, share state.

const directory = mkdtempSync(join(tmpdir(), 'millrace-coordinators-'));
let broker: BrokerProcess | undefined;
afterEach(async () => {
  await broker?.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function onBroker<T>(use: (on: Connections) => Promise<T>, end: 'SIGTERM' | 'SIGKILL'): Promise<T> {
  broker = await BrokerProcess.start(directory, settings);
  const on = new Connections(broker.port);
  const result = await use(on).finally(() => on.close());
  await broker.end(end);
  broker = undefined;
  return result;
}

it('describes the same after kill -9 and after an orderly stop', async () => {
  const before = await onBroker(async (on) => {
    await buildState(on);
    return describeAll(on);
  }, 'SIGKILL');
  // The groups are those that Kafka had after the same requests.
  const theirs = join(import.meta.dirname, '../golden/coordinators/before.json');
  expect(before.groups).toEqual((JSON.parse(readFileSync(theirs, 'utf8')) as Description).groups);
  expect(await onBroker(describeAll, 'SIGTERM')).toEqual(before);
  expect(await onBroker(describeAll, 'SIGKILL')).toEqual(before);
});
