#include "load_progress.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "segment.h"

namespace millrace {

std::uint64_t bytesToCheck(const std::string& directory, std::int64_t recoveryPoint) {
  DIR* const handle = ::opendir(directory.c_str());
  if (handle == nullptr) return 0;
  std::vector<std::int64_t> bases;
  while (const dirent* const entry = ::readdir(handle)) {
    const std::string name = entry->d_name;
    if (name.size() == 24 && name.ends_with(".log") && name.find_first_not_of("0123456789") == 20)
      bases.push_back(std::strtoll(name.c_str(), nullptr, 10));
  }
  ::closedir(handle);
  std::sort(bases.begin(), bases.end());
  const auto behind = std::upper_bound(bases.begin(), bases.end(), recoveryPoint);
  std::uint64_t sum = 0;
  for (auto base = behind == bases.begin() ? behind : std::prev(behind); base != bases.end(); ++base) {
    struct stat info {};
    if (::stat((directory + "/" + offsetFileName(*base) + ".log").c_str(), &info) == 0) sum += static_cast<std::uint64_t>(info.st_size);
  }
  return sum;
}

}  // namespace millrace
