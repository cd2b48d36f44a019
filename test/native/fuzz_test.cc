#include <algorithm>
#include <filesystem>
#include <fstream>

#include "../fuzz/mutate.h"
#include "../fuzz/targets.h"
#include "harness.h"

// Without libFuzzer: each target's corpus as it is, then mutated from seeds. `test/fuzz/run.mjs` goes on for longer, with coverage where clang is.

namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> corpusOf(const std::string& name) {
  std::vector<std::filesystem::path> paths;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator("test/fuzz/corpus/" + name, missing)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

TEST(fuzzed_files_break_nothing) {
  // As many under AddressSanitizer, which is what they are for.
  const harness::Seeds seeds = harness::seeds(static_cast<unsigned long long>(2000 / harness::kFuzzScale));
  harness::Failures failures;
  unsigned long long inputs = 0;
  for (const FuzzTarget& target : fuzzTargets()) {
    const std::vector<Bytes> corpus = corpusOf(target.name);
    CHECK(!corpus.empty());
    for (std::size_t i = 0; i < corpus.size(); ++i, ++inputs)
      if (auto why = target.run(corpus[i]); !why.empty()) failures.add(0, std::string(target.name) + " corpus file " + std::to_string(i) + ": " + why);
    for (unsigned long long seed = seeds.first; seed < seeds.first + seeds.count; ++seed, ++inputs) {
      harness::Random random(seed);
      Bytes input = corpus[random.below(corpus.size())];
      mutate(input, corpus[random.below(corpus.size())], random);
      // What crashes is found again: the seed is on the screen before.
      if (std::getenv("MILLRACE_TRACE") != nullptr) std::printf("    %s seed %llu: %zu bytes\n", target.name, seed, input.size());
      if (auto why = target.run(input); !why.empty()) failures.add(seed, std::string(target.name) + ": " + why);
    }
  }
  std::printf("  fuzzing: %llu inputs for %zu parsers\n", inputs, fuzzTargets().size());
  CHECK_EQ(failures.count, 0);
}

TEST(every_target_has_a_corpus) {
  for (const FuzzTarget& target : fuzzTargets()) CHECK(corpusOf(target.name).size() >= 2);
}
