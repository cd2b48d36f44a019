#include "segment.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "batch_reader.h"
#include "damage.h"
#include "load_progress.h"

namespace millrace {
namespace {

Error cancelledError(const SegmentView& segment) { return Error{Error::Kind::kClosed, "recover", segment.file()->path(), 0, "the broker is stopping"}; }

}  // namespace

std::string offsetFileName(std::int64_t offset) {
  char name[32];
  std::snprintf(name, sizeof name, "%020lld", static_cast<long long>(offset));
  return name;
}

Result<std::optional<LocatedBatch>> HeaderWalker::next() {
  if (position_ + static_cast<std::int64_t>(batch::kHeaderBytes) > end_) return std::optional<LocatedBatch>{};
  const bool inChunk = position_ >= chunkFrom_ && position_ + static_cast<std::int64_t>(batch::kHeaderBytes) <= chunkFrom_ + static_cast<std::int64_t>(chunkSize_);
  if (!inChunk) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(kChunkBytes, end_ - position_));
    auto got = file_.readFully(chunk_.data(), wanted, static_cast<std::uint64_t>(position_));
    if (!got.ok()) return got.error();
    chunkFrom_ = position_;
    chunkSize_ = got.value();
    if (chunkSize_ < batch::kHeaderBytes) return std::optional<LocatedBatch>{};
  }
  LocatedBatch located{BatchHeader::load(chunk_.data() + (position_ - chunkFrom_)), position_};
  if (!plausible(located.header) || located.endPosition() > end_) return std::optional<LocatedBatch>{};
  position_ = located.endPosition();
  return std::optional<LocatedBatch>{located};
}

Status SegmentView::endsAt(std::int64_t position) const {
  if (position == sizeBytes()) return Done{};
  return Error{Error::Kind::kCorrupt, "read", file_->path(), 0, "no valid batch at position " + std::to_string(position) + " of " + std::to_string(sizeBytes())};
}

Result<std::optional<LocatedBatch>> SegmentView::at(std::int64_t position) const {
  HeaderWalker walker(*file_, position, sizeBytes());
  auto batch = walker.next();
  if (!batch.ok() || batch.value().has_value()) return batch;
  if (auto status = endsAt(position); !status.ok()) return status.error();
  return batch;
}

Result<std::optional<LocatedBatch>> SegmentView::find(std::int64_t offset) const {
  const std::int64_t relative = std::clamp<std::int64_t>(offset - baseOffset_, 0, INT32_MAX);
  HeaderWalker walker(*file_, index_.lookup(static_cast<std::int32_t>(relative)), sizeBytes());
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch;
    if (!batch.value().has_value()) {
      if (auto status = endsAt(walker.position()); !status.ok()) return status.error();
      return batch;
    }
    if (batch.value()->header.lastOffset() >= offset) return batch;
  }
}

Result<std::optional<LocatedBatch>> SegmentView::lastBefore(std::int64_t from, std::int64_t limit) const {
  // An index entry lies on a batch boundary, so walking may begin at the last one below the limit.
  HeaderWalker walker(*file_, std::max<std::int64_t>(from, index_.floorPosition(limit - 1)), sizeBytes());
  std::optional<LocatedBatch> last;
  bool jumped = walker.position() > from;
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch;
    if (!batch.value().has_value() || batch.value()->endPosition() > limit) break;
    last = batch.value();
  }
  if (last.has_value() || !jumped) return last;
  // The indexed batch itself does not fit: the one before it is the last that does.
  HeaderWalker again(*file_, from, sizeBytes());
  for (;;) {
    auto batch = again.next();
    if (!batch.ok()) return batch;
    if (!batch.value().has_value() || batch.value()->endPosition() > limit) return last;
    last = batch.value();
  }
}

void SegmentLoader::account(SegmentView& segment, const BatchHeader& header, std::int64_t position, std::int64_t indexIntervalBytes) {
  const std::int64_t lastOffset = header.lastOffset();
  if (segment.firstTimestampMs_ < 0) segment.firstTimestampMs_ = header.maxTimestampMs;
  if (header.maxTimestampMs > segment.maxTimestampMs_) {
    segment.maxTimestampMs_ = header.maxTimestampMs;
    segment.offsetOfMaxTimestamp_ = lastOffset;
  }
  if (segment.bytesSinceIndexEntry_ > indexIntervalBytes) {
    segment.index_.addOffset(static_cast<std::int32_t>(lastOffset - segment.baseOffset_), static_cast<std::int32_t>(position));
    segment.index_.addTime(segment.maxTimestampMs_, static_cast<std::int32_t>(segment.offsetOfMaxTimestamp_ - segment.baseOffset_));
    segment.bytesSinceIndexEntry_ = 0;
  }
  segment.bytesSinceIndexEntry_ += header.sizeBytes;
  segment.nextOffset_ = lastOffset + 1;
}

Status ActiveSegment::append(const std::uint8_t* bytes, const BatchHeader& header, std::int64_t indexIntervalBytes) {
  const std::int64_t position = sizeBytes();
  if (auto status = file_->append(bytes, static_cast<std::size_t>(header.sizeBytes)); !status.ok()) return status;
  SegmentLoader::account(*this, header, position, indexIntervalBytes);
  return Done{};
}

void SegmentLoader::finishIndex(SegmentView& segment) {
  segment.index_.addTime(segment.maxTimestampMs_, static_cast<std::int32_t>(segment.offsetOfMaxTimestamp_ - segment.baseOffset_));
}

Status ActiveSegment::storeIndex(bool sync) {
  SegmentLoader::finishIndex(*this);
  return index_.store(file_->fileSystem(), stem_, sync);
}

SealedSegment ActiveSegment::seal() && {
  if (transactions_ != nullptr) transactions_->release();
  return SealedSegment(std::move(static_cast<SegmentView&>(*this)));
}

Status ActiveSegment::truncateTo(std::int64_t offset, std::int64_t indexIntervalBytes) {
  auto found = find(offset);
  if (!found.ok()) return found.error();
  if (!found.value().has_value()) return Done{};
  if (auto status = file_->truncate(static_cast<std::uint64_t>(found.value()->position)); !status.ok()) return status;
  return SegmentLoader::rebuild(*this, indexIntervalBytes);
}

Status SegmentLoader::rebuild(SegmentView& segment, std::int64_t indexIntervalBytes) {
  segment.index_.clear();
  segment.nextOffset_ = segment.baseOffset_;
  segment.maxTimestampMs_ = -1;
  segment.firstTimestampMs_ = -1;
  segment.offsetOfMaxTimestamp_ = segment.baseOffset_;
  segment.bytesSinceIndexEntry_ = 0;
  HeaderWalker walker(*segment.file_, 0, segment.sizeBytes());
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch.error();
    if (!batch.value().has_value()) return Done{};
    account(segment, batch.value()->header, batch.value()->position, indexIntervalBytes);
  }
}

LoadReport::LoadReport() = default;
LoadReport::~LoadReport() = default;

Status SegmentLoader::verify(SegmentView& segment, const LoadPlan& plan, LoadReport& report) {
  const std::int64_t verifyFrom = plan.verifyFrom;
  LoadProgress* const progress = plan.progress;
  segment.index_.clear();
  report.indexRebuilt = true;
  std::int64_t good = 0;
  /// One batch: false when it is not valid.
  const auto take = [&](const LocatedBatch& located, ByteView bytes) {
    if (located.header.baseOffset < segment.nextOffset_) return false;
    if (located.header.lastOffset() >= verifyFrom) {
      BatchHeader checked;
      const BatchStatus status = inspectBatch(bytes.data(), bytes.size(), checked);
      // Compaction leaves batches with fewer records than their offsets span; their CRC is what counts here.
      if (status != BatchStatus::kOk && status != BatchStatus::kBadOffsets) return false;
    }
    account(segment, located.header, located.position, plan.indexIntervalBytes);
    good = located.endPosition();
    if (progress != nullptr) progress->checkedBytes.fetch_add(static_cast<std::uint64_t>(located.header.sizeBytes), std::memory_order_relaxed);
    return true;
  };
  const auto cancelled = [&] { return progress != nullptr && progress->cancelled.load(std::memory_order_relaxed); };
  // Below the recovery point headers alone; from there on every byte.
  for (HeaderWalker walker(*segment.file_, 0, segment.sizeBytes());;) {
    if (cancelled()) return cancelledError(segment);
    auto next = walker.next();
    if (!next.ok()) return next.error();
    if (!next.value().has_value() || next.value()->header.lastOffset() >= verifyFrom || !take(*next.value(), {})) break;
  }
  for (BatchReader reader(*segment.file_, good, segment.sizeBytes());;) {
    if (cancelled()) return cancelledError(segment);
    auto next = reader.next();
    if (!next.ok()) return next.error();
    if (!next.value().has_value()) break;
    auto bytes = reader.bytes();
    if (!bytes.ok()) return bytes.error();
    if (!take(*next.value(), bytes.value())) break;
  }
  if (good == segment.sizeBytes()) return Done{};
  auto judged = judgeDamage(segment, good, plan.nextBase, plan.recoveryPoint);
  if (!judged.ok()) return judged.error();
  if (judged.value().kind == Damage::Kind::kBroken) return brokenLog(segment, judged.value());
  report.damage = std::make_unique<Damage>(judged.value());
  return Done{};
}

Result<SegmentView> SegmentLoader::load(FileSystem& fs, std::string stem, std::int64_t baseOffset, const LoadPlan& plan, LoadReport& report) {
  auto file = File::open(fs, stem + ".log");
  if (!file.ok()) return file.error();
  SegmentView segment(std::move(stem), baseOffset, std::move(file.value()));
  segment.offsetOfMaxTimestamp_ = baseOffset;
  if (segment.sizeBytes() == 0) return segment;
  const bool indexed = segment.index_.load(fs, segment.stem_, static_cast<std::uint64_t>(segment.sizeBytes()));
  // With a trusted index only the part behind its last entry is walked. Otherwise everything is, and checked from verifyFrom on.
  if (!indexed) {
    if (auto status = verify(segment, plan, report); !status.ok()) return status.error();
    return segment;
  }
  const SegmentIndex stored = segment.index_;
  const std::int64_t from = stored.offsetEntries() == 0 ? 0 : stored.offsets().back().position;
  HeaderWalker walker(*segment.file_, from, segment.sizeBytes());
  std::int64_t lastOffset = -1;
  segment.maxTimestampMs_ = stored.times().back().timestampMs;
  segment.offsetOfMaxTimestamp_ = baseOffset + stored.times().back().relativeOffset;
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch.error();
    if (!batch.value().has_value()) break;
    lastOffset = batch.value()->header.lastOffset();
    if (batch.value()->header.maxTimestampMs > segment.maxTimestampMs_) {
      segment.maxTimestampMs_ = batch.value()->header.maxTimestampMs;
      segment.offsetOfMaxTimestamp_ = lastOffset;
    }
    if (batch.value()->position != from) segment.bytesSinceIndexEntry_ += batch.value()->header.sizeBytes;
    else segment.bytesSinceIndexEntry_ = batch.value()->header.sizeBytes;
  }
  const bool whole = walker.position() == segment.sizeBytes() && lastOffset >= 0;
  if (!whole || lastOffset >= plan.verifyFrom) {
    segment.bytesSinceIndexEntry_ = 0;
    segment.maxTimestampMs_ = -1;
    segment.nextOffset_ = baseOffset;
    if (auto status = verify(segment, plan, report); !status.ok()) return status.error();
    return segment;
  }
  segment.nextOffset_ = lastOffset + 1;
  auto first = segment.at(0);
  // Damage below the recovery point is for those who read it: the rest is good.
  if (!first.ok() && first.error().kind != Error::Kind::kCorrupt) return first.error();
  if (first.ok() && first.value().has_value()) segment.firstTimestampMs_ = first.value()->header.maxTimestampMs;
  return segment;
}

}  // namespace millrace
