#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../targets.h"

// For clang's -fsanitize=fuzzer; MILLRACE_TARGET names the target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const FuzzTarget* const chosen = [] {
    const char* const name = std::getenv("MILLRACE_TARGET");
    for (const FuzzTarget& target : fuzzTargets())
      if (name != nullptr && std::strcmp(target.name, name) == 0) return &target;
    std::fprintf(stderr, "MILLRACE_TARGET names no target\n");
    std::exit(2);
  }();
  if (const auto why = chosen->run({bytes, size}); !why.empty()) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::abort();
  }
  return 0;
}
