/** One call that a recorded process made. */
export type Call =
  | {
      readonly kind: 'open';
      readonly fd: number;
      readonly path: string;
      readonly creates: boolean;
      readonly cuts: boolean;
    }
  | { readonly kind: 'write'; readonly fd: number; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly fd: number; readonly sizeBytes: number }
  | { readonly kind: 'sync' | 'close'; readonly fd: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink' | 'mkdir' | 'rmdir'; readonly path: string };

const kinds = [undefined, 'open', 'write', 'truncate', 'sync', 'close', 'rename', 'unlink', 'mkdir', 'rmdir'] as const;
const headerBytes = 28;
const createFlag = 0o100;
const truncateFlag = 0o1000;

/** What `recorder.cc` wrote down. */
export function* callsIn(trace: Buffer): IterableIterator<Call> {
  for (let at = 0; at < trace.length; ) {
    const kind = kinds[trace.readUInt32LE(at)];
    const fd = trace.readInt32LE(at + 4);
    const argument = Number(trace.readBigInt64LE(at + 8));
    let end = at + headerBytes;
    const part = (lengthAt: number): Buffer => {
      const from = end;
      end += trace.readUInt32LE(at + lengthAt);
      return trace.subarray(from, end);
    };
    const path = part(16).toString();
    const to = part(20).toString();
    const bytes = part(24);
    at = end;
    switch (kind) {
      case 'open':
        yield { kind, fd, path, creates: (argument & createFlag) !== 0, cuts: (argument & truncateFlag) !== 0 };
        break;
      case 'write':
        yield { kind, fd, position: argument, bytes };
        break;
      case 'truncate':
        yield { kind, fd, sizeBytes: argument };
        break;
      case 'sync':
      case 'close':
        yield { kind, fd };
        break;
      case 'rename':
        yield { kind, from: path, to };
        break;
      case 'unlink':
      case 'mkdir':
      case 'rmdir':
        yield { kind, path };
        break;
      case undefined:
        throw new Error(`the trace is damaged at ${at}`);
    }
  }
}
