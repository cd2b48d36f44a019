/** Something that a sound log directory does not have. */
export interface Finding {
  /** Relative to the log directory. */
  readonly file: string;
  /** For programs: one word a kind. */
  readonly kind: FindingKind;
  readonly message: string;
  readonly position: number | null;
  /** Where the damage ends. */
  readonly endPosition: number | null;
  readonly offset: number | null;
  /** The first offset that is good again; null where it is not known. */
  readonly endOffset: number | null;
}

export type FindingKind =
  | 'torn-tail'
  | 'damaged-batch'
  | 'unreadable-records'
  | 'offset-order'
  | 'offset-gap'
  | 'segment-overlap'
  | 'segment-base'
  | 'missing-file'
  | 'orphan-file'
  | 'leftover'
  | 'unknown-file'
  | 'index-size'
  | 'index-order'
  | 'index-mismatch'
  | 'time-index-size'
  | 'time-index-order'
  | 'time-index-mismatch'
  | 'txn-index'
  | 'snapshot'
  | 'snapshot-mismatch'
  | 'epoch-file'
  | 'epoch-order'
  | 'epoch-mismatch'
  | 'checkpoint'
  | 'checkpoint-range'
  | 'meta-properties'
  | 'partition-metadata';

export type Place = Partial<Pick<Finding, 'position' | 'endPosition' | 'offset' | 'endOffset'>>;

/** Collects what is found in one file after the other. */
export class Findings {
  readonly all: Finding[] = [];

  add(file: string, kind: FindingKind, message: string, place: Place = {}): void {
    const nowhere = { position: null, endPosition: null, offset: null, endOffset: null };
    this.all.push({ file, kind, message, ...nowhere, ...place });
  }
}

/** One line for people. */
export function findingLine({ file, kind, message, position, endPosition, offset, endOffset }: Finding): string {
  const range = (name: string, from: number | null, to: number | null) =>
    from === null ? [] : [to === null ? `${name} ${from}` : `${name}s ${from} to ${to}`];
  const where = [...range('offset', offset, endOffset), ...range('position', position, endPosition)].join(', ');
  return `${file}: ${where === '' ? '' : `${where}: `}${message} [${kind}]`;
}
