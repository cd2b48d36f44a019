#include <filesystem>

#include "../../native/log/flusher.h"
#include "../../native/log/load_progress.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "recovery_scene.h"

using namespace millrace;
using namespace millrace::recovery_scene;

TEST(damage_behind_the_recovery_point_is_named_and_nothing_is_cut) {
  harness::TemporaryDirectory directory;
  write(directory.path(), 10);
  flip(segment(directory.path(), 0), 3 * kBatchBytes + 200);
  auto opened = open(directory.path());
  CHECK(opened.log == nullptr);
  CHECK(opened.error.kind == Error::Kind::kCorrupt);
  CHECK(opened.error.path == segment(directory.path(), 0));
  CHECK(opened.error.detail == "damage that no crash leaves: bytes 3183 to 4243 hold no valid batch, offsets 6 to 7 cannot be read");
  CHECK_EQ(sizeOf(segment(directory.path(), 0)), 10 * kBatchBytes);
  // Below the recovery point nobody looks.
  LogOptions trusted;
  trusted.recoveryPoint = 20;
  auto again = open(directory.path(), trusted);
  CHECK(again.log != nullptr);
  CHECK_EQ(again.log->logEndOffset(), 20);
}

TEST(damage_in_an_earlier_segment_names_the_offsets_up_to_the_next) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 3 * kBatchBytes;
  write(directory.path(), 9, options);
  flip(segment(directory.path(), 0), 2 * kBatchBytes + 300);
  auto opened = open(directory.path(), options);
  CHECK(opened.log == nullptr);
  CHECK(opened.error.detail == "damage that no crash leaves: bytes 2122 to 3182 hold no valid batch, offsets 4 to 5 cannot be read");
}

TEST(blocks_that_never_reached_the_medium_are_a_torn_tail_and_what_is_behind_is_kept_aside) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 100 * kBatchBytes;
  write(directory.path(), 20, options);
  // Two sectors of the fifth batch.
  overwrite(segment(directory.path(), 0), 4608, std::vector<std::uint8_t>(512, 0));
  auto opened = open(directory.path(), options);
  CHECK(opened.log != nullptr);
  CHECK_EQ(opened.log->logEndOffset(), 8);
  CHECK_EQ(opened.report.truncatedAtOffset, 8);
  CHECK_EQ(opened.report.truncatedBytes, 16 * kBatchBytes);
  CHECK_EQ(opened.report.quarantinedBytes, 16 * kBatchBytes);
  CHECK_EQ(sizeOf(segment(directory.path(), 0, ".log.4244.quarantine")), 16 * kBatchBytes);
  CHECK(append(*opened.log, 1000).ok());
}

TEST(what_is_kept_aside_is_never_replaced) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 10 * kBatchBytes;
  write(directory.path(), 20, options);
  std::vector<std::uint8_t> first;
  for (int round = 0; round < 3; ++round) {
    // The same two sectors of the fifth batch each time, and the next segment behind them.
    overwrite(segment(directory.path(), 0), 4608, std::vector<std::uint8_t>(512, 0));
    auto opened = open(directory.path(), options);
    CHECK(opened.log != nullptr);
    CHECK_EQ(opened.report.quarantinedBytes, 16 * kBatchBytes);
    CHECK_EQ(opened.report.quarantinedSegments, 1);
    auto kept = readWholeFile(posixFileSystem(), segment(directory.path(), 0, ".log.4244.quarantine"));
    CHECK(kept.ok() && kept.value().size() == 6 * kBatchBytes);
    if (round == 0) first = kept.value();
    CHECK(kept.value() == first);
    for (int i = 0; i < 16; ++i) CHECK(append(*opened.log, 1000, static_cast<std::uint8_t>(round + 1)).ok());
  }
  for (const char* name : {".log.4244.quarantine.1", ".log.4244.quarantine.2"}) CHECK_EQ(sizeOf(segment(directory.path(), 0, name)), 6 * kBatchBytes);
  for (const char* name : {".log.quarantine", ".log.quarantine.1", ".log.quarantine.2"}) CHECK_EQ(sizeOf(segment(directory.path(), 20, name)), 10 * kBatchBytes);
}

TEST(a_tail_that_was_kept_aside_and_not_cut_off_is_not_kept_twice) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 100 * kBatchBytes;
  write(directory.path(), 20, options);
  overwrite(segment(directory.path(), 0), 4608, std::vector<std::uint8_t>(512, 0));
  auto whole = readWholeFile(posixFileSystem(), segment(directory.path(), 0));
  CHECK(whole.ok());
  for (int round = 0; round < 2; ++round) {
    overwrite(segment(directory.path(), 0), 0, whole.value());
    CHECK(open(directory.path(), options).log != nullptr);
  }
  CHECK_EQ(sizeOf(segment(directory.path(), 0, ".log.4244.quarantine")), 16 * kBatchBytes);
  CHECK_EQ(sizeOf(segment(directory.path(), 0, ".log.4244.quarantine.1")), -1);
}

TEST(the_first_bytes_of_a_batch_may_be_what_a_crash_kept_from_the_medium) {
  // Where the batch at 4244 begins in a sector that holds more or less of its header.
  for (const std::int64_t lost : {512 - 4244 % 512, 24, 12, 8, 5}) {
    harness::TemporaryDirectory directory;
    const auto rest = static_cast<std::size_t>(512 - lost);  // of its last sector the first batch takes so much
    LogOptions options;
    options.recoveryPoint = 300;
    {
      auto opened = open(directory.path());
      CHECK(append(*opened.log, 4096 + rest - batch::kHeaderBytes, 7, 70'000).ok());
      for (int i = 0; i < 5; ++i) CHECK(append(*opened.log, 1000).ok());
    }
    const auto at = static_cast<std::int64_t>(4096 + rest);
    overwrite(segment(directory.path(), 0), at, std::vector<std::uint8_t>(static_cast<std::size_t>(lost), 0));
    auto opened = open(directory.path());
    CHECK(opened.log != nullptr);
    // The first five bytes of a small offset are zeros anyway.
    CHECK_EQ(opened.log->logEndOffset(), lost == 5 ? 70'010 : 70'000);
    CHECK_EQ(opened.report.quarantinedBytes, lost == 5 ? 0 : 5 * kBatchBytes);
  }
}

TEST(zeros_within_a_sector_are_damage_and_no_crash) {
  // Also where they begin or end with a sector, which the file's other bytes in it tell apart from one that was not written.
  const std::pair<std::int64_t, std::size_t> places[] = {{4400, 100}, {4608, 500}, {4700, 420}, {4244 + 100, 264}, {4244 + 1000, 61}};
  for (const auto& [position, count] : places) {
    harness::TemporaryDirectory directory;
    write(directory.path(), 10);
    overwrite(segment(directory.path(), 0), position, std::vector<std::uint8_t>(count, 0));
    auto opened = open(directory.path());
    CHECK(opened.log == nullptr);
    CHECK(opened.error.kind == Error::Kind::kCorrupt);
    CHECK(opened.error.detail == "damage that no crash leaves: bytes 4244 to 5304 hold no valid batch, offsets 8 to 9 cannot be read");
  }
}

TEST(a_cut_is_on_the_medium_before_the_log_is_opened) {
  class Syncs : public FileSystem {
   public:
    std::vector<std::string> order;
    int ftruncate(int fd, off_t size) override {
      order.push_back("cut");
      return FileSystem::ftruncate(fd, size);
    }
    int fdatasync(int fd) override {
      order.push_back("sync");
      return FileSystem::fdatasync(fd);
    }
  };
  harness::TemporaryDirectory directory;
  write(directory.path(), 3);
  CHECK_EQ(::truncate(segment(directory.path(), 0).c_str(), 3 * kBatchBytes - 5), 0);
  Syncs fs;
  auto opened = open(directory.path(), {}, fs);
  CHECK(opened.log != nullptr);
  CHECK((fs.order == std::vector<std::string>{"cut", "sync"}));
}

TEST(a_batch_that_was_never_written_ends_the_log) {
  harness::TemporaryDirectory directory;
  write(directory.path(), 6);
  overwrite(segment(directory.path(), 0), 2 * kBatchBytes, std::vector<std::uint8_t>(kBatchBytes, 0));
  auto opened = open(directory.path());
  CHECK(opened.log != nullptr);
  CHECK_EQ(opened.log->logEndOffset(), 4);
}

TEST(what_was_on_the_medium_is_never_cut_off) {
  for (const bool clean : {false, true}) {
    harness::TemporaryDirectory directory;
    write(directory.path(), 6);
    // The last batch: as a torn tail it would be cut off.
    flip(segment(directory.path(), 0), 5 * kBatchBytes + static_cast<std::int64_t>(batch::kMagicAt));
    LogOptions options;
    options.cleanShutdown = clean;
    options.recoveryPoint = 12;
    auto opened = open(directory.path(), options);
    CHECK(opened.log == nullptr);
    CHECK(opened.error.kind == Error::Kind::kCorrupt);
    CHECK(opened.error.detail == "damage that no crash leaves: bytes 5305 to 6365 hold no valid batch, offsets 10 to the end cannot be read");
    CHECK_EQ(sizeOf(segment(directory.path(), 0)), 6 * kBatchBytes);
    options.cleanShutdown = false;
    options.recoveryPoint = 10;
    auto torn = open(directory.path(), options);
    CHECK(torn.log != nullptr);
    CHECK_EQ(torn.log->logEndOffset(), 10);
  }
}

TEST(a_zero_tail_is_cut_off_whatever_its_length) {
  for (const std::int64_t zeros : {1, 60, 61, 511, 5000, 3 << 20}) {
    harness::TemporaryDirectory directory;
    write(directory.path(), 3);
    CHECK_EQ(::truncate(segment(directory.path(), 0).c_str(), 3 * kBatchBytes + zeros), 0);
    auto opened = open(directory.path());
    CHECK(opened.log != nullptr);
    CHECK_EQ(opened.log->logEndOffset(), 6);
    CHECK_EQ(opened.report.truncatedBytes, zeros);
    CHECK_EQ(opened.report.quarantinedBytes, 0);
    CHECK_EQ(sizeOf(segment(directory.path(), 0)), 3 * kBatchBytes);
  }
}

TEST(a_segment_that_lost_its_tail_ends_the_log) {
  for (const std::int64_t left : {std::int64_t{0}, std::int64_t{100}, kBatchBytes, kBatchBytes + 700}) {
    harness::TemporaryDirectory directory;
    LogOptions options;
    options.segmentBytes = 3 * kBatchBytes;
    options.gapsBelow = 0;
    write(directory.path(), 9, options);
    CHECK_EQ(::truncate(segment(directory.path(), 6).c_str(), left), 0);
    auto opened = open(directory.path(), options);
    CHECK(opened.log != nullptr);
    CHECK_EQ(opened.log->logEndOffset(), left < kBatchBytes ? 6 : 8);
    CHECK_EQ(opened.report.quarantinedSegments, 1);
    CHECK_EQ(sizeOf(segment(directory.path(), 12)), -1);
    CHECK_EQ(sizeOf(segment(directory.path(), 12, ".log.quarantine")), 3 * kBatchBytes);
    CHECK(append(*opened.log, 1000).ok());
    opened.log.reset();
    auto again = open(directory.path(), options);
    CHECK(again.log != nullptr);
    CHECK_EQ(again.log->logEndOffset(), left < kBatchBytes ? 8 : 10);
  }
}

TEST(segments_may_part_below_the_recovery_point_and_where_compaction_was) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 3 * kBatchBytes;
  write(directory.path(), 9, options);
  CHECK_EQ(::truncate(segment(directory.path(), 0).c_str(), kBatchBytes), 0);
  auto compacted = open(directory.path(), options);
  CHECK(compacted.log != nullptr);
  CHECK_EQ(compacted.log->logEndOffset(), 18);
  compacted.log.reset();
  options.gapsBelow = 0;
  options.recoveryPoint = 6;
  auto older = open(directory.path(), options);
  CHECK(older.log != nullptr);
  CHECK_EQ(older.log->logEndOffset(), 18);
}

TEST(a_read_never_takes_damage_for_an_end) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 5 * kBatchBytes;
  write(directory.path(), 12, options);
  options.recoveryPoint = 24;
  // The magic of the third batch of a sealed segment.
  flip(segment(directory.path(), 0), 2 * kBatchBytes + static_cast<std::int64_t>(batch::kMagicAt));
  auto opened = open(directory.path(), options);
  CHECK(opened.log != nullptr);
  auto before = opened.log->read(0, 2 * kBatchBytes, 24, true);
  CHECK(before.ok());
  CHECK_EQ(before.value()->nextOffset, 4);
  for (const std::int64_t offset : {4, 5}) {
    auto fresh = open(directory.path(), options);
    auto read = fresh.log->read(offset, 1 << 20, 24, true);
    CHECK(!read.ok());
    CHECK(read.error().kind == Error::Kind::kCorrupt);
  }
  CHECK(!opened.log->scan(0, 100).ok());
  CHECK(!opened.log->findByTimestamp(2000, 24).ok() || !opened.log->findByTimestamp(2000, 24).value().has_value());
  auto behind = opened.log->read(10, 1 << 20, 24, true);
  CHECK(behind.ok());
  CHECK_EQ(behind.value()->nextOffset, 20);
}

TEST(only_what_lies_behind_the_recovery_point_is_checked) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 10 * kBatchBytes;
  write(directory.path(), 95, options);
  CHECK_EQ(bytesToCheck(posixFileSystem(), directory.path() + "/t-0", 0), 95u * kBatchBytes);
  CHECK_EQ(bytesToCheck(posixFileSystem(), directory.path() + "/t-0", 175), 15u * kBatchBytes);
  CHECK_EQ(bytesToCheck(posixFileSystem(), directory.path() + "/nothing", 0), 0u);
  LoadProgress progress;
  options.progress = &progress;
  options.recoveryPoint = 175;
  auto opened = open(directory.path(), options);
  CHECK(opened.log != nullptr);
  CHECK_EQ(progress.checkedBytes.load(), 15u * kBatchBytes);
}

TEST(loading_that_is_cancelled_leaves_the_files_alone) {
  harness::TemporaryDirectory directory;
  write(directory.path(), 10);
  CHECK_EQ(::truncate(segment(directory.path(), 0).c_str(), 10 * kBatchBytes - 5), 0);
  LoadProgress progress;
  progress.cancelled = true;
  LogOptions options;
  options.progress = &progress;
  auto opened = open(directory.path(), options);
  CHECK(opened.log == nullptr);
  CHECK(opened.error.kind == Error::Kind::kClosed);
  CHECK_EQ(sizeOf(segment(directory.path(), 0)), 10 * kBatchBytes - 5);
}
