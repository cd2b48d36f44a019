#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../base/result.h"
#include "../io/file.h"
#include "helper_threads.h"

namespace millrace {

/// What has to reach the medium for one log; shared by the loop thread (which marks) and the flusher (which syncs).
struct FlushWork {
  explicit FlushWork(std::uint32_t id, std::shared_ptr<const Folder> folder, FileSystem& fs) : logId(id), folder(std::move(folder)), fs(&fs) {}

  const std::uint32_t logId;
  const std::shared_ptr<const Folder> folder;
  FileSystem* const fs;
  std::mutex mutex;
  /// Guarded by mutex. Sealed files not synced yet, oldest first, then the active one.
  std::vector<std::shared_ptr<File>> dirty;
  /// Index files of sealed segments that are not synced yet, by their names: below the recovery point they are trusted.
  std::vector<std::string> dirtyNames;
  /// Everything below it is in the dirty files or on the medium already.
  std::int64_t endOffset = 0;
  /// A segment file was created or renamed since the last sync of the directory.
  bool directoryDirty = false;
  bool queued = false;
  /// The log is closed for deletion: its directory may be renamed at any moment from now on, also under a sync that has begun.
  bool abandoned = false;
  /// How often a flush was asked for since the last one began: the group's size.
  std::uint32_t requests = 0;
  /// Ever appended; ever synced or being synced.
  std::uint64_t appendedBytes = 0;
  std::uint64_t begunBytes = 0;
};

/// Counts by power of two: bucket i has what lies above 2^(i-1), up to 2^i; the last one everything above as well.
struct Distribution {
  static constexpr std::size_t kBuckets = 33;
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t sum = 0;

  void record(std::uint64_t value) noexcept {
    const auto bucket = value <= 1 ? std::size_t{0} : static_cast<std::size_t>(std::bit_width(value - 1));
    ++counts[std::min(bucket, kBuckets - 1)];
    sum += value;
  }
};

/// Takes back what `Flusher::syncNow` took and could not even try: it is as dirty as before.
void restore(FlushWork& work, const std::vector<std::shared_ptr<File>>& files, const std::vector<std::string>& names, bool directory);

/// What one call of `Flusher::syncNow` did.
struct FlushGroup {
  std::uint32_t requests = 0;  ///< answered
  std::uint64_t bytes = 0;     ///< appended since the sync before
  std::vector<std::uint64_t> syncUs;  ///< of each fdatasync: one, or more when segments were rolled
};

/// For a log that is about to be deleted; call it before its directory is touched.
inline void abandon(FlushWork& work) {
  const std::lock_guard lock(work.mutex);
  work.abandoned = true;
  work.dirty.clear();
  work.dirtyNames.clear();
  work.directoryDirty = false;
}

struct FlushResult {
  std::uint32_t logId;
  std::int64_t flushedOffset;
};

/// A log that cannot be synced for want of a descriptor waits for one, and with it who asked.
///
/// One thread per log directory that answers many flush requests with one fdatasync per dirty file: whatever is appended while
/// a round is running is covered by the next round. A round of many logs is shared with helper threads, each log synced by one
/// of them; a log is reported as soon as all of it is on the medium. `request` is for the loop thread, the notification comes
/// on the flusher's own threads, several at once, and must only wake the loop, which then takes the results with `drain`.
class Flusher {
 public:
  /// At most so many threads sync at once, the flusher's own among them.
  static constexpr std::size_t kMostThreads = 8;
  /// Rounds of fewer logs stay on the flusher's own thread.
  static constexpr std::size_t kManyLogs = 4;

  explicit Flusher(std::function<void()> notify);
  /// Finishes the round that is running and ends the thread; requests not begun are dropped.
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  void request(const std::shared_ptr<FlushWork>& work, std::uint32_t requests = 1);
  /// Results since the last call. Nothing more comes after a failure, and nothing more is synced.
  [[nodiscard]] std::vector<FlushResult> drain();
  /// The first failed sync, once the results from before it are drained. Final: the directory must be reopened and recovered.
  [[nodiscard]] bool takeFailure(Error& into);
  /// Whether a log has waited for a descriptor since the last call.
  [[nodiscard]] bool takeShortOfDescriptors() noexcept { return shortOfDescriptors_.exchange(false, std::memory_order_relaxed); }

  struct Statistics {
    std::uint64_t flushes = 0;
    std::uint64_t requests = 0;
    std::uint64_t totalUs = 0;   ///< while rounds ran; less than the sum of `syncUs` where syncs overlap
    Distribution groupRequests;  ///< requests that one sync of a log answered
    Distribution groupBytes;     ///< bytes that it covered
    Distribution syncUs;         ///< of each fdatasync
  };
  [[nodiscard]] Statistics statistics();

  /// Syncs one log now, on the caller's thread (close, checkpoints). kNoDescriptors: a file or the directory could not be opened,
  /// nothing is lost and everything is dirty still.
  [[nodiscard]] static Result<std::int64_t> syncNow(FlushWork& work, FlushGroup* group = nullptr);

 private:
  void run();
  void syncAndReport(const std::shared_ptr<FlushWork>& work);
  [[nodiscard]] bool stopping();
  void count(const FlushGroup& group);

  std::function<void()> notify_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<FlushWork>> queue_;
  std::vector<FlushResult> results_;
  Statistics statistics_;
  std::chrono::steady_clock::time_point countedUntil_;  ///< what `totalUs` has of the round
  std::unique_ptr<Error> failure_;
  std::atomic<bool> shortOfDescriptors_ = false;
  bool failed_ = false;
  bool stopping_ = false;
  HelperThreads helpers_{kMostThreads};
  std::thread thread_;
};

}  // namespace millrace
