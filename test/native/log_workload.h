#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../native/log/log.h"
#include "clean_model.h"
#include "harness.h"
#include "memory_disk.h"

/// A batch that the model knows. Of one that the cleaner is to write anew the bytes, and so the CRC, are not known before.
struct KnownBatch {
  std::int64_t baseOffset = 0;
  std::int64_t lastOffset = 0;
  std::optional<std::uint32_t> crc;
  std::shared_ptr<const TestBatch> content;
};
using KnownBatches = std::vector<KnownBatch>;

/// What a log may be found to be.
struct Allowed {
  /// Every state that it may be in but for unacknowledged batches at the end. Batches below `startOffset` may be there or not.
  std::vector<KnownBatches> states;
  std::int64_t leastStart = 0;   ///< what was answered about deleted records holds
  std::int64_t startOffset = 0;  ///< at most
  std::int64_t ackedOffset = 0;  ///< everything below it must be there
};

/// A batch as it lies in a log.
struct SeenBatch {
  millrace::BatchHeader header;
  std::vector<std::uint8_t> bytes;
};

/// What a power cut leaves, one way in four.
MemoryDisk::Left randomLeft(harness::Random& random);

/// Every batch of the log's files; nullopt and a reason when there is one that is not whole or has a wrong CRC.
std::optional<std::vector<SeenBatch>> batchesOf(const millrace::Log& log, std::string& reason);

/// Opens the log of a disk as a broker does: checkpoints and the marker of a clean stop are read, the marker is removed.
millrace::Result<std::unique_ptr<millrace::Log>> openOn(MemoryDisk& disk, millrace::LogOptions options);

/// Opens the log on `disk` and says what is wrong with it; empty when nothing is. `found`: what was in it.
std::string checkRecovered(MemoryDisk& disk, const millrace::LogOptions& options, const Allowed& allowed, harness::Random& random, int depth,
                           KnownBatches* found = nullptr, std::unique_ptr<millrace::Log>* opened = nullptr);

/// Says what of the log's look-ups (by offset, by timestamp) does not agree with its batches; empty when all do.
std::string checkLookups(millrace::Log& log, const std::vector<SeenBatch>& batches, harness::Random& random);

/// The life of one log on a disk in memory, in random steps, with a model in plain arrays beside it. Everything follows from the seed.
class LogWorkload {
 public:
  struct Settings {
    /// At each sync and each step's end so many power cuts are tried and recovered from, beside the steps' own. 0: none.
    int powerCutsPerSync = 0;
    bool cutsAreSteps = true;  ///< power cuts and kills that the log goes on from
    bool lyingDisk = false;
    /// As with `millrace.flush.mode=os`: records are committed, and so deleted, before they are synced.
    bool commitsUnsynced = false;
    int depth = 2;  ///< power cuts during the recovery from a power cut
  };

  LogWorkload(unsigned long long seed, const Settings& settings);

  /// False when something is wrong; `reason` says what.
  bool run(int steps);
  /// Opens the log for the first time. False when the disk failed.
  bool begin();
  /// One random step. False when something is wrong, or the disk has failed (`offline`).
  bool step();
  /// Whether the log of the disk as it is now, after its process died or power was cut, is what it may be.
  bool checkAfterFailure();

  [[nodiscard]] MemoryDisk& disk() { return *disk_; }
  [[nodiscard]] bool offline() const noexcept { return offline_; }
  std::string reason;
  const char* doing = "";
  long images = 0;
  long steps = 0;

 private:
  struct Pending {
    std::unique_ptr<MemoryDisk> disk;
    MemoryDisk::PowerCut cut;
  };
  enum class Op { kAppend, kFlush, kRoll, kTruncate, kRestart, kRetain, kDeleteRecords, kClean, kCheckpoint, kReopen, kKill, kPowerCut, kReplace, kRead };

  [[nodiscard]] Op choose();
  millrace::Status perform(Op op);
  millrace::Status append();
  millrace::Status flush();
  millrace::Status truncate();
  millrace::Status restart();
  millrace::Status retain();
  millrace::Status deleteRecords();
  millrace::Status clean();
  millrace::Status checkpoint(std::int64_t recoveryPoint, std::int64_t logStartOffset);
  millrace::Status lowerCheckpoint(std::int64_t offset);
  millrace::Status reopen();
  millrace::Status replace();
  millrace::Status read();
  millrace::Status open();
  millrace::Status kill();
  [[nodiscard]] std::int64_t hauntedBelow() const;
  void powerCut();
  void collect();
  [[nodiscard]] bool checkImages();
  [[nodiscard]] bool checkLive();
  [[nodiscard]] bool checkOpenLog();
  [[nodiscard]] Allowed allowed() const;
  [[nodiscard]] std::int64_t committed() const { return settings_.commitsUnsynced ? end_ : acked_; }
  bool wrong(std::string why);

  Settings settings_;
  harness::Random random_;
  std::unique_ptr<MemoryDisk> disk_;
  millrace::LogOptions options_;
  std::unique_ptr<millrace::Log> log_;
  std::vector<Pending> pending_;
  std::map<std::int64_t, std::int32_t> sequences_;

  // The model. `ghosts_`: deleted by retention, but perhaps still there after a crash.
  KnownBatches batches_;
  KnownBatches ghosts_;
  std::int64_t start_ = 0;
  std::int64_t end_ = 0;
  std::int64_t acked_ = 0;
  std::int64_t checkpointed_ = 0;  ///< largest recovery point that may be on the medium
  std::int64_t keptStart_ = 0;     ///< log start that the checkpoints have on the medium
  std::int64_t cleanedOffset_ = 0;
  std::int64_t nowMs_ = 1'000'000;
  /// States during the step, beside the ones before and after it.
  std::vector<KnownBatches> between_;
  Allowed before_;
  int deletions_ = 0;
  bool offline_ = false;
};
