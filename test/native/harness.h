#pragma once

// A test harness of one page: tests register themselves, a failed check prints where and ends its test, the program prints counts.
// (GoogleTest would be a Debian package that `npm test` could not install.)

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace harness {

struct Test {
  std::string name;
  std::function<void()> run;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Register {
  Register(const char* name, std::function<void()> run) { tests().push_back({name, std::move(run)}); }
};

inline bool& failed() {
  static bool value = false;
  return value;
}

/// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/millrace-native-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TemporaryDirectory() {
    const std::string command = "rm -rf " + path_;
    if (std::system(command.c_str()) != 0) std::fprintf(stderr, "could not remove %s\n", path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Repeatable random numbers (splitmix64).
class Random {
 public:
  explicit Random(unsigned long long seed) : state_(seed) {}
  unsigned long long next() {
    unsigned long long z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// In [0, bound).
  unsigned long long below(unsigned long long bound) { return next() % bound; }

 private:
  unsigned long long state_;
};

}  // namespace harness

#define TEST(name)                                                   \
  static void name();                                                \
  static const harness::Register register_##name(#name, name);       \
  static void name()

#define CHECK(condition)                                                                  \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::printf("    %s:%d: CHECK(%s)\n", __FILE__, __LINE__, #condition);              \
      harness::failed() = true;                                                           \
      return;                                                                             \
    }                                                                                     \
  } while (false)

#define CHECK_EQ(actual, expected)                                                                        \
  do {                                                                                                    \
    const auto actual_ = (actual);                                                                        \
    const auto expected_ = (expected);                                                                    \
    if (!(actual_ == expected_)) {                                                                        \
      std::printf("    %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #actual,                       \
                  static_cast<long long>(actual_), static_cast<long long>(expected_));                    \
      harness::failed() = true;                                                                           \
      return;                                                                                             \
    }                                                                                                     \
  } while (false)
