import type { Stage } from './broker_runner.js';

/** `verb name name key=value key=value`. */
export interface Command {
  readonly verb: string;
  /** The first name, '' when there is none. */
  readonly first: string;
  readonly names: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export type Commands = Readonly<Record<string, (command: Command, stage: Stage) => Promise<string[]>>>;

export function parseCommand(text: string): Command {
  const [verb = '', ...words] = text.split(/\s+/);
  const options = new Map<string, string>();
  const names: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 0) names.push(word);
    else options.set(word.slice(0, at), word.slice(at + 1));
  }
  return { verb, first: names[0] ?? '', names, options };
}

/** `t/0` or `t/0=5`. */
export function parsePartition(word: string): { readonly name: string; readonly partition: number } {
  const [name = '', partition = '0'] = word.split('/');
  return { name, partition: Number(partition) };
}

interface Assigned {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** `t/0 t/1`, `-` for nothing. */
export function showAssigned(topicPartitions: readonly Assigned[], stage: Stage): string {
  const all = topicPartitions.flatMap(({ topicId, partitions }) =>
    partitions.map((p) => `${stage.nameOf(topicId)}/${p}`),
  );
  return all.sort().join(' ') || '-';
}
