import type { Difference } from '../session/differences.js';

/** Places where Millrace answers otherwise on purpose; the reasons are in ../DIFFERENCES.md. */
export const shareDifferences: readonly Difference[] = [
  { row: 'Error texts', step: /^coordinator: /, path: /errorMessage$/ },
  {
    row: 'ShareFetch of a topic id that is not there',
    step: /^fetch: b-3 asks for a topic that is not there$/,
    path: /^(errorCode|acquisitionLockTimeoutMs|responses)/,
  },
  {
    row: 'ShareFetch with an unknown acquire mode',
    step: /^fetch: b-4 acquires in a mode that is none$/,
    path: /^errorCode$/,
  },
  {
    row: 'ShareFetch that acknowledges records of a partition that is not there',
    step: /^fetch: with acknowledgements elsewhere$/,
    path: /errorCode$/,
  },
  { row: 'DescribeShareGroupOffsets, version 0', step: /^offsets: version 0$/, path: /^\.$/ },
];
