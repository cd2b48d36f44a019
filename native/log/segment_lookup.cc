#include <algorithm>
#include <utility>

#include "../io/reads_at_once.h"
#include "segment.h"

// Where to begin for an offset, a position or a timestamp. The files of an index are trusted by their sizes when a log is opened; so each
// entry that is followed is held against the batch it speaks of. One that says something else is damage: then the index is made anew.

namespace millrace {
namespace {

bool holds(const Result<std::optional<LocatedBatch>>& batch, std::int64_t offset) {
  return batch.ok() && batch.value().has_value() && batch.value()->header.baseOffset <= offset && batch.value()->header.lastOffset() >= offset;
}

/// Damage of what a search meets is for those who read it.
bool failed(const Result<std::optional<LocatedBatch>>& batch) { return !batch.ok() && batch.error().kind != Error::Kind::kCorrupt; }

}  // namespace

/// Whether the files of the index, whose entries were damaged, have been made anew. Tried once: a log that is damaged itself keeps them,
/// and without room for them searches begin at the segment's first batch.
Result<bool> SegmentView::repairIndex() const {
  if (std::exchange(indexRepaired_, true)) return false;
  const ReadsAtOnce::Pause pause;
  SegmentView anew(baseOffset_, file_);
  auto end = SegmentLoader::rebuild(anew, LoadPlan{}.indexIntervalBytes);
  if (!end.ok()) return end.error();
  if (end.value() != sizeBytes()) return false;
  SegmentLoader::finishIndex(anew);
  return anew.index_.store(file_->fileSystem(), stem(), true).ok();
}

Result<std::int64_t> SegmentView::walkForMaxTimestamp(std::int64_t from) const {
  std::int64_t newest = -1;
  for (HeaderWalker walker(*file_, from, sizeBytes());;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch.error();
    if (!batch.value().has_value()) return newest;
    newest = std::max(newest, batch.value()->header.maxTimestampMs);
  }
}

Result<bool> SegmentView::sane(const TimeEntry& entry) const {
  if (entry.relativeOffset < 0) return false;
  const std::int64_t offset = baseOffset_ + entry.relativeOffset;
  auto batch = find(offset);
  if (failed(batch)) return batch.error();
  return holds(batch, offset) && batch.value()->header.maxTimestampMs == entry.timestampMs;
}

Result<bool> SegmentView::sane(const OffsetEntry& entry) const {
  // The first batch has none: zeros are blocks that were never written.
  if (entry.position <= 0 || entry.position >= sizeBytes()) return false;
  auto batch = at(entry.position);
  if (failed(batch)) return batch.error();
  return batch.ok() && batch.value().has_value() && batch.value()->header.baseOffset >= baseOffset_ && batch.value()->header.baseOffset - baseOffset_ <= entry.relativeOffset;
}

/// What `search` finds in the files of the index, when it is true of the log: else the index is made anew, once. Nullopt: begin at the
/// beginning.
template <typename Entry, typename Search>
Result<std::optional<Entry>> SegmentView::searchStored(Search search) const {
  for (;;) {
    auto entry = search(IndexFile(file_->fileSystem(), stem()));
    if (!entry.ok() || !entry.value().has_value()) return entry;
    auto told = sane(*entry.value());
    if (!told.ok()) return told.error();
    if (told.value()) return entry;
    auto again = repairIndex();
    if (!again.ok()) return again.error();
    if (!again.value()) return std::optional<Entry>{};
  }
}

Result<std::int64_t> SegmentView::maxTimestampMs() const {
  if (maxTimestampMs_ != kUnread) return maxTimestampMs_;
  auto last = searchStored<TimeEntry>([](const IndexFile& file) { return file.last(); });
  if (!last.ok()) return last.error();
  // Retention must not take the word of an index that ends early: what lies behind its last entries is looked at.
  const auto from = last.value().has_value() ? floorPosition(sizeBytes()) : Result<std::int64_t>(0);
  if (!from.ok()) return from;
  auto newest = walkForMaxTimestamp(from.value());
  if (!newest.ok()) return newest;
  maxTimestampMs_ = std::max(newest.value(), last.value().has_value() ? last.value()->timestampMs : -1);
  return maxTimestampMs_;
}

Result<std::int64_t> SegmentView::floorPosition(std::int64_t position) const {
  if (indexInMemory_) return std::int64_t{index_.floorPosition(position)};
  auto entry = searchStored<OffsetEntry>([=](const IndexFile& file) { return file.floorPosition(position); });
  if (!entry.ok()) return entry.error();
  return std::int64_t{entry.value().has_value() ? entry.value()->position : 0};
}

Result<std::int32_t> SegmentView::lookupTime(std::int64_t timestampMs) const {
  if (indexInMemory_) return index_.lookupTime(timestampMs);
  auto entry = searchStored<TimeEntry>([=](const IndexFile& file) { return file.below(timestampMs); });
  if (!entry.ok()) return entry.error();
  return entry.value().has_value() ? entry.value()->relativeOffset : 0;
}

IndexFile::Counts SegmentView::indexEntries() const {
  if (indexInMemory_) return {index_.offsetEntries(), index_.timeEntries()};
  return IndexFile(file_->fileSystem(), stem()).counts().value_or(IndexFile::Counts{0, 0});
}

Result<std::optional<LocatedBatch>> SegmentView::find(std::int64_t offset) const {
  const auto relative = static_cast<std::int32_t>(std::clamp<std::int64_t>(offset - baseOffset_, 0, INT32_MAX));
  std::int64_t from = index_.lookup(relative);
  if (!indexInMemory_) {
    auto entry = searchStored<OffsetEntry>([=](const IndexFile& file) { return file.floorOffset(relative); });
    if (!entry.ok()) return entry.error();
    if (entry.value().has_value()) from = entry.value()->position;
  }
  HeaderWalker walker(*file_, from, sizeBytes());
  for (;;) {
    auto batch = next(walker);
    if (!batch.ok() || !batch.value().has_value() || batch.value()->header.lastOffset() >= offset) return batch;
  }
}

Result<std::optional<LocatedBatch>> SegmentView::lastBefore(std::int64_t from, std::int64_t limit) const {
  // An index entry lies on a batch boundary, so walking may begin at the last one below the limit.
  auto indexed = floorPosition(limit - 1);
  if (!indexed.ok()) return indexed.error();
  HeaderWalker walker(*file_, std::max<std::int64_t>(from, indexed.value()), sizeBytes());
  std::optional<LocatedBatch> last;
  bool jumped = walker.position() > from;
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch;
    if (!batch.value().has_value() || batch.value()->endPosition() > limit) break;
    last = batch.value();
  }
  if (last.has_value() || !jumped) return last;
  // The indexed batch itself does not fit: the one before it is the last that does, and the entry before leads to it.
  indexed = floorPosition(indexed.value() - 1);
  if (!indexed.ok()) return indexed.error();
  HeaderWalker again(*file_, std::max<std::int64_t>(from, indexed.value()), sizeBytes());
  for (;;) {
    auto batch = again.next();
    if (!batch.ok()) return batch;
    if (!batch.value().has_value() || batch.value()->endPosition() > limit) return last;
    last = batch.value();
  }
}

}  // namespace millrace
