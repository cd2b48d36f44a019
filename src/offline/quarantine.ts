import type { FileTools } from '../common/ports/index.js';

/** What was taken out of a log: whatever is kept in such a file is nobody's business but the operator's. */
export const isQuarantine = (name: string): boolean => /\.quarantine(\.\d+)?$/.test(name);

/** A name for what is put aside of `path` that nothing has yet: what an earlier repair or recovery kept stays. */
export async function unusedQuarantine(tools: FileTools, path: string): Promise<string> {
  const first = `${path}.quarantine`;
  let name = first;
  for (let number = 1; (await tools.stat(name)) !== undefined; number += 1) name = `${first}.${number}`;
  return name;
}
