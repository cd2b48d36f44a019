import type { CoordinatorMachine, Decision, ReplyToken } from '../../../src/coordinator/runtime/machine.js';
import { ErrorCode } from '../../../src/protocol/errors.js';

/** The smallest machine that uses everything a shard offers: named sums. */
export interface CounterState {
  readonly sums: Map<string, number>;
  /** Not written: commands seen since the load. */
  seen: number;
}

export type CounterCommand =
  | {
      readonly kind: 'add';
      readonly token: ReplyToken;
      readonly name: string;
      readonly by: number;
      readonly size?: number;
    }
  | { readonly kind: 'add-many'; readonly token: ReplyToken; readonly names: readonly string[] }
  | { readonly kind: 'get'; readonly token: ReplyToken; readonly name: string }
  | { readonly kind: 'add-later'; readonly token: ReplyToken; readonly name: string; readonly delayMs: number }
  | { readonly kind: 'tick'; readonly name: string }
  | { readonly kind: 'loaded' }
  | { readonly kind: 'refused'; readonly name: string };

export type CounterRecord =
  | { readonly kind: 'sum'; readonly name: string; readonly sum: number; readonly size: number }
  | { readonly kind: 'seen' };

export type CounterReply = { readonly sum: number };

export const counterMachine: CoordinatorMachine<CounterState, CounterCommand, CounterRecord, CounterReply> = {
  newState: () => ({ sums: new Map(), seen: 0 }),
  decide: (state, command) => {
    const seen: CounterRecord = { kind: 'seen' };
    const sumOf = (name: string): number => state.sums.get(name) ?? 0;
    const nothing: Decision<CounterCommand, CounterRecord, CounterReply> = {
      records: [],
      divisible: false,
      replies: [],
      timers: [],
      notes: [],
    };
    switch (command.kind) {
      case 'add': {
        const sum = sumOf(command.name) + command.by;
        const record = { kind: 'sum', name: command.name, sum, size: command.size ?? 0 } as const;
        return { ...nothing, records: [record, seen], replies: [{ token: command.token, reply: { sum } }] };
      }
      case 'add-many': {
        const records = command.names.map((name) => ({ kind: 'sum', name, sum: sumOf(name) + 1, size: 0 }) as const);
        return {
          ...nothing,
          records,
          divisible: true,
          replies: [{ token: command.token, reply: { sum: records.length } }],
        };
      }
      case 'get':
        return { ...nothing, replies: [{ token: command.token, reply: { sum: sumOf(command.name) } }] };
      case 'add-later':
        return {
          ...nothing,
          replies: [{ token: command.token, reply: { sum: sumOf(command.name) } }],
          timers: [{ key: command.name, delayMs: command.delayMs, command: { kind: 'tick', name: command.name } }],
        };
      case 'tick':
      case 'refused': {
        const by = command.kind === 'tick' ? 1 : -1;
        const record = { kind: 'sum', name: command.name, sum: sumOf(command.name) + by, size: 0 } as const;
        return { ...nothing, records: [record] };
      }
      case 'loaded':
        return { ...nothing, records: [seen] };
    }
  },
  apply: (state, record, undo) => {
    if (record.kind === 'seen') {
      state.seen += 1;
      undo?.push(() => {
        state.seen -= 1;
      });
      return;
    }
    const before = state.sums.get(record.name);
    state.sums.set(record.name, record.sum);
    undo?.push(() => {
      if (before === undefined) state.sums.delete(record.name);
      else state.sums.set(record.name, before);
    });
  },
  encode: (record) =>
    record.kind === 'seen'
      ? undefined
      : { key: Buffer.from(record.name), value: Buffer.from(`${record.sum}${' '.repeat(record.size)}`) },
  decode: ({ key, value }) => {
    const name = Buffer.from(key).toString();
    if (name.startsWith('?')) return undefined;
    return { kind: 'sum', name, sum: Number(Buffer.from(value ?? []).toString()), size: 0 };
  },
  decodeEndOfTransaction: () => undefined,
  loadedCommand: () => ({ kind: 'loaded' }),
  refusedCommand: (command, error) =>
    command.kind === 'add' && error === ErrorCode.MESSAGE_TOO_LARGE
      ? { kind: 'refused', name: command.name }
      : undefined,
};
