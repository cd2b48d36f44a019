#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "../../native/base/md5.h"
#include "../../native/log/log.h"
#include "clean_model.h"
#include "crash_file_system.h"
#include "faulty_file_system.h"
#include "harness.h"

using namespace millrace;

namespace {

std::unique_ptr<Log> openLog(FileSystem& fs, const std::string& directory, const LogOptions& options) {
  RecoveryReport report;
  auto log = Log::open(fs, directory + "/t-0", 1, options, report);
  return log.ok() ? std::move(log.value()) : nullptr;
}

bool append(Log& log, const TestBatch& batch) {
  const auto bytes = encodeBatch(batch);
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false).ok();
}

/// Every batch of the log, read as a consumer reads.
std::optional<std::vector<TestBatch>> contents(Log& log) {
  std::vector<TestBatch> batches;
  for (std::int64_t offset = log.logStartOffset();;) {
    auto read = log.read(offset, 1, log.logEndOffset(), true);
    if (!read.ok()) return std::nullopt;
    if (!read.value().has_value()) return batches;
    const FileRegion& region = read.value()->region;
    std::vector<std::uint8_t> bytes(region.sizeBytes);
    if (::pread(region.file->get(), bytes.data(), bytes.size(), static_cast<off_t>(region.position)) != static_cast<ssize_t>(bytes.size())) return std::nullopt;
    TestBatch batch;
    if (!decodeBatch(bytes.data(), batch) || batch.lastOffset() < offset || (batch.attributes & 64) != (batch.horizonMs >= 0 ? 64 : 0)) return std::nullopt;
    offset = read.value()->nextOffset;
    if (offset <= batch.lastOffset()) return std::nullopt;
    batches.push_back(std::move(batch));
  }
}

/// Cleans as the broker does, in steps of `budgetBytes`. The offset the log is clean up to, -1 when it failed or was cancelled.
std::int64_t clean(Log& log, const CleaningOptions& options, std::int64_t budgetBytes = 1 << 20) {
  auto job = log.beginCleaning(options);
  if (!job.ok()) return -1;
  if (job.value() == nullptr) return options.firstDirtyOffset;
  for (int steps = 0; steps < 100'000; ++steps) {
    if (!job.value()->run(budgetBytes).ok()) return -1;
    switch (log.continueCleaning(*job.value())) {
      case Log::Cleaning::kDone:
        return job.value()->cleanedOffset();
      case Log::Cleaning::kCancelled:
        job.value()->abandon();
        return -1;
      case Log::Cleaning::kGoesOn:
        break;
    }
  }
  return -1;
}

}  // namespace

TEST(md5_is_md5) {
  const auto hex = [](const std::string& text) {
    std::string result;
    for (const std::uint8_t byte : md5(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())) {
      char two[3];
      std::snprintf(two, sizeof two, "%02x", byte);
      result += two;
    }
    return result;
  };
  CHECK(hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(hex("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890") == "57edf4a22be3c955ac49da2e2107b67a");
  CHECK(hex(std::string(55, 'a')) == "ef1772b6dff9a122358552954ad0df65");
  CHECK(hex(std::string(56, 'a')) == "3b0c8ac703f828b04c6c197006d17218");
}

TEST(offset_map_is_a_map_that_may_be_full) {
  harness::Random random(7);
  auto created = OffsetMap::create(500);
  CHECK(created.ok());
  OffsetMap& map = created.value();
  std::map<std::string, std::int64_t> model;
  for (std::int64_t offset = 0; model.size() < 500; ++offset) {
    const std::string key = "k" + std::to_string(random.below(700));
    map.put(ByteView(reinterpret_cast<const std::uint8_t*>(key.data()), key.size()), offset);
    model[key] = offset;
    CHECK_EQ(map.size(), model.size());
  }
  for (int i = 0; i < 700; ++i) {
    const std::string key = "k" + std::to_string(i);
    const auto found = model.find(key);
    CHECK_EQ(map.get(ByteView(reinterpret_cast<const std::uint8_t*>(key.data()), key.size())), found == model.end() ? -1 : found->second);
  }
}

TEST(random_compactions_agree_with_arrays) {
  std::int64_t rounds = 0;
  std::int64_t removed = 0;
  constexpr int kSeeds = harness::kThreadSanitizer ? 25 : 250;
  for (unsigned long long seed = 1; seed <= kSeeds; ++seed) {
    harness::Random random(seed);
    harness::TemporaryDirectory directory;
    QuickFileSystem fs;
    LogOptions options;
    options.segmentBytes = 300 + static_cast<std::int64_t>(random.below(3000));
    options.indexIntervalBytes = static_cast<std::int64_t>(random.below(400));
    options.cleanShutdown = true;
    auto log = openLog(fs, directory.path(), options);
    CHECK(log != nullptr);
    std::vector<TestBatch> model;
    std::map<std::int64_t, std::int32_t> sequences;
    std::int64_t nowMs = 1'000'000;
    std::int64_t cleanUpTo = 0;
    for (int step = 0; step < 60; ++step) {
      nowMs += static_cast<std::int64_t>(random.below(100));
      const auto roll = random.below(100);
      if (roll < 70) {
        model.push_back(randomBatch(random, log->logEndOffset(), nowMs, sequences));
        CHECK(append(*log, model.back()));
      } else if (roll < 76) {
        CHECK(log->roll().ok());
      } else if (roll < 82) {
        CHECK(log->close(true).ok());
        log.reset();
        if (random.below(2) == 0) {
          // The indexes that the cleaner wrote say the same as those made anew from the log.
          for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/t-0"))
            if (entry.path().extension() == ".index" || entry.path().extension() == ".timeindex") std::filesystem::remove(entry.path());
        }
        log = openLog(fs, directory.path(), options);
        CHECK(log != nullptr);
      } else {
        CleaningOptions cleaning;
        cleaning.firstDirtyOffset = cleanUpTo;
        cleaning.endOffset = log->active().baseOffset();
        cleaning.nowMs = nowMs;
        cleaning.deleteRetentionMs = static_cast<std::int64_t>(random.below(300));
        cleaning.segmentBytes = options.segmentBytes;
        cleaning.indexIntervalBytes = options.indexIntervalBytes;
        cleaning.mapBytes = random.below(3) == 0 ? 24 * (2 + static_cast<std::int64_t>(random.below(12))) : 1 << 20;
        cleaning.ioBufferBytes = 64 + static_cast<std::int64_t>(random.below(2000));
        cleaning.producers = tailsOf(model);
        std::vector<std::int64_t> bases;
        for (const SealedSegment& view : log->sealed()) bases.push_back(view.baseOffset());
        const std::int64_t end = clean(*log, cleaning, 1 + static_cast<std::int64_t>(random.below(3000)));
        CHECK(end >= cleanUpTo && end <= cleaning.endOffset);
        if (cleaning.endOffset > cleanUpTo) {
          CHECK(end > cleanUpTo);
          std::size_t before = 0;
          std::size_t after = 0;
          for (const auto& batch : model) before += batch.records.size();
          const auto next = std::lower_bound(bases.begin(), bases.end(), end);
          cleanModel(model, cleaning, end, next == bases.end() ? cleaning.endOffset : *next);
          for (const auto& batch : model) after += batch.records.size();
          removed += static_cast<std::int64_t>(before - after);
          ++rounds;
        }
        cleanUpTo = end;
        for (const SealedSegment& view : log->sealed()) CHECK(view.sizeBytes() <= std::max(options.segmentBytes * 3 / 2, std::int64_t{2000}));
      }
      const auto found = contents(*log);
      if (!found.has_value() || *found != model) {
        std::printf("    seed %llu step %d: %zu batches, not %zu\n", seed, step, found.has_value() ? found->size() : 0, model.size());
        for (std::size_t i = 0; found.has_value() && i < std::min(found->size(), model.size()); ++i) {
          if ((*found)[i] == model[i]) continue;
          for (const TestBatch& one : {(*found)[i], model[i]}) {
            std::printf("    %lld+%d producer %lld %d %d attributes %d horizon %lld:", (long long)one.baseOffset, one.lastOffsetDelta, (long long)one.producerId, one.producerEpoch,
                        one.baseSequence, one.attributes, (long long)one.horizonMs);
            for (const auto& record : one.records) std::printf(" %lld %s %s %lld,", (long long)record.offset, record.key.value_or("null").c_str(), record.value.value_or("null").c_str(), (long long)record.timestampMs);
            std::printf("\n");
          }
          break;
        }
        CHECK(found.has_value() && *found == model);
      }
      CHECK_EQ(log->logStartOffset(), 0);
      // Any offset leads to the batch that holds it or the next one.
      if (!model.empty()) {
        const auto offset = static_cast<std::int64_t>(random.below(static_cast<unsigned long long>(log->logEndOffset())));
        const auto next = std::find_if(model.begin(), model.end(), [&](const TestBatch& batch) { return batch.lastOffset() >= offset; });
        auto read = log->read(offset, 1, log->logEndOffset(), true);
        CHECK(read.ok());
        CHECK_EQ(read.value().has_value(), next != model.end());
      }
    }
  }
  CHECK(rounds > 4 * kSeeds);
  CHECK(removed > 40 * kSeeds);
}

namespace {

/// A log of three small sealed segments that become one, with superseded records, tombstones and a producer.
struct Scene {
  explicit Scene(FileSystem& fs, const std::string& directory, std::int64_t indexIntervalBytes = 4096) {
    options.segmentBytes = 900;
    options.indexIntervalBytes = indexIntervalBytes;
    cleaning.indexIntervalBytes = indexIntervalBytes;
    options.cleanShutdown = true;
    log = openLog(fs, directory, options);
    harness::Random random(11);
    std::map<std::int64_t, std::int32_t> sequences;
    while (log != nullptr && log->sealed().size() < 3) {
      before.push_back(randomBatch(random, log->logEndOffset(), 1'000'000, sequences));
      if (!append(*log, before.back())) log.reset();
    }
    if (log == nullptr) return;
    cleaning.endOffset = log->active().baseOffset();
    cleaning.nowMs = 2'000'000;
    cleaning.deleteRetentionMs = 1000;
    cleaning.segmentBytes = 4000;
    cleaning.producers = tailsOf(before);
    after = before;
    cleanModel(after, cleaning, cleaning.endOffset, cleaning.endOffset);
  }
  LogOptions options;
  CleaningOptions cleaning;
  std::unique_ptr<Log> log;
  std::vector<TestBatch> before;
  std::vector<TestBatch> after;
};

}  // namespace

TEST(small_segments_become_one_and_leave_nothing_behind) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  Scene scene(fs, directory.path());
  CHECK(scene.log != nullptr);
  CHECK_EQ(clean(*scene.log, scene.cleaning), scene.cleaning.endOffset);
  CHECK_EQ(scene.log->sealed().size(), 1u);
  CHECK(contents(*scene.log) == scene.after);
  const auto replaced = scene.log->takeReplacedFiles();
  CHECK_EQ(replaced.size(), 6u);  // log, index and time index of the two segments behind the first
  for (const std::string& path : replaced) CHECK(path.ends_with(".deleted") && std::filesystem::exists(path));
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/t-0")) {
    const std::string name = entry.path().filename();
    CHECK(!name.ends_with(".cleaned") && !name.ends_with(".swap") && !name.ends_with(".tmp"));
  }
  // Cleaning what is clean changes no file.
  CleaningOptions again = scene.cleaning;
  again.firstDirtyOffset = scene.cleaning.endOffset - 1;
  const auto file = scene.log->sealed()[0].file();
  CHECK_EQ(clean(*scene.log, again), again.endOffset);
  CHECK(scene.log->sealed()[0].file() == file);
}

TEST(readers_keep_what_they_have_while_a_segment_is_replaced) {
  harness::TemporaryDirectory directory;
  QuickFileSystem fs;
  Scene scene(fs, directory.path());
  CHECK(scene.log != nullptr);
  auto read = scene.log->read(0, 1 << 20, scene.log->logEndOffset(), true);
  CHECK(read.ok() && read.value().has_value());
  const FileRegion region = read.value()->region;
  const auto bytesOf = [&region] {
    std::vector<std::uint8_t> bytes(region.sizeBytes);
    if (::pread(region.file->get(), bytes.data(), bytes.size(), static_cast<off_t>(region.position)) < 0) bytes.clear();
    return bytes;
  };
  const auto old = bytesOf();
  CHECK_EQ(clean(*scene.log, scene.cleaning), scene.cleaning.endOffset);
  for (const std::string& path : scene.log->takeReplacedFiles()) std::filesystem::remove(path);
  CHECK(!old.empty() && bytesOf() == old);
  auto again = scene.log->read(0, 1 << 20, scene.log->logEndOffset(), true);
  CHECK(again.ok() && again.value().has_value() && again.value()->region.file->get() != region.file->get());
}

namespace {

/// Searches a log whenever a file is renamed, as a reader may while another thread swaps.
class SearchingFileSystem : public QuickFileSystem {
 public:
  Log* log = nullptr;
  int searched = 0;
  int indexesMade = 0;
  bool searching = false;

  int rename(const char* from, const char* to) override {
    indexesMade += searching && std::string(from).ends_with("index.tmp") ? 1 : 0;
    const int result = QuickFileSystem::rename(from, to);
    if (log != nullptr && !std::exchange(searching, true)) {
      Log* const readable = log;
      for (std::int64_t offset = 0; offset < readable->active().baseOffset(); ++offset) {
        auto read = readable->read(offset, 1, INT64_MAX, true);
        auto newest = readable->findByTimestamp(1'000'000 + offset, INT64_MAX);
        searched += read.ok() && read.value().has_value() && newest.ok() ? 1 : 0;
      }
      searching = false;
    }
    return result;
  }
};

}  // namespace

TEST(a_search_during_a_swap_leaves_the_index_of_the_new_segment_alone) {
  harness::TemporaryDirectory directory;
  SearchingFileSystem fs;
  Scene scene(fs, directory.path(), 100);
  CHECK(scene.log != nullptr);
  auto job = scene.log->beginCleaning(scene.cleaning);
  CHECK(job.ok() && job.value() != nullptr);
  while (job.value()->stage() != CleaningJob::Stage::kDone) {
    const bool swaps = job.value()->stage() == CleaningJob::Stage::kSwapping;
    fs.log = swaps ? scene.log.get() : nullptr;
    CHECK(job.value()->run(1 << 20).ok());
    fs.log = nullptr;
    CHECK(scene.log->continueCleaning(*job.value()) != Log::Cleaning::kCancelled);
  }
  CHECK(fs.searched > 0);
  CHECK_EQ(fs.indexesMade, 0);
  CHECK(contents(*scene.log) == scene.after);
}

TEST(a_log_that_changes_under_a_round_cancels_it) {
  // At each step of the round: retention drops the first segment, or the log is truncated.
  for (const bool truncate : {false, true}) {
    int cancelled = 0;
    for (int at = 0; at < 40; ++at) {
      harness::TemporaryDirectory directory;
      QuickFileSystem fs;
      Scene scene(fs, directory.path());
      CHECK(scene.log != nullptr);
      const std::int64_t secondBase = scene.log->sealed()[1].baseOffset();
      auto job = scene.log->beginCleaning(scene.cleaning);
      CHECK(job.ok() && job.value() != nullptr);
      auto state = Log::Cleaning::kGoesOn;
      std::vector<TestBatch> expected = scene.before;
      for (int step = 0; state == Log::Cleaning::kGoesOn; ++step) {
        const bool ran = job.value()->run(300).ok();
        if (step == at) {
          if (truncate) CHECK(scene.log->truncateTo(secondBase + 1).ok());
          else CHECK(scene.log->dropBelow(secondBase).ok());
        }
        state = scene.log->continueCleaning(*job.value());
        CHECK(ran || state == Log::Cleaning::kCancelled);
      }
      if (state == Log::Cleaning::kCancelled) {
        job.value()->abandon();
        ++cancelled;
      }
      const auto found = contents(*scene.log);
      CHECK(found.has_value());
      scene.log.reset();
      auto again = openLog(posixFileSystem(), directory.path(), scene.options);
      CHECK(again != nullptr);
      CHECK(contents(*again) == found);
    }
    CHECK(cancelled >= 3);
  }
}

TEST(the_nth_call_of_a_round_fails_and_the_log_is_old_or_new) {
  int failures = 0;
  bool wasOld = false;
  bool wasNew = false;
  for (const int error : {EIO, ENOSPC}) {
    for (int failAt = 0; failAt < 40; ++failAt) {
      harness::TemporaryDirectory directory;
      FaultyFileSystem fs;
      fs.quick = true;
      Scene scene(fs, directory.path());
      CHECK(scene.log != nullptr);
      fs.error = error;
      fs.failAt = fs.calls + failAt;
      if (clean(*scene.log, scene.cleaning) < 0) {
        ++failures;
        CHECK(contents(*scene.log) == scene.before);  // what was open stays readable
      }
      scene.log.reset();
      auto again = openLog(posixFileSystem(), directory.path(), scene.options);
      CHECK(again != nullptr);
      const auto found = contents(*again);
      CHECK(found == scene.before || found == scene.after);
      wasOld = wasOld || found == scene.before;
      wasNew = wasNew || found == scene.after;
    }
  }
  CHECK(failures >= 20 && wasOld && wasNew);
}

// Power is lost at every call of a round and, in a second turn, at every call of the recovery from that.
TEST(a_crash_at_any_step_of_the_swap_ends_in_the_old_or_the_new_state) {
  int images = 0;
  int old = 0;
  for (int crashAt = 0;; ++crashAt) {
    bool reached = false;
    for (unsigned long long seed = 1; seed <= 24; ++seed) {
      harness::Random random(seed * 1000 + static_cast<unsigned long long>(crashAt));
      harness::TemporaryDirectory directory;
      CrashFileSystem fs(directory.path() + "/t-0", directory.path() + "/side");
      Scene scene(fs, directory.path());
      CHECK(scene.log != nullptr);
      fs.assumeSynced();
      fs.crashAt = fs.calls + crashAt;
      (void)clean(*scene.log, scene.cleaning);
      reached = fs.crashed();
      scene.log.reset();
      fs.recoverImage(random);
      const int recoveryCrash = seed % 3 == 0 ? static_cast<int>(random.below(12)) : -1;
      if (recoveryCrash >= 0) {
        CrashFileSystem second(directory.path() + "/t-0", directory.path() + "/side2");
        second.assumeSynced();
        second.crashAt = recoveryCrash;
        (void)openLog(second, directory.path(), scene.options);
        second.recoverImage(random);
      }
      auto again = openLog(posixFileSystem(), directory.path(), scene.options);
      if (again == nullptr) std::printf("    crash at call %d seed %llu: the log does not open\n", crashAt, seed);
      CHECK(again != nullptr);
      const auto found = contents(*again);
      if (found != scene.before && found != scene.after) std::printf("    crash at call %d seed %llu\n", crashAt, seed);
      CHECK(found == scene.before || found == scene.after);
      if (!reached) CHECK(found == scene.after);
      if (found == scene.before) ++old;
      ++images;
    }
    if (!reached) break;
  }
  CHECK(images > 400 && old > 100 && old < images);
}
