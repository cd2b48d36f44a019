import { expect, it } from 'vitest';
import { systemClock } from '../../src/env/index.js';
import { Reader } from '../../src/protocol/reader.js';
import { allApis } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { registerHandlers, type Services } from '../../src/server/register_handlers.js';
import { Pipeline } from '../../src/server/request_pipeline.js';
import { unsupportedResponse } from '../../src/server/unsupported.js';
import { silentLogger } from '../../src/telemetry/index.js';
import { readTsv } from '../support/tsv.js';

/** Every request of Kafka's own vectors, answered as an API that is still to come would be. */
const vectors = readTsv('wire-vectors.tsv');

function codes(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(codes);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    /errorCode$/i.test(name) ? [inner as number] : codes(inner),
  );
}

const pipeline = new Pipeline(systemClock, silentLogger, { maxFrameBytes: 1 });
// Handlers take their services when they run, so a table without any says which APIs there are.
registerHandlers(pipeline, {} as Services);
const there = new Set([...pipeline.apis()].map(({ key }) => key));

it('can be encoded for every API and version, and says UNSUPPORTED_VERSION wherever there is place', () => {
  const silent: string[] = [];
  for (const api of allApis()) {
    if (!api.forClients || there.has(api.key)) continue;
    for (const row of vectors.filter((one) => one.message === api.request.name)) {
      const version = Number(row.version);
      const response = unsupportedResponse(api, version, new Reader(Buffer.from(row.hex ?? '', 'hex')));
      if (response === undefined) {
        if (row.mode === 'filled') silent.push(`${api.name} v${version}`);
        continue;
      }
      const writer = new Writer();
      api.response.encode(writer, version, response);
      const back: unknown = api.response.decode(new Reader(writer.bytes()), version);
      if (row.mode === 'filled') expect(codes(back), `${api.name} v${version}`).toContain(35);
      expect(codes(back).filter((code) => code !== 35 && code !== 0)).toEqual([]);
    }
  }
  expect(silent).toEqual([]);
});
