/** In a directory that nothing else is in: nobody else syncs it. */
export const diskNames: readonly string[] = ['logs/a', 'logs/b'];

/** What is there when a recorded life begins. */
export const recordedDirectories: readonly string[] = ['disks'];

export function flushModeOf(seed: number): 'group' | 'os' {
  return seed % 3 === 0 ? 'os' : 'group';
}
