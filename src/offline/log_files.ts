// Names of the files in a partition's directory.

export type SegmentFileKind = '.log' | '.index' | '.timeindex' | '.txnindex' | '.snapshot';

export interface SegmentFileName {
  readonly baseOffset: number;
  readonly kind: SegmentFileKind;
}

const segmentFile = /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot)$/;
/** A topic's name may hold dashes; the partition stands behind the last one. */
const partitionDirectory = /^(.+)-(\d+)$/;

export function parseSegmentFileName(name: string): SegmentFileName | undefined {
  const match = segmentFile.exec(name);
  return match === null ? undefined : { baseOffset: Number(match[1]), kind: match[2] as SegmentFileKind };
}

export function segmentFileName(baseOffset: number, kind: SegmentFileKind): string {
  return `${String(baseOffset).padStart(20, '0')}${kind}`;
}

export function parsePartitionName(name: string): { readonly topic: string; readonly partition: number } | undefined {
  const match = partitionDirectory.exec(name);
  return match === null ? undefined : { topic: match[1] ?? '', partition: Number(match[2]) };
}

/** The last step of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at);
}
