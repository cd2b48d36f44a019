#include "zstd_literals_encode.h"

#include <algorithm>
#include <array>
#include <bit>

#include "bit_writer.h"
#include "huffman.h"
#include "zstd_fse_encode.h"

namespace millrace::zstd {
namespace {

constexpr std::size_t kOneStreamBytes = 256;
constexpr int kMaxWeightsLog = 6;

struct HuffmanCode {
  std::array<std::uint8_t, 256> lengths{};
  std::array<std::uint16_t, 256> words{};
  int bits = 0;               ///< of the longest word
  std::size_t lastSymbol = 0; ///< with a word

  /// The order of words is the one that decoders build from weights: the longest words first, by symbol within a length.
  void build(const std::array<std::uint32_t, 256>& counts) {
    huffmanLengths(counts, kMaxHuffmanBits, lengths);
    bits = *std::max_element(lengths.begin(), lengths.end());
    std::uint32_t next = 0;
    for (int length = bits; length > 0; --length) {
      for (std::size_t symbol = 0; symbol < 256; ++symbol) {
        if (lengths[symbol] == 0) continue;
        lastSymbol = std::max(lastSymbol, symbol);
        if (lengths[symbol] == length) words[symbol] = static_cast<std::uint16_t>(next++);
      }
      next >>= 1;
    }
  }
  [[nodiscard]] std::uint8_t weightOf(std::size_t symbol) const { return lengths[symbol] == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(bits + 1 - lengths[symbol]); }
};

/// Weights of all symbols but the last, coded with two states that take turns. Empty when that is not possible.
std::vector<std::uint8_t> packWeights(const std::vector<std::uint8_t>& weights) {
  std::array<std::uint32_t, kMaxHuffmanBits + 2> counts{};
  for (const std::uint8_t weight : weights) ++counts[weight];
  std::size_t used = counts.size();
  while (used > 0 && counts[used - 1] == 0) --used;
  if (weights.size() < 3 || std::count_if(counts.begin(), counts.end(), [](std::uint32_t count) { return count > 0; }) < 2) return {};
  const int log = tableLog(weights.size(), used - 1, kMaxWeightsLog);
  std::array<std::int16_t, kMaxHuffmanBits + 2> frequencies{};
  normalize(std::span(counts).first(used), log, std::span(frequencies).first(used));
  std::vector<std::uint8_t> packed;
  writeTable(std::span(frequencies).first(used), log, packed);
  FseEncoder encoder;
  encoder.build(std::span(frequencies).first(used), log);
  BitWriter bits(packed);
  const std::size_t last = weights.size() - 1;
  FseState final(encoder, weights[last]);
  FseState other(encoder, weights[last - 1]);
  FseState* turn[2] = {&final, &other};
  for (std::size_t i = last - 1, step = 0; i-- > 0; ++step) turn[step & 1]->encode(weights[i], bits);
  // The state that decodes the first weight is read first.
  const bool finalHasFirst = (last & 1) == 0;
  (finalHasFirst ? other : final).flush(bits);
  (finalHasFirst ? final : other).flush(bits);
  bits.put(1, 1);
  bits.finish();
  return packed;
}

/// Empty when the tree cannot be written.
std::vector<std::uint8_t> describe(const HuffmanCode& code) {
  std::vector<std::uint8_t> weights;
  for (std::size_t symbol = 0; symbol < code.lastSymbol; ++symbol) weights.push_back(code.weightOf(symbol));
  std::vector<std::uint8_t> description;
  const auto packed = packWeights(weights);
  const std::size_t plainBytes = (weights.size() + 1) / 2;
  if (!packed.empty() && packed.size() < 128 && (packed.size() < plainBytes || weights.size() > 128)) {
    description.push_back(static_cast<std::uint8_t>(packed.size()));
    description.insert(description.end(), packed.begin(), packed.end());
  } else if (weights.size() <= 128) {
    description.push_back(static_cast<std::uint8_t>(127 + weights.size()));
    for (std::size_t i = 0; i < weights.size(); i += 2)
      description.push_back(static_cast<std::uint8_t>(weights[i] << 4 | (i + 1 < weights.size() ? weights[i + 1] : 0)));
  }
  return description;
}

void writeStream(const HuffmanCode& code, ByteView literals, std::vector<std::uint8_t>& out) {
  BitWriter bits(out);
  for (std::size_t i = literals.size(); i-- > 0;) bits.put(code.words[literals[i]], code.lengths[literals[i]]);
  bits.put(1, 1);
  bits.finish();
}

/// Block types: 0 raw, 1 RLE.
void writePlainHeader(std::size_t type, std::size_t size, std::vector<std::uint8_t>& out) {
  if (size < 32) {
    out.push_back(static_cast<std::uint8_t>(size << 3 | type));
  } else if (size < 4096) {
    out.push_back(static_cast<std::uint8_t>(size << 4 | 1 << 2 | type));
    out.push_back(static_cast<std::uint8_t>(size >> 4));
  } else {
    out.push_back(static_cast<std::uint8_t>(size << 4 | 3 << 2 | type));
    out.push_back(static_cast<std::uint8_t>(size >> 4));
    out.push_back(static_cast<std::uint8_t>(size >> 12));
  }
}

/// False, with nothing written, when that is no smaller than the literals.
bool writeCompressed(ByteView literals, const std::array<std::uint32_t, 256>& counts, std::vector<std::uint8_t>& out) {
  HuffmanCode code;
  code.build(counts);
  const auto tree = describe(code);
  if (tree.empty()) return false;
  std::size_t codedBits = 0;
  for (std::size_t symbol = 0; symbol < 256; ++symbol) codedBits += std::size_t{counts[symbol]} * code.lengths[symbol];
  if (tree.size() + codedBits / 8 + 8 >= literals.size()) return false;

  const std::size_t begun = out.size();
  const std::size_t size = literals.size();
  const bool one = size < kOneStreamBytes;
  const std::size_t headerBytes = size < 1024 ? 3 : size < 16 * 1024 ? 4 : 5;
  out.resize(begun + headerBytes);
  out.insert(out.end(), tree.begin(), tree.end());
  if (one) {
    writeStream(code, literals, out);
  } else {
    const std::size_t part = (size + 3) / 4;
    const std::size_t jumpsAt = out.size();
    out.resize(jumpsAt + 6);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t from = out.size();
      writeStream(code, literals.subspan(i * part, i < 3 ? part : size - 3 * part), out);
      if (i == 3) break;
      const std::size_t bytes = out.size() - from;
      if (bytes > 0xffff) {
        out.resize(begun);
        return false;
      }
      out[jumpsAt + 2 * i] = static_cast<std::uint8_t>(bytes);
      out[jumpsAt + 2 * i + 1] = static_cast<std::uint8_t>(bytes >> 8);
    }
  }
  const std::size_t packed = out.size() - begun - headerBytes;
  if (packed + headerBytes >= size) {
    out.resize(begun);
    return false;
  }
  const std::uint64_t sizeFormat = one ? 0 : headerBytes - 2;
  const int sizeBits = headerBytes == 3 ? 10 : headerBytes == 4 ? 14 : 18;
  const std::uint64_t header = 2 | sizeFormat << 2 | static_cast<std::uint64_t>(size) << 4 | static_cast<std::uint64_t>(packed) << (4 + sizeBits);
  for (std::size_t i = 0; i < headerBytes; ++i) out[begun + i] = static_cast<std::uint8_t>(header >> (8 * i));
  return true;
}

}  // namespace

void writeLiterals(ByteView literals, std::vector<std::uint8_t>& out) {
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint8_t byte : literals) ++counts[byte];
  const std::uint32_t most = *std::max_element(counts.begin(), counts.end());
  if (literals.size() > 3 && most == literals.size()) {
    writePlainHeader(1, literals.size(), out);
    out.push_back(literals[0]);
    return;
  }
  if (literals.size() > 32 && writeCompressed(literals, counts, out)) return;
  writePlainHeader(0, literals.size(), out);
  out.insert(out.end(), literals.begin(), literals.end());
}

}  // namespace millrace::zstd
