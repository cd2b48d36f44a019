#include "copy_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "../base/unique_fd.h"
#include "file.h"

namespace millrace {
namespace {

constexpr std::int64_t kBufferBytes = 512 * 1024;

Status writeFully(FileSystem& fs, int fd, const std::string& path, const std::uint8_t* bytes, std::size_t size, std::int64_t position) {
  std::size_t done = 0;
  while (done < size) {
    const struct iovec part = {const_cast<std::uint8_t*>(bytes) + done, size - done};
    const ssize_t written = fs.pwritev(fd, &part, 1, static_cast<off_t>(position) + static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return systemError("pwritev", path, written == 0 ? EIO : errno);
    done += static_cast<std::size_t>(written);
  }
  return Done{};
}

}  // namespace

Result<std::int64_t> copyFileRange(FileSystem& fs, const std::string& from, const std::string& to, std::int64_t position, std::int64_t sizeBytes) {
  const UniqueFd source(fs.open(from.c_str(), O_RDONLY, 0));
  if (!source.valid()) return systemError("open", from, errno);
  const UniqueFd target(fs.open(to.c_str(), O_WRONLY | O_CREAT, 0644));
  if (!target.valid()) return systemError("open", to, errno);
  const bool whole = sizeBytes < 0;
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(whole ? kBufferBytes : std::min(sizeBytes, kBufferBytes)));
  std::int64_t done = 0;
  while (whole || done < sizeBytes) {
    const auto wanted = static_cast<std::size_t>(whole ? kBufferBytes : std::min(sizeBytes - done, kBufferBytes));
    const ssize_t got = fs.pread(source.get(), buffer.data(), wanted, static_cast<off_t>(position + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return systemError("pread", from, errno);
    if (got == 0) {
      if (whole) break;
      return Error{Error::Kind::kCorrupt, "copy", from, 0, "the file ends at " + std::to_string(position + done) + ", " + std::to_string(sizeBytes - done) + " bytes early"};
    }
    if (auto status = writeFully(fs, target.get(), to, buffer.data(), static_cast<std::size_t>(got), position + done); !status.ok()) return status.error();
    done += got;
  }
  return done;
}

}  // namespace millrace
