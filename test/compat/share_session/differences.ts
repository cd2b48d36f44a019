import type { Difference } from '../session/differences.js';

/** Places where Millrace answers otherwise on purpose; the reasons are in ../DIFFERENCES.md. */
export const shareDifferences: readonly Difference[] = [
  { row: 'Error texts', step: /^coordinator: /, path: /errorMessage$/ },
];
