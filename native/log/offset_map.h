#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "../base/result.h"
#include "../codec/codec.h"

namespace millrace {

/// The last offset of each key, in a fixed amount of memory: 24 bytes an entry, MD5 of the key and the offset, open addressing
/// (Kafka's SkimpyOffsetMap). Two keys with the same MD5 would be taken for one.
class OffsetMap {
 public:
  static constexpr std::size_t kEntryBytes = 24;

  /// `slots` ≥ 1. Pages are taken from the system as they are first written.
  [[nodiscard]] static Result<OffsetMap> create(std::size_t slots);

  /// Keeps the greater of the two when the key is there already. Requires size() < slots().
  void put(ByteView key, std::int64_t offset);
  /// -1 when the key is not there.
  [[nodiscard]] std::int64_t get(ByteView key) const;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }

 private:
  struct Entry {
    std::uint64_t hash[2];
    std::int64_t offsetPlusOne;  ///< 0: empty
  };
  static_assert(sizeof(Entry) == kEntryBytes);
  struct Free {
    void operator()(Entry* entries) const noexcept { std::free(entries); }
  };
  OffsetMap(Entry* entries, std::size_t slots) : entries_(entries), slots_(slots) {}
  /// The key's entry, or the empty one where it belongs.
  [[nodiscard]] Entry& find(ByteView key, std::uint64_t (&hash)[2]) const;

  std::unique_ptr<Entry[], Free> entries_;
  std::size_t slots_;
  std::size_t size_ = 0;
};

}  // namespace millrace
