#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace {

// Kafka's four codecs in C++ without any library: what the broker reads and writes off the loop (compaction, compression.type) must
// build with a compiler alone. Decoders take what every client writes; encoders come close to zlib and libzstd in size.

using ByteView = std::span<const std::uint8_t>;

enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

enum class CodecStatus : std::uint8_t { kOk, kCorrupt, kTooLarge };

/// Output of a decoder: grows with what was decoded, never past its limit, whatever the input claims.
class ByteSink {
 public:
  ByteSink(std::vector<std::uint8_t>& bytes, std::size_t limitBytes) : bytes_(bytes), limit_(limitBytes) { bytes_.clear(); }

  /// False when the limit would be passed.
  [[nodiscard]] bool append(const std::uint8_t* from, std::size_t count) {
    if (!fits(count)) return false;
    bytes_.insert(bytes_.end(), from, from + count);
    return true;
  }
  [[nodiscard]] bool fill(std::uint8_t byte, std::size_t count) {
    if (!fits(count)) return false;
    bytes_.insert(bytes_.end(), count, byte);
    return true;
  }
  /// Repeats `count` bytes from `distance` back (1 ≤ distance ≤ size()); the two ranges may overlap.
  [[nodiscard]] bool repeat(std::size_t distance, std::size_t count);
  [[nodiscard]] bool fits(std::size_t count) const noexcept { return count <= limit_ - bytes_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] const std::uint8_t* data() const noexcept { return bytes_.data(); }

 private:
  std::vector<std::uint8_t>& bytes_;
  std::size_t limit_;
};

/// Replaces `out` by what `in` decompresses to, at most `limitBytes`.
[[nodiscard]] CodecStatus decompress(Codec codec, ByteView in, std::vector<std::uint8_t>& out, std::size_t limitBytes);

/// Levels mean what they mean in Kafka: gzip 1 to 9, lz4 1 to 17, zstd up to 22; what is outside is the nearest. Snappy has none.
[[nodiscard]] constexpr int defaultLevel(Codec codec) noexcept { return codec == Codec::kGzip ? 6 : codec == Codec::kLz4 ? 9 : 3; }

/// Appends `in`, compressed, to `out`. `in` is below 2 GiB.
void compress(Codec codec, ByteView in, std::vector<std::uint8_t>& out, int level);
inline void compress(Codec codec, ByteView in, std::vector<std::uint8_t>& out) { compress(codec, in, out, defaultLevel(codec)); }

[[nodiscard]] CodecStatus gzipDecompress(ByteView in, ByteSink& sink);
[[nodiscard]] CodecStatus snappyDecompress(ByteView in, ByteSink& sink);
[[nodiscard]] CodecStatus lz4Decompress(ByteView in, ByteSink& sink);
[[nodiscard]] CodecStatus zstdDecompress(ByteView in, ByteSink& sink);
void gzipCompress(ByteView in, std::vector<std::uint8_t>& out, int level);
void snappyCompress(ByteView in, std::vector<std::uint8_t>& out);
void lz4Compress(ByteView in, std::vector<std::uint8_t>& out, int level);
void zstdCompress(ByteView in, std::vector<std::uint8_t>& out, int level);

}  // namespace millrace
