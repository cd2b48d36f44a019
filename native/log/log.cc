#include "log.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "load_progress.h"

namespace millrace {
namespace {

/// A roll opens the index files, one after the other, and the next segment.
constexpr std::size_t kShedToRoll = 8;

std::string parentOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// Base offsets of the segment files in a log's directory, ascending. Left-overs of interrupted work are removed.
Result<std::vector<std::int64_t>> listSegments(FileSystem& fs, const std::string& directory, std::vector<std::int64_t>& transactionIndexes) {
  std::vector<std::string> names;
  if (fs.list(directory.c_str(), names) != 0) return systemError("readdir", directory, errno);
  std::vector<std::int64_t> bases;
  for (const std::string& name : names) {
    const auto dot = name.find('.');
    if (dot == std::string::npos || dot == 0) continue;
    const std::string suffix = name.substr(dot);
    if (name.ends_with(".deleted") || (name.ends_with(".tmp") && dot == 20)) {
      fs.unlink((directory + "/" + name).c_str());
    } else if (suffix == ".log" && dot == 20 && name.find_first_not_of("0123456789") == dot) {
      bases.push_back(std::strtoll(name.c_str(), nullptr, 10));
    } else if (suffix == ".txnindex" && dot == 20) {
      transactionIndexes.push_back(std::strtoll(name.c_str(), nullptr, 10));
    }
  }
  std::sort(bases.begin(), bases.end());
  return bases;
}

/// Takes the segments out of `bases` that end at or before `logStartOffset`.
std::vector<std::int64_t> takeBelow(std::vector<std::int64_t>& bases, std::int64_t logStartOffset) {
  auto kept = bases.begin();
  while (bases.end() - kept > 1 && *std::next(kept) <= logStartOffset) ++kept;
  std::vector<std::int64_t> below(bases.begin(), kept);
  bases.erase(bases.begin(), kept);
  return below;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(FileSystem& fs, std::string directory, std::uint32_t id, const LogOptions& given, RecoveryReport& report) {
  LogOptions options = given;
  if (!options.cleanShutdown && options.recoveryPoint <= options.logStartOffset) options.recoveryPoint = 0;
  if (fs.mkdir(directory.c_str(), 0755) == 0) {
    const std::string parent = parentOf(directory);
    if (fs.syncDirectory(parent.c_str()) != 0) return systemError("fsync", parent, errno);
  } else if (errno != EEXIST) {
    return systemError("mkdir", directory, errno);
  }
  if (auto status = recoverSwaps(fs, directory); !status.ok()) return status.error();
  std::vector<std::int64_t> transactionIndexes;
  auto bases = listSegments(fs, directory, transactionIndexes);
  if (!bases.ok()) return bases.error();
  std::unique_ptr<Log> log(new Log(fs, std::move(directory), id, options));
  const auto below = options.cleanShutdown ? std::vector<std::int64_t>{} : takeBelow(bases.value(), options.logStartOffset);
  const std::int64_t verifyFrom = options.cleanShutdown ? INT64_MAX : options.recoveryPoint;
  for (std::size_t i = 0; i < bases.value().size(); ++i) {
    const std::int64_t base = bases.value()[i];
    if (options.progress != nullptr && options.progress->isCancelled()) return Error{Error::Kind::kClosed, "open", log->directory(), 0, "it is not wanted any more"};
    const std::int64_t nextBase = i + 1 < bases.value().size() ? bases.value()[i + 1] : -1;
    const LoadPlan plan{verifyFrom, options.recoveryPoint, options.indexIntervalBytes, nextBase, options.cleanShutdown, options.progress};
    if (nextBase >= 0 && plan.indexOnMedium()) {
      if (auto trusted = SegmentLoader::trust(fs, log->folder_, base, nextBase); trusted.has_value()) {
        log->sealed_.emplace_back(std::move(*trusted));
        continue;
      }
    }
    LoadReport loaded;
    auto view = SegmentLoader::load(fs, log->folder_, base, plan, loaded);
    if (!view.ok()) return view.error();
    if (loaded.indexRebuilt) ++report.indexesRebuilt;
    const std::int64_t end = view.value().nextOffset();
    // A crash loses nothing below the recovery point; a gap that reaches below it is as old as that.
    const bool lostTail = end >= options.recoveryPoint && !options.cleanShutdown && end < nextBase && end >= options.gapsBelow;
    if (loaded.damage != nullptr || lostTail) {
      const std::vector<std::int64_t> later(bases.value().begin() + static_cast<std::ptrdiff_t>(i) + 1, bases.value().end());
      if (auto status = log->cutTail(view.value(), loaded, later, report); !status.ok()) return status.error();
      bases.value().resize(i + 1);
    } else if (nextBase >= 0 && end > nextBase) {
      return Error{Error::Kind::kCorrupt, "recover", view.value().file()->path(), 0, "overlaps the next segment, which begins at " + std::to_string(nextBase)};
    }
    // Of many logs few are used at once; what was cut off stays open until it is synced.
    if (!view.value().file()->unsynced()) view.value().file()->closeForNow();
    if (i + 1 == bases.value().size()) {
      log->active_.emplace(std::move(view.value()));
      continue;
    }
    log->sealed_.emplace_back(std::move(view.value()));
    if (auto status = log->keepIndexFiles(log->sealed_.back(), loaded.indexRebuilt); !status.ok()) return status.error();
  }
  if (!log->active_.has_value()) {
    if (auto status = log->createActive(options.logStartOffset); !status.ok()) return status.error();
  }
  if (auto status = log->settleStart(below, report); !status.ok()) return status.error();
  if (auto status = log->loadTransactions(transactionIndexes, report); !status.ok()) return status.error();
  const std::int64_t firstBase = log->segment(0).baseOffset();
  log->logStartOffset_ = std::clamp(options.logStartOffset, firstBase, std::max(firstBase, log->logEndOffset()));
  // What recovery checked is in the page cache at least; it counts as flushed only after the next sync.
  // The names in its directory likewise: who made them may have died before they were synced.
  log->work_->directoryDirty = log->work_->directoryDirty || !options.cleanShutdown;
  log->flushedOffset_ = options.cleanShutdown ? log->logEndOffset() : std::min(options.recoveryPoint, log->logEndOffset());
  if (log->flushedOffset_ < log->logEndOffset()) {
    log->markDirty();
    const std::lock_guard lock(log->work_->mutex);
    for (auto sealed = log->sealed_.rbegin(); sealed != log->sealed_.rend() && sealed->nextOffset() > log->flushedOffset_; ++sealed)
      log->work_->dirty.insert(log->work_->dirty.begin(), sealed->file());
  }
  return log;
}

Log::~Log() {
  for (const SealedSegment& view : sealed_) view.file()->leave();
  if (active_.has_value()) active_->file()->leave();
}

void Log::shareDescriptors(std::shared_ptr<OpenFiles> files, std::function<void()> requestSync) {
  files_ = std::move(files);
  requestSync_ = std::move(requestSync);
  for (const SealedSegment& view : sealed_) joined(view);
  joined(*active_);
}

void Log::joined(const SegmentView& segment) {
  if (files_ != nullptr) segment.file()->join(files_, *this);
}

void Log::requestSync() {
  markDirty();
  requestSync_();
}

const SegmentView& Log::segment(std::size_t index) const noexcept {
  if (index < sealed_.size()) return sealed_[index];
  return *active_;
}

std::size_t Log::segmentFor(std::int64_t offset) const noexcept {
  if (offset >= active_->baseOffset()) return sealed_.size();
  const auto after = std::upper_bound(sealed_.begin(), sealed_.end(), offset,
                                      [](std::int64_t wanted, const SealedSegment& segment) { return wanted < segment.baseOffset(); });
  return after == sealed_.begin() ? 0 : static_cast<std::size_t>(std::prev(after) - sealed_.begin());
}

std::int64_t Log::sizeBytes() const noexcept {
  std::int64_t sum = active_->sizeBytes();
  for (const SealedSegment& segment : sealed_) sum += segment.sizeBytes();
  return sum;
}

Status Log::createActive(std::int64_t baseOffset) {
  auto created = createSegment(baseOffset);
  if (!created.ok()) return created.error();
  active_.emplace(std::move(created.value()));
  joined(*active_);
  const std::lock_guard lock(work_->mutex);
  work_->directoryDirty = true;
  work_->endOffset = std::max(work_->endOffset, baseOffset);
  return Done{};
}

Result<SegmentView> Log::createSegment(std::int64_t baseOffset) {
  auto file = File::open(fs_, folder_, offsetFileName(baseOffset) + ".log", files_.get());
  if (!file.ok()) return file.error();
  if (file.value()->size() > 0) {
    if (auto status = file.value()->truncate(0); !status.ok()) return status.error();
  }
  if (options_.preallocate) {
    if (auto status = file.value()->reserve(static_cast<std::uint64_t>(options_.segmentBytes)); !status.ok()) {
      // An empty segment would begin inside the one that goes on.
      (void)fs_.unlink(file.value()->path().c_str());
      return status.error();
    }
  }
  return SegmentView(baseOffset, std::move(file.value()));
}

Status Log::append(const std::uint8_t* bytes, const BatchHeader& header, bool rollFirst, const AbortedTransaction* aborted) {
  if (header.baseOffset < logEndOffset())
    return Error{Error::Kind::kBadArguments, "append", directory(), 0, "base offset " + std::to_string(header.baseOffset) + " is below the end"};
  const bool full = active_->sizeBytes() + header.sizeBytes > std::min<std::int64_t>(options_.segmentBytes, INT32_MAX);
  const bool indexFull = static_cast<std::int64_t>((active_->index().offsetEntries() + 1) * kOffsetEntryBytes) > options_.segmentIndexBytes ||
                         static_cast<std::int64_t>((active_->index().timeEntries() + 2) * kTimeEntryBytes) > options_.segmentIndexBytes;
  // Its relative offset would not fit the index. Behind a gap the next segment begins with the batch, or it would not fit there, either.
  const bool rangeFull = header.lastOffset() - active_->baseOffset() > INT32_MAX;
  if (active_->sizeBytes() > 0 ? (full || indexFull || rangeFull || rollFirst) : rangeFull) {
    if (auto status = rollTo(rangeFull ? header.baseOffset : logEndOffset()); !status.ok()) return status;
  }
  if (aborted != nullptr) {
    if (auto status = appendAborted(*aborted); !status.ok()) return status;
  }
  auto status = active_->append(bytes, header, options_.indexIntervalBytes);
  if (status.ok()) appendedBytes_ += static_cast<std::uint64_t>(header.sizeBytes);
  else if (aborted != nullptr) (void)active_->transactions()->truncateTo(*active_->file(), aborted->lastOffset);
  return status;
}

Status Log::roll() { return active_->sizeBytes() == 0 ? Status(Done{}) : rollTo(logEndOffset()); }

Status Log::rollTo(std::int64_t nextBase) {
  const auto attempt = [&] { return active_->sizeBytes() == 0 ? replaceEmpty(nextBase) : rollOnce(nextBase); };
  auto status = attempt();
  const bool again = !status.ok() && status.error().kind == Error::Kind::kNoDescriptors && files_ != nullptr && files_->shed(kShedToRoll) > 0;
  return again ? attempt() : status;
}

Result<SegmentView> Log::createNext(std::int64_t nextBase) {
  auto next = createSegment(nextBase);
  if (next.ok()) return next;
  // An empty segment would begin inside the one that goes on.
  const std::string path = folder_->pathOf(offsetFileName(nextBase) + ".log");
  if (fs_.unlink(path.c_str()) != 0 && errno != ENOENT) return Error{Error::Kind::kIo, "unlink", path, errno, {}};
  return next.error();
}

/// Nothing was ever appended to the active segment, and what comes next is too far away for it.
Status Log::replaceEmpty(std::int64_t nextBase) {
  auto next = createNext(nextBase);
  if (!next.ok()) return next.error();
  const SegmentView empty = std::move(*active_);
  active_.emplace(std::move(next.value()));
  joined(*active_);
  {
    const std::lock_guard lock(work_->mutex);
    work_->directoryDirty = true;
  }
  return removeFiles(empty);
}

Status Log::rollOnce(std::int64_t nextBase) {
  {
    // The sealed file's tail belongs to the next flush, before the new file's.
    const std::lock_guard lock(work_->mutex);
    if (work_->dirty.empty() || work_->dirty.back() != active_->file()) work_->dirty.push_back(active_->file());
    work_->endOffset = logEndOffset();
  }
  // First what can fail: without a descriptor or room for another file the log goes on with the one it has.
  if (auto status = active_->storeIndex(false); !status.ok()) return status;
  if (auto status = active_->file()->giveBackReserve(options_.preallocate); !status.ok()) return status;
  auto next = createNext(nextBase);
  if (!next.ok()) return next.error();
  sealed_.push_back(std::move(*active_).seal());
  sealed_.back().dropIndex();
  active_.emplace(std::move(next.value()));
  joined(*active_);
  const std::lock_guard lock(work_->mutex);
  for (const char* suffix : {".index", ".timeindex"}) work_->dirtyNames.push_back(offsetFileName(sealed_.back().baseOffset()) + suffix);
  work_->directoryDirty = true;
  return Done{};
}

void Log::markDirty() {
  const std::lock_guard lock(work_->mutex);
  if (work_->dirty.empty() || work_->dirty.back() != active_->file()) work_->dirty.push_back(active_->file());
  work_->endOffset = logEndOffset();
  work_->appendedBytes = appendedBytes_;
}

void Log::flushed(std::int64_t offset) noexcept {
  // A truncation may have taken the end below what was being synced.
  flushedOffset_ = std::max(flushedOffset_, std::min(offset, logEndOffset()));
}

Log::Cursor& Log::cursorOf(std::int64_t offset) noexcept {
  return cursors_[static_cast<std::size_t>(static_cast<std::uint64_t>(offset) * 0x9e3779b97f4a7c15ULL >> 60)];
}

Result<std::int64_t> Log::positionOf(std::size_t index, std::int64_t offset) {
  const SegmentView& view = segment(index);
  if (offset >= view.nextOffset()) return view.sizeBytes();
  if (const Cursor& cursor = cursorOf(offset); cursor.leadsTo(offset, view)) return cursor.position;
  auto found = view.find(offset);
  if (!found.ok()) return found.error();
  return found.value().has_value() ? found.value()->position : view.sizeBytes();
}

Result<std::optional<LogReadResult>> Log::read(std::int64_t offset, std::int64_t maxSizeBytes, std::int64_t upperOffset, bool minOneBatch) {
  if (offset >= upperOffset) return std::optional<LogReadResult>{};
  for (std::size_t index = segmentFor(offset); index < segmentCount(); ++index) {
    const SegmentView& view = segment(index);
    if (view.baseOffset() >= upperOffset) break;
    auto from = positionOf(index, offset);
    if (!from.ok()) return from.error();
    std::int64_t end = view.sizeBytes();
    if (upperOffset < view.nextOffset()) {
      auto upper = positionOf(index, upperOffset);
      if (!upper.ok()) return upper.error();
      end = upper.value();
    }
    if (from.value() >= end) continue;  // a gap at the end of this segment
    std::int64_t limit = end;
    std::int64_t nextOffset = std::min(view.nextOffset(), upperOffset);
    Cursor& cursor = cursorOf(offset);
    if (cursor.leadsTo(offset, view) && cursor.knows(maxSizeBytes, minOneBatch, end)) {
      // Another consumer asked the same: the end that was found then still is one, since batches do not change.
      limit = cursor.readLimit;
      nextOffset = cursor.readNextOffset;
    } else if (maxSizeBytes < end - from.value()) {
      auto last = view.lastBefore(from.value(), from.value() + std::max<std::int64_t>(maxSizeBytes, 0));
      if (!last.ok()) return last.error();
      if (!last.value().has_value() && minOneBatch) last = view.at(from.value());
      if (!last.ok()) return last.error();
      if (!last.value().has_value()) return std::optional<LogReadResult>{};
      limit = std::min(end, last.value()->endPosition());
      nextOffset = last.value()->header.lastOffset() + 1;
      cursor = {offset, view.baseOffset(), from.value(), maxSizeBytes, limit, nextOffset};
    }
    // A consumer that goes on from here finds its position at once.
    if (Cursor& next = cursorOf(nextOffset); !next.leadsTo(nextOffset, view)) next = {nextOffset, view.baseOffset(), limit, -1, 0, 0};
    auto pinned = view.file()->pin();
    if (!pinned.ok()) return pinned.error();
    LogReadResult result{{std::move(pinned.value()), static_cast<std::uint64_t>(from.value()), static_cast<std::uint64_t>(limit - from.value())}, offset, nextOffset};
    return std::optional<LogReadResult>{std::move(result)};
  }
  return std::optional<LogReadResult>{};
}

Result<std::int64_t> Log::availableBytes(std::int64_t offset, std::int64_t upperOffset, std::int64_t enoughBytes) {
  std::int64_t sum = 0;
  for (std::size_t index = segmentFor(offset); index < segmentCount() && sum < enoughBytes; ++index) {
    const SegmentView& view = segment(index);
    if (view.baseOffset() >= upperOffset) break;
    auto from = positionOf(index, offset);
    if (!from.ok()) return from.error();
    auto to = upperOffset >= view.nextOffset() ? Result<std::int64_t>(view.sizeBytes()) : positionOf(index, upperOffset);
    if (!to.ok()) return to.error();
    sum += std::max<std::int64_t>(0, to.value() - from.value());
  }
  return sum;
}

Status Log::removeFiles(const SegmentView& view) {
  view.file()->leave();
  if (auto status = view.file()->keepForOthers(); !status.ok()) return status;
  if (auto status = unlinkEach(fs_, view.stem(), kSegmentSuffixes); !status.ok()) return status;
  const std::lock_guard lock(work_->mutex);
  work_->directoryDirty = true;
  std::erase(work_->dirty, view.file());
  return Done{};
}

/// What is stored of the active segment's index is wrong as soon as the segment is cut.
Status Log::removeIndexFiles(const SegmentView& view) {
  if (auto status = unlinkEach(fs_, view.stem(), kIndexSuffixes); !status.ok()) return status;
  return syncFolder();
}

/// The files stay dirty: the flusher may be in the midst of others.
Status Log::syncDirtyFiles() {
  std::vector<std::shared_ptr<File>> files;
  {
    const std::lock_guard lock(work_->mutex);
    files = work_->dirty;
  }
  if (files.empty() || files.back() != active_->file()) files.push_back(active_->file());
  for (const auto& file : files) {
    if (auto status = file->sync(); !status.ok()) return status;
  }
  return Done{};
}

Status Log::truncateTo(std::int64_t offset) {
  if (offset >= logEndOffset()) return Done{};
  if (offset <= segment(0).baseOffset()) return truncateFullyAndStartAt(offset);
  settleSwap();
  ++truncations_;
  cursors_.fill(Cursor{});
  // On the medium before anything is appended: what a crash brings back of the old end would otherwise mix with the new one. Data goes
  // first: no segment is there after a crash without the one before it.
  if (auto status = syncDirtyFiles(); !status.ok()) return status;
  while (active_->baseOffset() > offset || (active_->baseOffset() == offset && !sealed_.empty())) {
    if (auto status = removeFiles(*active_); !status.ok()) return status;
    active_.emplace(std::move(static_cast<SegmentView&>(sealed_.back())));
    sealed_.pop_back();
  }
  if (auto status = removeIndexFiles(*active_); !status.ok()) return status;
  if (auto status = active_->truncateTo(offset, options_.indexIntervalBytes); !status.ok()) return status;
  if (auto status = active_->file()->sync(); !status.ok()) return status;
  // A sealed segment that takes appends again, cut at its very end.
  if (!active_->indexInMemory()) {
    if (auto end = SegmentLoader::rebuild(*active_, options_.indexIntervalBytes); !end.ok()) return end.error();
  }
  if (active_->transactions() != nullptr) {
    if (auto status = active_->transactions()->truncateTo(*active_->file(), logEndOffset()); !status.ok()) return status;
  }
  flushedOffset_ = std::min(flushedOffset_, logEndOffset());
  logStartOffset_ = std::min(logStartOffset_, logEndOffset());
  const std::lock_guard lock(work_->mutex);
  work_->endOffset = std::min(work_->endOffset, logEndOffset());
  return Done{};
}

Status Log::truncateFullyAndStartAt(std::int64_t offset) {
  settleSwap();
  ++truncations_;
  cursors_.fill(Cursor{});
  // From the end: what a crash leaves of it is the beginning of what was there.
  if (auto status = removeFiles(*active_); !status.ok()) return status;
  for (auto view = sealed_.rbegin(); view != sealed_.rend(); ++view) {
    if (auto status = removeFiles(*view); !status.ok()) return status;
  }
  sealed_.clear();
  if (auto status = syncFolder(); !status.ok()) return status;
  {
    const std::lock_guard lock(work_->mutex);
    work_->endOffset = offset;
  }
  if (auto status = createActive(offset); !status.ok()) return status;
  logStartOffset_ = offset;
  flushedOffset_ = offset;
  return Done{};
}

void Log::advanceLogStartOffset(std::int64_t offset) noexcept {
  // It says nothing of what is on the medium: the recovery point stays.
  logStartOffset_ = std::clamp(offset, logStartOffset_, logEndOffset());
}

Result<std::vector<std::string>> Log::dropBelow(std::int64_t offset) {
  settleSwap();
  std::vector<std::string> renamed = takeReplacedFiles();
  std::size_t count = 0;
  while (count < sealed_.size() && segment(count + 1).baseOffset() <= offset) ++count;
  for (std::size_t i = 0; i < count; ++i) {
    if (auto status = sealed_[i].file()->keepForOthers(); !status.ok()) return status.error();
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (const char* suffix : kSegmentSuffixes) {
      const std::string from = sealed_[i].stem() + suffix;
      const std::string to = from + ".deleted";
      if (fs_.rename(from.c_str(), to.c_str()) == 0) renamed.push_back(to);
      else if (errno != ENOENT) return systemError("rename", from, errno);
    }
  }
  {
    const std::lock_guard lock(work_->mutex);
    for (std::size_t i = 0; i < count; ++i) {
      sealed_[i].file()->leave();
      std::erase(work_->dirty, sealed_[i].file());
    }
    work_->directoryDirty = true;
  }
  sealed_.erase(sealed_.begin(), sealed_.begin() + static_cast<std::ptrdiff_t>(count));
  logStartOffset_ = std::max(logStartOffset_, segment(0).baseOffset());
  return renamed;
}

void Log::reconfigure(std::int64_t segmentBytes, std::int64_t indexIntervalBytes, std::int64_t segmentIndexBytes, bool preallocate) noexcept {
  options_.preallocate = preallocate;
  options_.segmentBytes = segmentBytes;
  options_.indexIntervalBytes = indexIntervalBytes;
  options_.segmentIndexBytes = segmentIndexBytes;
}

Status Log::close(bool sync) {
  settleSwap();
  if (sync) {
    if (flushedOffset_ < logEndOffset()) markDirty();
    auto synced = Flusher::syncNow(*work_);
    if (!synced.ok()) return synced.error();
    flushed(synced.value());
  } else {
    abandon(*work_);
  }
  if (sync) {
    if (auto status = active_->file()->giveBackReserve(options_.preallocate); !status.ok()) return status;
  }
  // The next start trusts it after an orderly stop: its bytes are on the medium before it has its name.
  return active_->sizeBytes() > 0 && !active_->indexStored() ? active_->storeIndex(sync) : Status(Done{});
}

}  // namespace millrace
