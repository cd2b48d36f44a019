#include "memory_disk.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

namespace {

/// Numbers that no descriptor of the process has: who goes past the seam gets EBADF.
constexpr int kFirstDescriptor = 1 << 28;

int failure(int code) {
  errno = code;
  return -1;
}

}  // namespace

MemoryDisk::MemoryDisk() : root_(std::make_shared<Node>()) { root_->isDirectory = true; }

bool MemoryDisk::fails(const char* call, bool writes) {
  const long number = calls++;
  if (fault.at < 0 || fault.kind != Fault::Kind::kError) return false;
  if (number != fault.at && !(fault.lasting && writes && number > fault.at)) return false;
  struck = call;
  errno = fault.code;
  return true;
}

/// How much of a read or write is done. Comes after `fails`.
std::size_t MemoryDisk::allowed(const char* call, std::size_t size) {
  if (fault.at != calls - 1 || fault.kind == Fault::Kind::kError || size < 2) return size;
  struck = call;
  if (fault.kind == Fault::Kind::kShortThenError) {
    fault.kind = Fault::Kind::kError;
    fault.at = calls;
  }
  return size / 2;
}

MemoryDisk::NodePointer MemoryDisk::find(const char* path) const {
  if (std::strcmp(path, "/") == 0) return root_;
  const Place place = placeOf(path);
  if (place.directory == nullptr) return nullptr;
  const auto found = place.directory->names.find(place.name);
  return found == place.directory->names.end() ? nullptr : found->second;
}

MemoryDisk::Place MemoryDisk::placeOf(const char* path) const {
  NodePointer at = root_;
  const std::string text = path;
  for (std::size_t from = 1;;) {
    const std::size_t slash = text.find('/', from);
    if (slash == std::string::npos) return {at, text.substr(from)};
    const auto found = at->names.find(text.substr(from, slash - from));
    if (found == at->names.end() || !found->second->isDirectory) return {nullptr, {}};
    at = found->second;
    from = slash + 1;
  }
}

MemoryDisk::Node* MemoryDisk::nodeOf(int fd) {
  const auto index = static_cast<std::size_t>(fd - kFirstDescriptor);
  return fd < kFirstDescriptor || index >= open_.size() ? nullptr : open_[index].get();
}

MemoryDisk::Content& MemoryDisk::writable(Node& node) {
  if (node.content.use_count() > 1) node.content = std::make_shared<Content>(*node.content);
  return *node.content;
}

void MemoryDisk::apply(Content& content, const Change& change) {
  if (change.isLength) {
    content.resize(change.position);
    return;
  }
  content.resize(std::max<std::size_t>(content.size(), change.position + change.bytes.size()));
  std::copy(change.bytes.begin(), change.bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(change.position));
}

void MemoryDisk::apply(Names& names, const NameChange& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.node;
}

int MemoryDisk::open(const char* path, int flags, mode_t) {
  if (fails("open", (flags & O_CREAT) != 0)) return -1;
  const Place place = placeOf(path);
  if (place.directory == nullptr) return failure(ENOENT);
  NodePointer node = find(path);
  if (node == nullptr) {
    if ((flags & O_CREAT) == 0) return failure(ENOENT);
    node = std::make_shared<Node>();
    node->modified.tv_sec = ++now_;
    place.directory->names[place.name] = node;
    place.directory->unsyncedNames.push_back({sequence_++, {}, place.name, node});
  }
  if (node->isDirectory) return failure(EISDIR);
  open_.push_back(std::move(node));
  return kFirstDescriptor + static_cast<int>(open_.size()) - 1;
}

ssize_t MemoryDisk::pwritev(int fd, const struct iovec* parts, int count, off_t position) {
  if (fails("pwritev", true)) return -1;
  Node* const node = nodeOf(fd);
  if (node == nullptr) return failure(EBADF);
  Content bytes;
  for (int i = 0; i < count; ++i) {
    const auto* const from = static_cast<const std::uint8_t*>(parts[i].iov_base);
    bytes.insert(bytes.end(), from, from + parts[i].iov_len);
  }
  bytes.resize(allowed("pwritev", bytes.size()));
  const auto size = static_cast<ssize_t>(bytes.size());
  node->unsynced.push_back({sequence_++, false, static_cast<std::uint64_t>(position), std::move(bytes)});
  apply(writable(*node), node->unsynced.back());
  node->modified.tv_sec = ++now_;
  return size;
}

ssize_t MemoryDisk::pread(int fd, void* into, std::size_t size, off_t position) {
  if (fails("pread", false)) return -1;
  Node* const node = nodeOf(fd);
  if (node == nullptr) return failure(EBADF);
  const Content& content = *node->content;
  const auto from = std::min(static_cast<std::size_t>(position), content.size());
  const std::size_t count = allowed("pread", std::min(size, content.size() - from));
  if (count > 0) std::memcpy(into, content.data() + from, count);
  return static_cast<ssize_t>(count);
}

int MemoryDisk::fdatasync(int fd) {
  if (beforeSync != nullptr) beforeSync();
  if (fails("fdatasync", false)) return -1;
  Node* const node = nodeOf(fd);
  if (node == nullptr) return failure(EBADF);
  if (lies) return 0;
  node->unsynced.clear();
  node->medium = node->content;
  return 0;
}

int MemoryDisk::ftruncate(int fd, off_t size) {
  if (fails("ftruncate", false)) return -1;
  Node* const node = nodeOf(fd);
  if (node == nullptr) return failure(EBADF);
  node->unsynced.push_back({sequence_++, true, static_cast<std::uint64_t>(size), {}});
  apply(writable(*node), node->unsynced.back());
  node->modified.tv_sec = ++now_;
  return 0;
}

int MemoryDisk::reserve(int fd, off_t) {
  if (fails("fallocate", true)) return -1;
  return nodeOf(fd) == nullptr ? failure(EBADF) : 0;
}

int MemoryDisk::rename(const char* from, const char* to) {
  if (fails("rename", false)) return -1;
  const Place old = placeOf(from);
  const Place wanted = placeOf(to);
  const NodePointer node = find(from);
  if (node == nullptr || wanted.directory == nullptr) return failure(ENOENT);
  if (const NodePointer there = find(to); there != nullptr && (there->isDirectory || node->isDirectory)) return failure(EEXIST);
  if (old.directory == wanted.directory) {
    old.directory->unsyncedNames.push_back({sequence_++, old.name, wanted.name, node});
    apply(old.directory->names, old.directory->unsyncedNames.back());
    return 0;
  }
  wanted.directory->unsyncedNames.push_back({sequence_++, {}, wanted.name, node});
  apply(wanted.directory->names, wanted.directory->unsyncedNames.back());
  old.directory->unsyncedNames.push_back({sequence_++, old.name, {}, nullptr});
  apply(old.directory->names, old.directory->unsyncedNames.back());
  return 0;
}

int MemoryDisk::unlink(const char* path) {
  if (fails("unlink", false)) return -1;
  const Place place = placeOf(path);
  const NodePointer node = find(path);
  if (node == nullptr) return failure(ENOENT);
  if (node->isDirectory) return failure(EISDIR);
  place.directory->unsyncedNames.push_back({sequence_++, place.name, {}, nullptr});
  apply(place.directory->names, place.directory->unsyncedNames.back());
  return 0;
}

int MemoryDisk::mkdir(const char* path, mode_t) {
  if (fails("mkdir", true)) return -1;
  const Place place = placeOf(path);
  if (place.directory == nullptr) return failure(ENOENT);
  if (find(path) != nullptr) return failure(EEXIST);
  auto node = std::make_shared<Node>();
  node->isDirectory = true;
  place.directory->unsyncedNames.push_back({sequence_++, {}, place.name, std::move(node)});
  apply(place.directory->names, place.directory->unsyncedNames.back());
  return 0;
}

int MemoryDisk::rmdir(const char* path) {
  if (fails("rmdir", false)) return -1;
  const Place place = placeOf(path);
  const NodePointer node = find(path);
  if (node == nullptr) return failure(ENOENT);
  if (!node->isDirectory) return failure(ENOTDIR);
  if (!node->names.empty()) return failure(ENOTEMPTY);
  place.directory->unsyncedNames.push_back({sequence_++, place.name, {}, nullptr});
  apply(place.directory->names, place.directory->unsyncedNames.back());
  return 0;
}

millrace::FileStatus MemoryDisk::describe(const Node& node) {
  return {static_cast<off_t>(node.content->size()), node.modified, 1, static_cast<ino_t>(reinterpret_cast<std::uintptr_t>(&node))};
}

int MemoryDisk::statusOf(const char* path, millrace::FileStatus& into) {
  if (fails("stat", false)) return -1;
  const NodePointer node = find(path);
  if (node == nullptr) return failure(ENOENT);
  into = describe(*node);
  return 0;
}

int MemoryDisk::status(int fd, millrace::FileStatus& into) {
  if (fails("fstat", false)) return -1;
  const Node* const node = nodeOf(fd);
  if (node == nullptr) return failure(EBADF);
  into = describe(*node);
  return 0;
}

int MemoryDisk::setModified(int fd, const struct timespec& time) {
  if (fails("futimens", false)) return -1;
  Node* const node = nodeOf(fd);
  if (node == nullptr) return failure(EBADF);
  node->modified = time;
  return 0;
}

int MemoryDisk::list(const char* path, std::vector<std::string>& names) {
  if (fails("readdir", false)) return -1;
  const NodePointer node = find(path);
  if (node == nullptr) return failure(ENOENT);
  if (!node->isDirectory) return failure(ENOTDIR);
  names.clear();
  for (const auto& [name, there] : node->names) names.push_back(name);
  return 0;
}

int MemoryDisk::lock(int) { return fails("lock", false) ? -1 : 0; }

int MemoryDisk::syncDirectory(const char* path) {
  if (beforeSync != nullptr) beforeSync();
  if (fails("fsync", false)) return -1;
  const NodePointer node = find(path);
  if (node == nullptr) return failure(ENOENT);
  if (lies) return 0;
  node->unsyncedNames.clear();
  node->namesOnMedium = node->names;
  return 0;
}

void MemoryDisk::collect(const Node& node, std::vector<std::uint64_t>& sequences) {
  for (const Change& change : node.unsynced) sequences.push_back(change.sequence);
  for (const NameChange& change : node.unsyncedNames) sequences.push_back(change.sequence);
  for (const auto& [name, there] : node.names) collect(*there, sequences);
}

bool MemoryDisk::dirty() const {
  std::vector<std::uint64_t> sequences;
  collect(*root_, sequences);
  return !sequences.empty();
}

std::unique_ptr<MemoryDisk> MemoryDisk::afterPowerCut(const PowerCut& kind, harness::Random& random) const {
  std::vector<std::uint64_t> sequences;
  collect(*root_, sequences);
  Cut cut{kind, sequences.empty() ? 0 : sequences[random.below(sequences.size())], &random, {}};
  auto disk = std::make_unique<MemoryDisk>();
  disk->root_ = cutNode(*root_, cut);
  disk->now_ = now_;
  return disk;
}

std::unique_ptr<MemoryDisk> MemoryDisk::afterProcessDeath() const {
  std::map<const Node*, NodePointer> made;
  auto disk = std::make_unique<MemoryDisk>();
  disk->root_ = copyNode(*root_, made);
  disk->sequence_ = sequence_;
  disk->now_ = now_;
  return disk;
}

MemoryDisk::NodePointer MemoryDisk::copyNode(const Node& node, std::map<const Node*, NodePointer>& made) {
  NodePointer& copy = made[&node];
  if (copy != nullptr) return copy;
  copy = std::make_shared<Node>(node);
  const NodePointer result = copy;
  for (Names* const names : {&result->names, &result->namesOnMedium})
    for (auto& [name, there] : *names) there = copyNode(*there, made);
  for (NameChange& change : result->unsyncedNames)
    if (change.node != nullptr) change.node = copyNode(*change.node, made);
  return result;
}

MemoryDisk::NodePointer MemoryDisk::cutNode(const Node& node, Cut& cut) {
  if (const auto found = cut.made.find(&node); found != cut.made.end()) return found->second;
  auto left = std::make_shared<Node>();
  cut.made[&node] = left;
  left->isDirectory = node.isDirectory;
  left->modified = node.modified;
  left->content = cutContent(node, cut);
  left->medium = left->content;
  left->names = cutNames(node, cut);
  for (auto& [name, there] : left->names) there = cutNode(*there, cut);
  left->namesOnMedium = left->names;
  return left;
}

MemoryDisk::Names MemoryDisk::cutNames(const Node& node, Cut& cut) {
  if (cut.kind.left == Left::kEverything) return node.names;
  Names names = node.namesOnMedium;
  if (cut.kind.left == Left::kNothing) return names;
  const std::uint64_t own = node.unsyncedNames.empty() ? 0 : cut.random->below(node.unsyncedNames.size() + 1);
  std::size_t count = 0;
  for (const NameChange& change : node.unsyncedNames) {
    if (cut.kind.left == Left::kPrefix ? change.sequence >= cut.sequence : count++ >= own) break;
    apply(names, change);
  }
  return names;
}

std::shared_ptr<MemoryDisk::Content> MemoryDisk::cutContent(const Node& node, Cut& cut) {
  if (node.unsynced.empty() || cut.kind.left == Left::kNothing) return node.medium;
  if (cut.kind.left == Left::kEverything) return node.content;
  auto content = std::make_shared<Content>(*node.medium);
  const std::size_t sector = cut.kind.sectorBytes;
  if (cut.kind.left == Left::kPrefix) {
    for (const Change& change : node.unsynced) {
      if (change.sequence > cut.sequence) break;
      if (change.sequence < cut.sequence) {
        apply(*content, change);
      } else if (!change.isLength) {
        Change torn = change;
        const std::uint64_t end = (change.position + cut.random->below(change.bytes.size() + 1)) / sector * sector;
        torn.bytes.resize(std::min<std::uint64_t>(std::max(end, change.position) - change.position, change.bytes.size()));
        apply(*content, torn);
      }
    }
    return content;
  }
  // Lengths are metadata, and those are journalled in order: the ones up to `lengths` have happened. A sector holds what the page cache
  // held of it at some moment; also one that the file had before, while a later change of its length has not happened yet.
  const std::vector<Change>& changes = node.unsynced;
  const std::size_t lengths = cut.random->below(changes.size() + 1);
  for (std::size_t i = 0; i < lengths; ++i) {
    const std::uint64_t end = changes[i].position + changes[i].bytes.size();
    content->resize(changes[i].isLength ? end : std::max<std::uint64_t>(content->size(), end));
  }
  const std::uint64_t style = cut.random->below(3);  // old sectors where there is a choice, new ones, or of any moment
  for (std::uint64_t from = 0; from < content->size(); from += sector) {
    const std::uint64_t to = std::min<std::uint64_t>(from + sector, content->size());
    const bool mixed = cut.random->below(4) == 0;
    const std::size_t moment = mixed || style == 2 ? cut.random->below(changes.size() + 1) : style == 0 ? 0 : changes.size();
    for (std::size_t i = 0; i < moment; ++i) {
      const std::uint64_t first = std::max(from, changes[i].position);
      const std::uint64_t last = std::min(to, changes[i].position + changes[i].bytes.size());
      for (std::uint64_t at = first; at < last; ++at) (*content)[at] = changes[i].bytes[at - changes[i].position];
    }
  }
  return content;
}
