#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "../../native/io/directory_lock.h"
#include "../../native/io/reads_at_once.h"
#include "../../native/log/log.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "make_batch.h"

using namespace millrace;

namespace {

/// Does something just before a directory is synced.
class InterruptedFileSystem : public FileSystem {
 public:
  std::function<void()> before;

  int syncDirectory(const char* path) override {
    if (before != nullptr) std::exchange(before, nullptr)();
    return FileSystem::syncDirectory(path);
  }
};

std::unique_ptr<Log> openLog(FileSystem& fs, const std::string& directory, LogOptions options = {}) {
  RecoveryReport report;
  auto log = Log::open(fs, directory + "/t-0", 1, options, report);
  return log.ok() ? std::move(log.value()) : nullptr;
}

Status append(Log& log, std::int32_t count, std::size_t payload, std::int64_t timestampMs = 1000) {
  auto bytes = makeBatch(count, payload, timestampMs);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false);
}

/// Base offsets and record counts of everything in the log.
std::vector<std::pair<std::int64_t, std::int32_t>> contents(const Log& log) {
  std::vector<std::pair<std::int64_t, std::int32_t>> found;
  auto headers = log.scan(log.logStartOffset(), 1'000'000);
  if (headers.ok())
    for (const auto& header : headers.value())
      if (header.lastOffset() >= log.logStartOffset()) found.emplace_back(header.baseOffset, header.recordCount);
  return found;
}

/// The first sync waits until it is let through.
class GatedSyncs : public FileSystem {
 public:
  int fdatasync(int fd) override {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return FileSystem::fdatasync(fd);
  }
  void untilEntered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }
  void letThrough() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false;
  bool open_ = false;
};

/// Counts reads.
class CountingFileSystem : public FileSystem {
 public:
  int reads = 0;
  ssize_t pread(int fd, void* into, std::size_t size, off_t position) override {
    ++reads;
    return FileSystem::pread(fd, into, size, position);
  }
};

/// Of each file only what was loaded is in memory.
class LoadedPageCache : public PageCache {
 public:
  std::vector<ReadsAtOnce::Range> loaded;
  ssize_t read(int fd, void* into, std::size_t size, off_t position) override {
    for (const auto& range : loaded)
      if (range.position <= position && position + static_cast<off_t>(size) <= range.position + static_cast<off_t>(range.sizeBytes)) return ::pread(fd, into, size, position);
    errno = EAGAIN;
    return -1;
  }
};

/// Reads without waiting, loading what is missed, and says how often that was.
int loadsFor(Log& log, std::int64_t offset, std::int64_t maxSizeBytes, std::optional<LogReadResult>& found) {
  LoadedPageCache cache;
  for (;;) {
    const ReadsAtOnce atOnce(cache);
    auto read = log.read(offset, maxSizeBytes, log.logEndOffset(), true);
    if (read.ok()) {
      found = std::move(read.value());
      return static_cast<int>(cache.loaded.size());
    }
    if (read.error().code != EAGAIN || read.error().path.empty() || !atOnce.missed().has_value() || cache.loaded.size() > 100) return -1;
    cache.loaded.push_back(*atOnce.missed());
  }
}

}  // namespace

TEST(the_nth_call_fails_and_nothing_acknowledged_is_lost) {
  for (const int error : {EIO, ENOSPC}) {
    for (const bool partial : {false, true}) {
      for (int failAt = 0; failAt < 60; ++failAt) {
        harness::TemporaryDirectory directory;
        FaultyFileSystem fs;
        fs.error = error;
        fs.partial = partial;
        LogOptions options;
        options.segmentBytes = 600;
        auto log = openLog(fs, directory.path(), options);
        if (log == nullptr) continue;
        fs.failAt = fs.calls + failAt;
        std::int64_t acknowledged = 0;
        for (int i = 0; i < 12; ++i) {
          if (!append(*log, 2, 50).ok()) break;
          log->markDirty();
          auto synced = Flusher::syncNow(*log->flushWork());
          if (!synced.ok()) break;
          log->flushed(synced.value());
          acknowledged = log->flushedOffset();
        }
        log.reset();
        // What a restart finds on a healthy disk.
        auto again = openLog(posixFileSystem(), directory.path(), options);
        CHECK(again != nullptr);
        CHECK(again->logEndOffset() >= acknowledged);
        CHECK_EQ(again->logEndOffset() % 2, 0);
        CHECK(append(*again, 2, 50).ok());
      }
    }
  }
}

TEST(a_full_disk_leaves_no_half_batch_behind) {
  harness::TemporaryDirectory directory;
  FaultyFileSystem fs;
  auto log = openLog(fs, directory.path());
  CHECK(log != nullptr);
  CHECK(append(*log, 1, 100).ok());
  const std::int64_t size = log->sizeBytes();
  fs.error = ENOSPC;
  fs.partial = true;
  fs.failAt = fs.calls.load();
  auto status = append(*log, 1, 100);
  CHECK(!status.ok());
  CHECK(status.error().kind == Error::Kind::kNoSpace);
  CHECK_EQ(log->sizeBytes(), size);
  struct stat info {};
  CHECK_EQ(::stat((directory.path() + "/t-0/00000000000000000000.log").c_str(), &info), 0);
  CHECK_EQ(info.st_size, size);
  CHECK(append(*log, 1, 100).ok());
  CHECK_EQ(log->logEndOffset(), 2);
}

TEST(an_index_that_finds_no_room_leaves_no_half_file_behind) {
  for (const bool partial : {false, true}) {
    harness::TemporaryDirectory directory;
    FaultyFileSystem fs;
    auto log = openLog(fs, directory.path());
    CHECK(log != nullptr);
    CHECK(append(*log, 1, 100).ok());
    fs.error = ENOSPC;
    fs.partial = partial;
    fs.failAt = fs.calls.load();
    auto status = log->roll();
    CHECK(!status.ok());
    CHECK(status.error().kind == Error::Kind::kNoSpace);
    const std::string stem = directory.path() + "/t-0/00000000000000000000";
    struct stat info {};
    for (const char* suffix : {".index.tmp", ".timeindex.tmp"}) CHECK(::stat((stem + suffix).c_str(), &info) != 0);
    // The log goes on with the segment it has, and rolls when there is room.
    CHECK(append(*log, 1, 100).ok());
    CHECK(log->roll().ok());
    CHECK_EQ(log->active().baseOffset(), 2);
    log.reset();
    auto again = openLog(posixFileSystem(), directory.path());
    CHECK(again != nullptr);
    CHECK_EQ(again->logEndOffset(), 2);
  }
}

TEST(random_operations_agree_with_an_array) {
  for (unsigned long long seed = 1; seed <= 300; ++seed) {
    harness::Random random(seed);
    harness::TemporaryDirectory directory;
    LogOptions options;
    options.segmentBytes = 400 + static_cast<std::int64_t>(random.below(2000));
    options.indexIntervalBytes = static_cast<std::int64_t>(random.below(500));
    auto log = openLog(posixFileSystem(), directory.path(), options);
    CHECK(log != nullptr);
    std::vector<std::pair<std::int64_t, std::int32_t>> model;
    std::int64_t end = 0;
    std::int64_t start = 0;
    for (int step = 0; step < 60; ++step) {
      const auto roll = random.below(100);
      if (roll < 60) {
        const auto count = static_cast<std::int32_t>(1 + random.below(4));
        CHECK(append(*log, count, random.below(300)).ok());
        model.emplace_back(end, count);
        end += count;
      } else if (roll < 66) {
        CHECK(log->roll().ok());
      } else if (roll < 72 && end > start) {
        const std::int64_t to = start + static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(end - start)));
        CHECK(log->truncateTo(to).ok());
        while (!model.empty() && model.back().first + model.back().second > to) model.pop_back();
        end = log->logEndOffset();
        CHECK(model.empty() || end == model.back().first + model.back().second);
        start = std::min(start, end);
      } else if (roll < 78) {
        const std::size_t drop = std::min<std::size_t>(random.below(3), log->sealed().size());
        auto dropped = log->dropBelow(drop < log->sealed().size() ? log->sealed()[drop].baseOffset() : log->active().baseOffset());
        CHECK(dropped.ok());
        start = log->logStartOffset();
        std::erase_if(model, [&](const auto& one) { return one.first + one.second <= start; });
      } else if (roll < 84) {
        start = start + static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(end - start + 1)));
        log->advanceLogStartOffset(start);
        std::erase_if(model, [&](const auto& one) { return one.first + one.second <= start; });
      } else if (roll < 94) {
        // Close and reopen, in an orderly way or as after a crash (files as they are, nothing trusted).
        options.cleanShutdown = random.below(2) == 0;
        options.logStartOffset = start;
        options.recoveryPoint = 0;
        if (options.cleanShutdown) CHECK(log->close(true).ok());
        log.reset();
        log = openLog(posixFileSystem(), directory.path(), options);
        CHECK(log != nullptr);
      } else if (end > start) {
        const std::int64_t offset = start + static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(end - start)));
        const std::int64_t upper = offset + 1 + static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(end - offset)));
        constexpr std::int64_t kLimits[] = {1, 100, 700, 2000};
        const std::int64_t maxSizeBytes = kLimits[random.below(4)];
        auto read = log->read(offset, maxSizeBytes, upper, true);
        CHECK(read.ok());
        // The same question again, now from what was remembered, gets the same answer; without `minOneBatch` it fits the limit.
        auto again = log->read(offset, maxSizeBytes, upper, true);
        CHECK(again.ok() && again.value().has_value() == read.value().has_value());
        auto fitting = log->read(offset, maxSizeBytes, upper, false);
        CHECK(fitting.ok());
        if (read.value().has_value()) {
          CHECK_EQ(again.value()->region.position, read.value()->region.position);
          CHECK_EQ(again.value()->region.sizeBytes, read.value()->region.sizeBytes);
          CHECK_EQ(again.value()->nextOffset, read.value()->nextOffset);
          const bool fits = static_cast<std::int64_t>(read.value()->region.sizeBytes) <= maxSizeBytes;
          CHECK_EQ(fitting.value().has_value(), fits);
          if (fits) CHECK_EQ(fitting.value()->region.sizeBytes, read.value()->region.sizeBytes);
        }
        // Whole batches from the one that holds the offset, and never one that begins at or after `upper`.
        const bool some = read.value().has_value();
        const bool holds = std::any_of(model.begin(), model.end(), [&](const auto& one) { return one.first <= offset && offset < one.first + one.second && one.first + one.second <= upper; });
        if (holds) CHECK(some);
        if (some) CHECK(read.value()->nextOffset > offset && read.value()->nextOffset <= upper);
      }
      CHECK_EQ(log->logEndOffset(), end);
      CHECK(log->logStartOffset() <= log->logEndOffset() && log->flushedOffset() <= log->logEndOffset());
      if (contents(*log) != model) {
        std::printf("    seed %llu step %d\n", seed, step);
        CHECK(contents(*log) == model);
      }
    }
  }
}

TEST(a_read_that_must_not_wait_says_what_it_missed_and_finds_the_same) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  auto log = openLog(posixFileSystem(), directory.path(), options);
  for (int i = 0; i < 200; ++i) CHECK(append(*log, 2, 3000).ok());
  // The index of a sealed segment is read from its file; it may be anywhere but in memory, too.
  for (const bool sealed : {false, true}) {
    if (sealed) {
      CHECK(log->roll().ok());
      CHECK(log->close(true).ok());
      log.reset();
      options.cleanShutdown = true;
      options.recoveryPoint = 400;
      log = openLog(posixFileSystem(), directory.path(), options);
      CHECK(log != nullptr);
    }
    for (const std::int64_t maxSizeBytes : {1, 10'000, 100'000, 10'000'000}) {
      std::optional<LogReadResult> found;
      const int loads = loadsFor(*log, 100 + maxSizeBytes % 7, maxSizeBytes, found);
      auto waited = log->read(100 + maxSizeBytes % 7, maxSizeBytes, log->logEndOffset(), true);
      CHECK(waited.ok() && waited.value().has_value() && found.has_value());
      CHECK_EQ(found->region.position, waited.value()->region.position);
      CHECK_EQ(found->region.sizeBytes, waited.value()->region.sizeBytes);
      CHECK_EQ(found->nextOffset, waited.value()->nextOffset);
      // A page of the log or of its index at a time.
      CHECK(loads >= 1 && loads <= 12);
    }
  }
}

TEST(an_index_is_made_anew_although_nobody_may_wait) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  auto log = openLog(posixFileSystem(), directory.path(), options);
  for (int i = 0; i < 100; ++i) CHECK(append(*log, 1, 3000).ok());
  CHECK(log->roll().ok());
  CHECK(log->close(true).ok());
  log.reset();
  const std::string index = directory.path() + "/t-0/00000000000000000000.index";
  std::vector<std::uint8_t> entries = readWholeFile(posixFileSystem(), index).value();
  for (std::size_t i = 7; i < entries.size(); i += 8) entries[i] ^= 5;
  CHECK(writeWholeFile(posixFileSystem(), index, entries.data(), entries.size(), false).ok());
  options.cleanShutdown = true;
  options.recoveryPoint = 100;
  log = openLog(posixFileSystem(), directory.path(), options);
  std::optional<LogReadResult> found;
  CHECK(loadsFor(*log, 70, 5000, found) >= 1);
  CHECK(found.has_value() && found->nextOffset == 71);
  CHECK(readWholeFile(posixFileSystem(), index).value() != entries);
}

TEST(the_end_of_a_read_is_found_with_few_reads) {
  harness::TemporaryDirectory directory;
  CountingFileSystem fs;
  LogOptions options;
  options.segmentBytes = 64 << 20;
  auto log = openLog(fs, directory.path(), options);
  for (int i = 0; i < 3000; ++i) CHECK(append(*log, 1, 1000 + i % 3000).ok());
  for (std::int64_t maxSizeBytes = 1'000'000; maxSizeBytes < 1'020'000; maxSizeBytes += 500) {
    fs.reads = 0;
    auto read = log->read(1000, maxSizeBytes, log->logEndOffset(), true);
    CHECK(read.ok() && static_cast<std::int64_t>(read.value()->region.sizeBytes) > maxSizeBytes - 5000);
    CHECK(fs.reads <= 8);
  }
}

TEST(flusher_answers_many_requests_with_few_syncs) {
  harness::TemporaryDirectory directory;
  auto log = openLog(posixFileSystem(), directory.path());
  CHECK(log != nullptr);
  std::mutex mutex;
  std::condition_variable woken;
  bool notified = false;
  {
    Flusher flusher([&] {
      const std::lock_guard lock(mutex);
      notified = true;
      woken.notify_one();
    });
    for (int i = 0; i < 2000; ++i) {
      CHECK(append(*log, 1, 20).ok());
      log->markDirty();
      flusher.request(log->flushWork());
    }
    while (log->flushedOffset() < log->logEndOffset() || flusher.statistics().requests < 2000) {
      std::unique_lock lock(mutex);
      woken.wait(lock, [&] { return notified; });
      notified = false;
      lock.unlock();
      for (const FlushResult& result : flusher.drain()) log->flushed(result.flushedOffset);
    }
    const auto statistics = flusher.statistics();
    CHECK_EQ(statistics.requests, 2000u);
    CHECK(statistics.flushes < 1000);
    const auto recorded = [](const Distribution& distribution) { return std::accumulate(distribution.counts.begin(), distribution.counts.end(), std::uint64_t{0}); };
    CHECK_EQ(recorded(statistics.syncUs), statistics.flushes);
    CHECK_EQ(recorded(statistics.groupRequests), statistics.flushes);
    CHECK_EQ(recorded(statistics.groupBytes), statistics.flushes);
    // A request whose bytes went with the round before finds nothing to sync, and is in no group.
    CHECK(statistics.groupRequests.sum <= 2000u && statistics.groupRequests.sum > 1000u);
    CHECK_EQ(statistics.groupBytes.sum, static_cast<std::uint64_t>(log->sizeBytes()));
    CHECK(statistics.syncUs.sum <= statistics.totalUs);
  }
  CHECK_EQ(log->flushedOffset(), 2000);
}

TEST(every_request_is_in_the_group_that_syncs_its_bytes) {
  harness::TemporaryDirectory directory;
  GatedSyncs fs;
  auto log = openLog(fs, directory.path());
  CHECK(log != nullptr);
  Flusher flusher([] {});
  const auto appendAndAsk = [&] {
    const bool appended = append(*log, 1, 20).ok();
    log->markDirty();
    flusher.request(log->flushWork());
    return appended;
  };
  CHECK(appendAndAsk());
  // The first sync has begun and is held: what is asked meanwhile shares the second.
  fs.untilEntered();
  for (int i = 1; i < 2000; ++i) CHECK(appendAndAsk());
  fs.letThrough();
  while (flusher.statistics().requests < 2000) std::this_thread::yield();
  const auto statistics = flusher.statistics();
  CHECK_EQ(statistics.flushes, 2u);
  CHECK_EQ(statistics.groupRequests.sum, 2000u);
  CHECK_EQ(statistics.groupBytes.sum, static_cast<std::uint64_t>(log->sizeBytes()));
}

TEST(distributions_count_by_power_of_two) {
  Distribution distribution;
  for (const std::uint64_t value : {0ull, 1ull, 2ull, 3ull, 4ull, 5ull, 1024ull, 1025ull, 1ull << 32, ~0ull >> 1}) distribution.record(value);
  CHECK_EQ(distribution.counts[0], 2u);
  CHECK_EQ(distribution.counts[1], 1u);
  CHECK_EQ(distribution.counts[2], 2u);
  CHECK_EQ(distribution.counts[3], 1u);
  CHECK_EQ(distribution.counts[10], 1u);
  CHECK_EQ(distribution.counts[11], 1u);
  CHECK_EQ(distribution.counts[32], 2u);
}

TEST(a_group_is_what_was_asked_and_appended_since_the_sync_before) {
  harness::TemporaryDirectory directory;
  auto log = openLog(posixFileSystem(), directory.path());
  CHECK(log != nullptr);
  std::uint64_t synced = 0;
  for (const int appends : {1, 5, 3}) {
    for (int i = 0; i < appends; ++i) {
      CHECK(append(*log, 1, 20).ok());
      log->markDirty();
    }
    FlushGroup group;
    CHECK(Flusher::syncNow(*log->flushWork(), &group).ok());
    CHECK_EQ(group.bytes, static_cast<std::uint64_t>(log->sizeBytes()) - synced);
    CHECK_EQ(group.syncUs.size(), 1u);
    synced = static_cast<std::uint64_t>(log->sizeBytes());
  }
  // A segment rolled in between: two files, one group.
  CHECK(append(*log, 1, 20).ok());
  CHECK(log->roll().ok());
  CHECK(append(*log, 1, 20).ok());
  log->markDirty();
  FlushGroup group;
  CHECK(Flusher::syncNow(*log->flushWork(), &group).ok());
  CHECK_EQ(group.syncUs.size(), 2u);
  CHECK_EQ(group.bytes, static_cast<std::uint64_t>(log->sizeBytes()) - synced);
}

TEST(a_failed_sync_is_reported_once_and_nothing_after_it_is_acknowledged) {
  harness::TemporaryDirectory directory;
  FaultyFileSystem fs;
  auto log = openLog(fs, directory.path());
  CHECK(log != nullptr);
  std::mutex mutex;
  std::condition_variable woken;
  int notified = 0;
  Flusher flusher([&] {
    const std::lock_guard lock(mutex);
    ++notified;
    woken.notify_one();
  });
  CHECK(append(*log, 1, 20).ok());
  fs.failAt = fs.calls.load();
  for (int round = 1; round <= 2; ++round) {
    log->markDirty();
    flusher.request(log->flushWork());
    std::unique_lock lock(mutex);
    woken.wait(lock, [&] { return notified >= round; });
  }
  Error error;
  CHECK(flusher.takeFailure(error));
  CHECK(error.operation == "fdatasync" && error.code == EIO);
  CHECK(!flusher.takeFailure(error));
  CHECK(flusher.drain().empty());
}

TEST(a_log_that_is_deleted_under_a_sync_is_no_failure_of_the_directory) {
  for (const bool isDeletion : {true, false}) {
    harness::TemporaryDirectory directory;
    InterruptedFileSystem fs;
    auto log = openLog(fs, directory.path());
    CHECK(log != nullptr);
    CHECK(append(*log, 1, 100).ok());
    log->markDirty();
    const std::string from = directory.path() + "/t-0";
    fs.before = [&] {
      if (isDeletion) CHECK(log->close(false).ok());
      CHECK(::rename(from.c_str(), (from + ".1-delete").c_str()) == 0);
    };
    const auto synced = Flusher::syncNow(*log->flushWork());
    // Somebody else's rename is a failure as before.
    CHECK(synced.ok() == isDeletion);
  }
}

TEST(the_lock_conflicts_within_the_process) {
  harness::TemporaryDirectory directory;
  auto first = DirectoryLock::take(posixFileSystem(), directory.path());
  CHECK(first.ok());
  auto second = DirectoryLock::take(posixFileSystem(), directory.path());
  CHECK(!second.ok() && second.error().kind == Error::Kind::kLocked);
}
