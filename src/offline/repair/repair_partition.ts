import type { ReadableFile } from '../../common/ports/index.js';
import { formatEpochs, leaderEpochFile } from '../../storage/checkpoints.js';
import { type AbortedTransaction, abortedTransactionBytes, abortedTransactions } from '../index_files.js';
import { parseSegmentFileName, type SegmentFileKind, segmentFileName } from '../log_files.js';
import type { OfflinePorts } from '../offline_directory.js';
import { unusedQuarantine } from '../quarantine.js';
import { TransactionReplay } from '../transaction_replay.js';
import type { Finding } from '../verify/findings.js';
import { type Cut, planSegment, type SegmentPlan } from './segment_plan.js';

export interface Loss extends Cut {
  readonly partition: string;
  readonly file: string;
  /** Where the bytes are kept. */
  readonly quarantine: string;
}

/** Offsets that are in no file: nothing can be cut out, and what follows stays. */
export interface Gap {
  readonly partition: string;
  readonly file: string;
  readonly offset: number;
  readonly endOffset: number;
}

export interface PartitionRepair {
  readonly partition: string;
  readonly losses: readonly Loss[];
  readonly gaps: readonly Gap[];
  /** Files made anew, or left out because nothing can be made of them. */
  readonly rebuilt: readonly string[];
  readonly dropped: readonly string[];
  readonly firstOffset: number;
  readonly logEndOffset: number;
}

interface RepairContext {
  readonly ports: OfflinePorts;
  readonly name: string;
  /** The same for a repair in place. */
  readonly from: string;
  readonly to: string;
  readonly findings: readonly Finding[];
}

const chunkBytes = 1024 * 1024;

/** Makes a sound partition in `to` of the one in `from`. Every file is on the medium before it takes the place of another. */
export function repairPartition(context: RepairContext): Promise<PartitionRepair> {
  return new Repairer(context).run();
}

class Repairer {
  private readonly transactions = new TransactionReplay();
  private readonly losses: Loss[] = [];
  private readonly rebuilt: string[] = [];
  private readonly dropped: string[] = [];
  private readonly epochs: Array<{ readonly epoch: number; readonly startOffset: number }> = [];

  constructor(private readonly context: RepairContext) {}

  private get inPlace(): boolean {
    return this.context.from === this.context.to;
  }

  async run(): Promise<PartitionRepair> {
    const { ports, name, from, to } = this.context;
    await ports.files.makeDirectory(to);
    const entries = ((await ports.files.listDirectory(from)) ?? []).filter(({ kind }) => kind === 'file');
    const names = entries.map((entry) => entry.name).sort();
    const bases = names.flatMap((one) => {
      const parsed = parseSegmentFileName(one);
      return parsed?.kind === '.log' ? [parsed.baseOffset] : [];
    });
    let nextOffset = bases[0] ?? 0;
    for (const [at, base] of bases.entries())
      nextOffset = await this.segment(base, nextOffset, bases[at + 1], new Set(names));
    const isBase = new Set(bases);
    for (const one of names) await this.other(one, isBase, nextOffset);
    if (this.wrong(leaderEpochFile)) {
      await this.write(leaderEpochFile, formatEpochs(this.epochs));
      this.rebuilt.push(`${name}/${leaderEpochFile}`);
    }
    const { losses, rebuilt, dropped } = this;
    const gaps = this.gaps();
    if (this.inPlace && losses.length + gaps.length > 0) await this.syncFiles();
    await ports.files.syncDirectory(to);
    return { partition: name, losses, gaps, rebuilt, dropped, firstOffset: bases[0] ?? 0, logEndOffset: nextOffset };
  }

  private gaps(): readonly Gap[] {
    const { name, findings } = this.context;
    return findings.flatMap(({ kind, file, offset, endOffset }) =>
      kind === 'offset-gap' && offset !== null && endOffset !== null
        ? [{ partition: name, file, offset, endOffset }]
        : [],
    );
  }

  /** The recovery point will lie behind them. */
  private async syncFiles(): Promise<void> {
    const { ports, to } = this.context;
    for (const { name, kind } of (await ports.files.listDirectory(to)) ?? []) {
      if (kind !== 'file' || !/\.(log|index|timeindex|txnindex)$/.test(name)) continue;
      const file = await ports.files.openAppendFile(`${to}/${name}`);
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  }

  /** Something was found in the file, or it is missing. */
  private wrong(file: string): boolean {
    return this.context.findings.some((finding) => finding.file === `${this.context.name}/${file}`);
  }

  private async segment(
    base: number,
    nextOffset: number,
    nextBase: number | undefined,
    names: ReadonlySet<string>,
  ): Promise<number> {
    const { ports, name, from, to } = this.context;
    const file = segmentFileName(base, '.log');
    const opened = await ports.tools.openForReading(`${from}/${file}`);
    if (opened === undefined) return nextOffset;
    try {
      const plan = await planSegment(opened, base, nextOffset, nextBase, this.transactions);
      for (const [epoch, startOffset] of plan.epochs)
        if (epoch > (this.epochs.at(-1)?.epoch ?? -1)) this.epochs.push({ epoch, startOffset });
      for (const cut of plan.cuts) {
        const kept = await unusedQuarantine(ports.tools, `${to}/${file}.${cut.position}-${cut.endPosition}`);
        const quarantine = kept.slice(to.length + 1);
        await ports.tools.writeFile(kept, bytesOf(opened, [[cut.position, cut.endPosition]]));
        this.losses.push({ ...cut, partition: name, file: `${name}/${file}`, quarantine: `${name}/${quarantine}` });
      }
      if (plan.cuts.length > 0) {
        await ports.tools.writeFile(`${to}/${file}.tmp`, bytesOf(opened, plan.keep));
        await ports.files.rename(`${to}/${file}.tmp`, `${to}/${file}`);
      } else if (!this.inPlace) await ports.tools.copyFile(`${from}/${file}`, `${to}/${file}`);
      await this.indexes(plan, names);
      return Math.max(plan.nextOffset, base);
    } finally {
      await opened.close();
    }
  }

  private async indexes(plan: SegmentPlan, names: ReadonlySet<string>): Promise<void> {
    const made: ReadonlyArray<readonly [SegmentFileKind, Buffer]> = [
      ['.index', plan.index],
      ['.timeindex', plan.timeIndex],
      ['.txnindex', await this.transactionIndex(plan, names)],
    ];
    for (const [kind, bytes] of made) {
      const file = segmentFileName(plan.baseOffset, kind);
      const isThere = names.has(file);
      if (plan.cuts.length === 0 && !this.wrong(file)) {
        if (isThere && !this.inPlace) await this.copy(file);
      } else if (bytes.length > 0 || isThere || kind !== '.txnindex') {
        await this.write(file, bytes);
        this.rebuilt.push(`${this.context.name}/${file}`);
      }
    }
  }

  /** Aborted transactions as the log tells them; where their beginning is not in the log any more, as the old file does. */
  private async transactionIndex(plan: SegmentPlan, names: ReadonlySet<string>): Promise<Buffer> {
    const entries = new Map<number, AbortedTransaction>(plan.aborted.map((one) => [one.lastOffset, one]));
    const file = segmentFileName(plan.baseOffset, '.txnindex');
    const old = names.has(file) ? await this.context.ports.files.readFile(`${this.context.from}/${file}`) : undefined;
    if (old !== undefined) {
      const whole = Buffer.from(old.subarray(0, old.length - (old.length % abortedTransactionBytes)));
      for (let at = 0; at < whole.length; at += abortedTransactionBytes)
        for (const one of readable(whole.subarray(at, at + abortedTransactionBytes)))
          if (plan.abortMarkers.has(one.lastOffset) && !entries.has(one.lastOffset)) entries.set(one.lastOffset, one);
    }
    const sorted = [...entries.values()].sort((a, b) => a.lastOffset - b.lastOffset);
    return Buffer.concat(sorted.map(encodeAborted));
  }

  /** Files that are of no segment that was just made. */
  private async other(file: string, bases: ReadonlySet<number>, logEndOffset: number): Promise<void> {
    const parsed = parseSegmentFileName(file);
    if (parsed !== undefined && parsed.kind !== '.snapshot') {
      if (!bases.has(parsed.baseOffset)) await this.drop(file);
    } else if (parsed?.kind === '.snapshot') {
      if (this.wrong(file) || parsed.baseOffset > logEndOffset) await this.drop(file);
      else if (!this.inPlace) await this.copy(file);
    } else if (/\.(deleted|tmp)$/.test(file)) {
      if (!this.inPlace) this.dropped.push(`${this.context.name}/${file}`);
    } else if (!this.inPlace && !(file === leaderEpochFile && this.wrong(file))) await this.copy(file);
  }

  /** Derived files that say nothing true: left out of a copy, put aside in place. */
  private async drop(file: string): Promise<void> {
    const { ports, name, to } = this.context;
    this.dropped.push(`${name}/${file}`);
    const path = `${to}/${file}`;
    if (this.inPlace) await ports.files.rename(path, await unusedQuarantine(ports.tools, path));
  }

  private copy(file: string): Promise<void> {
    const { ports, from, to } = this.context;
    return ports.tools.copyFile(`${from}/${file}`, `${to}/${file}`);
  }

  private write(file: string, bytes: Uint8Array): Promise<void> {
    return this.context.ports.files.writeFileAtomic(`${this.context.to}/${file}`, bytes, { sync: true });
  }
}

async function* bytesOf(
  file: ReadableFile,
  ranges: ReadonlyArray<readonly [position: number, endPosition: number]>,
): AsyncGenerator<Uint8Array, void, void> {
  for (const [position, endPosition] of ranges)
    for (let at = position; at < endPosition; at += chunkBytes)
      yield await file.read(at, Math.min(chunkBytes, endPosition - at));
}

/** The entry, unless its numbers are none. */
function readable(bytes: Buffer): readonly AbortedTransaction[] {
  const sane = [2, 10, 18, 26].every((at) => bytes.readBigInt64BE(at) >= 0n && bytes.readBigInt64BE(at) < 2n ** 53n);
  return sane ? [...abortedTransactions(bytes)] : [];
}

function encodeAborted(one: AbortedTransaction): Buffer {
  const bytes = Buffer.alloc(abortedTransactionBytes);
  bytes.writeInt16BE(0, 0);
  const numbers = [one.producerId, one.firstOffset, one.lastOffset, one.lastStableOffset];
  for (const [at, value] of numbers.entries()) bytes.writeBigInt64BE(BigInt(value), 2 + at * 8);
  return bytes;
}
