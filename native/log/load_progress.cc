#include "load_progress.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "segment.h"

namespace millrace {

std::uint64_t bytesToCheck(FileSystem& fs, const std::string& directory, std::int64_t recoveryPoint) {
  std::vector<std::string> names;
  if (fs.list(directory.c_str(), names) != 0) return 0;
  std::vector<std::int64_t> bases;
  for (const std::string& name : names) {
    if (name.size() == 24 && name.ends_with(".log") && name.find_first_not_of("0123456789") == 20)
      bases.push_back(std::strtoll(name.c_str(), nullptr, 10));
  }
  std::sort(bases.begin(), bases.end());
  const auto behind = std::upper_bound(bases.begin(), bases.end(), recoveryPoint);
  std::uint64_t sum = 0;
  for (auto base = behind == bases.begin() ? behind : std::prev(behind); base != bases.end(); ++base) {
    FileStatus status;
    if (fs.statusOf((directory + "/" + offsetFileName(*base) + ".log").c_str(), status) == 0) sum += static_cast<std::uint64_t>(status.sizeBytes);
  }
  return sum;
}

}  // namespace millrace
