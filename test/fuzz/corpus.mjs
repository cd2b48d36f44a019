// Writes the first files of the corpus: what Millrace itself writes, batches that Kafka's own classes wrote (test/golden), and packed bytes of
// every codec from independent encoders. Files that were found later are added by hand.
//
//   node test/fuzz/corpus.mjs
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as zstd from '@bokuweb/zstd-wasm';

const here = dirname(fileURLToPath(import.meta.url));
const put = (target, name, bytes) => {
  mkdirSync(join(here, 'corpus', target), { recursive: true });
  writeFileSync(join(here, 'corpus', target, name), bytes);
};

// Kafka's batches: one log of all that fit behind one another, and the packed records of each codec.
const golden = join(dirname(here), 'golden', 'record-batch-vectors.tsv');
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const rows = readFileSync(golden, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const batches = rows
  .map((line) => line.split('\t').map((field) => field.trim()))
  .map((fields) => fields.find((field) => /^[0-9a-f]{122,}$/i.test(field)))
  .filter((hex) => hex !== undefined)
  .map((hex) => Buffer.from(hex, 'hex'))
  .filter((bytes) => bytes[16] === 2);
const log = [];
let next = 0n;
for (const [index, bytes] of batches.entries()) {
  const codec = codecs[bytes.readInt16BE(21) & 7];
  if (codec !== undefined && codec !== 'none' && bytes.length < 4096) put(codec, `kafka-${index}`, bytes.subarray(61));
  if (codec === 'none' && bytes.length < 1024)
    put('records', `kafka-${index}`, Buffer.concat([Buffer.from([0]), bytes.subarray(61)]));
  if (bytes.length > 2048) continue;
  const placed = Buffer.from(bytes);
  placed.writeBigInt64BE(next, 0);
  next += BigInt(placed.readInt32BE(23) + 1);
  log.push(placed);
}
for (const target of ['log', 'log-trusted']) {
  put(target, 'empty', Buffer.alloc(0));
  put(target, 'kafka', Buffer.concat(log.slice(0, 12)));
  put(target, 'kafka-torn', Buffer.concat(log.slice(0, 5)).subarray(0, -7));
  put(target, 'hole', Buffer.concat([log[0], Buffer.alloc(600), log[1] ?? log[0]]));
}
const text = Buffer.from('the quick brown fox jumps over the lazy dog, and the lazy dog sleeps on '.repeat(6));
put('gzip', 'text', gzipSync(text));
put('gzip', 'stored', gzipSync(text, { level: 0 }));
await zstd.init();
for (const level of [1, 9, 19]) put('zstd', `level-${level}`, zstd.compress(text, level));
for (const codec of codecs.slice(1)) put(codec, 'plain', text);

const entries = (size, count, write) => {
  const bytes = Buffer.alloc(size * count);
  for (let i = 0; i < count; i += 1) write(bytes, i * size, i);
  return bytes;
};
const offsetEntry = (bytes, at, i) => bytes.writeInt32BE(4 * i + 7, at) + bytes.writeInt32BE(230 * (i + 1), at + 4);
const timeEntry = (bytes, at, i) =>
  bytes.writeBigInt64BE(1000n + BigInt(i) * 30n, at) + bytes.writeInt32BE(4 * i + 7, at + 8);
put('index', 'twelve', entries(8, 12, offsetEntry));
put('index', 'zeros-behind', Buffer.concat([entries(8, 4, offsetEntry), Buffer.alloc(40)]));
put('index', 'empty', Buffer.alloc(0));
put('timeindex', 'twelve', entries(12, 12, timeEntry));
put('timeindex', 'zeros-behind', Buffer.concat([entries(12, 4, timeEntry), Buffer.alloc(36)]));
put('timeindex', 'empty', Buffer.alloc(0));

const abortedEntry = (bytes, at, i) => {
  for (const [index, value] of [7n, BigInt(4 * i), BigInt(4 * i + 2), BigInt(4 * i + 3)].entries())
    bytes.writeBigInt64BE(value, at + 2 + 8 * index);
};
put('txnindex', 'three', entries(34, 3, abortedEntry));
put('txnindex', 'half', entries(34, 2, abortedEntry).subarray(0, -5));
put('txnindex', 'zeros-behind', Buffer.concat([entries(34, 2, abortedEntry), Buffer.alloc(68)]));
put('txnindex', 'empty', Buffer.alloc(0));

const base = (offset) => String(offset).padStart(20, '0');
const names = (list) => Buffer.from(list.map((name) => `${name}\n`).join(''));
put(
  'names',
  'swap',
  names([`${base(0)}.log.swap`, `${base(0)}.index.swap`, `${base(0)}.timeindex.swap`, `${base(40)}.log`]),
);
put(
  'names',
  'cleaned',
  names([`${base(0)}.log.cleaned`, `${base(0)}.index.cleaned`, `${base(50)}.log.swap`, `${base(9)}.log.deleted`]),
);
put(
  'names',
  'odd',
  names([
    `${base(7)}.txnindex`,
    `${base(3)}.snapshot`,
    '99999999999999999999.log',
    'leader-epoch-checkpoint.tmp',
    'x.log',
    '.log',
  ]),
);
