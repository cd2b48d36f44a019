import { describe, expect, it } from 'vitest';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode, errorName, isRetriable } from '../../src/protocol/errors.js';
import {
  advertisedRange,
  allApis,
  apiByKey,
  removedApiName,
  requestHeaderVersion,
  responseHeaderVersion,
} from '../../src/protocol/registry.js';
import { parseVersions } from '../../src/protocol/schema.js';
import { readTsv } from '../support/tsv.js';

// The table names what trunk has too: those keys are absent from 4.3.1.
const rows = readTsv('api-versions.tsv').filter((row) => row.validVersions !== 'absent');
const living = rows.filter((row) => row.validVersions !== 'none');

/** `1 below v9, 2 from v9`, or one number. */
function headerVersion(text: string, version: number): number {
  const match = /^(\d) below v(\d+), (\d) from v\d+$/.exec(text);
  if (match === null) return Number(text);
  return Number(version < Number(match[2]) ? match[1] : match[3]);
}

describe('the registry', () => {
  it('has the APIs of Kafka 4.3.1', () => {
    expect(allApis().map((api) => [api.key, api.name])).toEqual(living.map((row) => [Number(row.api_key), row.name]));
    expect(Object.entries(ApiKey)).toEqual(living.map((row) => [row.name, Number(row.api_key)]));
    expect(allApis().length).toBeGreaterThan(80);
    expect(apiByKey(-1)).toBeUndefined();
    expect(apiByKey(127)).toBeUndefined();
    expect(apiByKey(32767)).toBeUndefined();
  });

  it('knows the removed ones by name', () => {
    const removed = rows.filter((row) => row.validVersions === 'none');
    expect(removed.map((row) => removedApiName(Number(row.api_key)))).toEqual(removed.map((row) => row.name));
    expect(removed.length).toBe(4);
    expect(removed.map((row) => apiByKey(Number(row.api_key)))).toEqual(removed.map(() => undefined));
    expect(removedApiName(ApiKey.Produce)).toBeUndefined();
  });

  it.each(living.map((row) => [row.name ?? '', row] as const))('%s', (_name, row) => {
    const api = apiByKey(Number(row.api_key));
    if (api === undefined) throw new Error('missing');
    const { request, response } = api;
    expect({ min: request.minVersion, max: request.maxVersion }).toEqual(parseVersions(row.validVersions ?? ''));
    expect([response.minVersion, response.maxVersion]).toEqual([request.minVersion, request.maxVersion]);
    expect(request.latestVersionUnstable).toBe(row.latestVersionUnstable === 'true');
    expect(api.forClients).toBe((row.listeners ?? '').split(',').includes('broker'));
    // The table's broker has a receiver of client metrics: without one telemetry is left out, in both.
    expect(advertisedRange(api)).toEqual(parseVersions(row.advertised_by_broker ?? ''));
    for (let version = request.minVersion; version <= request.maxVersion; version += 1) {
      expect(requestHeaderVersion(api, version)).toBe(headerVersion(row.request_header ?? '', version));
      expect(responseHeaderVersion(api, version)).toBe(headerVersion(row.response_header ?? '', version));
    }
  });
});

describe('error codes', () => {
  const table = readTsv('error-codes.tsv');

  it('are those of Kafka 4.3.1', () => {
    expect(Object.entries(ErrorCode)).toEqual(table.map((row) => [row.name, Number(row.code)]));
  });

  it('have names and are retriable as the Java client has it', () => {
    for (const row of table) {
      const code = Number(row.code);
      expect(errorName(code)).toBe(row.name);
      expect([row.name, isRetriable(code)]).toEqual([row.name, row.retriable === 'true']);
    }
    expect(errorName(999)).toBe('ERROR_999');
    expect(isRetriable(999)).toBe(false);
  });
});
