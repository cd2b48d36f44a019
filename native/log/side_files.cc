#include "side_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "../base/unique_fd.h"

namespace millrace {
namespace {

constexpr std::size_t kMostBytes = 64 << 10;

bool isSideFile(const std::string& name) {
  if (name == "leader-epoch-checkpoint" || name == "partition.metadata") return true;
  return name.size() == 29 && name.ends_with(".snapshot") && name.find_first_not_of("0123456789") == 20;
}

std::optional<std::vector<std::uint8_t>> readSmall(FileSystem& fs, const std::string& path) {
  const UniqueFd fd(fs.open(path.c_str(), O_RDONLY, 0));
  if (!fd.valid()) return std::nullopt;
  std::vector<std::uint8_t> bytes(512);
  for (std::size_t size = 0;;) {
    const ssize_t got = fs.pread(fd.get(), bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    size += static_cast<std::size_t>(got);
    if (got == 0) {
      bytes.resize(size);
      return bytes;
    }
    if (size < bytes.size()) continue;
    if (size >= kMostBytes) return std::nullopt;
    bytes.resize(std::min(size * 4, kMostBytes));
  }
}

}  // namespace

std::string readTopicId(FileSystem& fs, const std::string& directory) {
  constexpr std::string_view kLabel = "topic_id: ";
  constexpr std::size_t kIdSize = 22;
  const auto bytes = readSmall(fs, directory + "/partition.metadata");
  if (!bytes.has_value()) return {};
  const std::string text(bytes->begin(), bytes->end());
  const auto label = text.find(kLabel);
  if (label == std::string::npos) return {};
  std::string id = text.substr(label + kLabel.size(), kIdSize);
  const bool none = id.size() < kIdSize || id.find_first_not_of('A') == std::string::npos;
  return none ? std::string() : id;
}

std::vector<SideFile> readSideFiles(FileSystem& fs, const std::string& directory) {
  std::vector<SideFile> files;
  std::vector<std::string> names;
  if (fs.list(directory.c_str(), names) != 0) return files;
  for (std::string& name : names) {
    if (!isSideFile(name)) continue;
    auto bytes = readSmall(fs, directory + "/" + name);
    files.push_back({std::move(name), std::move(bytes)});
  }
  return files;
}

}  // namespace millrace
