#include "file.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace millrace {

Error systemError(std::string operation, std::string path, int code) {
  const auto kind = code == ENOSPC || code == EDQUOT ? Error::Kind::kNoSpace : Error::Kind::kIo;
  return Error{kind, std::move(operation), std::move(path), code, {}};
}

Result<File> File::open(FileSystem& fs, std::string path) {
  UniqueFd fd(fs.open(path.c_str(), O_RDWR | O_CREAT, 0644));
  if (!fd.valid()) return systemError("open", path, errno);
  FileStatus info;
  if (fs.status(fd.get(), info) != 0) return systemError("fstat", path, errno);
  return File(fs, std::move(path), std::move(fd), static_cast<std::uint64_t>(info.sizeBytes));
}

Status File::append(const std::uint8_t* bytes, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const struct iovec part = {const_cast<std::uint8_t*>(bytes) + done, size - done};
    const ssize_t written = fs_->pwritev(fd_->get(), &part, 1, static_cast<off_t>(size_ + done));
    if (written > 0) {
      done += static_cast<std::size_t>(written);
      continue;
    }
    const int code = written == 0 ? EIO : errno;
    if (code == EINTR) continue;
    Error error = systemError("pwritev", path_, code);
    if (done > 0 && fs_->ftruncate(fd_->get(), static_cast<off_t>(size_)) != 0) {
      // Half a batch stays behind the end we know: only recovery may touch this file now.
      return systemError("ftruncate", path_, errno == ENOSPC ? EIO : errno);
    }
    return error;
  }
  size_ += size;
  return Done{};
}

Result<std::size_t> File::readFully(std::uint8_t* into, std::size_t size, std::uint64_t position) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = fs_->pread(fd_->get(), into + done, size - done, static_cast<off_t>(position + done));
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      return systemError("pread", path_, errno);
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Status File::truncate(std::uint64_t size) {
  // First of all, and also when it fails: then nobody knows what is in the file.
  pin_->cut(size);
  pin_ = std::make_shared<const PinnedFile>(fd_);
  if (fs_->ftruncate(fd_->get(), static_cast<off_t>(size)) != 0) return systemError("ftruncate", path_, errno);
  size_ = size;
  return Done{};
}

Status File::reserve(std::uint64_t size) {
  if (size <= size_) return Done{};
  reserved_ = fs_->reserve(fd_->get(), static_cast<off_t>(size)) == 0;
  if (reserved_ || errno == EOPNOTSUPP || errno == ENOSYS) return Done{};
  return systemError("fallocate", path_, errno);
}

Status File::giveBackReserve(bool likely) {
  if (!std::exchange(reserved_, false) && !likely) return Done{};
  // To the length it has: that frees blocks behind it, and takes nothing from regions.
  if (fs_->ftruncate(fd_->get(), static_cast<off_t>(size_)) != 0) return systemError("ftruncate", path_, errno);
  return Done{};
}

Status File::sync() {
  if (fs_->fdatasync(fd_->get()) != 0) return systemError("fdatasync", path_, errno);
  return Done{};
}

Result<std::vector<std::uint8_t>> readWholeFile(FileSystem& fs, const std::string& path) {
  const UniqueFd fd(fs.open(path.c_str(), O_RDONLY, 0));
  if (!fd.valid()) return systemError("open", path, errno);
  FileStatus info;
  if (fs.status(fd.get(), info) != 0) return systemError("fstat", path, errno);
  std::vector<std::uint8_t> content(static_cast<std::size_t>(info.sizeBytes));
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t count = fs.pread(fd.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      return systemError("pread", path, errno);
    }
    done += static_cast<std::size_t>(count);
  }
  content.resize(done);
  return content;
}

namespace {

Status writeNewFile(FileSystem& fs, const std::string& path, const std::uint8_t* bytes, std::size_t size, bool sync) {
  auto opened = File::open(fs, path);
  if (!opened.ok()) return opened.error();
  File& file = opened.value();
  if (file.size() > 0) {
    if (auto status = file.truncate(0); !status.ok()) return status;
  }
  if (auto status = file.append(bytes, size); !status.ok()) return status;
  return sync ? file.sync() : Status(Done{});
}

}  // namespace

Status writeWholeFile(FileSystem& fs, const std::string& path, const std::uint8_t* bytes, std::size_t size, bool sync) {
  const std::string temporary = path + ".tmp";
  auto status = writeNewFile(fs, temporary, bytes, size, sync);
  if (status.ok() && fs.rename(temporary.c_str(), path.c_str()) != 0) status = systemError("rename", path, errno);
  // On a full disk half a file would be the last thing that is wanted.
  if (!status.ok()) fs.unlink(temporary.c_str());
  return status;
}

}  // namespace millrace
