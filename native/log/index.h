#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../base/result.h"
#include "../io/file_system.h"

namespace millrace {

/// Kafka's `.index`: 8-byte entries (int32 offset relative to the segment's base, int32 position), strictly increasing in both.
/// An entry holds the last offset of the batch that begins at `position`; a look-up starts at the greatest entry that is ≤ the
/// offset wanted and walks forward.
struct OffsetEntry {
  std::int32_t relativeOffset;
  std::int32_t position;
};

/// Kafka's `.timeindex`: 12-byte entries (int64 timestamp, int32 relative offset). The entry says that everything up to and
/// including the offset has a timestamp ≤ `timestampMs`. Both increase; the last entry is written when the segment is sealed.
struct TimeEntry {
  std::int64_t timestampMs;
  std::int32_t relativeOffset;
};

inline constexpr std::size_t kOffsetEntryBytes = 8;
inline constexpr std::size_t kTimeEntryBytes = 12;

/// Both indexes of one segment, in memory. The file is written when the segment is sealed or closed and read back when it is
/// opened: an index says nothing that the log does not, so after a crash it is rebuilt from there. Never mapped for writing:
/// a full disk is an error code here, not SIGBUS.
class SegmentIndex {
 public:
  void addOffset(std::int32_t relativeOffset, std::int32_t position);
  /// Ignored unless both grow (a later batch with an older timestamp adds nothing).
  void addTime(std::int64_t timestampMs, std::int32_t relativeOffset);
  /// Position to walk from for `relativeOffset`: 0 when no entry is at or below it.
  [[nodiscard]] std::int32_t lookup(std::int32_t relativeOffset) const noexcept;
  /// Greatest indexed position ≤ `position` (0 when there is none).
  [[nodiscard]] std::int32_t floorPosition(std::int64_t position) const noexcept;
  /// Relative offset to walk from for a timestamp: that of the greatest entry with a timestamp < it, 0 when there is none.
  [[nodiscard]] std::int32_t lookupTime(std::int64_t timestampMs) const noexcept;
  void truncate(std::int32_t relativeOffset);
  void clear();
  [[nodiscard]] std::size_t offsetEntries() const noexcept { return offsets_.size(); }
  [[nodiscard]] std::size_t timeEntries() const noexcept { return times_.size(); }
  [[nodiscard]] const std::vector<OffsetEntry>& offsets() const noexcept { return offsets_; }
  [[nodiscard]] const std::vector<TimeEntry>& times() const noexcept { return times_; }

  /// `stem` is the path without `.index` / `.timeindex`; `suffix` follows them (`.cleaned`).
  Status store(FileSystem& fs, const std::string& stem, bool sync, const char* suffix = "") const;
  /// False when a file is missing or not a sane index for a log of `logBytes`: then it is rebuilt.
  [[nodiscard]] bool load(FileSystem& fs, const std::string& stem, std::uint64_t logBytes);

 private:
  std::vector<OffsetEntry> offsets_;
  std::vector<TimeEntry> times_;
};

}  // namespace millrace
