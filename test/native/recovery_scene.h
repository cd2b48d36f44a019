#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../../native/log/log.h"
#include "make_batch.h"

/// A log that is opened again and again, and whose files are damaged in between.
namespace millrace::recovery_scene {

struct Opened {
  std::unique_ptr<Log> log;
  RecoveryReport report;
  Error error;
};

inline Opened open(const std::string& directory, LogOptions options = {}, FileSystem& fs = posixFileSystem()) {
  Opened opened;
  auto log = Log::open(fs, directory + "/t-0", 1, options, opened.report);
  if (log.ok()) opened.log = std::move(log.value());
  else opened.error = log.error();
  return opened;
}

inline Status append(Log& log, std::size_t payload, std::uint8_t fill = 7, std::int32_t count = 2) {
  auto bytes = makeBatch(count, payload, 1000, fill);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false);
}

/// `batches` batches of 2 records and 1061 bytes each, in one or more segments; not closed in an orderly way.
inline void write(const std::string& directory, int batches, LogOptions options = {}) {
  auto opened = open(directory, options);
  for (int i = 0; i < batches; ++i) (void)append(*opened.log, 1000);
}
inline constexpr std::int64_t kBatchBytes = 1061;

inline std::string segment(const std::string& directory, std::int64_t base, const char* suffix = ".log") { return directory + "/t-0/" + offsetFileName(base) + suffix; }

inline void overwrite(const std::string& path, std::int64_t position, std::vector<std::uint8_t> bytes) {
  const int fd = ::open(path.c_str(), O_RDWR);
  if (::pwrite(fd, bytes.data(), bytes.size(), position) < 0) std::abort();
  ::close(fd);
}
inline void flip(const std::string& path, std::int64_t position) {
  const int fd = ::open(path.c_str(), O_RDWR);
  std::uint8_t byte = 0;
  if (::pread(fd, &byte, 1, position) != 1) std::abort();
  byte ^= 0x40;
  if (::pwrite(fd, &byte, 1, position) != 1) std::abort();
  ::close(fd);
}
inline std::int64_t sizeOf(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_size : -1;
}

}  // namespace millrace::recovery_scene
