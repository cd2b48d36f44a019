#include "file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "../base/unique_fd.h"

namespace millrace {

int FileSystem::open(const char* path, int flags, mode_t mode) { return ::open(path, flags | O_CLOEXEC, mode); }
ssize_t FileSystem::pwritev(int fd, const struct iovec* parts, int count, off_t position) { return ::pwritev(fd, parts, count, position); }
ssize_t FileSystem::pread(int fd, void* into, std::size_t size, off_t position) { return ::pread(fd, into, size, position); }
int FileSystem::fdatasync(int fd) { return ::fdatasync(fd); }
int FileSystem::ftruncate(int fd, off_t size) { return ::ftruncate(fd, size); }
int FileSystem::rename(const char* from, const char* to) { return ::rename(from, to); }
int FileSystem::unlink(const char* path) { return ::unlink(path); }
int FileSystem::mkdir(const char* path, mode_t mode) { return ::mkdir(path, mode); }

int FileSystem::reserve(int fd, off_t size) { return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size); }

int FileSystem::fallocate(int fd, off_t size) {
  const int code = ::posix_fallocate(fd, 0, size);
  if (code == 0) return 0;
  errno = code;
  return -1;
}

int FileSystem::syncDirectory(const char* path) {
  const UniqueFd fd(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return -1;
  return ::fsync(fd.get());
}

FileSystem& posixFileSystem() {
  static FileSystem real;
  return real;
}

}  // namespace millrace
