#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../../native/log/log.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "make_batch.h"

using namespace millrace;

namespace {

/// Waits, but not for ever: a test that would hang fails instead.
constexpr std::chrono::seconds kLong(20);

/// Keeps an account of every sync, and holds those that a test wants to find under way.
class WatchedFileSystem : public FileSystem {
 public:
  struct Sync {
    std::string path;  ///< of the file or directory
    std::thread::id thread;
    bool done;  ///< without error
  };
  /// Set while nothing is synced.
  std::string failPath;

  int fdatasync(int fd) override {
    char path[4096];
    const auto size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return sync(std::string(path, static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
  }
  int syncDirectory(const char* path) override { return sync(path); }

  /// From now on syncs wait until so many more have begun, and one that fails until `failAfter` have. With 0 none waits.
  void hold(std::size_t count, std::size_t failAfter = 0) {
    const std::lock_guard lock(mutex_);
    held_ = syncs_.size() + count;
    failAfter_ = syncs_.size() + failAfter;
    changed_.notify_all();
  }
  /// Those that have begun go on.
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = syncs_.size();
    changed_.notify_all();
  }
  bool waitUntilBegun(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong, [&] { return syncs_.size() >= count; });
  }
  std::vector<Sync> syncs() {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }
  std::size_t mostAtOnce() {
    const std::lock_guard lock(mutex_);
    return mostAtOnce_;
  }

 private:
  int sync(const std::string& path) {
    const bool fails = path == failPath;
    std::unique_lock lock(mutex_);
    const std::size_t number = syncs_.size();
    syncs_.push_back({path, std::this_thread::get_id(), false});
    mostAtOnce_ = std::max(mostAtOnce_, ++atOnce_);
    changed_.notify_all();
    const auto ready = [&] { return number < released_ || syncs_.size() >= (fails ? failAfter_ : held_); };
    if (!changed_.wait_for(lock, kLong, ready)) std::printf("    a sync waited in vain for others\n");
    --atOnce_;
    syncs_[number].done = !fails;
    errno = EIO;
    return fails ? -1 : 0;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Sync> syncs_;
  std::size_t held_ = 0;
  std::size_t failAfter_ = 0;
  std::size_t released_ = 0;
  std::size_t atOnce_ = 0;
  std::size_t mostAtOnce_ = 0;
};

/// What the loop would be.
class Listener {
 public:
  std::function<void()> wake() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ++woken_;
      changed_.notify_all();
    };
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, kLong, [&] { return woken_ > 0; });
    woken_ = 0;
    return came;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int woken_ = 0;
};

using Logs = std::vector<std::unique_ptr<Log>>;

/// With ids from 0; none if one could not be opened.
Logs openLogs(const std::string& directory, std::uint32_t count, FileSystem& fs) {
  Logs logs;
  for (std::uint32_t id = 0; id < count; ++id) {
    RecoveryReport report;
    auto log = Log::open(fs, directory + "/t-" + std::to_string(id), id, LogOptions{}, report);
    if (!log.ok()) return {};
    logs.push_back(std::move(log.value()));
  }
  return logs;
}

bool append(Log& log, std::size_t payload) {
  auto bytes = makeBatch(1, payload, 1000);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false).ok();
}

/// Two records with a roll between them: a sealed file with its indexes, the active one and the directory are dirty.
bool fill(Log& log) {
  return append(log, 20) && log.roll().ok() && append(log, 20);
}

void request(Flusher& flusher, Log& log) {
  log.markDirty();
  flusher.request(log.flushWork());
}

constexpr std::size_t kSyncs = 5;

/// What a sync of a log that was filled once has to sync, in this order.
std::vector<std::string> pathsOf(const Log& log) {
  const std::string first = log.directory() + "/00000000000000000000";
  return {first + ".log", log.directory() + "/00000000000000000001.log", first + ".index", first + ".timeindex", log.directory()};
}

/// Makes all logs dirty and lets them be one round, of which the first syncs wait until there are `hold` of them. Returns how many
/// syncs there were before it; 0 when something went wrong.
std::size_t beginRound(WatchedFileSystem& fs, Flusher& flusher, Log& other, const Logs& logs, std::size_t hold, std::size_t failAfter = 0) {
  for (const auto& log : logs)
    if (!fill(*log)) return 0;
  // Another round is under way until all have been asked for.
  if (!append(other, 20) || !Flusher::syncNow(*other.flushWork()).ok()) return 0;
  const std::size_t before = fs.syncs().size();
  fs.hold(2);
  request(flusher, other);
  if (!fs.waitUntilBegun(before + 1)) return 0;
  for (const auto& log : logs) request(flusher, *log);
  fs.hold(hold, failAfter);
  fs.release();
  return before + 1;
}

std::uint64_t recorded(const Distribution& distribution) { return std::accumulate(distribution.counts.begin(), distribution.counts.end(), std::uint64_t{0}); }

}  // namespace

TEST(helper_threads_call_each_number_once) {
  for (const std::size_t most : {1u, 2u, 8u}) {
    HelperThreads helpers(most);
    for (std::size_t count = 0; count < 100; ++count) {
      std::vector<std::atomic<int>> calls(count);
      helpers.forEach(count, [&](std::size_t index) { ++calls[index]; });
      CHECK(std::all_of(calls.begin(), calls.end(), [](const std::atomic<int>& one) { return one == 1; }));
    }
  }
}

TEST(flush_of_many_logs_syncs_each_file_once_and_reports_each_log) {
  harness::TemporaryDirectory directory;
  WatchedFileSystem fs;
  Logs logs = openLogs(directory.path(), 65, fs);
  CHECK_EQ(logs.size(), 65u);
  const std::unique_ptr<Log> other = std::move(logs.back());
  logs.pop_back();
  Listener listener;
  Flusher flusher(listener.wake());
  // The round's first syncs wait for one another: it fails unless there are as many threads as there may be.
  const std::size_t before = beginRound(fs, flusher, *other, logs, Flusher::kMostThreads);
  CHECK(before > 0);
  std::map<std::uint32_t, std::int64_t> reported;
  while (reported.size() < 65) {
    CHECK(listener.wait());
    for (const FlushResult& result : flusher.drain()) CHECK(reported.emplace(result.logId, result.flushedOffset).second);
  }
  CHECK_EQ(fs.mostAtOnce(), Flusher::kMostThreads);
  auto syncs = fs.syncs();
  syncs.erase(syncs.begin(), syncs.begin() + static_cast<std::ptrdiff_t>(before));
  CHECK_EQ(syncs.size(), kSyncs * logs.size());
  for (const auto& log : logs) {
    std::vector<std::string> paths;
    std::set<std::thread::id> threads;
    for (const auto& sync : syncs) {
      if (sync.path != log->directory() && !sync.path.starts_with(log->directory() + "/")) continue;
      paths.push_back(sync.path);
      threads.insert(sync.thread);
    }
    CHECK(paths == pathsOf(*log));
    CHECK_EQ(threads.size(), 1u);
    CHECK_EQ(reported[log->flushWork()->logId], log->logEndOffset());
  }
  const auto statistics = flusher.statistics();
  CHECK_EQ(statistics.requests, 65u);
  CHECK_EQ(statistics.flushes, 2 * 64u + 1);
  CHECK_EQ(recorded(statistics.syncUs), statistics.flushes);
  CHECK_EQ(recorded(statistics.groupRequests), 65u);
  CHECK_EQ(statistics.groupRequests.sum, 65u);
  auto bytes = static_cast<std::uint64_t>(other->sizeBytes());
  for (const auto& log : logs) bytes += static_cast<std::uint64_t>(log->sizeBytes());
  CHECK_EQ(statistics.groupBytes.sum, bytes);
}

TEST(flush_with_one_failing_sync_among_many_reports_nothing_that_is_not_synced) {
  for (const std::size_t failing : {0u, 1u, 2u}) {
    harness::TemporaryDirectory directory;
    WatchedFileSystem fs;
    Logs logs = openLogs(directory.path(), 65, fs);
    CHECK_EQ(logs.size(), 65u);
    const std::unique_ptr<Log> other = std::move(logs.back());
    logs.pop_back();
    fs.failPath = pathsOf(*logs[37])[failing];
    Listener listener;
    Flusher flusher(listener.wake());
    CHECK(beginRound(fs, flusher, *other, logs, 0) > 0);
    std::vector<FlushResult> results;
    Error error;
    for (bool failed = false; !failed; failed = flusher.takeFailure(error)) {
      CHECK(listener.wait());
      for (const FlushResult& result : flusher.drain()) results.push_back(result);
    }
    CHECK(error.code == EIO && error.path == fs.failPath);
    const auto syncs = fs.syncs();
    for (const FlushResult& result : results) {
      if (result.logId == 64) continue;
      for (const std::string& path : pathsOf(*logs[result.logId]))
        CHECK(std::any_of(syncs.begin(), syncs.end(), [&](const auto& sync) { return sync.path == path && sync.done; }));
    }
    CHECK(flusher.drain().empty());
  }
}

TEST(flush_reports_a_failure_at_once_and_syncs_and_reports_nothing_begun_after_it) {
  harness::TemporaryDirectory directory;
  WatchedFileSystem fs;
  Logs logs = openLogs(directory.path(), 65, fs);
  CHECK_EQ(logs.size(), 65u);
  const std::unique_ptr<Log> other = std::move(logs.back());
  logs.pop_back();
  fs.failPath = pathsOf(*logs[3])[0];
  Listener listener;
  Flusher flusher(listener.wake());
  // Every thread has a sync under way when one fails; the others are held until the failure is known.
  const std::size_t before = beginRound(fs, flusher, *other, logs, 1'000'000, Flusher::kMostThreads);
  CHECK(before > 0);
  Error error;
  for (bool failed = false; !failed; failed = flusher.takeFailure(error)) {
    CHECK(listener.wait());
    for (const FlushResult& result : flusher.drain()) CHECK_EQ(result.logId, 64u);
  }
  CHECK(error.path == fs.failPath);
  fs.hold(0);
  // Told again when the round is over, and for whoever asks later.
  CHECK(listener.wait());
  const std::size_t all = before + 1 + kSyncs * (Flusher::kMostThreads - 1);
  CHECK_EQ(fs.syncs().size(), all);
  for (int again = 0; again < 2; ++again) {
    request(flusher, *logs[static_cast<std::size_t>(again)]);
    CHECK(listener.wait());
  }
  CHECK_EQ(fs.syncs().size(), all);
  CHECK(flusher.drain().empty());
  CHECK(!flusher.takeFailure(error));
}

TEST(flush_that_fails_on_a_full_disk_is_as_final_as_any_other) {
  for (const int failing : {0, 1, 2, 3, 4}) {
    harness::TemporaryDirectory directory;
    FaultyFileSystem fs;
    fs.error = ENOSPC;
    const Logs logs = openLogs(directory.path(), 1, fs);
    CHECK_EQ(logs.size(), 1u);
    CHECK(fill(*logs[0]));
    logs[0]->markDirty();
    fs.failAt = fs.calls + failing;
    auto synced = Flusher::syncNow(*logs[0]->flushWork());
    CHECK(!synced.ok());
    CHECK(synced.error().kind == Error::Kind::kIo && synced.error().code == ENOSPC);
  }
}

TEST(flusher_that_ends_finishes_the_round_under_way) {
  harness::TemporaryDirectory directory;
  WatchedFileSystem fs;
  Logs logs = openLogs(directory.path(), 65, fs);
  CHECK_EQ(logs.size(), 65u);
  const std::unique_ptr<Log> other = std::move(logs.back());
  logs.pop_back();
  Listener listener;
  auto flusher = std::make_unique<Flusher>(listener.wake());
  const std::size_t before = beginRound(fs, *flusher, *other, logs, 1'000'000);
  CHECK(before > 0);
  CHECK(fs.waitUntilBegun(before + Flusher::kMostThreads));
  std::thread closing([&] { flusher.reset(); });
  fs.hold(0);
  closing.join();
  auto syncs = fs.syncs();
  CHECK_EQ(syncs.size(), before + kSyncs * logs.size());
  CHECK(std::all_of(syncs.begin(), syncs.end(), [](const auto& sync) { return sync.done; }));
}

TEST(flush_of_random_logs_round_after_round_reports_all_of_them) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  const Logs logs = openLogs(directory.path(), 40, fs);
  CHECK_EQ(logs.size(), 40u);
  harness::Random random(1);
  Listener listener;
  Flusher flusher(listener.wake());
  std::uint64_t requests = 0;
  for (int round = 0; round < 50; ++round) {
    for (auto left = random.below(200); left > 0; --left) {
      Log& log = *logs[random.below(logs.size())];
      CHECK(append(log, random.below(100)));
      if (random.below(10) == 0) CHECK(log.roll().ok());
      request(flusher, log);
      ++requests;
    }
    const auto behind = [](const std::unique_ptr<Log>& log) { return log->flushedOffset() < log->logEndOffset(); };
    while (std::any_of(logs.begin(), logs.end(), behind) || flusher.statistics().requests < requests) {
      CHECK(listener.wait());
      for (const FlushResult& result : flusher.drain()) logs[result.logId]->flushed(result.flushedOffset);
    }
  }
  const auto statistics = flusher.statistics();
  CHECK_EQ(statistics.requests, requests);
  // A request for what the sync before it has covered already finds nothing to do and makes no group.
  CHECK(statistics.groupRequests.sum <= requests);
  CHECK_EQ(recorded(statistics.syncUs), statistics.flushes);
  std::uint64_t bytes = 0;
  for (const auto& log : logs) bytes += static_cast<std::uint64_t>(log->sizeBytes());
  CHECK_EQ(statistics.groupBytes.sum, bytes);
}
