import type { RepeatTerms } from '../common/ports/index.js';
import type { FetchRequest, FetchResponseInput } from '../protocol/api/fetch.js';
import { beginResponse, finishFrame } from '../protocol/frame.js';
import type { Api } from '../protocol/registry.js';
import { Writer } from '../protocol/writer.js';

/** What the handler of Fetch decided, beside the answer it gave. Its partitions are those of the request and of the answer, in order. */
export interface RepeatableFetch {
  readonly request: FetchRequest;
  readonly maxBytes: number;
  readonly minBytes: number;
  readonly readsCommitted: boolean;
  readonly partitions: ReadonlyArray<{ readonly log: number; readonly maxBytes: number }>;
}

/** A longer request is not kept: it would be memory of a connection that asks for nothing. */
const maxRequestBytes = 2048;
const noRecords = new Uint8Array(0);
/** Of an offset, and of high watermark, last stable and log start offset together. */
const [offsetBytes, numbersBytes] = [8, 24];

interface Run {
  readonly at: number;
  readonly length: number;
}

/** Where two encodings differ; undefined when one is longer. */
function differences(one: Uint8Array, other: Uint8Array): readonly Run[] | undefined {
  if (one.length !== other.length) return undefined;
  const runs: Run[] = [];
  for (let at = 0; at < one.length; at += 1) {
    const from = at;
    while (at < one.length && one[at] !== other[at]) at += 1;
    if (at > from) runs.push({ at: from, length: at - from });
  }
  return runs;
}

function encoded(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.bytes();
}

/** Every bit of an int64 inverted: no byte stays as it was. */
const inverted = (value: number): number => -1 - value;

/** Positions of the fetch offsets in the request's body; undefined when the client encodes it in a way of its own. */
function offsetPositions(api: Api, version: number, request: FetchRequest, body: Uint8Array): number[] | undefined {
  const encode = (value: FetchRequest) => encoded((writer) => api.request.encode(writer, version, value));
  const same = encode(request);
  if (Buffer.compare(same, body) !== 0) return undefined;
  const topics = request.topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((one) => ({ ...one, fetchOffset: inverted(one.fetchOffset) })),
  }));
  const runs = differences(same, encode({ ...request, topics }));
  return runs?.every(({ length }) => length === offsetBytes) === true ? runs.map(({ at }) => at) : undefined;
}

/** The answer without records, and where in it each partition's numbers and the length of its records are. */
function responseShape(
  api: Api,
  version: number,
  answer: FetchResponseInput,
): { bytes: Uint8Array; runs: readonly Run[] } | undefined {
  type PartitionAnswer = NonNullable<NonNullable<FetchResponseInput['responses']>[number]['partitions']>[number];
  const encode = (change: (partition: PartitionAnswer) => Partial<PartitionAnswer>) =>
    encoded((writer) => {
      beginResponse(writer, api, version, 0);
      const responses = (answer.responses ?? []).map((topic) => ({
        ...topic,
        partitions: (topic.partitions ?? []).map((one) => ({ ...one, ...change(one) })),
      }));
      api.response.encode(writer, version, { ...answer, responses });
      finishFrame(writer);
    });
  const bytes = encode(() => ({ records: noRecords }));
  const changed = encode(({ highWatermark = 0, lastStableOffset = 0, logStartOffset = 0 }) => ({
    highWatermark: inverted(highWatermark),
    lastStableOffset: inverted(lastStableOffset),
    logStartOffset: inverted(logStartOffset),
    records: null,
  }));
  const runs = differences(bytes, changed);
  return runs === undefined ? undefined : { bytes, runs };
}

/**
 * How the transport may answer the same request again: where in the bytes of both is what changes from one time to the next. That is found
 * by encoding each twice, with every such value inverted the second time, so that no layout is written down here. Undefined where it
 * cannot be said in these terms. Costs some 20 us.
 */
export function repeatTerms(
  api: Api,
  version: number,
  frame: { readonly bytes: Uint8Array; readonly start: number; readonly bodyAt: number; readonly end: number },
  fetch: RepeatableFetch,
  answer: FetchResponseInput,
): RepeatTerms | undefined {
  const { bytes, start, bodyAt, end } = frame;
  if (end - start > maxRequestBytes) return undefined;
  const offsets = offsetPositions(api, version, fetch.request, bytes.subarray(bodyAt, end));
  const shape = responseShape(api, version, answer);
  if (offsets === undefined || shape === undefined) return undefined;
  const { runs } = shape;
  if (offsets.length !== fetch.partitions.length || runs.length !== 2 * offsets.length) return undefined;
  const compactLengths = runs[1]?.length === 1;
  const partitions: Array<RepeatTerms['partitions'][number]> = [];
  for (const [index, { log, maxBytes }] of fetch.partitions.entries()) {
    const [offsetAt, numbers, length] = [offsets[index], runs[2 * index], runs[2 * index + 1]];
    if (offsetAt === undefined || numbers?.length !== numbersBytes || length?.length !== (compactLengths ? 1 : 4))
      return undefined;
    partitions.push({ log, maxBytes, offsetAt: bodyAt - start + offsetAt, numbersAt: numbers.at, lengthAt: length.at });
  }
  const { maxBytes, minBytes, readsCommitted } = fetch;
  const request = Uint8Array.prototype.slice.call(bytes, start, end);
  return { request, response: shape.bytes, maxBytes, minBytes, readsCommitted, compactLengths, partitions };
}
