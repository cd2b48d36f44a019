#include "folder.h"

#include <cerrno>
#include <mutex>

#include "file.h"

namespace millrace {
namespace {

/// `call` with the path of `name`, and errno as it leaves it.
template <typename Call>
int at(std::shared_mutex& mutex, const std::string& directory, const std::string& name, Call call) {
  int result = -1;
  int code = 0;
  {
    const std::shared_lock lock(mutex);
    const std::string path = directory + "/" + name;
    result = call(path.c_str());
    code = errno;
  }
  errno = code;
  return result;
}

}  // namespace

std::string Folder::path() const {
  const std::shared_lock lock(mutex_);
  return path_;
}

int Folder::open(FileSystem& fs, const std::string& name, int flags, mode_t mode) const {
  return at(mutex_, path_, name, [&](const char* path) { return fs.open(path, flags, mode); });
}

int Folder::statusOf(FileSystem& fs, const std::string& name, FileStatus& into) const {
  return at(mutex_, path_, name, [&](const char* path) { return fs.statusOf(path, into); });
}

Status Folder::sync(FileSystem& fs) const {
  // Not under the lock: a sync takes long, and whoever renames would wait for it.
  for (std::string path = this->path();;) {
    if (fs.syncDirectory(path.c_str()) == 0) return Done{};
    const int code = errno;
    std::string now = this->path();
    if (code != ENOENT || now == path) return systemError("fsync", path, code);
    path = std::move(now);
  }
}

Status Folder::rename(FileSystem& fs, std::string to) {
  const std::unique_lock lock(mutex_);
  if (fs.rename(path_.c_str(), to.c_str()) != 0) return systemError("rename", path_, errno);
  path_ = std::move(to);
  return Done{};
}

}  // namespace millrace
