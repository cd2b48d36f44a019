#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Takes any bytes and gives them to one parser. What must never happen is left to the sanitizers; what is wrong otherwise is said.
struct FuzzTarget {
  const char* name;  ///< also of its corpus, test/fuzz/corpus/<name>
  std::string (*run)(std::span<const std::uint8_t> input);
};

std::span<const FuzzTarget> fuzzTargets();
