import type { MapLike } from '../group/layered_map.js';
import type { UndoLog } from '../runtime/machine.js';

/** Sets a key, or removes it when `value` is undefined; what takes it back goes to `undo`. */
export function put<K, V extends NonNullable<unknown>>(
  map: MapLike<K, V>,
  key: K,
  value: V | undefined,
  undo: UndoLog | undefined,
): void {
  if (undo !== undefined) {
    const before = map.get(key);
    undo.push(() => put(map, key, before, undefined));
  }
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** Adds to a counter; a counter at 0 is not there. */
export function count<K>(map: MapLike<K, number>, key: K, change: number, undo: UndoLog | undefined): void {
  const now = (map.get(key) ?? 0) + change;
  put(map, key, now === 0 ? undefined : now, undo);
}
