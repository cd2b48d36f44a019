#include "mount_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace millrace {
namespace {

bool isReadOnly(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY;
}

}  // namespace

int MountFileSystem::open(const char* path, int flags, mode_t mode) {
  struct stat info {};
  if ((flags & O_ACCMODE) == O_RDONLY || ::lstat(path, &info) != 0 || !S_ISLNK(info.st_mode)) return FileSystem::open(path, flags, mode);
  return openUnnoticed(path);
}

int MountFileSystem::fdatasync(int fd) { return isReadOnly(fd) ? 0 : FileSystem::fdatasync(fd); }

int MountFileSystem::ftruncate(int fd, off_t size) { return isReadOnly(fd) ? 0 : FileSystem::ftruncate(fd, size); }

FileSystem& mountFileSystem() {
  static MountFileSystem mount;
  return mount;
}

}  // namespace millrace
