#include "file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "../base/unique_fd.h"
#include "reads_at_once.h"
#include "sync_turns.h"

namespace millrace {

int openUnnoticed(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
  return fd < 0 && errno == EPERM ? ::open(path, O_RDONLY | O_CLOEXEC) : fd;
}

int FileSystem::open(const char* path, int flags, mode_t mode) { return ::open(path, flags | O_CLOEXEC, mode); }
ssize_t FileSystem::pwritev(int fd, const struct iovec* parts, int count, off_t position) { return ::pwritev(fd, parts, count, position); }
ssize_t FileSystem::pread(int fd, void* into, std::size_t size, off_t position) {
  ReadsAtOnce* const atOnce = ReadsAtOnce::current();
  return atOnce == nullptr ? ::pread(fd, into, size, position) : atOnce->pread(fd, into, size, position);
}
int FileSystem::fdatasync(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return -1;
  const SyncTurns::Sync sync(syncTurns(), info.st_dev);
  return ::fdatasync(fd);
}
int FileSystem::ftruncate(int fd, off_t size) { return ::ftruncate(fd, size); }
int FileSystem::rename(const char* from, const char* to) { return ::rename(from, to); }
int FileSystem::unlink(const char* path) { return ::unlink(path); }
int FileSystem::mkdir(const char* path, mode_t mode) { return ::mkdir(path, mode); }
int FileSystem::rmdir(const char* path) { return ::rmdir(path); }

int FileSystem::status(int fd, FileStatus& into) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return -1;
  into = {info.st_size, info.st_mtim, info.st_dev, info.st_ino};
  return 0;
}

int FileSystem::statusOf(const char* path, FileStatus& into) {
  struct stat info {};
  if (::stat(path, &info) != 0) return -1;
  into = {info.st_size, info.st_mtim, info.st_dev, info.st_ino};
  return 0;
}

int FileSystem::setModified(int fd, const struct timespec& time) {
  const struct timespec times[2] = {time, time};
  return ::futimens(fd, times);
}

int FileSystem::list(const char* path, std::vector<std::string>& names) {
  DIR* const handle = ::opendir(path);
  if (handle == nullptr) return -1;
  names.clear();
  // The end of the directory and a failure look alike but for errno.
  for (errno = 0; const dirent* const entry = ::readdir(handle); errno = 0) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  const int code = errno;
  ::closedir(handle);
  errno = code;
  return code == 0 ? 0 : -1;
}

int FileSystem::lock(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_SETLK, &whole);
}

int FileSystem::reserve(int fd, off_t size) { return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size); }

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
