#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../io/file_system.h"

namespace millrace {

/// A file beside the segments of a log: leader epochs, the topic's id, a snapshot of producers.
struct SideFile {
  std::string name;
  std::optional<std::vector<std::uint8_t>> bytes;  ///< nothing when it is large or cannot be read
};

/// All of them, for whoever loads the log: one visit of a worker thread instead of several for each file.
[[nodiscard]] std::vector<SideFile> readSideFiles(FileSystem& fs, const std::string& directory);

/// The topic that `partition.metadata` in `directory` names, as its 22 characters; empty when it names none.
[[nodiscard]] std::string readTopicId(FileSystem& fs, const std::string& directory);

}  // namespace millrace
