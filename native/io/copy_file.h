#pragma once

#include <cstdint>
#include <string>

#include "../base/result.h"
#include "file_system.h"

namespace millrace {

/// Copies `sizeBytes` bytes at `position` of the file `from` to the same place of the file `to`, which is created when it is not
/// there; -1: to the end of the file. Nothing is synced. Returns how much was copied. Waits for the medium: for worker threads.
/// Errors name the file that failed; a source that ends early is kCorrupt.
[[nodiscard]] Result<std::int64_t> copyFileRange(FileSystem& fs, const std::string& from, const std::string& to, std::int64_t position, std::int64_t sizeBytes);

}  // namespace millrace
