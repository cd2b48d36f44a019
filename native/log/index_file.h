#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "../base/result.h"
#include "../io/file_system.h"
#include "index.h"

namespace millrace {

/// Looks entries up in the index files of a sealed segment where they lie: a binary search by pread, the last few KiB read at once.
/// Nothing is kept, neither memory nor a descriptor. Cost when the file is in the page cache: one open and 1 to 12 reads.
/// A file that is not there has no entries. Zeros behind the first entry count as the end (a preallocated file).
class IndexFile {
 public:
  /// `stem` is the path without `.index` / `.timeindex`.
  IndexFile(FileSystem& fs, std::string stem) : fs_(fs), stem_(std::move(stem)) {}

  /// The greatest entry at or below `relativeOffset`.
  [[nodiscard]] Result<std::optional<OffsetEntry>> floorOffset(std::int32_t relativeOffset) const;
  /// The greatest entry whose position is at or below `position`.
  [[nodiscard]] Result<std::optional<OffsetEntry>> floorPosition(std::int64_t position) const;
  /// The greatest entry with a timestamp below `timestampMs`.
  [[nodiscard]] Result<std::optional<TimeEntry>> below(std::int64_t timestampMs) const;
  /// The one at the very end of the file, be it zeros.
  [[nodiscard]] Result<std::optional<TimeEntry>> last() const;

  /// How many entries the files have room for, by their size; nullopt when they cannot be those of a log with records.
  struct Counts {
    std::size_t offsets;
    std::size_t times;
  };
  [[nodiscard]] std::optional<Counts> counts() const;

 private:
  FileSystem& fs_;
  const std::string stem_;
};

}  // namespace millrace
