// Preloaded into a process it writes down every call that changes files whose paths begin with $MILLRACE_RECORDED_ROOT, in the order in
// which they take effect, into $MILLRACE_RECORDED_TRACE. One call at a time: a sync covers exactly what is written down before it.
//
// An entry: uint32 operation, int32 descriptor, int64 argument, uint32 lengths of two paths and of data (little-endian), then these.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

namespace {

enum class Operation : std::uint32_t { kOpen = 1, kWrite, kTruncate, kSync, kClose, kRename, kUnlink, kMkdir, kRmdir };

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

class Recorder {
 public:
  static Recorder& get() {
    static Recorder* const recorder = new Recorder;  // never destroyed: threads may outlive main
    return *recorder;
  }

  bool wants(const char* path) const { return trace_ >= 0 && path != nullptr && std::string_view(path).starts_with(root_); }
  bool knows(int fd) const { return fd >= 0 && static_cast<std::size_t>(fd) < known_.size() && known_[static_cast<std::size_t>(fd)]; }
  void follow(int fd, bool on) {
    if (static_cast<std::size_t>(fd) < known_.size()) known_[static_cast<std::size_t>(fd)] = on;
  }

  void note(Operation operation, int fd, std::int64_t argument, std::string_view path = {}, std::string_view other = {}, std::string_view data = {}) {
    std::string entry(28, '\0');
    const auto put = [&entry](std::size_t at, const auto& value) { std::memcpy(entry.data() + at, &value, sizeof value); };
    put(0, operation);
    put(4, fd);
    put(8, argument);
    put(16, static_cast<std::uint32_t>(path.size()));
    put(20, static_cast<std::uint32_t>(other.size()));
    put(24, static_cast<std::uint32_t>(data.size()));
    entry.append(path).append(other).append(data);
    const int code = errno;
    const auto write = next<ssize_t(int, const void*, size_t)>("write");
    if (write(trace_, entry.data(), entry.size()) != static_cast<ssize_t>(entry.size())) std::abort();
    errno = code;
  }

  std::mutex mutex;

 private:
  Recorder() {
    const char* const root = std::getenv("MILLRACE_RECORDED_ROOT");
    const char* const trace = std::getenv("MILLRACE_RECORDED_TRACE");
    if (root == nullptr || trace == nullptr) return;
    root_ = root;
    trace_ = next<int(const char*, int, ...)>("open")(trace, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (trace_ < 0) std::abort();
  }

  std::string root_;
  int trace_ = -1;
  std::array<bool, 65536> known_{};
};

template <typename Call>
int opened(const char* path, int flags, Call call) {
  Recorder& recorder = Recorder::get();
  if (!recorder.wants(path)) return call();
  const std::lock_guard lock(recorder.mutex);
  const int fd = call();
  if (fd < 0) return fd;
  recorder.follow(fd, true);
  recorder.note(Operation::kOpen, fd, flags, path);
  return fd;
}

/// `parts` of which `call` writes as much as it returns. `position` < 0: where the descriptor is.
template <typename Call>
ssize_t written(int fd, const struct iovec* parts, int count, off_t position, Call call) {
  Recorder& recorder = Recorder::get();
  if (!recorder.knows(fd)) return call();
  const std::lock_guard lock(recorder.mutex);
  if (position < 0) position = ::lseek(fd, 0, SEEK_CUR);
  const ssize_t size = call();
  if (size <= 0) return size;
  std::string data;
  for (int i = 0; i < count; ++i) data.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  data.resize(static_cast<std::size_t>(size));
  recorder.note(Operation::kWrite, fd, position, {}, {}, data);
  return size;
}

template <typename Call>
int changed(Operation operation, int fd, std::int64_t argument, Call call) {
  Recorder& recorder = Recorder::get();
  if (!recorder.knows(fd)) return call();
  const std::lock_guard lock(recorder.mutex);
  if (operation == Operation::kClose) recorder.follow(fd, false);
  const int result = call();
  if (result == 0) recorder.note(operation, fd, argument);
  return result;
}

template <typename Call>
int named(Operation operation, const char* path, const char* other, Call call) {
  Recorder& recorder = Recorder::get();
  if (!recorder.wants(path)) return call();
  const std::lock_guard lock(recorder.mutex);
  const int result = call();
  if (result == 0) recorder.note(operation, -1, 0, path, other == nullptr ? std::string_view{} : other);
  return result;
}

mode_t modeOf(int flags, std::va_list list) { return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(list, int)) : 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list list;
  va_start(list, flags);
  const mode_t mode = modeOf(flags, list);
  va_end(list);
  return opened(path, flags, [&] { return next<int(const char*, int, ...)>("open")(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  std::va_list list;
  va_start(list, flags);
  const mode_t mode = modeOf(flags, list);
  va_end(list);
  return opened(path, flags, [&] { return next<int(const char*, int, ...)>("open64")(path, flags, mode); });
}

int close(int fd) { return changed(Operation::kClose, fd, 0, [&] { return next<int(int)>("close")(fd); }); }

ssize_t write(int fd, const void* bytes, size_t size) {
  const struct iovec part = {const_cast<void*>(bytes), size};
  return written(fd, &part, 1, -1, [&] { return next<ssize_t(int, const void*, size_t)>("write")(fd, bytes, size); });
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  return written(fd, parts, count, -1, [&] { return next<ssize_t(int, const struct iovec*, int)>("writev")(fd, parts, count); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t position) {
  const struct iovec part = {const_cast<void*>(bytes), size};
  return written(fd, &part, 1, position, [&] { return next<ssize_t(int, const void*, size_t, off_t)>("pwrite")(fd, bytes, size, position); });
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t position) { return pwrite(fd, bytes, size, position); }

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t position) {
  return written(fd, parts, count, position, [&] { return next<ssize_t(int, const struct iovec*, int, off_t)>("pwritev")(fd, parts, count, position); });
}

ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t position) { return pwritev(fd, parts, count, position); }

int ftruncate(int fd, off_t size) noexcept { return changed(Operation::kTruncate, fd, size, [&] { return next<int(int, off_t)>("ftruncate")(fd, size); }); }

int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int fdatasync(int fd) { return changed(Operation::kSync, fd, 0, [&] { return next<int(int)>("fdatasync")(fd); }); }

int fsync(int fd) { return changed(Operation::kSync, fd, 0, [&] { return next<int(int)>("fsync")(fd); }); }

int rename(const char* from, const char* to) noexcept {
  return named(Operation::kRename, from, to, [&] { return next<int(const char*, const char*)>("rename")(from, to); });
}

int unlink(const char* path) noexcept { return named(Operation::kUnlink, path, nullptr, [&] { return next<int(const char*)>("unlink")(path); }); }

int rmdir(const char* path) noexcept { return named(Operation::kRmdir, path, nullptr, [&] { return next<int(const char*)>("rmdir")(path); }); }

int mkdir(const char* path, mode_t mode) noexcept { return named(Operation::kMkdir, path, nullptr, [&] { return next<int(const char*, mode_t)>("mkdir")(path, mode); }); }

}  // extern "C"
