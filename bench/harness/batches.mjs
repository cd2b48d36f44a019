// Prepared batches for the load client: compressed by the project's own codecs, written to a file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBatch, prepareCompression } from '../../dist/records/index.js';

const words = ['offset', 'commit', 'broker', 'partition', 'leader', 'replica', 'segment', 'record', 'flush', 'group'];

/** Text that compresses as log lines do; the same every time. */
function line(bytes, seed) {
  let state = seed + 1;
  let text = '';
  while (text.length < bytes) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += `${words[(state >>> 16) % words.length]}=${(state >>> 8) % 10_000} `;
  }
  return Buffer.from(text.slice(0, bytes));
}

/** The path of a file with one batch. */
export async function batchFile(directory, { compression, records, recordBytes }) {
  await prepareCompression(compression);
  const timestampMs = Date.now();
  const batch = encodeBatch({
    compression,
    records: Array.from({ length: records }, (_, i) => ({
      timestampMs,
      key: null,
      value: line(recordBytes, i),
      headers: [],
    })),
  });
  const path = join(directory, `batch-${compression}-${records}-${recordBytes}`);
  writeFileSync(path, batch);
  return path;
}
