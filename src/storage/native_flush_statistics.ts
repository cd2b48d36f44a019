import type { FlushStatistics } from '../common/ports/index.js';

/** `Distribution::kBuckets` in native/log/flusher.h. */
const distributionBuckets = 33;

/** What `NativeDirectory.statistics` gives, by name. */
export function flushStatisticsOf(flat: Float64Array): FlushStatistics {
  const at = (index: number) => flat[index] ?? 0;
  const distribution = (index: number) => {
    const from = 3 + index * (1 + distributionBuckets);
    return { sum: at(from), counts: [...flat.subarray(from + 1, from + 1 + distributionBuckets)] };
  };
  return {
    flushes: at(0),
    requests: at(1),
    totalUs: at(2),
    groupRequests: distribution(0),
    groupBytes: distribution(1),
    syncUs: distribution(2),
  };
}
