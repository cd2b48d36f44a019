#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "../base/result.h"
#include "../base/unique_fd.h"
#include "file_region.h"
#include "file_system.h"
#include "folder.h"
#include "open_files.h"

namespace millrace {

/// An `Error` from errno. ENOSPC and EDQUOT are kNoSpace, EMFILE and ENFILE kNoDescriptors, EAGAIN while a `ReadsAtOnce` lives
/// kMustWait, everything else kIo.
[[nodiscard]] Error systemError(std::string operation, std::string path, int code);

/// Removes the files `stem` + each of `suffixes`; one that is not there is removed already.
[[nodiscard]] Status unlinkEach(FileSystem& fs, const std::string& stem, std::span<const char* const> suffixes);

/// Who is asked for a sync of a file that cannot be closed before.
class FileOwner {
 public:
  virtual void requestSync() = 0;

 protected:
  ~FileOwner() = default;
};

/// A regular file with its length kept in mind. Its descriptor is shared with the regions that pin it. A file that has joined
/// `OpenFiles` may lose its descriptor while only its log holds it, and opens itself by its name in its folder when it is used again;
/// that it is the same file is checked. The folder may be renamed at any time; whoever changes the name of the file first calls
/// `keepForOthers`.
/// One writer at a time; `readFully` and `sync` may run on other threads meanwhile.
class File : public std::enable_shared_from_this<File> {
 public:
  /// Creates the file when it does not exist. Room is made for it in `files`, which it has yet to join.
  [[nodiscard]] static Result<std::shared_ptr<File>> open(FileSystem& fs, std::shared_ptr<const Folder> folder, std::string name, OpenFiles* files = nullptr);
  /// One whose directory stays where it is.
  [[nodiscard]] static Result<std::shared_ptr<File>> open(FileSystem& fs, const std::string& path);
  /// A file that is there and is not opened before it is used. `info` is what stat() says of it.
  [[nodiscard]] static std::shared_ptr<File> closed(FileSystem& fs, std::shared_ptr<const Folder> folder, std::string name, const FileStatus& info);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Appends at the end. On a failure the file is cut back to its old length, so that nothing half-written stays.
  Status append(const std::uint8_t* bytes, std::size_t size);
  /// Reads up to `size` bytes; fewer only at the end of the file.
  [[nodiscard]] Result<std::size_t> readFully(std::uint8_t* into, std::size_t size, std::uint64_t position) const;
  /// Regions that reach beyond `size` are worth nothing from here on.
  Status truncate(std::uint64_t size);
  /// Takes room on the disk up to `size` bytes; the file's length stays. A file system that cannot do that is left alone.
  Status reserve(std::uint64_t size);
  /// Gives back what is reserved behind the end. `likely`: somebody may have reserved it before this object was made.
  Status giveBackReserve(bool likely);
  /// fdatasync. A failure is final: the kernel may have dropped the pages, a second call would lie. kNoDescriptors is none: the
  /// file could not be opened, and nothing has been tried.
  Status sync();

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::string path() const { return folder_->pathOf(name_); }
  [[nodiscard]] const std::shared_ptr<const Folder>& folder() const noexcept { return folder_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The file is about to be renamed to it, or was. Nobody else has it yet.
  void setName(std::string name) { name_ = std::move(name); }
  /// What regions of this file hold. Loop thread only.
  [[nodiscard]] Result<std::shared_ptr<const PinnedFile>> pin();
  /// Opens the file if it is not. Any thread.
  Status ensureOpen() const;
  /// Valid after `ensureOpen`, as long as somebody beside the log holds the file or the loop does not return.
  [[nodiscard]] int descriptor() const noexcept { return fd_.load(std::memory_order_acquire); }
  [[nodiscard]] FileSystem& fileSystem() const noexcept { return *fs_; }
  /// What the file system says of the file, open or not; it is not opened for this. False when it could not say.
  [[nodiscard]] bool status(FileStatus& into) const;

  /// The file may be closed from now on when nobody else holds it; `owner` is its log. Before any other thread has it. Loop thread
  /// only, as all that follows.
  void join(const std::shared_ptr<OpenFiles>& files, FileOwner& owner);
  /// It belongs to no log any more, and is not closed before its last holder lets go of it.
  void leave() noexcept { owner_ = nullptr; }
  /// Before the file is renamed or removed: who else holds it finds it open.
  Status keepForOthers() const;
  [[nodiscard]] bool closable() const noexcept;
  /// It is opened again when it is used. Nobody else holds it.
  void closeForNow() const;
  void askForSync() const;
  [[nodiscard]] std::uint32_t lastUse() const noexcept { return lastUse_; }
  /// Something was written since the last sync began.
  [[nodiscard]] bool unsynced() const noexcept { return unsynced_.load(std::memory_order_relaxed); }

 private:
  friend class OpenFiles;
  static constexpr std::size_t kNowhere = SIZE_MAX;

  File(FileSystem& fs, std::shared_ptr<const Folder> folder, std::string name) : fs_(&fs), folder_(std::move(folder)), name_(std::move(name)) {}
  void adopt(UniqueFd fd) const;
  [[nodiscard]] Result<UniqueFd> openAgain(std::uint64_t leastSize) const;
  [[nodiscard]] static UniqueFd openDescriptor(FileSystem& fs, const Folder& folder, const std::string& name, int flags, OpenFiles* files);

  // What an append needs comes first: one line of the cache.
  FileSystem* fs_;
  mutable std::atomic<int> fd_ = -1;
  mutable std::uint32_t lastUse_ = 0;
  std::uint64_t size_ = 0;
  std::shared_ptr<OpenFiles> files_;  ///< null until it joins, then always the same
  std::atomic<bool> unsynced_ = false;
  mutable std::mutex mutex_;  ///< of opening and closing
  mutable std::shared_ptr<const UniqueFd> handle_;
  mutable std::shared_ptr<const PinnedFile> pin_;  ///< a new one after each truncation
  FileOwner* owner_ = nullptr;  ///< null: of no log
  mutable std::size_t place_ = kNowhere;  ///< guarded by the mutex of `files_`
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::shared_ptr<const Folder> folder_;
  std::string name_;
  bool reserved_ = false;
};

/// The whole content of a small file. kIo with ENOENT when it is not there.
[[nodiscard]] Result<std::vector<std::uint8_t>> readWholeFile(FileSystem& fs, const std::string& path);
/// Replaces a small file: temporary name, fdatasync, rename. The caller syncs the directory when it must outlive a crash.
Status writeWholeFile(FileSystem& fs, const std::string& path, const std::uint8_t* bytes, std::size_t size, bool sync);

}  // namespace millrace
