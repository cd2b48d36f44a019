import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { canEvict, evictFiles } from '../support/page_cache.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

it('reads what the page cache has given up, on a thread, byte for byte', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const broker = await startBroker({ dataDirectory: directory });
  const client = await WireClient.connect(broker.port);
  try {
    await createTopic(client, 'cold');
    const values = Array.from({ length: 40 }, (_, index) => `${index} `.repeat(20_000).slice(0, 50_000));
    for (const value of values) await produce(client, 'cold', [value]);
    evictFiles(join(directory, 'cold-0'));
    expect(await readAll(client, 'cold')).toEqual(values);
    const coldReads = /^millrace_cold_reads_total (\d+)$/m.exec(await broker.metrics())?.[1];
    if (canEvict(directory)) expect(Number(coldReads)).toBeGreaterThan(0);
  } finally {
    client.close();
    await broker.close();
    rmSync(directory, { recursive: true });
  }
});
