#pragma once

#include <string>

#include "../base/result.h"
#include "file_system.h"

namespace millrace {

/// Removes a file, or a directory with everything in it; nothing happens when it does not exist. Waits for the disk: not for the
/// loop. The caller syncs the directory that held it.
Status removeTree(FileSystem& fs, const std::string& path);

}  // namespace millrace
