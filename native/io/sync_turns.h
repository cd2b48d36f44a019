#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace millrace {

/// Syncs of a device go before reads that have time: who is about to load a part of a file waits for the syncs under way. A device answers
/// in the order of what it was given, and a virtual one stops for everybody when too much is; a producer waits for its sync, a consumer
/// of old records for one part of very many. Devices share places by number, which costs a needless wait and nothing else. Thread-safe.
class SyncTurns {
  struct Place {
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t underWay = 0;
    std::uint64_t waits = 0;
  };

 public:
  /// Behind syncs without end a load still goes on, a piece each time.
  static constexpr std::chrono::milliseconds kMostWait{5};

  explicit SyncTurns(std::chrono::milliseconds mostWait = kMostWait) : mostWait_(mostWait) {}
  SyncTurns(const SyncTurns&) = delete;
  SyncTurns& operator=(const SyncTurns&) = delete;

  /// While one lives a sync of the device is under way.
  class Sync {
   public:
    Sync(SyncTurns& turns, dev_t device);
    ~Sync();
    Sync(const Sync&) = delete;
    Sync& operator=(const Sync&) = delete;

   private:
    Place& place_;
  };

  /// Returns when no sync of the device is under way, or after the longest wait.
  void letSyncsPass(dev_t device);
  /// How often `letSyncsPass` has waited.
  [[nodiscard]] std::uint64_t waits(dev_t device);

 private:
  [[nodiscard]] Place& placeOf(dev_t device) noexcept { return places_[device % places_.size()]; }

  const std::chrono::milliseconds mostWait_;
  std::array<Place, 16> places_;
};

/// Of this process.
[[nodiscard]] SyncTurns& syncTurns();

}  // namespace millrace
