#pragma once

#include <cstdint>
#include <memory>

#include "../base/unique_fd.h"

namespace millrace {

/// Bytes of a segment file on their way to a socket. The shared descriptor is the pin: the bytes stay readable at this
/// position while the region lives, although the log may have deleted, renamed or closed the segment meanwhile.
/// `position + sizeBytes` never exceeds what was in the file when the region was made.
struct FileRegion {
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t position = 0;
  std::uint64_t sizeBytes = 0;
  std::uint32_t account = 0;  ///< of its topic, for counting what is sent; 0: of none
};

}  // namespace millrace
