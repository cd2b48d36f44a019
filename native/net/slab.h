#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace millrace {

/// Receive memory that frames lie in. Counted: by the connection that receives into it, and by every frame not released yet.
/// JavaScript sees it as one Uint8Array, whose memory the slab's owner keeps alive as long as the slab is in the pool.
struct Slab {
  std::uint8_t* data = nullptr;
  std::size_t capacity = 0;
  std::uint32_t index = 0;  ///< JavaScript's number for it
  std::uint32_t references = 0;
};

/// Makes and destroys the memory; the binding's makes ArrayBuffers, the tests' plain arrays.
class SlabMemory {
 public:
  virtual ~SlabMemory() = default;
  [[nodiscard]] virtual std::uint8_t* allocate(std::uint32_t index, std::size_t capacity) = 0;
  virtual void free(std::uint32_t index) = 0;
};

/// Slabs by size class (64 KiB times powers of four). Free ones of the small classes are kept for reuse up to a bound, large ones
/// are given back at once. Loop thread only.
class SlabPool {
 public:
  static constexpr std::size_t kSmallestBytes = 64 * 1024;
  static constexpr std::size_t kKeptBytes = 32 * 1024 * 1024;

  explicit SlabPool(SlabMemory& memory) : memory_(memory) {}

  /// At least `bytes` long, with one reference. Null when there is no memory.
  [[nodiscard]] Slab* take(std::size_t bytes);
  void reference(Slab* slab) noexcept { ++slab->references; }
  void release(Slab* slab);

  [[nodiscard]] std::size_t totalBytes() const noexcept { return totalBytes_; }
  [[nodiscard]] std::size_t usedBytes() const noexcept { return totalBytes_ - freeBytes_; }

 private:
  static std::size_t classOf(std::size_t bytes) noexcept;

  SlabMemory& memory_;
  std::vector<std::unique_ptr<Slab>> slabs_;  ///< by number; null when the number is free
  std::vector<std::vector<Slab*>> free_ = std::vector<std::vector<Slab*>>(16);
  std::vector<std::uint32_t> freeIndexes_;
  std::size_t freeBytes_ = 0;
  std::size_t totalBytes_ = 0;
};

}  // namespace millrace
