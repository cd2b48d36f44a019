#include "reads_at_once.h"

#include <cerrno>

namespace millrace {

thread_local ReadsAtOnce* ReadsAtOnce::current_ = nullptr;

ssize_t ReadsAtOnce::pread(int fd, void* into, std::size_t size, off_t position) {
  const ssize_t got = cache_.read(fd, into, size, position);
  if (got < 0 && errno == EAGAIN) missed_ = Range{position, size};
  return got;
}

}  // namespace millrace
