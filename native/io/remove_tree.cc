#include "remove_tree.h"

#include <cerrno>
#include <vector>

#include "file.h"

namespace millrace {

Status removeTree(FileSystem& fs, const std::string& path) {
  if (fs.unlink(path.c_str()) == 0 || errno == ENOENT) return Done{};
  // What unlink says of a directory differs from one file system to another (EISDIR, EPERM).
  const int code = errno;
  std::vector<std::string> names;
  if (fs.list(path.c_str(), names) != 0) return systemError("unlink", path, errno == ENOTDIR ? code : errno);
  for (const std::string& name : names) {
    if (auto status = removeTree(fs, path + "/" + name); !status.ok()) return status;
  }
  if (fs.rmdir(path.c_str()) != 0 && errno != ENOENT) return systemError("rmdir", path, errno);
  return Done{};
}

}  // namespace millrace
