#include "harness.h"

int main() {
  int passed = 0;
  int failed = 0;
  for (const harness::Test& test : harness::tests()) {
    harness::failed() = false;
    test.run();
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
