#include "offset_map.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../base/md5.h"

namespace millrace {

Result<OffsetMap> OffsetMap::create(std::size_t slots) {
  // One entry always stays empty, so that looking for an absent key ends.
  auto* const entries = static_cast<Entry*>(std::calloc(slots + 1, kEntryBytes));
  if (entries == nullptr) return Error{Error::Kind::kBadArguments, "allocate", "offset map", ENOMEM, std::to_string(slots * kEntryBytes) + " bytes"};
  return OffsetMap(entries, slots);
}

OffsetMap::Entry& OffsetMap::find(ByteView key, std::uint64_t (&hash)[2]) const {
  const auto digest = md5(key.data(), key.size());
  std::memcpy(hash, digest.data(), sizeof hash);
  const std::size_t entries = slots_ + 1;
  for (std::size_t slot = hash[0] % entries;; slot = slot + 1 == entries ? 0 : slot + 1) {
    Entry& entry = entries_[slot];
    if (entry.offsetPlusOne == 0 || (entry.hash[0] == hash[0] && entry.hash[1] == hash[1])) return entry;
  }
}

void OffsetMap::put(ByteView key, std::int64_t offset) {
  std::uint64_t hash[2];
  Entry& entry = find(key, hash);
  if (entry.offsetPlusOne == 0) {
    entry.hash[0] = hash[0];
    entry.hash[1] = hash[1];
    ++size_;
  }
  entry.offsetPlusOne = std::max(entry.offsetPlusOne, offset + 1);
}

std::int64_t OffsetMap::get(ByteView key) const {
  if (size_ == 0) return -1;
  std::uint64_t hash[2];
  return find(key, hash).offsetPlusOne - 1;
}

}  // namespace millrace
