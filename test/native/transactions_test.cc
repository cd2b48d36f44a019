#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "../../native/log/log.h"
#include "faulty_file_system.h"
#include "harness.h"
#include "make_records.h"
#include "memory_disk.h"

using namespace millrace;

namespace {

constexpr std::int16_t kTransactional = 0x10;
constexpr std::int16_t kMarker = 0x30;

/// A log that several producers write transactions to, and what is known of them in plain arrays.
struct Writer {
  explicit Writer(FileSystem& fs, std::string directory, LogOptions options = {}) : fs(fs), directory(std::move(directory)), options(options) {
    this->options.segmentBytes = 700;
    open(false);
  }

  bool open(bool clean, std::int64_t recoveryPoint = 0) {
    options.cleanShutdown = clean;
    options.recoveryPoint = recoveryPoint;
    report = {};
    auto opened = Log::open(fs, directory + "/t-0", 1, options, report);
    log = opened.ok() ? std::move(opened.value()) : nullptr;
    return log != nullptr;
  }

  bool write(TestBatch batch, const AbortedTransaction* aborted) {
    batch.baseOffset = log->logEndOffset();
    for (std::size_t i = 0; i < batch.records.size(); ++i) batch.records[i].offset = batch.baseOffset + static_cast<std::int64_t>(i);
    batch.lastOffsetDelta = static_cast<std::int32_t>(batch.records.size()) - 1;
    const auto bytes = encodeBatch(batch);
    return log->append(bytes.data(), BatchHeader::load(bytes.data()), false, aborted).ok();
  }

  bool data(std::int64_t producerId, const std::string& key, const std::string& value) {
    TestBatch batch;
    batch.producerId = producerId;
    batch.producerEpoch = 0;
    batch.baseSequence = sequences[producerId]++;
    batch.attributes = kTransactional;
    batch.records = {{0, key, value, 1000}};
    const std::int64_t offset = log->logEndOffset();
    if (!write(batch, nullptr)) return false;
    open_.try_emplace(producerId, offset);
    return true;
  }

  bool end(std::int64_t producerId, bool commit) {
    const auto found = open_.find(producerId);
    if (found == open_.end()) return true;
    const std::int64_t offset = log->logEndOffset();
    std::int64_t stable = offset + 1;
    for (const auto& [other, first] : open_)
      if (other != producerId) stable = std::min(stable, first);
    TestBatch batch;
    batch.producerId = producerId;
    batch.producerEpoch = 0;
    batch.attributes = kMarker;
    batch.records = {{0, std::string("\0\0\0", 3) + (commit ? '\1' : '\0'), std::string("\0\0\0\0\0\7", 6), 1000}};
    const AbortedTransaction entry{producerId, found->second, offset, stable};
    if (!write(batch, commit ? nullptr : &entry)) return false;
    if (!commit) aborted.push_back(entry);
    open_.erase(found);
    return true;
  }

  void step(harness::Random& random) {
    const auto producer = static_cast<std::int64_t>(1 + random.below(4));
    if (random.below(3) == 0) (void)end(producer, random.below(2) == 0);
    else (void)data(producer, "k" + std::to_string(random.below(12)), "v" + std::to_string(log->logEndOffset()));
  }

  /// What a look through everything finds.
  [[nodiscard]] std::vector<AbortedTransaction> overlapping(std::int64_t from, std::int64_t upper) const {
    std::vector<AbortedTransaction> found;
    for (const AbortedTransaction& one : aborted)
      if (one.lastOffset >= from && one.firstOffset < upper) found.push_back(one);
    return found;
  }

  FileSystem& fs;
  std::string directory;
  LogOptions options;
  RecoveryReport report;
  std::unique_ptr<Log> log;
  std::map<std::int64_t, std::int64_t> open_;
  std::map<std::int64_t, std::int32_t> sequences;
  std::vector<AbortedTransaction> aborted;
};

bool agrees(const Writer& writer, harness::Random& random) {
  const std::int64_t end = writer.log->logEndOffset();
  for (int i = 0; i < 40; ++i) {
    const auto from = static_cast<std::int64_t>(random.below(static_cast<unsigned>(end) + 1));
    const auto upper = from + static_cast<std::int64_t>(random.below(static_cast<unsigned>(end - from) + 2));
    if (writer.log->abortedTransactions(from, upper) != writer.overlapping(from, upper)) return false;
  }
  return writer.log->abortedCount() == writer.aborted.size();
}

std::string indexPath(const SegmentView& view) { return view.stem() + ".txnindex"; }

}  // namespace

TEST(random_transactions_are_found_as_in_arrays_also_after_restarts_and_truncations) {
  for (unsigned long long seed = 1; seed <= 60; ++seed) {
    harness::Random random(seed);
    harness::TemporaryDirectory directory;
    QuickFileSystem fs;
    Writer writer(fs, directory.path());
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 60; ++i) writer.step(random);
      CHECK(agrees(writer, random));
      switch (random.below(4)) {
        case 0: {
          CHECK(writer.log->close(true).ok());
          CHECK(writer.open(true));
          CHECK_EQ(writer.report.transactionsLostFrom, INT64_MAX);
          break;
        }
        case 1: {
          // Below the recovery point the files are believed, the rest a replay tells.
          const auto recoveryPoint = static_cast<std::int64_t>(random.below(static_cast<unsigned>(writer.log->logEndOffset()) + 1));
          CHECK(writer.open(false, recoveryPoint));
          const std::int64_t lost = writer.report.transactionsLostFrom;
          CHECK(lost == (recoveryPoint < writer.log->logEndOffset() ? recoveryPoint : INT64_MAX));
          if (lost != INT64_MAX) {
            CHECK(writer.log->abortedCount() == static_cast<std::size_t>(std::count_if(writer.aborted.begin(), writer.aborted.end(), [&](const auto& one) { return one.lastOffset < lost; })));
            CHECK(writer.log->restoreAborted(lost, writer.aborted).ok());
          }
          break;
        }
        case 2: {
          const auto at = static_cast<std::int64_t>(random.below(static_cast<unsigned>(writer.log->logEndOffset()) + 1));
          CHECK(writer.log->truncateTo(at).ok());
          const std::int64_t end = writer.log->logEndOffset();
          // Which transactions are open now: read from the log again.
          writer.open_.clear();
          std::erase_if(writer.aborted, [&](const auto& one) { return one.lastOffset >= end; });
          auto batches = writer.log->scan(0, 1'000'000);
          CHECK(batches.ok());
          for (const ReplayedBatch& batch : batches.value()) {
            CHECK(batch.marker.has_value() == isControl(batch));
            if (batch.marker.has_value()) {
              CHECK_EQ(batch.marker->coordinatorEpoch, 7);
              writer.open_.erase(batch.producerId);
            } else {
              writer.open_.try_emplace(batch.producerId, batch.baseOffset);
            }
          }
          break;
        }
        default:
          break;
      }
      CHECK(agrees(writer, random));
      for (const SealedSegment& view : writer.log->sealed()) {
        const bool any = std::any_of(writer.aborted.begin(), writer.aborted.end(), [&](const auto& one) { return one.lastOffset >= view.baseOffset() && one.lastOffset < view.nextOffset(); });
        if (any) CHECK_EQ(std::filesystem::file_size(indexPath(view)) % TransactionIndex::kEntryBytes, 0u);
      }
    }
    // Segments take their indexes with them.
    const std::int64_t middle = writer.log->sealed().empty() ? 0 : writer.log->sealed()[writer.log->sealed().size() / 2].baseOffset();
    auto dropped = writer.log->dropBelow(middle);
    CHECK(dropped.ok());
    for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/t-0"))
      if (entry.path().extension() == ".txnindex") CHECK(std::stoll(entry.path().stem()) >= middle);
    std::erase_if(writer.aborted, [&](const auto& one) { return one.lastOffset < middle; });
    CHECK_EQ(writer.log->abortedCount(), writer.aborted.size());
  }
}

TEST(a_damaged_transaction_index_is_made_anew_and_one_without_a_segment_removed) {
  for (const int damage : {0, 1, 2, 3}) {
    harness::TemporaryDirectory directory;
    harness::Random random(static_cast<unsigned long long>(damage) + 1);
    Writer writer(posixFileSystem(), directory.path());
    for (int i = 0; i < 200; ++i) writer.step(random);
    const auto view = std::find_if(writer.log->sealed().begin(), writer.log->sealed().end(), [](const SealedSegment& one) { return one.transactions() != nullptr; });
    CHECK(view != writer.log->sealed().end());
    const std::string path = indexPath(*view);
    const std::int64_t base = view->baseOffset();
    auto original = readWholeFile(posixFileSystem(), path);
    CHECK(original.ok());
    CHECK(writer.log->close(true).ok());
    std::vector<std::uint8_t> bytes = original.value();
    if (damage == 0) bytes.pop_back();                                    // torn
    if (damage == 1) bytes[1] = 1;                                        // another version
    if (damage == 2) storeBe<std::int64_t>(bytes.data() + 18, base - 1);  // a marker of another segment
    if (damage == 3) bytes.insert(bytes.end(), original.value().begin(), original.value().end());  // not in order
    CHECK(writeWholeFile(posixFileSystem(), path, bytes.data(), bytes.size(), false).ok());
    const std::string orphan = directory.path() + "/t-0/" + offsetFileName(999'999) + ".txnindex";
    CHECK(writeWholeFile(posixFileSystem(), orphan, bytes.data(), bytes.size(), false).ok());
    CHECK(writer.open(true));
    CHECK_EQ(writer.report.transactionsLostFrom, base);
    CHECK(!std::filesystem::exists(orphan));
    CHECK(writer.log->restoreAborted(base, writer.aborted).ok());
    CHECK(agrees(writer, random));
    auto again = readWholeFile(posixFileSystem(), path);
    CHECK(again.ok() && again.value() == original.value());
  }
}

TEST(the_nth_call_fails_and_the_index_names_what_the_log_aborted) {
  int refused = 0;
  for (const int error : {EIO, ENOSPC}) {
    for (int failAt = 0; failAt < 90; ++failAt) {
      harness::TemporaryDirectory directory;
      FaultyFileSystem fs;
      fs.error = error;
      fs.partial = failAt % 2 == 0;
      Writer writer(fs, directory.path());
      if (writer.log == nullptr) continue;
      harness::Random random(static_cast<unsigned long long>(failAt));
      fs.failAt = fs.calls + failAt;
      std::int64_t acknowledged = 0;
      for (int i = 0; i < 30; ++i) {
        const auto producer = static_cast<std::int64_t>(1 + random.below(2));
        const bool ok = random.below(2) == 0 ? writer.data(producer, "k", "v") : writer.end(producer, false);
        if (!ok) ++refused;
        if (!ok && error == EIO) break;
        // A full disk: what was refused has left nothing, and the next one may pass.
        CHECK_EQ(writer.log->abortedCount(), writer.aborted.size());
        writer.log->markDirty();
        auto synced = Flusher::syncNow(*writer.log->flushWork());
        if (!synced.ok()) break;
        writer.log->flushed(synced.value());
        acknowledged = writer.log->flushedOffset();
      }
      writer.log.reset();
      Writer again(posixFileSystem(), directory.path());
      CHECK(again.open(false, acknowledged));
      CHECK(again.log->logEndOffset() >= acknowledged);
      std::vector<AbortedTransaction> durable = writer.aborted;
      std::erase_if(durable, [&](const auto& one) { return one.lastOffset >= acknowledged; });
      CHECK(again.log->abortedTransactions(0, INT64_MAX) == durable);
    }
  }
  CHECK(refused > 60);
}

namespace {

/// Last committed value of each key, as a reader of committed records ends up with; and that no record it skips is named otherwise.
std::map<std::string, std::string> committed(Log& log, std::int64_t& abortedRecords) {
  std::map<std::string, std::string> state;
  abortedRecords = 0;
  const auto aborted = log.abortedTransactions(0, INT64_MAX);
  for (std::int64_t offset = 0; offset < log.logEndOffset();) {
    auto read = log.read(offset, 1, log.logEndOffset(), true);
    if (!read.ok() || !read.value().has_value()) break;
    const FileRegion& region = read.value()->region;
    std::vector<std::uint8_t> bytes(region.sizeBytes);
    if (::pread(region.file->get(), bytes.data(), bytes.size(), static_cast<off_t>(region.position)) < 0) break;
    TestBatch batch;
    if (!decodeBatch(bytes.data(), batch)) return {{"", "damaged"}};
    offset = read.value()->nextOffset;
    if ((batch.attributes & 0x20) != 0) continue;
    const bool left = std::any_of(aborted.begin(), aborted.end(), [&](const AbortedTransaction& one) {
      return one.producerId == batch.producerId && one.firstOffset <= batch.baseOffset && one.lastOffset >= batch.baseOffset;
    });
    for (const TestRecord& record : batch.records) {
      if (left) ++abortedRecords;
      else state[*record.key] = *record.value;
    }
  }
  return state;
}

bool cleanAll(Log& log, const CleaningOptions& options) {
  auto job = log.beginCleaning(options);
  if (!job.ok() || job.value() == nullptr) return false;
  for (;;) {
    if (!job.value()->run(500).ok()) return false;
    const auto state = log.continueCleaning(*job.value());
    if (state == Log::Cleaning::kDone) return true;
    if (state == Log::Cleaning::kCancelled) return false;
  }
}

}  // namespace

TEST(cleaning_removes_what_was_aborted_and_keeps_what_readers_need_to_know) {
  std::size_t markersGone = 0;
  for (unsigned long long seed = 1; seed <= 80; ++seed) {
    harness::Random random(seed);
    harness::TemporaryDirectory directory;
    QuickFileSystem fs;
    Writer writer(fs, directory.path());
    for (int i = 0; i < 250; ++i) writer.step(random);
    for (std::int64_t producer = 1; producer <= 4; ++producer) (void)writer.end(producer, random.below(2) == 0);
    CHECK(writer.log->roll().ok());
    std::int64_t before = 0;
    const auto expected = committed(*writer.log, before);
    CleaningOptions options;
    options.endOffset = writer.log->active().baseOffset();
    options.nowMs = 10'000;
    options.deleteRetentionMs = 500;
    options.segmentBytes = static_cast<std::int64_t>(700 + random.below(4000));
    // The last batch of one producer has to stay, if only as an empty one: then its marker and index entry do, too.
    if (random.below(2) == 0) options.producers = {{1, writer.log->logEndOffset() + 5, 0}};
    if (random.below(2) == 0)
      if (auto batches = writer.log->scan(0, 1'000'000); batches.ok())
        for (const ReplayedBatch& batch : batches.value())
          if (!batch.marker.has_value() && batch.producerId == 2) options.producers = {{2, batch.lastOffset(), 0}};
    CHECK(cleanAll(*writer.log, options));
    std::int64_t left = 0;
    CHECK(committed(*writer.log, left) == expected);
    CHECK_EQ(left, 0);
    const auto countMarkers = [&] {
      auto batches = writer.log->scan(0, 1'000'000);
      return std::count_if(batches.value().begin(), batches.value().end(), [](const ReplayedBatch& one) { return one.marker.has_value(); });
    };
    const auto markers = countMarkers();
    // In the round that removes the records the marker still stands behind something; entries go in the next one, with the horizon set.
    CHECK(writer.log->abortedTransactions(0, INT64_MAX) == writer.aborted);
    auto batches = writer.log->scan(0, 1'000'000);
    CHECK(batches.ok());
    std::vector<AbortedTransaction> needed;
    for (const AbortedTransaction& one : writer.aborted)
      if (std::any_of(batches.value().begin(), batches.value().end(), [&](const ReplayedBatch& batch) {
            return !isControl(batch) && batch.producerId == one.producerId && batch.baseOffset >= one.firstOffset && batch.baseOffset < one.lastOffset;
          }))
        needed.push_back(one);
    for (int round = 0; round < 2; ++round) {
      CHECK(writer.data(9, "again", std::to_string(round)));
      CHECK(writer.end(9, true));
      CHECK(writer.log->roll().ok());
      options.firstDirtyOffset = options.endOffset;
      options.endOffset = writer.log->active().baseOffset();
      options.nowMs += 1000;
      CHECK(cleanAll(*writer.log, options));
    }
    markersGone += static_cast<std::size_t>(std::max<std::int64_t>(0, markers - countMarkers()));
    CHECK(writer.log->abortedTransactions(0, INT64_MAX) == needed);
    const auto entries = writer.log->abortedTransactions(0, INT64_MAX);
    CHECK(writer.log->close(true).ok());
    CHECK(writer.open(true));
    CHECK(writer.log->abortedTransactions(0, INT64_MAX) == entries);
    auto after = committed(*writer.log, left);
    after.erase("again");
    CHECK(after == expected && left == 0);
  }
  CHECK(markersGone > 200);
}

// A kill leaves the file in the page cache: what the next broker finds there and acknowledges by a sync is on the medium.
TEST(an_index_that_a_killed_process_left_is_synced_before_the_recovery_point_passes_it) {
  MemoryDisk disk;
  CHECK_EQ(disk.mkdir("/d", 0755), 0);
  CHECK_EQ(disk.syncDirectory("/"), 0);
  Writer writer(disk, "/d");
  CHECK(writer.data(1, "k", "v") && writer.end(1, false));
  const auto aborted = writer.aborted;
  CHECK_EQ(aborted.size(), 1u);
  const auto killed = disk.afterProcessDeath();
  RecoveryReport report;
  auto again = Log::open(*killed, "/d/t-0", 1, writer.options, report);
  CHECK(again.ok());
  CHECK(again.value()->restoreAborted(report.transactionsLostFrom, aborted).ok());
  again.value()->markDirty();
  auto synced = Flusher::syncNow(*again.value()->flushWork());
  CHECK(synced.ok());
  CHECK_EQ(synced.value(), 2);
  harness::Random random(1);
  const auto cut = killed->afterPowerCut({MemoryDisk::Left::kNothing, 512}, random);
  LogOptions options = writer.options;
  options.recoveryPoint = 2;
  RecoveryReport afterCut;
  auto recovered = Log::open(*cut, "/d/t-0", 1, options, afterCut);
  CHECK(recovered.ok());
  CHECK(recovered.value()->abortedTransactions(0, 2) == aborted);
}
