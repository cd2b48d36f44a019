#include "page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "sync_turns.h"

namespace millrace {
namespace {

// cachestat(2), Linux 6.5; the C library has no wrapper yet.
constexpr long kCachestat = 451;
struct Range {
  std::uint64_t offset;
  std::uint64_t length;
};
struct Cached {
  std::uint64_t pages;
  std::uint64_t dirty;
  std::uint64_t writeback;
  std::uint64_t evicted;
  std::uint64_t recentlyEvicted;
};

/// What a thread that loads has on its way at once; the kernel's own read-ahead, which knows of nobody's syncs, takes up to 8 MiB.
constexpr std::size_t kLoadBytes = 512 * 1024;

}  // namespace

ssize_t PageCache::read(int fd, void* into, std::size_t size, off_t position) {
  const struct iovec part = {into, size};
  const ssize_t got = ::preadv2(fd, &part, 1, position, RWF_NOWAIT);
  if (got < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) return ::pread(fd, into, size, position);
  return got;
}

bool PageCache::holds(int fd, off_t position, std::size_t size) {
  static const auto pageBytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto from = static_cast<std::uint64_t>(position);
  const Range range{from, size};
  Cached cached{};
  if (::syscall(kCachestat, fd, &range, &cached, 0) != 0) return true;
  const std::uint64_t wanted = (from + size - 1) / pageBytes - from / pageBytes + 1;
  return cached.pages >= wanted;
}

bool PageCache::arrived(int fd, off_t position, std::size_t size) {
  static const auto pageBytes = static_cast<off_t>(::sysconf(_SC_PAGESIZE));
  const off_t from = position / pageBytes * pageBytes;
  const std::size_t bytes = size + static_cast<std::size_t>(position - from);
  void* const start = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, from);
  if (start == MAP_FAILED) return true;
  std::vector<unsigned char> resident((bytes + static_cast<std::size_t>(pageBytes) - 1) / static_cast<std::size_t>(pageBytes));
  const bool told = ::mincore(start, bytes, resident.data()) == 0;
  (void)::munmap(start, bytes);
  return !told || std::all_of(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1) != 0; });
}

void PageCache::load(int fd, off_t position, std::size_t size) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return;
  std::vector<char> buffer(std::min(size, kLoadBytes));
  for (std::size_t done = 0; done < size;) {
    const off_t from = position + static_cast<off_t>(done);
    const std::size_t piece = std::min(buffer.size(), size - done);
    syncTurns().letSyncsPass(info.st_dev);
    // Asked for as a whole: of a read that goes on where one ended the kernel would make a read of its own size.
    (void)::posix_fadvise(fd, from, static_cast<off_t>(piece), POSIX_FADV_WILLNEED);
    const ssize_t got = ::pread(fd, buffer.data(), piece, from);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    done += static_cast<std::size_t>(got);
  }
}

PageCache& kernelPageCache() {
  static PageCache cache;
  return cache;
}

}  // namespace millrace
