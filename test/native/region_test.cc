#include "../../native/log/log.h"
#include "make_batch.h"
#include "server_scene.h"

// A region of a log on its way to a slow reader while the log is changed: what was promised arrives, or the connection is closed.

using namespace millrace;

namespace {

using Kind = ServerEvent::Kind;

std::unique_ptr<Log> openLog(FileSystem& fs, const std::string& directory, LogOptions options = {}) {
  RecoveryReport report;
  auto log = Log::open(fs, directory + "/t-0", 1, options, report);
  return log.ok() ? std::move(log.value()) : nullptr;
}

Status append(Log& log, std::size_t payload, std::int64_t timestampMs) {
  auto bytes = makeBatch(1, payload, timestampMs);
  storeBe<std::int64_t>(bytes.data(), log.logEndOffset());
  return log.append(bytes.data(), BatchHeader::load(bytes.data()), false);
}

/// A response of a header, everything in the log and a trailer, of which the peer has read a part.
struct SlowReader {
  explicit SlowReader(Log& log, std::size_t sendfileMinBytes) : scene(optionsFor(sendfileMinBytes)), peer(scene.server->port(), 4096) {
    (void)scene.until([&] { return !scene.events.empty(); });
    const std::uint32_t number = scene.events.front().connection;
    const auto head = frameOf(40, 1);
    const auto add = [&](const std::uint8_t* bytes, std::size_t size) {
      scene.server->sendBytes(number, bytes, size);
      wanted.insert(wanted.end(), bytes, bytes + size);
    };
    add(head.data(), head.size());
    for (std::int64_t offset = log.logStartOffset(); offset < log.logEndOffset();) {
      auto read = log.read(offset, INT64_MAX, INT64_MAX, true);
      const FileRegion& region = read.value()->region;
      const std::size_t before = wanted.size();
      wanted.resize(before + region.sizeBytes);
      if (::pread(region.file->get(), wanted.data() + before, region.sizeBytes, static_cast<off_t>(region.position)) < 0) std::abort();
      offset = read.value()->nextOffset;
      scene.server->sendRegion(number, std::move(read.value()->region));
    }
    add(head.data(), 10);
    scene.server->sendDone(number);
    scene.rest();
    peer.read(50'000);
    scene.rest();
  }
  static ServerOptions optionsFor(std::size_t sendfileMinBytes) {
    ServerOptions options;
    options.sendBufferBytes = 4096;
    options.sendfileMinBytes = sendfileMinBytes;
    return options;
  }
  /// Reads until everything is here or the connection has ended.
  bool finish() {
    return scene.until([&] {
      peer.read();
      return peer.got.size() >= wanted.size() || peer.ended;
    });
  }
  [[nodiscard]] bool isPrefix() const { return peer.got.size() <= wanted.size() && std::equal(peer.got.begin(), peer.got.end(), wanted.begin()); }

  ServerScene scene;
  Peer peer;
  std::vector<std::uint8_t> wanted;
};

constexpr std::size_t kWays[] = {1, std::size_t{1} << 30};  // everything by sendfile, everything by copy

}  // namespace

TEST(segments_deleted_in_mid_send_arrive_all_the_same) {
  for (const std::size_t way : kWays) {
    harness::TemporaryDirectory directory;
    LogOptions options;
    options.segmentBytes = 100'000;
    auto log = openLog(posixFileSystem(), directory.path(), options);
    for (int i = 0; i < 50; ++i) CHECK(append(*log, 10'000, i).ok());
    SlowReader reader(*log, way);
    auto dropped = log->dropBelow(log->active().baseOffset());
    CHECK(dropped.ok() && dropped.value().size() >= 3);
    for (const std::string& path : dropped.value()) CHECK_EQ(::unlink(path.c_str()), 0);
    CHECK(log->truncateFullyAndStartAt(1000).ok());
    for (int i = 0; i < 50; ++i) CHECK(append(*log, 10'000, 100 + i).ok());
    log.reset();
    CHECK(reader.finish());
    CHECK(reader.peer.got == reader.wanted);
  }
}

TEST(a_segment_truncated_in_mid_send_gives_no_other_bytes) {
  for (const std::size_t way : kWays) {
    for (const std::int64_t to : {1, 20, 49}) {
      harness::TemporaryDirectory directory;
      auto log = openLog(posixFileSystem(), directory.path());
      for (int i = 0; i < 50; ++i) CHECK(append(*log, 10'000, i).ok());
      SlowReader reader(*log, way);
      const std::size_t readBefore = reader.peer.got.size();
      CHECK(readBefore > 0 && readBefore < 100'000);
      // Another leader's batches take the place of the old ones, at the same positions.
      CHECK(log->truncateTo(to).ok());
      while (log->logEndOffset() < 60) CHECK(append(*log, 10'000, 7'000'000 + log->logEndOffset()).ok());
      CHECK(reader.finish());
      CHECK(reader.peer.ended);
      CHECK(reader.isPrefix());
      CHECK(reader.peer.got.size() < reader.wanted.size());
      // Who reads anew gets the new ones.
      SlowReader again(*log, way);
      CHECK(again.finish());
      CHECK(again.peer.got == again.wanted);
    }
  }
}

TEST(a_segment_truncated_behind_a_region_does_not_disturb_it) {
  harness::TemporaryDirectory directory;
  auto log = openLog(posixFileSystem(), directory.path());
  for (int i = 0; i < 50; ++i) CHECK(append(*log, 10'000, i).ok());
  SlowReader reader(*log, 1);
  for (int i = 0; i < 10; ++i) CHECK(append(*log, 10'000, 100 + i).ok());
  CHECK(log->truncateTo(50).ok());
  for (int i = 0; i < 10; ++i) CHECK(append(*log, 10'000, 200 + i).ok());
  CHECK(reader.finish());
  CHECK(reader.peer.got == reader.wanted);
}

namespace {

/// Has no more descriptors, or no more room for a new file.
class NoNewFiles : public FileSystem {
 public:
  int error = 0;
  int open(const char* path, int flags, mode_t mode) override {
    if (error == 0 || !std::string(path).ends_with(".log")) return FileSystem::open(path, flags, mode);
    errno = error;
    return -1;
  }
};

}  // namespace

TEST(a_log_that_cannot_open_its_next_segment_goes_on_with_the_old_one) {
  for (const int error : {EMFILE, ENOSPC}) {
    harness::TemporaryDirectory directory;
    NoNewFiles fs;
    LogOptions options;
    options.segmentBytes = 1000;
    auto log = openLog(fs, directory.path(), options);
    CHECK(append(*log, 900, 1).ok());
    fs.error = error;
    for (int i = 0; i < 2; ++i) {
      CHECK(!append(*log, 900, 2).ok());
      CHECK_EQ(log->logEndOffset(), 1);
      auto read = log->read(0, INT64_MAX, INT64_MAX, true);
      CHECK(read.ok() && read.value().has_value());
    }
    fs.error = 0;
    CHECK(append(*log, 900, 3).ok());
    CHECK_EQ(log->logEndOffset(), 2);
    CHECK_EQ(log->sealed().size(), 1u);
    CHECK(log->close(true).ok());
    log = openLog(fs, directory.path(), options);
    CHECK(log != nullptr);
    CHECK_EQ(log->logEndOffset(), 2);
  }
}
