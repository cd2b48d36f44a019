#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "segment.h"

namespace millrace {

/// What recovery found at `from`, where a segment's valid batches end although its file goes on.
struct Damage {
  enum class Kind {
    /// What a crash leaves of the last writes: nothing valid behind it. The tail is cut off.
    kTornTail,
    /// A crash, too: blocks that were never written (zeros) before others of the same unsynced writes that were. Everything from there on
    /// goes, but is kept beside the log.
    kTornMiddle,
    /// What was written has changed. Nothing is cut: a person decides.
    kBroken,
  };
  Kind kind = Kind::kTornTail;
  std::int64_t from = 0;
  /// Position of the next valid batch, the file's size when there is none.
  std::int64_t to = 0;
  /// Offset of the next valid batch of the log; -1: there is none.
  std::int64_t nextGoodOffset = -1;
};

/// Judges the bytes from `from` on, where no valid batch begins. `nextBase`: of the segment behind this one, -1 for the last one. What
/// was below `recoveryPoint` was on the medium: that it is not there any more is no crash's doing. Cost: one pass over the bytes up
/// to the next valid batch.
[[nodiscard]] Result<Damage> judgeDamage(const SegmentView& segment, std::int64_t from, std::int64_t nextBase, std::int64_t recoveryPoint);

/// The error that keeps a broken log from being opened: offset range, file, positions.
[[nodiscard]] Error brokenLog(const SegmentView& segment, const Damage& damage);

/// Cuts the segment's file at `damage.from`; what lay behind it is quarantined before when valid batches are among it.
Status cutOff(FileSystem& fs, SegmentView& segment, const Damage& damage);

}  // namespace millrace
