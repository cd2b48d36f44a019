#include "log_workload.h"

#include <fcntl.h>

#include "../../native/io/remove_tree.h"

using namespace millrace;

namespace {

constexpr const char* kDirectory = "/d";
constexpr const char* kLog = "/d/t-0";

KnownBatch known(const TestBatch& batch, std::optional<std::uint32_t> crc) {
  return {batch.baseOffset, batch.lastOffset(), crc, std::make_shared<const TestBatch>(batch)};
}

/// Clean up to `offset`, as before from there on.
KnownBatches mixed(const KnownBatches& cleaned, const KnownBatches& before, std::int64_t offset) {
  KnownBatches state;
  for (const KnownBatch& batch : cleaned)
    if (batch.baseOffset < offset) state.push_back(batch);
  for (const KnownBatch& batch : before)
    if (batch.baseOffset >= offset) state.push_back(batch);
  return state;
}

}  // namespace

LogWorkload::LogWorkload(unsigned long long seed, const Settings& settings) : settings_(settings), random_(seed), disk_(std::make_unique<MemoryDisk>()) {
  options_.segmentBytes = 300 + static_cast<std::int64_t>(random_.below(random_.below(4) == 0 ? 8000 : 2000));
  options_.indexIntervalBytes = static_cast<std::int64_t>(random_.below(400));
  options_.gapsBelow = 0;
  options_.preallocate = seed % 2 == 0;
  disk_->lies = settings.lyingDisk;
}

bool LogWorkload::wrong(std::string why) {
  reason = std::string(doing) + ": " + why;
  return false;
}

bool LogWorkload::begin() {
  doing = "begin";
  before_ = allowed();
  if (open().ok()) return true;
  offline_ = true;
  return false;
}

bool LogWorkload::run(int count) {
  if (!begin()) return wrong("the log does not open");
  for (int i = 0; i < count; ++i) {
    if (!step()) return false;
  }
  return true;
}

LogWorkload::Op LogWorkload::choose() {
  struct Weight {
    Op op;
    int weight;
  };
  static constexpr Weight kWeights[] = {{Op::kAppend, 50}, {Op::kFlush, 14}, {Op::kRoll, 5},        {Op::kTruncate, 4}, {Op::kRestart, 1},
                                        {Op::kRetain, 5},  {Op::kClean, 5},  {Op::kDeleteRecords, 4}, {Op::kCheckpoint, 6}, {Op::kReopen, 3},
                                        {Op::kRead, 4},    {Op::kReplace, 1}, {Op::kKill, 3},        {Op::kPowerCut, 3}};
  const int last = settings_.cutsAreSteps ? 0 : 6;
  auto dice = static_cast<int>(random_.below(static_cast<unsigned long long>(108 - last)));
  for (const Weight& one : kWeights) {
    dice -= one.weight;
    if (dice < 0) return one.op;
  }
  return Op::kAppend;
}

bool LogWorkload::step() {
  ++steps;
  nowMs_ += static_cast<std::int64_t>(random_.below(100));
  between_.clear();
  pending_.clear();
  before_ = allowed();
  const Op op = choose();
  disk_->beforeSync = [this] { collect(); };
  const Status status = perform(op);
  if (std::getenv("MILLRACE_TRACE") != nullptr)
    std::printf("    %ld %s%s: %lld to %lld, acknowledged below %lld\n", steps, doing, status.ok() ? "" : " failed", static_cast<long long>(start_), static_cast<long long>(end_),
                static_cast<long long>(acked_));
  if (!reason.empty()) return false;
  if (!status.ok()) {
    // A full disk is an answer like others, but not in the middle of a sync or of renames; everything else ends the log directory.
    const bool goesOn = status.error().kind == Error::Kind::kNoSpace && (op == Op::kAppend || op == Op::kRoll);
    if (disk_->struck == nullptr) return wrong(status.error().operation + " " + status.error().path + " failed: " + status.error().detail);
    offline_ = !goesOn;
    if (offline_) return false;
  }
  collect();
  disk_->beforeSync = nullptr;
  return checkImages() && checkLive();
}

Status LogWorkload::perform(Op op) {
  switch (op) {
    case Op::kAppend:
      doing = "append";
      return append();
    case Op::kFlush:
      doing = "flush";
      return flush();
    case Op::kRoll:
      doing = "roll";
      return log_->roll();
    case Op::kTruncate:
      doing = "truncate";
      return truncate();
    case Op::kRestart:
      doing = "truncate fully";
      return restart();
    case Op::kRetain:
      doing = "retain";
      return retain();
    case Op::kDeleteRecords:
      doing = "delete records";
      return deleteRecords();
    case Op::kClean:
      doing = "clean";
      return clean();
    case Op::kCheckpoint:
      doing = "checkpoint";
      return checkpoint(log_->flushedOffset(), log_->logStartOffset());
    case Op::kReopen:
      doing = "reopen";
      return reopen();
    case Op::kKill:
      doing = "kill";
      log_.reset();
      return kill();
    case Op::kPowerCut:
      doing = "power cut";
      powerCut();
      return Done{};
    case Op::kReplace:
      doing = "delete and create again";
      return replace();
    case Op::kRead:
      doing = "read";
      return read();
  }
  return Done{};
}

Status LogWorkload::append() {
  TestBatch batch = randomBatch(random_, end_, nowMs_, sequences_);
  if (random_.below(4) != 0) batch.attributes = static_cast<std::int16_t>(batch.attributes & ~7);
  const auto bytes = encodeBatch(batch);
  const BatchHeader header = BatchHeader::load(bytes.data());
  batches_.push_back(known(batch, header.crc));
  auto status = log_->append(bytes.data(), header, random_.below(40) == 0);
  if (status.ok()) {
    end_ = batch.lastOffset() + 1;
  } else {
    // Whoever was told that it failed may find it there all the same.
    between_.push_back(allowed().states.front());
    batches_.pop_back();
  }
  return status;
}

Status LogWorkload::flush() {
  log_->markDirty();
  auto synced = Flusher::syncNow(*log_->flushWork());
  if (!synced.ok()) return synced.error();
  log_->flushed(synced.value());
  acked_ = std::max(acked_, log_->flushedOffset());
  ghosts_.clear();
  return Done{};
}

/// A recovery point must never lie above what is in the log: what is written there next would be trusted before it is synced.
Status LogWorkload::lowerCheckpoint(std::int64_t offset) {
  if (checkpointed_ <= offset && keptStart_ <= offset) return Done{};
  return checkpoint(std::min(offset, log_->flushedOffset()), std::min(offset, log_->logStartOffset()));
}

Status LogWorkload::truncate() {
  if (end_ <= start_) return Done{};
  const std::int64_t to = start_ + static_cast<std::int64_t>(random_.below(static_cast<unsigned long long>(end_ - start_)));
  KnownBatches left = batches_;
  while (!left.empty() && left.back().lastOffset >= to) left.pop_back();
  const std::int64_t least = left.empty() ? 0 : left.back().lastOffset + 1;
  acked_ = std::min(acked_, least);
  // Where the log is to end: perhaps at the beginning of a segment behind a gap, which stays below the recovery point.
  const std::int64_t base = log_->covering(std::max<std::int64_t>(to - 1, 0)).baseOffset();
  if (auto status = lowerCheckpoint(std::max(least, std::min(base, to))); !status.ok()) return status;
  auto status = log_->truncateTo(to);
  batches_ = std::move(left);
  if (!status.ok()) return status;
  end_ = log_->logEndOffset();
  if (end_ > to || (!batches_.empty() && end_ < batches_.back().lastOffset + 1)) (void)wrong("ends at " + std::to_string(end_) + ", not " + std::to_string(to));
  start_ = std::min(start_, end_);
  cleanedOffset_ = std::min(cleanedOffset_, end_);
  acked_ = std::min(acked_, log_->flushedOffset());
  return status;
}

Status LogWorkload::restart() {
  const std::int64_t to = static_cast<std::int64_t>(random_.below(static_cast<unsigned long long>(end_ + 10)));
  acked_ = 0;
  if (auto status = lowerCheckpoint(0); !status.ok()) return status;
  between_.push_back(allowed().states.front());
  batches_.clear();
  ghosts_.clear();
  start_ = to;
  end_ = to;
  cleanedOffset_ = 0;
  return log_->truncateFullyAndStartAt(to);
}

Status LogWorkload::retain() {
  const auto& sealed = log_->sealed();
  const std::size_t drop = std::min<std::size_t>(random_.below(3), sealed.size());
  const std::int64_t offset = std::min(committed(), drop < sealed.size() ? sealed[drop].baseOffset() : log_->active().baseOffset());
  std::int64_t first = sealed.empty() ? log_->active().baseOffset() : sealed.front().baseOffset();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    const std::int64_t next = i + 1 < sealed.size() ? sealed[i + 1].baseOffset() : log_->active().baseOffset();
    if (next <= offset) first = next;
  }
  while (!batches_.empty() && batches_.front().baseOffset < first) {
    ghosts_.push_back(batches_.front());
    batches_.erase(batches_.begin());
  }
  start_ = std::max(start_, first);
  auto dropped = log_->dropBelow(offset);
  if (!dropped.ok()) return dropped.error();
  if (random_.below(2) == 0) return Done{};
  for (const std::string& path : dropped.value()) {
    if (auto status = removeTree(*disk_, path); !status.ok()) return status;
  }
  return Done{};
}

Status LogWorkload::deleteRecords() {
  const std::int64_t upTo = committed();
  if (upTo > start_) start_ += static_cast<std::int64_t>(random_.below(static_cast<unsigned long long>(upTo - start_ + 1)));
  log_->advanceLogStartOffset(start_);
  // The answer waits for it.
  return settings_.commitsUnsynced ? checkpoint(log_->flushedOffset(), log_->logStartOffset()) : Status(Done{});
}

Status LogWorkload::clean() {
  if (auto status = flush(); !status.ok()) return status;
  // Gaps that cleaning leaves lie below the recovery point: above it one is what a crash has lost.
  if (auto status = checkpoint(log_->flushedOffset(), log_->logStartOffset()); !status.ok()) return status;
  CleaningOptions cleaning;
  cleaning.firstDirtyOffset = std::max(cleanedOffset_, log_->sealed().empty() ? 0 : log_->sealed().front().baseOffset());
  cleaning.endOffset = log_->active().baseOffset();
  cleaning.nowMs = nowMs_;
  cleaning.deleteRetentionMs = static_cast<std::int64_t>(random_.below(300));
  cleaning.segmentBytes = options_.segmentBytes;
  cleaning.indexIntervalBytes = options_.indexIntervalBytes;
  cleaning.ioBufferBytes = 64 + static_cast<std::int64_t>(random_.below(2000));
  cleaning.mapBytes = 1 << 16;
  std::vector<TestBatch> model;
  for (const KnownBatch& batch : batches_) model.push_back(*batch.content);
  cleaning.producers = tailsOf(model);
  auto job = log_->beginCleaning(cleaning);
  if (!job.ok()) return job.error();
  if (job.value() == nullptr) return Done{};
  cleanModel(model, cleaning, cleaning.endOffset, cleaning.endOffset);
  KnownBatches cleaned;
  for (const TestBatch& batch : model) {
    const auto same = std::find_if(batches_.begin(), batches_.end(), [&](const KnownBatch& one) { return *one.content == batch; });
    cleaned.push_back(known(batch, same == batches_.end() ? std::nullopt : same->crc));
  }
  for (const SealedSegment& segment : log_->sealed()) between_.push_back(mixed(cleaned, batches_, segment.baseOffset()));
  between_.push_back(mixed(cleaned, batches_, cleaning.endOffset));
  for (auto state = Log::Cleaning::kGoesOn; state != Log::Cleaning::kDone; state = log_->continueCleaning(*job.value())) {
    if (state == Log::Cleaning::kCancelled) return Error{Error::Kind::kIo, "clean", kLog, 0, "cancelled"};
    if (auto status = job.value()->run(1 << 20); !status.ok()) {
      job.value()->abandon();
      return status;
    }
  }
  batches_ = std::move(cleaned);
  cleanedOffset_ = job.value()->cleanedOffset();
  for (const std::string& path : log_->takeReplacedFiles()) {
    if (auto status = removeTree(*disk_, path); !status.ok()) return status;
  }
  return Done{};
}

Status LogWorkload::checkpoint(std::int64_t recoveryPoint, std::int64_t logStartOffset) {
  checkpointed_ = std::max(checkpointed_, recoveryPoint);
  keptStart_ = std::min(keptStart_, logStartOffset);
  const std::pair<const char*, std::int64_t> files[] = {{"/d/recovery-point", recoveryPoint}, {"/d/log-start", logStartOffset}};
  for (const auto& [path, value] : files) {
    std::uint8_t bytes[8];
    storeBe(bytes, value);
    if (auto status = writeWholeFile(*disk_, path, bytes, sizeof bytes, true); !status.ok()) return status;
    if (disk_->syncDirectory(kDirectory) != 0) return systemError("fsync", kDirectory, errno);
  }
  checkpointed_ = recoveryPoint;
  keptStart_ = logStartOffset;
  return Done{};
}

Status LogWorkload::reopen() {
  const std::int64_t start = log_->logStartOffset();
  if (auto status = log_->close(true); !status.ok()) return status;
  acked_ = std::max(acked_, log_->flushedOffset());
  ghosts_.clear();
  if (auto status = checkpoint(log_->flushedOffset(), start); !status.ok()) return status;
  log_.reset();
  if (auto status = writeWholeFile(*disk_, "/d/clean", nullptr, 0, true); !status.ok()) return status;
  if (disk_->syncDirectory(kDirectory) != 0) return systemError("fsync", kDirectory, errno);
  return open();
}

Status LogWorkload::replace() {
  acked_ = 0;
  if (auto status = lowerCheckpoint(0); !status.ok()) return status;
  if (auto status = checkpoint(0, 0); !status.ok()) return status;
  (void)log_->close(false);
  log_.reset();
  const std::string away = std::string(kLog) + "." + std::to_string(++deletions_) + "-delete";
  between_.push_back(allowed().states.front());
  batches_.clear();
  ghosts_.clear();
  start_ = end_ = cleanedOffset_ = 0;
  if (disk_->rename(kLog, away.c_str()) != 0) return systemError("rename", kLog, errno);
  if (disk_->syncDirectory(kDirectory) != 0) return systemError("fsync", kDirectory, errno);
  if (auto status = removeTree(*disk_, away); !status.ok()) return status;
  return open();
}

/// Whatever the disk says to it, the log stays as it is.
Status LogWorkload::read() {
  if (end_ <= start_) return Done{};
  const std::int64_t offset = start_ + static_cast<std::int64_t>(random_.below(static_cast<unsigned long long>(end_ - start_)));
  const std::int64_t upper = offset + 1 + static_cast<std::int64_t>(random_.below(static_cast<unsigned long long>(end_ - offset)));
  const char* const struck = disk_->struck;
  const bool fine = log_->read(offset, static_cast<std::int64_t>(random_.below(2000)), upper, random_.below(2) == 0).ok() && log_->findByTimestamp(nowMs_ - 100, upper).ok() &&
                    log_->findMaxTimestamp(upper).ok() && log_->scan(offset, 3).ok() && log_->availableBytes(offset, upper, 1000).ok();
  if (!fine && disk_->struck == struck) (void)wrong("a read failed");
  return Done{};
}

Status LogWorkload::open() {
  auto opened = openOn(*disk_, options_);
  if (!opened.ok()) return opened.error();
  log_ = std::move(opened.value());
  return Done{};
}

/// What recovery removes, since the checkpoints say that it is deleted, may be there again after the next crash.
std::int64_t LogWorkload::hauntedBelow() const {
  const std::int64_t first = log_->sealed().empty() ? log_->active().baseOffset() : log_->sealed().front().baseOffset();
  return std::min(first, keptStart_);
}

Status LogWorkload::kill() {
  if (auto status = open(); !status.ok()) return status;
  while (!batches_.empty() && batches_.front().lastOffset < hauntedBelow()) {
    ghosts_.push_back(batches_.front());
    batches_.erase(batches_.begin());
  }
  return Done{};
}

/// The model goes on with what is found.
void LogWorkload::powerCut() {
  log_.reset();
  disk_->beforeSync = nullptr;
  const MemoryDisk::Fault fault = std::exchange(disk_->fault, {});
  const MemoryDisk::PowerCut cut{randomLeft(random_), 512};
  auto left = disk_->afterPowerCut(cut, random_);
  left->lies = disk_->lies;
  left->struck = disk_->struck;
  const long calls = disk_->calls;
  disk_ = std::move(left);
  KnownBatches found;
  if (auto why = checkRecovered(*disk_, options_, before_, random_, 0, &found, &log_); !why.empty()) {
    (void)wrong(why);
    return;
  }
  disk_->fault = fault;
  disk_->calls = calls;
  batches_ = std::move(found);
  ghosts_.clear();
  for (const KnownBatch& batch : before_.states.front())
    if (batch.lastOffset < hauntedBelow()) ghosts_.push_back(batch);
  start_ = log_->logStartOffset();
  end_ = log_->logEndOffset();
  acked_ = std::min(acked_, end_);
  cleanedOffset_ = std::min(cleanedOffset_, end_);
  disk_->beforeSync = [this] { collect(); };
}

Allowed LogWorkload::allowed() const {
  Allowed result;
  KnownBatches state = ghosts_;
  state.insert(state.end(), batches_.begin(), batches_.end());
  result.states.push_back(std::move(state));
  result.leastStart = settings_.lyingDisk ? 0 : keptStart_;
  result.startOffset = start_;
  result.ackedOffset = settings_.lyingDisk ? 0 : acked_;
  return result;
}
