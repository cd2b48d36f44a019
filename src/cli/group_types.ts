import type { Session } from './session.js';

/** Those of the groups that are share groups. */
export async function shareGroupsAmong(names: readonly string[], { admin }: Session): Promise<readonly string[]> {
  const listed = await admin.listGroups();
  return names.filter((name) => listed.some(({ groupId, type }) => groupId === name && type === 'share'));
}
