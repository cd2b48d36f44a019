import { afterAll, beforeAll, expect, it } from 'vitest';
import { RequestHeader } from '../../src/protocol/data/headers.js';
import { decodeRequestHeader } from '../../src/protocol/frame.js';
import type { AnyMessage } from '../../src/protocol/message.js';
import { DecodeError, defaultAllocationLimitBytes, Reader } from '../../src/protocol/reader.js';
import { allApis, requestHeaderVersion } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { Prng } from '../support/prng.js';
import { readTsv } from '../support/tsv.js';
import { allMessages } from './messages.js';
import { mutate } from './mutate.js';

// A million damaged messages: each is decoded or refused with a DecodeError, within the bound on memory; what decodes can be
// encoded, and decodes to the same again. MILLRACE_FUZZ_INPUTS and MILLRACE_SEED change the number and the luck.

const inputs = Number(process.env.MILLRACE_FUZZ_INPUTS ?? 1_000_000);
const seed = Number(process.env.MILLRACE_SEED ?? 20261124);

interface Sample {
  readonly message: AnyMessage;
  readonly version: number;
  readonly bytes: Buffer;
}

const messages = await allMessages();
const samples = ['wire-vectors.tsv', 'internal-vectors.tsv'].flatMap(readTsv).flatMap((row): Sample[] => {
  const message = messages.get(row.message ?? '');
  const bytes = Buffer.from(row.hex ?? '', 'hex');
  return message === undefined || bytes.length === 0 ? [] : [{ message, version: Number(row.version), bytes }];
});

/** Heap that decoding is charged for a byte of input, at most: what the greediest array or a tagged field of no bytes takes. */
const mostChargedPerByte = 320;

const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** Undefined when it was refused as it should be. Everything else that is thrown fails the test. */
function decoded(message: AnyMessage, version: number, reader: Reader): object | undefined {
  try {
    return message.decode(reader, version);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

it('survives damaged messages of every kind', { timeout: 600_000 }, () => {
  const prng = new Prng(seed);
  const reader = new Reader();
  const again = new Reader();
  const writer = new Writer();
  let accepted = 0;
  let mostCharged = 0;
  for (let i = 0; i < inputs; i += 1) {
    const sample = samples[i % samples.length] as Sample;
    const { message } = sample;
    const bytes = mutate(prng, sample.bytes, prng.pick(samples).bytes);
    // Now and then the version is wrong as well.
    const other = message.minVersion + prng.below(message.maxVersion - message.minVersion + 1);
    const version = prng.below(8) === 0 ? other : sample.version;
    reader.reset(bytes);
    const value = decoded(message, version, reader);
    mostCharged = Math.max(mostCharged, (defaultAllocationLimitBytes - reader.budget) / (bytes.length + 1));
    if (value === undefined) continue;
    accepted += 1;
    if (accepted % 8 !== 0) continue;
    message.encode(writer.reset(), version, value);
    const same = message.decode(again.reset(writer.bytes()), version);
    expect(again.remaining).toBe(0);
    expect(same).toStrictEqual(value);
  }
  // The mutations hit: many are refused, and many are not.
  expect(accepted).toBeGreaterThan(inputs / 20);
  expect(accepted).toBeLessThan((inputs * 19) / 20);
  expect(mostCharged).toBeLessThan(mostChargedPerByte);
});

it('survives damaged request frames', { timeout: 600_000 }, () => {
  const prng = new Prng(seed + 1);
  const apis = allApis();
  const writer = new Writer();
  const frames = samples.flatMap(({ message, version, bytes }) => {
    const api = apis.find((one) => one.request === message);
    if (api === undefined) return [];
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId: 7, clientId: 'client' };
    RequestHeader.encode(writer.reset(), requestHeaderVersion(api, version), header);
    writer.raw(bytes);
    return [Buffer.from(writer.bytes())];
  });
  const reader = new Reader();
  let bodies = 0;
  for (let i = 0; i < inputs / 5; i += 1) {
    const bytes = mutate(prng, frames[i % frames.length] as Buffer, prng.pick(frames));
    try {
      const header = decodeRequestHeader(reader.reset(bytes));
      if (header.api === undefined || !header.versionKnown) continue;
      bodies += 1;
      header.api.request.decode(reader, header.apiVersion);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  expect(bodies).toBeGreaterThan(inputs / 100);
});
