#include "cleaning_job.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "transaction_marker.h"

namespace millrace {

void CleaningJob::Reader::open(const File& file, std::int64_t from, std::int64_t end) {
  file_ = &file;
  position_ = from;
  end_ = end;
  at_ = 0;
  size_ = 0;
  header_.sizeBytes = 0;
}

Result<bool> CleaningJob::Reader::next(std::size_t bufferBytes) {
  at_ += static_cast<std::size_t>(header_.sizeBytes);
  header_.sizeBytes = 0;
  for (std::size_t needed = batch::kHeaderBytes;;) {
    if (size_ - at_ >= needed) {
      if (needed > batch::kHeaderBytes) return true;
      header_ = BatchHeader::load(buffer_.data() + at_);
      const std::int64_t batchAt = position_ + static_cast<std::int64_t>(at_);
      if (!plausible(header_) || batchAt + header_.sizeBytes > end_)
        return Error{Error::Kind::kCorrupt, "clean", file_->path(), 0, "no batch at position " + std::to_string(batchAt)};
      needed = static_cast<std::size_t>(header_.sizeBytes);
      if (needed == batch::kHeaderBytes) return true;
      continue;
    }
    const std::int64_t from = position_ + static_cast<std::int64_t>(at_);
    if (from == end_) return false;
    // What is left of the last chunk moves to the front, and the next one is read behind it.
    const std::size_t left = size_ - at_;
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_), buffer_.begin() + static_cast<std::ptrdiff_t>(size_), buffer_.begin());
    position_ = from;
    at_ = 0;
    size_ = left;
    buffer_.resize(std::max({needed, bufferBytes, buffer_.size()}));
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(static_cast<std::int64_t>(buffer_.size() - left), end_ - from - static_cast<std::int64_t>(left)));
    auto got = file_->readFully(buffer_.data() + left, wanted, static_cast<std::uint64_t>(from) + left);
    if (!got.ok()) return got.error();
    if (got.value() < wanted || wanted == 0)
      return Error{Error::Kind::kCorrupt, "clean", file_->path(), 0, "ends before position " + std::to_string(end_)};
    size_ = left + got.value();
  }
}

CleaningJob::CleaningJob(FileSystem& fs, std::shared_ptr<const Folder> folder, std::vector<Source> sources, CleaningOptions options)
    : fs_(fs), folder_(std::move(folder)), sources_(std::move(sources)), options_(std::move(options)) {
  latestMapped_ = options_.firstDirtyOffset - 1;
  // The last segment that begins at or before the first dirty offset holds it.
  while (source_ + 1 < sources_.size() && sources_[source_ + 1].baseOffset <= options_.firstDirtyOffset) ++source_;
}

std::vector<std::size_t> CleaningJob::groupSizes(const std::vector<Source>& sources, const CleaningOptions& options) {
  std::vector<std::size_t> sizes;
  for (std::size_t first = 0; first < sources.size();) {
    std::int64_t bytes = sources[first].sizeBytes;
    std::size_t offsetEntries = sources[first].offsetEntries;
    std::size_t timeEntries = sources[first].timeEntries;
    std::size_t end = first + 1;
    for (; end < sources.size(); ++end) {
      const Source& next = sources[end];
      bytes += next.sizeBytes;
      offsetEntries += next.offsetEntries;
      timeEntries += next.timeEntries;
      const std::int64_t lastOffset = (end + 1 < sources.size() ? sources[end + 1].baseOffset : options.endOffset) - 1;
      if (bytes > std::min<std::int64_t>(options.segmentBytes, INT32_MAX) ||
          static_cast<std::int64_t>(offsetEntries * kOffsetEntryBytes) > options.segmentIndexBytes ||
          static_cast<std::int64_t>(timeEntries * kTimeEntryBytes) > options.segmentIndexBytes ||
          (next.sizeBytes > 0 && lastOffset - sources[first].baseOffset > INT32_MAX))
        break;
    }
    sizes.push_back(end - first);
    first = end;
  }
  return sizes;
}

Status CleaningJob::run(std::int64_t budgetBytes) {
  const std::int64_t untilBytes = moved() + std::max<std::int64_t>(budgetBytes, 1);
  while (moved() < untilBytes) {
    switch (stage_) {
      case Stage::kMapping:
        if (auto status = mapSome(untilBytes); !status.ok()) return status;
        break;
      case Stage::kCleaning:
        if (auto status = cleanSome(untilBytes); !status.ok()) return status;
        break;
      case Stage::kSwapping:
        return performSwap(fs_, folder_->path(), *swap_);
      case Stage::kOffering:
      case Stage::kDone:
        return Done{};
    }
  }
  return Done{};
}

Status CleaningJob::mapSome(std::int64_t untilBytes) {
  if (!map_.has_value()) {
    const double range = static_cast<double>(std::max<std::int64_t>(options_.endOffset - options_.firstDirtyOffset, 1));
    const double needed = range / options_.mapLoadFactor + 1;
    const double allowed = static_cast<double>(options_.mapBytes) / OffsetMap::kEntryBytes;
    auto map = OffsetMap::create(static_cast<std::size_t>(std::max(1.0, std::min(needed, allowed))));
    if (!map.ok()) return map.error();
    map_.emplace(std::move(map.value()));
    mapLimit_ = std::clamp<std::size_t>(static_cast<std::size_t>(static_cast<double>(map_->slots()) * options_.mapLoadFactor), 1, map_->slots());
  }
  const auto bufferBytes = static_cast<std::size_t>(options_.ioBufferBytes);
  while (moved() < untilBytes) {
    if (source_ >= sources_.size()) {
      beginCleaning();
      return Done{};
    }
    if (!reading_) {
      reader_.open(*sources_[source_].file, sources_[source_].dirtyPosition, sources_[source_].sizeBytes);
      reading_ = true;
    }
    auto more = reader_.next(bufferBytes);
    if (!more.ok()) return more.error();
    if (!more.value()) {
      // Offsets that earlier rounds left empty count as seen.
      const std::int64_t nextBase = source_ + 1 < sources_.size() ? sources_[source_ + 1].baseOffset : options_.endOffset;
      latestMapped_ = std::max(latestMapped_, nextBase - 1);
      reading_ = false;
      ++source_;
      continue;
    }
    auto full = mapBatch();
    if (!full.ok()) return full.error();
    if (full.value()) {
      beginCleaning();
      return Done{};
    }
  }
  return Done{};
}

Result<bool> CleaningJob::mapBatch() {
  const BatchHeader& header = reader_.header();
  statistics_.bytesRead += header.sizeBytes;
  statistics_.mapBytesRead += header.sizeBytes;
  if (!mapped_.has_value()) {
    std::vector<AbortedTransaction> aborted;
    std::copy_if(options_.aborted.begin(), options_.aborted.end(), std::back_inserter(aborted),
                 [this](const AbortedTransaction& one) { return one.lastOffset >= options_.firstDirtyOffset; });
    mapped_.emplace(std::move(aborted));
  }
  if (isControl(header)) {
    auto records = openRecords(reader_.batch(), header, scratch_);
    if (!records.ok()) return records.error();
    (void)mapped_->isIdleMarker(header, records.value());
  } else if (!mapped_->isAborted(header)) {
    // What was aborted supersedes nothing.
    auto records = openRecords(reader_.batch(), header, scratch_);
    if (!records.ok()) return records.error();
    RecordCursor cursor(records.value());
    for (RecordView record; cursor.next(record);) {
      const std::int64_t offset = header.baseOffset + record.offsetDelta;
      if (!record.key.has_value() || offset < options_.firstDirtyOffset) continue;
      if (map_->size() >= mapLimit_) return true;
      map_->put(*record.key, offset);
      latestMapped_ = std::max(latestMapped_, offset);
    }
    if (cursor.malformed())
      return Error{Error::Kind::kCorrupt, "clean", "batch at offset " + std::to_string(header.baseOffset), 0, "its records are malformed"};
  }
  if (header.lastOffset() >= options_.firstDirtyOffset) latestMapped_ = std::max(latestMapped_, header.lastOffset());
  return false;
}

void CleaningJob::beginCleaning() {
  statistics_.mapUtilization = static_cast<double>(map_->size()) / static_cast<double>(map_->slots());
  // Segments that lie wholly behind what the table knows are for the next round.
  std::erase_if(sources_, [this](const Source& source) { return source.baseOffset > latestMapped_; });
  options_.endOffset = std::min(options_.endOffset, latestMapped_ + 1);
  mapped_.reset();
  filter_.emplace(*map_, options_.producers, BatchFilter::Rules{latestMapped_, options_.endOffset, options_.nowMs, options_.deleteRetentionMs},
                  CleanedTransactions(std::move(options_.aborted)));
  groups_ = groupSizes(sources_, options_);
  statistics_.segmentsBefore = static_cast<std::int64_t>(sources_.size());
  group_ = 0;
  groupFirst_ = 0;
  source_ = 0;
  reading_ = false;
  stage_ = groups_.empty() ? Stage::kDone : Stage::kCleaning;
}

Status CleaningJob::openCleaned() {
  const Source& first = sources_[groupFirst_];
  auto file = File::open(fs_, folder_, offsetFileName(first.baseOffset) + ".log" + kCleanedSuffix);
  if (!file.ok()) return file.error();
  if (file.value()->size() > 0) {
    if (auto status = file.value()->truncate(0); !status.ok()) return status;
  }
  cleaned_.emplace(first.baseOffset, std::move(file.value()));
  out_.clear();
  changed_ = groups_[group_] > 1;
  return Done{};
}

Status CleaningJob::cleanSome(std::int64_t untilBytes) {
  if (!cleaned_.has_value()) {
    if (auto status = openCleaned(); !status.ok()) return status;
  }
  const std::size_t end = groupFirst_ + groups_[group_];
  while (moved() < untilBytes) {
    if (source_ == end) return finishGroup();
    if (!reading_) {
      reader_.open(*sources_[source_].file, 0, sources_[source_].sizeBytes);
      reading_ = true;
    }
    auto more = reader_.next(static_cast<std::size_t>(options_.ioBufferBytes));
    if (!more.ok()) return more.error();
    if (!more.value()) {
      reading_ = false;
      ++source_;
      continue;
    }
    if (auto status = cleanBatch(); !status.ok()) return status;
  }
  return Done{};
}

Status CleaningJob::cleanBatch() {
  const std::size_t before = out_.size();
  const std::int64_t position = cleaned_->sizeBytes() + static_cast<std::int64_t>(before);
  const BatchHeader& header = reader_.header();
  auto outcome = filter_->filter(reader_.batch(), header, out_);
  if (!outcome.ok()) return outcome.error();
  statistics_.bytesRead += header.sizeBytes;
  statistics_.recordsRead += outcome.value().recordsRead;
  statistics_.recordsKept += outcome.value().recordsKept;
  const std::int64_t kept = outcome.value().bytesKept;
  changed_ = changed_ || kept != header.sizeBytes || !std::equal(out_.begin() + static_cast<std::ptrdiff_t>(before), out_.end(), reader_.batch());
  if (kept > 0) {
    if (position + kept > INT32_MAX)
      return Error{Error::Kind::kBadArguments, "clean", cleaned_->file()->path(), 0, "what is left is larger than a segment can be"};
    SegmentLoader::account(*cleaned_, BatchHeader::load(out_.data() + before), position, options_.indexIntervalBytes);
  }
  return out_.size() >= static_cast<std::size_t>(options_.ioBufferBytes) ? writeOut() : Status(Done{});
}

Status CleaningJob::writeOut() {
  if (out_.empty()) return Done{};
  if (auto status = cleaned_->file()->append(out_.data(), out_.size()); !status.ok()) return status;
  statistics_.bytesWritten += static_cast<std::int64_t>(out_.size());
  out_.clear();
  return Done{};
}

Status CleaningJob::finishGroup() {
  if (auto status = writeOut(); !status.ok()) return status;
  if (!changed_) {
    (void)filter_->takeRetained();
    cleaned_.reset();
    removeCleaned(fs_, stemOf(groupFirst_));
    ++statistics_.segmentsAfter;
    settled();
    return Done{};
  }
  // Retention without timestamps goes by the age of the file: that of the youngest one.
  FileStatus info;
  const Source& last = sources_[groupFirst_ + groups_[group_] - 1];
  if (last.file->ensureOpen().ok() && fs_.status(last.file->descriptor(), info) == 0) (void)fs_.setModified(cleaned_->file()->descriptor(), info.modified);
  SegmentLoader::finishIndex(*cleaned_);
  if (auto status = cleaned_->file()->sync(); !status.ok()) return status;
  if (auto status = storeIndexes(); !status.ok()) return status;
  if (auto status = folder_->sync(fs_); !status.ok()) return status;
  ++statistics_.segmentsAfter;
  offer();
  return Done{};
}

/// The new segment's index of aborted transactions takes the place of the first old one's, also when nothing is left in it.
Status CleaningJob::storeIndexes() {
  if (auto status = cleaned_->index().store(fs_, cleaned_->stem(), true, kCleanedSuffix); !status.ok()) return status;
  const std::vector<AbortedTransaction> retained = filter_->takeRetained();
  if (retained.empty() && !sources_[groupFirst_].hasTransactionIndex) return Done{};
  auto transactions = std::make_unique<TransactionIndex>();
  for (const AbortedTransaction& one : retained) transactions->add(one);
  if (auto status = transactions->store(fs_, cleaned_->stem(), kCleanedSuffix); !status.ok()) return status;
  cleaned_->setTransactions(std::move(transactions));
  return Done{};
}

void CleaningJob::offer() {
  swap_ = std::make_shared<SegmentSwap>();
  for (std::size_t i = groupFirst_; i < groupFirst_ + groups_[group_]; ++i) {
    swap_->oldFiles.push_back(sources_[i].file);
    swap_->oldStems.push_back(stemOf(i));
  }
  cleaned_->file()->setName(offsetFileName(cleaned_->baseOffset()) + ".log");
  swap_->segment = std::move(cleaned_);
  cleaned_.reset();
  stage_ = Stage::kOffering;
}

void CleaningJob::settled() {
  swap_.reset();
  groupFirst_ += groups_[group_];
  source_ = groupFirst_;
  reading_ = false;
  stage_ = ++group_ == groups_.size() ? Stage::kDone : Stage::kCleaning;
}

void CleaningJob::abandon() {
  if (stage_ == Stage::kDone || stage_ == Stage::kMapping) return;
  removeCleaned(fs_, stemOf(groupFirst_));
}

}  // namespace millrace
