export type ConfigUnit = 'ms' | 's' | 'min' | 'h' | 'bytes' | 'bytes/s' | 'connections/s';

/** Names that do not end in their unit. */
const ODD: ReadonlyMap<string, ConfigUnit> = new Map([
  ['follower.replication.throttled.rate', 'bytes/s'],
  ['leader.replication.throttled.rate', 'bytes/s'],
  ['log.cleaner.dedupe.buffer.size', 'bytes'],
  ['log.cleaner.io.buffer.size', 'bytes'],
  ['max.connection.creation.rate', 'connections/s'],
  ['metadata.log.max.record.bytes.between.snapshots', 'bytes'],
  ['offsets.load.buffer.size', 'bytes'],
  ['sasl.kerberos.min.time.before.relogin', 'ms'],
  ['sasl.server.max.receive.size', 'bytes'],
  ['share.coordinator.load.buffer.size', 'bytes'],
  ['transaction.state.log.load.buffer.size', 'bytes'],
]);

const ENDINGS: ReadonlyMap<string, ConfigUnit> = new Map([
  ['ms', 'ms'],
  ['millis', 'ms'],
  ['seconds', 's'],
  ['secs', 's'],
  ['minutes', 'min'],
  ['hours', 'h'],
  ['bytes', 'bytes'],
  ['second', 'bytes/s'],
]);

/** Unit of a number, undefined for counts, ratios and everything else that has none. */
export function unitOf(name: string): ConfigUnit | undefined {
  return ODD.get(name) ?? ENDINGS.get(name.slice(name.lastIndexOf('.') + 1));
}
