#include "segment.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "batch_reader.h"
#include "damage.h"
#include "load_progress.h"

namespace millrace {
namespace {

Error cancelledError(const SegmentView& segment) { return Error{Error::Kind::kClosed, "recover", segment.file()->path(), 0, "it is not wanted any more"}; }

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

std::string SegmentView::stem() const { return file_->folder()->pathOf(offsetFileName(baseOffset_)); }

Result<std::optional<LocatedBatch>> SegmentView::next(HeaderWalker& walker) const {
  auto batch = walker.next();
  if (!batch.ok() || batch.value().has_value() || walker.position() == sizeBytes()) return batch;
  return Error{Error::Kind::kCorrupt, "read", file_->path(), 0, "no valid batch at position " + std::to_string(walker.position()) + " of " + std::to_string(sizeBytes())};
}

Result<std::optional<LocatedBatch>> SegmentView::at(std::int64_t position) const {
  HeaderWalker walker(*file_, position, sizeBytes());
  return next(walker);
}

Result<std::int64_t> SegmentView::firstTimestampMs() const {
  if (firstTimestampMs_ == kUnread) {
    auto first = at(0);
    // Damage is for those who read it.
    if (!first.ok() && first.error().kind != Error::Kind::kCorrupt) return first.error();
    firstTimestampMs_ = first.ok() && first.value().has_value() ? first.value()->header.maxTimestampMs : -1;
  }
  return firstTimestampMs_;
}

void SegmentView::dropIndex() {
  index_ = SegmentIndex();
  indexInMemory_ = false;
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
  indexStored_ = false;
  SegmentLoader::account(*this, header, position, indexIntervalBytes);
  return Done{};
}

void SegmentLoader::finishIndex(SegmentView& segment) {
  segment.index_.addTime(segment.maxTimestampMs_, static_cast<std::int32_t>(segment.offsetOfMaxTimestamp_ - segment.baseOffset_));
}

Status ActiveSegment::storeIndex(bool sync) {
  SegmentLoader::finishIndex(*this);
  auto status = index_.store(file_->fileSystem(), stem(), sync);
  indexStored_ = status.ok();
  return status;
}

SealedSegment ActiveSegment::seal() && {
  if (transactions_ != nullptr) transactions_->release();
  return SealedSegment(std::move(static_cast<SegmentView&>(*this)));
}

Status ActiveSegment::truncateTo(std::int64_t offset, std::int64_t indexIntervalBytes) {
  // Its files are gone already.
  indexStored_ = false;
  auto found = find(offset);
  if (!found.ok()) return found.error();
  if (!found.value().has_value()) return Done{};
  if (auto status = file_->truncate(static_cast<std::uint64_t>(found.value()->position)); !status.ok()) return status;
  auto end = SegmentLoader::rebuild(*this, indexIntervalBytes);
  return end.ok() ? Status(Done{}) : Status(end.error());
}

std::optional<SegmentView> SegmentLoader::trust(FileSystem& fs, const std::shared_ptr<const Folder>& folder, std::int64_t baseOffset, std::int64_t nextBase) {
  std::string name = offsetFileName(baseOffset) + ".log";
  FileStatus info;
  if (folder->statusOf(fs, name, info) != 0 || info.sizeBytes == 0) return std::nullopt;
  SegmentView segment(baseOffset, File::closed(fs, folder, std::move(name), info));
  if (!IndexFile(fs, segment.stem()).counts().has_value()) return std::nullopt;
  // A gap that cleaning left at the end belongs to the segment.
  segment.nextOffset_ = nextBase;
  segment.maxTimestampMs_ = SegmentView::kUnread;
  segment.firstTimestampMs_ = SegmentView::kUnread;
  segment.dropIndex();
  return segment;
}

Result<std::int64_t> SegmentLoader::rebuild(SegmentView& segment, std::int64_t indexIntervalBytes) {
  segment.index_.clear();
  segment.indexInMemory_ = true;
  segment.indexStored_ = false;
  segment.nextOffset_ = segment.baseOffset_;
  segment.maxTimestampMs_ = -1;
  segment.firstTimestampMs_ = -1;
  segment.offsetOfMaxTimestamp_ = segment.baseOffset_;
  segment.bytesSinceIndexEntry_ = 0;
  HeaderWalker walker(*segment.file_, 0, segment.sizeBytes());
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch.error();
    if (!batch.value().has_value()) return walker.position();
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
    if (progress != nullptr) progress->checked(static_cast<std::uint64_t>(located.header.sizeBytes));
    return true;
  };
  const auto cancelled = [&] { return progress != nullptr && progress->isCancelled(); };
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

Result<SegmentView> SegmentLoader::load(FileSystem& fs, const std::shared_ptr<const Folder>& folder, std::int64_t baseOffset, const LoadPlan& plan, LoadReport& report) {
  auto file = File::open(fs, folder, offsetFileName(baseOffset) + ".log");
  if (!file.ok()) return file.error();
  SegmentView segment(baseOffset, std::move(file.value()));
  segment.offsetOfMaxTimestamp_ = baseOffset;
  if (segment.sizeBytes() == 0) return segment;
  // Else a crash may have left it in any state, also one that does not show.
  const bool indexed = plan.indexOnMedium() && segment.index_.load(fs, segment.stem(), static_cast<std::uint64_t>(segment.sizeBytes()));
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
  segment.indexStored_ = segment.maxTimestampMs_ == stored.times().back().timestampMs;
  auto first = segment.at(0);
  // Damage below the recovery point is for those who read it: the rest is good.
  if (!first.ok() && first.error().kind != Error::Kind::kCorrupt) return first.error();
  if (first.ok() && first.value().has_value()) segment.firstTimestampMs_ = first.value()->header.maxTimestampMs;
  return segment;
}

}  // namespace millrace
