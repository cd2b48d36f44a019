import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import { cli, temporary } from '../offline/support.js';
import { buildState, settings } from './coordinators/build.js';
import { Connections } from './coordinators/connection.js';
import { type Description, describeAll } from './coordinators/describe.js';

// What Millrace says of coordinators whose logs Apache Kafka 4.3.1 wrote (record-coordinators) is what Kafka said of them after a restart.
// MILLRACE_COORDINATORS_BROKER=port with MILLRACE_COORDINATORS_STEP=build or describe asks the Kafka at that port instead.

const golden = join(import.meta.dirname, '../golden/coordinators');
const recordFrom = Number(process.env.MILLRACE_COORDINATORS_BROKER ?? 0);

async function record(port: number): Promise<void> {
  const on = new Connections(port);
  try {
    if (process.env.MILLRACE_COORDINATORS_STEP === 'build') await buildState(on);
    const name = process.env.MILLRACE_COORDINATORS_STEP === 'build' ? 'before.json' : 'after.json';
    const lines = Object.entries(await describeAll(on)).map(
      ([asked, said]) => `${JSON.stringify(asked)}: ${JSON.stringify(said)}`,
    );
    writeFileSync(join(golden, name), `{\n${lines.join(',\n')}\n}\n`);
  } finally {
    await on.close();
  }
}

let broker: Broker | undefined;
afterAll(() => broker?.close());

async function imported(): Promise<Description> {
  const output = join(temporary(), 'data');
  const done = await cli('log', 'import', join(golden, 'data'), '--output', output, '--json');
  expect(done.err).toBe('');
  broker = await startBroker({ dataDirectory: output, config: settings });
  const on = new Connections(broker.port);
  return describeAll(on).finally(() => on.close());
}

if (recordFrom > 0) it('records what Apache Kafka says', { timeout: 300_000 }, () => record(recordFrom));
else
  describe("logs of Kafka's coordinators", () => {
    it('say here what they say to Kafka', async () => {
      const read = (name: string) => JSON.parse(readFileSync(join(golden, name), 'utf8')) as Description;
      // Kafka forgets how many partitions internal topics of streams groups have until the next heartbeat; here nothing is forgotten.
      const asked = 'streams groups';
      const theirs: Description = { ...read('after.json'), [asked]: read('before.json')[asked] };
      const ours = JSON.parse(JSON.stringify(await imported())) as Description;
      for (const [name, said] of Object.entries(theirs)) expect.soft(ours[name], name).toEqual(said);
      expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    });
  });
