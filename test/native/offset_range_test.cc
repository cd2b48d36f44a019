#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "../../native/base/bytes.h"
#include "../../native/io/directory_lock.h"
#include "../../native/io/file.h"
#include "../../native/log/log.h"
#include "harness.h"
#include "make_batch.h"
#include "memory_disk.h"

// Offsets that lie far apart: those in an index are int32, relative to the segment's first one. And calls of a directory that fail.

using namespace millrace;

namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 31;
constexpr const char* kLog = "/d/t-0";

std::unique_ptr<Log> openLog(FileSystem& fs, bool cleanShutdown = false) {
  LogOptions options;
  options.indexIntervalBytes = 0;  // an entry for each batch but the first
  options.cleanShutdown = cleanShutdown;
  RecoveryReport report;
  auto log = Log::open(fs, kLog, 1, options, report);
  return log.ok() ? std::move(log.value()) : nullptr;
}

Status append(Log& log, std::int64_t baseOffset, std::int32_t count) {
  auto bytes = makeBatch(count, 50, 1000);
  storeBe<std::int64_t>(bytes.data(), baseOffset);
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false);
}

std::vector<std::int64_t> bases(const Log& log) {
  std::vector<std::int64_t> found;
  for (const SealedSegment& view : log.sealed()) found.push_back(view.baseOffset());
  found.push_back(log.active().baseOffset());
  return found;
}

/// The offsets in the stored index of a segment.
std::vector<std::int64_t> indexed(FileSystem& fs, std::int64_t baseOffset) {
  std::vector<std::int64_t> offsets;
  auto bytes = readWholeFile(fs, std::string(kLog) + "/" + offsetFileName(baseOffset) + ".index");
  for (std::size_t at = 0; bytes.ok() && at + 8 <= bytes.value().size(); at += 8) offsets.push_back(baseOffset + loadBe<std::int32_t>(bytes.value().data() + at));
  return offsets;
}

bool has(Log& log, std::int64_t offset, std::int64_t lastOffset) {
  auto read = log.read(offset, 1, INT64_MAX, true);
  return read.ok() && read.value().has_value() && read.value()->nextOffset == lastOffset + 1;
}

}  // namespace

TEST(a_segment_ends_where_offsets_do_not_fit_its_index) {
  MemoryDisk disk;
  CHECK_EQ(disk.mkdir("/d", 0755), 0);
  auto log = openLog(disk);
  CHECK(log != nullptr);
  CHECK(append(*log, 0, 1).ok());
  CHECK(append(*log, INT32_MAX, 1).ok());  // the last that fits
  CHECK_EQ(log->sealed().size(), 0u);
  CHECK(append(*log, kFar, 1).ok());
  CHECK(bases(*log) == std::vector<std::int64_t>({0, kFar}));
  // Its first offset would fit, its last one not.
  CHECK(append(*log, kFar + INT32_MAX - 1, 3).ok());
  CHECK(bases(*log) == std::vector<std::int64_t>({0, kFar, kFar + INT32_MAX - 1}));
  // Behind a gap larger than that the next segment cannot begin where the one before ended.
  const std::int64_t behind = 10 * kFar;
  CHECK(append(*log, behind, 2).ok());
  CHECK(append(*log, behind + 7, 2).ok());
  const std::vector<std::int64_t> expected{0, kFar, kFar + INT32_MAX - 1, behind};
  CHECK(bases(*log) == expected);
  CHECK(indexed(disk, 0) == std::vector<std::int64_t>({INT32_MAX}));
  for (int round = 0; round < 3; ++round) {
    CHECK(has(*log, 0, 0) && has(*log, 1, INT32_MAX) && has(*log, INT32_MAX, INT32_MAX) && has(*log, kFar, kFar));
    CHECK(has(*log, kFar + 1, kFar + INT32_MAX + 1) && has(*log, kFar + INT32_MAX + 2, behind + 1) && has(*log, behind + 2, behind + 8));
    CHECK_EQ(log->logEndOffset(), behind + 9);
    CHECK(log->close(true).ok());
    CHECK(indexed(disk, behind) == std::vector<std::int64_t>({behind + 8}));
    log = openLog(disk, round == 0);
    CHECK(log != nullptr && bases(*log) == expected);
  }
}

TEST(an_empty_log_begins_where_its_first_batch_does_when_that_is_far_away) {
  MemoryDisk disk;
  CHECK_EQ(disk.mkdir("/d", 0755), 0);
  auto log = openLog(disk);
  CHECK(log != nullptr);
  CHECK(append(*log, INT32_MAX, 1).ok());  // not far enough
  CHECK(bases(*log) == std::vector<std::int64_t>({0}));
  CHECK(log->truncateFullyAndStartAt(5).ok());
  CHECK(append(*log, 5 + kFar, 2).ok());
  CHECK(bases(*log) == std::vector<std::int64_t>({5 + kFar}));
  std::vector<std::string> names;
  CHECK_EQ(disk.list(kLog, names), 0);
  CHECK(std::find(names.begin(), names.end(), offsetFileName(5) + ".log") == names.end());
  CHECK(append(*log, 7 + kFar, 2).ok());
  CHECK(log->close(true).ok());
  log = openLog(disk);
  CHECK(log != nullptr && has(*log, 6 + kFar, 6 + kFar) && has(*log, 7 + kFar, 8 + kFar));
  CHECK_EQ(log->logStartOffset(), 5 + kFar);
}

TEST(a_far_batch_that_fails_at_any_call_leaves_a_log_that_takes_it_later) {
  int failed = 0;
  for (const bool empty : {false, true}) {
    for (const int code : {EIO, ENOSPC, EMFILE}) {
      for (long at = 0;; ++at) {
        MemoryDisk disk;
        CHECK_EQ(disk.mkdir("/d", 0755), 0);
        auto log = openLog(disk);
        CHECK(log != nullptr);
        if (!empty) CHECK(append(*log, 0, 1).ok());
        disk.fault = {MemoryDisk::Fault::Kind::kError, code, disk.calls + at, false};
        const bool ok = append(*log, kFar, 2).ok();
        const bool struck = disk.struck != nullptr;
        disk.fault = {};
        if (!ok) {
          ++failed;
          // After EIO the broker gives the directory up; what is there is opened again in either case.
          if (code == EIO) log = openLog(disk);
          CHECK(log != nullptr);
          CHECK(append(*log, log->logEndOffset() <= kFar ? kFar : log->logEndOffset(), 2).ok());
        }
        CHECK(log->close(true).ok());
        log = openLog(disk);
        CHECK(log != nullptr && has(*log, kFar, kFar + 1));
        if (!empty) CHECK(has(*log, 0, 0));
        if (!struck) break;
      }
    }
  }
  CHECK(failed > 20);
}

TEST(a_directory_whose_lock_cannot_be_taken_says_why) {
  using Kind = Error::Kind;
  const struct {
    int code;
    Kind kind;
  } ways[] = {{EIO, Kind::kIo}, {ENOSPC, Kind::kNoSpace}, {EMFILE, Kind::kNoDescriptors}, {ENOLCK, Kind::kIo}, {EAGAIN, Kind::kLocked}, {EACCES, Kind::kLocked}};
  for (const auto& [code, kind] : ways) {
    std::set<std::string> struck;
    for (long at = 0; at < 2; ++at) {
      MemoryDisk disk;
      CHECK_EQ(disk.mkdir("/d", 0755), 0);
      disk.fault = {MemoryDisk::Fault::Kind::kError, code, disk.calls + at, false};
      auto lock = DirectoryLock::take(disk, "/d");
      CHECK(!lock.ok() && disk.struck != nullptr);
      struck.insert(disk.struck);
      // Only whoever holds the lock makes it one that is taken.
      const bool taken = kind == Kind::kLocked && std::string(disk.struck) != "lock";
      CHECK_EQ(static_cast<int>(lock.error().kind), static_cast<int>(taken ? Kind::kIo : kind));
      CHECK(lock.error().path == "/d/.lock");
      disk.fault = {};
      CHECK(DirectoryLock::take(disk, "/d").ok());
    }
    CHECK_EQ(struck.size(), 2u);
  }
}
