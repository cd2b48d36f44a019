#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../base/result.h"
#include "../io/file_system.h"
#include "segment.h"

namespace millrace {

// How a cleaned segment takes the place of the segments it was made from, with the names Kafka uses:
//
//   1. `.log.cleaned`, `.index.cleaned`, `.timeindex.cleaned`, perhaps `.txnindex.cleaned` are complete and on the medium     a crash: they are removed
//   2. renamed to `.swap`, the log last; directory synced                                         a crash before the sync: removed or 3
//   3. the segments behind the first that the new one covers become `.deleted`; directory synced  a crash: recovery does 3 and 4
//   4. `.swap` is taken off, the log last; directory synced                                       a crash: recovery does 4
//
// The first old segment has the new one's name: step 4 replaces it. Its readers keep its descriptor.

inline constexpr const char* kCleanedSuffix = ".cleaned";
inline constexpr const char* kSwapSuffix = ".swap";

/// A replacement under way, shared by the log (loop thread) and the thread that renames. Whoever holds the mutex decides.
struct SegmentSwap {
  enum class State { kOffered, kCancelled, kDone, kFailed };

  std::mutex mutex;
  State state = State::kOffered;                ///< guarded by mutex
  std::vector<std::string> deletedFiles;        ///< guarded by mutex; to be unlinked later
  std::vector<std::shared_ptr<File>> oldFiles;  ///< of the old segments, in order
  std::vector<std::string> oldStems;
  std::optional<SegmentView> segment;  ///< the new one, with its final names
};

/// Steps 2 to 4, unless the log cancelled. Any thread. An error leaves the directory to recovery: the log must not be written any more.
Status performSwap(FileSystem& fs, const std::string& directory, SegmentSwap& swap);

/// Removes the `.cleaned` files of a segment, as far as they are there.
void removeCleaned(FileSystem& fs, const std::string& stem);

/// Finishes or undoes what a crash interrupted. Before anything else is done with the directory.
Status recoverSwaps(FileSystem& fs, const std::string& directory);

}  // namespace millrace
