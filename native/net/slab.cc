#include "slab.h"

#include <cstring>

namespace millrace {

std::size_t SlabPool::classOf(std::size_t bytes) noexcept {
  std::size_t index = 0;
  for (std::size_t size = kSmallestBytes; size < bytes; size *= 4) ++index;
  return index;
}

Slab* SlabPool::take(std::size_t bytes) {
  const std::size_t index = classOf(bytes);
  if (index >= free_.size()) return nullptr;
  if (!free_[index].empty()) {
    Slab* const slab = free_[index].back();
    free_[index].pop_back();
    freeBytes_ -= slab->capacity;
    slab->references = 1;
    return slab;
  }
  const std::size_t capacity = kSmallestBytes << (2 * index);
  if (freeIndexes_.empty()) {
    freeIndexes_.push_back(static_cast<std::uint32_t>(slabs_.size()));
    slabs_.emplace_back();
  }
  const std::uint32_t number = freeIndexes_.back();
  freeIndexes_.pop_back();
  std::uint8_t* const data = memory_.allocate(number, capacity);
  if (data == nullptr) {
    freeIndexes_.push_back(number);
    return nullptr;
  }
  totalBytes_ += capacity;
  slabs_[number] = std::make_unique<Slab>(Slab{data, capacity, number, 1});
  return slabs_[number].get();
}

void SlabPool::release(Slab* slab) {
  if (--slab->references > 0) return;
#ifdef MILLRACE_POISON
  std::memset(slab->data, 0xdb, slab->capacity);  // whoever kept a view too long reads nonsense, not another client's data
#endif
  if (freeBytes_ + slab->capacity <= kKeptBytes) {
    freeBytes_ += slab->capacity;
    free_[classOf(slab->capacity)].push_back(slab);
    return;
  }
  totalBytes_ -= slab->capacity;
  const std::uint32_t number = slab->index;
  memory_.free(number);
  slabs_[number].reset();
  freeIndexes_.push_back(number);
}

}  // namespace millrace
