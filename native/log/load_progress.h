#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "../io/file_system.h"

namespace millrace {

/// How far a log, or all of one directory, is checked, and whether to go on. The threads that load write and read it, the loop too.
struct LoadProgress {
  /// Of batches whose headers or CRCs recovery has walked.
  std::atomic<std::uint64_t> checkedBytes{0};
  /// Logs that are being loaded end with kClosed at their next batch, those that are to be loaded at once. Nothing of them has changed then.
  std::atomic<bool> cancelled{false};
  /// Of the directory, for that of a log.
  LoadProgress* all = nullptr;

  [[nodiscard]] bool isCancelled() const noexcept {
    return cancelled.load(std::memory_order_relaxed) || (all != nullptr && all->isCancelled());
  }
  void checked(std::uint64_t bytes) noexcept {
    checkedBytes.fetch_add(bytes, std::memory_order_relaxed);
    if (all != nullptr) all->checked(bytes);
  }
};

/// What recovery may have to walk of the log in `directory`: the sizes of its segments from the one that holds `recoveryPoint` on.
/// 0 when it is not there. Cost: one look at the directory, one stat a segment.
[[nodiscard]] std::uint64_t bytesToCheck(FileSystem& fs, const std::string& directory, std::int64_t recoveryPoint);

}  // namespace millrace
