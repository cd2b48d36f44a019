#pragma once

#include <cstdint>
#include <string>

#include "segment.h"

namespace millrace {

// What recovery takes out of a log and keeps, in files that nothing ever replaces: a second recovery of the same place makes
// `<name>.quarantine.1`, and so on.

/// Keeps what lies behind `from` in `<base>.log.<from>.quarantine`; it is on the medium when this returns.
Status keepTail(FileSystem& fs, const SegmentView& segment, std::int64_t from);

/// Takes the segment `baseOffset` out of its log: an empty one is removed, another one's log becomes `<base>.log.quarantine`.
Status quarantineSegment(FileSystem& fs, const Folder& folder, std::int64_t baseOffset, bool empty);

}  // namespace millrace
