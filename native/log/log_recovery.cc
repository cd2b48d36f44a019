

#include "damage.h"
#include "log.h"
#include "quarantine.h"

namespace millrace {

Status Log::cutTail(SegmentView& view, const LoadReport& loaded, const std::vector<std::int64_t>& later, RecoveryReport& report) {
  report.truncatedAtOffset = view.nextOffset();
  // From the end: whatever a crash leaves undone of this is done again by the next start.
  for (auto base = later.rbegin(); base != later.rend(); ++base) {
    auto file = File::open(fs_, folder_, offsetFileName(*base) + ".log");
    if (!file.ok()) return std::move(file.error());
    const auto size = static_cast<std::int64_t>(file.value()->size());
    if (auto status = quarantineSegment(fs_, *folder_, *base, size == 0); !status.ok()) return status;
    report.truncatedBytes += size;
    if (size == 0) continue;
    report.quarantinedBytes += size;
    ++report.quarantinedSegments;
  }
  if (!later.empty()) {
    if (auto status = syncFolder(); !status.ok()) return status;
  }
  if (loaded.damage == nullptr) return Done{};
  const std::int64_t tailBytes = view.sizeBytes() - loaded.damage->from;
  report.truncatedBytes += tailBytes;
  if (loaded.damage->kind == Damage::Kind::kTornMiddle) report.quarantinedBytes += tailBytes;
  if (auto status = removeIndexFiles(view); !status.ok()) return status;
  return cutOff(fs_, view, *loaded.damage);
}

Status Log::settleStart(const std::vector<std::int64_t>& below, RecoveryReport& report) {
  for (const std::int64_t base : below) {
    if (auto status = unlinkEach(fs_, folder_->pathOf(offsetFileName(base)), kSegmentSuffixes); !status.ok()) return status;
  }
  if (logEndOffset() >= options_.logStartOffset) return Done{};
  report.truncatedBytes += sizeBytes();
  report.truncatedAtOffset = options_.logStartOffset;
  return truncateFullyAndStartAt(options_.logStartOffset);
}

Status Log::keepIndexFiles(SealedSegment& segment, bool rebuilt) {
  if (rebuilt) {
    SegmentLoader::finishIndex(segment);
    if (!segment.index().store(fs_, segment.stem(), true).ok()) {
      // No room, perhaps. What is there now says something wrong; without it the next start rebuilds the index again.
      return unlinkEach(fs_, segment.stem(), kIndexSuffixes);
    }
    const std::lock_guard lock(work_->mutex);
    work_->directoryDirty = true;
  }
  segment.dropIndex();
  return Done{};
}

}  // namespace millrace
