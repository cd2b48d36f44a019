import type { RawStep, RequestStep } from './step.js';

/** A frame with header version 1: key, version, correlation id 7, client id `raw`. */
function frame(apiKey: number, version: number, body: readonly number[] = [], sizeOffset = 0): Uint8Array {
  const bytes = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 3 + body.length);
  bytes.writeInt32BE(bytes.length - 4 + sizeOffset, 0);
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt16BE(version, 6);
  bytes.writeInt32BE(7, 8);
  bytes.writeInt16BE(3, 12);
  bytes.write('raw', 14);
  bytes.set(body, 17);
  return bytes;
}

const size = (sizeBytes: number) => {
  const bytes = Buffer.alloc(40);
  bytes.writeInt32BE(sizeBytes, 0);
  return bytes;
};

/** Requests that nobody should send. */
export const errors: readonly RawStep[] = [
  { name: 'raw: ApiVersions of the future', raw: frame(18, 99, [0]) },
  { name: 'raw: ApiVersions, negative version', raw: frame(18, -1) },
  { name: 'raw: unknown API', raw: frame(1234, 0) },
  { name: 'raw: negative API', raw: frame(-1, 0) },
  { name: 'raw: removed API', raw: frame(4, 0) },
  { name: 'raw: Metadata of the future', raw: frame(3, 99, [0]) },
  { name: 'raw: Produce v2', raw: frame(0, 2, [0, 1, 0, 0, 39, 16, 0, 0, 0, 0]) },
  { name: 'raw: Produce v0', raw: frame(0, 0, [0, 1, 0, 0, 39, 16, 0, 0, 0, 0]) },
  { name: 'raw: Fetch v3', raw: frame(1, 3, [0, 0, 0, 0]) },
  { name: 'raw: truncated body', raw: frame(3, 1, [0, 0, 0, 9]) },
  { name: 'raw: negative array length', raw: frame(19, 2, [0x80, 0, 0, 0]) },
  { name: 'raw: huge array length', raw: frame(19, 2, [0x7f, 0xff, 0xff, 0xff]) },
  { name: 'raw: trailing bytes', raw: frame(3, 1, [0, 0, 0, 0, 1, 2, 3]) },
  { name: 'raw: frame of nothing', raw: size(0) },
  { name: 'raw: negative frame', raw: size(-5) },
  { name: 'raw: frame beyond the limit', raw: size(0x7fff_ffff) },
  { name: 'raw: HTTP', raw: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n') },
];

/** ApiVersions in every version, and what it says of a client's name. */
export const versions: readonly RequestStep[] = [
  ...[0, 1, 2].map(
    (version): RequestStep => ({ name: `versions: v${version}`, api: 'ApiVersions', version, body: {} }),
  ),
  ...[3, 4].map(
    (version): RequestStep => ({
      name: `versions: v${version}`,
      api: 'ApiVersions',
      version,
      body: { clientSoftwareName: 'session', clientSoftwareVersion: '1.0' },
    }),
  ),
  {
    name: 'versions: bad name',
    api: 'ApiVersions',
    version: 3,
    body: { clientSoftwareName: 'a b', clientSoftwareVersion: '1.0' },
  },
  {
    name: 'versions: empty name',
    api: 'ApiVersions',
    version: 3,
    body: { clientSoftwareName: '', clientSoftwareVersion: '' },
  },
];
