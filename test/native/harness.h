#pragma once

// A test harness of one page: tests register themselves, a failed check prints where and ends its test, the program prints counts.
// (GoogleTest would be a Debian package that `npm test` could not install.)

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
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
    // Not by a shell: there are thousands of them, and a process under a sanitizer takes 10 ms to fork.
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    if (error) std::fprintf(stderr, "could not remove %s: %s\n", path_.c_str(), error.message().c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Repeatable random numbers (splitmix64).
class Random {
 public:
  explicit Random(unsigned long long seed) : state_(seed) {}
  std::uint64_t next() {
    unsigned long long z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// In [0, bound).
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  unsigned long long state_;
};

/// Which seeds a random test goes through. `--seed=N` and `--count=N` of run.mjs choose others than the usual ones.
struct Seeds {
  unsigned long long first = 1;
  unsigned long long count = 1;
  bool whole = true;  ///< the usual number of them, times `scale`
  double scale = 1;
};

/// Ten times as slow, and what it looks for is not in what one thread does with a hundredth seed.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr double kScale = 0.01;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr double kScale = 0.05;
#else
inline constexpr double kScale = 1;
#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr double kFuzzScale = kScale;
#else
inline constexpr double kFuzzScale = 1;
#endif

/// `usual`: how many seeds without sanitizers.
inline Seeds seeds(unsigned long long usual) {
  const char* const first = std::getenv("MILLRACE_SEED");
  const char* const count = std::getenv("MILLRACE_SEED_COUNT");
  Seeds chosen{1, static_cast<unsigned long long>(static_cast<double>(usual) * kScale) + 1, true, kScale};
  if (first != nullptr) chosen.first = std::strtoull(first, nullptr, 10);
  if (count != nullptr) chosen = {chosen.first, std::strtoull(count, nullptr, 10), false, kScale};
  return chosen;
}

/// What went wrong for which seed; the first few are printed.
struct Failures {
  int count = 0;
  void add(unsigned long long seed, const std::string& what) {
    if (count++ < 8) std::printf("    seed %llu: %s\n", seed, what.c_str());
  }
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
