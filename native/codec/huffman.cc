#include "huffman.h"

#include <algorithm>
#include <array>
#include <vector>

namespace millrace {
namespace {

/// Depth of each leaf of the tree that joins the two lightest nodes again and again. Leaves come in ascending order of weight, so that
/// joined nodes do, too, and the lightest are at the front of one of two queues.
std::vector<int> leafDepths(const std::vector<std::uint32_t>& weights) {
  const std::size_t leaves = weights.size();
  std::vector<std::uint64_t> weight(weights.begin(), weights.end());
  weight.resize(2 * leaves - 1);
  std::vector<std::size_t> parent(2 * leaves - 1, 0);
  std::size_t leaf = 0;
  std::size_t joined = leaves;
  for (std::size_t node = leaves; node < weight.size(); ++node) {
    const auto lightest = [&] { return leaf < leaves && (joined == node || weight[leaf] <= weight[joined]) ? leaf++ : joined++; };
    const std::size_t first = lightest();
    const std::size_t second = lightest();
    weight[node] = weight[first] + weight[second];
    parent[first] = parent[second] = node;
  }
  std::vector<int> depth(weight.size(), 0);
  for (std::size_t node = weight.size() - 1; node-- > 0;) depth[node] = depth[parent[node]] + 1;
  depth.resize(leaves);
  return depth;
}

}  // namespace

int huffmanLengths(std::span<const std::uint32_t> counts, int maxBits, std::span<std::uint8_t> lengths) {
  std::fill(lengths.begin(), lengths.end(), std::uint8_t{0});
  std::vector<std::size_t> symbols;
  for (std::size_t symbol = 0; symbol < counts.size(); ++symbol)
    if (counts[symbol] > 0) symbols.push_back(symbol);
  if (symbols.size() <= 1) {
    for (const std::size_t symbol : symbols) lengths[symbol] = 1;
    return static_cast<int>(symbols.size());
  }
  std::stable_sort(symbols.begin(), symbols.end(), [&counts](std::size_t a, std::size_t b) { return counts[a] < counts[b]; });
  std::vector<std::uint32_t> weights;
  for (const std::size_t symbol : symbols) weights.push_back(counts[symbol]);

  // How many codes of each length; what is too deep is lifted to the limit, and paid for by codes that become one bit longer.
  std::array<int, 33> ofLength{};
  std::uint64_t space = 0;
  for (const int depth : leafDepths(weights)) {
    const int length = std::min(depth, maxBits);
    ++ofLength[static_cast<std::size_t>(length)];
    space += std::uint64_t{1} << (maxBits - length);
  }
  const std::uint64_t all = std::uint64_t{1} << maxBits;
  while (space > all) {
    std::size_t length = static_cast<std::size_t>(maxBits) - 1;
    while (ofLength[length] == 0) --length;
    --ofLength[length];
    ++ofLength[length + 1];
    space -= std::uint64_t{1} << (static_cast<std::size_t>(maxBits) - length - 1);
  }
  // What was paid too much is given back: space is a multiple of the longest code's share.
  for (std::size_t length = static_cast<std::size_t>(maxBits); space < all && length > 1; --length) {
    const std::uint64_t gained = std::uint64_t{1} << (static_cast<std::size_t>(maxBits) - length);
    while (ofLength[length] > 0 && space + gained <= all) {
      --ofLength[length];
      ++ofLength[length - 1];
      space += gained;
    }
  }
  // The rarest symbols get the longest codes.
  std::size_t next = 0;
  for (std::size_t length = static_cast<std::size_t>(maxBits); length > 0; --length)
    for (int i = 0; i < ofLength[length]; ++i) lengths[symbols[next++]] = static_cast<std::uint8_t>(length);
  return static_cast<int>(symbols.size());
}

}  // namespace millrace
