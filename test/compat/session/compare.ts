import type { Transcript } from './play.js';

/** What tells the elements of a list apart, in the order in which it is looked for. */
const identities = [
  'topicId',
  'name',
  'topic',
  'partitionIndex',
  'partition',
  'partitionId',
  'index',
  'resourceName',
  'groupId',
  'apiKey',
  'nodeId',
  'brokerId',
  'feature',
  'user',
  'entityType',
  'key',
  'memberId',
  'timestamp',
] as const;

/** A place where two transcripts differ; the values as JSON. */
export interface Found {
  readonly step: string;
  readonly path: string;
  readonly kafka: string;
  readonly millrace: string;
}

export function differencesOf(theirs: Transcript, ours: Transcript): Found[] {
  const all: Found[] = [];
  for (const step of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    compare(theirs[step], ours[step], '', (path, one, other) =>
      all.push({ step, path: path === '' ? '.' : path, kafka: show(one), millrace: show(other) }),
    );
  }
  return all;
}

type Report = (path: string, theirs: unknown, ours: unknown) => void;

function compare(theirs: unknown, ours: unknown, path: string, report: Report): void {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const [their, our] = [byIdentity(theirs), byIdentity(ours)];
    for (const key of new Set([...their.keys(), ...our.keys()]))
      compare(their.get(key), our.get(key), `${path}[${key}]`, report);
    return;
  }
  if (isStruct(theirs) && isStruct(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)]))
      compare(theirs[key], ours[key], path === '' ? key : `${path}.${key}`, report);
    return;
  }
  if (!Object.is(theirs, ours)) report(path, theirs, ours);
}

function isStruct(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byIdentity(list: readonly unknown[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const repeats = new Map<string, number>();
  for (const element of list) {
    const key = isStruct(element) ? identityOf(element) : String(element);
    const count = repeats.get(key) ?? 0;
    repeats.set(key, count + 1);
    found.set(count === 0 ? key : `${key}#${count + 1}`, element);
  }
  return found;
}

function identityOf(element: Readonly<Record<string, unknown>>): string {
  const name = identities.find(
    (known) =>
      element[known] !== undefined && element[known] !== null && element[known] !== '' && element[known] !== 'ZERO',
  );
  return name === undefined ? '' : String(element[name]);
}

function show(value: unknown): string {
  return value === undefined ? '(nothing)' : JSON.stringify(value);
}
