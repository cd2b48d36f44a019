#include <filesystem>

#include "../../native/log/flusher.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "recovery_scene.h"

using namespace millrace;
using namespace millrace::recovery_scene;

TEST(an_index_that_a_crash_may_have_left_is_built_anew) {
  // The active segment's is stored at an orderly stop: after a crash it may be anything, like one whose last entries are missing.
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.indexIntervalBytes = 2000;
  {
    auto opened = open(directory.path(), options);
    for (int i = 0; i < 50; ++i) CHECK(append(*opened.log, 1000).ok());
    CHECK(opened.log->close(true).ok());
  }
  const std::string times = segment(directory.path(), 0, ".timeindex");
  CHECK_EQ(::truncate(times.c_str(), 12), 0);
  options.recoveryPoint = 100;
  auto crashed = open(directory.path(), options);
  CHECK(crashed.log != nullptr);
  CHECK_EQ(crashed.report.indexesRebuilt, 1);
  CHECK_EQ(crashed.log->logEndOffset(), 100);
}

TEST(an_index_with_unwritten_blocks_is_built_anew) {
  for (const char* suffix : {".index", ".timeindex"}) {
    for (const std::int64_t from : {std::int64_t{0}, std::int64_t{96}}) {
      harness::TemporaryDirectory directory;
      LogOptions options;
      options.segmentBytes = 200 * kBatchBytes;
      options.indexIntervalBytes = 2000;
      {
        auto opened = open(directory.path(), options);
        for (int i = 0; i < 150; ++i) {
          auto bytes = makeBatch(1, 1000, 1000 + i);
          storeBe<std::int64_t>(bytes.data(), opened.log->logEndOffset());
          CHECK(opened.log->append(bytes.data(), BatchHeader::load(bytes.data()), false).ok());
        }
        CHECK(opened.log->close(true).ok());
      }
      const std::string path = segment(directory.path(), 0, suffix);
      const std::int64_t size = sizeOf(path);
      CHECK(size > from + 96);
      overwrite(path, from, std::vector<std::uint8_t>(static_cast<std::size_t>(size - from), 0));
      options.cleanShutdown = true;
      auto opened = open(directory.path(), options);
      CHECK(opened.log != nullptr);
      CHECK_EQ(opened.report.indexesRebuilt, 1);
      CHECK_EQ(opened.log->active().maxTimestampMs().value(), 1149);
      CHECK_EQ(opened.log->logEndOffset(), 150);
    }
  }
}

namespace {

/// Notes which files were synced.
class SyncNotes : public FileSystem {
 public:
  std::vector<std::string> synced;
  int fdatasync(int fd) override {
    synced.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).filename().string());
    return 0;
  }
};

}  // namespace

TEST(the_index_of_a_sealed_segment_is_synced_with_it) {
  harness::TemporaryDirectory directory;
  SyncNotes fs;
  auto opened = open(directory.path(), {}, fs);
  CHECK(append(*opened.log, 1000).ok());
  CHECK(opened.log->roll().ok());
  CHECK(append(*opened.log, 1000).ok());
  opened.log->markDirty();
  CHECK(Flusher::syncNow(*opened.log->flushWork()).ok());
  const auto has = [&](const char* name) { return std::find(fs.synced.begin(), fs.synced.end(), name) != fs.synced.end(); };
  CHECK(has("00000000000000000000.log"));
  CHECK(has("00000000000000000000.index"));
  CHECK(has("00000000000000000000.timeindex"));
  CHECK(has("00000000000000000002.log"));
}

TEST(what_a_crash_left_of_a_sealed_segments_index_is_not_trusted_after_the_next_clean_stop) {
  for (const std::int64_t from : {std::int64_t{0}, std::int64_t{96}}) {
    harness::TemporaryDirectory directory;
    LogOptions options;
    options.segmentBytes = 100 * kBatchBytes;
    options.indexIntervalBytes = 2000;
    {
      auto opened = open(directory.path(), options);
      for (int i = 0; i < 150; ++i) {
        auto bytes = makeBatch(1, 1000, 1000 + i);
        storeBe<std::int64_t>(bytes.data(), opened.log->logEndOffset());
        CHECK(opened.log->append(bytes.data(), BatchHeader::load(bytes.data()), false).ok());
      }
    }
    const std::int64_t sealedEnd = open(directory.path(), options).log->active().baseOffset();
    // Blocks of the index that never reached the medium, though those of the log did.
    for (const char* suffix : {".index", ".timeindex"}) {
      const std::int64_t size = sizeOf(segment(directory.path(), 0, suffix));
      CHECK(size > from + 96);
      overwrite(segment(directory.path(), 0, suffix), from, std::vector<std::uint8_t>(static_cast<std::size_t>(size - from), 0));
    }
    {
      auto recovered = open(directory.path(), options);
      CHECK(recovered.log != nullptr);
      CHECK(recovered.log->close(true).ok());
    }
    options.cleanShutdown = true;
    auto opened = open(directory.path(), options);
    CHECK(opened.log != nullptr);
    CHECK_EQ(opened.report.indexesRebuilt, 0);
    CHECK_EQ(opened.log->sealed().front().maxTimestampMs().value(), 1000 + sealedEnd - 1);
    auto found = opened.log->findByTimestamp(1040, 150);
    CHECK(found.ok() && found.value().has_value());
    CHECK_EQ(found.value()->header.baseOffset, 40);
    SegmentIndex stored;
    CHECK(stored.load(posixFileSystem(), directory.path() + "/t-0/" + offsetFileName(0), static_cast<std::uint64_t>(sizeOf(segment(directory.path(), 0)))));
  }
}
