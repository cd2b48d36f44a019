#include <algorithm>

#include "log.h"

// Batches by timestamp, and all of them in order.

namespace millrace {

Result<std::optional<LocatedBatch>> Log::findByTimestamp(std::int64_t timestampMs, std::int64_t upperOffset) const {
  for (std::size_t index = segmentFor(logStartOffset_); index < segmentCount(); ++index) {
    const SegmentView& view = segment(index);
    if (view.baseOffset() >= upperOffset) break;
    auto newest = view.maxTimestampMs();
    if (!newest.ok()) return newest.error();
    if (newest.value() < timestampMs) continue;
    auto relative = view.lookupTime(timestampMs);
    if (!relative.ok()) return relative.error();
    const std::int64_t from = std::max(logStartOffset_, view.baseOffset() + relative.value());
    auto found = view.find(from);
    if (!found.ok()) return found;
    HeaderWalker walker(*view.file(), found.value().has_value() ? found.value()->position : view.sizeBytes(), view.sizeBytes());
    for (;;) {
      auto batch = view.next(walker);
      if (!batch.ok()) return batch;
      if (!batch.value().has_value()) break;
      if (batch.value()->header.baseOffset >= upperOffset) return std::optional<LocatedBatch>{};
      if (batch.value()->header.maxTimestampMs >= timestampMs) return batch;
    }
  }
  return std::optional<LocatedBatch>{};
}

Result<std::optional<LocatedBatch>> Log::findMaxTimestamp(std::int64_t upperOffset) const {
  std::optional<LocatedBatch> best;
  for (std::size_t index = segmentFor(logStartOffset_); index < segmentCount(); ++index) {
    const SegmentView& view = segment(index);
    if (view.baseOffset() >= upperOffset) break;
    auto newest = view.maxTimestampMs();
    if (!newest.ok()) return newest.error();
    if (best.has_value() && newest.value() <= best->header.maxTimestampMs) continue;
    // The index knows where the segment's own maximum is; with an end inside the segment it may lie behind that end.
    const bool whole = view.nextOffset() <= upperOffset;
    auto skip = whole ? view.lookupTime(newest.value()) : Result<std::int32_t>(0);
    if (!skip.ok()) return skip.error();
    auto found = view.find(std::max(logStartOffset_, view.baseOffset() + skip.value()));
    if (!found.ok()) return found;
    HeaderWalker walker(*view.file(), found.value().has_value() ? found.value()->position : view.sizeBytes(), view.sizeBytes());
    for (;;) {
      auto batch = view.next(walker);
      if (!batch.ok()) return batch;
      if (!batch.value().has_value()) break;
      if (batch.value()->header.baseOffset >= upperOffset) break;
      if (!best.has_value() || batch.value()->header.maxTimestampMs > best->header.maxTimestampMs) best = batch.value();
    }
  }
  return best;
}

Result<std::vector<ReplayedBatch>> Log::scan(std::int64_t fromOffset, std::size_t maxBatches) const {
  std::vector<ReplayedBatch> headers;
  for (std::size_t index = segmentFor(fromOffset); index < segmentCount() && headers.size() < maxBatches; ++index) {
    const SegmentView& view = segment(index);
    auto found = view.find(fromOffset);
    if (!found.ok()) return found.error();
    if (!found.value().has_value()) continue;
    HeaderWalker walker(*view.file(), found.value()->position, view.sizeBytes());
    while (headers.size() < maxBatches) {
      auto batch = view.next(walker);
      if (!batch.ok()) return batch.error();
      if (!batch.value().has_value()) break;
      headers.push_back({batch.value()->header, std::nullopt});
      if (!isControl(batch.value()->header)) continue;
      auto marker = readMarker(*view.file(), *batch.value());
      if (!marker.ok()) return marker.error();
      headers.back().marker = marker.value();
    }
  }
  return headers;
}

}  // namespace millrace
