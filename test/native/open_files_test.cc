#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "../../native/log/log.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "make_batch.h"
#include "make_records.h"

// Logs that share fewer descriptors than they have segments.

using namespace millrace;

namespace {

/// Gives out at most `most` descriptors of segment files and directories at a time, as a process limit does.
class LimitedFileSystem : public QuickFileSystem {
 public:
  std::atomic<int> refusals = 0;
  std::atomic<bool> refuses = false;
  std::atomic<bool> refusesDirectories = false;

  int open(const char* path, int flags, mode_t mode) override {
    if (!refuses) return QuickFileSystem::open(path, flags, mode);
    ++refusals;
    errno = EMFILE;
    return -1;
  }
  int syncDirectory(const char* path) override {
    if (!refusesDirectories) return QuickFileSystem::syncDirectory(path);
    ++refusals;
    errno = EMFILE;
    return -1;
  }
};

struct Logs {
  explicit Logs(FileSystem& fs, std::size_t count, std::size_t most, LogOptions options = {}) : files(std::make_shared<OpenFiles>(most)) {
    for (std::size_t i = 0; i < count; ++i) {
      logs.push_back(open(fs, i, options));
    }
  }
  std::unique_ptr<Log> open(FileSystem& fs, std::size_t i, LogOptions options) {
    RecoveryReport report;
    auto log = Log::open(fs, directory.path() + "/t-" + std::to_string(i), static_cast<std::uint32_t>(i), options, report);
    if (!log.ok()) std::abort();
    Log* const raw = log.value().get();
    raw->shareDescriptors(files, [this, raw] {
      ++syncsWanted;
      if (syncAtOnce) (void)Flusher::syncNow(*raw->flushWork());
    });
    return std::move(log.value());
  }
  void sync(std::size_t i) {
    logs[i]->markDirty();
    auto synced = Flusher::syncNow(*logs[i]->flushWork());
    if (!synced.ok()) std::abort();
    logs[i]->flushed(synced.value());
  }
  [[nodiscard]] std::size_t openCount() const { return files->statistics().open; }

  harness::TemporaryDirectory directory;
  std::shared_ptr<OpenFiles> files;
  std::vector<std::unique_ptr<Log>> logs;
  int syncsWanted = 0;
  bool syncAtOnce = true;
};

Status append(Log& log, std::size_t payload, std::uint8_t fill, std::int64_t timestampMs = 1000) {
  auto bytes = makeBatch(1, payload, timestampMs, fill);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false);
}

/// The first byte behind the header of the batch at `offset`; -1 when it cannot be read.
int fillAt(Log& log, std::int64_t offset) {
  auto read = log.read(offset, 1, INT64_MAX, true);
  if (!read.ok() || !read.value().has_value()) return -1;
  const FileRegion& region = read.value()->region;
  std::uint8_t byte = 0;
  if (::pread(region.file->get(), &byte, 1, static_cast<off_t>(region.position + batch::kHeaderBytes)) != 1) return -1;
  return byte;
}

}  // namespace

TEST(reads_and_appends_are_right_with_fewer_descriptors_than_logs) {
  for (unsigned long long seed = 1; seed <= 20; ++seed) {
    harness::Random random(seed);
    QuickFileSystem fs;
    LogOptions options;
    options.segmentBytes = 700;
    constexpr std::size_t kLogs = 24;
    constexpr std::size_t kMost = 5;
    Logs logs(fs, kLogs, kMost, options);
    std::vector<std::map<std::int64_t, std::uint8_t>> model(kLogs);
    for (int step = 0; step < 1500; ++step) {
      const std::size_t i = random.below(kLogs);
      Log& log = *logs.logs[i];
      switch (random.below(12)) {
        case 0:
          if (log.logEndOffset() > log.logStartOffset()) {
            const std::int64_t to = log.logStartOffset() + static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(log.logEndOffset() - log.logStartOffset()) + 1));
            CHECK(log.truncateTo(to).ok());
            model[i].erase(model[i].lower_bound(to), model[i].end());
          }
          break;
        case 1: {
          auto dropped = log.dropBelow(log.active().baseOffset() - static_cast<std::int64_t>(random.below(8)));
          CHECK(dropped.ok());
          for (const std::string& path : dropped.value()) CHECK_EQ(::unlink(path.c_str()), 0);
          model[i].erase(model[i].begin(), model[i].lower_bound(log.logStartOffset()));
          break;
        }
        case 2:
        case 3:
        case 4:
          logs.sync(i);
          break;
        case 5:
        case 6:
        case 7: {
          const auto fill = static_cast<std::uint8_t>(random.below(256));
          const std::int64_t offset = log.logEndOffset();
          CHECK(append(log, 20 + random.below(300), fill).ok());
          model[i][offset] = fill;
          break;
        }
        default:
          if (!model[i].empty()) {
            auto at = model[i].begin();
            std::advance(at, static_cast<std::ptrdiff_t>(random.below(model[i].size())));
            if (fillAt(log, at->first) != at->second) std::printf("    seed %llu step %d\n", seed, step);
            CHECK_EQ(fillAt(log, at->first), at->second);
          }
      }
      // Every log asks for a sync at once here, so nothing but the file in hand stands in the way of the bound.
      CHECK(logs.openCount() <= kMost + 1);
    }
    CHECK(logs.files->statistics().closed > 100);
    for (std::size_t i = 0; i < kLogs; ++i) {
      CHECK(logs.logs[i]->close(true).ok());
      options.cleanShutdown = true;
      logs.logs[i] = logs.open(fs, i, options);
      for (const auto& [offset, fill] : model[i]) CHECK_EQ(fillAt(*logs.logs[i], offset), fill);
    }
    CHECK(logs.openCount() <= kMost + 1);
  }
}

TEST(a_file_with_unsynced_bytes_is_synced_before_it_is_closed) {
  QuickFileSystem fs;
  Logs logs(fs, 6, 3);
  logs.syncAtOnce = false;
  for (auto& log : logs.logs) CHECK(append(*log, 50, 1).ok());
  // None may be closed: their logs were asked to sync, and until then the bound does not hold.
  CHECK_EQ(logs.openCount(), 6u);
  CHECK(logs.syncsWanted > 0);
  for (std::size_t i = 0; i < 6; ++i) logs.sync(i);
  CHECK_EQ(logs.files->shed(100), 6u);
  CHECK_EQ(logs.openCount(), 0u);
  for (auto& log : logs.logs) CHECK_EQ(fillAt(*log, 0), 1);
  CHECK(logs.openCount() <= 3u);
}

TEST(a_region_keeps_its_file_open_and_is_cut_when_it_is_truncated) {
  QuickFileSystem fs;
  Logs logs(fs, 4, 2);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(append(*logs.logs[i], 50, 1).ok());
    CHECK(append(*logs.logs[i], 50, 2).ok());
    logs.sync(i);
  }
  auto read = logs.logs[0]->read(0, INT64_MAX, INT64_MAX, true);
  CHECK(read.ok() && read.value().has_value());
  FileRegion region = std::move(read.value()->region);
  for (int round = 0; round < 10; ++round)
    for (std::size_t i = 1; i < 4; ++i) CHECK_EQ(fillAt(*logs.logs[i], 1), 2);
  CHECK_EQ(logs.files->shed(100), logs.openCount() == 1 ? 1u : 2u);
  // The region's own is the one that is left.
  CHECK_EQ(logs.openCount(), 1u);
  std::uint8_t byte = 0;
  CHECK_EQ(::pread(region.file->get(), &byte, 1, static_cast<off_t>(batch::kHeaderBytes)), 1);
  CHECK_EQ(byte, 1);
  CHECK(region.whole());
  CHECK(logs.logs[0]->truncateTo(1).ok());
  CHECK(!region.whole());
  region = FileRegion{};
  logs.sync(0);
  CHECK_EQ(logs.files->shed(100), 1u);
}

TEST(without_a_descriptor_a_call_fails_and_the_next_one_succeeds) {
  LimitedFileSystem fs;
  LogOptions options;
  options.segmentBytes = 300;
  Logs logs(fs, 3, 100, options);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(append(*logs.logs[i], 100, 9).ok());
    logs.sync(i);
  }
  CHECK_EQ(logs.files->shed(2), 2u);
  fs.refuses = true;
  int failed = 0;
  for (auto& log : logs.logs) {
    auto read = log->read(0, INT64_MAX, INT64_MAX, true);
    if (read.ok()) continue;
    ++failed;
    CHECK(read.error().kind == Error::Kind::kNoDescriptors);
    auto status = append(*log, 100, 9);
    CHECK(!status.ok() && status.error().kind == Error::Kind::kNoDescriptors);
    CHECK_EQ(log->logEndOffset(), 1);
  }
  CHECK(failed >= 1);
  // A roll needs new descriptors, too; the log goes on with the segment that it has.
  fs.refuses = false;
  for (auto& log : logs.logs) CHECK(append(*log, 10, 9).ok());
  fs.refuses = true;
  for (auto& log : logs.logs) {
    auto status = append(*log, 290, 9);
    CHECK(!status.ok() && status.error().kind == Error::Kind::kNoDescriptors);
  }
  fs.refuses = false;
  for (auto& log : logs.logs) {
    CHECK(append(*log, 290, 9).ok());
    CHECK_EQ(log->logEndOffset(), 3);
    CHECK_EQ(log->sealed().size(), 1u);
  }
}

TEST(a_flush_waits_for_a_descriptor_and_is_no_failure) {
  LimitedFileSystem fs;
  Logs logs(fs, 1, 100);
  std::mutex mutex;
  std::condition_variable told;
  int notices = 0;
  Flusher flusher([&] {
    const std::lock_guard lock(mutex);
    ++notices;
    told.notify_one();
  });
  fs.refusesDirectories = true;
  CHECK(append(*logs.logs[0], 50, 1).ok());
  logs.logs[0]->markDirty();
  flusher.request(logs.logs[0]->flushWork());
  {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return notices >= 2; });
  }
  CHECK(flusher.takeShortOfDescriptors());
  CHECK(flusher.drain().empty());
  Error failure;
  CHECK(!flusher.takeFailure(failure));
  fs.refusesDirectories = false;
  std::vector<FlushResult> results;
  while (results.empty()) {
    results = flusher.drain();
    std::this_thread::yield();
  }
  CHECK_EQ(results.front().flushedOffset, 1);
  CHECK(!flusher.takeFailure(failure));
}

TEST(a_segment_that_something_else_replaced_is_not_read) {
  QuickFileSystem fs;
  Logs logs(fs, 1, 100);
  CHECK(append(*logs.logs[0], 50, 1).ok());
  logs.sync(0);
  CHECK_EQ(logs.files->shed(1), 1u);
  const std::string path = logs.logs[0]->active().file()->path();
  const std::string command = "cp " + path + " " + path + ".copy && mv " + path + ".copy " + path;
  CHECK_EQ(std::system(command.c_str()), 0);
  auto read = logs.logs[0]->read(0, INT64_MAX, INT64_MAX, true);
  CHECK(!read.ok() && read.error().kind == Error::Kind::kIo);
}

TEST(a_flusher_and_rounds_of_cleaning_work_while_the_loop_closes_files) {
  QuickFileSystem fs;
  LogOptions options;
  options.segmentBytes = 2000;
  Logs logs(fs, 8, 3, options);
  Flusher flusher([] {});
  const auto flush = [&] {
    for (const FlushResult& result : flusher.drain()) logs.logs[result.logId]->flushed(result.flushedOffset);
  };
  harness::Random random(3);
  const auto appendSome = [&](Log& log) {
    TestBatch batch;
    batch.baseOffset = log.logEndOffset();
    batch.lastOffsetDelta = 4;
    for (int r = 0; r < 5; ++r) batch.records.push_back({batch.baseOffset + r, "k" + std::to_string(random.below(20)), std::string(40, 'v'), 1000});
    const auto bytes = encodeBatch(batch);
    if (!log.append(bytes.data(), BatchHeader::load(bytes.data()), false).ok()) std::abort();
    log.markDirty();
    flusher.request(log.flushWork());
  };
  for (int round = 0; round < 60; ++round) {
    for (auto& log : logs.logs) appendSome(*log);
    Log& cleaned = *logs.logs[random.below(8)];
    cleaned.markDirty();
    CleaningOptions cleaning;
    cleaning.endOffset = cleaned.active().baseOffset();
    cleaning.segmentBytes = options.segmentBytes;
    cleaning.mapBytes = 1 << 16;
    auto job = cleaned.beginCleaning(cleaning);
    CHECK(job.ok());
    if (job.value() == nullptr) continue;
    auto state = Log::Cleaning::kGoesOn;
    const std::int64_t keep = cleaned.logEndOffset();
    while (state == Log::Cleaning::kGoesOn) {
      std::atomic<bool> done = false;
      Status status = Done{};
      std::thread worker([&] {
        status = job.value()->run(3000);
        done = true;
      });
      while (!done) {
        Log& log = *logs.logs[random.below(8)];
        (void)fillAt(log, log.logEndOffset() - 1);
        (void)logs.files->shed(random.below(4));
        if (random.below(40) == 0) {
          auto dropped = cleaned.dropBelow(cleaned.logStartOffset() + 30);
          if (!dropped.ok()) std::abort();
        }
        flush();
      }
      worker.join();
      CHECK(status.ok());
      state = cleaned.continueCleaning(*job.value());
    }
    if (state == Log::Cleaning::kCancelled) job.value()->abandon();
    CHECK_EQ(cleaned.logEndOffset(), keep);
    auto headers = cleaned.scan(cleaned.logStartOffset(), 100'000);
    CHECK(headers.ok() && !headers.value().empty());
    CHECK_EQ(headers.value().back().lastOffset() + 1, keep);
  }
}
