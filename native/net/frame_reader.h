#pragma once

#include <cstddef>
#include <cstdint>

#include "slab.h"

namespace millrace {

/// Why a connection ends. The order is known to `network/native_transport.ts`.
enum class CloseReason : std::uint8_t {
  kNone,
  kRemote,
  kReset,
  kFrameTooLarge,
  kFrameNegativeLength,
  kFrameTooShort,
  kHttp,
  kTls,
  kMaxConnections,
  kMaxConnectionsPerIp,
  kServerClosed,
  kNoMemory,
  kIdle,
};

struct FrameLimits {
  std::size_t maxFrameBytes = 100 * 1024 * 1024;
  std::size_t maxUnreleasedBytes = 16 * 1024 * 1024;
  std::uint32_t maxUnreleasedFrames = 64;
};

/// Cuts a byte stream into length-prefixed frames that lie contiguous in slabs. Memory is spent as bytes arrive: the slab of a
/// long frame begins small and is replaced by larger ones, at most four times what has arrived; it begins as large as the frame before was,
/// up to `kMostLikelyBytes`, so that who sends large frames pays for no copies. An idle connection has no slab.
class FrameReader {
 public:
  static constexpr std::size_t kPrefixBytes = 4;
  /// A request header without its client id: anything shorter is no request.
  static constexpr std::size_t kMinFrameBytes = 8;
  /// Memory that a connection gets at once when its last frame was as long. The kernel backs it page by page, as bytes arrive.
  static constexpr std::size_t kMostLikelyBytes = 2 * 1024 * 1024;

  FrameReader(SlabPool& pool, const FrameLimits& limits) : pool_(pool), limits_(limits) {}
  ~FrameReader() { drop(); }
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  struct Space {
    std::uint8_t* at = nullptr;
    std::size_t size = 0;
  };
  /// Where to receive to. Null when there is no memory.
  [[nodiscard]] Space space();
  void received(std::size_t bytes) noexcept { end_ += bytes; }

  struct Frame {
    Slab* slab = nullptr;  ///< with a reference of the frame's own
    std::size_t start = 0;
    std::size_t end = 0;
  };
  /// Length of the next frame as its prefix says, at least `kMinFrameBytes`. 0 when the prefix is not here yet, or when the stream is
  /// no stream of frames: see `problem`.
  [[nodiscard]] std::size_t announced() noexcept;
  /// Whether the next frame is here from its first byte to its last.
  [[nodiscard]] bool whole() noexcept { return announced() != 0 && pendingBytes() >= kPrefixBytes + announced_; }
  /// The next whole frame, without its prefix; false when there is none.
  [[nodiscard]] bool next(Frame& frame);
  [[nodiscard]] CloseReason problem() const noexcept { return problem_; }
  /// Gives the slab back when nothing is in it.
  void rest();
  /// What is here will not be completed.
  void abandon();
  [[nodiscard]] std::size_t pendingBytes() const noexcept { return end_ - begin_; }

 private:
  void drop();
  [[nodiscard]] std::size_t likelyBytes() const noexcept;
  [[nodiscard]] CloseReason judge(const std::uint8_t* prefix, std::int32_t length) const noexcept;

  SlabPool& pool_;
  const FrameLimits& limits_;
  Slab* slab_ = nullptr;
  std::size_t begin_ = 0;  ///< first byte not handed out
  std::size_t end_ = 0;    ///< after the last byte received
  std::size_t lastBytes_ = 0;  ///< of the last whole frame, prefix included
  std::size_t announced_ = 0;  ///< length of the frame at `begin_`, once judged
  CloseReason problem_ = CloseReason::kNone;
  bool first_ = true;
};

}  // namespace millrace
