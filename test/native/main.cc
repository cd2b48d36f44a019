#include <chrono>
#include <csignal>

#include "harness.h"

// With arguments: only the tests whose names contain one of them. Says which take long: three builds of them run one after the other.
constexpr double kLongSeconds = 5;

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);                 // as in Node: sendfile has no flag against it
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what was said before a crash is not lost
  int passed = 0;
  int failed = 0;
  for (const harness::Test& test : harness::tests()) {
    bool chosen = count == 1;
    for (int i = 1; i < count; ++i) chosen = chosen || test.name.find(arguments[i]) != std::string::npos;
    if (!chosen) continue;
    harness::failed() = false;
    const auto begun = std::chrono::steady_clock::now();
    test.run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (seconds > kLongSeconds) std::printf("    %s: %.0f s\n", test.name.c_str(), seconds);
    if (harness::failed()) {
      std::printf("  FAILED %s\n", test.name.c_str());
      ++failed;
    } else {
      ++passed;
    }
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
