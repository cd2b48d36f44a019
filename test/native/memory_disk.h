#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../native/io/file_system.h"
#include "harness.h"

/// A disk in memory that knows what has reached its medium and what has not: data of a file with its fdatasync, names with the sync
/// of their directory. Any call can be made to fail, power can be cut at any moment, and syncs can lie. One thread.
class MemoryDisk : public millrace::FileSystem {
 public:
  using Content = std::vector<std::uint8_t>;

  MemoryDisk();

  /// The call with the number `at` (counted from 0, see `calls`) goes wrong.
  struct Fault {
    /// kShort: a read or write does half of its work. kShortThenError: and the call after it fails. Other calls are left alone.
    enum class Kind { kError, kShort, kShortThenError };
    Kind kind = Kind::kError;
    int code = EIO;
    long at = -1;
    bool lasting = false;  ///< every call from then on that creates or writes
  };
  Fault fault;
  long calls = 0;
  const char* struck = nullptr;  ///< the call that went wrong
  bool lies = false;             ///< syncs report success and do nothing
  std::function<void()> beforeSync;

  /// What of the unsynced changes a power cut leaves.
  enum class Left {
    kNothing,
    kEverything,
    /// All changes up to one, in the order in which they were made; that one torn.
    kPrefix,
    /// Of file data any subset, sector by sector; of each directory's names those up to one.
    kSubset,
  };
  struct PowerCut {
    Left left = Left::kNothing;
    std::size_t sectorBytes = 512;
  };
  /// The disk as it is found when power is back.
  [[nodiscard]] std::unique_ptr<MemoryDisk> afterPowerCut(const PowerCut& cut, harness::Random& random) const;
  /// The disk as another process finds it when this one died: the page cache is still there, and what is unsynced stays so.
  [[nodiscard]] std::unique_ptr<MemoryDisk> afterProcessDeath() const;
  /// Whether anything is unsynced.
  [[nodiscard]] bool dirty() const;

  int open(const char* path, int flags, mode_t mode) override;
  ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t position) override;
  ssize_t pread(int fd, void* into, std::size_t size, off_t position) override;
  int fdatasync(int fd) override;
  int ftruncate(int fd, off_t size) override;
  int reserve(int fd, off_t size) override;
  int rename(const char* from, const char* to) override;
  int unlink(const char* path) override;
  int mkdir(const char* path, mode_t mode) override;
  int rmdir(const char* path) override;
  int status(int fd, millrace::FileStatus& into) override;
  int statusOf(const char* path, millrace::FileStatus& into) override;
  int setModified(int fd, const struct timespec& time) override;
  int list(const char* path, std::vector<std::string>& names) override;
  int lock(int fd) override;
  int syncDirectory(const char* path) override;

 private:
  struct Node;
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;
  /// A write, or with no bytes a change of the length to `position`.
  struct Change {
    std::uint64_t sequence;
    bool isLength;
    std::uint64_t position;
    Content bytes;
  };
  /// `to` now names `node`, and `from` names nothing any more. Either may be empty.
  struct NameChange {
    std::uint64_t sequence;
    std::string from;
    std::string to;
    NodePointer node;
  };
  struct Node {
    bool isDirectory = false;
    std::shared_ptr<Content> content = std::make_shared<Content>();
    std::shared_ptr<Content> medium = content;
    std::vector<Change> unsynced;
    struct timespec modified {};
    Names names;
    Names namesOnMedium;
    std::vector<NameChange> unsyncedNames;
  };
  struct Place {
    NodePointer directory;
    std::string name;
  };
  struct Cut {
    PowerCut kind;
    std::uint64_t sequence;
    harness::Random* random;
    std::map<const Node*, NodePointer> made;
  };

  [[nodiscard]] bool fails(const char* call, bool writes);
  [[nodiscard]] std::size_t allowed(const char* call, std::size_t size);
  [[nodiscard]] Place placeOf(const char* path) const;
  [[nodiscard]] NodePointer find(const char* path) const;
  [[nodiscard]] Node* nodeOf(int fd);
  [[nodiscard]] static millrace::FileStatus describe(const Node& node);
  static Content& writable(Node& node);
  static void apply(Content& content, const Change& change);
  static void apply(Names& names, const NameChange& change);
  static void collect(const Node& node, std::vector<std::uint64_t>& sequences);
  [[nodiscard]] static NodePointer cutNode(const Node& node, Cut& cut);
  [[nodiscard]] static std::shared_ptr<Content> cutContent(const Node& node, Cut& cut);
  [[nodiscard]] static Names cutNames(const Node& node, Cut& cut);
  [[nodiscard]] static NodePointer copyNode(const Node& node, std::map<const Node*, NodePointer>& made);

  NodePointer root_;
  std::vector<NodePointer> open_;
  std::uint64_t sequence_ = 0;
  std::int64_t now_ = 0;
};
