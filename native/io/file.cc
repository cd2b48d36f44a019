#include "file.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "reads_at_once.h"

namespace millrace {

namespace {

/// Closed at once when the process has no descriptor left.
constexpr std::size_t kShed = 64;

Error::Kind kindOf(int code) {
  if (code == ENOSPC || code == EDQUOT) return Error::Kind::kNoSpace;
  if (code == EAGAIN && ReadsAtOnce::active()) return Error::Kind::kMustWait;
  return code == EMFILE || code == ENFILE ? Error::Kind::kNoDescriptors : Error::Kind::kIo;
}

}  // namespace

Error systemError(std::string operation, std::string path, int code) { return Error{kindOf(code), std::move(operation), std::move(path), code, {}}; }

Status unlinkEach(FileSystem& fs, const std::string& stem, std::span<const char* const> suffixes) {
  for (const char* suffix : suffixes) {
    const std::string path = stem + suffix;
    if (fs.unlink(path.c_str()) != 0 && errno != ENOENT) return systemError("unlink", path, errno);
  }
  return Done{};
}

UniqueFd File::openDescriptor(FileSystem& fs, const Folder& folder, const std::string& name, int flags, OpenFiles* files) {
  UniqueFd fd(folder.open(fs, name, flags, 0644));
  if (fd.valid() || (errno != EMFILE && errno != ENFILE) || files == nullptr) return fd;
  const int code = errno;
  if (files->shed(kShed) > 0) fd.reset(folder.open(fs, name, flags, 0644));
  else errno = code;
  return fd;
}

Result<std::shared_ptr<File>> File::open(FileSystem& fs, std::shared_ptr<const Folder> folder, std::string name, OpenFiles* files) {
  if (files != nullptr) files->makeRoom();
  UniqueFd fd = openDescriptor(fs, *folder, name, O_RDWR | O_CREAT, files);
  if (!fd.valid()) return systemError("open", folder->pathOf(name), errno);
  FileStatus info;
  if (fs.status(fd.get(), info) != 0) return systemError("fstat", folder->pathOf(name), errno);
  std::shared_ptr<File> file = closed(fs, std::move(folder), std::move(name), info);
  file->adopt(std::move(fd));
  return file;
}

Result<std::shared_ptr<File>> File::open(FileSystem& fs, const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return open(fs, std::make_shared<const Folder>("."), path);
  return open(fs, std::make_shared<const Folder>(path.substr(0, slash)), path.substr(slash + 1));
}

std::shared_ptr<File> File::closed(FileSystem& fs, std::shared_ptr<const Folder> folder, std::string name, const FileStatus& info) {
  std::shared_ptr<File> file(new File(fs, std::move(folder), std::move(name)));
  file->size_ = static_cast<std::uint64_t>(info.sizeBytes);
  file->device_ = info.device;
  file->inode_ = info.inode;
  return file;
}

File::~File() {
  if (files_ != nullptr) files_->remove(*this);
}

void File::adopt(UniqueFd fd) const {
  const int number = fd.get();
  handle_ = std::make_shared<const UniqueFd>(std::move(fd));
  fd_.store(number, std::memory_order_release);
}

Result<UniqueFd> File::openAgain(std::uint64_t leastSize) const {
  UniqueFd fd = openDescriptor(*fs_, *folder_, name_, O_RDWR, files_.get());
  if (!fd.valid()) return systemError("open", path(), errno);
  FileStatus info;
  if (fs_->status(fd.get(), info) != 0) return systemError("fstat", path(), errno);
  if (info.inode != inode_ || info.device != device_ || static_cast<std::uint64_t>(info.sizeBytes) < leastSize)
    return Error{Error::Kind::kIo, "open", path(), 0, "it is not the file any more that it was: something else than this broker has changed it"};
  return fd;
}

Status File::ensureOpen() const {
  if (fd_.load(std::memory_order_acquire) >= 0) return Done{};
  if (files_ != nullptr) files_->makeRoom();
  {
    const std::lock_guard lock(mutex_);
    if (fd_.load(std::memory_order_relaxed) >= 0) return Done{};
    auto fd = openAgain(size_);
    if (!fd.ok()) return fd.error();
    adopt(std::move(fd.value()));
  }
  if (files_ != nullptr) files_->add(*this);
  return Done{};
}

Status File::append(const std::uint8_t* bytes, std::size_t size) {
  if (fd_.load(std::memory_order_relaxed) < 0) {
    if (auto status = ensureOpen(); !status.ok()) return status;
  }
  const int fd = fd_.load(std::memory_order_relaxed);
  if (files_ != nullptr) lastUse_ = files_->use();
  std::size_t done = 0;
  while (done < size) {
    const struct iovec part = {const_cast<std::uint8_t*>(bytes) + done, size - done};
    const ssize_t written = fs_->pwritev(fd, &part, 1, static_cast<off_t>(size_ + done));
    // After the write: a sync that clears it meanwhile covers these bytes.
    unsynced_.store(true, std::memory_order_release);
    if (written > 0) {
      done += static_cast<std::size_t>(written);
      continue;
    }
    const int code = written == 0 ? EIO : errno;
    if (code == EINTR) continue;
    Error error = systemError("pwritev", path(), code);
    if (done > 0 && fs_->ftruncate(fd, static_cast<off_t>(size_)) != 0) {
      // Half a batch stays behind the end we know: only recovery may touch this file now.
      return systemError("ftruncate", path(), errno == ENOSPC ? EIO : errno);
    }
    return error;
  }
  size_ += size;
  return Done{};
}

Result<std::size_t> File::readFully(std::uint8_t* into, std::size_t size, std::uint64_t position) const {
  if (auto status = ensureOpen(); !status.ok()) return status.error();
  const int fd = descriptor();
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = fs_->pread(fd, into + done, size - done, static_cast<off_t>(position + done));
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      return systemError("pread", path(), errno);
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Status File::truncate(std::uint64_t size) {
  if (auto status = ensureOpen(); !status.ok()) return status;
  // First of all, and also when it fails: then nobody knows what is in the file.
  if (pin_ != nullptr) pin_->cut(size);
  pin_.reset();
  const bool done = fs_->ftruncate(descriptor(), static_cast<off_t>(size)) == 0;
  unsynced_.store(true, std::memory_order_release);
  if (!done) return systemError("ftruncate", path(), errno);
  size_ = size;
  return Done{};
}

Status File::reserve(std::uint64_t size) {
  if (size <= size_) return Done{};
  if (auto status = ensureOpen(); !status.ok()) return status;
  reserved_ = fs_->reserve(descriptor(), static_cast<off_t>(size)) == 0;
  if (reserved_ || errno == EOPNOTSUPP || errno == ENOSYS) return Done{};
  return systemError("fallocate", path(), errno);
}

Status File::giveBackReserve(bool likely) {
  if (!reserved_ && !likely) return Done{};
  if (auto status = ensureOpen(); !status.ok()) return status;
  reserved_ = false;
  // To the length it has: that frees blocks behind it, and takes nothing from regions.
  if (fs_->ftruncate(descriptor(), static_cast<off_t>(size_)) != 0) return systemError("ftruncate", path(), errno);
  return Done{};
}

Status File::sync() {
  UniqueFd own;
  int fd = descriptor();
  if (fd < 0) {
    // It was not opened since it was loaded, and need not stay open for this.
    const std::lock_guard lock(mutex_);
    fd = fd_.load(std::memory_order_relaxed);
    if (fd < 0) {
      // The loop may be appending meanwhile: its count of bytes is not for this thread.
      auto opened = openAgain(0);
      if (!opened.ok()) return opened.error();
      own = std::move(opened.value());
      fd = own.get();
    }
  }
  unsynced_.store(false, std::memory_order_seq_cst);
  if (fs_->fdatasync(fd) != 0) return systemError("fdatasync", path(), errno);
  return Done{};
}

bool File::status(FileStatus& into) const {
  const int fd = descriptor();
  return (fd >= 0 ? fs_->status(fd, into) : folder_->statusOf(*fs_, name_, into)) == 0;
}

Result<std::shared_ptr<const PinnedFile>> File::pin() {
  if (auto status = ensureOpen(); !status.ok()) return status.error();
  if (files_ != nullptr) lastUse_ = files_->use();
  if (pin_ == nullptr) pin_ = std::make_shared<const PinnedFile>(handle_);
  return pin_;
}

void File::join(const std::shared_ptr<OpenFiles>& files, FileOwner& owner) {
  owner_ = &owner;
  if (files_ != nullptr) return;
  files_ = files;
  lastUse_ = files->use();
  if (descriptor() < 0) return;
  files->makeRoom();
  files->add(*this);
}

Status File::keepForOthers() const { return weak_from_this().use_count() > 1 ? ensureOpen() : Status(Done{}); }

bool File::closable() const noexcept {
  return owner_ != nullptr && weak_from_this().use_count() == 1 && (pin_ == nullptr || pin_.use_count() == 1) && !unsynced() && fd_.load(std::memory_order_relaxed) >= 0;
}

void File::closeForNow() const {
  if (files_ != nullptr) files_->remove(*this);
  // Another thread may have opened it, and has given it back since.
  const std::lock_guard lock(mutex_);
  fd_.store(-1, std::memory_order_relaxed);
  pin_.reset();
  handle_.reset();
}

void File::askForSync() const {
  if (owner_ != nullptr) owner_->requestSync();
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
  File& file = *opened.value();
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
