#include <fcntl.h>

#include "log_workload.h"

using namespace millrace;

namespace {

constexpr const char* kDirectory = "/d";
constexpr const char* kLog = "/d/t-0";

/// 0 when the file is not there. One that cannot be read says nothing: nobody may go on without it.
Result<std::int64_t> numberIn(MemoryDisk& disk, const char* path) {
  auto bytes = readWholeFile(disk, path);
  if (!bytes.ok() && bytes.error().code != ENOENT) return bytes.error();
  return bytes.ok() && bytes.value().size() == 8 ? loadBe<std::int64_t>(bytes.value().data()) : 0;
}

bool same(const KnownBatch& known, const SeenBatch& seen) {
  if (known.baseOffset != seen.header.baseOffset || known.lastOffset != seen.header.lastOffset()) return false;
  if (known.crc.has_value()) return *known.crc == seen.header.crc;
  TestBatch decoded;
  return decodeBatch(seen.bytes.data(), decoded) && decoded == *known.content;
}

/// Whether `batches` are those of the state from its start on, up to an end that leaves nothing acknowledged out.
bool agrees(const KnownBatches& state, const Allowed& allowed, const std::vector<SeenBatch>& batches, KnownBatches* found) {
  std::size_t at = 0;
  KnownBatches matched;
  for (const KnownBatch& known : state) {
    const bool there = at < batches.size() && same(known, batches[at]);
    if (there) {
      ++at;
      matched.push_back(known);
      matched.back().crc = batches[at - 1].header.crc;
      continue;
    }
    if (known.lastOffset < allowed.startOffset) continue;  // deleted; what lies behind it must be there
    if (at < batches.size() || known.lastOffset < allowed.ackedOffset) return false;
    break;
  }
  if (at < batches.size()) return false;
  if (found != nullptr) *found = std::move(matched);
  return true;
}

std::string describe(const std::vector<SeenBatch>& batches) {
  std::string text = "found";
  for (const SeenBatch& batch : batches) text += " " + std::to_string(batch.header.baseOffset) + "-" + std::to_string(batch.header.lastOffset());
  return text;
}

std::string describe(const Allowed& allowed) {
  std::string text;
  for (const KnownBatches& state : allowed.states) {
    text += "; allowed";
    for (const KnownBatch& batch : state) text += " " + std::to_string(batch.baseOffset) + "-" + std::to_string(batch.lastOffset);
  }
  return text + "; start " + std::to_string(allowed.startOffset) + ", acknowledged below " + std::to_string(allowed.ackedOffset);
}

}  // namespace

MemoryDisk::Left randomLeft(harness::Random& random) { return static_cast<MemoryDisk::Left>(random.below(4)); }

std::optional<std::vector<SeenBatch>> batchesOf(const Log& log, std::string& reason) {
  std::vector<SeenBatch> batches;
  std::int64_t next = 0;
  const auto addSegment = [&](const SegmentView& segment) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(segment.sizeBytes()));
    auto got = segment.file()->readFully(bytes.data(), bytes.size(), 0);
    if (!got.ok() || got.value() != bytes.size()) return false;
    for (std::size_t at = 0; at < bytes.size();) {
      if (bytes.size() - at < batch::kHeaderBytes) return false;
      const BatchHeader header = BatchHeader::load(bytes.data() + at);
      const auto size = static_cast<std::size_t>(header.sizeBytes);
      if (!plausible(header) || size > bytes.size() - at || header.baseOffset < next || header.baseOffset < segment.baseOffset()) return false;
      if (crc32c(bytes.data() + at + batch::kAttributesAt, size - batch::kAttributesAt) != header.crc) return false;
      batches.push_back({header, {bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(at + size)}});
      next = header.lastOffset() + 1;
      at += size;
    }
    return next <= segment.nextOffset() || bytes.empty();
  };
  for (const SealedSegment& segment : log.sealed()) {
    if (addSegment(segment)) continue;
    reason = "segment " + std::to_string(segment.baseOffset()) + " is damaged behind offset " + std::to_string(next);
    return std::nullopt;
  }
  if (addSegment(log.active())) return batches;
  reason = "the active segment is damaged behind offset " + std::to_string(next);
  return std::nullopt;
}

std::string checkLookups(Log& log, const std::vector<SeenBatch>& batches, harness::Random& random) {
  const std::int64_t start = log.logStartOffset();
  const std::int64_t end = log.logEndOffset();
  if (start > end || log.flushedOffset() > end) return "logStartOffset and flushedOffset ≤ logEndOffset does not hold";
  if (!batches.empty() && batches.back().header.lastOffset() >= end) return "the log ends before its last batch";
  if (start >= end) return {};
  const auto firstFrom = [&](std::int64_t offset) {
    return std::find_if(batches.begin(), batches.end(), [&](const SeenBatch& one) { return one.header.lastOffset() >= offset; });
  };
  const std::int64_t offset = start + static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(end - start)));
  auto read = log.read(offset, 1, end, true);
  if (!read.ok()) return "read at " + std::to_string(offset) + " failed";
  const auto wanted = firstFrom(offset);
  if (read.value().has_value() != (wanted != batches.end())) return "read at " + std::to_string(offset) + (wanted == batches.end() ? " found something" : " found nothing");
  if (wanted != batches.end() && (read.value()->nextOffset != wanted->header.lastOffset() + 1 || static_cast<std::int64_t>(read.value()->region.sizeBytes) != wanted->header.sizeBytes))
    return "read at " + std::to_string(offset) + " found another batch, up to " + std::to_string(read.value()->nextOffset);
  if (batches.empty()) return {};
  const std::int64_t timestampMs = batches[random.below(batches.size())].header.maxTimestampMs - static_cast<std::int64_t>(random.below(3)) + 1;
  auto byTime = log.findByTimestamp(timestampMs, end);
  const auto first = std::find_if(firstFrom(start), batches.end(), [&](const SeenBatch& one) { return one.header.maxTimestampMs >= timestampMs; });
  if (!byTime.ok() || byTime.value().has_value() != (first != batches.end())) return "search for timestamp " + std::to_string(timestampMs) + " is wrong";
  if (first != batches.end() && byTime.value()->header.baseOffset != first->header.baseOffset)
    return "search for timestamp " + std::to_string(timestampMs) + " leads to " + std::to_string(byTime.value()->header.baseOffset) + ", not " + std::to_string(first->header.baseOffset);
  auto largest = log.findMaxTimestamp(end);
  std::int64_t maxTimestampMs = INT64_MIN;
  for (auto one = firstFrom(start); one != batches.end(); ++one) maxTimestampMs = std::max(maxTimestampMs, one->header.maxTimestampMs);
  if (!largest.ok() || largest.value().has_value() != (maxTimestampMs != INT64_MIN)) return "search for the largest timestamp is wrong";
  if (largest.value().has_value() && largest.value()->header.maxTimestampMs != maxTimestampMs) return "the largest timestamp is another one";
  return {};
}

Result<std::unique_ptr<Log>> openOn(MemoryDisk& disk, LogOptions options) {
  if (disk.mkdir(kDirectory, 0755) != 0 && errno != EEXIST) return systemError("mkdir", kDirectory, errno);
  if (disk.syncDirectory("/") != 0) return systemError("fsync", "/", errno);
  const auto recoveryPoint = numberIn(disk, "/d/recovery-point");
  if (!recoveryPoint.ok()) return recoveryPoint.error();
  const auto logStart = numberIn(disk, "/d/log-start");
  if (!logStart.ok()) return logStart.error();
  options.recoveryPoint = recoveryPoint.value();
  options.logStartOffset = logStart.value();
  const int marker = disk.open("/d/clean", O_RDONLY, 0);
  if (marker < 0 && errno != ENOENT) return systemError("open", "/d/clean", errno);
  options.cleanShutdown = marker >= 0;
  if (options.cleanShutdown) {
    if (disk.unlink("/d/clean") != 0) return systemError("unlink", "/d/clean", errno);
  }
  if (disk.syncDirectory(kDirectory) != 0) return systemError("fsync", kDirectory, errno);
  RecoveryReport report;
  return Log::open(disk, kLog, 1, options, report);
}

std::string checkRecovered(MemoryDisk& disk, const LogOptions& options, const Allowed& allowed, harness::Random& random, int depth, KnownBatches* found,
                           std::unique_ptr<Log>* opened) {
  // Power is lost again while recovery runs.
  std::vector<std::unique_ptr<MemoryDisk>> again;
  const auto cutAgain = [&] {
    const MemoryDisk::PowerCut cut{randomLeft(random), 512};
    if (random.below(3) == 0) again.push_back(disk.afterPowerCut(cut, random));
  };
  if (depth > 0) disk.beforeSync = cutAgain;
  auto log = openOn(disk, options);
  disk.beforeSync = nullptr;
  if (!log.ok()) return "does not open: " + log.error().operation + " " + log.error().path + " " + log.error().detail + describe(allowed);
  if (depth > 0 && random.below(4) == 0) cutAgain();
  std::string reason;
  auto batches = batchesOf(*log.value(), reason);
  if (!batches.has_value()) return reason + describe(allowed);
  const bool agreed = std::any_of(allowed.states.begin(), allowed.states.end(), [&](const KnownBatches& state) { return agrees(state, allowed, *batches, found); });
  if (!agreed) return describe(*batches) + describe(allowed);
  if (log.value()->logEndOffset() < allowed.ackedOffset) return "the end is " + std::to_string(log.value()->logEndOffset()) + describe(allowed);
  if (log.value()->logStartOffset() > allowed.startOffset) return "the start is " + std::to_string(log.value()->logStartOffset()) + describe(allowed);
  if (log.value()->logStartOffset() < allowed.leastStart) return "records below " + std::to_string(allowed.leastStart) + " are there again" + describe(allowed);
  if (auto why = checkLookups(*log.value(), *batches, random); !why.empty()) return why + ", " + describe(*batches);
  for (const auto& second : again) {
    if (auto why = checkRecovered(*second, options, allowed, random, depth - 1); !why.empty()) return "a second power cut: " + why;
  }
  if (opened != nullptr) *opened = std::move(log.value());
  return {};
}

void LogWorkload::collect() {
  for (int i = 0; i < settings_.powerCutsPerSync; ++i) {
    // The first one is the image at the sync itself.
    const MemoryDisk::PowerCut cut{i == 0 ? MemoryDisk::Left::kNothing : randomLeft(random_), 512};
    pending_.push_back({disk_->afterPowerCut(cut, random_), cut});
  }
}

bool LogWorkload::checkImages() {
  Allowed both = before_;
  const Allowed after = allowed();
  both.states.insert(both.states.end(), after.states.begin(), after.states.end());
  both.states.insert(both.states.end(), between_.begin(), between_.end());
  both.leastStart = std::min(before_.leastStart, after.leastStart);
  both.startOffset = std::max(before_.startOffset, after.startOffset);
  both.ackedOffset = std::min(before_.ackedOffset, after.ackedOffset);
  for (Pending& one : pending_) {
    ++images;
    auto why = checkRecovered(*one.disk, options_, both, random_, settings_.depth);
    if (!why.empty()) return wrong("after a power cut that leaves " + std::to_string(static_cast<int>(one.cut.left)) + ": " + why);
  }
  return true;
}

bool LogWorkload::checkAfterFailure() {
  log_.reset();
  pending_.clear();
  disk_->beforeSync = nullptr;
  disk_->fault = {};
  pending_.push_back({disk_->afterProcessDeath(), {MemoryDisk::Left::kEverything, 0}});
  for (int i = 0; i < 6; ++i) {
    const auto left = i == 0 ? MemoryDisk::Left::kNothing : randomLeft(random_);
    pending_.push_back({disk_->afterPowerCut({left, 512}, random_), {left, 512}});
  }
  return checkImages();
}

bool LogWorkload::checkLive() {
  // The calls of the check itself do not count.
  const MemoryDisk::Fault fault = std::exchange(disk_->fault, {});
  const long calls = disk_->calls;
  const bool right = checkOpenLog();
  disk_->fault = fault;
  disk_->calls = calls;
  return right;
}

bool LogWorkload::checkOpenLog() {
  std::string why;
  const auto batches = batchesOf(*log_, why);
  if (!batches.has_value()) return wrong("the open log: " + why);
  if (batches->size() != batches_.size()) return wrong("the open log: " + describe(*batches) + describe(allowed()));
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (!same(batches_[i], (*batches)[i])) return wrong("the open log has another batch at " + std::to_string(batches_[i].baseOffset));
    batches_[i].crc = (*batches)[i].header.crc;
  }
  if (log_->logEndOffset() != end_) return wrong("the open log ends at " + std::to_string(log_->logEndOffset()) + ", not " + std::to_string(end_));
  if (log_->logStartOffset() > start_) return wrong("the open log begins at " + std::to_string(log_->logStartOffset()) + ", not " + std::to_string(start_));
  start_ = log_->logStartOffset();
  why = checkLookups(*log_, *batches, random_);
  return why.empty() || wrong("the open log: " + why);
}
