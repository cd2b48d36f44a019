#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../../native/log/index_file.h"
#include "../../native/log/log.h"
#include "../../native/log/side_files.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "make_batch.h"

// Index files looked up where they lie, and segments that are opened without being read.

using namespace millrace;

namespace {

/// Counts what is opened.
class CountingFileSystem : public QuickFileSystem {
 public:
  int opened = 0;
  int open(const char* path, int flags, mode_t mode) override {
    ++opened;
    return QuickFileSystem::open(path, flags, mode);
  }
};

std::unique_ptr<Log> openLog(FileSystem& fs, const std::string& directory, const LogOptions& options) {
  RecoveryReport report;
  auto log = Log::open(fs, directory + "/t-0", 1, options, report);
  return log.ok() ? std::move(log.value()) : nullptr;
}

bool append(Log& log, std::int32_t count, std::size_t payload, std::int64_t timestampMs) {
  auto bytes = makeBatch(count, payload, timestampMs);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false).ok();
}

/// Base offset of the batch; -1 when there is none, -2 when it cannot be told.
std::int64_t baseOf(const Result<std::optional<LocatedBatch>>& found) {
  if (!found.ok()) return -2;
  return found.value().has_value() ? found.value()->header.baseOffset : -1;
}

}  // namespace

TEST(an_index_file_answers_as_the_index_in_memory_does) {
  for (const int entries : {0, 1, 2, 255, 256, 257, 1000, 5000}) {
    harness::TemporaryDirectory directory;
    harness::Random random(static_cast<unsigned long long>(entries) + 1);
    SegmentIndex index;
    std::int32_t offset = 0;
    std::int32_t position = 0;
    std::int64_t timestampMs = 0;
    for (int i = 0; i < entries; ++i) {
      offset += 1 + static_cast<std::int32_t>(random.below(9));
      position += 4096 + static_cast<std::int32_t>(random.below(5000));
      timestampMs += 1 + static_cast<std::int64_t>(random.below(50));
      index.addOffset(offset, position);
      index.addTime(timestampMs, offset);
    }
    const std::string stem = directory.path() + "/00000000000000000000";
    CHECK(index.store(posixFileSystem(), stem, false).ok());
    const IndexFile file(posixFileSystem(), stem);
    for (int i = 0; i < 2000; ++i) {
      const auto wanted = static_cast<std::int32_t>(random.below(static_cast<unsigned long long>(offset) + 3));
      auto byOffset = file.floorOffset(wanted);
      CHECK(byOffset.ok());
      CHECK_EQ(byOffset.value().has_value() ? byOffset.value()->position : 0, index.lookup(wanted));
      const auto at = static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(position) + 3));
      auto byPosition = file.floorPosition(at);
      CHECK(byPosition.ok());
      CHECK_EQ(byPosition.value().has_value() ? byPosition.value()->position : 0, index.floorPosition(at));
      const auto time = static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(timestampMs) + 3));
      auto byTime = file.below(time);
      CHECK(byTime.ok());
      CHECK_EQ(byTime.value().has_value() ? byTime.value()->relativeOffset : 0, index.lookupTime(time));
    }
    auto last = file.last();
    CHECK(last.ok());
    CHECK_EQ(last.value().has_value(), entries > 0);
    if (entries > 0) CHECK_EQ(last.value()->timestampMs, timestampMs);
    // Zeros behind the last entry are room that was never used.
    std::ofstream(stem + ".index", std::ios::app | std::ios::binary) << std::string(kOffsetEntryBytes * 700, '\0');
    auto end = file.floorOffset(INT32_MAX);
    CHECK(end.ok());
    if (entries > 0) CHECK_EQ(end.value()->position, position);
  }
}

TEST(sealed_segments_of_a_clean_stop_are_not_opened_before_they_are_used) {
  harness::TemporaryDirectory directory;
  CountingFileSystem fs;
  LogOptions options;
  options.segmentBytes = 20'000;
  options.indexIntervalBytes = 500;
  auto log = openLog(fs, directory.path(), options);
  std::vector<std::int64_t> bases;
  for (int i = 0; i < 900; ++i) {
    bases.push_back(log->logEndOffset());
    CHECK(append(*log, 1 + i % 3, 150, 1000 + 10 * i));
  }
  CHECK(log->sealed().size() >= 8);
  CHECK(log->close(true).ok());
  options.cleanShutdown = true;
  const std::size_t sealed = log->sealed().size();
  const std::int64_t end = log->logEndOffset();
  fs.opened = 0;
  log = openLog(fs, directory.path(), options);
  CHECK(log != nullptr);
  // The log, and both index files, of the active segment alone.
  CHECK_EQ(fs.opened, 3);
  CHECK_EQ(log->sealed().size(), sealed);
  CHECK_EQ(log->logEndOffset(), end);
  for (std::size_t i = 0; i < bases.size(); ++i) {
    auto read = log->read(bases[i], 1, INT64_MAX, true);
    CHECK(read.ok() && read.value().has_value());
    CHECK_EQ(read.value()->nextOffset, i + 1 < bases.size() ? bases[i + 1] : end);
    CHECK_EQ(baseOf(log->findByTimestamp(1000 + 10 * static_cast<std::int64_t>(i), INT64_MAX)), bases[i]);
  }
  CHECK_EQ(baseOf(log->findMaxTimestamp(INT64_MAX)), bases.back());
  CHECK_EQ(baseOf(log->findMaxTimestamp(bases[100])), bases[99]);
  // Nothing was written: nothing is written at the stop.
  const auto before = std::filesystem::last_write_time(log->active().stem() + ".index");
  CHECK(log->close(true).ok());
  CHECK(before == std::filesystem::last_write_time(log->active().stem() + ".index"));
  // Truncated into a sealed segment, and right at the end of one, it takes appends again.
  for (const std::int64_t to : {bases[500], log->sealed()[2].baseOffset(), bases[100] + 1}) {
    CHECK(log->truncateTo(to).ok());
    const std::int64_t from = log->logEndOffset();
    for (int i = 0; i < 40; ++i) CHECK(append(*log, 1, 150, 20'000 + i));
    for (std::int64_t offset = from; offset < log->logEndOffset(); ++offset) {
      auto read = log->read(offset, 1, INT64_MAX, true);
      CHECK(read.ok() && read.value().has_value());
      CHECK_EQ(read.value()->nextOffset, offset + 1);
    }
    CHECK_EQ(baseOf(log->findByTimestamp(20'039, INT64_MAX)), from + 39);
  }
}

TEST(sealed_segments_below_the_recovery_point_are_not_opened_after_a_kill) {
  harness::TemporaryDirectory directory;
  CountingFileSystem fs;
  LogOptions options;
  options.segmentBytes = 20'000;
  options.indexIntervalBytes = 500;
  auto log = openLog(fs, directory.path(), options);
  for (int i = 0; i < 900; ++i) CHECK(append(*log, 1, 150, 1000 + 10 * i));
  const std::size_t sealed = log->sealed().size();
  const std::int64_t unsynced = log->sealed()[sealed - 2].baseOffset();
  log.reset();
  const std::pair<std::int64_t, int> points[] = {
      {900, 1},
      // The index of a segment that ends at the recovery point is written anew and the logs from there on are read.
      {unsynced, 1 + 3 * 3},
  };
  for (const auto& [recoveryPoint, opens] : points) {
    options.recoveryPoint = recoveryPoint;
    fs.opened = 0;
    log = openLog(fs, directory.path(), options);
    CHECK(log != nullptr);
    CHECK_EQ(fs.opened, opens);
    CHECK_EQ(log->sealed().size(), sealed);
    CHECK_EQ(log->logEndOffset(), 900);
    log.reset();
  }
}

namespace {

/// 300 batches of a record each at 1000, 1001, ..., closed in an orderly way.
void writeTimes(FileSystem& fs, const std::string& directory, const LogOptions& options) {
  auto log = openLog(fs, directory, options);
  for (int i = 0; i < 300; ++i) CHECK(append(*log, 1, 150, 1000 + i));
  CHECK(log->close(true).ok());
}

void damage(const std::string& path, harness::Random& random) {
  const auto size = std::filesystem::file_size(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int i = 0; i < 6; ++i) {
    file.seekp(static_cast<std::streamoff>(random.below(size)));
    file.put(static_cast<char>(random.below(256)));
  }
}

LogOptions timesOptions(bool clean) {
  LogOptions options;
  options.segmentBytes = 20'000;
  options.indexIntervalBytes = 500;
  options.cleanShutdown = clean;
  options.recoveryPoint = 300;
  return options;
}

std::string firstStem(const std::string& directory) { return directory + "/t-0/" + offsetFileName(0); }

}  // namespace

TEST(a_damaged_index_of_a_sealed_segment_misleads_nobody) {
  for (unsigned long long seed = 1; seed <= 200; ++seed) {
    harness::Random random(seed);
    harness::TemporaryDirectory directory;
    QuickFileSystem fs;
    writeTimes(fs, directory.path(), timesOptions(true));
    for (const char* suffix : kIndexSuffixes)
      if (random.below(3) > 0) damage(firstStem(directory.path()) + suffix, random);
    auto log = openLog(fs, directory.path(), timesOptions(seed % 2 == 0));
    CHECK(log != nullptr);
    const std::int64_t end = log->sealed()[1].baseOffset();
    const bool offsetsFirst = random.below(2) == 0;
    const auto checkTimes = [&] {
      CHECK_EQ(log->sealed()[0].maxTimestampMs().value(), 1000 + end - 1);
      for (std::int64_t offset = 0; offset < end; ++offset) CHECK_EQ(baseOf(log->findByTimestamp(1000 + offset, INT64_MAX)), offset);
      CHECK_EQ(baseOf(log->findMaxTimestamp(end)), end - 1);
    };
    if (!offsetsFirst) checkTimes();
    for (std::int64_t offset = 0; offset < end; ++offset) {
      auto read = log->read(offset, 1, INT64_MAX, true);
      CHECK(read.ok() && read.value().has_value());
      if (read.value()->nextOffset != offset + 1) std::printf("    seed %llu offset %lld\n", seed, static_cast<long long>(offset));
      CHECK_EQ(read.value()->nextOffset, offset + 1);
    }
    if (offsetsFirst) checkTimes();
  }
}

TEST(a_damaged_index_of_a_sealed_segment_is_written_anew_when_it_is_met) {
  for (const char* suffix : kIndexSuffixes) {
    for (const bool clean : {true, false}) {
      harness::TemporaryDirectory directory;
      writeTimes(posixFileSystem(), directory.path(), timesOptions(true));
      const std::string stem = firstStem(directory.path());
      const auto size = std::filesystem::file_size(stem + suffix);
      // Nothing of it ever reached the medium.
      std::ofstream(stem + suffix, std::ios::binary) << std::string(size, '\0');
      auto log = openLog(posixFileSystem(), directory.path(), timesOptions(clean));
      CHECK(log != nullptr);
      const auto logBytes = static_cast<std::uint64_t>(log->sealed()[0].sizeBytes());
      SegmentIndex stored;
      CHECK(!stored.load(posixFileSystem(), stem, logBytes));
      CHECK_EQ(baseOf(log->findByTimestamp(1040, INT64_MAX)), 40);
      CHECK(stored.load(posixFileSystem(), stem, logBytes));
    }
  }
}

TEST(an_index_is_not_written_anew_from_a_damaged_log) {
  harness::TemporaryDirectory directory;
  writeTimes(posixFileSystem(), directory.path(), timesOptions(true));
  const std::string stem = firstStem(directory.path());
  const auto patch = [](const std::string& path, std::int64_t position, const std::string& bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(position);
    file << bytes;
  };
  // The first batch; then the first entry, which a search for the batches behind it meets.
  patch(stem + ".log", static_cast<std::int64_t>(batch::kMagicAt), "x");
  patch(stem + ".index", 4, "\x7f");
  const auto size = std::filesystem::file_size(stem + ".index");
  auto log = openLog(posixFileSystem(), directory.path(), timesOptions(false));
  CHECK(log != nullptr);
  CHECK_EQ(baseOf(log->findByTimestamp(1000, INT64_MAX)), -2);
  CHECK(!log->read(3, 1, INT64_MAX, true).ok());
  CHECK_EQ(std::filesystem::file_size(stem + ".index"), size);
  // What the other entries lead to can be read.
  auto behind = log->read(60, 1, INT64_MAX, true);
  CHECK(behind.ok() && behind.value().has_value());
  CHECK_EQ(behind.value()->nextOffset, 61);
}

TEST(a_missing_index_of_a_sealed_segment_is_rebuilt_when_the_log_is_opened) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 5000;
  auto log = openLog(posixFileSystem(), directory.path(), options);
  for (int i = 0; i < 100; ++i) CHECK(append(*log, 1, 150, 1000 + i));
  CHECK(log->close(true).ok());
  CHECK_EQ(::unlink((log->sealed()[1].stem() + ".timeindex").c_str()), 0);
  options.cleanShutdown = true;
  RecoveryReport report;
  auto opened = Log::open(posixFileSystem(), directory.path() + "/t-0", 1, options, report);
  CHECK(opened.ok());
  CHECK_EQ(report.indexesRebuilt, 1u);
  CHECK_EQ(baseOf(opened.value()->findByTimestamp(1040, INT64_MAX)), 40);
}

TEST(files_beside_the_segments_are_read_and_large_ones_left_out) {
  harness::TemporaryDirectory directory;
  const auto write = [&](const std::string& name, std::size_t size) { std::ofstream(directory.path() + "/" + name, std::ios::binary) << std::string(size, 'x'); };
  write("leader-epoch-checkpoint", 700);
  write("partition.metadata", 0);
  write("00000000000000000042.snapshot", 70'000);
  write("00000000000000000042.snapshot.deleted", 5);
  write("00000000000000000042.log", 5);
  std::size_t seen = 0;
  for (const auto& [name, bytes] : readSideFiles(posixFileSystem(), directory.path())) {
    ++seen;
    CHECK_EQ(bytes.has_value(), !name.ends_with(".snapshot"));
    if (bytes.has_value()) CHECK_EQ(bytes->size(), name == "partition.metadata" ? 0u : 700u);
  }
  CHECK_EQ(seen, 3u);
}
