#include "codec.h"

#include <algorithm>
#include <cstring>

namespace millrace {

bool ByteSink::repeat(std::size_t distance, std::size_t count) {
  if (!fits(count)) return false;
  const std::size_t start = bytes_.size();
  bytes_.resize(start + count);
  std::uint8_t* to = bytes_.data() + start;
  const std::uint8_t* from = to - distance;
  if (distance >= count) std::memcpy(to, from, count);
  else if (distance == 1) std::memset(to, *from, count);
  else
    for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
  return true;
}

CodecStatus decompress(Codec codec, ByteView in, std::vector<std::uint8_t>& out, std::size_t limitBytes) {
  ByteSink sink(out, limitBytes);
  switch (codec) {
    case Codec::kNone:
      return sink.append(in.data(), in.size()) ? CodecStatus::kOk : CodecStatus::kTooLarge;
    case Codec::kGzip:
      return gzipDecompress(in, sink);
    case Codec::kSnappy:
      return snappyDecompress(in, sink);
    case Codec::kLz4:
      return lz4Decompress(in, sink);
    case Codec::kZstd:
      return zstdDecompress(in, sink);
  }
  return CodecStatus::kCorrupt;
}

void compress(Codec codec, ByteView in, std::vector<std::uint8_t>& out, int level) {
  switch (codec) {
    case Codec::kNone:
      out.insert(out.end(), in.begin(), in.end());
      return;
    case Codec::kGzip:
      return gzipCompress(in, out, level);
    case Codec::kSnappy:
      return snappyCompress(in, out);
    case Codec::kLz4:
      return lz4Compress(in, out, level);
    case Codec::kZstd:
      return zstdCompress(in, out, level);
  }
}

}  // namespace millrace
