#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../native/io/copy_file.h"
#include "../../native/io/file.h"
#include "../../native/log/log.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "make_batch.h"

using namespace millrace;

namespace {

/// Does something just before a directory is synced.
class RenamingFileSystem : public FileSystem {
 public:
  std::function<void()> before;

  int syncDirectory(const char* path) override {
    if (before != nullptr) std::exchange(before, nullptr)();
    return FileSystem::syncDirectory(path);
  }
};

/// Keeps what was opened only to be read, and does something at the first file that is opened.
class OpeningFileSystem : public QuickFileSystem {
 public:
  std::function<void()> before;
  std::vector<std::string> opened;

  int open(const char* path, int flags, mode_t mode) override {
    if (before != nullptr) std::exchange(before, nullptr)();
    const int fd = QuickFileSystem::open(path, flags, mode);
    if (fd >= 0 && flags == O_RDONLY) opened.emplace_back(path);
    return fd;
  }
};

std::unique_ptr<Log> openLog(FileSystem& fs, const std::string& path, LogOptions options = {}) {
  RecoveryReport report;
  auto log = Log::open(fs, path, 1, options, report);
  return log.ok() ? std::move(log.value()) : nullptr;
}

Status append(Log& log, std::int32_t count) {
  auto bytes = makeBatch(count, 50, 1000);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false);
}

std::vector<std::uint8_t> numbered(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + (i >> 10));
  return bytes;
}

}  // namespace

TEST(a_file_is_copied_in_pieces) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  const auto bytes = numbered(1'300'000);
  const std::string from = directory.path() + "/from";
  const std::string to = directory.path() + "/to";
  CHECK(writeWholeFile(fs, from, bytes.data(), bytes.size(), false).ok());
  auto first = copyFileRange(fs, from, to, 0, 700'001);
  CHECK(first.ok());
  CHECK_EQ(first.value(), 700'001);
  auto rest = copyFileRange(fs, from, to, 700'001, -1);
  CHECK(rest.ok());
  CHECK_EQ(rest.value(), 599'999);
  auto copied = readWholeFile(fs, to);
  CHECK(copied.ok() && copied.value() == bytes);
  // More than there is: the source is not what the caller took it for.
  auto tooMuch = copyFileRange(fs, from, to, 1'000'000, 400'000);
  CHECK(!tooMuch.ok() && tooMuch.error().kind == Error::Kind::kCorrupt && tooMuch.error().path == from);
}

TEST(a_copy_tells_which_file_failed) {
  harness::TemporaryDirectory directory;
  FaultyFileSystem fs;
  const auto bytes = numbered(1'300'000);
  const std::string from = directory.path() + "/from";
  const std::string to = directory.path() + "/to";
  CHECK(writeWholeFile(fs, from, bytes.data(), bytes.size(), false).ok());
  for (const int code : {EIO, ENOSPC}) {
    int failed = 0;
    for (int failAt = 0; failAt < 8; ++failAt) {
      fs.calls = 0;
      fs.failAt = failAt;
      fs.error = code;
      auto copied = copyFileRange(fs, from, to, 0, -1);
      fs.failAt = -1;
      if (copied.ok()) continue;
      ++failed;
      CHECK_EQ(copied.error().path == to, true);
      CHECK_EQ(static_cast<int>(copied.error().kind), static_cast<int>(code == ENOSPC ? Error::Kind::kNoSpace : Error::Kind::kIo));
    }
    CHECK_EQ(failed, 3);  // one write for each piece
  }
  auto missing = copyFileRange(fs, directory.path() + "/nothing", to, 0, -1);
  CHECK(!missing.ok() && missing.error().code == ENOENT);
}

TEST(a_log_goes_on_under_another_name) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  LogOptions options;
  options.segmentBytes = 600;
  const std::string after = directory.path() + "/t-0";
  auto log = openLog(fs, directory.path() + "/t-0.abc-future", options);
  CHECK(log != nullptr);
  for (int i = 0; i < 10; ++i) CHECK(append(*log, 2).ok());
  CHECK(log->moveTo(after).ok());
  CHECK(log->directory() == after);
  for (int i = 0; i < 10; ++i) CHECK(append(*log, 2).ok());  // rolls in the new place
  CHECK_EQ(log->logEndOffset(), 40);
  auto dropped = log->dropBelow(20);
  CHECK(dropped.ok() && !dropped.value().empty());
  for (const std::string& path : dropped.value()) CHECK(path.starts_with(after));
  CHECK(log->close(true).ok());
  options.recoveryPoint = 0;
  auto again = openLog(fs, after, options);
  CHECK(again != nullptr);
  CHECK_EQ(again->logEndOffset(), 40);
  CHECK_EQ(again->logStartOffset(), 20);
  CHECK_EQ(again->sealed().size(), 1);  // five batches in each
}

TEST(a_log_that_cannot_be_renamed_stays_where_it_is) {
  harness::TemporaryDirectory directory;
  FaultyFileSystem fs;
  auto log = openLog(fs, directory.path() + "/t-0.abc-future");
  CHECK(log != nullptr);
  CHECK(append(*log, 2).ok());
  fs.failAt = fs.calls.load();
  CHECK(!log->moveTo(directory.path() + "/t-0").ok());
  fs.failAt = -1;
  CHECK(append(*log, 2).ok());
  CHECK(log->close(true).ok());
  auto again = openLog(fs, directory.path() + "/t-0.abc-future");
  CHECK(again != nullptr);
  CHECK_EQ(again->logEndOffset(), 4);
}

TEST(a_directory_that_is_renamed_under_its_sync_is_synced_by_its_new_name) {
  harness::TemporaryDirectory directory;
  RenamingFileSystem fs;
  auto log = openLog(fs, directory.path() + "/t-0.abc-future");
  CHECK(log != nullptr);
  CHECK(append(*log, 2).ok());
  log->markDirty();
  bool moved = false;
  fs.before = [&] { moved = log->moveTo(directory.path() + "/t-0").ok(); };
  auto synced = Flusher::syncNow(*log->flushWork());
  CHECK(moved);
  CHECK(synced.ok());
  CHECK_EQ(synced.value(), 2);
}

TEST(an_index_that_was_renamed_before_its_sync_is_synced_by_its_new_name) {
  harness::TemporaryDirectory directory;
  OpeningFileSystem fs;
  LogOptions options;
  options.segmentBytes = 600;
  const std::string after = directory.path() + "/t-0";
  auto log = openLog(fs, directory.path() + "/t-0.abc-future", options);
  CHECK(log != nullptr);
  for (int i = 0; i < 10; ++i) CHECK(append(*log, 2).ok());
  CHECK(!log->sealed().empty());
  log->markDirty();
  CHECK(log->moveTo(after).ok());
  fs.opened.clear();
  CHECK(Flusher::syncNow(*log->flushWork()).ok());
  const std::string index = log->sealed().front().stem() + ".index";
  CHECK(index.starts_with(after));
  CHECK(std::find(fs.opened.begin(), fs.opened.end(), index) != fs.opened.end());
}

TEST(files_without_a_descriptor_are_found_under_the_new_name) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  LogOptions options;
  options.segmentBytes = 600;
  const std::string names[] = {directory.path() + "/t-0.abc-future", directory.path() + "/t-0", directory.path() + "/other"};
  const std::string& after = names[1];
  auto log = openLog(fs, names[0], options);
  // Another log takes the old name each time, with files of the same names.
  auto other = openLog(fs, names[2], options);
  CHECK(log != nullptr && other != nullptr);
  const auto files = std::make_shared<OpenFiles>(64);
  for (Log* const each : {log.get(), other.get()}) each->shareDescriptors(files, [] {});
  for (int i = 0; i < 20; ++i) CHECK(append(*log, 2).ok() && append(*other, 1).ok());
  for (Log* const each : {log.get(), other.get()}) {
    each->markDirty();
    CHECK(Flusher::syncNow(*each->flushWork()).ok());
  }
  for (std::size_t round = 0; round < 4; ++round) {
    (void)files->shed(SIZE_MAX);
    CHECK_EQ(files->statistics().open, 0);
    CHECK(log->moveTo(names[(round + 1) % 3]).ok());
    CHECK(other->moveTo(names[round % 3]).ok());
    const std::int64_t end = log->logEndOffset();
    for (std::int64_t offset = 0; offset < end; ++offset) {
      auto read = log->read(offset, 1, INT64_MAX, true);
      CHECK(read.ok() && read.value().has_value());
      CHECK_EQ(read.value()->nextOffset, offset / 2 * 2 + 2);
    }
    auto found = log->findByTimestamp(0, INT64_MAX);
    CHECK(found.ok() && found.value().has_value());
    (void)files->shed(SIZE_MAX);
    for (int i = 0; i < 10; ++i) CHECK(append(*log, 2).ok());  // the active segment is opened again, and rolls
    log->markDirty();
    auto synced = Flusher::syncNow(*log->flushWork());
    CHECK(synced.ok());
    CHECK_EQ(synced.value(), end + 20);
    log->flushed(synced.value());
  }
  CHECK(log->truncateTo(21).ok());
  CHECK(append(*log, 2).ok());
  auto dropped = log->dropBelow(11);
  CHECK(dropped.ok() && !dropped.value().empty());
  for (const std::string& path : dropped.value()) CHECK(path.starts_with(after + "/"));
  CHECK(log->close(true).ok());
  auto again = openLog(fs, after, options);
  CHECK(again != nullptr);
  CHECK_EQ(again->logEndOffset(), 22);
}

TEST(logs_change_names_while_other_threads_open_and_sync_their_files) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  LogOptions options;
  options.segmentBytes = 600;
  const std::string names[] = {directory.path() + "/a", directory.path() + "/b"};
  for (const std::string& name : names) {
    auto log = openLog(fs, name, options);
    CHECK(log != nullptr);
    for (int i = 0; i < 20; ++i) CHECK(append(*log, 2).ok());
    CHECK(log->close(true).ok());
  }
  const auto files = std::make_shared<OpenFiles>(2);
  std::vector<std::unique_ptr<Log>> logs;
  options.cleanShutdown = true;
  for (const std::string& name : names) {
    logs.push_back(openLog(fs, name, options));
    CHECK(logs.back() != nullptr);
    logs.back()->shareDescriptors(files, [] {});
  }
  std::vector<std::shared_ptr<File>> sealed;
  for (const auto& log : logs)
    for (const SealedSegment& view : log->sealed()) sealed.push_back(view.file());
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  // Files nobody has open: each sync opens and closes them by their names.
  std::thread syncs([&] {
    while (!stop)
      for (const auto& file : sealed)
        if (!file->sync().ok()) ++failed;
  });
  Flusher flusher([] {});
  const std::string aside = directory.path() + "/aside";
  for (int round = 0; round < 300; ++round) {
    Log& first = *logs[static_cast<std::size_t>(round % 2)];
    Log& second = *logs[static_cast<std::size_t>(1 - round % 2)];
    const std::string here = first.directory();
    const std::string there = second.directory();
    for (Log* const log : {&first, &second}) {
      CHECK(append(*log, 1).ok());
      log->markDirty();
      flusher.request(log->flushWork());
    }
    CHECK(first.moveTo(aside).ok());
    CHECK(second.moveTo(here).ok());
    CHECK(first.moveTo(there).ok());
    auto read = first.read(0, 1, INT64_MAX, true);
    CHECK(read.ok() && read.value().has_value());
  }
  stop = true;
  syncs.join();
  CHECK_EQ(failed.load(), 0);
  Error failure;
  (void)flusher.drain();
  CHECK(!flusher.takeFailure(failure));
  for (const auto& log : logs) {
    log->markDirty();
    CHECK(Flusher::syncNow(*log->flushWork()).ok());
    CHECK(log->close(true).ok());
  }
}

TEST(a_deleted_log_is_not_missed_by_a_sync_that_had_begun) {
  harness::TemporaryDirectory directory;
  OpeningFileSystem fs;
  LogOptions options;
  options.segmentBytes = 600;
  const std::string name = directory.path() + "/t-0";
  auto log = openLog(fs, name, options);
  CHECK(log != nullptr);
  for (int i = 0; i < 20; ++i) CHECK(append(*log, 2).ok());
  CHECK(log->close(true).ok());
  log = openLog(fs, name, options);  // after a crash, perhaps: all of it is dirty, and none of it open
  auto next = openLog(fs, directory.path() + "/t-0.abc-future", options);
  CHECK(log != nullptr && next != nullptr && append(*next, 2).ok());
  bool renamed = false;
  // What the topic's deletion does on other threads, while the flusher is at its first file.
  fs.before = [&] {
    abandon(*log->flushWork());
    renamed = ::rename(name.c_str(), (name + ".def-delete").c_str()) == 0 && next->moveTo(name).ok();
  };
  auto synced = Flusher::syncNow(*log->flushWork());
  CHECK(renamed);
  CHECK(synced.ok());
}
